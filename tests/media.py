"""Tiny media files for tests, written without any codec."""

import struct
import wave
from pathlib import Path

from cuems.core.timecode import FLICKS_PER_S

RATE_HZ = 48_000


def write_wav(path: Path, seconds: float = 2.0, samples: list[int] | None = None) -> Path:
    """A mono 16-bit WAV: `samples`, or silence."""
    frames = [0] * round(seconds * RATE_HZ) if samples is None else samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(struct.pack(f"<{len(frames)}h", *frames))
    return path


def write_y4m(path: Path, frames: int = 50, fps: int = 25, luma: int = 235) -> Path:
    """A 16 by 16 picture of one grey, in YUV4MPEG2."""
    picture = bytes([luma]) * 256 + bytes([128]) * 128
    path.write_bytes(
        b"YUV4MPEG2 W16 H16 F%d:1 Ip A1:1 C420jpeg\n" % fps + (b"FRAME\n" + picture) * frames
    )
    return path


def flicks(seconds: float) -> int:
    """Seconds to flicks."""
    return round(seconds * FLICKS_PER_S)
