"""Players in use: what a show asks of the lights, which hold their look."""

from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, DmxCue, DmxScene, PostGo
from cuems.core.effects import Blackout, Effect, Relocate, ShowStopped, Start, Stop, Unfreeze
from cuems.core.events import Advance, Go, LineFound, Locate, Panic, Pause, Resume, StopAll
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
            case Relocate(cue=cue):
                found.append(("relocate", cue, False))
            case Unfreeze(cue=cue):
                found.append(("unfreeze", cue, False))
            case Blackout():
                found.append(("blackout", None, False))
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


def chain() -> Sequencer:
    """Warm light for a second, then cold."""
    sequencer = rolling(order(lights(WARM, 1000, PostGo.GO_AT_END), lights(COLD, 1000)))
    sequencer.handle(Advance(from_ms(100)))
    return sequencer


def test_a_jump_ahead_brings_on_the_looks_that_it_passes() -> None:
    effects = chain().handle(Locate(from_ms(9000)))
    assert asked(effects) == [("relocate", WARM, False), ("start", COLD, False)]
    assert [one.elapsed for one in effects if isinstance(one, Start)] == [from_ms(7900)]


def test_a_jump_back_takes_away_what_was_not_on_yet_and_brings_back_what_was() -> None:
    sequencer = chain()
    sequencer.handle(Advance(from_ms(9000)))
    assert asked(sequencer.handle(Locate(from_ms(500)))) == [
        ("stop", COLD, False),
        ("relocate", WARM, False),
    ]
    assert asked(sequencer.handle(Locate(from_ms(9000)))) == [
        ("relocate", WARM, False),
        ("start", COLD, False),
    ]
    assert asked(sequencer.handle(Locate(from_ms(5000)))) == []
    assert asked(sequencer.handle(Locate(0))) == [("stop", WARM, False), ("stop", COLD, False)]


def test_a_jump_to_where_the_same_looks_are_on_changes_nothing() -> None:
    sequencer = chain()
    sequencer.handle(Advance(from_ms(9000)))
    assert asked(sequencer.handle(Locate(from_ms(5000)))) == []


def test_while_the_show_is_paused_a_jump_brings_on_only_what_is_over() -> None:
    sequencer = chain()
    sequencer.handle(Pause())
    assert asked(sequencer.handle(Locate(from_ms(1500)))) == [("unfreeze", WARM, False)]
    assert asked(sequencer.handle(Resume())) == [("start", COLD, False)]


def test_a_chain_begun_in_the_middle_has_the_looks_of_its_past() -> None:
    running = order(lights(WARM, 1000, PostGo.GO_AT_END), lights(COLD, 1000))
    sequencer = Sequencer(running, Scope(frozenset(running), frozenset(running)))
    sequencer.begin()
    sequencer.handle(LineFound(0))
    effects = sequencer.handle(Go(run_seq=1, cue=WARM, at=0, into=from_ms(1500)))
    assert asked(effects) == [("start", WARM, False), ("start", COLD, False)]


def test_a_panic_fades_lights_that_hold_and_only_then_stops_the_show() -> None:
    sequencer = chain()
    sequencer.handle(Advance(from_ms(9000)))
    assert asked(sequencer.handle(Panic())) == [("blackout", None, False)]
    assert asked(sequencer.handle(Advance(from_ms(10_999)))) == []
    assert asked(sequencer.handle(Advance(from_ms(11_000)))) == [("stopped", None, False)]


def test_a_panic_over_nothing_stops_at_once() -> None:
    sequencer = chain()
    sequencer.handle(StopAll())
    assert asked(sequencer.handle(Panic())) == [("stopped", None, False)]
