import pytest

from cuems.players.steering import speed


@pytest.mark.parametrize(
    ("ahead_s", "now", "expected"),
    [
        (0.0, 1.0, 1.0),
        (0.009, 1.0, 1.0),
        (0.011, 1.0, 0.9945),
        (-0.015, 1.0, 1.0075),
        (0.3, 1.0, 0.99),
        (-0.49, 1.0, 1.01),
        (0.51, 1.0, None),
        (-3.0, 1.0, None),
    ],
)
def test_what_is_near_is_left_what_is_off_is_steered_and_what_is_far_off_is_sought(
    ahead_s: float, now: float, expected: float | None
) -> None:
    found = speed(ahead_s, now, 0.01)
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_correction_goes_on_until_it_is_all_but_done() -> None:
    assert speed(0.004, 0.995, 0.01) == pytest.approx(0.998)
    assert speed(0.0009, 0.998, 0.01) == 1.0


def test_150_ms_are_4_ms_after_six_seconds_of_two_looks_each() -> None:
    ahead_s, now = 0.15, 1.0
    for _ in range(36):
        now = speed(ahead_s, now, 0.01) or 0
        ahead_s += (now - 1.0) * 0.5
    assert 0 < ahead_s < 0.15
    assert speed(ahead_s, now, 0.01) is not None
