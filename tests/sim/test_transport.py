"""A connection that may delay and lose."""

from cuems.sim.transport import DELAY_NS, RETRANSMIT_NS, Connection

SENT_NS = range(0, 2_000_000_000, 10_000_000)


def arrivals(seed: str, loss: float) -> list[int]:
    connection = Connection(seed, loss, perfect=False)
    return [connection.arrival_ns(sent_ns) for sent_ns in SENT_NS]


def delays(seed: str, loss: float) -> list[int]:
    return [at - sent for at, sent in zip(arrivals(seed, loss), SENT_NS, strict=True)]


def test_a_perfect_connection_takes_no_time() -> None:
    assert Connection("", 0.0, perfect=True).arrival_ns(5) == 5


def test_what_is_not_lost_takes_the_delay_of_a_small_lan() -> None:
    assert min(delays("a", 0.0)) >= DELAY_NS[0]
    assert max(delays("a", 0.0)) <= DELAY_NS[1]


def test_what_is_lost_comes_after_the_retransmission_and_holds_up_what_follows() -> None:
    times = arrivals("a", 0.3)
    assert times == sorted(times)
    assert max(delays("a", 0.3)) >= RETRANSMIT_NS
    assert len(set(times)) < len(times)


def test_the_same_seed_gives_the_same_connection_and_another_one_does_not() -> None:
    assert arrivals("a", 0.3) == arrivals("a", 0.3)
    assert arrivals("a", 0.3) != arrivals("b", 0.3)
