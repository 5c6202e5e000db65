"""Who runs and whose turn is to come, and what that means for the lists they are in."""

from cuems.core.agenda import Agenda
from cuems.core.cues import CueId, CueList
from cuems.core.runs import Arrive, Moment, Phase, Run, Turn
from cuems.core.standing import Standing


class Roster:
    """The runs and turns of a show, and the agenda of their moments."""

    def __init__(self, standing: Standing) -> None:
        self.runs: dict[CueId, Run] = {}
        self.turns: dict[Turn, None] = {}
        self.agenda: Agenda[Moment] = Agenda()
        self.closed = False  # nothing new is to have its turn
        self._standing = standing
        self._order = standing.order

    def runs_within(self, cue: CueId) -> list[Run]:
        """The runs of a cue and, for a list, of everything in it."""
        if not isinstance(self._order[cue], CueList):
            run = self.runs.get(cue)
            return [] if run is None else [run]
        return [run for run in self.runs.values() if self._order.within(run.cue.id, cue)]

    def turns_within(self, cue: CueId) -> list[Turn]:
        """The turns to come of what is in a list."""
        if not isinstance(self._order[cue], CueList):
            return []
        return [turn for turn in self.turns if self._order.within(turn.cue, cue)]

    def holds(self, run: Run) -> bool:
        """Whether a run goes on and no other has taken its place."""
        return self.runs.get(run.cue.id) is run

    # ---- turns

    def turn_to(self, turn: Turn) -> None:
        """Let a turn come when it is due."""
        if not self.closed:
            self.turns[turn] = None
            self.agenda.put(turn.due, Arrive(turn, turn.version))

    def turn_by(self, run: Run, cue: CueId, arrival: int) -> None:
        """Let a run hand the turn over to a cue."""
        turn = Turn(
            cue=cue,
            run_seq=run.run_seq,
            due=arrival,
            arrival=arrival,
            silent_until=run.silent_until,
            by=run,
        )
        self.turn_to(turn)

    def take(self, turn: Turn, version: int) -> bool:
        """Take a turn that has come; whether it still holds."""
        if turn not in self.turns or turn.version != version:
            return False
        del self.turns[turn]
        return True

    def leave_lists(self, cue: CueId, successor: CueId) -> bool:
        """Whether a chain may go from a cue to its successor; where it leaves lists, for them.

        Not so while a list has iterations to come, nor twice.
        """
        left = []
        for holder in self._order.lists_around(cue):
            if self._order.within(successor, holder):
                break
            if holder in self.runs:
                left.append(self.runs[holder])
        if any(listing.handed_over or listing.plays_left != 1 for listing in left):
            return False
        for listing in left:
            listing.handed_over = True
        return True

    # ---- lists

    def lists(self) -> list[Run]:
        """The lists that run."""
        return [run for run in self.runs.values() if isinstance(run.cue, CueList)]

    def goes_on_inside(self, listing: Run) -> bool:
        """Whether something of a list is going on, or may be: it has not come to its end."""
        holder = listing.cue.id
        return (
            listing.open_at == self._standing.version
            or self.stands_by_inside(listing)
            or any(self._order.within(turn.cue, holder) for turn in self.turns)
            or len(self.runs_within(holder)) > 1
        )

    def stands_by_inside(self, listing: Run) -> bool:
        """Whether the next GO is to fire something of a list."""
        standby = self._standing.standby
        return standby is not None and self._order.within(standby, listing.cue.id)

    def close(self, cue: CueId) -> None:
        """A GO has come to a cue: the lists around it wait for none any more."""
        for holder in self._order.lists_around(cue):
            if holder in self.runs:
                self.runs[holder].open_at = None

    # ---- endings

    def with_descendants(self, runs: list[Run]) -> list[Run]:
        """These runs, and what waits in the chains that they began."""
        ended, line = dict.fromkeys(runs), set(runs)
        for run in self.runs.values():  # oldest first, so that a chain is followed to its end
            if run.by in line:
                line.add(run)
                if run.phase is Phase.WAITING:
                    ended[run] = None
        return list(ended)

    def cut(self, runs: list[Run]) -> None:
        """End runs; what was to follow them does not come."""
        ended = set(runs)
        for run in runs:
            del self.runs[run.cue.id]
        for turn in [turn for turn in self.turns if turn.by in ended]:
            del self.turns[turn]

    def forget(self) -> None:
        """Forget every run, turn and moment."""
        self.runs = {}
        self.turns.clear()
        self.agenda.clear()

    def shift(self, by: int) -> None:
        """Move everything that goes on along the line."""
        parts: list[Run | Turn] = [*self.runs.values(), *self.turns]
        for part in parts:
            part.shift(by)
            part.silent_until += by
            if part.frozen_at is not None:
                part.frozen_at += by
        self.agenda.shift(by)
