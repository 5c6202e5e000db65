"""The demo's media, made here so that the repository holds no binary: tones and a test card.

Every length is a whole number of samples or frames, so what the headers say is exact.
"""

import io
import math
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

SAMPLE_RATE_HZ = 48_000
FULL_SCALE = 32_767
PEAK = 0.2  # of full scale: audible, and nobody jumps
EDGE_SAMPLES = 480  # 10 ms at either end, so that nothing clicks

WIDTH, HEIGHT = 224, 126  # 16:9, seven bars of 32 pixels
FRAMES_PER_S = 25
STRIP_HEIGHT = 26  # under the bars: where the marker runs
MARKER_WIDTH = 8

# Y, Cb, Cr (BT.601, limited range) of the usual 75 % bars, white to blue
BARS = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58),
        (84, 184, 198), (65, 100, 212), (35, 212, 114))  # fmt: skip
BLACK, WHITE, NO_COLOUR = 16, 235, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """One sine of a struck body: pitch, strength, how fast it dies (to 1/e), when it begins."""

    frequency_hz: float
    level: float
    decay_s: float
    begin_s: float = 0.0


def struck(fundamental_hz: float, *, decay_s: float, begin_s: float = 0.0) -> tuple[Partial, ...]:
    """A bell-like body: the higher a partial, the weaker and shorter it is."""
    ratios = ((0.5, 0.5), (1.0, 1.0), (1.19, 0.5), (1.56, 0.35), (2.0, 0.4), (2.66, 0.2))
    return tuple(
        Partial(
            frequency_hz=fundamental_hz * ratio,
            level=level,
            decay_s=decay_s / max(ratio, 1.0),
            begin_s=begin_s,
        )
        for ratio, level in ratios
    )


def tone(partials: Sequence[Partial], duration_s: int) -> bytes:
    """A stereo WAV file of exactly `duration_s`, both sides alike."""
    length = duration_s * SAMPLE_RATE_HZ
    signal = array("d", bytes(8 * length))
    for partial in partials:
        _add(signal, partial)
    _soften_edges(signal)
    peak = max(map(abs, signal)) or 1.0
    scale = PEAK * FULL_SCALE / peak
    samples = array("h", bytes(4 * length))
    samples[0::2] = samples[1::2] = array("h", (round(scale * value) for value in signal))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def _add(signal: "array[float]", partial: Partial) -> None:
    # A decaying sine satisfies s[n] = 2 r cos(w) s[n-1] - r² s[n-2]; much cheaper than sin().
    begin = round(partial.begin_s * SAMPLE_RATE_HZ)
    step = math.tau * partial.frequency_hz / SAMPLE_RATE_HZ
    decay = math.exp(-1 / (partial.decay_s * SAMPLE_RATE_HZ))
    first, second = 2 * decay * math.cos(step), -decay * decay
    older, newer = 0.0, partial.level * decay * math.sin(step)
    for index in range(begin, len(signal)):
        signal[index] += newer
        older, newer = newer, first * newer + second * older


def _soften_edges(signal: "array[float]") -> None:
    for index in range(min(EDGE_SAMPLES, len(signal))):
        gain = index / EDGE_SAMPLES
        signal[index] *= gain
        signal[-1 - index] *= gain


def colour_bars(duration_s: int) -> bytes:
    """A y4m clip of exactly `duration_s`: colour bars over a strip that a marker crosses once."""
    header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_S}:1 Ip A1:1 C420mpeg2\n".encode()
    frames = duration_s * FRAMES_PER_S
    bars, chroma = _bar_rows(0), _bar_rows(1) + _bar_rows(2)
    parts = [header]
    for frame in range(frames):
        left = frame * (WIDTH - MARKER_WIDTH) // max(frames - 1, 1)
        parts += (b"FRAME\n", bars, _strip_row(left) * STRIP_HEIGHT, chroma)
    return b"".join(parts)


def _bar_rows(plane: int) -> bytes:
    halves = 1 if plane == 0 else 2  # colour has half the lines and columns
    width = WIDTH // len(BARS) // halves
    rows = (HEIGHT - STRIP_HEIGHT) // halves
    bars = b"".join(bytes([bar[plane]]) * width for bar in BARS) * rows
    if plane == 0:
        return bars
    return bars + bytes([NO_COLOUR]) * (STRIP_HEIGHT // halves * (WIDTH // halves))


def _strip_row(left: int) -> bytes:
    right = WIDTH - left - MARKER_WIDTH
    return bytes([BLACK]) * left + bytes([WHITE]) * MARKER_WIDTH + bytes([BLACK]) * right
