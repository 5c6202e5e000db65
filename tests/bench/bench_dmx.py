"""64 universes of sACN, all 512 channels fading at 44 Hz: processor time and spacing of packets.

    python -m tests.bench.bench_dmx [--universes 64] [--rounds 3] [--htp]

The packets go to a socket on loopback whose kernel buffer overflows, so that hearing them costs
nothing here. The spacing is that of the frames as they leave. Two baselines in the same run: the
floor, a loop that sends the same number of ready-made datagrams every 22.7 ms and computes
nothing, and the `sacn` library's own way from levels to bytes.
"""

import argparse
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

import anyio
from sacn.messages.data_packet import DataPacket

from cuems.adapters.dmx import DmxSender, open_dmx_sender
from cuems.app.lights import Lights
from cuems.core.cues import CueId, DmxChannel, DmxCue, DmxScene, DmxUniverse
from cuems.core.dmx import Merge
from cuems.core.dmx_stream import FRAME_NS, Packet
from cuems.core.effects import Start, Stop
from cuems.core.events import PlayerEvent
from cuems.core.timecode import from_ms
from cuems.wire.dmx_option import DmxOut
from tests.bench.figures import say, show
from tests.fakes.dmx_receiver import open_dmx_receiver

ROUND_MS = 4000  # 255 levels in 4 s: every frame differs from the one before
WARM_UP_S = 0.5
PACKET_BYTES = 638  # of a full universe
LIBRARY_PACKETS = 2000


@dataclass(frozen=True, slots=True)
class Figures:
    """A run: from frame to frame, and what it cost."""

    spacings_ns: list[int]
    packets: int
    busy_ns: int
    took_ns: int

    @property
    def p99_ns(self) -> int:
        return sorted(self.spacings_ns)[int(len(self.spacings_ns) * 0.99)]

    def tell(self, name: str) -> None:
        show(f"{name}: frame to frame", self.spacings_ns)
        rate, share = self.packets / self.took_ns * 1e9, 100 * self.busy_ns / self.took_ns
        each = self.busy_ns / self.packets / 1000
        say(f"{name}: {rate:.0f} packets/s, {share:.1f} % of a core, {each:.1f} µs a packet")


class Witness:
    """A sender that notes when it sent."""

    def __init__(self, sender: DmxSender) -> None:
        self._sender = sender
        self.frames_ns: list[int] = []
        self.packets = 0

    def prove(self, universes: Iterable[int]) -> None:
        self._sender.prove(universes)

    def send(self, packets: Iterable[Packet]) -> None:
        sent = list(packets)
        self.frames_ns.append(time.monotonic_ns())
        self.packets += len(sent)
        self._sender.send(sent)


def scene(name: str, universes: int, level: int, fade_ms: int) -> DmxCue:
    channels = tuple(DmxChannel(slot, level) for slot in range(512))
    numbers = range(1, universes + 1)
    lit = tuple(DmxUniverse(number=number, channels=channels) for number in numbers)
    return DmxCue(
        id=CueId(name),
        name=name,
        scene=DmxScene(id="s", universes=lit),
        fade_in_flicks=from_ms(fade_ms),
    )


async def _ignore(_: PlayerEvent) -> None:
    pass


def perform(lights: Lights, cue: DmxCue) -> None:
    effect = Start(cue=cue.id, run_seq=1, start=0, elapsed=0)
    lights.perform(effect, cue, time.monotonic_ns())


async def measure(universes: int, rounds: int, merge: Merge) -> Figures:
    witnesses: list[Witness] = []

    @contextmanager
    def open_witness(out: DmxOut) -> Iterator[Witness]:
        with open_dmx_sender(out) as sender:
            witnesses.append(Witness(sender))
            yield witnesses[-1]

    with open_dmx_receiver() as receiver:
        lights = Lights(receiver.out(merge=merge), _ignore, open_witness)
        base, up = scene("base", universes, 10, 0), scene("up", universes, 255, ROUND_MS)
        async with anyio.create_task_group() as tg:
            await tg.start(lights.serve)
            perform(lights, base)
            perform(lights, up)
            await anyio.sleep(WARM_UP_S)
            witness = witnesses[0]
            first, packets = len(witness.frames_ns), witness.packets
            busy_ns, began_ns = time.process_time_ns(), time.monotonic_ns()
            for _ in range(rounds):
                lights.perform(Stop(up.id), up, time.monotonic_ns())
                perform(lights, up)
                await anyio.sleep(ROUND_MS / 1000)
            busy_ns, took_ns = time.process_time_ns() - busy_ns, time.monotonic_ns() - began_ns
            frames, packets = witness.frames_ns[first:], witness.packets - packets
            tg.cancel_scope.cancel()
    return Figures(
        [after - before for before, after in pairwise(frames)], packets, busy_ns, took_ns
    )


async def floor(universes: int, rounds: int) -> Figures:
    """The same packets, ready-made, at the same pace."""
    frames: list[int] = []
    packets = 0
    with (
        open_dmx_receiver() as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender,
    ):
        datagram = bytes(PACKET_BYTES)
        busy_ns, began_ns = time.process_time_ns(), time.monotonic_ns()
        while time.monotonic_ns() - began_ns < rounds * ROUND_MS * 1_000_000:
            frames.append(time.monotonic_ns())
            for _ in range(universes):
                with suppress(BlockingIOError):
                    sender.sendto(datagram, receiver.address)
                packets += 1
            await anyio.sleep(max(0, frames[-1] + FRAME_NS - time.monotonic_ns()) / 1e9)
        busy_ns, took_ns = time.process_time_ns() - busy_ns, time.monotonic_ns() - began_ns
    spacings = [after - before for before, after in pairwise(frames)]
    return Figures(spacings, packets, busy_ns, took_ns)


def library_ns(packets: int) -> float:
    """What the library takes for a packet, levels to bytes."""
    packet = DataPacket(tuple(range(16)), "bench", 1, tuple(range(256)) * 2)
    began_ns = time.process_time_ns()
    for number in range(packets):
        packet.dmxData = (number % 256,) * 512
        packet.getBytes()
    return (time.process_time_ns() - began_ns) / packets


async def compare(universes: int, rounds: int, merge: Merge) -> None:
    """All three, and the ratios."""
    least, ours = await floor(universes, rounds), await measure(universes, rounds, merge)
    least.tell("floor")
    ours.tell("lights")
    each = ours.busy_ns / ours.packets
    own = library_ns(LIBRARY_PACKETS)
    say(f"library: {own / 1000:.1f} µs a packet, levels to bytes alone")
    say(
        f"lights to floor: spacing p99 {ours.p99_ns / least.p99_ns:.2f}, time a packet"
        f" {each / (least.busy_ns / least.packets):.2f}; to the library: {each / own:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--universes", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--htp", action="store_true")
    options = parser.parse_args()
    merge = Merge.HTP if options.htp else Merge.LTP
    anyio.run(compare, options.universes, options.rounds, merge)


if __name__ == "__main__":
    main()
