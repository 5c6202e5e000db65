"""Fades: exact ends, no step back, take-over from the current value."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import Curve
from cuems.core.fades import FADE_STEP_FLICKS, Fade, value
from cuems.core.timecode import from_ms

CURVES = pytest.mark.parametrize("curve", Curve)
levels = st.floats(0, 1)


def fade(
    origin: float = 0.0,
    target: float = 1.0,
    curve: Curve = Curve.LINEAR,
    duration: int = 1000,
) -> Fade:
    return Fade(
        origin=origin,
        target=target,
        start=500,
        duration=duration,
        curve=curve,
    )


@CURVES
def test_a_curve_is_exact_at_both_ends_and_held_beyond(curve: Curve) -> None:
    assert [value(curve, x) for x in (-0.5, 0.0, 1.0, 1.5)] == [0.0, 0.0, 1.0, 1.0]


@CURVES
def test_a_curve_never_falls_and_stays_between_0_and_1(curve: Curve) -> None:
    values = [value(curve, step / 20_000) for step in range(20_001)]
    assert values == sorted(values)
    assert values[1] > 0.0
    assert values[-2] < 1.0


@pytest.mark.parametrize(
    ("curve", "half_way"),
    [
        (Curve.LINEAR, 0.5),
        (Curve.EXPONENTIAL, 0.25),
        (Curve.LOGARITHMIC, 0.75),
        (Curve.SIGMOID, 0.5),
        (Curve.EQUAL_POWER, math.sqrt(0.5)),
    ],
)
def test_each_curve_has_its_own_half_way(curve: Curve, half_way: float) -> None:
    assert value(curve, 0.5) == pytest.approx(half_way)


@given(st.integers(0, 1000))
def test_crossing_equal_power_fades_keep_the_power(step: int) -> None:
    rising = fade(0.0, 1.0, Curve.EQUAL_POWER).value_at(500 + step)
    falling = fade(1.0, 0.0, Curve.EQUAL_POWER).value_at(500 + step)
    assert rising**2 + falling**2 == pytest.approx(1.0)


@given(st.sampled_from(Curve), levels, levels, st.integers(0, 10**12), st.integers(-10, 10**12))
def test_a_fade_stays_between_its_ends_and_lands_exactly(
    curve: Curve, origin: float, target: float, duration: int, after: int
) -> None:
    fading = fade(origin, target, curve, duration)
    low, high = sorted((origin, target))
    assert low - 1e-12 <= fading.value_at(fading.start + after) <= high + 1e-12
    assert fading.value_at(fading.end) == target
    assert fading.value_at(fading.end + 1) == target


def test_before_its_start_a_fade_is_at_its_origin() -> None:
    assert fade(0.25, 1.0).value_at(499) == 0.25


def test_a_fade_without_length_is_at_its_target_at_once() -> None:
    assert fade(0.25, 0.75, duration=0).value_at(500) == 0.75
    assert fade(0.25, 0.75, duration=-1).end == 500


@CURVES
def test_a_new_fade_takes_over_from_the_current_value_not_from_the_last_target(
    curve: Curve,
) -> None:
    first = fade(0.0, 1.0, curve)
    second = replace(first, origin=first.value_at(900), target=0.0, start=900, duration=400)
    assert second.value_at(900) == first.value_at(900) != first.target
    assert second.value_at(1300) == 0.0


def test_a_level_is_sent_at_most_every_20_ms() -> None:
    assert from_ms(20) == FADE_STEP_FLICKS
