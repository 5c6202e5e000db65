"""The life of a cue, rule by rule: interop.md 6.5, with what show.md decides otherwise."""

import pytest

from cuems.core.cues import Action, AnyCue, CueId
from cuems.core.events import Event, Go, LineFound, LineLost, StopAll
from cuems.core.timecode import from_ms
from tests.build import action, audio, cues, video
from tests.core.golden import Scene, log_of

Script = list[tuple[int, Event]]


def go(at_ms: int, cue: str, run_seq: int = 1) -> tuple[int, Event]:
    return at_ms, Go(run_seq=run_seq, cue=CueId(cue), at=from_ms(at_ms))


RULES: dict[str, tuple[list[AnyCue], Script, list[str]]] = {
    "1: a GO gives the cue a new life, whatever became of the last": (
        [audio("rain", 1000)],
        [go(0, "rain"), go(5000, "rain", 2)],
        ["0.000 start rain", "1.000 rain is over", "5.000 start rain", "6.000 rain is over"],
    ),
    "2: it starts when its pre-wait is over": (
        [audio("rain", 1000, pre=300)],
        [go(1000, "rain")],
        ["1.300 start rain", "2.300 rain is over"],
    ),
    "3: its turn is told at the arrival, with the start": (
        [video("moon", 1000, pre=300)],
        [go(1000, "moon")],
        ["1.000 moon has its turn, starts at 1.300", "1.300 start moon"],
    ),
    "3: an action is done at the start": (
        [audio("rain", 5000, "g"), action("hush", Action.STOP, "rain", pre=400)],
        [go(0, "rain")],
        ["0.000 hush has its turn, starts at 0.400", "0.400 stop rain", "0.400 hush applied"],
    ),
    "3: a list starts with its first enabled cue": (
        [cues("act", audio("rain", enabled=False), audio("owl", 1000), pre=200)],
        [go(0, "act")],
        ["0.200 owl has its turn, starts at 0.200", "0.200 start owl"],
    ),
    "4: auto-continue: the follower's turn comes at the start, and the post-wait after it": (
        [audio("rain", 3000, "g", pre=100, wait=500), audio("owl", 1000)],
        [go(0, "rain")],
        ["0.100 start rain", "0.600 owl has its turn, starts at 0.600", "0.600 start owl"],
    ),
    "5: the body is over when all its plays are": (
        [audio("rain", 1000, loop=3)],
        [go(0, "rain")],
        ["0.000 start rain", "3.000 rain is over"],
    ),
    "6: the post-wait of an auto-pause cue belongs to it, its picture does not": (
        [video("moon", 1000, "p", wait=400)],
        [go(0, "moon")],
        ["1.000 stop moon", "1.400 moon is over"],
    ),
    "7: auto-follow: the follower's turn comes when all is over": (
        [audio("rain", 1000, "e", wait=400), audio("owl", 1000, pre=200)],
        [go(0, "rain")],
        ["1.000 stop rain", "1.400 rain is over", "1.400 owl has its turn, starts at 1.600"],
    ),
    "7: a follower that a newer GO has started is not started again": (
        [audio("rain", 1000, "e"), audio("owl", 3000)],
        [go(0, "rain"), go(500, "owl", 2)],
        ["0.500 start owl", "1.000 rain is over", "3.500 stop owl", "3.500 owl is over"],
    ),
    "8: a list lasts until its last cue is over, and is then over itself": (
        [cues("act", audio("rain", 1000, "e"), audio("owl", 500, "e")), audio("end", 100)],
        [go(0, "act")],
        ["1.000 start owl", "1.500 owl is over", "1.500 act is over"],
    ),
    "9: STOP ends it at once, and nothing it would have brought about comes": (
        [audio("rain", 1000, "e"), audio("owl", 1000)],
        [go(0, "rain"), (500, StopAll())],
        ["0.500 stop rain", "0.500 the show has stopped"],
    ),
    "10: without timecode nothing new starts; found again, it is where it would be": (
        [audio("rain", 3000, "g", wait=1000), audio("owl", 3000)],
        [go(0, "rain"), (500, LineLost()), (1500, LineFound(from_ms(1500)))],
        ["0.500 TIMECODE LOST", "1.500 start owl +500"],
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_life_of_a_cue(rule: str) -> None:
    shown, script, expected = RULES[rule]
    told = [" ".join(line.split()) for line in log_of(rule, Scene(shown, script)).splitlines()]
    at = [told.index(line) for line in expected if line in told]
    assert [told[index] for index in at] == expected, "\n".join(told)
    assert at == sorted(at), "\n".join(told)
