"""cuems-audioplayer: one process per armed audio cue, driven by OSC over UDP.

Source: interop.md 7.1, 7.2, 6.6. The player follows MTC by itself; it is told how its file lies on
the timecode line (`/offset`) and whether to follow. It repeats nothing, so every value is sent
every time.
"""

from cuems.core.body import media_position
from cuems.core.cues import AudioCue
from cuems.core.timecode import FLICKS_PER_MS, FrameRate
from cuems.players import AudioProgram
from cuems.wire.osc import Osc

MTC_ADDRESS_LAG_FRAMES = 2
"""The player takes a quarter-frame address for the position, as old as it is when its eighth piece
arrives; our line is the true position, two frames on (core/chase.py). Unit: frames of the MTC."""

EXIT_STATUS_MODULUS = 256
EXIT_REASONS = {
    -1: "it failed",
    -2: "it was given wrong parameters",
    -3: "it cannot read the file",
    -4: "it has no audio device: is JACK running?",
    -8: "it found no MIDI port",
    -9: "it could not take its OSC port",
}
PORT_TAKEN = -9
REMEDY = "install cuems-audioplayer, or take audioplayer out of settings.xml to use mpv"


def argv(program: AudioProgram, cue: AudioCue, path: str, port: int) -> list[str]:
    """The command line of a cue's player."""
    latency = (
        ()
        if program.output_latency_ms is None
        else ("--output-latency-ms", str(program.output_latency_ms))
    )
    slug = cue.id.replace("-", "")
    return [
        program.path, *program.args, *latency, "--port", str(port), "--uuid", slug, path,
    ]  # fmt: skip


def ready(cue: AudioCue) -> tuple[Osc, ...]:
    """Wait in silence at the authored volume."""
    return (follow(False), volume(cue.master_volume_percent / 100))


def place(cue: AudioCue, start: int, elapsed: int, rate: FrameRate) -> Osc:
    """Lay the stretch of media that sounds `elapsed` into the body on the timecode line.

    The player's file position is its MTC address plus this offset, in milliseconds.
    """
    lag = MTC_ADDRESS_LAG_FRAMES * rate.flicks_per_frame
    offset = media_position(cue, elapsed) - elapsed - start + lag
    return Osc("/offset", (offset / FLICKS_PER_MS,))


def follow(following: bool) -> Osc:
    """Sound along the timecode, or be silent."""
    return Osc("/mtcfollow", (int(following),))


VOLUME = "/volmaster"
CHECK = Osc("/check")


def volume(gain: float) -> Osc:
    """Set the gain, 0.0 to 1.0."""
    return Osc(VOLUME, (min(1.0, max(0.0, gain)),))


def channel_volume(channel: int, gain: float) -> Osc:
    """Set the gain of one of its two outputs, 0.0 to 1.0."""
    return Osc(f"/vol{channel}", (min(1.0, max(0.0, gain)),))


def leave() -> Osc:
    """End the player."""
    return Osc("/quit")


def exit_code(status: int) -> int:
    """The code the player ended with: a process's status wraps its negative codes.

    0 where it was killed: a signal's number, which a status has below 0, is no code.
    """
    if status < 0:
        return 0
    return status - EXIT_STATUS_MODULUS if status > EXIT_STATUS_MODULUS // 2 else status
