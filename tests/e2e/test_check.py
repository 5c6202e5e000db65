"""`cuems check` as a crew runs it: the demo, and a copy of it with six different faults."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import anyio
import pytest

from cuems.core.cues import NodeId
from cuems.demo.show import demo_show, write_demo

pytestmark = pytest.mark.slow

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
GONG, CHIME, DRONE, BARS, PAD, FADE, STOP = demo_show(NODE).cue_list.contents
NOBODY = "d3a1c0e0-0000-4000-8000-000000000099"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write_demo(tmp_path / "library", NODE)
    return tmp_path / "library"


async def cuems(home: Path, *arguments: str, path: str | None = None) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `cuems check ARGUMENTS`."""
    environment = {
        "PATH": os.environ["PATH"] if path is None else path,
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "share"),
    }
    with anyio.fail_after(60):
        done = await anyio.run_process(
            [sys.executable, "-m", "cuems", "check", *arguments],
            env=environment,
            stdout=PIPE,
            stderr=PIPE,
            check=False,
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def change(library: Path, *changes: Callable[[str], str]) -> dict[str, int]:
    """Change the script's text; the line of each cue by its name, as it stands afterwards."""
    script = library / "projects/demo/script.xml"
    text = script.read_text()
    for changed in changes:
        before, text = text, changed(text)
        assert text != before
    script.write_text(text)
    lines: dict[str, int] = {}
    opened = 0
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"<(Audio|Video|Action|Fade)Cue>", line):
            opened = number
        if found := re.search(r"<name>(.*)</name>", line):
            lines[found[1]] = opened
    return lines


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


async def test_the_demo_is_ready(tmp_path: Path, library: Path) -> None:
    status, out, err = await cuems(tmp_path, "demo", "--library", str(library))
    assert (status, err) == (0, "")
    assert out == "demo is ready: no errors, no warnings, 0 advice (7 cues, 5 media files)\n"


async def test_six_different_faults_are_found_in_one_run_each_with_its_line(
    tmp_path: Path, library: Path
) -> None:
    media = library / "media"
    (media / "demo-gong.wav").unlink()
    (media / "demo-drone.wav").write_bytes(b"no sound " * 100)
    lines = change(
        library,
        swap(f"<id>{CHIME.id}</id>", f"<id>{GONG.id}</id>"),  # two cues of one id
        swap("<duration>00:00:04.000</duration>", "<duration>00:00:09.000</duration>"),
        swap(
            f"<action_target>{PAD.id}</action_target>", f"<action_target>{NOBODY}</action_target>"
        ),
        lambda text: (
            text[: text.index("<name>Pad<")]
            + text[text.index("<name>Pad<") :].replace(f"{NODE}_1", f"{NODE}_9", 1)
        ),
    )
    status, out, _ = await cuems(tmp_path, "demo", "--library", str(library))
    assert status == 1
    for name, severity, what in (
        ("Gong", "error", "there is no 'demo-gong.wav'"),
        ("Chime", "error", f"id {GONG.id} is that of 'Gong' on line {lines['Gong']} already"),
        ("Drone", "error", "'demo-drone.wav' cannot be played"),
        ("Colour bars", "warning", "the script says that 'demo-bars.y4m' lasts 00:00:09.000"),
        ("Pad", "error", "has no audio output '9' in mappings.xml"),
        ("Fade the pad", "error", f"it acts on cue {NOBODY}, which is not in this show"),
    ):
        place = re.escape(f"script.xml:{lines[name]}")
        assert re.search(rf"^{severity} +{place} +{name} +.*{re.escape(what)}", out, re.M), out
    assert out.splitlines()[-1] == (
        "demo is not ready: 5 errors, 1 warning, 0 advice (7 cues, 5 media files)"
    )


async def test_a_program_reads_the_same_as_json(tmp_path: Path, library: Path) -> None:
    (library / "media/demo-gong.wav").unlink()
    status, out, err = await cuems(tmp_path, "demo", "--library", str(library), "--json")
    told = json.loads(out)
    assert (status, err) == (1, "")
    assert told["counts"] == {"error": 1, "warning": 0, "advice": 0}
    (found,) = told["findings"]
    assert (found["code"], found["cue"]) == ("media-missing", GONG.id)


async def test_faults_of_the_file_itself_are_all_told_with_their_lines(
    tmp_path: Path, library: Path
) -> None:
    change(library, swap("<loop>1<", "<loop>twice<"), swap("<master_vol>100", "<master_vol>101"))
    status, out, _ = await cuems(tmp_path, "demo", "--library", str(library))
    assert status == 1
    text = (library / "projects/demo/script.xml").read_text().splitlines()
    for wrong in ("<loop>twice", "<master_vol>101"):
        line = next(number for number, said in enumerate(text, 1) if wrong in said)
        assert f"script.xml:{line} " in out
    assert "(cues and media not checked: correct script.xml first)" in out


async def test_without_ffprobe_and_mpv_on_the_path_that_is_said(
    tmp_path: Path, library: Path
) -> None:
    status, out, _ = await cuems(tmp_path, "demo", "--library", str(library), path=str(tmp_path))
    assert status == 0
    assert "ffprobe is not installed here" in out
    assert "mpv is not installed here: 5 cues cannot play on this machine" in out


async def test_wrong_usage_is_one_line_and_exit_status_2(tmp_path: Path, library: Path) -> None:
    for arguments in (
        ("dmeo", "--library", str(library)),
        ("demo", "--config", "/no/such/folder"),
        (),
    ):
        status, out, err = await cuems(tmp_path, *arguments)
        assert (status, out) == (2, "")
        assert err.startswith("cuems: ")
        assert err.count("\n") == 1
    status, _, err = await cuems(tmp_path, "dmeo", "--library", str(library))
    assert "there: demo" in err
