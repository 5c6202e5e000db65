"""Nodes outside the rig are shown, and neither told what to play nor believed."""

from cuems.core import bus
from cuems.core.adoption import NOBODY, ON_BUS, SILENT, SILENT_NS
from cuems.core.cues import NodeId
from cuems.core.desk import (
    Answer,
    ControllerEffect,
    ControllerEvent,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    NodeSeen,
    Publish,
    ReadNodelist,
    Tell,
    Welcome,
    Woke,
)
from cuems.core.operator import AdoptNode
from cuems.core.reports import ArmedReport, Heartbeat, Hello, Pong
from cuems.core.rules import Rules
from cuems.core.status import NodeHealth, NodeName
from tests.build import audio
from tests.core.test_controller import NODE_ID, Rig

STRANGER = NodeId("stranger")


def healths(effects: list[ControllerEffect]) -> list[tuple[str, str]]:
    told = (effect.status for effect in effects if isinstance(effect, Publish))
    return [(status.node, status.state) for status in told if isinstance(status, NodeHealth)]


def loads(effects: list[ControllerEffect]) -> list[tuple[NodeId, ...]]:
    told = (effect.message for effect in effects if isinstance(effect, Tell))
    return [message.only for message in told if isinstance(message, bus.LoadCommand)]


def hello(boot: str = "b") -> Hello:
    return Hello(boot=boot, version="1", name="left", project="", load_seq=0, stop_generation=0)


def handle(stage: Rig, event: ControllerEvent) -> list[ControllerEffect]:
    return list(stage.controller.handle(event))


def rig() -> Rig:
    return Rig(Rules(first_seq=0, adopted=(NODE_ID,)))


def test_a_node_that_is_not_adopted_is_shown_and_not_loaded() -> None:
    stage = rig()
    told = stage.report(hello(), STRANGER)
    assert healths(told) == [(STRANGER, "not adopted")]
    assert Publish(NodeName(STRANGER, "left")) in told
    assert ReadNodelist() in told
    assert loads(stage.load(audio("a"))) == [(NODE_ID,)]
    assert stage.report(ArmedReport(armed=True, load_seq=1), STRANGER) == []


def test_a_node_that_is_adopted_gets_what_it_missed() -> None:
    stage = rig()
    stage.load(audio("a"))
    stage.report(hello(), STRANGER)
    told = handle(stage, NodelistRead((NODE_ID, STRANGER), stage.now_ns))
    assert healths(told) == [(STRANGER, "ok")]
    welcomed = [effect.snapshot for effect in told if isinstance(effect, Welcome)]
    assert [(snapshot.node, snapshot.load is None) for snapshot in welcomed] == [(STRANGER, False)]


def test_an_adoption_is_asked_for_and_answered_with_its_outcome() -> None:
    stage = rig()
    stage.report(hello(), STRANGER)
    assert stage.ask(AdoptNode(STRANGER, adopt=True)) == [ModifyNodelist(1, STRANGER, adopt=True)]
    refused = handle(stage, NodelistModified(1, "it is offline", stage.now_ns))
    assert [effect.reason for effect in refused if isinstance(effect, Answer)] == ["it is offline"]
    assert healths(refused) == []
    stage.ask(AdoptNode(STRANGER, adopt=True))
    done = handle(stage, NodelistModified(2, "", stage.now_ns))
    assert [effect.reason for effect in done if isinstance(effect, Answer)] == [""]
    assert healths(done) == [(STRANGER, "ok")]


def test_our_own_wish_holds_until_the_list_says_so_too() -> None:
    stage = rig()
    stage.report(hello(), STRANGER)
    stage.ask(AdoptNode(STRANGER, adopt=True))
    handle(stage, NodelistModified(1, "", stage.now_ns))
    assert healths(handle(stage, NodelistRead((NODE_ID,), stage.now_ns))) == []
    assert healths(handle(stage, NodelistRead((NODE_ID, STRANGER), stage.now_ns))) == []
    gone = handle(stage, NodelistRead((NODE_ID,), stage.now_ns))
    assert healths(gone) == [(STRANGER, "not adopted")]


def test_a_node_that_is_let_go_of_is_waited_for_no_more() -> None:
    stage = rig()
    stage.report(hello(), NODE_ID)
    stage.ask(AdoptNode(NODE_ID, adopt=False))
    told = handle(stage, NodelistModified(1, "", stage.now_ns))
    assert healths(told) == [(NODE_ID, "not adopted")]
    assert loads(stage.load(audio("a"))) == [(NOBODY,)]


def test_a_node_that_is_only_seen_on_the_network_is_shown_once() -> None:
    stage = rig()
    seen = NodeSeen(STRANGER, "right")
    assert healths(handle(stage, seen)) == [(STRANGER, "not adopted")]
    assert handle(stage, seen) == []
    stage.report(hello(), NODE_ID)
    assert handle(stage, NodeSeen(NODE_ID, "left")) == []


def test_without_a_list_every_node_belongs_to_the_rig() -> None:
    stage = Rig(Rules(first_seq=0))
    assert healths(stage.report(hello(), STRANGER)) == [(STRANGER, "ok")]
    assert loads(stage.load(audio("a"))) == [()]


def test_a_node_outside_that_falls_silent_is_shown_so_and_again_when_it_is_back() -> None:
    stage = rig()
    stage.report(hello(), STRANGER)
    assert stage.controller.next_wake_ns() == SILENT_NS
    silent = handle(stage, Woke(SILENT_NS))
    assert silent == [Publish(NodeHealth(STRANGER, "not adopted", SILENT))]
    assert handle(stage, Woke(2 * SILENT_NS)) == []
    back = stage.report(Heartbeat(), STRANGER)
    assert back == [Publish(NodeHealth(STRANGER, "not adopted", ON_BUS))]


def test_an_upstream_node_outside_may_be_silent() -> None:
    stage = rig()
    stage.report(Pong(), STRANGER)
    assert handle(stage, Woke(2 * SILENT_NS)) == []
