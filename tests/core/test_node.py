"""A node as its controller and its players see it."""

from dataclasses import replace

from cuems.core import bus
from cuems.core.cues import Action, AnyCue, AudioOutput, CueId, NodeId
from cuems.core.effects import Arm, Start, Stop
from cuems.core.events import (
    Advance,
    CueArmed,
    CueBroken,
    Go,
    Intervene,
    LineFound,
    LineLost,
    LoadToTime,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
)
from cuems.core.node import Node
from cuems.core.node_desk import (
    ClearStage,
    Control,
    Deploy,
    Fetch,
    Fetched,
    FetchFailed,
    Moved,
    NodeEffect,
    Play,
    Prepare,
    Proved,
    Say,
    Told,
)
from cuems.core.reports import (
    ArmedReport,
    CueEndedReport,
    CueFailedReport,
    CueResetReport,
    CueStartedReport,
    GoRefusedReport,
    LoadFailedReport,
    NodeReport,
    Pong,
)
from cuems.core.runs import Word
from cuems.core.show_state import ShowState
from cuems.core.timecode import from_ms
from tests.build import NODE, action, audio, show

NODE_ID = NodeId(NODE)
ELSEWHERE = (AudioOutput(output_name="22222222-2222-4222-8222-222222222222_0"),)
A, B = CueId("a"), CueId("b")


class Stand:
    """A node with a show, its line at zero, its players proved."""

    def __init__(self, *contents: AnyCue, load_seq: int = 4) -> None:
        self.node = Node(NODE_ID)
        self.load = bus.LoadCommand(project="show", load_seq=load_seq)
        self.node.handle(Moved(LineFound(0)))
        self.node.handle(Moved(Advance(0)))
        self.tell(self.load)
        self.loaded = self.node.handle(Fetched(self.load, show(*contents)))
        for effect in self.loaded:
            if isinstance(effect, Play) and isinstance(effect.effect, Arm):
                self.loaded += self.node.handle(Proved(CueArmed(effect.effect.cue)))

    def tell(self, command: bus.NodeCommand, position_ms: int = 0) -> tuple[NodeEffect, ...]:
        return self.node.handle(Told(command, from_ms(position_ms)))


def said(effects: tuple[NodeEffect, ...]) -> list[NodeReport]:
    return [effect.report for effect in effects if isinstance(effect, Say)]


def played(effects: tuple[NodeEffect, ...]) -> list[object]:
    return [effect.effect for effect in effects if isinstance(effect, Play)]


def go(cue: CueId = A, run_seq: int = 1, at_ms: int = 0) -> Go:
    at = from_ms(at_ms)
    return Go(run_seq=run_seq, cue=cue, at=at, deadline=at + from_ms(2000))


def test_a_load_fetches_then_arms_then_reports_ready() -> None:
    node = Node(NODE_ID)
    load = bus.LoadCommand(project="show", load_seq=1)
    assert node.handle(Told(load, 0)) == (Fetch(load),)
    stand = Stand(audio("a"), load_seq=7)
    assert isinstance(stand.loaded[0], Prepare)
    assert played(stand.loaded) == [Arm(cue=A)]
    assert said(stand.loaded)[-1] == ArmedReport(armed=True, load_seq=7, standby=A)


def test_a_load_for_other_nodes_is_none_of_ours() -> None:
    load = bus.LoadCommand(project="show", only=(NodeId("other"),))
    assert Node(NODE_ID).handle(Told(load, 0)) == ()


def test_a_load_overtaken_by_a_newer_one_comes_to_nothing() -> None:
    node = Node(NODE_ID)
    old = bus.LoadCommand(project="one", load_seq=1)
    node.handle(Told(old, 0))
    node.handle(Told(bus.LoadCommand(project="two", load_seq=2), 0))
    assert node.handle(Fetched(old, show(audio("a")))) == ()
    assert node.handle(FetchFailed(old, "gone")) == ()


