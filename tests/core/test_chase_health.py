from cuems.core.chase_health import ChaseDesk
from cuems.core.cues import NodeId
from cuems.core.reports import ChaseReport
from cuems.core.status import ChaseHealth, Notice

NODE = NodeId("n")
FAULT = "duplicate source: a second sender"


def test_the_figures_of_both_sources_are_one_line() -> None:
    report = ChaseReport(
        "locked",
        source="midi",
        missed_pieces=3,
        jitter_us=1310,
        rate_error_ppm=-12,
        clock_error_us=1200,
        round_trip_us=2400,
    )
    text = "MIDI: 3 missed, jitter 1.3 ms, -12 ppm; bus: within 1.2 ms, round trip 2.4 ms"
    assert list(ChaseDesk().reported(NODE, "node x", report)) == [ChaseHealth(NODE, "locked", text)]


def test_a_fault_is_a_notice_once_until_it_is_over() -> None:
    desk = ChaseDesk()
    told = [
        status
        for fault in (FAULT, FAULT, "", FAULT)
        for status in desk.reported(NODE, "node x", ChaseReport("locked", fault=fault))
        if isinstance(status, Notice)
    ]
    assert told == [Notice(f"node x: {FAULT}")] * 2


def test_a_fault_stands_before_the_figures() -> None:
    report = ChaseReport("locked", source="bus", fault="a: b", clock_error_us=1, round_trip_us=2)
    health, _ = ChaseDesk().reported(NODE, "node x", report)
    assert health == ChaseHealth(NODE, "locked", "a: b; bus: within 0.0 ms, round trip 0.0 ms")
