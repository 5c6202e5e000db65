"""Who is there, who is needed, who is ready."""

from cuems.core.cluster import ASK_AGAIN_NS, ASK_NS, LATE_NS, LOST_NS, Cluster
from cuems.core.cues import CueId, NodeId
from cuems.core.status import NodeHealth

LEFT, RIGHT, THIRD = NodeId("left"), NodeId("right"), NodeId("third")
BOTH = frozenset({LEFT, RIGHT})


def rig(*nodes: NodeId, watched: bool = True) -> Cluster:
    cluster = Cluster()
    for node in nodes:
        list(cluster.heard(node, 0, watched=watched))
    return cluster


def test_a_node_is_announced_when_it_is_first_heard_of() -> None:
    cluster = Cluster()
    assert list(cluster.heard(LEFT, 0)) == [NodeHealth(LEFT, "ok")]
    assert list(cluster.heard(LEFT, 5)) == []
    assert cluster.nodes() == {LEFT}


def test_a_silent_node_is_late_then_lost_then_back() -> None:
    cluster = rig(LEFT)
    assert cluster.next_wake_ns() == ASK_NS
    assert list(cluster.silent(ASK_NS - 1)) == []
    assert list(cluster.silent(ASK_NS)) == [LEFT]
    assert cluster.next_wake_ns() == ASK_NS + ASK_AGAIN_NS
    assert list(cluster.wake(LATE_NS)) == [NodeHealth(LEFT, "late", "silent for 600 ms")]
    assert list(cluster.wake(LATE_NS)) == []
    assert list(cluster.wake(LOST_NS)) == [NodeHealth(LEFT, "lost", "silent for 1500 ms")]
    assert cluster.next_wake_ns() is None
    assert list(cluster.heard(LEFT, LOST_NS + 1)) == [NodeHealth(LEFT, "ok")]


def test_an_upstream_node_that_never_says_hello_is_not_missed() -> None:
    cluster = rig(LEFT, watched=False)
    assert list(cluster.wake(10 * LOST_NS)) == []
    assert cluster.next_wake_ns() is None


def test_go_waits_for_every_node_that_is_needed() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, BOTH, everyone=False)
    assert cluster.why_not_armed() == "node left is not ready: loading; node right is missing"
    list(cluster.heard(RIGHT, 0))
    cluster.armed(LEFT, True, "", 1)
    cluster.armed(RIGHT, False, "arming rain", 1)
    assert cluster.why_not_armed() == "node right is not ready: arming rain"
    cluster.armed(RIGHT, True, "", 1)
    assert cluster.why_not_armed() == ""


def test_nodes_are_called_by_the_names_they_give() -> None:
    cluster = rig(LEFT)
    cluster.greeted(LEFT, "boot", "stage left")
    cluster.loads(1, BOTH, everyone=False)
    assert cluster.why_not_armed() == (
        "node stage left is not ready: loading; node right is missing"
    )


def test_a_show_whose_cues_name_no_node_needs_all_that_are_there() -> None:
    cluster = rig(LEFT, RIGHT)
    cluster.loads(1, frozenset(), everyone=True)
    cluster.armed(LEFT, True, "", 1)
    assert cluster.why_not_armed() == "node right is not ready: loading"
    list(cluster.wake(LOST_NS))
    list(cluster.heard(LEFT, LOST_NS))
    cluster.armed(LEFT, True, "", 1, welcome=cluster.welcome(LEFT))
    assert cluster.why_not_armed() == ""


def test_what_a_node_said_before_it_was_lost_is_no_news_when_it_is_back() -> None:
    cluster = rig(LEFT)
    cluster.greeted(LEFT, "boot", "")
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    before = cluster.welcome(LEFT)
    cluster.armed(LEFT, True, "", 1, welcome=before)
    assert cluster.why_not_armed() == ""
    list(cluster.wake(LOST_NS))
    list(cluster.heard(LEFT, LOST_NS + 1))
    returned = "node left is not ready: it was lost, and is told how the show stands"
    assert cluster.why_not_armed() == returned
    cluster.armed(LEFT, True, "", 1, welcome=before)  # it was on its way all the time
    assert cluster.why_not_armed() == returned
    assert not cluster.greeted(LEFT, "boot", "")
    cluster.armed(LEFT, True, "", 1, welcome=cluster.welcome(LEFT))
    assert cluster.why_not_armed() == ""


def test_a_show_that_needs_nobody_still_needs_somebody() -> None:
    cluster = Cluster()
    cluster.loads(1, frozenset(), everyone=True)
    assert cluster.why_not_armed() == "no node is there to play"
    list(cluster.heard(LEFT, 0))
    cluster.loads(2, frozenset(), everyone=False)
    assert cluster.why_not_armed() == ""


def test_a_node_that_is_needed_and_lost_is_named() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, True, "", 1)
    list(cluster.wake(LOST_NS))
    assert cluster.why_not_armed() == "node left is lost"


def test_readiness_for_an_older_load_is_no_news() -> None:
    cluster = rig(LEFT)
    cluster.loads(2, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, True, "", 1)
    assert cluster.why_not_armed() == "node left is not ready: loading"
    cluster.armed(LEFT, True, "", 0)  # an upstream node numbers no loads
    assert cluster.why_not_armed() == ""


def test_a_node_that_has_the_show_and_waits_for_no_cue_waits_for_timecode() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, False, "", 1)
    assert cluster.why_not_armed() == "node left is not ready: it has no timecode yet"


def test_a_stop_makes_everybody_arm_again() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, True, "", 1)
    cluster.rearms()
    assert cluster.why_not_armed() == "node left is not ready: loading"


def test_a_node_that_has_started_anew_is_ready_for_nothing() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, True, "", 1)
    assert cluster.greeted(LEFT, "boot 2", "left")
    assert not cluster.greeted(LEFT, "boot 2", "left")
    assert cluster.why_not_armed() == "node left is not ready: it has just started"
    cluster.armed(LEFT, True, "", 1)
    assert cluster.why_not_armed() == ""


def test_a_node_that_is_late_holds_the_go_and_is_named() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, frozenset({LEFT}), everyone=False)
    cluster.armed(LEFT, True, "", 1)
    list(cluster.wake(LATE_NS))
    assert cluster.why_not_armed() == "node left is late"


def test_a_waived_node_is_done_without_until_it_is_wanted_again() -> None:
    cluster = rig(LEFT)
    cluster.loads(1, BOTH, everyone=False)
    cluster.armed(LEFT, True, "", 1)
    cluster.waive(RIGHT, waived=True)
    assert cluster.why_not_armed() == ""
    cluster.waive(RIGHT, waived=False)
    assert cluster.why_not_armed() == "node right is missing"


def test_a_node_that_is_ready_for_another_cue_has_not_spoken_yet() -> None:
    cluster = rig(LEFT, RIGHT)
    cluster.loads(1, BOTH, everyone=False)
    cluster.armed(LEFT, True, "", 1, "a")
    cluster.armed(RIGHT, True, "", 1)  # an upstream node does not say for which
    assert cluster.unheard(CueId("a")) == ""
    assert cluster.unheard(CueId("b")) == "node left"
    assert cluster.unheard(None) == "node left"
    assert [health.node for health in cluster.wake(LOST_NS)] == [LEFT, RIGHT]
    assert cluster.unheard(CueId("b")) == ""  # what a GO lacks is the node, and that is said
    assert cluster.why_not_armed() == "node left is lost; node right is lost"
