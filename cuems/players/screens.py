"""Which screens a picture of mpv fills: a cue's outputs, through the node's mappings.

Sources: interop.md 5.5 (mappings name a screen by its DRM connector), the manual of mpv. A screen
has a process of its own. X servers spell connectors in their own ways (HDMI-A-1 is HDMI-1 there);
tried with mpv 0.35: `--fs-screen` counts the server's monitors in its own order, a name finds only
those that are one whole connector. On a bare graphics device one process shows at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from cuems.core.check_outputs import CUSTOM, Output, output_ids
from cuems.core.cues import UUID_LENGTH, Geometry, NodeId, VideoCue
from cuems.players.errors import CannotPlayError


class Display(Enum):
    """What draws the pictures on the screens; NONE: nothing, or nothing that we know."""

    NONE = auto()
    X11 = auto()
    WAYLAND = auto()
    DRM = auto()


@dataclass(frozen=True, slots=True)
class Connector:
    """A screen that is there; `card` is the graphics device it hangs on, where that matters."""

    name: str
    card: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen that a cue wants: a connector by name, or one by number, and how to fill it."""

    connector: str | int
    x_scale: float = 1.0
    y_scale: float = 1.0


def screens(
    cue: VideoCue, node: NodeId | None, mapped: Sequence[Output] | None
) -> tuple[Screen, ...]:
    """The screens a cue is shown on; none: the one that mpv takes by itself.

    `mapped` are the node's video outputs, None without mappings: then output N is screen N. A
    region of the canvas, and what names no output, is on the node's first.

    Raises:
        CannotPlayError: it names an output that is not there.
    """
    if node is None:
        return ()
    first = mapped[0].physical if mapped else None
    found: dict[str | int, Screen] = {}
    outputs = [one for one in cue.outputs if one.output_name[:UUID_LENGTH] == node]
    for output, name in zip(outputs, output_ids(cue, node), strict=True):
        connector = first if name.startswith(CUSTOM) else _connector(cue, name, mapped)
        if connector is not None:
            bent = output.geometry or Geometry()
            found.setdefault(connector, Screen(connector, bent.x_scale, bent.y_scale))
    if not found and first is not None:
        return (Screen(first),)
    return tuple(found.values())


def _connector(cue: VideoCue, name: str, mapped: Sequence[Output] | None) -> str | int:
    for known in mapped or ():
        if name == known.id:
            return known.physical
    if mapped is None:
        return int(name) if name.isdecimal() else name
    there = ", ".join(f"{known.id} ({known.physical})" for known in mapped) or "none"
    raise CannotPlayError(
        cue.name,
        f"video output {name!r} is not in this node's mappings: {there}",
        "choose another output, or add it to default_mappings.xml",
    )


def options(
    cue: VideoCue, wanted: Sequence[Screen], display: Display, there: Sequence[Connector] | None
) -> tuple[tuple[str, ...], ...]:
    """mpv's options for each of a cue's screens; one process each.

    `there` are the screens that are connected, in the display's order; None: nobody knows.

    Raises:
        CannotPlayError: one is not there, or they cannot be shown at once.
    """
    if display is Display.DRM and len(wanted) > 1:
        raise CannotPlayError(
            cue.name,
            f"{len(wanted)} screens at once are more than mpv shows on a bare graphics device",
            "run an X server, or cuems-videocomposer",
        )
    if not wanted:
        return ((),)
    return tuple((*_place(cue, one, display, there), *_scale(one)) for one in wanted)


def _place(
    cue: VideoCue, wanted: Screen, display: Display, there: Sequence[Connector] | None
) -> tuple[str, ...]:
    if display is Display.NONE:
        return ()
    if there is None:
        return _unseen(wanted, display)
    number = _number(wanted.connector, there)
    if number is None:
        raise _not_there(cue, wanted.connector, there)
    found = there[number]
    match display:
        case Display.X11:
            return (f"--fs-screen={number}",)
        case Display.WAYLAND:
            return (f"--fs-screen-name={found.name}",)
        case Display.DRM:
            card = (f"--drm-device={found.card}",) if found.card else ()
            return (f"--drm-connector={found.name}", *card)


def _unseen(wanted: Screen, display: Display) -> tuple[str, ...]:
    """The options for a screen of which nobody can tell whether it is there."""
    match wanted.connector, display:
        case int(number), Display.X11 | Display.WAYLAND:
            return (f"--fs-screen={number}",)
        case str(name), Display.X11 | Display.WAYLAND:
            return (f"--fs-screen-name={name}",)
        case str(name), Display.DRM:
            return (f"--drm-connector={name}",)
        case _:
            return ()


def _number(wanted: str | int, there: Sequence[Connector]) -> int | None:
    if isinstance(wanted, int):
        return wanted if wanted < len(there) else None
    names = [one.name for one in there]
    if wanted in names:
        return names.index(wanted)
    alike = [number for number, name in enumerate(names) if _plain(name) == _plain(wanted)]
    return alike[0] if len(alike) == 1 else None


def _plain(connector: str) -> str:
    """What its spellings have in common: HDMI-A-1, HDMI-1, HDMI1; DP-1, DisplayPort-1."""
    return connector.upper().replace("DISPLAYPORT", "DP").replace("-A-", "-").replace("-", "")


def _not_there(cue: VideoCue, wanted: str | int, there: Sequence[Connector]) -> CannotPlayError:
    what = wanted if isinstance(wanted, str) else f"number {wanted + 1}"
    names = ", ".join(one.name for one in there) or "none"
    return CannotPlayError(
        cue.name,
        f"there is no screen {what}; connected: {names}",
        "connect and switch it on, or map the output to one of those in default_mappings.xml",
    )


def _scale(wanted: Screen) -> tuple[str, ...]:
    scales = (("x", wanted.x_scale), ("y", wanted.y_scale))
    return tuple(f"--video-scale-{axis}={scale:g}" for axis, scale in scales if scale != 1.0)
