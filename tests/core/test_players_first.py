"""What a node does first."""

from cuems.core.cues import CueId
from cuems.core.effects import Stop
from cuems.core.node_desk import ClearStage, NodeEffect, Play, Say
from cuems.core.players_first import players_first
from cuems.core.reports import CueEndedReport

ONE, OTHER = CueId("one"), CueId("other")


def told(cue: CueId) -> Say:
    return Say(CueEndedReport(cue))


def test_players_are_asked_for_all_of_it_before_any_of_it_is_reported() -> None:
    effects: list[NodeEffect] = [Play(Stop(ONE)), told(ONE), Play(Stop(OTHER)), told(OTHER)]
    assert list(players_first(effects)) == [effects[0], effects[2], effects[1], effects[3]]


def test_what_is_neither_keeps_its_place_among_them() -> None:
    effects: list[NodeEffect] = [told(ONE), Play(Stop(ONE)), ClearStage(), told(OTHER)]
    assert list(players_first(effects)) == [effects[1], effects[0], effects[2], effects[3]]
