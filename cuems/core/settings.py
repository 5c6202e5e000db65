"""What can be set: one typed value, and for each of its fields what it is and may be.

Values are put together from layers, the later over the earlier: what is built in, the
ecosystem's settings.xml, settings.toml, the environment, and the command line. A crew changes
those that are live while a show runs; every machine of the rig is told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from cuems.core.errors import CuemsError

Value = int | str
SHOWN_CHARACTERS = 60
LONGEST_TEXT = 4096


class Takes(StrEnum):
    """When another value takes effect."""

    AT_ONCE = "at once"
    NEXT_LOAD = "with the next load"
    NEXT_START = "with the next start"


class Resume(StrEnum):
    """What a controller does that finds the show it was in the middle of when it died."""

    ASK = "ask"  # stands where it was, paused, and waits for the operator
    AUTO = "auto"  # goes on by itself
    OFF = "off"  # starts afresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a setting is: its unit, its bounds (inclusive), and when a change takes effect."""

    name: str
    default: Value
    text: str
    unit: str
    low: int | None
    high: int | None
    choices: tuple[str, ...]
    takes: Takes

    @property
    def live(self) -> bool:
        """Whether it can be changed while a show runs."""
        return self.takes is not Takes.NEXT_START

    @property
    def expected(self) -> str:
        """What to write."""
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        if isinstance(self.default, str):
            return "a text"
        return f"a whole number from {self.low} to {self.high} {self.unit}".strip()


class SettingError(CuemsError):
    """A setting that cannot be set so; the text names it, the value, and what was expected."""


class UnknownSettingError(SettingError):
    """A name that is none."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:SHOWN_CHARACTERS]!r} is no setting: expected one of {', '.join(BY_NAME)}"
        )


def _whole(default: int, low: int, high: int, unit: str, text: str, takes: Takes) -> Any:
    about = {"text": text, "unit": unit, "low": low, "high": high, "takes": takes}
    return field(default=default, metadata=about)


def _text(default: str, text: str, takes: Takes, *choices: str) -> Any:
    return field(default=default, metadata={"text": text, "choices": choices, "takes": takes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this rig is run. Texts that are empty stand for what the program finds by itself."""

    min_go_ms: int = _whole(
        200, 0, 10_000, "ms", "A GO sooner after the one before is refused", Takes.AT_ONCE
    )
    go_patience_ms: int = _whole(
        2000, 100, 60_000, "ms", "A GO that reaches a node later than this is refused",
        Takes.AT_ONCE,
    )  # fmt: skip
    lead_cap_ms: int = _whole(
        200, 40, 2000, "ms", "A GO is stamped at most so far ahead, however slow the rig answers",
        Takes.AT_ONCE,
    )  # fmt: skip
    panic_ms: int = _whole(
        2000, 0, 60_000, "ms", "How long a panic fades before everything stops", Takes.AT_ONCE
    )
    freewheel_frames: int = _whole(
        50, 2, 1500, "frames", "How long timecode that is gone is rolled on", Takes.AT_ONCE
    )
    look_ahead_stops: int = _whole(
        2, 0, 16, "stops", "How many stops beyond the standby are kept armed", Takes.NEXT_LOAD
    )
    chain_timing: str = _text(
        "sequential", "Whether the waits of an auto-continue chain add up, or count from its GO",
        Takes.NEXT_LOAD, "sequential", "shared",
    )  # fmt: skip
    on_locate: str = _text(
        "chase", "Whether what runs follows a jump of timecode, or timecode only triggers",
        Takes.NEXT_LOAD, "chase", "trigger",
    )  # fmt: skip
    opening_hours: str = _text(
        "on", "Whether shows start and stop by schedule.toml", Takes.AT_ONCE, "on", "off"
    )
    resume: str = _text(
        "ask", "After a crash: stand paused where the show was, go on by itself, or start afresh",
        Takes.NEXT_START, *map(str, Resume),
    )  # fmt: skip
    journal_mb: int = _whole(
        512, 16, 1_000_000, "MB", "How much the record of all shows may take on the disk",
        Takes.NEXT_START,
    )  # fmt: skip
    library: str = _text("", "Folder of projects and media", Takes.NEXT_START)
    control: str = _text("", "Control surface, HOST:PORT", Takes.NEXT_START)
    bus: str = _text("", "Node bus, a URL", Takes.NEXT_START)
    mtc: str = _text("", "Timecode: auto, bus, internal, off, or a MIDI port", Takes.NEXT_START)
    dmx: str = _text("", "Where lights go", Takes.NEXT_START)


