from dataclasses import replace

import pytest

from cuems.core.cues import (
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    DmxCue,
    DmxScene,
    FadeCue,
    VideoCue,
)
from cuems.players import (
    AudioProgram,
    ByAudioPlayer,
    ByComposer,
    ByDmx,
    ByDmxPlayer,
    ByMpv,
    PlayerConfig,
    casting,
    follow_mtc,
)
from cuems.players.equipment import Composer, DmxProgram, Equipment
from cuems.players.errors import CannotPlayError
from cuems.wire.dmx_option import DmxOut, DmxProtocol

CUE = CueId("c")
RAIN = AudioCue(id=CUE, name="rain", media=None)
SKY = VideoCue(id=CUE, media=None)
PROGRAM = AudioProgram(path="/usr/bin/cuems-audioplayer")


def test_mpv_plays_sound_and_picture_where_nothing_else_is_configured() -> None:
    assert [casting(cue, PlayerConfig()) for cue in (RAIN, SKY)] == [ByMpv(RAIN), ByMpv(SKY)]


def test_a_configured_audio_player_plays_sound_only() -> None:
    config = PlayerConfig(audio_program=PROGRAM)
    assert casting(RAIN, config) == ByAudioPlayer(RAIN, PROGRAM)
    assert casting(SKY, config) == ByMpv(SKY)


@pytest.mark.parametrize(
    ("cue", "reason"),
    [
        (DmxCue(id=CUE, name="warm", scene=DmxScene(id="1")), "warm: no DMX output; start "),
        (ActionCue(id=CUE, name="cut"), "cut: a ActionCue has no player"),
        (FadeCue(id=CUE, action_target=None, duration_flicks=1), "a FadeCue has no player"),
        (CueList(id=CUE), "a CueList has no player"),
    ],
)
def test_what_nothing_plays_says_why(cue: AnyCue, reason: str) -> None:
    with pytest.raises(CannotPlayError) as caught:
        casting(cue, PlayerConfig())
    assert reason in str(caught.value)


def test_only_the_ecosystems_players_take_their_time_from_midi() -> None:
    assert not follow_mtc(PlayerConfig())
    assert follow_mtc(PlayerConfig(audio_program=PROGRAM))
    assert follow_mtc(PlayerConfig(equipment=Equipment(composer=Composer())))
    assert not follow_mtc(PlayerConfig(audio_program=PROGRAM, enabled=False))


def test_pictures_and_lights_go_to_the_ecosystems_players_where_they_are_configured() -> None:
    composer = Composer()
    equipment = Equipment(composer=composer, dmx=DmxProgram(path="/usr/bin/cuems-dmxplayer"))
    config = PlayerConfig(equipment=equipment)
    warm = DmxCue(id=CUE, scene=DmxScene(id="1"))
    assert casting(SKY, config) == ByComposer(SKY, composer)
    assert casting(RAIN, config) == ByMpv(RAIN)
    assert casting(warm, config) == ByDmxPlayer(warm)
    out = DmxOut(protocol=DmxProtocol.SACN, cid=bytes(16))
    assert casting(warm, replace(config, dmx=out)) == ByDmx(warm, out)  # what was asked for


def test_players_switched_off_play_nothing() -> None:
    with pytest.raises(CannotPlayError) as caught:
        casting(RAIN, PlayerConfig(enabled=False))
    assert str(caught.value) == "rain: players are switched off; run with --players auto"
