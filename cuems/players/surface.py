"""What the control surface may set of a node's players, by the path behind the node's uuid.

Source: interop.md 7.3 to 7.6, 2.4. Numbers are lenient (a fader at exactly 0 or 1 arrives as an
integer), and what leaves for a player has the type that it takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cuems.core.bus import PlayerValue
from cuems.core.cues import CueId
from cuems.core.errors import CuemsError
from cuems.players import dmx_player, mixer, video
from cuems.wire.osc import Osc, OscArgument, OscPacket

LEGACY = "/engine/players/"
CUE_CHANNELS = ("0", "1", mixer.MASTER)
COMPOSER = "videocomposer"

# What the composer's parameters take, by the last part of their address; * is any number of them.
COMPOSER_TYPES = {
    **dict.fromkeys(
        ("opacity", "rotation", "xscale", "yscale", "brightness", "contrast", "saturation", "hue",
         "gamma", "timescale", "fps"), "f"
    ),
    **dict.fromkeys(("scale", "position", "corner1", "corner2", "corner3", "corner4"), "ff"),
    **dict.fromkeys(
        ("visible", "autounload", "offset", "mtcfollow", "loop", "zorder", "seek",
         "corner_deform_enable", "corner_deform_hq", "reverse"), "i"
    ),
    "corner_deform": "f" * 12,
    "corners": "f" * 8,
    **dict.fromkeys(("play", "pause", "reset", "check"), ""),
}  # fmt: skip


class CannotSetError(CuemsError):
    """A path that sets nothing of this node, or a value that it does not take."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"nothing here can be set by {path}: expected {expected}")
        self.path = path


@dataclass(frozen=True, slots=True)
class SetFader:
    """A channel of the node's mixer, or its master."""

    channel: str
    gain: float


@dataclass(frozen=True, slots=True)
class SetCueVolume:
    """A channel of a cue's player, or its master; 0.0 to 1.0."""

    cue: CueId
    channel: str
    gain: float


@dataclass(frozen=True, slots=True)
class TellComposer:
    """A message for the video composer."""

    message: Osc


@dataclass(frozen=True, slots=True)
class TellDmxPlayer:
    """A packet for the DMX player."""

    packet: OscPacket


Setting = SetFader | SetCueVolume | TellComposer | TellDmxPlayer


def path_for(node: str, address: str) -> str | None:
    """What of an address is behind a node's uuid; None where it is for another node."""
    own, _, path = address.removeprefix(LEGACY).removeprefix("/").partition("/")
    return path if own == node else None


def setting(path: str, values: Sequence[PlayerValue]) -> Setting:
    """What is to be set.

    Raises:
        CannotSetError: nothing that is here.
    """
    match path.split("/"):
        case ["audio", "mixer", mixer.NUMBER, channel, "volume"] | ["audiomixer", channel]:
            return SetFader(channel, _gain(path, values))
        case ["audio", "cue", cue, channel, "volume"] if channel in CUE_CHANNELS:
            return SetCueVolume(CueId(cue), channel, min(1.0, _gain(path, values)))
        case ["video", *_, name] if COMPOSER not in path:
            return TellComposer(_master(path, name, values))
        case ["video", *rest] if COMPOSER in rest[:-1]:
            inner = rest[rest.index(COMPOSER) + 1 :]
            if inner in (["quit"], ["reset"]):
                raise CannotSetError(
                    path, "a layer or the master: the composer serves others as well"
                )
            return TellComposer(_composer(path, "/".join(inner), inner[-1], values))
        case ["dmx", "mixer", *rest]:
            return TellDmxPlayer(_dmx(path, "/".join(rest), values))
        case _:
            raise CannotSetError(path, "audio/…, video/… or dmx/mixer/…")


def _gain(path: str, values: Sequence[PlayerValue]) -> float:
    match values:
        case [int() | float() as gain, *_] if gain >= 0:
            return float(gain)
        case _:
            raise CannotSetError(path, f"one gain from 0, got {_shown(values)}")


def _master(path: str, name: str, values: Sequence[PlayerValue]) -> Osc:
    """Scale and corners as the ecosystem's page sends them: of all that is shown."""
    if name not in ("xscale", "yscale", "corner1", "corner2", "corner3", "corner4"):
        raise CannotSetError(path, "xscale, yscale, corner1 to corner4, or videocomposer/…")
    return _composer(path, f"master/{name}", name, values)


def _composer(path: str, rest: str, name: str, values: Sequence[PlayerValue]) -> Osc:
    return Osc(f"{video.ROOT}/{rest}", _typed(path, COMPOSER_TYPES.get(name), values))


def _typed(path: str, types: str | None, values: Sequence[PlayerValue]) -> tuple[OscArgument, ...]:
    if types is None:
        return tuple(values)
    if len(values) != len(types):
        raise CannotSetError(path, f"{len(types)} numbers, got {_shown(values)}")
    return tuple(_number(path, kind, value) for kind, value in zip(types, values, strict=True))


def _number(path: str, kind: str, value: PlayerValue) -> int | float:
    to_kind: Callable[[int | float], int | float] = float if kind == "f" else round
    if not isinstance(value, int | float):
        raise CannotSetError(path, f"a number, got {value!r}")
    return to_kind(value)


def _dmx(path: str, name: str, values: Sequence[PlayerValue]) -> OscPacket:
    """A frame goes as a scene of its own: the player takes it no other way."""
    match name, values:
        case "blackout", _:
            return dmx_player.DARK
        case "check" | "stoponlost", _:
            return Osc(f"/{name}")
        case "mtcfollow", [int() | float() as following]:
            return dmx_player.follow(bool(following))
        case "frame", [int() as universe, *slots] if _is_frame(slots):
            pairs = dict(zip(slots[::2], slots[1::2], strict=True))
            return dmx_player.scene_now({universe: {int(k): int(v) for k, v in pairs.items()}})
        case _:
            expected = "blackout, check, mtcfollow 0|1, or frame with universe, channel, level, …"
            raise CannotSetError(path, f"{expected}, got {_shown(values)}")


def _is_frame(slots: Sequence[PlayerValue]) -> bool:
    numbers = all(isinstance(value, int) for value in slots)
    return numbers and bool(slots) and len(slots) % 2 == 0


def _shown(values: Sequence[PlayerValue]) -> str:
    return ", ".join(map(repr, values)) or "nothing"
