"""What stands: the pointer, what is enabled, what is kept loaded."""

from cuems.core.cues import CueId
from cuems.core.standing import Standing
from tests.build import audio, cues, order

A, B, C, ACT = (CueId(name) for name in ("a", "b", "c", "act"))


def standing(*letters: str) -> Standing:
    return Standing(order(*(audio(letter) for letter in letters or "abc")))


def test_the_first_cue_stands_by_at_first() -> None:
    assert standing().standby == A


def test_a_disabled_standby_passes_on_and_comes_back() -> None:
    show = standing()
    assert show.set_enabled(A, False)
    assert show.standby == B
    assert show.set_enabled(A, True)
    assert show.standby == A


def test_enabling_the_last_cue_makes_it_stand_by_again() -> None:
    show = standing("a")
    show.set_enabled(A, False)
    assert show.standby is None
    show.set_enabled(A, True)
    assert show.standby == A


def test_what_does_not_change_is_no_change() -> None:
    show = standing()
    before = show.version
    assert not show.set_enabled(A, True)
    assert show.version == before


def test_overrides_survive_the_way_to_the_top() -> None:
    show = standing()
    show.set_enabled(A, False)
    show.move_to(C)
    show.move_to_top()
    assert show.standby == B


def test_a_cue_is_kept_loaded_until_it_is_let_go() -> None:
    show = Standing(order(audio("a", autoload=True), audio("b")))
    assert show.kept_loaded == {A}
    assert show.keep_loaded(B)
    assert not show.keep_loaded(B)
    assert show.let_go(A)
    assert not show.let_go(A)
    assert show.kept_loaded == {B}


def looping() -> Standing:
    return Standing(order(cues("act", audio("a"), audio("b"), loop=0), audio("c"), audio("d")))


def test_the_stop_of_a_list_stands_by_again_when_the_list_begins_again() -> None:
    show = looping()
    show.move_past(ACT)
    show.move_past(B)
    assert show.standby == C
    show.begin_again(ACT)
    assert show.standby == B


def test_an_operator_who_has_gone_on_is_not_called_back() -> None:
    show = looping()
    show.move_past(ACT)
    show.move_to(C)
    show.begin_again(ACT)
    assert show.standby == C
    show.move_past(C)
    show.begin_again(ACT)
    assert show.standby == CueId("d")


def test_a_list_without_stops_leaves_the_standby_where_it_is() -> None:
    show = Standing(order(cues("act", audio("a"), loop=0), audio("c")))
    show.move_past(ACT)
    show.begin_again(ACT)
    assert show.standby == C


def test_a_list_that_is_the_last_of_the_show_has_nothing_to_stand_by() -> None:
    show = Standing(order(cues("act", audio("a"), loop=0)))
    show.move_past(ACT)
    show.begin_again(ACT)
    assert show.standby is None
