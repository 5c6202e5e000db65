"""What makes a show impossible to run, found before the night; and what only looks like it."""

import cProfile
import pstats

import pytest
from hypothesis import given, settings

from cuems.core.chains import Scope
from cuems.core.cues import Action, AnyCue, CueId
from cuems.core.events import Advance, Go, LineFound
from cuems.core.sequencer import Sequencer
from cuems.core.validation import InvalidShowError, problems
from tests.build import action, audio, cues, fade, order, show
from tests.core.random_shows import EVERYTHING, contents


def found(*made: AnyCue) -> list[str]:
    return [f"{problem.cue} {problem.field} {problem.value}" for problem in problems(show(*made))]


def test_a_sound_show_has_no_problems() -> None:
    assert found(cues("act", audio("a", post="g"), audio("b", post="e")), audio("c")) == []


def test_an_id_that_comes_twice_is_named_once_for_each_repetition() -> None:
    assert found(audio("a"), cues("act", audio("a")), audio("a")) == ["a id a", "a id a"]


def test_the_list_itself_may_not_share_an_id_with_a_cue() -> None:
    assert found(audio("root")) == ["root id root"]


def test_targets_that_are_not_there_are_named() -> None:
    made = (
        audio("a", target="ghost"),
        action("b", Action.PLAY, "gone"),
        fade("c", "lost", 0, 10),
        audio("d"),
    )
    assert found(*made) == ["a target ghost", "b action_target gone", "c action_target lost"]


def test_an_action_needs_a_target_unless_it_is_about_the_show() -> None:
    assert found(action("a", Action.STOP), action("b", Action.WAIT)) == ["a action_target "]
    show_actions = (Action.WAIT, Action.PAUSE_PROJECT, Action.RESUME_PROJECT)
    assert found(*(action(f"{number}", what) for number, what in enumerate(show_actions))) == []


def test_every_problem_is_one_line_and_names_cue_field_value_and_what_was_expected() -> None:
    error = InvalidShowError(problems(show(audio("a", target="ghost"), audio("a"))))
    assert str(error).splitlines() == [
        "cue 'a' a: id 'a': expected an id that no other cue has",
        "cue 'a' a: target 'ghost': expected the id of a cue of this show",
    ]


INSTANT: dict[str, list[AnyCue]] = {
    "a cue that continues to itself": [audio("a", 1000, "g", target="a")],
    "two that continue to each other": [audio("a", 9, "g"), audio("b", 9, "g", target="a")],
    "two of no length that follow each other": [audio("a", 0, "e"), audio("b", 0, "e", target="a")],
    "an action that plays what leads to it": [
        audio("a", 1000, "g"),
        action("b", Action.PLAY, "a"),
    ],
    "an action that fades in what leads to it": [
        audio("a", 1000, "g"),
        action("b", Action.FADE_IN, "a"),
    ],
    "over a disabled cue": [
        audio("a", 9, "g"),
        audio("off", 9, "p", enabled=False, pre=100, target="a"),
    ],
    "out of a list and back into it": [
        cues("act", audio("a", 9, "g")),
        audio("b", 9, "g", target="act"),
    ],
    "a list of nothing that follows itself": [cues("act", post="e", target="act")],
    "a list that passes at once and follows itself": [
        cues("act", audio("a", 0, "e"), audio("b", 0), post="e", target="act")
    ],
    "lists in lists": [
        cues("outer", cues("inner", audio("a", 0)), post="e"),
        audio("b", 0, "e", target="outer"),
    ],
    "a list whose first cue is disabled": [
        cues("act", audio("off", 9, enabled=False), audio("a", 9, "g", target="act"))
    ],
    "a looping list that takes no time": [cues("act", audio("a", 0, "e"), audio("b", 0), loop=2)],
    "by way of a timecode cue's chain": [
        audio("t", 9, "g", pre=5000, timecode=True),
        action("b", Action.PLAY, "t"),
    ],
}


@pytest.mark.parametrize("name", INSTANT)
def test_a_circle_without_time_is_found(name: str) -> None:
    assert len(found(*INSTANT[name])) == 1


