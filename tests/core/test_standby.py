"""When a standby may take over, and with which epoch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import NodeId
from cuems.core.standby import LEASE_NS, RESTARTS, Lease, takeover_epoch

LEFT, RIGHT, REAR = NodeId("l"), NodeId("r"), NodeId("b")
NODES = frozenset((LEFT, RIGHT, REAR))


def test_who_was_never_heard_is_not_lost() -> None:
    lease = Lease()
    lease.asked(0)
    assert lease.ends_ns is None
    assert not lease.is_lost(100 * LEASE_NS)
    for node in NODES:
        lease.missed_by(node)
    assert not lease.may_take_over(100 * LEASE_NS, NODES)


def test_every_answer_renews_the_lease() -> None:
    lease = Lease()
    lease.asked(5)
    lease.answered(8)
    assert lease.lag_ns == 3
    assert lease.ends_ns == 8 + LEASE_NS
    assert not lease.is_lost(7 + LEASE_NS)
    assert lease.is_lost(8 + LEASE_NS)
    lease.answered(9 + LEASE_NS)
    assert not lease.is_lost(9 + LEASE_NS)


def test_the_lag_is_that_of_the_oldest_question() -> None:
    lease = Lease()
    lease.asked(0)
    lease.asked(10)
    lease.answered(12)
    assert lease.lag_ns == 12
    lease.asked(20)
    lease.interrupted()
    lease.asked(30)
    lease.answered(31)
    assert lease.lag_ns == 1


@pytest.mark.parametrize(
    ("missing", "may"),
    [((), False), ((LEFT,), False), ((LEFT, RIGHT), True), ((LEFT, NodeId("stranger")), False)],
)
def test_more_than_half_of_the_nodes_have_to_miss_it_too(
    missing: tuple[NodeId, ...], may: bool
) -> None:
    lease = Lease()
    lease.answered(0)
    for node in missing:
        lease.missed_by(node)
    assert not lease.may_take_over(LEASE_NS - 1, NODES)
    assert lease.may_take_over(LEASE_NS, NODES) is may


def test_who_missed_it_before_it_was_back_does_not_count_any_more() -> None:
    lease = Lease()
    lease.answered(0)
    for node in NODES:
        lease.missed_by(node)
    lease.answered(LEASE_NS - 1)
    assert not lease.may_take_over(3 * LEASE_NS, NODES)


def test_without_nodes_nothing_is_taken_over_by_itself() -> None:
    lease = Lease()
    lease.answered(0)
    assert not lease.may_take_over(LEASE_NS, frozenset())


@given(st.integers(0, 10**9))
def test_a_take_over_outranks_the_old_leader_and_its_next_starts(seen: int) -> None:
    epoch = takeover_epoch(seen)
    assert epoch > seen
    assert takeover_epoch(epoch) > epoch + RESTARTS - 1
    assert epoch - seen <= RESTARTS
