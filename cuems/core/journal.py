"""What happened to a show, as values: what a controller took in, and what it did about it.

A controller's input is one ordered stream of events, so the events of a run are all that is
needed to have it again (`cuems replay`); the effects stand beside them, to compare. One record is
one event with its effects. A run begins with `Opened`, and again wherever a project is loaded;
`continues` names the run before it of the same process, whose events it needs.
"""

from dataclasses import dataclass

from cuems.core.bus import BusMessage, Source
from cuems.core.desk import (
    Answer,
    Asked,
    ControllerEffect,
    ControllerEvent,
    ProjectRead,
    Publish,
)
from cuems.core.reports import NodeReport
from cuems.core.rules import Rules
from cuems.core.stands import Stands
from cuems.core.status import CueEnabled, CueName, CuePlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run begins, at a moment of the wall clock; `rules` are those of the process."""

    run: str
    wall_ns: int
    version: str
    continues: str = ""
    rules: Rules


@dataclass(frozen=True, slots=True)
class ShowKept:
    """A `ProjectRead`; the show is in a file of the run."""

    load_seq: int
    file: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class Lost:
    """So many records could not be kept before this one, and why."""

    records: int
    reason: str


@dataclass(frozen=True, slots=True)
class NodeTold:
    """A node was told something by its controller."""

    message: BusMessage


@dataclass(frozen=True, slots=True)
class NodeSaid:
    """A node said something to its controller."""

    report: NodeReport


Happened = Opened | ShowKept | Lost | Stands | ControllerEvent | NodeTold | NodeSaid


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that happened, at monotonic moment `at_ns` with the line at `position`.

    Records of a run are numbered from 1; a number that is missing was lost.
    """

    number: int
    at_ns: int
    position: int
    what: Happened
    effects: tuple[ControllerEffect, ...] = ()


def show_file(load_seq: int) -> str:
    """The file of a run that holds the show of a load."""
    return f"show-{load_seq}.xml"


def kept(event: ControllerEvent) -> Happened:
    """An event as a record has it: no show in it, and clients by what they are called."""
    match event:
        case ProjectRead(load_seq, _, source):
            return ShowKept(load_seq, show_file(load_seq), source)
        case Asked():
            return asked_by_name(event)
        case _:
            return event


def asked_by_name(asked: Asked) -> Asked:
    """What was asked, with whoever asked as text."""
    return Asked(
        client=None if asked.client is None else str(asked.client),
        address=asked.address,
        command=asked.command,
        now_ns=asked.now_ns,
        position=asked.position,
    )


def kept_effects(
    event: ControllerEvent, effects: tuple[ControllerEffect, ...]
) -> tuple[ControllerEffect, ...]:
    """The effects of an event as a record has them.

    What is published of each cue at a load is left out: it is in the show.
    """
    loads = isinstance(event, ProjectRead)
    return tuple(
        Answer(asked_by_name(effect.asked), effect.reason) if isinstance(effect, Answer) else effect
        for effect in effects
        if not (loads and _is_in_show(effect))
    )


def _is_in_show(effect: ControllerEffect) -> bool:
    match effect:
        case Publish(CueName() | CueEnabled() | CuePlay()):
            return True
        case _:
            return False
