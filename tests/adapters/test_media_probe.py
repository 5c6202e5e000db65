import os
import shutil
import unicodedata
from pathlib import Path

import anyio
import pytest

from cuems.adapters.media_probe import look_at_media, probe, similar_names
from cuems.core.media_facts import (
    EmptyMedia,
    MeasuredMedia,
    MissingMedia,
    Sound,
    UnmeasuredMedia,
    UnreadableMedia,
)
from tests.media import RATE_HZ, flicks, write_wav, write_y4m

FFPROBE = shutil.which("ffprobe") or "ffprobe"


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    assert look_at_media(tmp_path / "a.wav", {}) == MissingMedia()


def test_a_name_that_differs_in_case_or_in_the_form_of_its_accents_is_told(tmp_path: Path) -> None:
    there = unicodedata.normalize("NFD", "Café.wav")
    (tmp_path / there).touch()
    similar = similar_names(tmp_path)
    for asked in ("café.wav", "CAFÉ.WAV"):
        assert look_at_media(tmp_path / asked, similar) == MissingMedia(there)


def test_a_library_that_is_not_there_has_no_names(tmp_path: Path) -> None:
    assert similar_names(tmp_path / "absent") == {}


def test_empty_files_and_folders_are_no_media(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    assert look_at_media(tmp_path / "empty.wav", {}) == EmptyMedia()
    assert look_at_media(tmp_path / "folder.wav", {}) == UnreadableMedia("it is not a file")


def test_a_wav_header_is_read_without_any_program(tmp_path: Path) -> None:
    assert look_at_media(write_wav(tmp_path / "a.WAV", 0.5), {}) == MeasuredMedia(
        duration_flicks=flicks(0.5),
        sound=Sound(codec="pcm", rate_hz=RATE_HZ, channels=1, duration_flicks=flicks(0.5)),
    )


def test_a_wav_that_python_cannot_read_is_left_to_ffprobe(tmp_path: Path) -> None:
    (tmp_path / "odd.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    assert look_at_media(tmp_path / "odd.wav", {}) == UnmeasuredMedia()


def test_other_files_are_only_looked_for(tmp_path: Path) -> None:
    assert look_at_media(write_y4m(tmp_path / "v.y4m"), {}) == UnmeasuredMedia()


@pytest.mark.slow
async def test_ffprobe_measures_sound_and_picture(tmp_path: Path) -> None:
    with anyio.fail_after(20):
        sound = await probe(FFPROBE, write_wav(tmp_path / "a.wav"))
        picture = await probe(FFPROBE, write_y4m(tmp_path / "v.y4m", frames=30))
    assert isinstance(sound, MeasuredMedia)
    assert sound.picture is None
    assert sound.duration_flicks == flicks(2)
    assert isinstance(picture, MeasuredMedia)
    assert picture.sound is None
    assert picture.picture is not None
    assert picture.picture.duration_flicks == flicks(1.2)
    assert picture.picture.frame_flicks == flicks(1 / 25)


@pytest.mark.slow
async def test_what_ffprobe_cannot_open_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "junk.wav").write_bytes(b"junk" * 100)
    with anyio.fail_after(20):
        facts = await probe(FFPROBE, tmp_path / "junk.wav")
    assert facts == UnreadableMedia("ffprobe finds no sound or picture in it")


@pytest.mark.slow
async def test_the_last_words_of_ffprobe_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    fails = program(tmp_path / "probe", f"echo file:{path}: it hurts >&2; exit 1")
    mute = program(tmp_path / "mute", "exit 1")
    with anyio.fail_after(20):
        assert await probe(fails, path) == UnreadableMedia("it hurts")
        assert await probe(mute, path) == UnreadableMedia("ffprobe does not say why")


@pytest.mark.slow
async def test_an_answer_that_makes_no_sense_leaves_the_file_unmeasured(tmp_path: Path) -> None:
    babbles = program(tmp_path / "probe", "echo hello")
    with anyio.fail_after(20):
        facts = await probe(babbles, tmp_path / "a.wav")
    assert isinstance(facts, UnmeasuredMedia)
    assert "no such JSON" in facts.reason


@pytest.mark.slow
async def test_a_flood_of_words_is_not_kept(tmp_path: Path) -> None:
    floods = program(tmp_path / "probe", "head -c 20000000 /dev/zero; echo over >&2; exit 1")
    with anyio.fail_after(20):
        assert await probe(floods, tmp_path / "a.wav") == UnreadableMedia("over")


@pytest.mark.slow
async def test_a_probe_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    pid_of_probe = tmp_path / "pid"
    os.mkfifo(pid_of_probe)
    hangs = program(tmp_path / "probe", f"echo $$ > {pid_of_probe}; exec sleep 600")
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tg:
            tg.start_soon(probe, hangs, tmp_path / "a.wav")
            pid = int(await anyio.Path(pid_of_probe).read_text())  # waits until it is written
            tg.cancel_scope.cancel()
    assert not await anyio.Path(f"/proc/{pid}").exists()


@pytest.mark.slow
async def test_a_probe_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    hangs = program(tmp_path / "probe", "exec sleep 600")
    with anyio.fail_after(20):
        facts = await probe(hangs, tmp_path / "a.wav", deadline_s=0.1)
    assert facts == UnmeasuredMedia("ffprobe did not finish within 0.1 s")
