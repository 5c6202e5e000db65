from cuems.core.events import Advance, LineFound, LineLost, Locate
from cuems.core.follow import FREEWHEEL_NS, OVERDUE_NS, REPORTS_EVERY_NS, LineFollower
from cuems.core.line import Line
from cuems.core.timecode import FLICKS_PER_S, from_ms

S = 1_000_000_000
ROLLING = Line(0, 0, rolling=True)
STANDING = Line(FLICKS_PER_S, 0, rolling=False)


def remote(line: Line = ROLLING) -> LineFollower:
    follower = LineFollower(remote=True)
    assert follower.hear(line, 0) == (LineFound(line.position),)
    return follower


def test_nothing_is_known_before_the_first_report() -> None:
    follower = LineFollower(remote=True)
    assert follower.state == "lost"
    assert follower.position_at(5) is None
    assert follower.moment_of(5) is None
    assert follower.next_wake_ns() is None
    assert follower.wake(100 * S) == ()


def test_between_reports_the_line_is_known_exactly() -> None:
    follower = remote()
    assert follower.wake(S // 2) == (Advance(FLICKS_PER_S // 2),)
    assert follower.moment_of(2 * FLICKS_PER_S) == 2 * S


def test_the_same_line_better_placed_is_no_locate_and_another_one_is() -> None:
    follower = remote()
    shifted = Line(from_ms(15), 0, rolling=True)
    assert follower.hear(shifted, S) == ()
    assert follower.position_at(S) == FLICKS_PER_S + from_ms(15)
    assert follower.hear(Line(0, S, rolling=True), S) == (Locate(0),)


def test_the_very_line_that_was_elsewhere_meanwhile_is_heard_of_late() -> None:
    follower = LineFollower(remote=True)
    follower.hear(Line(0, 0, rolling=False, began_ns=7), 0)
    rolled = Line(0, S, rolling=True, began_ns=7)
    assert follower.hear(rolled, 2 * S) == (Locate(FLICKS_PER_S, late=True),)
    put_there = Line(0, 3 * S, rolling=True, began_ns=3 * S)
    assert follower.hear(put_there, 3 * S) == (Locate(0),)


def test_states_are_those_of_a_chase() -> None:
    follower = remote()
    assert follower.state == "locked"
    follower.wake(OVERDUE_NS)
    assert follower.state == "freewheeling"
    assert follower.position_at(OVERDUE_NS) is not None
    follower.hear(Line(0, 0, rolling=True), OVERDUE_NS)
    assert follower.state == "locked"
    assert remote(STANDING).state == "stopped"


def test_when_reports_stay_away_the_line_freewheels_and_is_lost() -> None:
    follower = remote()
    lost_ns = REPORTS_EVERY_NS + FREEWHEEL_NS
    assert follower.next_wake_ns() == OVERDUE_NS
    assert follower.wake(OVERDUE_NS) == (Advance(OVERDUE_NS * FLICKS_PER_S // S),)
    assert follower.next_wake_ns() == lost_ns
    assert follower.wake(lost_ns) == (LineLost(),)
    assert follower.state == "lost"
    assert follower.position_at(lost_ns) is None
    assert follower.hear(ROLLING, 5 * S) == (LineFound(5 * FLICKS_PER_S),)


def test_a_report_that_cannot_be_placed_yet_is_locking() -> None:
    follower = LineFollower(remote=True)
    follower.expect(S)
    assert follower.state == "locking"
    assert follower.place(ROLLING, 2 * S) == (LineFound(2 * FLICKS_PER_S),)
    assert follower.next_wake_ns() == S + OVERDUE_NS


def test_knowing_the_clock_better_does_not_find_a_line_that_is_lost() -> None:
    follower = remote()
    follower.wake(10 * S)
    assert follower.place(ROLLING, 10 * S) == ()
    assert follower.state == "lost"


def test_a_line_in_the_same_process_is_internal() -> None:
    follower = LineFollower()
    follower.hear(ROLLING, 0)
    assert follower.state == "internal"
    follower.hear(STANDING, 0)
    assert follower.state == "internal, standing"
