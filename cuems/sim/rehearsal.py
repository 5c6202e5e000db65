"""A whole show run on a simulated rig, by a script or by an operator who lets everything end."""

from collections.abc import Sequence
from dataclasses import dataclass

from cuems.core.cues import CueId, NodeId, Show
from cuems.core.operator import PressGo
from cuems.core.timecode import NS_PER_S
from cuems.sim.cluster import Rig
from cuems.sim.log import Entry
from cuems.sim.setup import Jump, Setup, Step

LONGEST_NS = 25 * 3600 * NS_PER_S  # a show that goes on for ever is left after a day and an hour
MOST_MOMENTS = 2_000_000  # a minute of computing
GO_PAUSE_NS = 200_000_000  # the controller's guard between two GOs
BEAT_NS = NS_PER_S  # on which GO is pressed where a bus is between


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What happened. `cut` says why it was left before all was over ("": it was not).

    `start` is where the line was when it began, flicks.
    """

    entries: tuple[Entry, ...]
    nodes: tuple[NodeId, ...]
    start: int
    end_ns: int
    cut: str


def rehearse(
    show: Show,
    setup: Setup,
    script: Sequence[Step] = (),
    *,
    press_go: bool = False,
    until_ns: int | None = None,
    most_moments: int = MOST_MOMENTS,
) -> Rehearsal:
    """Run a valid show until `until_ns`, else until nothing more happens by itself.

    With `press_go`, GO is pressed at the start and whenever all that has an end has ended, once
    for every cue that stands by; on a rig with a bus on the next whole second, the first of all
    after one, so that what the bus delays moves no press, and a good and a bad one compare.
    """
    rig = Rig(show, setup)
    start = rig.position
    steps = sorted(script, key=lambda step: step.into_ns)
    performance = _Performance(rig, steps, _Presser(rig) if press_go else None)
    last_ns = LONGEST_NS if until_ns is None else until_ns
    cut = performance.run(last_ns, most_moments, to_the_end=until_ns is None)
    entries = tuple(rig.diary.entries)
    over_ns = max((entry.at_ns for entry in entries), default=0)
    end_ns = over_ns if until_ns is None and not cut else rig.into_ns
    return Rehearsal(entries, tuple(rig.nodes), start, end_ns, cut)


class _Presser:
    """An operator who lets everything end before the next GO."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._pressed: set[CueId] = set()

    def next_ns(self) -> int | None:
        """When GO is to be pressed, as things stand."""
        diary = self._rig.diary
        if diary.standby is None or diary.standby in self._pressed:
            return None
        settled = diary.armed and (self._rig.has_bus or not self._rig.mail.under_way)
        quiet_ns = diary.quiet_from_ns() if settled else None
        if quiet_ns is None:
            if not self._rig.idle():
                return None
            quiet_ns = self._rig.into_ns
        guarded_ns = 0 if diary.last_go_ns is None else diary.last_go_ns + GO_PAUSE_NS
        earliest_ns = max(self._rig.into_ns, quiet_ns, guarded_ns)
        if not self._rig.has_bus:
            return earliest_ns
        return max(1, -(-earliest_ns // BEAT_NS)) * BEAT_NS

    def press(self) -> None:
        """Press GO."""
        if self._rig.diary.standby is not None:
            self._pressed.add(self._rig.diary.standby)
        self._rig.ask(PressGo())


class _Performance:
    """A rig and what is done to it."""

    def __init__(self, rig: Rig, steps: list[Step], presser: _Presser | None) -> None:
        self._rig = rig
        self._steps = steps
        self._next_step = 0
        self._presser = presser

    def run(self, last_ns: int, most_moments: int, *, to_the_end: bool) -> str:
        """Let it happen; why it was cut off."""
        rig = self._rig
        for _ in range(most_moments):
            due_ns = rig.next_ns()
            done_ns = self._next_doing_ns()
            if done_ns is not None and (due_ns is None or rig.moment_ns(done_ns) < due_ns):
                if done_ns > last_ns:
                    break
                rig.run_to(rig.moment_ns(done_ns))
                if self._next_doing_ns() == done_ns:  # timecode came back: not quiet any more
                    self._do(done_ns)
            elif due_ns is None or (to_the_end and done_ns is None and rig.idle()):
                break
            elif due_ns > rig.moment_ns(last_ns):
                rig.run_to(rig.moment_ns(last_ns))
                return f"still going on after {last_ns // NS_PER_S} s" if to_the_end else ""
            else:
                rig.step(due_ns)
        else:
            return f"still going on after {most_moments} moments"
        if not to_the_end:
            rig.run_to(rig.moment_ns(last_ns))
        return ""

    def _next_doing_ns(self) -> int | None:
        step = self._steps[self._next_step] if self._next_step < len(self._steps) else None
        press_ns = None if self._presser is None else self._presser.next_ns()
        if step is None or (press_ns is not None and press_ns < step.into_ns):
            return press_ns
        return step.into_ns

    def _do(self, at_ns: int) -> None:
        """Take the script's step if it is due, else press GO."""
        steps, presser = self._steps, self._presser
        if self._next_step < len(steps) and steps[self._next_step].into_ns <= at_ns:
            what = steps[self._next_step].what
            self._next_step += 1
            if isinstance(what, Jump):
                self._rig.jump(what.position)
            else:
                self._rig.ask(what)
        elif presser is not None:
            presser.press()
