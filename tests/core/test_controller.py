"""What operators ask and nodes report, and what comes of it: commands, statuses, answers."""

from dataclasses import replace
from typing import Any

from cuems.core import bus
from cuems.core.controller import Controller
from cuems.core.cues import Action, AnyCue, CueId, NodeId
from cuems.core.desk import (
    AdoptLine,
    Answer,
    Asked,
    AskSign,
    ControllerEffect,
    DiedBefore,
    Fenced,
    HoldLine,
    LineMoved,
    LoseNode,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadProject,
    Reported,
    RestartLine,
    RollLine,
    SettingsRead,
    Tell,
    Undelivered,
    Welcome,
    Woke,
)
from cuems.core.events import (
    Advance,
    Go,
    Intervene,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Pause,
    SetEnabled,
    SetNextCue,
)
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    Ping,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    SetMixerVolume,
    SetPlayer,
    StopCue,
    UnloadProject,
    WaiveNode,
)
from cuems.core.reports import (
    ArmedReport,
    ChaseReport,
    ClockProbe,
    CrashReport,
    CueEndedReport,
    CueFailedReport,
    CueProgressReport,
    CueResetReport,
    CueStartedReport,
    DeployReport,
    GoRefusedReport,
    HealthReport,
    Heartbeat,
    Hello,
    LoadFailedReport,
    NodeReport,
    NoticeReport,
)
from cuems.core.rules import Rules
from cuems.core.runs import Trigger, Word
from cuems.core.sequencer import Options
from cuems.core.settings import Settings
from cuems.core.show_state import ShowState
from cuems.core.status import (
    Armed,
    ChaseHealth,
    ClusterWarning,
    CueEnabled,
    CueHeld,
    CueKind,
    CueName,
    CuePlay,
    CueReason,
    CueStart,
    DeployProgress,
    GoGuard,
    Leadership,
    Loaded,
    MixerVolume,
    ModeIs,
    NextCue,
    NodeFigures,
    NodeHealth,
    NodeOutputs,
    Notice,
    Paused,
    Running,
    ShowTimecode,
    Status,
    WaitingFor,
)
from cuems.core.timecode import FLICKS_PER_S, from_ms
from tests.build import NODE, action, audio, cues, show

NODE_ID = NodeId(NODE)
A, B, C = CueId("a"), CueId("b"), CueId("c")
S = 1_000_000_000


CHASING = Rules(local_node=NODE_ID, options=Options(own_line=False))


