"""What a controller that has just started takes up: from its nodes, else from its journal."""

from dataclasses import replace

from cuems.core import bus
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import (
    AdoptLine,
    ControllerEffect,
    LineMoved,
    ProjectRead,
    ProjectUnreadable,
    ReadProject,
    RestartLine,
    Restore,
    StoodBefore,
    Welcome,
)
from cuems.core.events import Go, LineFound
from cuems.core.operator import Ping, PressGo, PressResume, PressStop, SetMixerVolume
from cuems.core.played import PlayedBefore
from cuems.core.reports import ArmedReport, CueEndedReport, CueStartedReport, Hello
from cuems.core.runs import Trigger
from cuems.core.show_state import ShowState
from cuems.core.stands import Remembered, Stands
from cuems.core.status import (
    CuePlay,
    MixerVolume,
    ModeIs,
    NodeWaived,
    Notice,
    Paused,
    Running,
)
from cuems.core.timecode import from_ms
from tests.build import audio, show
from tests.core.test_controller import NODE_ID, A, B, Rig, published, told

AWAY = NodeId("away")
TRIGGER = Trigger(cue=A, run_seq=77, given=0, due=0, arrival=0)
PLAYING = ShowState(at=B, after_go_of=A, triggers=(TRIGGER,))
STANDS = Stands(project="show", load_seq=5, stop_generation=3, state=PLAYING)
ON_NODE = Hello(
    boot="9",
    version="1",
    name="foh",
    project="show",
    load_seq=5,
    stop_generation=3,
    state=PLAYING,
    position=from_ms(4000),
)


def is_read(rig: Rig) -> list[ControllerEffect]:
    read = ProjectRead(5, show(audio("a", 60_000), audio("b")), None)
    return list(rig.controller.handle(read))


def reads(effects: list[ControllerEffect]) -> bool:
    return ReadProject(5, "show") in effects


def restored(*, go_on: bool = False) -> Rig:
    """A controller that has taken its show up from the journal."""
    rig = Rig()
    remembered = Remembered(run="1", stands=STANDS, position=from_ms(3900))
    assert reads(list(rig.controller.handle(Restore(remembered, go_on, 0))))
    taken_up = is_read(rig)
    assert AdoptLine(from_ms(3900), 0, rolling=go_on) in taken_up
    return rig


def snapshots(effects: list[ControllerEffect]) -> list[bus.Snapshot]:
    return [effect.snapshot for effect in effects if isinstance(effect, Welcome)]


def test_a_node_that_plays_the_show_of_the_journal_and_says_so_late_is_not_paused() -> None:
    rig = restored()
    hello = rig.report(ON_NODE)
    assert reads(hello)
    assert snapshots(hello) == []  # it plays on meanwhile
    effects = is_read(rig)
    assert AdoptLine(from_ms(4000), 0, rolling=True) in effects
    assert {Running(True), Paused(False)} <= set(published(effects))
    assert Notice("show was found on foh, and is led on") in published(effects)
    (snapshot,) = snapshots(effects)
    assert snapshot.state is not None
    assert not snapshot.state.paused
    assert snapshot.state.triggers == (TRIGGER,)


def test_what_a_node_plays_otherwise_than_the_journal_has_it_is_not_taken_up_late() -> None:
    for otherwise in (
        replace(ON_NODE, load_seq=6),
        replace(ON_NODE, stop_generation=4),
        replace(ON_NODE, project="another"),
        replace(ON_NODE, state=ShowState()),
    ):
        rig = restored()
        (snapshot,) = snapshots(rig.report(otherwise))
        assert snapshot.state is not None
        assert snapshot.state.paused


def test_once_the_operator_has_asked_for_something_that_holds_and_not_what_a_late_node_has() -> (
    None
):
    for command in (PressResume(), PressStop()):
        rig = restored()
        rig.ask(command)
        assert not reads(rig.report(ON_NODE))
    rig = restored()
    rig.ask(Ping())
    assert reads(rig.report(ON_NODE))


def test_a_stop_at_once_silences_the_nodes_and_the_show_is_taken_up_stopped() -> None:
    rig = Rig()
    assert told(rig.ask(PressStop())) == [bus.StopCommand(1)]
    hello = rig.report(ON_NODE)
    assert told(hello) == [bus.StopCommand(1, only=(NODE_ID,))]
    assert reads(hello)
    effects = is_read(rig)
    assert RestartLine(rolling=True) in effects
    assert Running(True) not in published(effects)
    assert Notice("show was found on foh, and is stopped") in published(effects)
    (snapshot,) = snapshots(effects)
    assert not snapshot.empty
    assert snapshot.load == bus.LoadCommand(project="show", load_seq=5)
    assert snapshot.state is not None
    assert snapshot.state.triggers == ()


