import pytest

from cuems.core.cues import CueId, DmxChannel, DmxCue, DmxScene, DmxUniverse
from cuems.core.dmx import Look
from cuems.players import ByDmx, PlayerConfig, casting
from cuems.players.dmx import look
from cuems.players.errors import CannotPlayError
from cuems.wire.dmx_option import DmxOut, DmxProtocol

CUE = CueId("c")
SACN = DmxOut(protocol=DmxProtocol.SACN, cid=bytes(16))
ARTNET = DmxOut(protocol=DmxProtocol.ARTNET, cid=bytes(16))


def cue(*universes: tuple[int, dict[int, int]]) -> DmxCue:
    scene = DmxScene(
        id="s",
        universes=tuple(
            DmxUniverse(number=number, channels=tuple(DmxChannel(*one) for one in slots.items()))
            for number, slots in universes
        ),
    )
    return DmxCue(id=CUE, name="warm", scene=scene, fade_in_flicks=70, fade_out_flicks=3)


def test_a_cue_lights_its_scene_over_its_fade_in() -> None:
    shown = look(cue((1, {0: 255, 511: 1}), (2, {}), (3, {4: 5})), SACN)
    assert shown == Look(cue=CUE, universes={1: {0: 255, 511: 1}, 3: {4: 5}}, fade_flicks=70)


def test_a_universe_written_twice_is_one_and_its_last_word_counts() -> None:
    assert look(cue((1, {0: 1, 1: 1}), (1, {1: 2})), SACN).universes == {1: {0: 1, 1: 2}}


def test_universes_are_those_of_the_wire() -> None:
    shifted = DmxOut(protocol=DmxProtocol.SACN, cid=bytes(16), offset=1)
    assert look(cue((0, {0: 1})), shifted).universes == {1: {0: 1}}
    assert look(cue((0, {0: 1})), ARTNET).universes == {0: {0: 1}}


@pytest.mark.parametrize(
    ("universe", "out", "told"),
    [
        (0, SACN, "warm: universe 0: sacn has universes 1 to 63999; change it in the editor, or"
                  " start with --dmx sacn,offset=1"),
        (64_000, SACN, "universe 64000: sacn has"),
        (32_768, ARTNET, "universe 32768: artnet has universes 0 to 32767"),
        (63_999, DmxOut(protocol=DmxProtocol.SACN, cid=bytes(16), offset=1),
         "universe 63999 + offset 1: sacn"),
    ],
)  # fmt: skip
def test_a_universe_that_the_wire_does_not_have_is_told(
    universe: int, out: DmxOut, told: str
) -> None:
    with pytest.raises(CannotPlayError) as caught:
        look(cue((universe, {0: 1})), out)
    assert told in str(caught.value)


def test_a_scene_that_lights_nothing_is_no_scene() -> None:
    with pytest.raises(CannotPlayError) as caught:
        look(cue((1, {})), SACN)
    assert str(caught.value) == "warm: its scene sets no channel; give it one in the editor"


def test_we_light_it_ourselves_where_lights_go_somewhere() -> None:
    lights = cue((1, {0: 1}))
    assert casting(lights, PlayerConfig(dmx=SACN)) == ByDmx(lights, SACN)
