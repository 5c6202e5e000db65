"""A controller that starts anew and goes by what its journal remembers."""

from dataclasses import replace

from cuems.core import bus
from cuems.core.cues import CueId
from cuems.core.desk import (
    AdoptLine,
    ControllerEffect,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadProject,
    Restore,
    StoodBefore,
)
from cuems.core.operator import LoadProject, PressPause, PressStop, SetMixerVolume, SetMode
from cuems.core.reports import Hello
from cuems.core.runs import Trigger
from cuems.core.show_state import ShowState
from cuems.core.stands import Remembered, Stands
from cuems.core.status import MixerVolume, ModeIs, NodeWaived, Notice, Running
from cuems.core.timecode import from_ms
from tests.build import audio, show
from tests.core.test_controller import NODE_ID, A, B, Rig, answers, published, told

FADER = bus.PlayerControlCommand(f"/{NODE_ID}/audio/mixer/0/master/volume", (0.5,))
PLAYED = Trigger(cue=A, run_seq=77, given=0, due=0, arrival=0)
STANDS = Stands(
    project="show",
    load_seq=5,
    stop_generation=3,
    state=ShowState(at=B, after_go_of=A, triggers=(PLAYED,)),
    controls=(FADER,),
)


def restore(rig: Rig, stands: Stands = STANDS, *, go_on: bool = False) -> list[ControllerEffect]:
    remembered = Remembered(run="r", stands=stands, position=from_ms(4000))
    before = rig.controller.handle(StoodBefore(stands))
    return [*before, *rig.controller.handle(Restore(remembered, go_on, 9))]


def read(rig: Rig) -> list[ControllerEffect]:
    contents = show(audio("a", 60_000), audio("b"))
    return rig.follow(rig.controller.handle(ProjectRead(5, contents, None)))


def test_in_the_middle_of_a_show_it_stands_where_it_was_until_the_operator_says() -> None:
    rig = Rig()
    asked = restore(rig)
    assert ReadProject(5, "show") in asked
    assert MixerVolume(NODE_ID, "0", "master", 0.5) in published(asked)
    effects = read(rig)
    assert AdoptLine(from_ms(4000), 9, rolling=False) in effects
    assert Running(True) in published(effects)
    assert Notice(
        "show was found in the journal, and stands where it was: resume, or stop"
    ) in published(effects)
    stands = rig.controller.stands
    assert stands == replace(STANDS, state=replace(STANDS.state, paused=True, begun_at=0))


def test_told_to_go_on_by_itself_it_does() -> None:
    rig = Rig()
    restore(rig, go_on=True)
    effects = read(rig)
    assert AdoptLine(from_ms(4000), 9, rolling=True) in effects
    assert Notice("show was found in the journal, and is led on") in published(effects)


def test_before_the_first_go_nothing_is_paused() -> None:
    rig = Rig()
    restore(rig, replace(STANDS, state=ShowState(at=A)))
    effects = read(rig)
    assert AdoptLine(from_ms(4000), 9, rolling=True) in effects
    assert Running(True) not in published(effects)


def test_a_project_that_is_gone_is_said_and_the_controller_is_empty() -> None:
    rig = Rig()
    restore(rig)
    effects = list(rig.controller.handle(ProjectUnreadable(5, "no script.xml\nat all")))
    assert published(effects) == [Notice("what was found is not here: no script.xml")]
    assert rig.controller.stands.project == ""


def test_what_an_operator_or_a_node_has_said_meanwhile_counts_more() -> None:
    touched = Rig()
    touched.controller.handle(StoodBefore(STANDS))
    touched.ask(SetMixerVolume(node=NODE_ID, output="0", channel="master", value=0.25))
    remembered = Remembered(run="r", stands=STANDS, position=from_ms(4000))
    assert list(touched.controller.handle(Restore(remembered, False, 9))) == []
    found = Rig()
    found.report(Hello(boot="9", version="1", project="show", load_seq=5, state=STANDS.state))
    fader = [Publish(MixerVolume(NODE_ID, "0", "master", 0.5))]  # that no node knows
    assert restore(found) == fader
    loaded = Rig().armed(audio("a"))
    assert restore(loaded) == fader


def test_it_is_in_show_mode_at_once_and_done_without_the_same_nodes() -> None:
    rig = Rig()
    stands = replace(STANDS, mode="show", waived=(NODE_ID,))
    effects = list(rig.controller.handle(StoodBefore(stands)))
    assert ModeIs("show") in published(effects)
    assert NodeWaived(NODE_ID, waived=True) in published(effects)
    locked = "load is locked in show mode: set mode edit first"
    assert answers(rig.ask(LoadProject("another"))) == [locked]


def test_a_mode_that_an_operator_has_set_meanwhile_stays() -> None:
    rig = Rig()
    rig.controller.handle(StoodBefore(replace(STANDS, mode="show")))
    rig.ask(SetMode("edit"))
    rig.controller.handle(Restore(Remembered(run="r", stands=STANDS, position=0), False, 9))
    assert rig.controller.stands.mode == "edit"


def test_what_it_remembers_is_what_it_stands_at_again() -> None:
    rig = Rig().armed(audio("a", 60_000), audio("b"))
    rig.ask(SetMixerVolume(node=NODE_ID, output="0", channel="master", value=0.5))
    rig.ask(PressPause())
    before = rig.controller.stands
    assert (before.project, before.controls, before.state.paused) == ("show", (FADER,), True)
    again = Rig()
    restore(again, replace(before, load_seq=5))
    read(again)
    assert again.controller.stands == replace(before, load_seq=5)
    assert told(again.ask(PressStop())) == [bus.StopCommand(before.stop_generation + 1)]
    assert CueId("a") == again.controller.stands.state.at