def test_a_stop_at_once_also_holds_for_what_the_journal_has() -> None:
    rig = Rig()
    rig.ask(PressStop())
    remembered = Remembered(run="1", stands=STANDS, position=from_ms(3900))
    rig.controller.handle(Restore(remembered, False, 0))
    effects = is_read(rig)
    assert RestartLine(rolling=True) in effects
    assert Running(True) not in published(effects)
    assert not reads(rig.report(ON_NODE))


def test_where_the_show_of_a_node_is_not_to_be_read_here_a_stop_still_silences_it() -> None:
    rig = Rig()
    rig.ask(PressStop())
    rig.report(ON_NODE)
    effects = list(rig.controller.handle(ProjectUnreadable(5, "no such project")))
    (snapshot,) = snapshots(effects)
    assert (snapshot.load, snapshot.empty) == (None, False)
    assert told(effects) == [bus.StopCommand(1, only=(NODE_ID,))]


def plays_of(effects: list[ControllerEffect]) -> dict[str, int]:
    return {told.cue: told.percent for told in published(effects) if isinstance(told, CuePlay)}


def test_what_the_journal_has_as_played_is_shown_as_played() -> None:
    before = Rig().armed(audio("a", 1000), audio("b"))
    before.ask(PressGo())
    before.report(CueStartedReport(A, 0))
    assert before.controller.stands.played == ""
    before.report(CueEndedReport(A))
    assert before.controller.stands.played == "1"
    played = replace(STANDS, state=ShowState(at=B), played="1")
    remembered = Remembered(run="1", stands=played, position=from_ms(3900))
    rig = Rig()
    rig.controller.handle(Restore(remembered, False, 0))
    assert plays_of(is_read(rig)) == {A: 100, B: 0}
    assert rig.controller.stands.played == "1"
    rig.ask(PressStop())
    assert rig.controller.stands.played == ""


def test_the_journal_tells_what_was_played_of_a_show_that_a_node_has() -> None:
    played = replace(STANDS, played="3")
    remembered = Remembered(run="1", stands=played, position=from_ms(3900))
    rig = Rig()
    rig.report(ON_NODE)
    is_read(rig)
    rig.report(CueStartedReport(A, 0))
    told = list(rig.controller.handle(Restore(remembered, False, 0)))
    assert plays_of(told) == {B: 100}  # the other plays


def test_what_no_node_knows_comes_from_the_journal_also_where_a_node_has_the_show() -> None:
    moved, kept = (
        bus.PlayerControlCommand(f"/{NODE_ID}/audio/mixer/{output}/master/volume", (0.5,))
        for output in (1, 0)
    )
    before = replace(STANDS, controls=(moved, kept), mode="show", waived=(AWAY,))
    rig = Rig()
    told = published(list(rig.controller.handle(StoodBefore(before))))
    assert [status for status in told if isinstance(status, MixerVolume)] == [
        MixerVolume(NODE_ID, "1", "master", 0.5),
        MixerVolume(NODE_ID, "0", "master", 0.5),
    ]
    rig.report(ON_NODE)
    is_read(rig)
    rig.ask(SetMixerVolume(node=NODE_ID, output="1", channel="master", value=0.25))
    remembered = Remembered(run="1", stands=before, position=from_ms(3900))
    assert list(rig.controller.handle(Restore(remembered, False, 0))) == []
    assert {ModeIs("show"), NodeWaived(AWAY, waived=True)} <= set(told)
    stands = rig.controller.stands
    assert (stands.mode, stands.waived) == ("show", (AWAY,))
    assert {control.values for control in stands.controls} == {(0.25,), (0.5,)}


def test_a_standby_goes_on_saying_what_the_one_before_has_said() -> None:
    for project, shown in (("show", {A: 100, B: 0}), ("another", {A: 0, B: 0})):
        rig = Rig()
        rig.controller.handle(PlayedBefore(project, (A, CueId("of no show"))))
        rig.report(replace(ON_NODE, state=ShowState(at=B)))
        assert plays_of(is_read(rig)) == shown


def test_a_go_after_a_take_over_has_no_number_that_nodes_have_heard_before() -> None:
    """Words that changed nothing, or were refused, have left no trace but on the nodes."""
    rig = Rig()
    rig.report(ON_NODE)
    is_read(rig)
    rig.controller.handle(LineMoved(LineFound(from_ms(4000))))
    rig.report(ArmedReport(armed=True, load_seq=5, standby=B))
    rig.now_ns, rig.position = 10**10, from_ms(4000)
    (go,) = [said for said in told(rig.ask(PressGo())) if isinstance(said, Go)]
    assert go.run_seq > TRIGGER.run_seq + 1000
