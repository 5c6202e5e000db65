"""What may wait, and what may not."""

import pytest

from cuems.core.mtc import full_frame, mmc_locate, quarter_frame
from cuems.core.mtc_foresight import Foresight
from cuems.core.timecode import FrameRate, Timecode, from_label

FPS_25 = FrameRate.FPS_25
QUARTER_NS = 10_000_000
LOCK_PIECES = 17


def piece(number: int) -> bytes:
    return quarter_frame(Timecode(number // 8 * 2, FPS_25), number % 8)


class Listener:
    """Has heard a source roll from quarter-frame `number` on, for a while."""

    def __init__(self, number: int = 8_000) -> None:
        self.foresight = Foresight()
        self.number = number
        self.now_ns = 10**15
        assert any(self.roll(LOCK_PIECES))

    def hear(self, message: bytes) -> bool:
        return self.foresight.surprises(message, self.now_ns)

    def roll(self, pieces: int, way: int = 1) -> list[bool]:
        heard: list[bool] = []
        for _ in range(pieces):
            heard.append(self.hear(piece(self.number)))
            self.number += way
            self.now_ns += QUARTER_NS
        return heard


def test_until_a_line_is_known_everything_is_a_surprise_and_then_nothing() -> None:
    foresight = Foresight()
    heard = [foresight.surprises(piece(n), n * QUARTER_NS) for n in range(8_000, 8_500)]
    assert all(heard[:15])
    assert not any(heard[17:])


@pytest.mark.parametrize("jump", [-8, 1, 2, 5, 8, 400])
def test_a_jump_is_a_surprise_as_soon_as_a_digit_differs(jump: int) -> None:
    listener = Listener()
    listener.number += jump
    assert any(listener.roll(8))


@pytest.mark.parametrize("make", [full_frame, mmc_locate])
def test_a_locate_is_a_surprise_at_once(make: object) -> None:
    assert callable(make)
    assert Listener().hear(make(from_label(2, 0, 0, 0, FPS_25)))


def test_each_piece_in_reverse_is_a_surprise() -> None:
    listener = Listener()
    assert all(listener.roll(50, way=-1)[1:])


def test_a_piece_that_is_doubled_or_missing_is_a_surprise() -> None:
    listener = Listener()
    assert listener.hear(piece(listener.number - 1))
    assert any(listener.roll(1))
    assert not any(listener.roll(20))
    listener.number += 1
    assert any(listener.roll(1))


def test_a_silence_ends_with_a_surprise() -> None:
    listener = Listener()
    listener.now_ns += 6 * QUARTER_NS
    assert listener.roll(3) == [True, False, False]


def test_other_midi_is_none() -> None:
    listener = Listener()
    assert not listener.hear(bytes.fromhex("903c40"))
    assert not any(listener.roll(8))
