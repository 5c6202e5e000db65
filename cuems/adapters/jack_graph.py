"""The process that owns a JACK client and wires other clients, so that the engine owns none.

A libjack call can block for ever (a jackd that was stopped) and a client of a dead server cannot
be closed safely. Here that costs a process, which its parent kills and starts again
(adapters/jack.py). Everything that touches libjack is in this file; its callbacks come on threads
of libjack and only write a byte to a pipe.

Descriptor 0 is a SOCK_SEQPACKET pair. The engine asks `{"id", "client", "wires", "stands_in",
"wait_s"}`: port `client:out_N` is to be connected to exactly the targets of `wires` ([N, target]
each; a port of another name stands for N, a target that is a number is that physical playback port,
from 0). Where a client has fewer ports than it might, `stands_in` names for a port the one to take
instead; a client registers its ports one right after the other, so one that is not there SETTLE_S
after its stand-in will not come. The answer, `{"id", "problem"}`, comes when the server shows the
graph so, or when `wait_s` is over and it is not; "" is no problem.

What an earlier process had looked after is asked once more with the client for its id; of that,
what was connected besides stays.

From then on the client is looked after: a connection that is lost, because somebody pulled it out
or because what it went to began anew, is made again as soon as it can be, and told: `{"mended"}`.
"""

import ctypes
import json
import os
import select
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypedDict

import jack

PR_SET_PDEATHSIG = 1
RECORD_BYTES = 65_536
NAME = "cuems-patchbay"
ALREADY = 17  # EEXIST: what was to be connected is
MENDS = 20  # for one client; by then somebody else means what we undo
SETTLE_S = 0.15  # ports are registered within 1 ms of each other, on a busy machine within a few


class Request(TypedDict):
    """What the engine asks."""

    id: int | str
    client: str
    wires: list[tuple[int | str, str | int]]
    stands_in: dict[str, str]
    wait_s: float


@dataclass(slots=True)
class Waiting:
    """A request, how long it may wait, and since when a stand-in of its ports has been alone."""

    request: Request
    deadline_s: float
    alone_since_s: float | None = None

    @property
    def due_s(self) -> float:
        """When to look again, whatever JACK tells until then."""
        if self.alone_since_s is None:
            return self.deadline_s
        return min(self.deadline_s, self.alone_since_s + SETTLE_S)


@dataclass(slots=True)
class Kept:
    """The connections of a client that is looked after: the targets of each of its ports."""

    wires: dict[str, set[str]]
    mends_left: int = MENDS


@dataclass(slots=True)
class Graph:
    """Our view of the server's graph, and what we look after in it."""

    client: jack.Client
    kept: dict[str, Kept] = field(default_factory=dict)

    def wire(self, waiting: Waiting, now_s: float) -> str:
        """Make the graph as asked; what is in the way, or ""."""
        try:
            return self._wire(waiting, now_s)
        except jack.JackError as error:  # a port that has gone meanwhile
            return f"JACK has changed meanwhile: {error}"

    def _wire(self, waiting: Waiting, now_s: float) -> str:
        request = waiting.request
        self.kept.pop(request["client"], None)
        wanted: dict[str, set[str]] = defaultdict(set)
        for port, target in request["wires"]:
            source = self._source(waiting, port if isinstance(port, str) else f"out_{port}", now_s)
            if not self._has(source):
                return f"its player has no JACK port {source}"
            name = self._target(target)
            if not name:
                return f"JACK has no port {_told(target)}"
            wanted[source].add(name)
        for source, targets in wanted.items():
            problem = self._connect(source, targets, exactly=request["id"] != request["client"])
            if problem:
                return problem
        self.kept[request["client"]] = Kept(wanted)
        return ""

    def mend(self) -> list[str]:
        """Make lost connections again, where both their ports are there; what was mended."""
        mended: list[str] = []
        for client, kept in list(self.kept.items()):
            there = [source for source in kept.wires if self._has(source)]
            if not there or kept.mends_left <= 0:
                del self.kept[client]
                continue
            for source in there:
                again = self._mend(source, kept.wires[source])
                if again:
                    kept.mends_left -= 1
                    mended.append(f"{source} to {', '.join(sorted(again))}")
        return mended

    def _mend(self, source: str, targets: set[str]) -> set[str]:
        try:
            again = {name for name in targets - self._connected(source) if self._has(name)}
            return set() if self._connect(source, again, exactly=False) else again
        except jack.JackError:  # a port that has gone meanwhile
            return set()

    def _source(self, waiting: Waiting, port: str, now_s: float) -> str:
        """The port that is to be connected: this one, or the one that stands in for it."""
        client = waiting.request["client"]
        name = f"{client}:{port}"
        instead = waiting.request["stands_in"].get(port)
        if instead is None or self._has(name) or not self._has(f"{client}:{instead}"):
            return name
        if waiting.alone_since_s is None:
            waiting.alone_since_s = now_s
        return f"{client}:{instead}" if now_s - waiting.alone_since_s >= SETTLE_S else name

    def _has(self, port: str) -> bool:
        try:
            self.client.get_port_by_name(port)
        except jack.JackError:
            return False
        return True

    def _target(self, target: str | int) -> str:
        if isinstance(target, str):
            return target if self._has(target) else ""
        found = self.client.get_ports(is_audio=True, is_input=True, is_physical=True)
        return found[target].name if target < len(found) else ""

    def _connect(self, source: str, targets: set[str], *, exactly: bool = True) -> str:
        for name in self._connected(source) - targets if exactly else ():
            self.client.disconnect(source, name)
        for name in targets - self._connected(source):
            try:
                self.client.connect(source, name)
            except jack.JackErrorCode as error:
                if error.code != ALREADY:
                    return f"JACK does not connect {source} to {name}"
        lost = targets - self._connected(source)
        return f"JACK dropped {source} from {lost.pop()}" if lost else ""

    def _connected(self, source: str) -> set[str]:
        port = self.client.get_port_by_name(source)
        return {other.name for other in self.client.get_all_connections(port)}


