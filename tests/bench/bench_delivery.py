"""Commands over a network that loses a fifth of everything, both ways, to three nodes.

    python -m tests.bench.bench_delivery [--commands 100000] [--loss 0.2] [--pings 2000]

First the protocol's own two halves (core/delivery.py, core/receipt.py) on a virtual clock: lane X
is sent again until it is answered, lane B carries each command once and comes late where TCP has
to repeat. Goals: 0 lost, 0 twice, 0 after their deadline; p99.9 within 60 ms (faults.md G1 to G3).

Then real sockets without loss: a GO by both lanes to the node that handles it, against the same
bytes over a bare pynng Bus0 in the same process, turn by turn. Aim: p50 within 2 times.
"""

import argparse
import time
from collections import Counter
from heapq import heappop, heappush

import anyio
import pynng

from cuems.adapters.bus import open_bus_dialer, open_bus_listener
from cuems.adapters.lane import open_lane
from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.delivery import Sender
from cuems.core.events import Go
from cuems.core.receipt import Deliver, Receiver, Reply
from cuems.sim.transport import Connection, Datagrams
from cuems.wire.auth import KeyHolders
from cuems.wire.bus import Pen, decode
from cuems.wire.lane import Direction, Session
from tests.bench.figures import judge, percentile, say, show

NODES = tuple(NodeId(name) for name in ("left", "middle", "right"))
LEADER, BOOT = NodeId("leader"), "b"
NS_PER_MS = 1_000_000
EVERY_NS = 20_000_000
PATIENCE_NS = 2_000_000_000
CUE = CueId("7c9e6679-7425-40de-944b-e07fc1f90ae7")

Down = tuple[NodeId, bus.Stamp, Go]
Up = tuple[NodeId, Reply]


def go(run_seq: int) -> Go:
    return Go(run_seq=run_seq, cue=CUE, at=2_540_160_000_000)


class Network:
    """A leader, three nodes and what is on its way between them."""

    def __init__(self, loss: float) -> None:
        self.sender = Sender(1, BOOT)
        self.receivers = {node: Receiver() for node in NODES}
        self.mail: list[tuple[int, int, Down | Up]] = []
        self.posted = self.given_up = self.late = self.number = 0
        self.given_ns: dict[int, int] = {}
        self.acted: Counter[tuple[NodeId, int]] = Counter()
        self.took_ns: list[int] = []
        self.down = {node: Datagrams(f"down {node}", loss) for node in NODES}
        self.up = {node: Datagrams(f"up {node}", loss) for node in NODES}
        self.tcp = {node: Connection(f"tcp {node}", loss, perfect=False) for node in NODES}
        for node, receiver in self.receivers.items():
            seq = self.sender.join(node)
            receiver.adopt(LEADER, epoch=1, boot=BOOT, next_seq=seq, stop_generation=0)

    def put(self, at_ns: int | None, letter: Down | Up) -> None:
        if at_ns is not None:
            self.number += 1
            heappush(self.mail, (at_ns, self.number, letter))

    def post(self, now_ns: int) -> None:
        command = go(self.posted)
        deadline_ns = now_ns + PATIENCE_NS
        stamp = self.sender.post(command, now_ns, deadline_ns=deadline_ns, stop_generation=0)
        self.given_ns[stamp.seq] = now_ns
        self.posted += 1
        for node in NODES:
            self.put(self.tcp[node].arrival_ns(now_ns), (node, stamp, command))
            lane = self.sender.stamp_for(node, stamp)
            self.put(self.down[node].arrival_ns(now_ns), (node, lane, command))

    def wake(self, now_ns: int) -> None:
        for again in self.sender.wake(now_ns):
            assert isinstance(again.command, Go)
            letter = (again.node, again.stamp, again.command)
            self.put(self.down[again.node].arrival_ns(now_ns), letter)
        self.given_up += len(self.sender.take_given_up())

    def deliver(self, letter: Down | Up, now_ns: int) -> None:
        match letter:
            case node, Reply() as reply:
                if not reply.nak:
                    self.sender.answered(node, reply.seq, now_ns)
            case node, bus.Stamp() as stamp, Go() as command:
                for taken in self.receivers[node].take(LEADER, stamp, command):
                    self.answer(node, taken, now_ns)

    def answer(self, node: NodeId, taken: Deliver | Reply, now_ns: int) -> None:
        if isinstance(taken, Deliver):
            took_ns = now_ns - self.given_ns[taken.seq]
            self.acted[node, taken.seq] += 1
            self.took_ns.append(took_ns)
            self.late += took_ns > PATIENCE_NS
            taken = self.receivers[node].done(taken.seq)
        self.put(self.up[node].arrival_ns(now_ns), (node, taken))

    def next_ns(self, post_ns: int | None) -> int | None:
        mail_ns = self.mail[0][0] if self.mail else None
        moments = (post_ns, mail_ns, self.sender.next_wake_ns())
        return min((moment for moment in moments if moment is not None), default=None)