def test_a_load_that_fails_is_reported_and_the_show_before_still_plays() -> None:
    stand = Stand(audio("a"))
    broken = bus.LoadCommand(project="broken", load_seq=5)
    stand.tell(broken)
    assert said(stand.node.handle(FetchFailed(broken, "no script.xml"))) == [
        LoadFailedReport(project="broken", reason="no script.xml", load_seq=5)
    ]
    assert Start(cue=A, run_seq=1, start=0, elapsed=0) in played(stand.tell(go()))


def test_only_cues_with_an_output_here_are_played_and_reported() -> None:
    stand = Stand(audio("a", 1000, "g"), audio("b", 1000, outputs=ELSEWHERE))
    effects = stand.tell(go())
    assert played(effects) == [Start(cue=A, run_seq=1, start=0, elapsed=0)]
    ready = ArmedReport(armed=True, load_seq=4, standby="")
    assert said(effects) == [CueStartedReport(A, 0), ready]


def test_a_cue_that_is_over_when_a_late_go_comes_is_missed_and_its_successor_joined() -> None:
    stand = Stand(audio("a", 300, "e"), audio("b", 9000))
    stand.node.handle(Moved(Advance(from_ms(1000))))
    effects = stand.tell(go(), 1000)
    assert played(effects)[0] == Start(
        cue=B, run_seq=1, start=from_ms(300), elapsed=from_ms(700), late=from_ms(700)
    )
    missed = CueFailedReport(A, "missed: it was 1000 ms late, and over by then")
    assert missed in said(effects)
    assert CueEndedReport(A) not in said(effects)
    again = said(stand.tell(go(run_seq=2, at_ms=1000), 1000))
    assert again[:2] == [CueResetReport(A), CueStartedReport(A, from_ms(1000))]


def test_cues_end_on_the_line() -> None:
    stand = Stand(audio("a", 1000), audio("b"))
    stand.tell(go())
    assert stand.node.next_due() == from_ms(250)
    effects = stand.node.handle(Moved(Advance(from_ms(1000))))
    assert Stop(A) in played(effects)
    assert CueEndedReport(A) in said(effects)


def test_a_player_that_breaks_is_reported_with_the_reason() -> None:
    stand = Stand(audio("a"))
    effects = stand.node.handle(Proved(CueBroken(A, "mpv was killed")))
    assert said(effects) == [CueFailedReport(A, "mpv was killed")]


def test_a_go_it_cannot_obey_is_refused_aloud() -> None:
    stand = Stand(audio("a"))
    stand.node.handle(Moved(LineLost()))
    assert said(stand.tell(go())) == [GoRefusedReport(1, "timecode is lost")]


def test_a_go_of_another_load_is_refused_and_one_of_this_load_or_of_none_is_not() -> None:
    """A node that was away may hear a GO without the load that was said before it."""
    stand = Stand(audio("a"), load_seq=4)
    refused = stand.tell(replace(go(), load=5))
    assert said(refused) == [GoRefusedReport(1, "the show it is for is not here yet")]
    assert played(refused) == []
    assert played(stand.tell(replace(go(run_seq=2), load=4)))[0] == Start(
        cue=A, run_seq=2, start=0, elapsed=0
    )
    upstream = Stand(audio("a"), load_seq=4)
    assert isinstance(played(upstream.tell(go()))[0], Start)


def test_a_node_of_a_rig_that_chases_does_not_pause_by_an_action() -> None:
    stand = Stand(audio("a", 9000, "g"), action("hold", Action.PAUSE_PROJECT))
    stand.tell(bus.SettingsCommand((), own_line=False))
    stand.tell(go())
    effects = stand.node.handle(Moved(Advance(from_ms(9000))))
    assert played(effects) == [Stop(A)]


def test_stop_silences_and_reports_ready_again() -> None:
    stand = Stand(audio("a", 9000), audio("b"))
    stand.tell(go())
    effects = stand.tell(bus.StopCommand(1))
    assert played(effects)[0] == Stop(A)
    assert CueResetReport(A) in said(effects)
    assert said(effects)[-1] == ArmedReport(armed=False, waiting_for=(A,), load_seq=4, standby=A)
    assert said(stand.node.handle(Proved(CueArmed(A)))) == [
        ArmedReport(armed=True, load_seq=4, standby=A)
    ]


