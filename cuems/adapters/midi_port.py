"""The process that owns a MIDI port, so that the engine owns none.

An rtmidi call can hold the interpreter for good: an output whose JACK died, an open while JACK
does not answer; even a healthy open takes 30 ms. Here that freezes a process that its parent
kills and starts again (adapters/midi.py, mtc_output.py, midi_output.py). Everything that touches
rtmidi is in this file, and the engine never imports it.

`read WANTED` reports on descriptor 0, a SOCK_SEQPACKET pair: `M`, the arrival on CLOCK_MONOTONIC
(int64, ns) and the MIDI bytes; `S` and a status as JSON four times a second. `--bell` is an eventfd
that it rings for all of that but timecode that rolls on as foreseen, and statuses meanwhile. `send`
takes lines `{"position", "at_ns", "rolling", "rate"}` on stdin and writes a status per line to
stdout ten times a second. `play` takes lines `{"port", "data"}`, the data in hex, and answers each
with a `reason`, empty where it was sent. `list` prints the ports to read from. A status has `port`
and `api`, or `reason`; the last one before it begins anew says that too.
"""

import argparse
import ctypes
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, NoReturn, TypeVar

import rtmidi

from cuems.core.line import Line
from cuems.core.midi_ports import choose_port, names
from cuems.core.mtc_foresight import Foresight
from cuems.core.pace import Pacer, to_bytes
from cuems.core.timecode import NS_PER_S, FrameRate

ClientT = TypeVar("ClientT")
Status = dict[str, str | int]

APIS = {"ALSA": rtmidi.API_LINUX_ALSA, "JACK": rtmidi.API_UNIX_JACK}
NO_SERVER = {"ALSA": "no ALSA sequencer", "JACK": "no JACK server"}
SERVER_ENDED: Status = {"reason": "the MIDI server ended", "begins_anew": 1}
RETRY_NS = NS_PER_S  # a failing open costs 5 ms of processor
READ_STATUS_S = 0.25
SILENT_STATUSES = 3  # a source that rolls is never silent for 0.75 s: look at the connection
SEND_STATUS_NS = 100_000_000
LINES_BYTES = 65536
ARRIVAL = struct.Struct("<cq")
MIDI_CLOCK = 0xF8
CONNECT_S = 0.1  # what is sent in the JACK period of a connection is lost
PEER_CREDENTIALS = struct.Struct("3i")
PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m cuems.adapters.midi_port")
    parser.add_argument("--api", choices=("auto", *APIS), default="auto")
    modes = parser.add_subparsers(dest="mode", required=True)
    modes.add_parser("list")
    reads = modes.add_parser("read")
    reads.add_argument("wanted")
    reads.add_argument("--bell", type=int, required=True, metavar="DESCRIPTOR")
    send = modes.add_parser("send")
    send.add_argument("--client", default="MtcMaster")
    send.add_argument("--port", default="MTCPort")
    send.add_argument("--connect", default="", help="an input to play into, by name or part of it")
    send.add_argument("--required", action="store_true", help="no port without that input")
    modes.add_parser("play")
    options = parser.parse_args(arguments)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the engine, which then ends this
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ["JACK_NO_START_SERVER"] = "1"
    apis = tuple(APIS) if options.api == "auto" else (options.api,)
    if options.mode == "list":
        write(readable_ports(apis))
    elif options.mode == "read":
        read(Reader(options.wanted, apis, socket.socket(fileno=0), options.bell))
    elif options.mode == "play":
        play_messages(Messages(apis))
    else:
        sender = Sender(
            options.client,
            options.port,
            connect=options.connect,
            required=options.required,
            apis=apis,
        )
        send_timecode(sender)


def begin_anew(bell: int = 0) -> NoReturn:
    """Be a new process in the place of this one, with what its parent gave it.

    Nothing else survives the server: rtmidi's destructors would talk to it.
    """
    for fd in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # closed since
            os.set_inheritable(int(fd), int(fd) in (0, 1, 2, bell))
    os.execv(sys.executable, sys.orig_argv)


def write(answer: object) -> None:
    """One line of JSON to stdout, or nothing where it does not fit."""
    with suppress(BlockingIOError):
        os.write(sys.stdout.fileno(), json.dumps(answer).encode() + b"\n")


