"""cuems-videocomposer: pictures as layers on one canvas. Source: interop.md 7.6, 6.6, 5.7.

A service of the machine that everybody shares. A cue has a layer for each of its outputs on this
node; the first loads the file, the others share it. A layer follows MTC by itself and is told how
its file lies on the timecode line; it is loaded unseen and shown at its start. Scale 1 is a
picture as high as the canvas; positions count from the canvas's middle, upwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cuems.core.body import body_flicks, media_position
from cuems.core.check_outputs import CUSTOM, Output
from cuems.core.cues import UUID_LENGTH, Geometry, NodeId, Point, VideoCue, VideoOutput
from cuems.core.timecode import FrameRate
from cuems.players.audio import MTC_ADDRESS_LAG_FRAMES
from cuems.players.errors import CannotPlayError
from cuems.wire.display_conf import DisplayConf
from cuems.wire.osc import Osc, OscArgument

REMEDY = "start cuems-videocomposer.service, or take videoplayer out of settings.xml to use mpv"
ROOT = "/videocomposer"
CHECK = Osc(f"{ROOT}/check")
RESET = Osc(f"{ROOT}/reset")
MASTER = f"{ROOT}/master/"
LAYER_RATE = FrameRate.FPS_25  # layers count in these, whatever the file's own rate
CORNERS = {"top_left": 4, "top_right": 3, "bottom_left": 1, "bottom_right": 2}

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the canvas, pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """A node's video outputs by its mappings, and where its connectors lie on the canvas."""

    node: NodeId
    outputs: Sequence[Output]
    mappings_file: str
    conf: DisplayConf
    conf_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A picture of a cue: where its middle is, how large it is, and how it is bent."""

    id: str
    x: int
    y: int
    x_scale: float
    y_scale: float
    corners: tuple[tuple[int, Point], ...] = ()


def layers(cue: VideoCue, screens: Screens, size: Size | None) -> tuple[Layer, ...]:
    """A cue's layers on a node; `size` is that of its picture, where it is known.

    Raises:
        CannotPlayError: an output that is not there.
    """
    here = [output for output in cue.outputs if output.output_name[:UUID_LENGTH] == screens.node]
    if not here and screens.outputs:  # it names none: the node's first
        here = [VideoOutput(output_name=f"{screens.node}_{screens.outputs[0].id}")]
    return tuple(
        _layer(f"{cue.id}_{number}", _place(cue, output, screens), output.geometry, screens, size)
        for number, output in enumerate(here)
    )


def _place(cue: VideoCue, output: VideoOutput, screens: Screens) -> Place:
    name = output.output_name[UUID_LENGTH + 1 :]
    region, conf = output.canvas_region, screens.conf
    if name.startswith(CUSTOM) and region is not None:
        return Place(
            x=int(region.x * conf.canvas_width),
            y=int(region.y * conf.canvas_height),
            width=int(region.width * conf.canvas_width),
            height=int(region.height * conf.canvas_height),
        )
    connector = next((one.physical for one in screens.outputs if one.id == name), None)
    if connector is None:
        known = ", ".join(one.id for one in screens.outputs) or "none"
        raise CannotPlayError(
            cue.name,
            f"its output {name} is not among this node's video outputs ({known})"
            f" in {screens.mappings_file}",
            "choose another in the editor, or map it",
        )
    for shown in conf.outputs:
        if shown.connector == connector:
            return Place(x=shown.x, y=shown.y, width=shown.width, height=shown.height)
    raise CannotPlayError(
        cue.name,
        f"its output {name} is {connector}, which {screens.conf_file} does not lay out",
        "connect it and start cuems-videocomposer.service again",
    )


def _layer(
    name: str, place: Place, geometry: Geometry | None, screens: Screens, size: Size | None
) -> Layer:
    bent = geometry or Geometry()
    scale = _scale(place, screens.conf, size)
    return Layer(
        id=name,
        x=place.x + place.width // 2 - screens.conf.canvas_width // 2,
        y=screens.conf.canvas_height // 2 - (place.y + place.height // 2),
        x_scale=scale * bent.x_scale,
        y_scale=scale * bent.y_scale,
        corners=tuple(_corners(bent)),
    )


def _scale(place: Place, conf: DisplayConf, size: Size | None) -> float:
    """As large as fits the place, and no larger than the picture is."""
    height = place.height / conf.canvas_height
    if size is None or not all(size):
        return height
    wide, high = size
    return min(high / conf.canvas_height, place.width * high / (wide * conf.canvas_height), height)


def _corners(geometry: Geometry) -> Iterator[tuple[int, Point]]:
    for corner, number in CORNERS.items():
        point: Point = getattr(geometry, corner)
        if point != Point():
            yield number, point


# ---- what a layer is told


def load(stack: Sequence[Layer], path: str, opacity_percent: int) -> Iterator[Osc]:
    """Be there, unseen."""
    for layer in stack:
        if layer is stack[0]:
            yield Osc(f"{ROOT}/layer/load", (path, layer.id))
        else:
            yield Osc(f"{ROOT}/layer/load_shared", (path, layer.id, stack[0].id))
        yield _set(layer, "visible", 0)
        yield _set(layer, "autounload", 1)
        yield from _lie(layer)
        for number, point in layer.corners:
            yield _set(layer, f"corner{number}", float(point.x), float(point.y))
        if opacity_percent != 100:
            yield _set(layer, "opacity", opacity_percent / 100)


def start(
    stack: Sequence[Layer], cue: VideoCue, begin: int, elapsed: int, rate: FrameRate
) -> Iterator[Osc]:
    """Show, and follow the timecode; `begin` is where the body began on the line."""
    for layer in stack:
        yield from _lie(layer)
        yield _offset(layer, cue, begin, elapsed, rate)
        if body_flicks(cue) is None or cue.loop != 1:
            yield _set(layer, "loop", 1)
        yield _set(layer, "mtcfollow", 1)
    for layer in stack:
        yield _set(layer, "visible", 1)


def place(
    stack: Sequence[Layer], cue: VideoCue, begin: int, elapsed: int, rate: FrameRate
) -> Iterator[Osc]:
    """Lay the stretch of media that shows `elapsed` into the body on the timecode line."""
    for layer in stack:
        yield _offset(layer, cue, begin, elapsed, rate)


def _offset(layer: Layer, cue: VideoCue, begin: int, elapsed: int, rate: FrameRate) -> Osc:
    """A layer's frame is its MTC address, in frames of LAYER_RATE, plus this."""
    lag = MTC_ADDRESS_LAG_FRAMES * rate.flicks_per_frame
    flicks = media_position(cue, elapsed) - elapsed - begin + lag
    frame = LAYER_RATE.flicks_per_frame
    return _set(layer, "offset", (flicks + frame // 2) // frame)


def hold(stack: Sequence[Layer]) -> Iterator[Osc]:
    """Stand at the frame that is shown."""
    for layer in stack:
        yield _set(layer, "mtcfollow", 0)


def hide(stack: Sequence[Layer]) -> Iterator[Osc]:
    """Be loaded and unseen again."""
    for layer in stack:
        yield _set(layer, "visible", 0)
        yield _set(layer, "mtcfollow", 0)


def unload(stack: Sequence[Layer]) -> Iterator[Osc]:
    """Be gone."""
    for layer in stack:
        yield _set(layer, "visible", 0)
        yield Osc(f"{ROOT}/layer/unload", (layer.id,))


def opacity(stack: Sequence[Layer], value: float) -> Iterator[Osc]:
    """Let the picture through, 0.0 to 1.0."""
    for layer in stack:
        yield _set(layer, "opacity", min(1.0, max(0.0, value)))


def opacity_address(layer: Layer) -> str:
    """Where a layer's opacity is set."""
    return _address(layer, "opacity")


def _lie(layer: Layer) -> Iterator[Osc]:
    yield _set(layer, "position", layer.x, layer.y)
    yield _set(layer, "scale", layer.x_scale, layer.y_scale)


def _set(layer: Layer, what: str, *args: OscArgument) -> Osc:
    return Osc(_address(layer, what), args)


def _address(layer: Layer, what: str) -> str:
    return f"{ROOT}/layer/{layer.id}/{what}"
