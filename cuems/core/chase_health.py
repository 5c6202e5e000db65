"""How the nodes follow timecode, in words for the operator; a fault is news once."""

from collections.abc import Iterator

from cuems.core.cues import NodeId
from cuems.core.reports import ChaseReport
from cuems.core.status import ChaseHealth, Notice

US_PER_MS = 1000


class ChaseDesk:
    """What the nodes' chase reports come to."""

    def __init__(self) -> None:
        self._faults: dict[NodeId, str] = {}

    def reported(
        self, node: NodeId, label: str, report: ChaseReport
    ) -> Iterator[ChaseHealth | Notice]:
        """What a report is to the operator, who knows the node as `label`."""
        yield ChaseHealth(node, report.state, detail(report))
        if report.fault and report.fault != self._faults.get(node):
            yield Notice(f"{label}: {report.fault}")
        self._faults[node] = report.fault


def detail(report: ChaseReport) -> str:
    """Where timecode comes from and how good it is, one line; "" where there is nothing to say."""
    parts = [report.fault] if report.fault else []
    if report.source == "midi":
        parts.append(
            f"MIDI: {report.missed_pieces} missed, jitter {_ms(report.jitter_us)},"
            f" {report.rate_error_ppm:+} ppm"
        )
    if report.clock_error_us is not None and report.round_trip_us is not None:
        parts.append(
            f"bus: within {_ms(report.clock_error_us)}, round trip {_ms(report.round_trip_us)}"
        )
    return "; ".join(parts)


def _ms(us: int) -> str:
    return f"{us / US_PER_MS:.1f} ms"