# ---- interfaces


class NoPortError(Exception):
    """No port could be opened; its text says why."""


class Apis(Generic[ClientT]):
    """Clients of the MIDI interfaces that answer."""

    def __init__(self, apis: Sequence[str], make: Callable[[str], ClientT]) -> None:
        self.clients: dict[str, ClientT] = {}
        self.server_fds: list[int] = []  # readable when the server a client talks to has died
        self._apis = apis
        self._make = make
        self._retry_ns = 0

    def connect(self) -> None:
        """Try the interfaces that have no client yet, once a second.

        Raises `NoPortError` when there is none at all.
        """
        if time.monotonic_ns() >= self._retry_ns:
            self._retry_ns = time.monotonic_ns() + RETRY_NS
            for api in self._apis:
                if api not in self.clients:
                    self._connect(api)
        if not self.clients:
            raise NoPortError(" and ".join(NO_SERVER[api] for api in self._apis))

    def _connect(self, api: str) -> None:
        before = set(os.listdir("/proc/self/fd"))
        try:
            self.clients[api] = self._make(api)
        except rtmidi.RtMidiError:  # not there; it knows no more
            return
        new = {int(fd) for fd in set(os.listdir("/proc/self/fd")) - before}
        self.server_fds += [os.pidfd_open(pid) for pid in set(peers(new))]