def test_a_stop_meant_for_another_node_is_none_of_ours() -> None:
    stand = Stand(audio("a", 9000))
    stand.tell(go())
    assert stand.tell(bus.StopCommand(1, only=(NodeId("other"),))) == ()
    assert Stop(A) in played(stand.tell(bus.StopCommand(1, only=(NODE_ID,))))
    assert stand.node.stop_generation == 1


def test_an_upstream_go_fires_what_stands_by_where_the_line_is() -> None:
    stand = Stand(audio("a", 9000), audio("b"))
    started = played(stand.tell(bus.GoStandbyCommand(3), 0))
    assert started[0] == Start(cue=A, run_seq=3, start=0, elapsed=0)
    stand.tell(bus.GoStandbyCommand(), 5)
    nothing = stand.tell(bus.GoStandbyCommand(), 6)
    assert said(nothing) == [GoRefusedReport(0, "nothing stands by")]
    blind = stand.node.handle(Told(bus.GoStandbyCommand(9), None))
    assert said(blind) == [GoRefusedReport(9, "no timecode")]


def test_every_other_command_reaches_the_show() -> None:
    stand = Stand(audio("a", 9000), audio("b"), audio("c"), audio("d"))
    stand.tell(SetNextCue(B))
    stand.tell(SetEnabled(B, False))
    stand.tell(LoadToTime(0))
    stand.tell(go())
    assert "Freeze" in str(played(stand.tell(Pause())))
    assert "Unfreeze" in str(played(stand.tell(Resume())))
    hold = Intervene(run_seq=2, cue=A, word=Word.PAUSE, at=0)
    assert "Freeze" in str(played(stand.tell(hold)))
    assert "Unfreeze" in str(played(stand.tell(replace(hold, run_seq=3, word=Word.RESUME))))
    stand.tell(bus.PanicCommand(1))
    assert "SetLevel" in str(played(stand.node.handle(Moved(Advance(from_ms(20))))))


def test_a_ping_is_answered() -> None:
    assert said(Node(NODE_ID).handle(Told(bus.PingCommand(), None))) == [Pong()]


def test_unload_lets_all_players_go() -> None:
    stand = Stand(audio("a"))
    assert stand.tell(bus.UnloadCommand(1)) == (ClearStage(),)
    assert stand.node.next_due() is None


def test_words_to_players_are_handed_on() -> None:
    control = bus.PlayerControlCommand(f"/{NODE}/audio/mixer/0/master/volume", (0.5,))
    assert Node(NODE_ID).handle(Told(control, 0)) == (Control(control),)


def test_a_show_of_actions_alone_is_ready_at_once() -> None:
    stand = Stand(action("a", Action.WAIT))
    assert said(stand.loaded)[-1] == ArmedReport(armed=True, load_seq=4, standby=A)


def test_a_load_once_more_only_brings_the_hash_of_its_content() -> None:
    stand = Stand(audio("a"), load_seq=4)
    proved = bus.Source(library="rsync://c/library", port=1, project_hash="00ff")
    assert stand.tell(replace(stand.load, source=proved)) == ()
    assert stand.node.project_hash == "00ff"
    coming = bus.LoadCommand(project="next", load_seq=5)
    stand.tell(coming)
    assert stand.tell(coming) == ()
    with_hash = replace(coming, source=proved)
    assert stand.tell(with_hash) == (Fetch(with_hash),)


def test_files_are_seen_to_where_they_are_asked_for() -> None:
    source = bus.Source(library="rsync://c/library", port=1, project_hash="00ff")
    asked = bus.DeployCommand(
        deploy_seq=1, verb="check", project="show", source=source, only=(NODE_ID,)
    )
    assert Node(NODE_ID).handle(Told(asked, None)) == (Deploy(asked),)
    assert Node(NodeId("other")).handle(Told(asked, None)) == ()


def test_while_another_show_is_fetched_nothing_of_this_one_starts_by_itself() -> None:
    stand = Stand(audio("a", 1000, "g"), audio("b"))
    stand.tell(go())
    stand.tell(bus.LoadCommand(project="next", load_seq=5))
    assert stand.node.next_due() is None
    assert stand.node.state is None
    assert stand.node.handle(Moved(Advance(from_ms(5000)))) == ()


