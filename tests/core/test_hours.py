"""Opening hours being kept: at the second, after restarts, and whatever is done to the clock."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.hours import GRACE_S, PREPARE_S, STEP_S, Act, Begin, End, Hours, Prepare, ShutDown
from cuems.core.schedule import Schedule, Window

MIDNIGHT_S = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
HOUR_S = 3600


def clock(hour: int, minute: int = 0, second: int = 0) -> int:
    return MIDNIGHT_S + hour * HOUR_S + minute * 60 + second


def schedule(*, catch_up: bool = False, shut_down: bool = False) -> Schedule:
    """Ten minutes at 10:00, 11:00 and 12:00."""
    return Schedule(
        windows=(
            Window(
                name="day",
                zone=ZoneInfo("UTC"),
                start=time(10),
                end=time(12),
                project="welcome",
                run_s=600,
                every_s=HOUR_S,
                catch_up=catch_up,
                shut_down=shut_down,
            ),
        )
    )


def told(acts: tuple[Act, ...]) -> list[str]:
    return [type(act).__name__ for act in acts]


def played(hours: Hours, from_s: int, until_s: int) -> list[tuple[str, str]]:
    """What is done by whoever wakes exactly when told to, with its time of day."""
    found = [(told((act,))[0], from_s) for act in hours.wake(from_s)]
    now_s = from_s
    while (due_s := hours.next_due_s(now_s)) is not None and due_s <= until_s:
        now_s = due_s
        found += [(told((act,))[0], now_s) for act in hours.wake(now_s)]
    return [(name, datetime.fromtimestamp(s, UTC).strftime("%H:%M")) for name, s in found]


def test_a_day_is_prepared_begun_ended_and_shut_down_on_its_seconds() -> None:
    assert played(Hours(schedule(shut_down=True)), clock(8), clock(23)) == [
        ("Prepare", "09:59"), ("Begin", "10:00"), ("End", "10:10"),
        ("Prepare", "10:59"), ("Begin", "11:00"), ("End", "11:10"),
        ("Prepare", "11:59"), ("Begin", "12:00"), ("End", "12:10"), ("ShutDown", "12:10"),
    ]  # fmt: skip


def test_a_start_that_has_passed_is_skipped_unless_it_is_to_be_caught_up_with() -> None:
    assert told(Hours(schedule()).wake(clock(10, 5))) == []
    assert told(Hours(schedule(catch_up=True)).wake(clock(10, 5))) == ["Begin"]
    assert told(Hours(schedule(catch_up=True)).wake(clock(10, 10))) == []
    assert told(Hours(schedule()).wake(clock(10, 0, GRACE_S))) == ["Begin"]


def test_disabled_before_a_show_it_does_not_start() -> None:
    hours = Hours(schedule())
    hours.wake(clock(9))
    assert hours.enable(False, clock(9, 30)) == ()
    assert hours.next_due_s(clock(9, 30)) is None
    assert hours.wake(clock(10)) == ()


def test_disabled_during_a_show_it_stops_at_once_and_enabled_again_waits_for_the_next() -> None:
    hours = Hours(schedule(catch_up=True, shut_down=True))
    hours.wake(clock(10))
    assert told(hours.enable(False, clock(10, 1))) == ["End"]
    assert hours.enable(True, clock(10, 2)) == ()
    assert hours.next_due_s(clock(10, 2)) == clock(11) - PREPARE_S


def test_disabled_between_shows_nothing_more_happens() -> None:
    hours = Hours(schedule(shut_down=True))
    hours.wake(clock(12))
    hours.wake(clock(12, 10))
    assert hours.enable(False, clock(12, 11)) == ()
    assert hours.next_due_s(clock(12, 11)) is None


def test_a_show_that_a_restart_finds_running_still_ends_in_time() -> None:
    before = Hours(schedule())
    before.wake(clock(10))
    after = Hours(schedule(), before.kept)
    assert after.resume(clock(10, 5), goes_on=True) == ()
    assert after.next_due_s(clock(10, 5)) == clock(10, 10)
    assert told(after.wake(clock(10, 10))) == ["End"]


def test_after_a_restart_that_lost_the_show_it_is_begun_again_only_where_that_is_wanted() -> None:
    for catch_up, expected in ((False, []), (True, ["Begin"])):
        before = Hours(schedule(catch_up=catch_up))
        before.wake(clock(10))
        after = Hours(schedule(catch_up=catch_up), before.kept)
        assert told(after.resume(clock(10, 5), goes_on=False)) == expected


def test_a_show_whose_end_was_missed_is_ended_at_the_restart() -> None:
    before = Hours(schedule())
    before.wake(clock(10))
    after = Hours(schedule(), before.kept)
    assert told(after.resume(clock(10, 30), goes_on=True)) == ["End"]


def test_a_restart_within_the_second_of_a_start_does_not_start_twice() -> None:
    before = Hours(schedule())
    before.wake(clock(10))
    after = Hours(schedule(), before.kept)
    assert told(after.resume(clock(10), goes_on=True)) == []


def test_a_clock_put_forward_over_the_end_ends_and_skips_what_it_jumped_over() -> None:
    hours = Hours(schedule())
    hours.wake(clock(10))
    assert told(hours.wake(clock(11, 30))) == ["End"]
    assert hours.next_due_s(clock(11, 30)) == clock(12) - PREPARE_S


def test_a_clock_put_back_a_little_repeats_nothing() -> None:
    hours = Hours(schedule())
    assert told(hours.wake(clock(10))) == ["Begin"]
    assert hours.wake(clock(10) - STEP_S) == ()
    assert hours.wake(clock(10)) == ()
    assert told(hours.wake(clock(10, 10))) == ["End"]


def test_a_clock_that_was_years_ahead_does_not_keep_the_house_shut() -> None:
    hours = Hours(schedule())
    assert told(hours.wake(clock(10) + 10 * 365 * 24 * HOUR_S)) == ["Begin"]
    assert told(hours.wake(clock(9))) == ["End"]
    assert told(hours.wake(clock(10))) == ["Begin"]


def test_other_hours_with_a_start_to_catch_up_with_begin_it_once() -> None:
    hours = Hours(Schedule())
    hours.wake(clock(9))
    assert told(hours.replace(schedule(catch_up=True), clock(10, 1))) == ["Begin"]
    assert hours.replace(schedule(catch_up=True), clock(10, 2)) == ()


def test_other_hours_hold_from_the_next_start_on() -> None:
    hours = Hours(schedule())
    hours.wake(clock(10))
    assert hours.replace(Schedule(), clock(10, 1)) == ()
    assert told(hours.wake(clock(10, 10))) == ["End"]
    assert hours.next_due_s(clock(10, 10)) is None


@given(st.lists(st.integers(-200, 7200), max_size=60), st.booleans())
def test_whatever_the_clock_does_shows_begin_and_end_in_turn_and_in_their_time(
    steps_s: list[int], catch_up: bool
) -> None:
    hours = Hours(schedule(catch_up=catch_up, shut_down=True))
    now_s, running = clock(8), False
    begun: list[int] = []
    for step_s in steps_s:
        now_s += step_s
        for act in hours.wake(now_s):
            match act:
                case Begin(run):
                    assert not running
                    assert run.start_s <= now_s < run.end_s
                    assert catch_up or now_s - run.start_s <= GRACE_S
                    running = True
                    begun.append(run.start_s)
                case End():
                    assert running
                    running = False
                case ShutDown() | Prepare():
                    assert not running
        assert running == (hours.run is not None)
        due_s = hours.next_due_s(now_s)
        assert due_s is None or due_s > now_s
    if all(step_s >= -1 for step_s in steps_s):
        assert len(begun) == len(set(begun))
