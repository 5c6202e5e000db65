"""Looking at media files: what the file system says, what a WAV header says, what ffprobe says.

ffprobe is a process per question, so a hostile or a broken file ends no more than that; it is
killed at its deadline, and of its words no more is kept than a sane file needs.
"""

import os
import subprocess
import unicodedata
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import anyio.abc

from cuems.core.media_facts import (
    EmptyMedia,
    MeasuredMedia,
    MediaFacts,
    MissingMedia,
    Sound,
    UnmeasuredMedia,
    UnreadableMedia,
)
from cuems.core.timecode import FLICKS_PER_S
from cuems.wire.ffprobe import (
    FfprobeAnswerError,
    facts_argv,
    may_have_long_gops,
    packets_argv,
    read_facts,
    with_key_frames,
)

PROBE_DEADLINE_S = 15.0  # a header takes 0.1 s, 20 s of a large picture's packets one
ANSWER_BYTES = 1_048_576
WORDS_BYTES = 4096
REAP_S = 2.0
WORDS_SHOWN = 120


def similar_names(folder: Path) -> dict[str, str]:
    """The files of a folder by what a person would call them: case and accents' form aside."""
    try:
        return {_alike(entry.name): entry.name for entry in os.scandir(folder)}
    except OSError:
        return {}


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def look_at_media(path: Path, similar: Mapping[str, str]) -> MediaFacts:
    """What can be told of a file without opening more than its header. Reads the file system."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return UnreadableMedia("it is not a file")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        return MissingMedia(similar.get(_alike(path.name)))
    except OSError as error:
        return UnreadableMedia(str(error.strerror))
    if size == 0:
        return EmptyMedia()
    return _wav_facts(path) if path.suffix.lower() == ".wav" else UnmeasuredMedia()


def _wav_facts(path: Path) -> MediaFacts:
    try:
        with wave.open(str(path), "rb") as file:
            rate, frames, channels = file.getframerate(), file.getnframes(), file.getnchannels()
    except (wave.Error, EOFError, OSError):
        return UnmeasuredMedia()  # there are more kinds of WAV than Python reads
    if not rate:
        return UnmeasuredMedia()
    duration = frames * FLICKS_PER_S // rate
    sound = Sound(codec="pcm", rate_hz=rate, channels=channels, duration_flicks=duration)
    return MeasuredMedia(duration_flicks=duration, sound=sound)


async def measure(program: str, path: Path, deadline_s: float = PROBE_DEADLINE_S) -> MediaFacts:
    """What ffprobe says of the header of a file that is there."""
    with anyio.move_on_after(deadline_s):
        return await _measure(program, path)
    return UnmeasuredMedia(f"ffprobe did not finish within {deadline_s:g} s")


async def _measure(program: str, path: Path) -> MediaFacts:
    status, answer, words = await _ask(facts_argv(program, str(path)))
    if status != 0:
        return UnreadableMedia(_why(words, path))
    try:
        return read_facts(answer)
    except FfprobeAnswerError as error:
        return UnmeasuredMedia(str(error))


async def probe(program: str, path: Path, deadline_s: float = PROBE_DEADLINE_S) -> MediaFacts:
    """What ffprobe says of a file that is there, key frames included."""
    with anyio.move_on_after(deadline_s):
        facts = await _measure(program, path)
        if not isinstance(facts, MeasuredMedia) or not may_have_long_gops(facts):
            return facts
        status, answer, _ = await _ask(packets_argv(program, str(path)))
        return with_key_frames(facts, answer) if status == 0 else facts
    return UnmeasuredMedia(f"ffprobe did not finish within {deadline_s:g} s")


def _why(words: bytes, path: Path) -> str:
    said = words.decode(errors="replace").strip().splitlines()
    last = said[-1].removeprefix(f"file:{path}: ") if said else "ffprobe does not say why"
    if last.startswith("Invalid data"):
        return "ffprobe finds no sound or picture in it"
    return last[:WORDS_SHOWN]


async def _ask(argv: Sequence[str]) -> tuple[int, bytes, bytes]:
    """Exit status, answer and words of a program. Raises OSError if it cannot be run."""
    with anyio.CancelScope(shield=True):  # a cancelled spawn would lose its child
        process = await anyio.open_process(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    answer, words = bytearray(), bytearray()
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        async with anyio.create_task_group() as tg:
            tg.start_soon(_read, process.stdout, answer, ANSWER_BYTES)
            tg.start_soon(_read, process.stderr, words, WORDS_BYTES)
        status = await process.wait()
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(REAP_S):
            if process.returncode is None:
                process.kill()
            await process.aclose()
    return status, bytes(answer), bytes(words)


async def _read(stream: anyio.abc.ByteReceiveStream, kept: bytearray, most: int) -> None:
    async for chunk in stream:
        kept += chunk[: most - len(kept)]
