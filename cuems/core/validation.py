"""What makes a show impossible to run: found before it is loaded, all of it at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.body import body_flicks
from cuems.core.cuelist import RunningOrder, wait_before, walk
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
    duplicates = tuple(_duplicates(show))
    circles = () if duplicates else _circles(order)  # who follows whom is not known among doubles
    return (*duplicates, *_dangling(show, order), *circles)


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
        speaks = isinstance(cue, ActionCue) and cue.message is not None
        if isinstance(cue, FadeCue) or (cue.action not in TARGETLESS and not speaks):
            yield _problem(cue, "action_target", "", "the id of the cue it acts on")
    elif cue.action_target not in order:
        yield _problem(cue, "action_target", cue.action_target, "the id of a cue of this show")


def _circles(order: RunningOrder) -> Iterator[ShowProblem]:
    """Cues that would fire again and again at one and the same moment."""
    passing = _Passing(order)
    for cue_id in order:
        cue = order[cue_id]
        if isinstance(cue, CueList) and cue.loop != 1 and cue.contents and passing.at_once(cue_id):
            yield _problem(cue, "loop", cue.loop, "1, for a list that takes no time")
    settled: set[CueId] = set()
    for cue_id in order:
        closing = _closes_circle(passing, cue_id, settled)
        if closing is not None:
            cue = order[closing]
            expected = "a chain that takes time before it comes back"
            yield _problem(cue, "target", cue.target or "next", expected)


def _closes_circle(passing: "_Passing", first: CueId, settled: set[CueId]) -> CueId | None:
    """A cue that leads back, without any time passing, to one that led to it."""
    if first in settled:
        return None
    trail: dict[CueId, Iterator[CueId]] = {first: passing.fired_with(first)}
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
            trail[after] = passing.fired_with(after)
    return None


class _Passing:
    """Which cues pass without any time, and what they fire; as authored, disabled cues left out."""

    def __init__(self, order: RunningOrder) -> None:
        self._order = order
        self._lists: dict[CueId, bool] = {}

    def _enabled(self, cue: CueId) -> bool:
        return self._order[cue].enabled

    def at_once(self, cue_id: CueId) -> bool:
        """Whether a cue's body can pass without any time, and without a GO."""
        cue = self._order[cue_id]
        if not isinstance(cue, CueList):
            return body_flicks(cue) == 0
        if cue_id not in self._lists:
            self._lists[cue_id] = False  # of a list that leads into itself it is not asked again
            self._lists[cue_id] = self._list_at_once(cue_id)
        return self._lists[cue_id]

    def _list_at_once(self, holder: CueId) -> bool:
        """Whether a list's chain comes to its end at the moment it begins."""
        at = self._order.first_child(holder, self._enabled)
        seen: set[CueId] = set()
        while at is not None and at not in seen:
            seen.add(at)
            cue = self._order[at]
            waits = 0 if cue.post_go is PostGo.GO else cue.post_wait_flicks
            if wait_before(cue) or waits or not self.at_once(at):
                return False
            following = self._order.next(at, self._enabled)
            if following is None or holder not in self._order.lists_around(following):
                return True
            if cue.post_go is PostGo.PAUSE or cue.post_wait_flicks:
                return False
            at = following
        return True

    def fired_with(self, cue_id: CueId) -> Iterator[CueId]:
        """The cues that fire at the very moment this one does."""
        cue = self._order[cue_id]
        if not cue.enabled or wait_before(cue):
            return
        first = self._order.first_child(cue_id, self._enabled)
        if first is not None:
            yield first
        if isinstance(cue, ActionCue) and cue.action in (Action.PLAY, Action.FADE_IN):
            yield from self._known(cue.action_target)
        if not cue.post_wait_flicks and self._hands_over_at_once(cue):
            yield from self._known(self._order.next(cue_id, self._enabled))

    def _hands_over_at_once(self, cue: AnyCue) -> bool:
        at_end = cue.post_go is PostGo.GO_AT_END and self.at_once(cue.id)
        return cue.post_go is PostGo.GO or at_end

    def _known(self, cue: CueId | None) -> Iterator[CueId]:
        if cue is not None and cue in self._order and self._enabled(cue):
            yield cue
