import pytest

from cuems.players.mpv import level
from cuems.players.picture import Trim, Trimmed, trims
from cuems.wire.osc import Osc

LAYER = "/videocomposer/layer/0367f391-ebf4_1"
OPACITY, WIDE, HIGH = (Trimmed(1, trim) for trim in Trim)


@pytest.mark.parametrize(
    ("what", "values", "levels"),
    [
        ("opacity", (0.5,), {OPACITY: 0.5}),
        ("xscale", (2,), {WIDE: 2.0}),
        ("scale", (0.5, 2.0), {WIDE: 0.5, HIGH: 2.0}),
    ],
)
def test_a_layer_of_the_composer_is_a_picture_on_a_screen(
    what: str, values: tuple[float, ...], levels: dict[Trimmed, float]
) -> None:
    assert trims(Osc(f"{LAYER}/{what}", values)) == ("0367f391-ebf4", levels)


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (f"{LAYER}/rotation", (1.0,)),
        (f"{LAYER}/scale", (1.0,)),
        (f"{LAYER}/opacity", ()),
        (f"{LAYER}/opacity", ("x",)),
        ("/videocomposer/layer/cue/opacity", (1.0,)),
        ("/videocomposer/master/xscale", (1.0,)),
        ("/videocomposer/layer/", ()),
    ],
)
def test_mpv_has_nothing_else(address: str, values: tuple[float | str, ...]) -> None:
    assert trims(Osc(address, values)) is None


def test_mpv_scales_by_its_own_words_and_dims_by_a_shade() -> None:
    assert level(WIDE, 1.5) == ("set_property", "video-scale-x", 1.5)
    assert level(HIGH, -1.0) == ("set_property", "video-scale-y", 0.0)
    assert level(OPACITY, 1.0) == ("osd-overlay", 1, "none", "")
    assert level(OPACITY, 0.0)[:3] == ("osd-overlay", 1, "ass-events")
