"""Who floods the bus."""

from cuems.core.flood import BURST_MESSAGES, MOST_KNOWN, SHUNNED_NS, FloodGuard, Verdict

S = 1_000_000_000


class Peers:
    """Peers on one host, or each on its own."""

    def __init__(self, burst: int = 10, per_s: int = 5) -> None:
        self.guard = FloodGuard(burst, per_s)

    def floods(self, peer: int, now_ns: int = 0, host: str = "") -> bool:
        verdict = self.guard.judge(peer, lambda: host or str(peer), now_ns)
        return verdict is not Verdict.TAKE


def test_a_burst_is_taken_and_what_is_beyond_it_is_a_flood() -> None:
    peers = Peers()
    assert [peers.floods(1) for _ in range(12)] == [False] * 10 + [True] * 2
    assert not peers.floods(2)


def test_all_that_a_stop_of_the_largest_show_says_is_no_flood_but_what_goes_on_is() -> None:
    guard = FloodGuard()
    verdicts = [guard.judge(1, str, 0) for _ in range(BURST_MESSAGES + 1)]
    assert set(verdicts[:10_000]) == {Verdict.TAKE}
    assert verdicts[-1] is Verdict.PUT_OUT


def test_who_says_as_much_as_it_may_goes_on_for_ever() -> None:
    peers = Peers()
    assert not any(peers.floods(1, number * S // 5) for number in range(1000))


def test_what_was_not_said_may_be_said_later_but_no_more_than_a_burst() -> None:
    peers = Peers()
    peers.floods(1)
    assert [peers.floods(1, 3600 * S) for _ in range(11)] == [False] * 10 + [True]


def test_who_was_put_out_is_so_once_and_for_all() -> None:
    guard = FloodGuard(burst=1, per_s=1)
    verdicts = [guard.judge(1, str, moment * S) for moment in (0, 0, 0, 9)]
    assert verdicts == [Verdict.TAKE, Verdict.PUT_OUT, Verdict.DROP, Verdict.DROP]


def test_from_where_a_flood_has_come_nobody_new_is_let_in_for_a_while() -> None:
    peers = Peers(burst=2)
    assert not peers.guard.shuns("here", 0)
    assert [peers.floods(1, host="here") for _ in range(3)] == [False, False, True]
    assert peers.guard.shuns("here", SHUNNED_NS - 1)
    assert not peers.guard.shuns("here", SHUNNED_NS)
    assert not peers.guard.shuns("there", 0)
    assert not peers.floods(2, host="here")


def test_of_more_peers_than_there_can_be_the_oldest_are_forgotten() -> None:
    peers = Peers(burst=1)
    for peer in range(MOST_KNOWN + 1):
        assert not peers.floods(peer)
    assert peers.floods(MOST_KNOWN)
    assert not peers.floods(0)
