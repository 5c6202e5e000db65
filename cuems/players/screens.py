"""Which screens a picture of mpv fills: a cue's outputs, through the node's mappings.

Sources: interop.md 5.5 (mappings name a screen by its DRM connector), the manual of mpv. A screen
has a process of its own. X servers spell connectors in their own ways (HDMI-A-1 is HDMI-1 there).
Tried with mpv 0.35: `--fs-screen` counts the X server's monitors in its own order, a name finds
only those that are one whole connector. On Wayland (tried in weston 10) it knows no connectors, and
shows on the first screen whatever name it is given. On a bare graphics device one process shows at
a time.
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


MOST_ONE = {Display.WAYLAND: "mpv on Wayland", Display.DRM: "mpv on a bare graphics device"}


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
        CannotPlayError: one is not there, or mpv cannot be told to show on it.
    """
    if len(wanted) > 1 and display in MOST_ONE:
        raise _cannot(cue, f"{MOST_ONE[display]} shows no picture on {len(wanted)} screens")
    if not wanted:
        return ((),)
    return tuple((*_place(cue, one, display, there), *_scale(one)) for one in wanted)


def _place(
    cue: VideoCue, wanted: Screen, display: Display, there: Sequence[Connector] | None
) -> tuple[str, ...]:
    if display is Display.NONE:
        return ()
    if there is None:
        return _unseen(cue, wanted.connector, display)
    number = number_of(wanted.connector, there)
    if number is None:
        raise _not_there(cue, wanted.connector, there)
    found = there[number]
    match display:
        case Display.X11:
            return (f"--fs-screen={number}",)
        case Display.WAYLAND if len(there) > 1 and wanted.connector != 0:
            names = ", ".join(one.name for one in there)
            raise _cannot(cue, f"{MOST_ONE[display]} cannot be told which screen to take: {names}")
        case Display.WAYLAND:
            return ()
        case Display.DRM:
            card = (f"--drm-device={found.card}",) if found.card else ()
            return (f"--drm-connector={found.name}", *card)


def _unseen(cue: VideoCue, wanted: str | int, display: Display) -> tuple[str, ...]:
    """The options for a screen of which nobody can tell whether it is there."""
    if display is Display.DRM and isinstance(wanted, str):
        return (f"--drm-connector={wanted}",)  # mpv itself refuses one that is not there
    if wanted == 0:
        return ()
    raise _cannot(cue, f"this display does not tell which of its screens is {_told(wanted)}")


def number_of(wanted: str | int, there: Sequence[Connector]) -> int | None:
    """Which of the screens that are there a connector is; None: none of them."""
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
    names = ", ".join(one.name for one in there) or "none"
    return CannotPlayError(
        cue.name,
        f"there is no screen {_told(wanted)}; connected: {names}",
        "connect and switch it on, or map the output to one of those in default_mappings.xml",
    )


def _cannot(cue: VideoCue, problem: str) -> CannotPlayError:
    return CannotPlayError(cue.name, problem, "run an X server, or cuems-videocomposer")


def _told(wanted: str | int) -> str:
    return wanted if isinstance(wanted, str) else f"number {wanted + 1}"


def _scale(wanted: Screen) -> tuple[str, ...]:
    scales = (("x", wanted.x_scale), ("y", wanted.y_scale))
    return tuple(f"--video-scale-{axis}={scale:g}" for axis, scale in scales if scale != 1.0)
