"""Which cues to have ready, and which are."""

from cuems.core.arming import LOOK_AHEAD_CUES, Arming, LookAhead, look_ahead
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import Action, CueId
from cuems.core.effects import Arm, Disarm
from cuems.core.standing import Standing
from tests.build import action, audio, cues, order

A, B, C = (CueId(name) for name in "abc")


def ahead(running_order: RunningOrder, start: str | None) -> str:
    """The cues ahead, in capitals where the GO of `start` brings them about."""
    found = look_ahead(
        running_order,
        None if start is None else CueId(start),
        lambda cue: running_order[cue].enabled,
    )
    return " ".join(cue.upper() if automatic else cue for cue, automatic in found)


def test_the_automatic_chain_and_two_more_stops_are_ahead() -> None:
    show = order(
        audio("a", post="g"), audio("b"), audio("c", post="e"), audio("d"), audio("e"), audio("f")
    )
    assert ahead(show, "a") == "A B c d"


def test_nothing_is_ahead_of_nothing() -> None:
    assert ahead(order(audio("a")), None) == ""


def test_a_list_is_looked_into_and_climbed_out_of() -> None:
    show = order(cues("act", audio("a", post="g"), audio("b")), audio("c"), audio("d"))
    assert ahead(show, "act") == "ACT A B c d"


def test_disabled_and_timecode_cues_are_passed_over() -> None:
    show = order(
        audio("a", enabled=False), audio("t", timecode=True), audio("b", post="g"), audio("c")
    )
    assert ahead(show, "a") == "B C"


def test_a_chain_may_start_at_a_timecode_cue() -> None:
    show = order(audio("t", post="g", timecode=True), audio("b"))
    assert ahead(show, "t") == "T B"


def test_what_an_action_plays_is_ahead_with_its_own_chain() -> None:
    show = order(
        action("x", Action.PLAY, "act"),
        cues("act", audio("a", post="g"), audio("b"), audio("z")),
        action("y", Action.STOP, "c"),
        audio("c", enabled=False),
        action("w", Action.FADE_IN, "c"),
        action("v", Action.PLAY, "ghost"),
    )
    assert ahead(show, "x") == "X ACT A B z"
    assert ahead(show, "y") == "Y w v"


def test_circles_are_walked_once_and_long_chains_not_to_their_end() -> None:
    assert ahead(order(audio("a", post="g"), audio("b", post="g", target="a")), "a") == "A B"
    long = order(*(audio(f"c{number}", post="g") for number in range(LOOK_AHEAD_CUES + 9)))
    assert len(ahead(long, "c0").split()) == LOOK_AHEAD_CUES


def test_what_is_ahead_is_worked_out_anew_when_a_cue_is_disabled() -> None:
    standing = Standing(order(audio("a", post="g"), audio("b")))
    look = LookAhead(standing, 2)
    assert look.of(A) == ((A, True), (B, True))
    standing.set_enabled(B, False)
    assert look.of(A) == ((A, True),)
    assert look.of(None) == ()


def test_wanted_cues_are_armed_once_and_let_go_when_wanted_no_more() -> None:
    arming = Arming()
    assert list(arming.want({A: 0, B: 5}, ())) == [Arm(cue=A), Arm(cue=B, elapsed=5)]
    assert list(arming.want({A: 0, B: 5}, ())) == []
    assert list(arming.want({B: 5}, ())) == [Disarm(A)]


def test_a_cue_wanted_elsewhere_in_its_body_is_armed_again() -> None:
    arming = Arming()
    list(arming.want({A: 0}, ()))
    arming.proved(A)
    assert list(arming.want({A: 9}, ())) == [Arm(cue=A, elapsed=9)]
    assert arming.waiting_for([A]) == (A,)


def test_busy_players_are_neither_armed_nor_let_go() -> None:
    arming = Arming()
    list(arming.want({A: 0}, ()))
    assert list(arming.want({}, {A})) == []
    assert list(arming.want({B: 0}, {A, B})) == []


def test_what_is_proved_or_broken_is_not_waited_for() -> None:
    arming = Arming()
    list(arming.want({A: 0, B: 0, C: 0}, ()))
    arming.proved(A)
    arming.broke(B)
    assert arming.waiting_for([A, B, C]) == (C,)


def test_reports_on_cues_that_were_let_go_are_stale() -> None:
    arming = Arming()
    arming.proved(A)
    arming.broke(B)
    assert arming.waiting_for([A, B]) == (A, B)


def test_a_used_or_broken_player_is_armed_anew() -> None:
    arming = Arming()
    list(arming.want({A: 0, B: 0}, ()))
    arming.used(A)
    arming.used(A)
    arming.broke(B)
    arming.forget_broken()
    assert list(arming.want({A: 0, B: 0}, ())) == [Arm(cue=A), Arm(cue=B)]


def test_a_start_that_nobody_foresaw_is_armed_first() -> None:
    arming = Arming()
    assert list(arming.surprised(A, 3)) == [Arm(cue=A, elapsed=3)]
    assert list(arming.surprised(A, 3)) == []