class Rig:
    """A controller, an operator who asks it, and a node that answers by hand."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.controller = Controller(rules or Rules(local_node=NODE_ID))
        self.begun = self.controller.begin()
        self.controller.handle(LineMoved(LineFound(0)))
        self.now_ns = 0
        self.position = 0

    def ask(self, command: OperatorCommand, client: object = "tablet") -> list[ControllerEffect]:
        asked = Asked(
            client=client,
            address="/engine/command/x",
            command=command,
            now_ns=self.now_ns,
            position=self.position,
        )
        return self.follow(self.controller.handle(asked))

    def follow(self, effects: tuple[ControllerEffect, ...]) -> list[ControllerEffect]:
        """Draw the line anew where that is asked for, as the app does."""
        restarted = any(isinstance(effect, RestartLine) for effect in effects)
        if restarted:
            self.position = 0
        moved = self.controller.handle(LineMoved(Locate(0))) if restarted else ()
        return [*effects, *moved]

    def report(self, report: NodeReport, node: NodeId = NODE_ID) -> list[ControllerEffect]:
        return list(self.controller.handle(Reported(node, report, self.now_ns)))

    def roll(self, ms: int) -> list[ControllerEffect]:
        self.position = from_ms(ms)
        return list(self.controller.handle(LineMoved(Advance(self.position))))

    def load(self, *contents: AnyCue) -> list[ControllerEffect]:
        asked = self.ask(LoadProject("show"))
        load_seq = next(e.load_seq for e in asked if isinstance(e, ReadProject))
        return self.follow(self.controller.handle(ProjectRead(load_seq, show(*contents), None)))

    def armed(self, *contents: AnyCue) -> "Rig":
        """Loaded, and the node is ready for it."""
        effects = self.load(*contents)
        load = next(m for m in told(effects) if isinstance(m, bus.LoadCommand))
        self.report(ArmedReport(armed=True, load_seq=load.load_seq))
        return self


def told(effects: list[ControllerEffect]) -> list[bus.NodeCommand]:
    return [effect.message for effect in effects if isinstance(effect, Tell)]


def published(effects: list[ControllerEffect] | tuple[ControllerEffect, ...]) -> list[Status]:
    return [effect.status for effect in effects if isinstance(effect, Publish)]


def answers(effects: list[ControllerEffect]) -> list[str]:
    return [effect.reason or "ok" for effect in effects if isinstance(effect, Answer)]


def test_before_anything_is_loaded_clients_hear_that() -> None:
    assert published(Rig().begun) == [
        Running(None),
        Armed(None),
        Loaded(""),
        NextCue(None),
        Paused(False),
        GoGuard(200),
        ModeIs("edit"),
    ]


def test_a_load_is_told_in_the_order_clients_expect() -> None:
    rig = Rig()
    effects = rig.load(audio("a"), cues("b", enabled=False))
    assert published(effects)[:13] == [
        ShowTimecode(0),
        Paused(False),
        Armed(False),
        NextCue(None),
        CuePlay(A, 0),
        CuePlay(B, 0),
        CueName(A, "a"),
        CueKind(A, "audio", 0, FLICKS_PER_S),
        CueEnabled(A, True),
        CueName(B, "b"),
        CueKind(B, "list", 0),
        CueEnabled(B, False),
        Loaded("show", "show"),
    ]
    assert RestartLine(rolling=True) in effects
    assert answers(effects) == ["ok"]


def test_armed_and_the_standby_are_told_when_the_node_is_ready() -> None:
    rig = Rig()
    rig.load(audio("a"))
    effects = rig.report(ArmedReport(armed=True, load_seq=1))
    assert published(effects) == [
        NodeHealth(NODE_ID, "ok"),
        Armed(True),
        WaitingFor(""),
        NextCue(A),
        ClusterWarning(load_seq=1, project="show"),
    ]


def test_nodes_of_the_show_that_are_away_are_said_and_again_when_none_is() -> None:
    rig = Rig(Rules())
    loaded = rig.load(audio("a"))
    away = ClusterWarning(load_seq=1, project="show", missing=(NODE_ID,))
    assert warnings(loaded) == [away]
    here = replace(away, missing=())
    assert warnings(rig.report(Hello(boot="1", version="1"))) == [here]
    assert warnings(rig.report(ArmedReport(armed=True, load_seq=1))) == []
    assert warnings(rig.report(Heartbeat())) == []
    rig.now_ns = 60 * S
    lost = list(rig.controller.handle(Woke(rig.now_ns)))
    assert warnings(lost) == [replace(here, lost=(NODE_ID,))]
    assert warnings(rig.ask(WaiveNode(NODE_ID, waived=True))) == [here]


def warnings(effects: list[ControllerEffect]) -> list[ClusterWarning]:
    return [told for told in published(effects) if isinstance(told, ClusterWarning)]


def test_an_armed_that_answers_an_older_load_is_no_news() -> None:
    rig = Rig()
    rig.load(audio("a"))
    rig.load(audio("a"))
    assert Armed(True) not in published(rig.report(ArmedReport(armed=True, load_seq=1)))


def test_a_load_that_fails_keeps_what_was_loaded() -> None:
    rig = Rig().armed(audio("a"))
    rig.ask(LoadProject("broken"))
    effects = list(rig.controller.handle(ProjectUnreadable(2, "script.xml:3: bad\nand more")))
    assert answers(effects) == ["script.xml:3: bad\nand more"]
    assert published(effects) == [Notice("script.xml:3: bad")]
    assert answers(rig.ask(PressGo())) == ["ok"]


def test_a_newer_load_takes_over_from_the_one_under_way() -> None:
    rig = Rig()
    rig.ask(LoadProject("one"), "tablet")
    effects = rig.ask(LoadProject("two"), "phone")
    assert answers(effects) == ["given up for 'two', asked for later"]
    assert list(rig.controller.handle(ProjectRead(1, show(audio("a")), None))) == []


def test_a_load_while_a_show_runs_is_refused() -> None:
    rig = Rig().armed(audio("a"))
    rig.ask(PressGo())
    assert answers(rig.ask(LoadProject("other"))) == ["a show is running: stop it first"]
    assert answers(rig.ask(UnloadProject())) == ["a show is running: stop it first"]


def test_go_is_stamped_told_first_and_moves_the_pointer() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    rig.roll(5000)
    effects = rig.ask(PressGo())
    at = from_ms(5000)
    go = Go(run_seq=1, cue=A, at=at, deadline=at + from_ms(2000), load=1)
    assert effects[0] == Tell(go)
    assert published(effects) == [Running(True), NextCue(B)]
    assert answers(effects) == ["ok"]


def test_go_is_stamped_ahead_where_another_machine_plays_too() -> None:
    rig = Rig().armed(audio("a"))
    rig.report(Hello(boot="1", version="1"), NodeId("22222222-2222-4222-8222-222222222222"))
    assert told(rig.ask(PressGo()))[0] == Go(
        run_seq=1, cue=A, at=from_ms(80), deadline=from_ms(2080), load=1
    )


def test_f59_a_second_go_within_the_guard_is_refused_with_the_time_left() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    rig.ask(PressGo())
    rig.now_ns += 50_500_000
    assert answers(rig.ask(PressGo())) == ["too soon after the last GO: wait 150 ms"]
    rig.now_ns += 150_000_000
    assert answers(rig.ask(PressGo())) == ["ok"]


def test_go_is_refused_with_the_reason() -> None:
    rig = Rig()
    assert answers(rig.ask(PressGo())) == ["no project is loaded"]
    rig.load(audio("a"))
    assert answers(rig.ask(PressGo())) == [f"not armed: node {NODE} is missing"]
    rig.report(ArmedReport(armed=False, waiting_for=(A,), load_seq=1))
    assert answers(rig.ask(PressGo())) == [f"not armed: node {NODE} is not ready: arming a"]
    rig.report(ArmedReport(armed=True, load_seq=1))
    rig.ask(PressPause())
    assert answers(rig.ask(PressGo())) == ["the show is paused: resume first"]
    rig.ask(PressResume())
    rig.ask(EnableCue(A, False))
    assert answers(rig.ask(GoCue(A))) == ["cue 'a' is disabled"]
    assert answers(rig.ask(PressGo())) == ["nothing stands by: the list is at its end"]
    assert answers(rig.ask(GoCue(CueId("ghost")))) == ["no cue 'ghost' in the loaded show"]


def test_without_any_node_nothing_is_armed() -> None:
    rig = Rig()
    effects = rig.load(action("a", Action.WAIT))
    assert WaitingFor("no node is there to play") in published(effects)


def test_a_cue_plays_until_the_last_of_its_nodes_has_ended() -> None:
    other = NodeId("22222222-2222-4222-8222-222222222222")
    rig = Rig().armed(audio("a"))
    rig.ask(PressGo())
    assert published(rig.report(CueStartedReport(A, 0))) == [CueStart(A, 0), CuePlay(A, 1)]
    rig.report(CueStartedReport(A, 0), other)
    assert published(rig.report(CueProgressReport(A, 40))) == [CuePlay(A, 40)]
    assert published(rig.report(CueEndedReport(A))) == []
    assert published(rig.report(CueEndedReport(A), other)) == [CuePlay(A, 100)]


def test_a_cue_failed_on_one_node_is_failed_until_it_is_whole_again() -> None:
    rig = Rig().armed(audio("a"))
    effects = rig.report(CueFailedReport(A, "no such file"))
    assert published(effects) == [CuePlay(A, -1), CueReason(A, "no such file")]
    assert CuePlay(A, 1) not in published(rig.report(CueStartedReport(A, 0)))
    assert published(rig.report(CueResetReport(A))) == [CueReason(A, ""), CuePlay(A, 0)]


def test_reports_about_cues_of_another_show_are_dropped() -> None:
    rig = Rig().armed(audio("a"))
    assert published(rig.report(CueStartedReport(CueId("stale"), 0))) == []
    assert published(rig.report(CueEndedReport(A))) == []


def test_the_controller_itself_runs_the_cues_no_node_owns() -> None:
    rig = Rig().armed(
        action("a", Action.DISABLE, "c", "g"), action("b", Action.STOP, "c"), audio("c")
    )
    assert published(rig.ask(PressGo())) == [
        Running(True),
        CueStart(A, 0),
        CuePlay(A, 1),
        CueEnabled(C, False),
        CueStart(B, 0),
        CuePlay(B, 1),
        CuePlay(A, 100),
        CuePlay(B, 100),
        NextCue(None),
    ]


def test_a_rejected_action_is_a_failed_cue() -> None:
    rig = Rig().armed(action("a", Action.PLAY, "b"), audio("b", enabled=False))
    assert CueReason(A, "the target is disabled") in published(rig.ask(PressGo()))


def test_stop_is_always_obeyed_and_resets_every_status_in_order() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    rig.ask(PressGo())
    effects = rig.ask(PressStop())
    assert told(effects)[0] == bus.StopCommand(1)
    assert published(effects)[:7] == [
        Running(False),
        ShowTimecode(0),
        Paused(False),
        Armed(False),
        NextCue(None),
        CuePlay(A, 0),
        CuePlay(B, 0),
    ]
    assert RestartLine(rolling=True) in effects
    again = rig.ask(PressStop())
    assert told(again) == [bus.StopCommand(2)]
    assert answers(again) == ["ok"]


def test_stop_with_nothing_loaded_is_forwarded() -> None:
    assert told(Rig().ask(PressStop())) == [bus.StopCommand(1)]


def test_after_stop_the_show_is_armed_again_by_what_the_node_says() -> None:
    rig = Rig().armed(audio("a"))
    rig.ask(PressStop())
    effects = rig.report(ArmedReport(armed=True, load_seq=1))
    assert published(effects) == [Armed(True), WaitingFor(""), NextCue(A)]


def test_panic_stops_the_show_when_the_fade_is_over() -> None:
    rig = Rig().armed(audio("a", 60_000))
    rig.ask(PressGo())
    assert told(rig.ask(PressPanic())) == [bus.PanicCommand(1)]
    assert rig.controller.next_due() is not None
    assert Running(False) not in published(rig.roll(1999))
    assert Running(False) in published(rig.roll(2000))


def test_a_node_that_came_while_all_was_faded_out_stops_with_the_others() -> None:
    rig = Rig().armed(audio("a", 60_000))
    rig.ask(PressGo())
    rig.ask(PressPanic())
    assert told(rig.roll(1999)) == []
    assert told(rig.roll(2000)) == [bus.StopCommand(1)]
    assert told(rig.ask(PressStop())) == [bus.StopCommand(2)]


def test_a_pause_does_not_hold_up_a_panic() -> None:
    rig = Rig().armed(audio("a", 60_000))
    rig.ask(PressGo())
    rig.ask(PressPanic())
    assert answers(rig.ask(PressPause())) == ["panic: everything is being faded out"]
    assert Running(False) in published(rig.roll(2000))


def test_pause_holds_the_line_and_resume_lets_it_roll() -> None:
    rig = Rig().armed(audio("a"))
    paused = rig.ask(PressPause())
    assert HoldLine() in paused
    assert published(paused) == [Paused(True)]
    assert told(paused) == [Pause()]
    assert RollLine() in rig.ask(PressResume())


def test_pause_is_refused_where_timecode_comes_from_outside() -> None:
    rig = Rig(CHASING).armed(audio("a"))
    assert answers(rig.ask(PressPause())) == ["timecode comes from outside: stop it there"]


def test_a_pause_project_action_holds_the_line() -> None:
    rig = Rig().armed(action("a", Action.PAUSE_PROJECT), audio("b"))
    assert HoldLine() in rig.ask(PressGo())


def test_a_pause_project_action_is_refused_where_timecode_comes_from_outside() -> None:
    rig = Rig(CHASING)
    (settings,) = told(list(rig.controller.handle(SettingsRead(Settings()))))
    assert isinstance(settings, bus.SettingsCommand)
    assert not settings.own_line
    rig.armed(action("a", Action.PAUSE_PROJECT), audio("b"))
    effects = rig.ask(PressGo())
    assert HoldLine() not in effects
    assert Paused(True) not in published(effects)
    assert CueReason(A, "timecode comes from outside: stop it there") in published(effects)


def test_unload_lets_everything_go() -> None:
    rig = Rig().armed(audio("a"))
    effects = rig.ask(UnloadProject())
    assert told(effects) == [bus.UnloadCommand(1)]
    assert published(effects)[-1] == Loaded("")
    assert RestartLine(rolling=False) in effects
    assert answers(rig.ask(PressGo())) == ["no project is loaded"]


def test_the_standby_is_moved_by_hand() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    effects = rig.ask(MoveStandby(B))
    assert told(effects) == [SetNextCue(B)]
    assert published(effects) == [NextCue(B)]
    assert answers(rig.ask(MoveStandby(CueId("ghost")))) == ["no cue 'ghost' in the loaded show"]


def test_enabling_is_told_to_nodes_and_clients() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    effects = rig.ask(EnableCue(B, False))
    assert told(effects) == [SetEnabled(B, False)]
    assert published(effects) == [CueEnabled(B, False)]


def test_what_is_said_of_one_cue_is_stamped_as_a_go_is_and_told_to_nodes_and_clients() -> None:
    rig = Rig(Rules(local_node=NODE_ID, lead_flicks=from_ms(80)))
    rig.report(Hello(boot="1", version="1"), NodeId("other"))  # so that there is a lead
    rig.armed(audio("a", 60_000), cues("l", audio("b", 60_000)))
    rig.ask(PressGo())
    rig.roll(1000)
    effects = rig.ask(PauseCue(A))
    at = from_ms(1080)
    assert told(effects) == [Intervene(run_seq=2, cue=A, word=Word.PAUSE, at=at)]
    assert (answers(effects), published(effects)) == (["ok"], [])
    assert published(rig.roll(1080)) == [CueHeld(A, True)]
    rig.ask(ResumeCue(A))
    assert CueHeld(A, False) in published(rig.roll(1160))
    assert isinstance(told(rig.ask(StopCue(A)))[0], Intervene)


def test_what_would_change_nothing_is_refused_but_a_stop_of_a_cue_is_always_told() -> None:
    rig = Rig().armed(audio("a"), audio("b"))
    assert answers(rig.ask(PauseCue(A))) == ["cue a: it is not running"]
    assert answers(rig.ask(ResumeCue(A))) == ["cue a: it is not paused"]
    assert answers(rig.ask(StopCue(CueId("ghost")))) == ["no cue 'ghost' in the loaded show"]
    effects = rig.ask(StopCue(A))
    assert told(effects) == [Intervene(run_seq=1, cue=A, word=Word.STOP, at=0)]
    assert answers(effects) == ["ok"]


def test_load_to_time_goes_with_the_next_go_only() -> None:
    rig = Rig().armed(audio("a", 9000), audio("b"))
    assert told(rig.ask(LoadTo(1500))) == [LoadToTime(from_ms(1500))]
    first = told(rig.ask(PressGo()))[0]
    rig.now_ns += S
    second = told(rig.ask(PressGo()))[0]
    assert isinstance(first, Go)
    assert isinstance(second, Go)
    assert (first.into, second.into) == (from_ms(1500), 0)


def test_faders_and_other_words_to_players_are_passed_on() -> None:
    rig = Rig()
    volume = SetMixerVolume(node=NODE_ID, output="0", channel="master", value=0.5)
    effects = rig.ask(volume)
    address = f"/{NODE}/audio/mixer/0/master/volume"
    assert told(effects) == [bus.PlayerControlCommand(address, (0.5,))]
    assert published(effects) == [MixerVolume(NODE_ID, "0", "master", 0.5)]
    other = rig.ask(SetPlayer(node=NODE_ID, path="video/x", args=(1, None)))
    assert told(other) == [bus.PlayerControlCommand(f"/{NODE}/video/x", (1,))]


def test_a_ping_is_answered_and_nothing_else() -> None:
    effects = Rig().ask(Ping())
    assert answers(effects) == ["ok"]
    assert len(effects) == 1


def test_a_silent_node_is_late_then_lost_and_what_it_played_has_failed() -> None:
    rig = Rig(Rules())
    hello(rig)
    rig.armed(audio("a"))
    rig.ask(PressGo())
    rig.report(CueStartedReport(A, 0))
    asked = list(rig.controller.handle(Woke(S * 35 // 100)))
    assert asked == [AskSign(NODE_ID)]
    late = published(list(rig.controller.handle(Woke(S * 6 // 10))))
    assert NodeHealth(NODE_ID, "late", "silent for 600 ms") in late
    assert Armed(False) in late
    gone = list(rig.controller.handle(Woke(S * 3 // 2)))
    assert LoseNode(NODE_ID) in gone
    lost = published(gone)
    assert NodeHealth(NODE_ID, "lost", "silent for 1500 ms") in lost
    assert CuePlay(A, -1) in lost
    rig.now_ns = 2 * S
    back = published(rig.report(ClockProbe(0)))
    assert NodeHealth(NODE_ID, "ok") in back
    assert rig.controller.wanted == (NODE_ID,)
    hello(rig)
    assert not rig.controller.wanted


def test_a_node_that_starts_anew_is_not_ready() -> None:
    rig = Rig().armed(audio("a"))
    assert Armed(False) in published(rig.report(Hello(boot="2", version="1")))


def test_what_nodes_say_of_themselves_is_published() -> None:
    rig = Rig().armed(audio("a"))
    assert published(rig.report(ChaseReport("locked"))) == [ChaseHealth(NODE_ID, "locked")]
    assert published(rig.report(DeployReport(40, "3 MiB/s"))) == [
        DeployProgress(NODE_ID, 40, "3 MiB/s")
    ]
    refused = published(rig.report(GoRefusedReport(3, "too late")))
    assert refused == [Notice(f"node {NODE} refused GO 3: too late")]
    lost = published(rig.report(NoticeReport("rain: 0.9 s lost")))
    assert lost == [Notice(f"node {NODE}: rain: 0.9 s lost")]
    health = published(rig.report(HealthReport("61 MiB", "the disk is full")))
    assert health == [NodeFigures(NODE_ID, "61 MiB", "the disk is full")]
    failed = rig.report(LoadFailedReport(project="show", reason="no script", load_seq=1))
    assert Notice(f"node {NODE}: show: no script") in published(failed)
    assert Armed(False) in published(failed)


def test_f65_what_a_program_has_died_of_is_told_by_the_next_one() -> None:
    rig = Rig().armed(audio("a"))
    words = "ValueError: no; cue 'Gong'\nTraceback …"
    told = "the program has died and was started again: ValueError: no; cue 'Gong'"
    assert published(rig.report(CrashReport(words))) == [Notice(f"node {NODE}: {told}")]
    assert published(rig.controller.handle(DiedBefore(words))) == [Notice(told)]


def test_a_node_that_has_no_output_for_something_says_so_in_its_greeting() -> None:
    rig = Rig()
    blind = rig.report(Hello(boot="1", version="1", missing="pictures are not shown"))
    assert NodeOutputs(NODE_ID, "pictures are not shown") in published(blind)


def test_timecode_is_told_on_whole_seconds_and_not_before_a_load() -> None:
    rig = Rig()
    assert published(rig.roll(900)) == []
    rig.armed(audio("a"))
    seconds = [s for ms in (10, 900, 1000, 1900, 2100) for s in published(rig.roll(ms))]
    assert seconds == [ShowTimecode(from_ms(1000)), ShowTimecode(from_ms(2000))]


def test_lost_timecode_is_said() -> None:
    rig = Rig().armed(audio("a"))
    assert published(list(rig.controller.handle(LineMoved(LineLost())))) == [
        Notice("timecode is lost")
    ]


def hello(rig: Rig, boot: str = "1", **said: Any) -> bus.Snapshot:
    greeting = Hello(boot=boot, version="1", name="vm", **said)
    welcomes = [e.snapshot for e in rig.report(greeting) if isinstance(e, Welcome)]
    assert len(welcomes) == 1
    return welcomes[0]


def test_a_node_that_says_hello_is_told_how_the_show_stands() -> None:
    rig = Rig().armed(audio("a", 60_000), audio("b"), audio("c"))
    rig.ask(EnableCue(B, False))
    rig.ask(SetMixerVolume(node=NODE_ID, output="0", channel="master", value=0.5))
    rig.roll(1000)
    rig.ask(PressGo())
    snapshot = hello(rig)
    assert snapshot.load == bus.LoadCommand(project="show", load_seq=1)
    assert snapshot.controls == (
        bus.PlayerControlCommand(f"/{NODE_ID}/audio/mixer/0/master/volume", (0.5,)),
    )
    assert snapshot.state is not None
    assert (snapshot.state.at, snapshot.state.enabled) == (C, ((B, False),))
    assert [trigger.cue for trigger in snapshot.state.triggers] == [A]
    rig.ask(PressStop())
    stopped = hello(rig)
    assert stopped.stop_generation == 1
    assert stopped.state is not None
    assert stopped.state.triggers == ()


def test_a_controller_that_has_nothing_takes_nothing_from_a_node_until_it_is_touched() -> None:
    rig = Rig()
    assert not hello(rig).empty
    rig.armed(audio("a"))
    rig.ask(UnloadProject())
    assert hello(rig).empty


def found(rig: Rig, *contents: AnyCue) -> list[ControllerEffect]:
    """A node is in the middle of a show; this controller reads it."""
    triggers = (Trigger(cue=A, run_seq=77, given=0, due=0, arrival=0),)
    rig.report(
        Hello(
            boot="9",
            version="1",
            name="foh",
            project="show",
            load_seq=5,
            stop_generation=3,
            state=ShowState(at=B, after_go_of=A, triggers=triggers),
            position=from_ms(4000),
        )
    )
    return list(rig.controller.handle(ProjectRead(5, show(*contents), None)))


def found_again(rig: Rig) -> list[ReadProject]:
    """The same node says the same hello: that is no news any more."""
    triggers = (Trigger(cue=A, run_seq=77, given=0, due=0, arrival=0),)
    again = Hello(boot="9", version="1", load_seq=5, state=ShowState(triggers=triggers))
    return [effect for effect in rig.report(again) if isinstance(effect, ReadProject)]


def test_a_controller_that_starts_anew_leads_on_the_show_it_finds_on_a_node() -> None:
    rig = Rig()
    effects = found(rig, audio("a", 60_000), audio("b"))
    assert AdoptLine(from_ms(4000), 0, rolling=True) in effects
    assert not [effect for effect in effects if isinstance(effect, RestartLine)]
    assert not [message for message in told(effects) if isinstance(message, bus.LoadCommand)]
    assert Running(True) in published(effects)
    assert [e.snapshot.node for e in effects if isinstance(e, Welcome)] == [NODE_ID]
    assert not found_again(rig)
    rig.controller.handle(LineMoved(Locate(from_ms(4000))))
    snapshot = hello(rig, boot="9")
    assert snapshot.load == bus.LoadCommand(project="show", load_seq=5)
    assert snapshot.stop_generation == 3
    assert snapshot.state is not None
    assert (snapshot.state.at, snapshot.state.triggers[0].run_seq) == (B, 77)


# ---- a GO that has to wait a moment


def ready(standby: str, *, armed: bool = True) -> ArmedReport:
    return ArmedReport(armed=armed, load_seq=1, standby=standby)


def test_a_go_right_after_the_standby_was_moved_waits_until_nodes_are_ready_for_it() -> None:
    rig = Rig().armed(audio("a"), audio("b"), audio("c"))
    rig.report(ready("a"))
    rig.ask(MoveStandby(C))
    assert [e for e in rig.ask(PressGo()) if isinstance(e, Answer | Tell)] == []
    assert told(rig.report(ready("c", armed=False))) == []
    fired = rig.report(ready("c"))
    assert [m.cue for m in told(fired) if isinstance(m, Go)] == [C]
    assert answers(fired) == ["ok"]


def test_gocue_of_a_cue_that_nobody_foresaw_waits_for_it_to_arm() -> None:
    rig = Rig().armed(audio("a"), audio("b"), audio("c"))
    rig.report(ready("a"))
    assert told(rig.ask(GoCue(C))) == [SetNextCue(C)]
    assert [m.cue for m in told(rig.report(ready("c"))) if isinstance(m, Go)] == [C]


def test_a_go_that_has_waited_for_two_seconds_is_refused_with_the_reason() -> None:
    rig = Rig().armed(audio("a"), audio("b"), audio("c"))
    rig.report(ready("a"))
    rig.ask(MoveStandby(C))
    rig.ask(PressGo())
    rig.report(ready("c", armed=False))
    assert rig.controller.next_wake_ns() == 2 * S
    assert answers(list(rig.controller.handle(Woke(2 * S)))) == [
        f"not armed: node {NODE_ID} is not ready: it has no timecode yet"
    ]


def test_a_stop_ends_the_waiting_of_a_go() -> None:
    rig = Rig().armed(audio("a"), audio("b"), audio("c"))
    rig.report(ready("a"))
    rig.ask(GoCue(C))
    assert answers(rig.ask(PressStop())) == ["stopped meanwhile", "ok"]
    assert told(rig.report(ready("c"))) == []


def test_a_show_that_timecode_alone_has_started_runs_and_is_not_loaded_over() -> None:
    rig = Rig().armed(audio("a", 60_000, pre=1000, timecode=True))
    rig.roll(1500)
    assert Running(True) in published(rig.report(CueStartedReport(A, from_ms(1000))))
    assert answers(rig.ask(LoadProject("other"))) == ["a show is running: stop it first"]


def test_a_go_that_did_not_reach_a_node_is_reported() -> None:
    rig = Rig().armed(audio("a"))
    go = Go(run_seq=1, cue=A, at=0)
    lost = list(rig.controller.handle(Undelivered(NODE_ID, go, "no answer in time")))
    assert published(lost) == [
        Notice(f"GO {A} did not reach node {NODE_ID}: no answer in time"),
    ]


def test_a_node_that_has_missed_a_go_or_refused_it_is_told_how_the_show_stands() -> None:
    go = Go(run_seq=1, cue=A, at=0)
    for news in (
        Undelivered(NODE_ID, go, "no answer in time"),
        Reported(NODE_ID, GoRefusedReport(1, "too late by 400 ms"), 0),
    ):
        rig = Rig().armed(audio("a"))
        rig.report(Hello(boot="1", version="1"))
        assert not rig.controller.wanted
        rig.controller.handle(news)
        assert rig.controller.wanted == (NODE_ID,)


def test_a_controller_that_is_fenced_off_says_so_and_gives_no_more_commands() -> None:
    rig = Rig().armed(audio("a"))
    assert published(list(rig.controller.handle(Fenced(NODE_ID, 9)))) == [
        Leadership(
            role="stepped down", detail=f"another controller leads, says node {NODE_ID}", epoch=9
        ),
        Notice(f"another controller leads (epoch 9, says node {NODE_ID})"),
    ]
    assert answers(rig.ask(PressGo())) == ["another controller leads (epoch 9)"]


def test_a_load_that_is_under_way_when_another_controller_takes_over_comes_to_nothing() -> None:
    rig = Rig()
    rig.ask(LoadProject("show"))
    rig.controller.handle(Fenced(NODE_ID, 9))
    read = list(rig.controller.handle(ProjectRead(1, show(audio("a")), None)))
    assert answers(read) == ["another controller leads (epoch 9)"]
    assert Notice("") not in published(read)
    assert told(read) == []
    assert list(rig.controller.handle(ProjectRead(1, show(audio("a")), None))) == []


def test_a_go_during_a_panic_is_refused() -> None:
    rig = Rig().armed(audio("a", 60_000), audio("b"))
    rig.ask(PressGo())
    rig.ask(PressPanic())
    rig.now_ns += S
    assert answers(rig.ask(PressGo())) == ["panic: everything is being faded out"]


def test_a_load_clears_the_notice_of_the_one_before() -> None:
    assert Notice("") in published(Rig().load(audio("a")))
