from cuems.core.foresight import AHEAD_NS, Foresight

DUE_NS = 5_000_000_000


def foreseen() -> Foresight:
    foresight = Foresight()
    assert foresight.look_at(DUE_NS) == DUE_NS - AHEAD_NS
    return foresight


def test_the_alarm_before_a_moment_has_it_decided_for() -> None:
    assert foreseen().turn(DUE_NS - AHEAD_NS, rang=True) == DUE_NS
    assert foreseen().turn(DUE_NS - 1, rang=True) == DUE_NS


def test_what_is_heard_before_a_moment_is_of_now() -> None:
    assert foreseen().turn(DUE_NS - 1, rang=False) == DUE_NS - 1


def test_an_alarm_for_something_earlier_is_of_now() -> None:
    now_ns = DUE_NS - AHEAD_NS - 1
    assert foreseen().turn(now_ns, rang=True) == now_ns


def test_a_moment_that_is_over_is_not_gone_back_to() -> None:
    assert foreseen().turn(DUE_NS, rang=True) == DUE_NS
    assert foreseen().turn(DUE_NS + 7, rang=True) == DUE_NS + 7


def test_where_nothing_is_due_every_turn_is_of_now() -> None:
    foresight = foreseen()
    assert foresight.look_at(None) is None
    assert foresight.turn(DUE_NS - 1, rang=True) == DUE_NS - 1
