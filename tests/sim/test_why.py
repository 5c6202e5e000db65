"""Why a cue ran or did not, as an operator would tell it."""

import pytest

from cuems.core.cues import Action, CueId
from cuems.core.operator import EnableCue, GoCue, MoveStandby, PauseCue, PressGo, StopCue
from cuems.core.reports import ArmedReport, CueFailedReport
from cuems.sim.why import why
from tests.build import NODE, action, audio
from tests.recording import Recording, find_show


def told(made: Recording, cue: str) -> tuple[str, list[str]]:
    verdict, facts = why(made.records, find_show(made), CueId(cue))
    return verdict, [fact.text for fact in facts]


@pytest.fixture
def made() -> Recording:
    recording = Recording()
    recording.load(
        audio("a", 1000, "e"),
        audio("b", 1000),
        audio("c", 1000, "g"),
        action("play d", Action.PLAY, "d"),
        audio("d"),
        audio("z", enabled=False),
    )
    return recording


def test_a_cue_ran_because_go_was_pressed(made: Recording) -> None:
    made.ask(PressGo())
    made.started("a")
    verdict, facts = told(made, "a")
    assert verdict == "'a' had its turn once"
    assert facts == [
        "stands by for the next GO",
        "GO, asked by client 1 (tablet)",
        f"started on node {NODE}",
    ]


def test_a_cue_ran_because_the_one_before_it_handed_over(made: Recording) -> None:
    made.ask(PressGo())
    made.started("a")
    made.wait(1000)
    made.started("b")
    assert told(made, "b")[1][-1] == f"started on node {NODE}, from 'a' with its end (auto-follow)"


def test_a_cue_ran_because_an_action_played_it(made: Recording) -> None:
    made.ask(GoCue(CueId("c")))
    made.started("c")
    made.wait(10)
    made.started("d")
    assert told(made, "d")[1][-1] == f"started on node {NODE}, by the action 'play d' (play)"


def test_a_cue_did_not_run_because_its_go_was_refused(made: Recording) -> None:
    made.report(ArmedReport(armed=False, waiting_for=(CueId("c"),)))
    made.ask(MoveStandby(CueId("c")))
    made.wait(2100)  # any sooner, the GO would wait for the node
    made.ask(PressGo())
    verdict, facts = told(made, "c")
    assert verdict.startswith("'c' did not run: GO was refused: not armed: node left is not ready")
    assert "put on standby, asked by client 1 (tablet)" in facts
    assert f"node {NODE} is still arming it" in facts


def test_a_cue_did_not_run_because_it_was_disabled(made: Recording) -> None:
    assert told(made, "z")[0].endswith("it was disabled, so that turns passed it over")
    made.ask(EnableCue(CueId("b"), False))
    verdict, facts = told(made, "b")
    assert "it was disabled" in verdict
    assert "disable, asked by client 1 (tablet)" in facts


def test_what_was_done_to_a_cue_by_hand_is_told(made: Recording) -> None:
    made.ask(PressGo())
    made.started("a")
    made.ask(PauseCue(CueId("a")))
    made.ask(StopCue(CueId("a")))
    assert told(made, "a")[1][-2:] == [
        "pause of it, asked by client 1 (tablet)",
        "stop of it, asked by client 1 (tablet)",
    ]


def test_a_cue_did_not_run_because_nothing_came_to_it(made: Recording) -> None:
    assert told(made, "a")[0] == "'a' did not run: it stood by, and no GO came"
    assert told(made, "b")[0] == (
        "'b' did not run: its turn never came: 'a' before it did not run either"
    )
    made.ask(GoCue(CueId("b")))
    made.started("b")
    made.ask(MoveStandby(CueId("d")))
    assert told(made, "c")[0].startswith("'c' did not run: ")


def test_a_cue_that_failed_says_why(made: Recording) -> None:
    made.report(CueFailedReport(CueId("d"), "d.wav: no such media file"))
    assert told(made, "d") == (
        "'d' did not run, and could not have: d.wav: no such media file",
        [f"failed on node {NODE}: d.wav: no such media file"],
    )
    made.ask(PressGo())
    made.started("a")
    made.report(CueFailedReport(CueId("a"), "its player has died"))
    assert told(made, "a")[0] == "'a' had its turn once, and failed: its player has died"
