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
from cuems.players import AudioProgram, ByAudioPlayer, ByMpv, PlayerConfig, casting
from cuems.players.errors import CannotPlayError

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


def test_players_switched_off_play_nothing() -> None:
    with pytest.raises(CannotPlayError) as caught:
        casting(RAIN, PlayerConfig(enabled=False))
    assert str(caught.value) == "rain: players are switched off; run with --players auto"
