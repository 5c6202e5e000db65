"""Deploys as the controller leads them."""

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.deploy_desk import ANSWER_NS, TURNS, DeployDesk
from cuems.core.reports import DeployReport
from cuems.core.status import DeployBytes, DeployProgress, DeployRun, DeployTotal, Notice, Status

A, B = NodeId("a"), NodeId("b")
SOURCE = bus.Source(library="l", port=1, project_hash="h")


class Desk:
    """A desk, and all that it has said."""

    def __init__(self) -> None:
        self.published: list[Status] = []
        self.told: list[bus.NodeCommand] = []
        self.desk = DeployDesk(self.published.append, self.told.append)

    def asks(self, *there: NodeId, needed: set[NodeId] | None = None, verb: str = "deploy") -> None:
        self.desk.begin(7, verb, "show")
        self.desk.ask(7, SOURCE, set(there), needed or set(there), 0)

    def says(self, node: NodeId, state: str, done: int = 0, total: int = 0, seq: int = 7) -> None:
        report = DeployReport(1, "", state, seq, "", done, total)
        self.desk.reported(node, f"node {node}", report)

    def state(self) -> str:
        return [status.state for status in self.published if isinstance(status, DeployRun)][-1]

    def turn(self) -> tuple[NodeId, ...]:
        return [told.nodes for told in self.told if isinstance(told, bus.DeployTurn)][-1]

    def percents(self) -> list[int]:
        return [status.percent for status in self.published if isinstance(status, DeployTotal)]


def test_a_run_has_ended_once_every_node_has() -> None:
    desk = Desk()
    desk.asks(A, B)
    desk.says(A, "done")
    assert desk.state() == "working"
    desk.says(B, "done")
    assert desk.state() == "done"


def test_a_new_run_begins_at_nothing_whatever_the_one_before_came_to() -> None:
    desk = Desk()
    desk.asks(A)
    desk.says(A, "done", 10, 10)
    desk.published.clear()
    desk.asks(A)
    assert desk.percents() == [0]
    assert DeployProgress(A, 0, "") in desk.published


def test_time_that_passes_while_the_controller_looks_at_its_own_files_ends_nothing() -> None:
    desk = Desk()
    desk.desk.begin(7, "deploy", "show")
    desk.desk.wake(ANSWER_NS * 9)
    assert desk.state() == "preparing"
    desk.desk.fail(7, "no script.xml")
    assert desk.published[-1] == DeployRun("failed", "show", "no script.xml")


def test_a_failure_outweighs_nodes_that_are_not_there() -> None:
    for states, ended in (
        (("done",), "unreachable"),
        (("failed",), "failed"),
        (("incomplete",), "failed"),
    ):
        desk = Desk()
        desk.asks(A, needed={A, B})
        for state in states:
            desk.says(A, state)
        assert desk.state() == ended


def test_a_node_that_never_answers_and_one_that_is_lost_are_unreachable() -> None:
    desk = Desk()
    desk.asks(A, B)
    desk.says(A, "checking")
    assert desk.desk.next_wake_ns() == ANSWER_NS
    desk.desk.wake(ANSWER_NS)
    assert DeployBytes(B, "unreachable") in desk.published
    assert desk.state() == "working"
    desk.desk.lost(A)
    assert desk.state() == "unreachable"


def test_a_load_is_no_part_of_a_run_and_a_newer_run_takes_over() -> None:
    desk = Desk()
    desk.asks(A)
    desk.says(A, "done", seq=0)
    desk.says(A, "done", seq=6)
    assert desk.state() == "working"


def test_a_failure_is_noticed_with_the_node_and_the_reason() -> None:
    desk = Desk()
    desk.desk.reported(A, "node foh", DeployReport(0, "the disk is full", "failed"))
    assert Notice("node foh: the disk is full") in desk.published


def test_only_so_many_transfer_at_once_and_the_others_in_the_order_they_asked() -> None:
    desk = Desk()
    nodes = [NodeId(str(number)) for number in range(TURNS + 2)]
    for node in nodes:
        desk.says(node, "waiting")
    assert desk.turn() == tuple(nodes[:TURNS])
    desk.says(nodes[1], "fetching")
    desk.says(nodes[1], "verifying")
    assert desk.turn() == (nodes[0], *nodes[2 : TURNS + 1])
    desk.desk.lost(nodes[TURNS])
    assert desk.turn() == (nodes[0], *nodes[2:TURNS], nodes[TURNS + 1])


def test_who_waits_for_the_controllers_own_files_has_failed_once_they_cannot_be_read() -> None:
    desk = Desk()
    desk.says(A, "preparing", seq=0)
    desk.says(B, "done", seq=0)
    desk.desk.unprepared("film.mov: Input/output error")
    assert DeployProgress(A, 0, "film.mov: Input/output error") in desk.published
    states = {each.node: each.state for each in desk.published if isinstance(each, DeployBytes)}
    assert states == {A: "failed", B: "done"}


def test_who_asks_again_is_answered_again() -> None:
    desk = Desk()
    desk.says(A, "waiting")
    told = len(desk.told)
    desk.says(A, "waiting")
    assert desk.told[told:] == [bus.DeployTurn((A,))]


def test_all_together_never_fall_and_end_at_100() -> None:
    desk = Desk()
    desk.asks(A, B)
    for node in (A, B):
        desk.says(node, "fetching", 0, 100)
    for done in (30, 60, 100):
        desk.says(A, "fetching", done, 100)
    desk.says(A, "done")
    desk.says(B, "fetching", 90, 100)
    desk.says(B, "done")
    assert desk.percents()[-1] == 100
    assert desk.percents().count(100) == 1
    assert desk.percents() == sorted(desk.percents())