def test_how_the_show_stands_is_taken_from_its_controller() -> None:
    stand = Stand(audio("a", 9000), audio("b"), load_seq=4)
    stand.tell(go())
    state = stand.node.state
    back = Stand(audio("a", 9000), audio("b"), load_seq=4)
    back.node.handle(Moved(Advance(from_ms(3000))))
    fader = bus.PlayerControlCommand(f"/{NODE}/audio/mixer/0/master/volume", (0.5,))
    snapshot = bus.Snapshot(
        node=NODE_ID, epoch=1, boot="x", next_seq=1, stop_generation=2,
        load=back.load, state=state, controls=(fader,),
    )  # fmt: skip
    effects = back.tell(snapshot, 3000)
    assert Control(fader) in effects
    assert Start(cue=A, run_seq=1, start=0, elapsed=from_ms(3000)) in played(effects)
    assert back.node.stop_generation == 2


def test_a_controller_that_brings_a_node_up_to_now_hears_again_what_runs_and_what_is_over() -> None:
    stand = Stand(audio("a", 1000, "g"), audio("b", 9000), load_seq=4)
    stand.tell(go())
    stand.node.handle(Moved(Advance(from_ms(1000))))
    snapshot = bus.Snapshot(node=NODE_ID, load=stand.load, state=stand.node.state, welcome=7)
    again = said(stand.tell(snapshot, 1000))
    assert [type(report) for report in again] == [
        CueStartedReport, CueEndedReport, ArmedReport
    ]  # fmt: skip
    assert again[1:] == [
        CueEndedReport(A),
        ArmedReport(armed=True, load_seq=4, standby="", welcome=7),
    ]
    assert said(stand.tell(snapshot, 1000)) == []
    stand.node.relinked()
    assert said(stand.tell(snapshot, 1000)) == again[:-1]


def test_a_controller_without_a_show_lets_everything_go_only_if_it_says_so() -> None:
    stand = Stand(audio("a"))
    said_nothing = bus.Snapshot(node=NODE_ID, epoch=1, boot="x", next_seq=1, stop_generation=0)
    assert ClearStage() not in stand.tell(said_nothing)
    assert stand.tell(replace(said_nothing, empty=True)) == (ClearStage(),)


def test_a_second_panic_does_not_cut_the_fade_of_the_first() -> None:
    stand = Stand(audio("a", 9000))
    stand.tell(go())
    stand.tell(bus.PanicCommand(1))
    first = stand.node.handle(Moved(Advance(from_ms(500))))
    assert played(stand.tell(bus.PanicCommand(1), 500)) == []
    assert played(first) != []


def test_a_panic_in_its_turn_undoes_what_was_said_before_it_and_came_after() -> None:
    stand = Stand(audio("a", 9000), audio("b"))
    stand.tell(bus.PanicCommand(1))
    stand.tell(SetNextCue(B))
    stood = said(stand.tell(bus.PanicCommand(1)))[-1]
    assert isinstance(stood, ArmedReport)
    assert stood.standby == A


def test_a_node_that_comes_after_a_stop_under_rolling_timecode_starts_nothing_from_before_it() -> (
    None
):
    contents = (audio("a", 60_000, pre=1000, timecode=True), audio("b"))
    load = bus.LoadCommand(project="show", load_seq=4)
    state = ShowState(at=A, begun_at=from_ms(5000))
    snapshot = bus.Snapshot(node=NODE_ID, stop_generation=3, load=load, state=state)

    def comes(*stops: bus.StopCommand) -> tuple[NodeEffect, ...]:
        node = Node(NODE_ID)
        node.handle(Moved(LineFound(from_ms(8000))))
        node.handle(Told(snapshot, from_ms(8000)))
        for stop in stops:
            node.handle(Told(stop, from_ms(8000)))
        return node.handle(Fetched(load, show(*contents)))

    assert not [effect for effect in played(comes()) if isinstance(effect, Start)]
    state = ShowState(at=A)
    snapshot = replace(snapshot, state=state)
    assert [effect for effect in played(comes()) if isinstance(effect, Start)]
    assert not [e for e in played(comes(bus.StopCommand(4))) if isinstance(e, Start)]