TAKING_TIME: dict[str, list[AnyCue]] = {
    "the bodies take time": [audio("a", 10, "e"), audio("b", 10, "e", target="a")],
    "a pre-wait takes time": [audio("a", 0, "g", pre=1), audio("b", 0, "g", target="a")],
    "a post-wait takes time": [audio("a", 0, "g", wait=1), audio("b", 0, "g", target="a")],
    "a post-wait after the end takes time": [audio("a", 0, "e", wait=1, target="a")],
    "an operator takes time": [audio("a", 0), audio("b", 0, "g", target="a")],
    "the operator stands between": [audio("a", 0, "p", target="a")],
    "a list waits for a GO": [
        cues("act", audio("a", 0), audio("b", 0), post="e", target="act"),
    ],
    "a cue of a list takes time": [
        cues("act", audio("a", 0, "e"), audio("b", 10), post="e", target="act")
    ],
    "a wait inside a list takes time": [
        cues("act", audio("a", 0, "g", wait=1), audio("b", 0), post="e", target="act")
    ],
    "the last cue of a list waits": [cues("act", audio("a", 0, wait=1), post="e", target="act")],
    "a looping list takes time": [cues("act", audio("a", 10), loop=0)],
    "a list that loops on its GOs": [cues("act", audio("a", 0), audio("b", 0), loop=0)],
    "an empty list that loops is over at once": [cues("act", loop=0)],
    "a stop action leads nowhere": [audio("a", 9, "g"), action("b", Action.STOP, "a")],
    "the way back is disabled": [
        audio("a", 9, "g"),
        action("b", Action.PLAY, "a", enabled=False),
    ],
    "its target is disabled": [
        audio("a", 9, "g", enabled=False),
        action("b", Action.PLAY, "a", "g"),
    ],
    "a loop that goes on until it is stopped": [audio("a", 10, "e", loop=0, target="a")],
}


@pytest.mark.parametrize("name", TAKING_TIME)
def test_a_circle_that_takes_time_is_no_problem(name: str) -> None:
    assert found(*TAKING_TIME[name]) == []


def test_a_target_that_is_not_there_does_not_hide_a_circle_elsewhere() -> None:
    made = (audio("a", target="ghost"), audio("b", 0, "g", target="b"))
    assert found(*made) == ["a target ghost", "b target b"]


@settings(deadline=None)
@given(made=contents(EVERYTHING))
def test_a_circle_ends_at_run_time_too(made: list[AnyCue]) -> None:
    """Enabling a cue can close a circle that nobody authored: the sequencer does not hang."""
    running_order = order(*made)
    sequencer = Sequencer(running_order, Scope(frozenset(), frozenset()))
    sequencer.handle(LineFound(0))
    for run_seq, cue in enumerate(running_order):
        sequencer.handle(Go(run_seq=run_seq, cue=CueId(cue), at=0))
    for _ in range(3):
        sequencer.handle(Advance(0))
    due = sequencer.next_due()
    assert due is None or due > 0


def work(*made: AnyCue) -> int:
    """How many function calls it takes to check a show: exact, whatever the machine does."""
    checked, profile = show(*made), cProfile.Profile()
    profile.enable()
    assert problems(checked) == ()
    profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def group(number: int) -> AnyCue:
    inside = (audio(f"c{number}.{i}", 0, "ge"[i % 2]) for i in range(9))
    return cues(f"g{number}", *inside, post="g")


def test_ten_times_the_cues_cost_ten_times_the_work() -> None:
    assert work(*map(group, range(1000))) < 11 * work(*map(group, range(100)))


def nested(depth: int) -> AnyCue:
    made: AnyCue = audio("heart", 0)
    for level in range(depth):
        made = cues(f"l{level}", made, post="e")
    return made


def test_lists_within_lists_are_looked_into_once() -> None:
    """A chain climbs out of its lists: the square of the depth at most."""
    assert work(nested(80)) < 16 * work(nested(20))
