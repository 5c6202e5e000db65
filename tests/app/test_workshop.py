from pathlib import Path

from cuems.app.performer import Moment
from cuems.app.workshop import workshop
from cuems.core.timecode import FLICKS_PER_S, NS_PER_S, FrameRate
from cuems.players import PlayerConfig


def test_a_moment_says_how_far_into_its_body_a_cue_is_at_any_time() -> None:
    moment = Moment(start=7, elapsed=FLICKS_PER_S, at_ns=NS_PER_S)
    times_ns = (NS_PER_S, 3 * NS_PER_S, NS_PER_S // 2)
    assert [moment.elapsed_at(now) for now in times_ns] == [
        FLICKS_PER_S,
        3 * FLICKS_PER_S,
        FLICKS_PER_S // 2,
    ]


def test_a_workshop_plays_where_it_is_told(tmp_path: Path) -> None:
    config = PlayerConfig(video_output="null", audio_output="null", first_port=9200, last_port=9201)
    tools = workshop(config, FrameRate.FPS_25, {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert tools.outputs.options == ("--vo=null", "--ao=null")
    with tools.ports.reserve() as reserved:
        assert reserved.port in {9200, 9201}
