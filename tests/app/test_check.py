"""A check of whole projects, with the ffprobe of this machine or without any."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cuems.app.check import CheckReport, NoSuchProjectError, check_project
from cuems.app.check_files import CheckRequest
from cuems.core.cues import AnyCue, AudioCue, AudioOutput, CueId, CueList, Media, NodeId, VideoCue
from cuems.core.findings import Finding, Severity
from cuems.core.timecode import from_ms
from cuems.demo.show import demo_mappings, demo_show
from cuems.wire.mappings_xml import Mappings, read_mappings, write_mappings
from cuems.wire.network_map_xml import MapNode, NetworkMap, NodeRole, write_network_map
from cuems.wire.settings_xml import (
    AudioPlayerSettings,
    HostSettings,
    NodeSettings,
    write_settings,
)
from cuems.wire.show_xml import write_show
from tests.media import write_wav, write_y4m

pytestmark = pytest.mark.slow

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
ABSENT = "no-such-ffprobe"
OUTPUTS = tuple(AudioOutput(output_name=f"{NODE}_{number}") for number in (0, 1))


def cue_id(number: int) -> CueId:
    return CueId(f"d3a1c0e0-0000-4000-8000-{number:012d}")


def sound(number: int, media: str, ms: int = 2000) -> AudioCue:
    file = Media(file_name=media, duration_flicks=from_ms(ms))
    return AudioCue(id=cue_id(number), name=f"sound {number}", media=file, outputs=OUTPUTS)


def picture(number: int, media: str, ms: int = 2000) -> VideoCue:
    file = Media(file_name=media, duration_flicks=from_ms(ms))
    return VideoCue(id=cue_id(number), name=f"picture {number}", media=file)


def project(library: Path, *cues: AnyCue) -> Path:
    """A project `p` of the library, with the mappings of the demo; its folder."""
    folder = library / "projects" / "p"
    folder.mkdir(parents=True)
    (library / "media").mkdir()
    show = demo_show(NODE)
    contents = CueList(id=cue_id(0), name="p", contents=cues)
    (folder / "script.xml").write_bytes(write_show(replace(show, cue_list=contents)))
    (folder / "mappings.xml").write_bytes(demo_mappings(NODE))
    return folder


async def check(
    library: Path | None, name: str = "p", config: Path | None = None, ffprobe: str = "ffprobe"
) -> CheckReport:
    request = CheckRequest(project=name, library=library, config=config, ffprobe=ffprobe)
    with anyio.fail_after(60):
        return await check_project(request)


def told(report: CheckReport) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.code, each.name) for each in report.findings]


def of_code(report: CheckReport, code: str) -> Finding:
    (found,) = [each for each in report.findings if each.code == code]
    return found


async def test_a_project_as_it_should_be_has_no_finding(tmp_path: Path) -> None:
    project(tmp_path, sound(1, "a.wav"), picture(2, "v.y4m"))
    write_wav(tmp_path / "media/a.wav")
    write_y4m(tmp_path / "media/v.y4m")
    report = await check(tmp_path)
    assert report.findings == ()
    assert (report.project, report.cues, report.media_files) == ("p", 2, 2)


async def test_ffprobe_tells_what_no_header_tells(tmp_path: Path) -> None:
    project(
        tmp_path,
        sound(1, "junk.wav"),
        sound(2, "v.y4m"),
        picture(3, "a.wav"),
        picture(4, "v.y4m", ms=3000),
    )
    (tmp_path / "media/junk.wav").write_bytes(b"junk" * 100)
    write_wav(tmp_path / "media/a.wav")
    write_y4m(tmp_path / "media/v.y4m")
    assert told(await check(tmp_path)) == [
        ("error", "media-unreadable", "sound 1"),
        ("error", "no-sound", "sound 2"),
        ("error", "no-picture", "picture 3"),
        ("warning", "duration", "picture 4"),
    ]


async def test_a_film_with_few_key_frames_is_advised(tmp_path: Path) -> None:
    project(tmp_path, picture(1, "long.mp4", ms=4000), picture(2, "short.mp4", ms=4000))
    for name, gop in (("long", "100"), ("short", "25")):
        source = ("-f", "lavfi", "-i", "testsrc=s=64x36:r=25:d=4")
        codec = ("-c:v", "libx264", "-preset", "ultrafast", "-g", gop, "-sc_threshold", "0")
        target = str(tmp_path / f"media/{name}.mp4")
        await anyio.run_process(["ffmpeg", "-v", "error", *source, *codec, target])
    report = await check(tmp_path)
    assert told(report) == [("advice", "long-gop", "picture 1")]
    assert "key frames 4 s apart" in report.findings[0].text
    assert report.findings[0].command.startswith("ffmpeg -i long.mp4 ")


async def test_without_ffprobe_files_are_looked_for_and_wav_headers_read(tmp_path: Path) -> None:
    project(tmp_path, sound(1, "a.wav", ms=5000), sound(2, "b.wav"), picture(3, "v.y4m", ms=1))
    write_wav(tmp_path / "media/a.wav")
    write_y4m(tmp_path / "media/v.y4m")
    report = await check(tmp_path, ffprobe=ABSENT)
    assert told(report) == [
        ("advice", "no-ffprobe", ""),
        ("warning", "duration", "sound 1"),
        ("error", "media-missing", "sound 2"),
    ]


async def test_progress_is_told_file_by_file(tmp_path: Path) -> None:
    project(tmp_path, sound(1, "a.wav"), sound(2, "b.wav"), sound(3, "absent.wav"))
    for name in ("a.wav", "b.wav"):
        write_wav(tmp_path / "media" / name)
    heard: list[tuple[int, int]] = []
    with anyio.fail_after(60):
        await check_project(
            CheckRequest(project="p", library=tmp_path), lambda *now: heard.append(now)
        )
    assert heard == [(1, 2), (2, 2)]


async def test_a_project_is_found_by_name_by_folder_and_by_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, sound(1, "a.wav"))
    write_wav(tmp_path / "media/a.wav")
    monkeypatch.chdir(folder)
    reports = [
        await check(tmp_path, "p"),
        await check(None, str(folder)),
        await check(None, str(folder / "script.xml")),
        await check(None, "."),
    ]
    assert [(each.folder, each.findings) for each in reports] == [(folder, ())] * 4


async def test_a_project_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    project(tmp_path)
    with pytest.raises(NoSuchProjectError, match=r"no project 'q' in the library .*; there: p$"):
        await check(tmp_path, "q")
    with pytest.raises(NoSuchProjectError, match="no such folder"):
        await check(tmp_path, "/no/such/folder")
    with pytest.raises(NoSuchProjectError):
        await check(tmp_path, "..")


async def test_every_fault_of_every_file_is_told_in_one_run(tmp_path: Path) -> None:
    folder = project(tmp_path, sound(1, "a.wav"))
    script = (folder / "script.xml").read_text()
    broken = script.replace("<loop>1<", "<loop>often<").replace("<enabled>True", "<enabled>yes")
    (folder / "script.xml").write_text(broken)
    (folder / "mappings.xml").write_text("<broken")
    (folder / "settings.xml").write_bytes(b"<x/>")
    report = await check(tmp_path)
    assert {each.code for each in report.findings} == {"file-fault"}
    assert [Path(each.file).name for each in report.findings] == [
        "mappings.xml",
        *["script.xml"] * 4,
        "settings.xml",
    ]
    assert report.cues is None
    assert all(each.line is not None for each in report.findings)
    assert "AudioCue/loop: 'often': expected a whole number" in " ".join(
        each.text for each in report.findings
    )


async def test_a_project_without_a_script_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "projects/p").mkdir(parents=True)
    report = await check(tmp_path)
    assert told(report) == [("error", "file-missing", "")]
    assert report.findings[0].file.endswith("p/script.xml")


async def test_without_mappings_that_is_said(tmp_path: Path) -> None:
    folder = project(tmp_path, sound(1, "a.wav"))
    write_wav(tmp_path / "media/a.wav")
    (folder / "mappings.xml").unlink()
    assert told(await check(tmp_path)) == [("advice", "no-mappings", "")]


# ---- with the configuration of a machine


def configure(folder: Path, library: Path, audio_player: str | None = None) -> Path:
    player = None if audio_player is None else AudioPlayerSettings(path=audio_player)
    node = NodeSettings(uuid=NODE, mac="m", audio_player=player)
    folder.mkdir()
    settings = HostSettings(node=node, library_path=str(library))
    (folder / "settings.xml").write_bytes(write_settings(settings))
    return folder


async def test_the_library_and_the_mappings_are_those_of_the_configuration(tmp_path: Path) -> None:
    folder = project(tmp_path / "library", sound(1, "a.wav"))
    write_wav(tmp_path / "library/media/a.wav")
    config = configure(tmp_path / "etc", tmp_path / "library")
    mappings = read_mappings((folder / "mappings.xml").read_bytes(), "")
    (folder / "mappings.xml").unlink()
    assert told(await check(None, config=config)) == [("advice", "no-mappings", "")]
    (config / "default_mappings.xml").write_bytes(write_mappings(without_outputs(mappings)))
    found = (await check(None, config=config)).findings
    assert [each.code for each in found] == ["unknown-output"] * 2
    assert "in default_mappings.xml" in found[0].text


def without_outputs(mappings: Mappings) -> Mappings:
    return replace(mappings, nodes=tuple(replace(node, audio=None) for node in mappings.nodes))


async def test_a_node_that_is_not_adopted_is_told(tmp_path: Path) -> None:
    project(tmp_path / "library", sound(1, "a.wav"))
    write_wav(tmp_path / "library/media/a.wav")
    config = configure(tmp_path / "etc", tmp_path / "library")
    node = MapNode(uuid=NODE, mac="m", name="n", role=NodeRole.NODE, ip="10.0.0.2", adopted=False)
    (config / "network_map.xml").write_bytes(write_network_map(NetworkMap((node,))))
    assert told(await check(None, config=config)) == [("warning", "not-adopted", "sound 1")]


async def test_the_player_of_the_settings_is_the_one_that_is_judged(tmp_path: Path) -> None:
    cue = replace(sound(1, "a.wav"), outputs=(replace(OUTPUTS[0], volume_percent=50), OUTPUTS[1]))
    other_way_round = replace(sound(2, "a.wav"), outputs=OUTPUTS[::-1])
    project(tmp_path / "library", cue, other_way_round)
    write_wav(tmp_path / "library/media/a.wav")
    config = configure(tmp_path / "etc", tmp_path / "library", audio_player="/bin/true")
    report = await check(None, config=config)
    assert [(each.code, each.field, each.name) for each in report.findings] == [
        ("not-honoured", "output_vol", "sound 1"),
        ("not-honoured", "outputs", "sound 2"),
    ]
    assert "cuems-audioplayer is not routed yet" in report.findings[1].text


async def test_a_configuration_without_settings_is_an_error(tmp_path: Path) -> None:
    project(tmp_path, sound(1, "a.wav"))
    write_wav(tmp_path / "media/a.wav")
    (tmp_path / "etc").mkdir()
    report = await check(tmp_path, config=tmp_path / "etc")
    assert (of_code(report, "file-missing").file) == str(tmp_path / "etc/settings.xml")
    assert report.count(Severity.ERROR) == 1
