"""Whole projects of any size, the same every time, for benches and tests of scale."""

from random import Random
from typing import Any
from uuid import UUID

from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    AudioOutput,
    ChannelLevel,
    CueId,
    CueList,
    DmxChannel,
    DmxCue,
    DmxOutput,
    DmxScene,
    DmxUniverse,
    FadeCue,
    Geometry,
    Media,
    PostGo,
    Region,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.timecode import from_ms
from cuems.wire.show_xml import write_show

NODE = "0367f391-ebf4-48b2-9f26-000000000001"
DMX_CHANNELS = 24  # of each scene: a small rig


def generated_show(cues: int) -> Show:
    """A flat show of that many cues, every kind in turn, each with all its parts."""
    random = Random(cues)
    ids = [CueId(str(UUID(int=random.getrandbits(128), version=4))) for _ in range(cues + 1)]
    contents = tuple(_cue(number, ids, random) for number in range(cues))
    return Show(
        id=ids[-1],
        name=f"{cues} cues",
        created="2024-01-01T00:00:00",
        modified="2024-01-01T00:00:00",
        cue_list=CueList(id=ids[-1], name="All", contents=contents),
    )


def generated_script(cues: int) -> bytes:
    """Its script.xml."""
    return write_show(generated_show(cues))


def _cue(number: int, ids: list[CueId], random: Random) -> AnyCue:
    common: dict[str, Any] = {
        "id": ids[number],
        "name": f"Cue {number}",
        "description": f"What happens in cue {number}",
        "post_go": PostGo.GO,
        "pre_wait_flicks": from_ms(random.randrange(10_000)),
        "ui_properties": f"<ui_properties><row>{number}</row></ui_properties>",
    }
    target = random.choice(ids[:-1])
    match number % 5:
        case 0:
            levels = (ChannelLevel(0, 100), ChannelLevel(1, random.randrange(101)))
            output = AudioOutput(output_name=f"{NODE}_0", volume_percent=80, channels=levels)
            return AudioCue(media=_media(number, "wav"), outputs=(output,), **common)
        case 1:
            screen = VideoOutput(output_name=f"{NODE}_1", geometry=Geometry())
            return VideoCue(media=_media(number, "mp4"), outputs=(screen,), **common)
        case 2:
            channels = tuple(
                DmxChannel(channel, random.randrange(256)) for channel in range(DMX_CHANNELS)
            )
            scene = DmxScene(id="look", universes=(DmxUniverse(number=0, channels=channels),))
            return DmxCue(scene=scene, outputs=(DmxOutput(NODE),), **common)
        case 3:
            return ActionCue(action=Action.STOP, action_target=target, **common)
        case _:
            return FadeCue(action_target=target, duration_flicks=from_ms(2000), **common)


def _media(number: int, suffix: str) -> Media:
    duration = from_ms(1000 * (number % 300 + 1))
    region = Region(id=0, loop=1, in_flicks=0, out_flicks=duration)
    return Media(file_name=f"media {number}.{suffix}", duration_flicks=duration, regions=(region,))
