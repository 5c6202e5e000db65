import pytest

from cuems.core.cues import Curve
from cuems.core.fades import Fade
from cuems.core.timecode import FrameRate, from_ms
from cuems.players.gradient import can_move, cancel, cancel_all, start_fade
from cuems.wire.osc import Int64, Osc
from tests.fakes.osc_player import tags

NODE = "node-1"
TARGET = (9400, "/volmaster")


def fade(curve: Curve = Curve.LINEAR, start_ms: int = 5000, ms: int = 2000) -> Fade:
    return Fade(origin=0.8, target=0.2, start=from_ms(start_ms), duration=from_ms(ms), curve=curve)


def started(what: Fade, scale: float = 1.0) -> Osc:
    return start_fade(NODE, "m", TARGET, what, scale, FrameRate.FPS_25)


def test_a_fade_is_told_as_a_whole_with_the_types_the_service_takes() -> None:
    told = started(fade())
    assert told.address == "/gradient/start_fade"
    assert tags(told) == "sssisffhiss"
    assert told.args == (
        "m", NODE, "127.0.0.1", 9400, "/volmaster", 0.8, 0.2, Int64(4920), 2000, "linear", "{}",
    )  # fmt: skip


def test_a_fade_at_the_start_of_the_line_does_not_begin_before_it() -> None:
    assert started(fade(start_ms=0)).args[7] == 0


def test_levels_are_scaled_as_the_players_are() -> None:
    assert started(fade(), scale=0.5).args[5:7] == (0.4, 0.1)


@pytest.mark.parametrize(
    ("curve", "name"),
    [
        (Curve.EXPONENTIAL, "ease_in"),
        (Curve.LOGARITHMIC, "ease_out"),
        (Curve.SIGMOID, "sigmoid"),
    ],
)
def test_curves_have_the_services_names(curve: Curve, name: str) -> None:
    assert started(fade(curve)).args[9] == name


def test_what_the_service_cannot_do_is_known_before() -> None:
    assert can_move(fade())
    assert not can_move(fade(Curve.EQUAL_POWER))
    assert not can_move(fade(ms=0))


def test_ends_bear_the_nodes_name() -> None:
    assert cancel(NODE, "m") == Osc("/gradient/cancel_motion", ("m", NODE))
    assert cancel_all(NODE) == Osc("/gradient/cancel_all", (NODE,))
