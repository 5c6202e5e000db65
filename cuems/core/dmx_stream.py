"""When which universe is sent: as often as it changes, at most 44 times a second.

Source: ANSI E1.31-2016 6.2.6 (a source that ends says so three times), 6.6 (no more packets than
DMX512 has frames; three unchanged packets before falling silent, then one at least once a second).
Art-Net 4 asks for the same but knows no end of a stream: there the last packets are dark ones.

A universe that no look lights any more is sent dark, then ended. Sequence numbers run on from one
stream of a universe to the next, so that no receiver takes a new stream for old packets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cuems.core.dmx import DARK

FRAME_NS = 22_727_273  # 44 Hz, the fastest a full DMX512 universe can follow, rounded up
KEEP_ALIVE_NS = 900_000_000  # 800 to 1000 ms are asked for
REPEATS = 3  # of a packet that does not change, before the universe falls silent
GOODBYES = 3


@dataclass(frozen=True, slots=True)
class Packet:
    """One universe, to be sent now. `sequence` counts on for ever; wires let it wrap."""

    universe: int
    sequence: int
    levels: bytes
    terminated: bool = False


@dataclass(slots=True)
class _Stream:
    levels: bytes = DARK
    sent_ns: int | None = None
    repeats: int = 0
    goodbyes: int | None = None  # yet to be said, once it is to end


class Streams:
    """The universes that are being sent. `goodbyes` is how often the end of one is said."""

    def __init__(self, goodbyes: int = GOODBYES) -> None:
        self._goodbyes = goodbyes
        self._streams: dict[int, _Stream] = {}
        self._sequences: dict[int, int] = {}
        self._frame_ns: int | None = None

    @property
    def universes(self) -> tuple[int, ...]:
        """The universes that are on the air."""
        return tuple(self._streams)

    def next_due_ns(self, now_ns: int, change_ns: int | None) -> int | None:
        """When `frame` is to be called next, if at all; `change_ns`: levels change from then on.

        Never less than FRAME_NS after the frame before: from beginning to beginning, so that what
        it takes to make and send one does not slow all of them down.
        """
        dues = [] if change_ns is None else [change_ns]
        for stream in self._streams.values():
            if stream.sent_ns is None or stream.repeats or stream.goodbyes is not None:
                dues.append(now_ns)
            else:
                dues.append(stream.sent_ns + KEEP_ALIVE_NS)
        if not dues:
            return None
        return min(dues) if self._frame_ns is None else max(min(dues), self._frame_ns + FRAME_NS)

    def frame(self, now_ns: int, levels: Mapping[int, bytes]) -> list[Packet]:
        """What to send now that the universes in `levels` are lit so, and no others are."""
        self._frame_ns = now_ns
        for universe in levels.keys() - self._streams.keys():
            self._streams[universe] = _Stream()
        packets: list[Packet] = []
        for universe in sorted(self._streams):
            packets += self._packets(universe, levels.get(universe), now_ns)
        return packets

    def _packets(self, universe: int, levels: bytes | None, now_ns: int) -> Iterator[Packet]:
        stream = self._streams[universe]
        if levels is None:
            if stream.goodbyes is None:
                self._change(stream, DARK)
                stream.goodbyes = self._goodbyes
        elif levels != stream.levels or stream.sent_ns is None or stream.goodbyes is not None:
            self._change(stream, levels)
        if not self._is_due(stream, now_ns):
            return
        terminated = stream.goodbyes is not None and stream.repeats == 0
        stream.sent_ns = now_ns
        if not terminated:
            stream.repeats = max(0, stream.repeats - 1)
        yield Packet(universe, self._next_sequence(universe), stream.levels, terminated)
        if stream.goodbyes is not None:
            stream.goodbyes -= terminated
            if stream.repeats == 0 and stream.goodbyes == 0:
                del self._streams[universe]

    @staticmethod
    def _change(stream: _Stream, levels: bytes) -> None:
        stream.levels = levels
        stream.repeats = REPEATS + 1
        stream.goodbyes = None

    @staticmethod
    def _is_due(stream: _Stream, now_ns: int) -> bool:
        if stream.sent_ns is None or stream.repeats or stream.goodbyes is not None:
            return True
        return now_ns - stream.sent_ns >= KEEP_ALIVE_NS

    def _next_sequence(self, universe: int) -> int:
        self._sequences[universe] = self._sequences.get(universe, -1) + 1
        return self._sequences[universe]
