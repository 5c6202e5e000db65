"""Players in use: what a show asks of the lights, which hold their look."""

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, DmxCue, DmxScene, PostGo
from cuems.core.effects import Effect, ShowStopped, Start, Stop
from cuems.core.events import Advance, Go, LineFound, StopAll
from cuems.core.sequencer import Sequencer
from cuems.core.timecode import from_ms
from tests.build import order

WARM, COLD = CueId("warm"), CueId("cold")


def lights(cue: CueId, fade_ms: int = 0, post_go: PostGo = PostGo.PAUSE) -> DmxCue:
    return DmxCue(id=cue, scene=DmxScene(id="s"), fade_in_flicks=from_ms(fade_ms), post_go=post_go)


def rolling(running: RunningOrder) -> Sequencer:
    sequencer = Sequencer(running, Scope(frozenset(running), frozenset(running)))
    sequencer.begin()
    sequencer.handle(LineFound(0))
    sequencer.handle(Go(run_seq=1, cue=WARM, at=from_ms(100)))
    return sequencer


def asked(effects: tuple[Effect, ...]) -> list[tuple[str, CueId | None, bool]]:
    found: list[tuple[str, CueId | None, bool]] = []
    for effect in effects:
        match effect:
            case Start(cue=cue):
                found.append(("start", cue, False))
            case Stop(cue, over):
                found.append(("stop", cue, over))
            case ShowStopped():
                found.append(("stopped", None, False))
            case _:
                pass
    return found


def test_lights_without_a_fade_come_on_although_their_body_is_over_at_once() -> None:
    sequencer = rolling(order(lights(WARM), lights(COLD)))
    assert asked(sequencer.handle(Advance(from_ms(100)))) == [
        ("start", WARM, False),
        ("stop", WARM, True),
    ]


def test_lights_whose_turn_came_late_come_on_in_their_order() -> None:
    sequencer = rolling(order(lights(WARM, 10, PostGo.GO_AT_END), lights(COLD, 10)))
    starts = [one for one in asked(sequencer.handle(Advance(from_ms(900)))) if one[0] == "start"]
    assert starts == [("start", WARM, False), ("start", COLD, False)]


def test_a_stop_within_the_body_is_not_its_end() -> None:
    sequencer = rolling(order(lights(WARM, 1000), lights(COLD)))
    sequencer.handle(Advance(from_ms(200)))
    assert asked(sequencer.handle(StopAll())) == [("stop", WARM, False), ("stopped", None, False)]


def test_a_stop_after_the_end_reaches_the_lights_that_hold() -> None:
    sequencer = rolling(order(lights(WARM, 1000), lights(COLD)))
    assert asked(sequencer.handle(Advance(from_ms(1100))))[-1] == ("stop", WARM, True)
    assert asked(sequencer.handle(StopAll())) == [("stopped", None, False)]