def _described() -> Iterator[Setting]:
    for each in fields(Settings):
        yield Setting(
            name=each.name,
            default=each.default,  # type: ignore[arg-type]
            text=each.metadata["text"],
            unit=each.metadata.get("unit", ""),
            low=each.metadata.get("low"),
            high=each.metadata.get("high"),
            choices=each.metadata.get("choices", ()),
            takes=each.metadata["takes"],
        )


BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in _described()}


def checked(name: str, value: object) -> Value:
    """A value for a setting, numbers also as text; raises SettingError."""
    setting = BY_NAME.get(name)
    if setting is None:
        raise UnknownSettingError(name)
    if isinstance(setting.default, int):
        number = _number(value)
        if number is not None and (setting.low or 0) <= number <= (setting.high or 0):
            return number
    elif isinstance(value, str) and _is_fit(value, setting.choices):
        return value
    raise SettingError(f"{name}: {_shown(value)}: expected {setting.expected}")


def _is_fit(text: str, choices: tuple[str, ...]) -> bool:
    return text in choices if choices else len(text) <= LONGEST_TEXT and text.isprintable()


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number == number // 1 and abs(number) < 1 << 53 else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def changed(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one of them changed while a show runs; raises SettingError."""
    checked_value = checked(name, value)
    if not BY_NAME[name].live:
        raise SettingError(f"{name} cannot be changed while the engine runs: it takes effect"
                           f" {BY_NAME[name].takes}; set it in settings.toml")  # fmt: skip
    return replace(settings, **{name: checked_value})  # type: ignore[arg-type]


def differences(before: Settings, after: Settings) -> Iterator[tuple[str, Value]]:
    """What is other in `after`."""
    for name in BY_NAME:
        value: Value = getattr(after, name)
        if value != getattr(before, name):
            yield name, value


# ---- layers


@dataclass(frozen=True, slots=True)
class Layer:
    """Some settings, and where they are from, in words for people.

    What a `fixed` layer says cannot be changed while the engine runs: at the next start it would
    say it again.
    """

    source: str
    values: Mapping[str, Value]
    fixed: bool = False


BUILT_IN = Layer("built in", {name: setting.default for name, setting in BY_NAME.items()})


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings that hold, and which layer each is from."""

    settings: Settings
    layers: Mapping[str, Layer]

    @property
    def fixed(self) -> tuple[tuple[str, str], ...]:
        """The settings that cannot be changed by a command, each with the reason."""
        return tuple(
            (name, f"{name} is fixed by {layer.source}: change it there")
            for name, layer in self.layers.items()
            if layer.fixed
        )


def layer(source: str, values: Mapping[str, object], *, fixed: bool = False) -> Layer:
    """A layer whose values have been checked; raises SettingError with its source."""
    try:
        return Layer(source, {name: checked(name, value) for name, value in values.items()}, fixed)
    except SettingError as error:
        raise SettingError(f"{source}: {error}") from error


def resolve(layers: Iterable[Layer]) -> Resolved:
    """The later over the earlier, all of them over what is built in."""
    values: dict[str, Value] = dict(BUILT_IN.values)
    sources = dict.fromkeys(values, BUILT_IN)
    for each in layers:
        values |= each.values
        sources |= dict.fromkeys(each.values, each)
    return Resolved(Settings(**values), sources)  # type: ignore[arg-type]
