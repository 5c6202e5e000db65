import pytest

from cuems.wire.bundles import MAX_AHEAD_NS, Batch, BundleError, batches, to_timetag
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle

NOW_NS = 1_764_093_600_123_456_789
GO, STOP, LOAD = Osc("/go"), Osc("/stop"), Osc("/load", ("x",))


def at(ns: int) -> int:
    return to_timetag(NOW_NS + ns)


def test_a_message_is_due_at_once() -> None:
    assert batches(GO, NOW_NS) == (Batch(0, (GO,)),)


@pytest.mark.parametrize("timetag", [IMMEDIATELY, 0, at(0), at(-1_000_000_000)])
def test_a_bundle_that_is_due_is_done_together_and_at_once(timetag: int) -> None:
    assert batches(OscBundle(timetag, (GO, STOP)), NOW_NS) == (Batch(0, (GO, STOP)),)


def test_a_bundle_ahead_of_time_waits_for_it_to_the_nanosecond() -> None:
    (batch,) = batches(OscBundle(at(1_500_000_001), (GO,)), NOW_NS)
    assert batch == Batch(1_500_000_001, (GO,))


def test_a_bundle_within_another_is_due_later_and_never_earlier() -> None:
    inner = OscBundle(at(2_000), (STOP, OscBundle(at(0), (LOAD,))))
    together = batches(OscBundle(at(1_000), (inner, GO)), NOW_NS)
    assert together == (Batch(1_000, (GO,)), Batch(2_000, (STOP, LOAD)))


def test_what_is_too_far_ahead_is_refused_as_a_whole() -> None:
    batches(OscBundle(at(MAX_AHEAD_NS), (GO,)), NOW_NS)
    late = OscBundle(IMMEDIATELY, (GO, OscBundle(at(MAX_AHEAD_NS + 10**9), (STOP,))))
    with pytest.raises(BundleError, match=r"11\.0 s ahead, expected at most 10 s"):
        batches(late, NOW_NS)


def test_a_bundle_of_nothing_is_refused() -> None:
    with pytest.raises(BundleError, match="at least one message"):
        batches(OscBundle(IMMEDIATELY, (OscBundle(IMMEDIATELY),)), NOW_NS)
