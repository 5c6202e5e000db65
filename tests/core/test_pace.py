from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.line import Line
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.pace import Due, DueFullFrame, DuePiece, Pacer, to_bytes
from cuems.core.timecode import FLICKS_PER_DAY, FLICKS_PER_S, NS_PER_S, FrameRate, Timecode

RATE = FrameRate.FPS_25
FRAME_NS = 40_000_000
PIECE_NS = 10_000_000
RATES = st.sampled_from(
    [FrameRate.FPS_24, FrameRate.FPS_25, FrameRate.FPS_29_97_DF, FrameRate.FPS_30]
)
POSITIONS = st.integers(0, FLICKS_PER_DAY)


def full(frame: int, rate: FrameRate = RATE) -> Due:
    return DueFullFrame(Timecode(frame, rate))


def piece(address: int, number: int, rate: FrameRate = RATE) -> Due:
    return DuePiece(Timecode(address, rate), number)


def played(pacer: Pacer, moments: int) -> Iterator[tuple[int, Due]]:
    """Take everything exactly at its moment."""
    for _ in range(moments):
        due_ns = pacer.due_ns()
        assert due_ns is not None
        yield from ((due_ns, due) for due in pacer.take(due_ns))


def following(line: Line, now_ns: int = 0) -> Pacer:
    pacer = Pacer()
    pacer.follow(line, now_ns)
    return pacer


def test_a_line_from_the_top_begins_with_a_full_frame_and_pieces_every_quarter_frame() -> None:
    assert list(played(following(Line(0, 0, rolling=True)), 10)) == [
        (0, full(0)),
        *((number * PIECE_NS, piece(0, number)) for number in range(8)),
        (80_000_000, piece(2, 0)),
        (90_000_000, piece(2, 1)),
    ]


@given(POSITIONS, RATES, st.integers(0, 10 * NS_PER_S))
def test_every_message_is_due_when_the_line_is_where_it_says(
    position: int, rate: FrameRate, now_ns: int
) -> None:
    line = Line(position, 0, True, rate)
    for due_ns, due in played(following(line, now_ns), 20):
        assert due_ns >= now_ns
        match due:
            case DueFullFrame(timecode):
                said = timecode.flicks
            case DuePiece(address, number):
                said = address.flicks + number * rate.flicks_per_frame // 4
        assert line.position_at(due_ns) == said


def test_a_standing_line_is_told_once() -> None:
    pacer = following(Line(FLICKS_PER_S + 1, 0, rolling=False), 5)
    assert pacer.take(5) == (full(25),)
    assert pacer.due_ns() is None
    assert pacer.take(10**12) == ()


def test_nothing_is_due_before_there_is_a_line() -> None:
    assert Pacer().due_ns() is None
    assert Pacer().take(10**12) == ()


def test_a_line_that_goes_on_is_not_located_again_and_loses_no_piece() -> None:
    line = Line(0, 0, rolling=True)
    pacer = following(line)
    before = [due for _, due in played(pacer, 5)]
    pacer.follow(line.located(line.position_at(45_000_000) + 5, 45_000_000), 45_000_000)
    after = [due for _, due in played(pacer, 5)]
    assert before + after == [
        full(0),
        *(piece(0, number) for number in range(8)),
        piece(2, 0),
        piece(2, 1),
    ]


def test_a_stop_is_told_at_once() -> None:
    line = Line(0, 0, rolling=True)
    pacer = following(line)
    list(played(pacer, 30))
    now_ns = 300_000_001
    pacer.follow(line.stopped(now_ns), now_ns)
    assert pacer.take(now_ns) == (full(7),)
    assert pacer.due_ns() is None


def test_a_jump_while_rolling_is_told_on_its_frame() -> None:
    line = Line(0, 0, rolling=True)
    pacer = following(line)
    list(played(pacer, 30))
    now_ns = 300_000_000
    half_a_frame = RATE.flicks_per_frame // 2
    pacer.follow(line.located(10 * FLICKS_PER_S + half_a_frame, now_ns), now_ns)
    assert list(played(pacer, 1)) == [
        (now_ns + FRAME_NS // 2, full(251)),
        (now_ns + FRAME_NS // 2, piece(250, 4)),
    ]


def test_a_sender_a_little_late_catches_up_in_order() -> None:
    pacer = following(Line(0, 0, rolling=True))
    list(played(pacer, 3))
    assert pacer.take(55_000_000) == tuple(piece(0, number) for number in (3, 4, 5))


def test_a_sender_that_slept_locates_instead_of_bursting() -> None:
    line = Line(0, 0, rolling=True)
    pacer = following(line)
    list(played(pacer, 3))
    assert pacer.take(10 * NS_PER_S + 1) == ()
    due_ns = pacer.due_ns()
    assert due_ns == 10 * NS_PER_S + FRAME_NS
    assert pacer.take(due_ns) == (full(251), piece(250, 4))


def test_a_change_of_rate_is_a_locate() -> None:
    line = Line(0, 0, rolling=True)
    pacer = following(line)
    list(played(pacer, 3))
    pacer.follow(Line(0, 0, True, FrameRate.FPS_30), NS_PER_S)
    assert pacer.take(NS_PER_S) == (
        full(30, FrameRate.FPS_30),
        piece(30, 0, FrameRate.FPS_30),
    )


@given(POSITIONS, RATES)
def test_a_decoder_stands_where_the_line_stands_at_every_message(
    position: int, rate: FrameRate
) -> None:
    line = Line(position, 0, True, rate)
    decoder = MtcDecoder()
    told = [
        (decoder.feed(to_bytes(due)), line.position_at(due_ns))
        for due_ns, due in played(following(line), 40)
    ]
    day = rate.frames_per_day * rate.flicks_per_frame
    assert sum(event is not None for event, _ in told) > 8
    assert all(event is None or event.position == true % day for event, true in told)
