"""Timecode that stops, comes twice, or comes and goes: when it is shown, and when it is back.

    python -m tests.bench.bench_midi_faults [--rounds 10]

Rows F01, F08 and F10 of the fault catalogue on a JACK server of this run, with the reference
encoder as source: its process is stopped, joined by a second one on the same input port, killed
and started again. Aims: shown within 250 ms and found again within a frame; shown within 300 ms
and nothing comes of it; open again within 1 s. F11 and F12: bench_jack_killed.
"""

import argparse
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from cuems.adapters.clock import Alarm, open_alarm
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.core.chase import Chase, ChaseState
from cuems.core.events import Advance, LineEvent, LineLost, Locate
from cuems.core.midi_ports import MidiOpen
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import FLICKS_PER_S, to_ns
from tests.bench.figures import say, show
from tests.fakes.mtc_encoder import CLIENT, PORT, Playing, open_encoder
from tests.jack import open_jack

PATIENCE_S = 60
STOPPED_S = 1.0
LISTEN_S = 2.0
SETTLE_PIECES = 40
JACK_GAP_NS = 80_000_000  # of both sources: two frames, after which it is freewheeled
OTHER = "other"


class Listener:
    """A chase on a port, woken as a node wakes it."""

    def __init__(self, alarm: Alarm) -> None:
        self.chase = Chase()
        self.news: list[LineEvent] = []
        self.longest_gap_ns = 0  # between two messages, whoever sent them
        self._heard_ns = 0
        self._decoder = MtcDecoder(self.chase.recognise)
        self._alarm = alarm
        self._heard = Mailbox[None](1)

    def hear(self, received_ns: int, message: bytes) -> bool:
        self.longest_gap_ns = max(self.longest_gap_ns, received_ns - self._heard_ns)
        self._heard_ns = received_ns
        event = self._decoder.feed(message, received_ns)
        if event is not None:
            self._take(self.chase.feed(event, received_ns))
        return False

    def ring(self) -> None:
        self._take(self.chase.wake(time.monotonic_ns()))

    def _take(self, events: tuple[LineEvent, ...]) -> None:
        self.news += [event for event in events if not isinstance(event, Advance)]
        self._alarm.set(self.chase.next_wake_ns())
        self._heard.put(None)

    async def until(self, condition: Callable[[], bool]) -> int:
        """The moment at which something is so."""
        with anyio.fail_after(PATIENCE_S):
            while not condition():
                await self._heard.receive()
        return time.monotonic_ns()

    async def locked(self, source: Playing) -> None:
        """It is locked, and has settled where the source is."""
        await self.until(lambda: self.chase.state is ChaseState.LOCKED)
        for _ in range(SETTLE_PIECES):
            await self._heard.receive()

    def is_alarmed(self) -> bool:
        """Whether the operator sees that something is wrong."""
        return bool(self.chase.fault) or self.chase.state is not ChaseState.LOCKED

    def off_ns(self, source: Playing) -> int:
        """How far it is from where the source is."""
        now_ns = time.monotonic_ns()
        here = self.chase.position_at(now_ns)
        assert here is not None
        return to_ns(round(abs(here - source.position_s(now_ns) * FLICKS_PER_S)))


@asynccontextmanager
async def open_listener() -> AsyncIterator[tuple[Listener, MidiInput]]:
    rings: list[Callable[[], None]] = []
    async with open_alarm(lambda: rings[0]()) as alarm:
        listener = Listener(alarm)
        rings.append(listener.ring)
        port = f"{CLIENT}:{PORT}"
        async with open_midi_input(port, api="JACK", on_message=listener.hear) as midi:
            yield listener, midi


async def stops(rounds: int) -> None:
    shown_ns, off_ns = list[int](), list[int]()
    async with open_encoder("25", "01:00:00:00") as source, open_listener() as (listener, _):
        for _ in range(rounds):
            await listener.locked(source)
            source.process.send_signal(signal.SIGSTOP)
            stopped_ns = time.monotonic_ns()
            shown = await listener.until(lambda: listener.chase.state is not ChaseState.LOCKED)
            shown_ns.append(shown - stopped_ns)
            await anyio.sleep(STOPPED_S)
            source.process.send_signal(signal.SIGCONT)
            await listener.locked(source)
            off_ns.append(listener.off_ns(source))
    show("F01: source stopped -> freewheeling is shown", shown_ns)
    show("F01: off the source once it is locked again", off_ns)


async def join(output: str) -> None:
    """Wire another output to the listener's input, which may just be opened anew."""
    command = ["jack_connect", output, "cuems:timecode"]
    with anyio.fail_after(PATIENCE_S):
        while (await anyio.run_process(command, check=False)).returncode:
            pass


async def comes_twice(rounds: int) -> None:
    shown_ns = list[int]()
    named = moved = lost = silenced = 0
    for _ in range(rounds):
        async with open_encoder("25", "01:00:00:00") as source, open_listener() as (listener, _):
            await listener.locked(source)
            listener.news.clear()
            listener.longest_gap_ns = 0
            async with open_encoder("25", "05:30:10:00", OTHER):
                await join(f"{OTHER}:{PORT}")
                joined_ns = time.monotonic_ns()
                shown = await listener.until(listener.is_alarmed)
                shown_ns.append(shown - joined_ns)
                await anyio.sleep(LISTEN_S)
                named += listener.chase.fault.startswith("duplicate")
            moved += sum(isinstance(event, Locate) for event in listener.news)
            by_jack = listener.longest_gap_ns > JACK_GAP_NS
            silenced += by_jack
            lost += LineLost() in listener.news and not by_jack
    show("F08: second source joined -> something is shown", shown_ns)
    say(f"F08: of {rounds} it was named in {named}, the first lost in {lost}; {moved} locates")
    say(f"F08: in {silenced} JACK itself kept two frames back: what was lost there does not count")


async def comes_and_goes(rounds: int) -> None:
    back_ns = list[int]()
    async with open_listener() as (listener, midi):
        for _ in range(rounds):
            async with open_encoder("25", "01:00:00:00") as source:
                await listener.until(lambda: isinstance(midi.state, MidiOpen))
                back_ns.append(time.monotonic_ns() - source.began_ns)
                await listener.locked(source)
            await listener.until(lambda: not isinstance(midi.state, MidiOpen))
    show("F10: port is there again -> it is open", back_ns)


async def run(rounds: int) -> None:
    async with open_jack():
        await stops(rounds)
        await comes_twice(rounds)
        await comes_and_goes(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    anyio.run(run, parser.parse_args().rounds)


if __name__ == "__main__":
    main()
