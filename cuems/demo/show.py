"""The demo show: seven cues that show what the engine does, in half a minute and three GOs.

    GO   Gong, and at its end Chime by itself             auto-follow
    GO   Drone, and half a second into it Colour bars     auto-continue
    GO   Pad, a fade of it two seconds later, then stop   auto-continue, fade, action

Writing takes about a second of computing: not for the event loop.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cuems.core.cues import (
    Action,
    ActionCue,
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    Curve,
    FadeCue,
    Media,
    NodeId,
    PostGo,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.errors import CuemsError
from cuems.core.timecode import FLICKS_PER_S, from_ms
from cuems.demo.media import Partial, colour_bars, struck, tone
from cuems.wire.show_xml import write_show
from cuems.wire.xml_writer import XmlWriter

PROJECT = "demo"
SHOW_ID = "d3a10000-0000-4000-8000-000000000000"
NO_MAC = "000000000000"
WRITTEN = "2026-01-01T00:00:00"

GONG, CHIME, DRONE, BARS, PAD = (
    "demo-gong.wav",
    "demo-chime.wav",
    "demo-drone.wav",
    "demo-bars.y4m",
    "demo-pad.wav",
)
DURATIONS_S = {GONG: 3, CHIME: 2, DRONE: 5, BARS: 4, PAD: 6}


class DemoError(CuemsError):
    """The demo is only for an empty library."""

    def __init__(self, library: Path) -> None:
        super().__init__(f"library {library}: expected no projects, found some; demo not written")
        self.library = library


def is_empty(library: Path) -> bool:
    """Whether a library has no project yet; an absent one has none."""
    return not any((library / "projects").glob("*/script.xml"))


def write_demo(library: Path, node: NodeId) -> str:
    """Write the demo project, played by `node`, into an empty library; its unix name.

    The script comes last: a library in which this was interrupted is still empty. Raises
    DemoError, OSError.
    """
    if not is_empty(library):
        raise DemoError(library)
    for name, render in RENDERERS.items():
        _write(library / "media" / name, render(DURATIONS_S[name]))
    folder = library / "projects" / PROJECT
    _write(folder / "mappings.xml", demo_mappings(node))
    _write(folder / "script.xml", write_show(demo_show(node)))
    return PROJECT


def _write(path: Path, data: bytes) -> None:
    """Put a whole file in place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).rename(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


# ---- sound and picture


def _gong(duration_s: int) -> bytes:
    return tone(struck(110.0, decay_s=0.9), duration_s)


def _chime(duration_s: int) -> bytes:
    high = struck(659.26, decay_s=0.5)  # E5, then C5: a door bell
    return tone((*high, *struck(523.25, decay_s=0.6, begin_s=0.5)), duration_s)


def _drone(duration_s: int) -> bytes:
    return tone(_chord(110.0, 164.81, 220.0), duration_s)


def _pad(duration_s: int) -> bytes:
    return tone(_chord(196.0, 246.94, 293.66, 392.0), duration_s)


def _chord(*pitches_hz: float) -> tuple[Partial, ...]:
    """Steady tones, each doubled a little out of tune so that they move."""
    return tuple(
        Partial(frequency_hz=pitch * detune, level=1.0, decay_s=60.0)
        for pitch in pitches_hz
        for detune in (1.0, 1.003)
    )


RENDERERS: dict[str, Callable[[int], bytes]] = {
    GONG: _gong,
    CHIME: _chime,
    DRONE: _drone,
    BARS: colour_bars,
    PAD: _pad,
}


# ---- the script


def demo_show(node: NodeId) -> Show:
    """The demo's cues, with their outputs on `node`."""
    gong = _audio(node, 1, "Gong", GONG, post_go=PostGo.GO_AT_END)
    chime = _audio(node, 2, "Chime", CHIME)
    drone = _audio(node, 3, "Drone", DRONE, post_go=PostGo.GO, post_wait_ms=500)
    bars = VideoCue(
        id=_id(4),
        name="Colour bars",
        media=_media(BARS),
        outputs=(VideoOutput(output_name=f"{node}_0"),),
    )
    pad = _audio(node, 5, "Pad", PAD, post_go=PostGo.GO, post_wait_ms=2000)
    fade = FadeCue(
        id=_id(6),
        name="Fade the pad",
        action_target=pad.id,
        curve=Curve.SIGMOID,
        duration_flicks=from_ms(2000),
        target_percent=20,
        post_go=PostGo.GO_AT_END,
        post_wait_flicks=from_ms(500),
    )
    stop = ActionCue(id=_id(7), name="Stop the pad", action=Action.STOP, action_target=pad.id)
    return Show(
        id=SHOW_ID,
        name="Demo",
        description="Three GOs: auto-follow, auto-continue into video, fade and stop",
        created=WRITTEN,
        modified=WRITTEN,
        cue_list=CueList(
            id=_id(0), name="Demo", contents=(gong, chime, drone, bars, pad, fade, stop)
        ),
    )


def _id(number: int) -> CueId:
    return CueId(f"d3a1c0e0-0000-4000-8000-{number:012d}")


def _media(name: str) -> Media:
    return Media(file_name=name, duration_flicks=DURATIONS_S[name] * FLICKS_PER_S)


def _audio(
    node: NodeId,
    number: int,
    name: str,
    media: str,
    *,
    post_go: PostGo = PostGo.PAUSE,
    post_wait_ms: int = 0,
) -> AudioCue:
    return AudioCue(
        id=_id(number),
        name=name,
        media=_media(media),
        outputs=(AudioOutput(output_name=f"{node}_0"), AudioOutput(output_name=f"{node}_1")),
        post_go=post_go,
        post_wait_flicks=from_ms(post_wait_ms),
    )


# ---- the mappings


def demo_mappings(node: NodeId) -> bytes:
    """A mappings.xml (interop.md 5.5): two JACK ports and one video connector."""
    xml = XmlWriter()
    with xml.root("CuemsProjectMappings", "project_mappings.xsd"):
        xml.leaf("number_of_nodes", 1)
        for kind, output in (("audio", f"{node}_0"), ("video", f"{node}_0"), ("dmx", None)):
            xml.null(f"default_{kind}_input")
            xml.leaf(f"default_{kind}_output", output)
        with xml.element("nodes"), xml.element("node"):
            xml.leaf("uuid", node)
            xml.leaf("mac", NO_MAC)
            _write_outputs(xml, "audio", ("system:playback_1", "system:playback_2"))
            _write_outputs(xml, "video", ("HDMI-A-1",))
        xml.null("new_nodes")
    return xml.to_bytes()


def _write_outputs(xml: XmlWriter, kind: str, ports: Sequence[str]) -> None:
    with xml.element(kind), xml.element("outputs"):
        for number, port in enumerate(ports):
            with xml.element("output"):
                xml.leaf("id", number)
                xml.leaf("name", port)
                with xml.element("mappings"):
                    xml.leaf("mapped_to", port)
