"""Whole shows as golden logs: `python -m tests.sim.test_shows` writes them anew."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cuems.core.cues import CueId
from cuems.core.operator import MoveStandby, PressGo, PressPause, PressResume
from cuems.core.timecode import FLICKS_PER_S, from_ms
from cuems.sim.rehearsal import rehearse
from cuems.sim.report import report_on, to_text
from cuems.sim.setup import Jump, Setup, Step
from cuems.sim.source import DropOut
from cuems.wire.show_xml import read_show

SHOWS = Path(__file__).parent.parent / "shows"
S = 1_000_000_000
SCENE_1 = CueId("c0e00000-0000-4000-8000-000000000009")


@dataclass(frozen=True, slots=True)
class Golden:
    """A show, what is done to it, and the file of what happens."""

    name: str
    show: str
    setup: Setup = field(default_factory=Setup)
    script: tuple[Step, ...] = ()
    until_ns: int | None = None


GOLDEN = (
    Golden("evening", "evening"),
    Golden("evening-lossy", "evening", Setup(nodes=3, loss=0.2, seed=1), (Step(0, PressGo()),), S),
    Golden(
        "evening-rough",
        "evening",
        Setup(
            drop_outs=(DropOut(22 * S, 4 * S),),
            broken=frozenset({CueId("c0e00000-0000-4000-8000-000000000008")}),
        ),
        (
            Step(0, MoveStandby(SCENE_1)),
            Step(S, PressGo()),
            Step(2 * S, PressPause()),
            Step(3 * S, PressResume()),
            Step(6 * S, Jump(from_ms(10_000))),
        ),
        40 * S,
    ),
    Golden("timecode", "timecode"),
    Golden("timecode-midnight", "timecode", Setup(start=86_398 * FLICKS_PER_S, nodes=2)),
)


def text_of(golden: Golden) -> str:
    script = SHOWS / golden.show / "script.xml"
    show = read_show(script.read_bytes(), script.name).show
    rehearsal = rehearse(
        show,
        golden.setup,
        golden.script,
        press_go=not golden.script,
        until_ns=golden.until_ns,
    )
    return to_text(report_on(show, rehearsal))


def log_of(golden: Golden) -> Path:
    return SHOWS / golden.show / f"{golden.name}.log"


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_whole_show_is_performed_as_ever(golden: Golden) -> None:
    assert text_of(golden) == log_of(golden).read_text(encoding="utf-8")


if __name__ == "__main__":
    for each in GOLDEN:
        log_of(each).write_text(text_of(each), encoding="utf-8")
