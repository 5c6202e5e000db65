"""What a controller lets be done to files, and when: modes, deploys, and who yields to a show."""

import pytest

from cuems.core import bus
from cuems.core.desk import (
    DeployImpossible,
    DeployReady,
    KeepSetting,
    ModifyNodelist,
    PaceDeploy,
    PrepareDeploy,
    ProjectHashed,
    SettingKept,
    SettingsRead,
)
from cuems.core.operator import (
    AdoptNode,
    DeployFiles,
    LoadProject,
    OperatorCommand,
    PressGo,
    SetMode,
    SetSetting,
    SetVideoMixer,
    TakeControl,
    UnloadProject,
    WaiveNode,
)
from cuems.core.reports import CueEndedReport, CueStartedReport, Hello
from cuems.core.rules import Rules
from cuems.core.settings import Settings
from cuems.core.status import DeployRun, ModeIs, NodeWaived, Notice, VideoMixer
from tests.build import audio
from tests.core.test_controller import NODE_ID, Rig, answers, published, told

SOURCE = bus.Source(library="rsync://c/library", port=1, project_hash="00ff")


def test_in_show_mode_nothing_is_changed_and_a_show_is_run() -> None:
    rig = Rig().armed(audio("a", 60_000), audio("b"))
    changed = rig.ask(SetMode("show"))
    assert ModeIs("show") in published(changed)
    assert PaceDeploy(True) in changed
    locked: dict[str, OperatorCommand] = {
        "load": LoadProject("other"),
        "unload": UnloadProject(),
        "deploy": DeployFiles("deploy", "show"),
    }
    for what, command in locked.items():
        assert answers(rig.ask(command)) == [f"{what} is locked in show mode: set mode edit first"]
    assert answers(rig.ask(DeployFiles("check", "show"))) == ["ok"]
    assert answers(rig.ask(PressGo())) == ["ok"]
    assert answers(rig.ask(SetMode("edit"))) == ["ok"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetMode("party"), "mode 'party': expected 'edit' or 'show'"),
        (DeployFiles("burn"), "'burn': expected one of "),
        (TakeControl(), "this controller leads already"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(
    command: SetMode | DeployFiles | TakeControl, reason: str
) -> None:
    [answer] = answers(Rig().ask(command))
    assert answer.startswith(reason)


def test_transfers_yield_to_what_plays_and_return_after() -> None:
    rig = Rig().armed(audio("a", 60_000), audio("b"))
    fired = rig.ask(PressGo())
    assert PaceDeploy(True) not in fired  # nobody has said that it plays
    plays = rig.report(CueStartedReport(rig.controller.stands.state.triggers[0].cue, 0))
    assert PaceDeploy(True) in plays
    ended = rig.report(CueEndedReport(rig.controller.stands.state.triggers[0].cue))
    assert PaceDeploy(False) in ended


def test_a_deploy_asks_the_nodes_once_the_files_here_are_known() -> None:
    rig = Rig()
    rig.report(Hello(boot="1", version="1", name="vm"))
    asked = rig.ask(DeployFiles("deploy", "show"))
    assert PrepareDeploy(1, "deploy", "show") in asked
    told_nodes = rig.controller.handle(DeployReady(1, SOURCE, (NODE_ID,), 5))
    [command] = told(list(told_nodes))
    assert isinstance(command, bus.DeployCommand)
    assert (command.verb, command.only) == ("deploy", (NODE_ID,))
    rig.ask(DeployFiles("deploy", "show"))
    failed = rig.controller.handle(DeployImpossible(2, "no script.xml"))
    assert published(failed) == [DeployRun("failed", "show", "no script.xml")]


def test_nodes_are_told_again_of_a_load_when_its_content_is_known() -> None:
    rig = Rig().armed(audio("a"))
    [load] = told(list(rig.controller.handle(ProjectHashed(1, SOURCE))))
    assert load == bus.LoadCommand(project="show", load_seq=1, source=SOURCE)
    assert told(list(rig.controller.handle(ProjectHashed(9, SOURCE)))) == []  # of another load
    trouble = rig.controller.handle(ProjectHashed(1, None, "disk is full"))
    assert published(trouble) == [Notice("nodes get no files: disk is full")]


def test_a_setting_is_in_force_once_it_is_kept() -> None:
    rig = Rig(Rules(local_node=NODE_ID))
    rig.controller.handle(SettingsRead(Settings()))
    rig.armed(audio("a", 60_000), audio("b"))
    [keep] = [e for e in rig.ask(SetSetting("min_go_ms", "3000")) if isinstance(e, KeepSetting)]
    assert answers(list(rig.controller.handle(SettingKept(keep.seq)))) == ["ok"]
    assert rig.controller.rules.min_go_ns == 3_000_000_000
    [refused] = answers(rig.ask(SetSetting("min_go_ms", "soon")))
    assert "min_go_ms" in refused


def test_other_words_about_nodes_are_passed_on_and_told() -> None:
    rig = Rig().armed(audio("a"))
    corner = SetVideoMixer(node=NODE_ID, mixer="0", parameter="xscale", values=(0.5,))
    effects = rig.ask(corner)
    assert told(effects) == [bus.PlayerControlCommand(f"/{NODE_ID}/video/mixer/0/xscale", (0.5,))]
    assert published(effects) == [VideoMixer(NODE_ID, "0", "xscale", (0.5,))]
    assert NodeWaived(NODE_ID, True) in published(rig.ask(WaiveNode(NODE_ID, True)))
    [adopt] = [e for e in rig.ask(AdoptNode(NODE_ID, True)) if isinstance(e, ModifyNodelist)]
    assert (adopt.node, adopt.adopt) == (NODE_ID, True)
