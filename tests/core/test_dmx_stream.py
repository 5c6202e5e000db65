"""When universes are sent, on a clock that jumps from due moment to due moment."""

from collections.abc import Callable, Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.dmx import DARK
from cuems.core.dmx_stream import FRAME_NS, KEEP_ALIVE_NS, Packet, Streams
from cuems.core.timecode import NS_PER_S

LIT = b"\xff" * 512
DIM = b"\x10" * 512
MS = 1_000_000

Sent = list[tuple[int, Packet]]


def run(
    streams: Streams,
    until_ns: int,
    levels: Callable[[int], Mapping[int, bytes]],
    *,
    since_ns: int = 0,
    moving: bool = False,
    late_ns: int = 0,
) -> Sent:
    """All that is sent between two moments, every frame `late_ns` after it is due."""
    sent: Sent = []
    now_ns = since_ns
    change: int | None = since_ns
    while True:
        due = streams.next_due_ns(now_ns, change)
        if due is None or due > until_ns:
            return sent
        now_ns = max(now_ns, due) + late_ns
        sent += [(now_ns, packet) for packet in streams.frame(now_ns, levels(now_ns))]
        change = now_ns if moving else None


def test_what_moves_is_sent_44_times_a_second_at_most() -> None:
    frames = iter(range(10**6))
    sent = run(
        Streams(),
        NS_PER_S,
        lambda _: {1: next(frames).to_bytes(2) * 256},
        moving=True,
    )
    assert len(sent) == 44
    gaps = [after - before for (before, _), (after, _) in pairwise(sent)]
    assert set(gaps) == {FRAME_NS}
    assert FRAME_NS * 44 >= NS_PER_S


@given(st.lists(st.integers(0, 40 * MS), min_size=1, max_size=60), st.integers(0, 5 * MS))
def test_no_universe_is_ever_sent_faster_however_often_it_is_changed(
    waits: list[int], late_ns: int
) -> None:
    streams = Streams()
    sent: dict[int, list[int]] = {}
    now_ns = 0
    for number, wait in enumerate(waits):
        now_ns += wait
        due = streams.next_due_ns(now_ns, now_ns)
        assert due is not None
        if due > now_ns:
            continue
        now_ns += late_ns
        lit = {number % 3: bytes([number % 256]) * 512, 3: LIT}
        for packet in streams.frame(now_ns, lit):
            sent.setdefault(packet.universe, []).append(now_ns)
    for moments in sent.values():
        assert all(b - a >= FRAME_NS for a, b in pairwise(moments))


def test_what_stands_is_repeated_and_then_kept_alive_about_once_a_second() -> None:
    sent = run(Streams(), 5 * NS_PER_S, lambda _: {1: LIT})
    assert [at for at, _ in sent[:4]] == [0, FRAME_NS, 2 * FRAME_NS, 3 * FRAME_NS]
    gaps = [after - before for (before, _), (after, _) in pairwise(sent[3:])]
    assert gaps == [KEEP_ALIVE_NS] * 5
    assert {packet.levels for _, packet in sent} == {LIT}
    assert not any(packet.terminated for _, packet in sent)


def test_nothing_is_sent_while_nothing_is_lit() -> None:
    streams = Streams()
    assert streams.next_due_ns(0, None) is None
    assert streams.frame(0, {}) == []
    assert streams.next_due_ns(NS_PER_S, None) is None


def test_only_the_universe_that_changes_is_sent() -> None:
    streams = Streams()
    run(streams, 200 * MS, lambda _: {1: LIT, 2: LIT})
    at = 300 * MS
    assert streams.next_due_ns(at, at) == at
    assert [packet.universe for packet in streams.frame(at, {1: DIM, 2: LIT})] == [1]


def test_a_universe_that_is_left_goes_dark_and_says_goodbye_three_times() -> None:
    streams = Streams()
    run(streams, 200 * MS, lambda _: {1: LIT})
    sent = run(streams, 10 * NS_PER_S, lambda _: {}, since_ns=300 * MS)
    packets = [packet for _, packet in sent]
    assert sent[0] == (300 * MS, Packet(1, packets[0].sequence, DARK))
    assert [packet.terminated for packet in packets] == [False] * 4 + [True] * 3
    assert {packet.levels for packet in packets} == {DARK}
    assert streams.universes == ()


def test_where_streams_have_no_end_the_last_packets_are_dark() -> None:
    streams = Streams(goodbyes=0)
    run(streams, 200 * MS, lambda _: {1: LIT})
    sent = run(streams, 10 * NS_PER_S, lambda _: {}, since_ns=300 * MS)
    assert [(packet.levels, packet.terminated) for _, packet in sent] == [(DARK, False)] * 4
    assert streams.universes == ()


def test_light_that_comes_back_in_the_middle_of_a_goodbye_is_sent() -> None:
    streams = Streams()
    run(streams, 200 * MS, lambda _: {1: LIT})
    run(streams, 300 * MS + 4 * FRAME_NS, lambda _: {}, since_ns=300 * MS)
    sent = run(streams, 2 * NS_PER_S, lambda _: {1: DIM}, since_ns=400 * MS)
    assert all(packet.levels == DIM and not packet.terminated for _, packet in sent)
    assert streams.universes == (1,)


def test_sequences_count_on_for_each_universe_even_from_stream_to_stream() -> None:
    streams = Streams()
    sent = run(streams, 200 * MS, lambda _: {1: LIT, 2: LIT})
    sent += run(streams, NS_PER_S, lambda _: {2: LIT}, since_ns=300 * MS)
    sent += run(streams, 3 * NS_PER_S, lambda _: {1: LIT, 2: DIM}, since_ns=2 * NS_PER_S)
    for universe in (1, 2):
        numbers = [packet.sequence for _, packet in sent if packet.universe == universe]
        assert numbers == list(range(len(numbers)))


def test_a_dark_universe_that_is_lit_by_nothing_yet_is_still_announced() -> None:
    assert [packet.levels for packet in Streams().frame(0, {5: DARK})] == [DARK]
