from cuems.core.line import Line
from cuems.core.remote_line import RemoteLine
from cuems.core.timecode import FLICKS_PER_S

S, MS = 1_000_000_000, 1_000_000
AHEAD_NS = 7_000 * S  # how far the controller's clock is ahead of ours
LINE = Line(10 * FLICKS_PER_S, AHEAD_NS + 5 * S, rolling=True)


def answered(line: RemoteLine, at_ns: int, there_ns: int, back_ns: int) -> Line | None:
    heard_ns = at_ns + there_ns
    return line.probe(at_ns, heard_ns + AHEAD_NS, heard_ns + AHEAD_NS, heard_ns + back_ns)


def test_a_line_reported_before_the_clock_is_known_is_kept_and_placed_then() -> None:
    remote = RemoteLine()
    assert remote.report(LINE) is None
    placed = answered(remote, 6 * S, MS, MS)
    assert placed is not None
    assert placed.position_at(5 * S) == 10 * FLICKS_PER_S


def test_a_better_probe_places_the_line_anew_and_an_equal_one_does_not() -> None:
    remote = RemoteLine()
    answered(remote, 6 * S, 9 * MS, MS)
    first = remote.report(LINE)
    assert first is not None
    assert first.at_ns == 5 * S - 4 * MS
    better = answered(remote, 6 * S + 100 * MS, MS, MS)
    assert better is not None
    assert better.at_ns == 5 * S
    assert answered(remote, 6 * S + 200 * MS, 3 * MS, 3 * MS) is None


def test_a_first_probe_that_may_be_far_off_does_not_place_a_line_and_a_good_one_does() -> None:
    remote = RemoteLine()
    remote.report(LINE)
    assert answered(remote, 6 * S, 60 * MS, MS) is None
    assert remote.report(LINE) is None
    placed = answered(remote, 6 * S + 62 * MS, 2 * MS, MS)
    assert placed is not None
    assert abs(placed.at_ns - 5 * S) <= MS


def test_where_all_probes_are_slow_the_best_one_counts_after_a_while() -> None:
    remote = RemoteLine()
    remote.report(LINE)
    answers = [answered(remote, 6 * S + at * MS, 30 * MS, 25 * MS) for at in range(0, 200, 20)]
    placed = [at for at, answer in enumerate(answers) if answer is not None]
    assert placed == [5]
    assert remote.report(LINE) is not None


def test_its_error_is_half_the_round_trip_and_grows_with_age() -> None:
    remote = RemoteLine()
    assert remote.error_ns(0) is None
    assert remote.round_trip_ns is None
    answered(remote, 0, 3 * MS, MS)
    assert remote.round_trip_ns == 4 * MS
    assert remote.error_ns(4 * MS) == 2 * MS
    assert remote.error_ns(10 * S + 4 * MS) == 3 * MS


def test_another_controller_has_another_clock() -> None:
    remote = RemoteLine()
    answered(remote, 0, MS, MS)
    assert remote.report(LINE) is not None
    remote.forget()
    assert remote.report(LINE) is None
    assert answered(remote, S, 20 * MS, MS) is None  # nor is its clock known