def lossy(commands: int, loss: float) -> None:
    network = Network(loss)
    began = time.monotonic()
    now_ns = 0
    while True:
        post_ns = network.posted * EVERY_NS if network.posted < commands else None
        following = network.next_ns(post_ns)
        if following is None:
            break
        now_ns = following
        if post_ns is not None and post_ns <= now_ns:
            network.post(now_ns)
        while network.mail and network.mail[0][0] <= now_ns:
            network.deliver(heappop(network.mail)[2], now_ns)
        network.wake(now_ns)
    expected = commands * len(NODES)
    lost = expected - len(network.acted) - network.given_up
    twice = sum(times > 1 for times in network.acted.values())
    show(f"delivered at {loss:.0%} loss, in its turn", network.took_ns)
    say(
        f"{commands} commands to {len(NODES)} nodes: {lost} lost, {twice} twice, {network.late}"
        f" after their deadline, {network.given_up} given up and reported, {network.sender.resent}"
        f" sent again; {time.monotonic() - began:.0f} s"
    )
    bad = lost + twice + network.late
    judge("commands lost, twice, or after their deadline", bad, 0, "of them")
    judge("delivery p99.9", percentile(network.took_ns, 0.999) / NS_PER_MS, 60, "ms")


# ---- real sockets


class Handler:
    """A node's receiver behind both lanes, and when it last acted."""

    def __init__(self) -> None:
        self.receiver = Receiver()
        self.receiver.adopt(LEADER, epoch=1, boot=BOOT, next_seq=0, stop_generation=0)
        self.acted_ns = 0
        self.acted = anyio.Event()

    def hear(self, message: bytes) -> None:
        said = decode(message)
        assert said.stamp is not None
        assert isinstance(said.message, Go)
        for taken in self.receiver.take(said.sender, said.stamp, said.message):
            if isinstance(taken, Deliver):
                self.acted_ns = time.monotonic_ns()
                self.receiver.done(taken.seq)
                self.acted.set()


async def compare(pings: int) -> None:
    """A command by both lanes, and the bare ping, in turns."""
    session, key = bytes(range(8)), bytes(32)
    down, up = Session(session, key, Direction.DOWN), Session(session, key, Direction.UP)
    handler, pen = Handler(), Pen(LEADER, BOOT, key)
    trust = KeyHolders(key)
    ours_ns: list[int] = []
    bare_ns: list[int] = []
    async with (
        open_bus_listener("tcp://127.0.0.1:0") as listener,
        open_bus_dialer(listener.url) as dialer,
        open_lane("127.0.0.1") as here,
        open_lane("127.0.0.1") as there,
        anyio.create_task_group() as tg,
    ):

        async def hear_lane() -> None:
            while True:
                message = up.open((await there.receive())[0])
                if message is not None:
                    handler.hear(message)

        async def hear_bus() -> None:
            while True:
                data = await dialer.receive()
                decode(data, trust)
                handler.hear(data)

        tg.start_soon(hear_lane)
        tg.start_soon(hear_bus)
        await listener.until_linked(linked=True)
        with pynng.Bus0(listen="tcp://127.0.0.1:0") as bare:
            url = f"tcp://{bare.listeners[0].local_address}"
            with pynng.Bus0(dial=url, block_on_dial=True) as other:
                for seq in range(pings):
                    stamp = bus.Stamp(epoch=1, boot=BOOT, seq=seq, floor=seq, stop_generation=0)
                    handler.acted = anyio.Event()
                    sent_ns = time.monotonic_ns()
                    datagram = down.seal(pen.write(go(seq), stamp))
                    assert datagram is not None
                    await here.send(datagram, ("127.0.0.1", there.port))
                    await listener.send(pen.write(go(seq), stamp))
                    await handler.acted.wait()
                    ours_ns.append(handler.acted_ns - sent_ns)
                    await anyio.sleep(0.002)
                    ping = pen.write(go(seq), stamp)
                    sent_ns = time.monotonic_ns()
                    await bare.asend(ping)
                    await other.arecv()
                    bare_ns.append(time.monotonic_ns() - sent_ns)
        tg.cancel_scope.cancel()
    show("a command, controller to the node's handler", ours_ns)
    show("bare pynng Bus0, the same bytes", bare_ns)
    for share in (0.5, 0.99):
        ratio = percentile(ours_ns, share) / percentile(bare_ns, share)
        judge(f"a command against the bare ping, p{100 * share:.0f}", ratio, 2, "times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--loss", type=float, default=0.2)
    parser.add_argument("--pings", type=int, default=2_000)
    options = parser.parse_args()
    lossy(options.commands, options.loss)
    anyio.run(compare, options.pings)


if __name__ == "__main__":
    main()