def _told(target: str | int) -> str:
    return target if isinstance(target, str) else f"for playback number {target + 1}"


def main() -> None:
    """Serve until the engine closes its end, or the server dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the engine, which then ends this
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ["JACK_NO_START_SERVER"] = "1"
    link = socket.socket(fileno=0)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    if not link.recv(1, socket.MSG_PEEK):  # whether there is a server counts when somebody asks
        return
    try:
        client = jack.Client(NAME, no_start_server=True)
    except jack.JackError:
        _refuse_all(link)
        return
    ended = _listen(client, writer)
    serve(link, Graph(client), reader, ended)
    os._exit(0)  # closing a client talks to the server, which may be gone


def _listen(client: jack.Client, writer: int) -> list[str]:
    """Let every change of the graph write a byte, and the server's end fill the list."""
    ended: list[str] = []

    def changed(*_: object) -> None:
        with suppress(BlockingIOError):  # full: it has not looked since, and will
            os.write(writer, b"c")

    def shut_down(_: object, reason: str) -> None:
        ended.append(reason)
        changed()

    client.set_shutdown_callback(shut_down)
    client.set_port_registration_callback(changed, only_available=False)
    client.set_port_connect_callback(changed, only_available=False)
    client.activate()
    return ended


def _refuse_all(link: socket.socket) -> None:
    """There is no server: say so to the one who asks, and end."""
    request: Request = json.loads(link.recv(RECORD_BYTES) or b"{}")
    if request:
        _answer(link, request["id"], "no JACK server is running")


def serve(link: socket.socket, graph: Graph, reader: int, ended: list[str]) -> None:
    """Answer each request when the graph is as asked, or its patience is over."""
    waiting: dict[int | str, Waiting] = {}
    while not ended:
        now_s = time.monotonic()
        due_s = [each.due_s for each in waiting.values()]
        wait_s = max(0.0, min(due_s) - now_s) if due_s else None
        ready, _, _ = select.select([link.fileno(), reader], [], [], wait_s)
        if reader in ready:
            os.read(reader, RECORD_BYTES)
            for told in graph.mend():
                link.send(json.dumps({"mended": told}).encode())
        if link.fileno() in ready:
            data = link.recv(RECORD_BYTES)
            if not data:
                return
            asked: Request = json.loads(data)
            waiting.pop(asked["client"], None)  # asked once more: this is the newer word
            waiting[asked["id"]] = Waiting(asked, time.monotonic() + asked["wait_s"])
        for number in _settled(link, graph, waiting.values()):
            del waiting[number]


def _settled(link: socket.socket, graph: Graph, waiting: Iterable[Waiting]) -> list[int | str]:
    """Answer what can be answered now; the numbers of those requests."""
    settled = []
    for each in waiting:
        problem = graph.wire(each, time.monotonic())
        if not problem or time.monotonic() >= each.deadline_s:
            _answer(link, each.request["id"], problem)
            settled.append(each.request["id"])
    return settled


def _answer(link: socket.socket, number: int | str, problem: str) -> None:
    link.send(json.dumps({"id": number, "problem": problem}).encode())


if __name__ == "__main__":
    main()