def peers(fds: Iterable[int]) -> Iterator[int]:
    """The processes at the other end of those descriptors that are unix stream sockets."""
    for fd in fds:
        with suppress(OSError):  # closed since
            if not stat.S_ISSOCK(os.fstat(fd).st_mode):
                continue
            with socket.socket(fileno=os.dup(fd)) as link:
                if (link.family, link.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
                    continue
                credentials = link.getsockopt(
                    socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size
                )
            pid = PEER_CREDENTIALS.unpack(credentials)[0]
            if pid > 1:  # 0: in another pid namespace; 1: a socket the init system opened
                yield pid


def readable_ports(apis: Sequence[str]) -> dict[str, list[str]]:
    """The ports timecode can be read from, by interface; one that does not answer is missing."""
    found = Apis[rtmidi.MidiIn](apis, lambda api: rtmidi.MidiIn(APIS[api], name="cuems"))
    with suppress(NoPortError):
        found.connect()
    return {api: client.get_ports() for api, client in found.clients.items()}


# ---- reading


class Reader:
    """Finds a port, keeps it, and passes on what it hears."""

    def __init__(self, wanted: str, apis: Sequence[str], link: socket.socket, bell: int) -> None:
        self.link = link
        self.apis = Apis[rtmidi.MidiIn](apis, self._make)
        self._wanted = wanted
        self._bell = bell
        self._foresight = Foresight()
        self._port: tuple[str, str] | None = None  # interface, name
        self._status: Status = {}
        self._dropped = 0
        self._heard = False
        self._silent_statuses = 0

    def report(self) -> None:
        """Look after the port, and tell the engine how it is."""
        try:
            self._keep()
            api, port = self._port or self._search()
            self._put_status({"api": api, "port": port})
        except (NoPortError, rtmidi.RtMidiError) as error:
            self._put_status({"reason": str(error)})

    def begin_anew(self) -> NoReturn:
        """Tell the engine that the server ended, and start over."""
        self._put_status(SERVER_ENDED)
        begin_anew(self._bell)

    def _make(self, api: str) -> rtmidi.MidiIn:
        client = rtmidi.MidiIn(APIS[api], name="cuems")
        client.ignore_types(sysex=False, timing=False, active_sense=True)
        return client

    def _on_message(self, event: tuple[list[int], float], _: object) -> None:
        received_ns = time.monotonic_ns()
        message = bytes(event[0])
        if message[0] == MIDI_CLOCK:
            return
        self._heard = True
        self._put(ARRIVAL.pack(b"M", received_ns) + message)
        if self._foresight.surprises(message, received_ns):
            os.eventfd_write(self._bell, 1)

    def _put(self, record: bytes) -> None:
        try:
            self.link.send(record, socket.MSG_DONTWAIT)
        except OSError:  # the engine is behind, or gone
            self._dropped += 1

    def _put_status(self, status: Status) -> None:
        status = status | {"dropped": self._dropped}
        self._put(b"S" + json.dumps(status).encode())
        if status != self._status or self._silent_statuses:
            self._status = status
            os.eventfd_write(self._bell, 1)

    def _keep(self) -> None:
        """Give up a port that vanished; connect again where a rolling source fell silent."""
        if self._port is None:
            return
        if self._heard:
            self._heard, self._silent_statuses = False, 0
            return
        api, port = self._port
        client = self.apis.clients[api]
        self._silent_statuses += 1
        present = port in client.get_ports()
        if not present or self._silent_statuses == SILENT_STATUSES:
            self._port = None
            client.close_port()
        if present and self._port is None:
            self._open(api, port)

    def _search(self) -> tuple[str, str]:
        self.apis.connect()
        seen: list[str] = []
        for api, client in self.apis.clients.items():
            ports = client.get_ports()
            chosen = choose_port(ports, self._wanted)
            if chosen is not None:
                return self._open(api, chosen)
            seen += ports
        wanted = f" fits {self._wanted!r}" if self._wanted else " is called MTC"
        raise NoPortError(f"no port{wanted}, of: {', '.join(seen) or 'none'}")

    def _open(self, api: str, port: str) -> tuple[str, str]:
        client = self.apis.clients[api]
        client.set_callback(self._on_message)  # each time: closing a port takes it away
        client.open_port(client.get_ports().index(port), name="timecode")
        self._port = api, port
        self._silent_statuses = SILENT_STATUSES  # whether it rolls is not known yet
        return self._port


def read(reader: Reader) -> None:
    """Report until the engine closes its end."""
    while True:
        reader.report()
        fds = [reader.link.fileno(), *reader.apis.server_fds]
        ready, _, _ = select.select(fds, [], [], READ_STATUS_S)
        if reader.link.fileno() in ready:
            return
        if ready:
            reader.begin_anew()


# ---- sending


class Sender:
    """Opens an output port and sends what is due on it.

    It plays into the input that `connect` names, while there is one; else anyone may connect to
    it, except where the input is `required`.
    """

    def __init__(
        self, client: str, port: str, *, connect: str, required: bool, apis: Sequence[str]
    ) -> None:
        self.apis = Apis[rtmidi.MidiOut](apis, lambda api: rtmidi.MidiOut(APIS[api], name=client))
        self._port_name = port
        self._connect = connect
        self._required = required
        self._name = f"{client}:{port}"
        self._opened: tuple[str, rtmidi.MidiOut] | None = None
        self._into: str | None = None
        self._look_ns = 0
        self._line: Line | None = None
        self._pacer = Pacer()
        self._sent = 0
        self._late_ns = 0

    def follow(self, line: Line) -> None:
        """Send what this line asks for, from now on."""
        self._line = line
        self._pacer.follow(line, time.monotonic_ns())

    def due_ns(self) -> int | None:
        """When the next message must go out."""
        return None if self._opened is None else self._pacer.due_ns()

    def send_due(self) -> None:
        """Send what is due by now."""
        due_ns = self.due_ns()
        if due_ns is None or self._opened is None or self._line is None:
            return
        for due in self._pacer.take(time.monotonic_ns()):
            self._opened[1].send_message(to_bytes(due))
            self._sent += 1
            if self._line.rolling:
                self._late_ns = max(self._late_ns, time.monotonic_ns() - due_ns)

    def report(self) -> None:
        """Open a port where there is none, and say how it is."""
        try:
            if self._opened is None:
                self._open()
        except (NoPortError, rtmidi.RtMidiError) as error:
            write({"reason": str(error)})
        if self._opened is not None:
            position = self._line.position_at(time.monotonic_ns()) if self._line else 0
            status: Status = {"api": self._opened[0], "port": self._name, "position": position}
            write(status | {"sent": self._sent, "late_ns": self._late_ns})
            self._late_ns = 0

    def has_outlived(self) -> bool:
        """Whether the input it plays into has gone, or has come; looked at once a second.

        A port cannot be opened twice by one client, so that is the end of this one.
        """
        now_ns = time.monotonic_ns()
        if self._opened is None or not self._connect or now_ns < self._look_ns:
            return False
        self._look_ns = now_ns + RETRY_NS
        return self._find(self._opened[1].get_ports()) != self._into

    def _open(self) -> None:
        self.apis.connect()
        api, client = next(iter(self.apis.clients.items()))
        ports: list[str] = client.get_ports() if self._connect else []
        self._into = self._find(ports)
        if self._into is not None:
            client.open_port(ports.index(self._into), name=self._port_name)
        elif self._required:
            raise NoPortError(f"no port fits {self._connect!r}, of: {', '.join(ports) or 'none'}")
        else:
            client.open_virtual_port(self._port_name)
        self._opened = api, client
        self._pacer = Pacer()
        if self._line is not None:
            self.follow(self._line)

    def _find(self, ports: Sequence[str]) -> str | None:
        """The input to play into: by name, else by part of it."""
        fitting = [port for port in ports if self._connect in names(port)]
        fitting += [port for port in ports if self._connect and self._connect in port]
        return fitting[0] if fitting else None


def send_timecode(sender: Sender) -> None:
    """Follow the newest line until stdin ends, or the input is another."""
    os.set_blocking(sys.stdout.fileno(), False)
    status_ns = time.monotonic_ns()
    unfinished = b""
    while True:
        now_ns = time.monotonic_ns()
        if now_ns >= status_ns:
            if sender.has_outlived():
                return
            sender.report()
            status_ns = now_ns + SEND_STATUS_NS
        sender.send_due()
        wake_ns = min(status_ns, sender.due_ns() or status_ns)
        wait_s = max(0, wake_ns - time.monotonic_ns()) / NS_PER_S
        ready, _, _ = select.select([0, *sender.apis.server_fds], [], [], wait_s)
        if 0 in ready:
            text = os.read(0, LINES_BYTES)
            if not text:
                return
            *lines, unfinished = (unfinished + text).split(b"\n")
            if lines:
                sender.follow(to_line(lines[-1]))
        elif ready:
            write(SERVER_ENDED)
            begin_anew()


def to_line(text: bytes) -> Line:
    values = json.loads(text)
    return Line(values["position"], values["at_ns"], values["rolling"], FrameRate[values["rate"]])


# ---- messages to other equipment


class Messages:
    """Sends messages to the inputs of others, each through an output of its own."""

    def __init__(self, apis: Sequence[str]) -> None:
        self.apis = Apis[rtmidi.MidiOut](apis, self._make)
        self._opened: dict[str, tuple[str, rtmidi.MidiOut]] = {}  # by what was asked for

    @staticmethod
    def _make(api: str) -> rtmidi.MidiOut:
        return rtmidi.MidiOut(APIS[api], name="cuems messages")

    def send(self, wanted: str, data: bytes) -> str:
        """Send to the input of that name, or with that in its name; "" or why it was not sent.

        Without any data it is only connected to.
        """
        try:
            output = self._output(wanted)
            if data:
                output.send_message(data)
        except (NoPortError, rtmidi.RtMidiError) as error:
            return str(error)
        return ""

    def _output(self, wanted: str) -> rtmidi.MidiOut:
        port, output = self._opened.get(wanted, ("", None))
        if output is not None and port in output.get_ports():
            return output
        if output is not None:
            del self._opened[wanted]
            output.delete()
        self.apis.connect()
        seen: list[str] = []
        for api, client in self.apis.clients.items():
            ports = client.get_ports()
            fitting = [port for port in ports if wanted in names(port)]
            fitting += [port for port in ports if wanted.lower() in port.lower()]
            if fitting:
                output = self._make(api)
                output.open_port(output.get_ports().index(fitting[0]), name="out")
                select.select([], [], [], CONNECT_S)
                self._opened[wanted] = fitting[0], output
                return output
            seen += ports
        raise NoPortError(f"no such port, of: {', '.join(seen) or 'none'}")


def play_messages(messages: Messages) -> None:
    """Send what stdin asks for until it ends, an answer each."""
    unfinished = b""
    while True:
        ready, _, _ = select.select([0, *messages.apis.server_fds], [], [])
        if 0 not in ready:
            begin_anew()
        text = os.read(0, LINES_BYTES)
        if not text:
            return
        *lines, unfinished = (unfinished + text).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            write({"reason": messages.send(asked["port"], bytes.fromhex(asked["data"]))})


if __name__ == "__main__":
    main(sys.argv[1:])
