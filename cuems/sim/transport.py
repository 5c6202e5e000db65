"""The node bus as a model: seeded delay and loss, the way TCP makes them felt.

A connection keeps its order. What is lost is sent again when the retransmission timer runs out,
each time after twice as long, and what was sent after it waits behind it: nothing goes missing,
it comes late. The timer is the least that Linux uses; the delay is that of a small switched LAN.
"""

import random

DELAY_NS = (200_000, 1_500_000)
RETRANSMIT_NS, RETRANSMIT_MOST_NS = 200_000_000, 10_000_000_000


class Connection:
    """One direction of one connection. A `perfect` one takes no time at all."""

    def __init__(self, seed: str, loss: float, *, perfect: bool) -> None:
        self._random = random.Random(seed)
        self._perfect = perfect
        self._last_ns = 0
        self.cut_until_ns = 0  # what is sent before then arrives after it
        self.loss = loss

    def arrival_ns(self, sent_ns: int) -> int:
        """When a message arrives."""
        if self._perfect:
            return sent_ns
        taken_ns = self._random.randint(*DELAY_NS)
        pause_ns = RETRANSMIT_NS
        while self._random.random() < self.loss or sent_ns + taken_ns < self.cut_until_ns:
            taken_ns += pause_ns
            pause_ns = min(2 * pause_ns, RETRANSMIT_MOST_NS)
        self._last_ns = max(self._last_ns, sent_ns + taken_ns)
        return self._last_ns


class Datagrams:
    """One direction of lane X: what is lost is lost, and what follows may overtake."""

    def __init__(self, seed: str, loss: float) -> None:
        self._random = random.Random(seed)
        self.cut_until_ns = 0
        self.loss = loss

    def arrival_ns(self, sent_ns: int) -> int | None:
        """When a datagram arrives; None: it does not."""
        if self._random.random() < self.loss or sent_ns < self.cut_until_ns:
            return None
        return sent_ns + self._random.randint(*DELAY_NS)
