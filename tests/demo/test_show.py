import wave
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder, walk
from cuems.core.cues import AudioCue, CueId, NodeId, VideoCue
from cuems.core.effects import Start, Stop
from cuems.core.events import Go, LineFound
from cuems.core.sequencer import Sequencer
from cuems.core.timecode import FLICKS_PER_S, from_ms, to_ms
from cuems.core.validation import problems
from cuems.demo.media import FRAMES_PER_S
from cuems.demo.show import DemoError, demo_mappings, demo_show, is_empty, write_demo
from cuems.sim.show import simulate
from cuems.wire.show_xml import read_show

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
SHOW = demo_show(NODE)
CUES = [cue for cue in walk(SHOW.cue_list) if cue is not SHOW.cue_list]


def length_flicks(path: Path) -> int:
    """What a media file's own header and size say of its length."""
    if path.suffix == ".wav":
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() * FLICKS_PER_S // sound.getframerate()
    return path.read_bytes().count(b"FRAME\n") * FLICKS_PER_S // FRAMES_PER_S


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the demo in it."""
    library = tmp_path_factory.mktemp("library")
    assert write_demo(library, NODE) == "demo"
    return library


def test_the_script_reads_back_as_the_show(library: Path) -> None:
    data = (library / "projects/demo/script.xml").read_bytes()
    assert read_show(data, "script.xml").show == SHOW


def test_every_cue_lasts_as_long_as_its_media(library: Path) -> None:
    media = [cue.media for cue in CUES if isinstance(cue, AudioCue | VideoCue)]
    assert len(media) == 5
    for each in media:
        assert each is not None
        assert length_flicks(library / "media" / each.file_name) == each.duration_flicks


def test_nothing_else_is_left_in_the_library(library: Path) -> None:
    found = {str(path.relative_to(library)) for path in library.rglob("*") if path.is_file()}
    media = {
        f"media/{cue.media.file_name}"
        for cue in CUES
        if isinstance(cue, AudioCue | VideoCue) and cue.media is not None
    }
    assert found == media | {"projects/demo/script.xml", "projects/demo/mappings.xml"}


def test_the_show_has_no_problem() -> None:
    assert problems(SHOW) == ()


def test_every_output_is_mapped_on_the_node() -> None:
    root = ElementTree.fromstring(demo_mappings(NODE))
    assert root.tag == "{https://stagelab.coop/cuems/}CuemsProjectMappings"
    assert root.findtext("nodes/node/uuid") == NODE
    for kind, cue_type in (("audio", AudioCue), ("video", VideoCue)):
        mapped = [
            output.findtext("id")
            for output in root.iterfind(f"nodes/node/{kind}/outputs/output")
            if output.findtext("mappings/mapped_to")
        ]
        used = {
            output.output_name
            for cue in CUES
            if isinstance(cue, AudioCue | VideoCue) and isinstance(cue, cue_type)
            for output in cue.outputs
        }
        assert used == {f"{NODE}_{number}" for number in mapped}


def test_a_library_with_a_project_is_left_alone(tmp_path: Path) -> None:
    script = tmp_path / "projects/mine/script.xml"
    script.parent.mkdir(parents=True)
    script.touch()
    with pytest.raises(DemoError, match="expected no projects"):
        write_demo(tmp_path, NODE)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [script]


def test_a_library_in_which_writing_was_interrupted_is_still_empty(tmp_path: Path) -> None:
    assert is_empty(tmp_path / "absent")
    (tmp_path / "projects/demo").mkdir(parents=True)
    (tmp_path / "projects/demo/mappings.xml").touch()
    (tmp_path / "media").mkdir()
    assert is_empty(tmp_path)


def test_three_goes_play_the_whole_show() -> None:
    names = {cue.id: cue.name for cue in CUES}
    ids = {name: cue for cue, name in names.items()}
    order = RunningOrder(SHOW)
    everything = frozenset(order)

    def go(number: int, name: str, at_ms: int) -> tuple[int, Go]:
        return from_ms(at_ms), Go(run_seq=number, cue=CueId(ids[name]), at=from_ms(at_ms))

    log = simulate(
        Sequencer(order, Scope(everything, everything)),
        [
            (0, LineFound(0)),
            go(1, "Gong", 0),
            go(2, "Drone", 10_000),
            go(3, "Pad", 20_000),
        ],
        from_ms(30_000),
    )
    told = [
        (to_ms(happening.at), type(happening.effect).__name__, names[happening.effect.cue])
        for happening in log
        if isinstance(happening.effect, Start | Stop)
    ]
    assert told == [
        (0, "Start", "Gong"),
        (3000, "Stop", "Gong"),
        (3000, "Start", "Chime"),
        (5000, "Stop", "Chime"),
        (10_000, "Start", "Drone"),
        (10_500, "Start", "Colour bars"),
        (14_500, "Stop", "Colour bars"),
        (15_000, "Stop", "Drone"),
        (20_000, "Start", "Pad"),
        (24_500, "Stop", "Pad"),
    ]
