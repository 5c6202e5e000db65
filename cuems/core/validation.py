"""What makes a show impossible to run: found before it is loaded, all of it at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.body import body_flicks
from cuems.core.cuelist import RunningOrder, walk
from cuems.core.cues import Action, ActionCue, AnyCue, CueId, CueList, FadeCue, PostGo, Show
from cuems.core.errors import CuemsError

TARGETLESS = frozenset({Action.WAIT, Action.PAUSE_PROJECT, Action.RESUME_PROJECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProblem:
    """One reason why a show cannot run: the cue, its field, the value, and what was expected."""

    cue: CueId
    name: str
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return (
            f"cue {self.name!r} {self.cue}: {self.field} {self.value!r}: expected {self.expected}"
        )


class InvalidShowError(CuemsError):
    """A show that cannot run; every problem found, one a line."""

    def __init__(self, problems: tuple[ShowProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def problems(show: Show) -> tuple[ShowProblem, ...]:
    """Everything about a show's references and timing that would break it on the night."""
    order = RunningOrder(show)
    return (*_duplicates(show), *_dangling(show, order), *_circles(order))


def _problem(cue: AnyCue, field: str, value: object, expected: str) -> ShowProblem:
    return ShowProblem(cue=cue.id, name=cue.name, field=field, value=str(value), expected=expected)


def _duplicates(show: Show) -> Iterator[ShowProblem]:
    seen: set[CueId] = set()
    for cue in walk(show.cue_list):
        if cue.id in seen:
            yield _problem(cue, "id", cue.id, "an id that no other cue has")
        seen.add(cue.id)


def _dangling(show: Show, order: RunningOrder) -> Iterator[ShowProblem]:
    for cue in walk(show.cue_list):
        if cue.target is not None and cue.target not in order:
            yield _problem(cue, "target", cue.target, "the id of a cue of this show")
        if isinstance(cue, ActionCue | FadeCue):
            yield from _dangling_action(cue, order)


def _dangling_action(cue: ActionCue | FadeCue, order: RunningOrder) -> Iterator[ShowProblem]:
    if cue.action_target is None:
        if isinstance(cue, FadeCue) or cue.action not in TARGETLESS:
            yield _problem(cue, "action_target", "", "the id of the cue it acts on")
    elif cue.action_target not in order:
        yield _problem(cue, "action_target", cue.action_target, "the id of a cue of this show")


def _circles(order: RunningOrder) -> Iterator[ShowProblem]:
    """Cues that would fire again and again at one and the same moment."""
    for cue_id in order:
        cue = order[cue_id]
        if isinstance(cue, CueList) and cue.loop != 1 and cue.contents and is_instant(cue):
            yield _problem(cue, "loop", cue.loop, "1, for a list that takes no time")
    settled: set[CueId] = set()
    for cue_id in order:
        closing = _closes_circle(order, cue_id, settled)
        if closing is not None:
            cue = order[closing]
            yield _problem(
                cue, "target", cue.target or "next", "a chain that takes time before it comes back"
            )


def _closes_circle(order: RunningOrder, first: CueId, settled: set[CueId]) -> CueId | None:
    """A cue that leads back, without any time passing, to one that led to it."""
    if first in settled:
        return None
    trail: dict[CueId, Iterator[CueId]] = {first: _fired_at_once(order, first)}
    while trail:
        cue, following = next(reversed(trail.items()))
        after = next(following, None)
        if after is None:
            settled.add(cue)
            del trail[cue]
        elif after in trail:
            settled.update(trail)
            return cue
        elif after not in settled:
            trail[after] = _fired_at_once(order, after)
    return None


def is_instant(cue: AnyCue) -> bool:
    """Whether a cue's body can pass without any time."""
    if isinstance(cue, CueList):
        return all(_passes_at_once(child) for child in cue.contents if child.enabled)
    return body_flicks(cue) == 0


def _passes_at_once(cue: AnyCue) -> bool:
    return is_instant(cue) and cue.pre_wait_flicks == cue.post_wait_flicks == 0


def _fired_at_once(order: RunningOrder, cue_id: CueId) -> Iterator[CueId]:
    """The cues that fire at the very moment this one does."""
    cue = order[cue_id]
    if cue.pre_wait_flicks:
        return
    if isinstance(cue, CueList) and cue.contents:
        yield cue.contents[0].id
    if isinstance(cue, ActionCue) and cue.action is Action.PLAY:
        yield from _known(order, cue.action_target)
    follows = cue.post_go is PostGo.GO or (cue.post_go is PostGo.GO_AT_END and is_instant(cue))
    if follows and not cue.post_wait_flicks:
        yield from _known(order, order.successor(cue_id))


def _known(order: RunningOrder, cue: CueId | None) -> Iterator[CueId]:
    if cue is not None and cue in order:
        yield cue
