"""The exact moments of opening hours, compared with what a clock on the wall shows."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cuems.core.schedule import (
    EVERY_DAY,
    Schedule,
    Window,
    hours,
    next_starts,
    runs,
    runs_of_day,
)

MADRID = ZoneInfo("Europe/Madrid")
ZONES = (
    "UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "Asia/Tehran",
)  # fmt: skip
MONDAY = date(2026, 11, 23)


def window(start: str, end: str, **more: object) -> Window:
    return Window(
        name="w",
        zone=MADRID,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        **more,  # type: ignore[arg-type]
    )


def wall(moment_s: int, zone: ZoneInfo = MADRID) -> str:
    return datetime.fromtimestamp(moment_s, zone).strftime("%Y-%m-%d %H:%M:%S")


def at(text: str, zone: ZoneInfo = MADRID) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def test_a_show_starts_at_opening_time_and_then_at_every_interval_closing_time_included() -> None:
    found = list(runs_of_day(window("10:00", "11:00", every_s=1800, run_s=600), MONDAY))
    assert [wall(run.start_s)[11:] for run in found] == ["10:00:00", "10:30:00", "11:00:00"]
    assert [run.end_s - run.start_s for run in found] == [600, 600, 600]


def test_without_a_duration_a_show_runs_until_the_next_and_the_last_until_closing_time() -> None:
    found = list(runs_of_day(window("10:00", "11:15", every_s=1800), MONDAY))
    assert [(wall(run.start_s)[11:16], wall(run.end_s)[11:16]) for run in found] == [
        ("10:00", "10:30"),
        ("10:30", "11:00"),
        ("11:00", "11:15"),
    ]
    assert len(list(runs_of_day(window("10:00", "11:00", every_s=1800), MONDAY))) == 2


def test_without_an_interval_there_is_one_show_from_opening_to_closing_time() -> None:
    [run] = runs_of_day(window("22:00", "02:00", shut_down=True), MONDAY)
    assert (wall(run.start_s), wall(run.end_s)) == ("2026-11-23 22:00:00", "2026-11-24 02:00:00")
    assert run.shut_down_s == run.end_s


def test_outputs_are_let_go_of_at_closing_time_or_when_the_last_show_has_played_out() -> None:
    early = [*runs_of_day(window("10:00", "10:50", every_s=1800, run_s=60, shut_down=True), MONDAY)]
    late = [*runs_of_day(window("10:00", "10:30", every_s=1800, run_s=60, shut_down=True), MONDAY)]
    assert [run.shut_down_s and wall(run.shut_down_s)[11:16] for run in early] == [None, "10:50"]
    assert [run.shut_down_s and wall(run.shut_down_s)[11:16] for run in late] == [None, "10:31"]


def test_nothing_opens_on_other_days_nor_on_days_that_are_closed() -> None:
    weekend = window("10:00", "10:00", run_s=60, days=frozenset((5, 6)))
    schedule = Schedule(windows=(weekend,), closed=frozenset((date(2026, 11, 29),)))
    found = [wall(run.start_s)[:10] for run in islice(runs(schedule, at("2026-11-23")), 3)]
    assert found == ["2026-11-28", "2026-12-05", "2026-12-06"]


def test_the_shows_of_all_windows_come_in_the_order_of_their_starts() -> None:
    windows = (
        window("10:00", "12:00", every_s=3600, run_s=60),
        window("10:30", "11:30", every_s=3600, run_s=60),
    )
    found = next_starts(Schedule(windows=windows), at("2026-11-23 10:00"), 4)
    assert [wall(run.start_s)[11:16] for run in found] == ["10:30", "11:00", "11:30", "12:00"]


def test_where_nothing_ever_opens_there_is_no_next_show() -> None:
    never = window("10:00", "11:00", days=frozenset())
    assert next_starts(Schedule(windows=(never,)), at("2026-11-23"), 1) == []
    assert next_starts(Schedule(), at("2026-11-23"), 1) == []


def test_in_the_night_that_lacks_an_hour_what_is_put_forward_past_comes_at_once() -> None:
    # On 2026-03-29 Madrid goes from 02:00 straight to 03:00.
    opens_s, closes_s = hours(window("02:30", "04:00"), date(2026, 3, 29))
    assert (wall(opens_s)[11:16], wall(closes_s)[11:16]) == ("03:00", "04:00")
    assert closes_s - opens_s == 3600
    found = list(runs_of_day(window("01:00", "04:00", every_s=3600, run_s=60), date(2026, 3, 29)))
    assert [wall(run.start_s)[11:16] for run in found] == ["01:00", "03:00", "04:00"]


def test_in_the_night_with_an_hour_twice_a_window_opens_at_the_first_and_closes_at_the_last() -> (
    None
):
    # On 2026-10-25 Madrid has 02:00 to 03:00 twice.
    opens_s, closes_s = hours(window("02:15", "02:45"), date(2026, 10, 25))
    assert closes_s - opens_s == 3600 + 1800
    assert wall(opens_s)[11:16] == "02:15"
    assert wall(closes_s)[11:16] == "02:45"


days = st.dates(min_value=date(2000, 1, 3), max_value=date(2037, 12, 20))
minutes = st.times().map(lambda each: each.replace(second=0, microsecond=0))


def shown(day: date, zone: ZoneInfo) -> list[tuple[int, datetime]]:
    """Every minute of three days, with what a clock on the wall shows then."""
    noon = int(datetime.combine(day, time(12), tzinfo=UTC).timestamp())
    moments = range(noon - 48 * 3600, noon + 72 * 3600, 60)
    return [(s, datetime.fromtimestamp(s, zone).replace(tzinfo=None)) for s in moments]


@given(zone=st.sampled_from(ZONES), day=days, start=minutes, end=minutes)
@settings(max_examples=60, deadline=None)
def test_a_window_is_open_from_the_first_minute_shown_to_the_last(
    zone: str, day: date, start: time, end: time
) -> None:
    place = ZoneInfo(zone)
    one = Window(name="w", zone=place, start=start, end=end)
    opens_s, closes_s = hours(one, day)
    close_day = day + timedelta(days=1) if end < start else day
    opening, closing = datetime.combine(day, start), datetime.combine(close_day, end)
    clock = shown(day, place)
    exact = {wall for _, wall in clock}
    first = min(s for s, wall in clock if wall >= opening)
    assert opens_s == first
    if closing in exact:
        assert closes_s == max(s for s, wall in clock if wall == closing)
    else:
        assert closes_s == min(s for s, wall in clock if wall >= closing)
    assert opens_s <= closes_s


@given(
    zone=st.sampled_from(ZONES),
    day=days,
    start=minutes,
    end=minutes,
    every_s=st.integers(60, 20_000),
    run_s=st.integers(0, 60),
    from_s=st.integers(-200_000, 200_000),
)
@settings(max_examples=150, deadline=None)
def test_starts_are_inside_the_window_in_equal_steps_and_shows_do_not_overlap(
    zone: str, day: date, start: time, end: time, every_s: int, run_s: int, from_s: int
) -> None:
    one = Window(
        name="w", zone=ZoneInfo(zone), start=start, end=end, every_s=every_s, run_s=run_s,
        days=EVERY_DAY,
    )  # fmt: skip
    opens_s, closes_s = hours(one, day)
    found = list(runs_of_day(one, day))
    starts = [run.start_s for run in found]
    last_s = closes_s if run_s else closes_s - 1
    assert starts == list(range(opens_s, last_s + 1, every_s))
    assert all(run.start_s < run.end_s for run in found)
    assert all(a.end_s <= b.start_s for a, b in pairwise(found))
    later = [run for run in found if run.start_s >= opens_s + from_s]
    assert list(runs_of_day(one, day, opens_s + from_s)) == later
