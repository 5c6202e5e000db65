from hypothesis import given
from hypothesis import strategies as st

from cuems.core.clock_offset import DRIFT_PPM, PROBES, ClockOffset

S = 1_000_000_000
MS = 1_000_000

offsets = st.integers(-(10**18), 10**18)
delays = st.integers(0, 100 * MS)


def exchange(
    clock: ClockOffset, *, offset: int, at: int, there: int, back: int, held: int = 0
) -> int:
    """Probe a remote clock `offset` ahead over a link with these delays; when it was over, here."""
    heard = at + there
    received = heard + held + back
    clock.probe(at, heard + offset, heard + held + offset, received)
    return received


def test_nothing_is_known_before_the_first_probe() -> None:
    clock = ClockOffset()
    assert (clock.offset_ns, clock.round_trip_ns, clock.error_ns(0), clock.to_local_ns(5)) == (
        None,
        None,
        None,
        None,
    )


def test_a_link_that_is_the_same_both_ways_gives_the_exact_offset() -> None:
    clock = ClockOffset()
    exchange(clock, offset=7 * S, at=100, there=3 * MS, back=3 * MS, held=40 * MS)
    assert clock.offset_ns == 7 * S
    assert clock.round_trip_ns == 6 * MS
    assert clock.to_local_ns(7 * S + 55) == 55


@given(offsets, delays, delays, st.integers(0, S))
def test_one_probe_is_wrong_by_half_the_asymmetry(
    offset: int, there: int, back: int, held: int
) -> None:
    clock = ClockOffset()
    exchange(clock, offset=offset, at=0, there=there, back=back, held=held)
    assert clock.offset_ns is not None
    assert 2 * abs(clock.offset_ns - offset) <= abs(there - back) + 1


@given(offsets, st.lists(st.tuples(delays, delays), min_size=1, max_size=40))
def test_the_error_is_never_above_its_bound_nor_above_half_the_shortest_recent_round_trip(
    offset: int, links: list[tuple[int, int]]
) -> None:
    clock, now = ClockOffset(), 0
    for turn, (there, back) in enumerate(links):
        now = exchange(clock, offset=offset, at=turn * S, there=there, back=back)
    error, bound = clock.offset_ns, clock.error_ns(now)
    assert error is not None
    assert bound is not None
    assert abs(error - offset) <= bound
    shortest = min(there + back for there, back in links[-PROBES:])
    aged = PROBES * S * DRIFT_PPM // 1_000_000
    assert bound <= shortest // 2 + 1 + aged


@given(
    st.integers(-DRIFT_PPM, DRIFT_PPM),
    st.lists(st.tuples(delays, delays), min_size=2, max_size=60),
)
def test_a_drifting_clock_is_followed_within_the_bound(
    ppm: int, links: list[tuple[int, int]]
) -> None:
    clock = ClockOffset()

    def offset_at(now: int) -> int:
        return 5 * S + now * ppm // 1_000_000

    for turn, (there, back) in enumerate(links):
        sent = turn * S
        heard = sent + there
        received = heard + back
        remote = heard + offset_at(heard)
        clock.probe(sent, remote, remote, received)
        found, bound = clock.offset_ns, clock.error_ns(received)
        assert found is not None
        assert bound is not None
        assert abs(found - offset_at(received)) <= bound + (there + back) * DRIFT_PPM // 10**6 + 2


def test_a_probe_held_up_on_its_way_changes_nothing() -> None:
    clock = ClockOffset()
    for turn in range(4):
        exchange(clock, offset=S, at=turn * S, there=MS, back=MS)
    exchange(clock, offset=S, at=4 * S, there=900 * MS, back=MS)
    assert clock.offset_ns == S
    assert clock.round_trip_ns == 2 * MS


def test_a_good_probe_is_forgotten_after_sixteen_worse_ones() -> None:
    clock = ClockOffset()
    exchange(clock, offset=0, at=0, there=MS, back=MS)
    for turn in range(1, PROBES + 1):
        exchange(clock, offset=0, at=turn * S, there=20 * MS, back=20 * MS)
    assert clock.round_trip_ns == 40 * MS


def test_between_equals_the_newer_probe_counts() -> None:
    clock = ClockOffset()
    exchange(clock, offset=0, at=0, there=MS, back=MS)
    exchange(clock, offset=1000, at=10 * S, there=MS, back=MS)
    assert clock.offset_ns == 1000


def test_a_stepped_clock_is_believed_at_the_next_probe() -> None:
    clock = ClockOffset()
    for turn in range(PROBES):
        exchange(clock, offset=0, at=turn * S, there=MS, back=MS)
    exchange(clock, offset=3600 * S, at=20 * S, there=5 * MS, back=5 * MS)
    assert clock.offset_ns == 3600 * S


def test_times_that_run_backwards_are_ignored() -> None:
    clock = ClockOffset()
    clock.probe(100, 50, 40, 200)
    clock.probe(200, 50, 60, 100)
    clock.probe(100, 0, 500, 200)
    assert clock.offset_ns is None
