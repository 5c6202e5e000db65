"""A reference source of MTC that shares no code with cuems: `timecode` counts, mido spells.

    python -m tests.fakes.mtc_encoder RATE HH:MM:SS:FF [CLIENT]

plays into whoever connects to JACK port `reference:out`, until it is killed. It says the monotonic
moment (ns) at which its first address begins; from there on it is where `position_s` says.
"""

import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from subprocess import DEVNULL, PIPE

import anyio
import mido
import rtmidi
from anyio.abc import Process
from timecode.timecode import Timecode

RATE_BITS = {"24": 0, "25": 1, "29.97": 2, "30": 3}
FRAMES_PER_S = {
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
}
NS_PER_S = 1_000_000_000
STOP_GRACE_S = 2.0
CLIENT, PORT = "reference", "out"


class Encoder:
    """An endless roll at one of the rates of RATE_BITS, from an address of an even frame."""

    def __init__(self, rate: str, start: str) -> None:
        self._rate = rate
        self._start = start
        self._first_frame = Timecode(rate, start).frame_number

    def pieces(self) -> Iterator[bytes]:
        """Every quarter-frame, in order."""
        address = Timecode(self._rate, self._start)
        while True:
            hours = RATE_BITS[self._rate] << 5 | address.hrs
            fields = (int(address.frs), address.secs, address.mins, hours)
            for piece in range(8):
                value = fields[piece // 2] >> 4 * (piece % 2) & 15
                message = mido.Message("quarter_frame", frame_type=piece, frame_value=value)
                yield bytes(message.bytes())
            address += 2

    def due_ns(self, number: int) -> int:
        """When piece `number` is due, from the beginning of the first address."""
        return round(number * NS_PER_S / (4 * FRAMES_PER_S[self._rate]))

    def position_s(self, after_ns: int) -> Fraction:
        """Where it is so long after the beginning of the first address, seconds from zero."""
        return self._first_frame / FRAMES_PER_S[self._rate] + Fraction(after_ns, NS_PER_S)


@dataclass(frozen=True, slots=True)
class Playing:
    """An encoder at work since `began_ns`."""

    process: Process
    encoder: Encoder
    began_ns: int

    def position_s(self, now_ns: int) -> Fraction:
        """Where it is at a moment, seconds from zero."""
        return self.encoder.position_s(now_ns - self.began_ns)


@asynccontextmanager
async def open_encoder(rate: str, start: str, client: str = CLIENT) -> AsyncIterator[Playing]:
    """An encoder in a process of its own, until the block is left."""
    command = [sys.executable, "-m", "tests.fakes.mtc_encoder", rate, start, client]
    process = await anyio.open_process(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    try:
        assert process.stdout is not None
        began_ns = int(await process.stdout.receive())
        yield Playing(process, Encoder(rate, start), began_ns)
    finally:
        with anyio.CancelScope(shield=True):
            # It leaves JACK by itself: a server whose clients are killed may stand still.
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGINT)
            with anyio.move_on_after(STOP_GRACE_S):
                await process.wait()
            with suppress(ProcessLookupError):
                process.kill()
            await process.aclose()


def main(rate: str, start: str, client: str = CLIENT) -> None:
    encoder = Encoder(rate, start)
    source = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    source.open_virtual_port(PORT)
    began_ns = time.monotonic_ns()
    sys.stdout.write(f"{began_ns}\n")
    sys.stdout.flush()
    for number, message in enumerate(encoder.pieces()):
        wait_ns = began_ns + encoder.due_ns(number) - time.monotonic_ns()
        time.sleep(max(0, wait_ns) / NS_PER_S)  # noqa: TID251 - a process of its own
        source.send_message(message)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
