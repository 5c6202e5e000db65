"""Whether a GO may pass, and when it fires: stamped on the line, ahead of now, for every node.

A GO is refused, with names, while a required node is not armed. One that comes right after the
standby was put elsewhere waits a moment for the nodes instead. What is said of one cue alone is
stamped alike.
"""

from cuems.core.booth import Booth, LoadedShow, RefusedError
from cuems.core.cues import CueId
from cuems.core.desk import Answer, Asked
from cuems.core.events import Go, Intervene, SetNextCue
from cuems.core.held_go import HeldGo
from cuems.core.lead import Lead, to_frame
from cuems.core.operator import PauseCue, ResumeCue, StopCue
from cuems.core.runs import Word
from cuems.core.status import GoLead
from cuems.core.timecode import to_ms

WORDS = {StopCue: Word.STOP, PauseCue: Word.PAUSE, ResumeCue: Word.RESUME}


class GoGate:
    """Every way by which a GO is fired, held or refused."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth
        self._held = HeldGo()
        self._lead = Lead(booth.rules.lead_flicks)
        self._told_lead_ms = 0
        self._last_go_ns: int | None = None

    @property
    def until_ns(self) -> int | None:
        """The machine moment at which a GO has waited enough."""
        return self._held.until_ns

    def limit_lead(self, most_flicks: int) -> None:
        """How far ahead of now a GO is stamped at most."""
        self._lead.most_flicks = most_flicks

    def go(self, asked: Asked, cue: CueId | None) -> bool:
        """Fire a cue; False when that has to wait a moment."""
        booth = self._booth
        show = booth.show()
        if cue is None:
            raise RefusedError("nothing stands by: the list is at its end")
        booth.known(cue)
        since_ns = None if self._last_go_ns is None else asked.now_ns - self._last_go_ns
        if since_ns is not None and since_ns < booth.rules.min_go_ns:
            left_ms = -(-(booth.rules.min_go_ns - since_ns) // 1_000_000)
            raise RefusedError(f"too soon after the last GO: wait {left_ms} ms")
        if self._held.asked is not None:
            raise RefusedError("a GO is waiting already, for nodes that still arm")
        go = self._stamped(show, cue, asked.position)
        refusal = show.sequencer.why_not(go)
        if refusal:
            raise RefusedError(refusal)
        if not show.sequencer.enabled(cue):
            raise RefusedError(f"cue {show.order[cue].name!r} is disabled")
        why_not = booth.cluster.why_not_armed()
        if cue != show.sequencer.standby:
            if why_not and not self._held.may_wait(asked.now_ns):
                raise RefusedError(f"not armed: {why_not}")
            self.move_standby(cue)
        unheard = booth.cluster.unheard(show.sequencer.standby)
        if unheard or (why_not and self._held.may_wait(asked.now_ns)):
            self._held.hold(asked, cue)
            return False
        if why_not:
            raise RefusedError(f"not armed: {why_not}")
        self._fire(go, asked.now_ns)
        return True

    def _stamped(self, show: LoadedShow, cue: CueId, position: int) -> Go:
        booth = self._booth
        at = self._ahead_of(position)
        into = show.sequencer.into if cue == show.sequencer.standby else 0
        return Go(
            run_seq=booth.run_seq + 1,
            cue=cue,
            at=at,
            deadline=at + booth.rules.go_patience_flicks,
            into=into,
            load=show.load.load_seq,
        )

    def _ahead_of(self, position: int) -> int:
        """Where on the line every node can do something that is said now."""
        only_here = self._booth.cluster.nodes() == {self._booth.rules.local_node}
        return position if only_here else to_frame(position + self._lead.flicks)

    def intervene(self, command: StopCue | PauseCue | ResumeCue) -> None:
        """Stop one cue, hold it or let it go on."""
        booth, word = self._booth, WORDS[type(command)]
        sequencer = booth.show().sequencer
        why_not = sequencer.why_not_one(word, command.cue)
        if why_not:
            raise RefusedError(f"{booth.names((command.cue,), 'cue ')}: {why_not}")
        booth.run_seq += 1
        at = booth.position - 1 if sequencer.stands else self._ahead_of(booth.position)
        booth.direct(Intervene(run_seq=booth.run_seq, cue=command.cue, word=word, at=at))

    def _fire(self, go: Go, now_ns: int) -> None:
        booth = self._booth
        self._last_go_ns = now_ns
        booth.run_seq = go.run_seq
        booth.tell(go)
        booth.announcer.run()
        booth.sequence(go)

    def move_standby(self, cue: CueId) -> None:
        """Put the standby on a cue, here and on the nodes."""
        booth = self._booth
        self._held.jumped(booth.now_ns)
        booth.direct(SetNextCue(cue))

    def settle(self) -> None:
        """Fire the GO that waits as soon as it can be; refuse it when it has waited enough."""
        booth = self._booth
        asked, cue, until_ns = self._held.asked, self._held.cue, self._held.until_ns
        if asked is None or cue is None or until_ns is None:
            return
        show = booth.loaded
        if show is None or show.sequencer.standby != cue:
            self.refuse_held("the standby was put elsewhere")
            return
        why_not = booth.cluster.why_not_armed()
        if not why_not and (unheard := booth.cluster.unheard(cue)):
            why_not = f"{unheard} does not say whether it is ready"
        if not why_not:
            go = self._stamped(show, cue, booth.position)
            refusal = show.sequencer.why_not(go)
            if refusal:
                self.refuse_held(refusal)
                return
            self._held.release()
            self._fire(go, booth.now_ns)
            booth.out.append(Answer(asked))
        elif booth.now_ns >= until_ns:
            self.refuse_held(f"not armed: {why_not}")

    def refuse_held(self, reason: str) -> None:
        """The GO that waits, if one does, is not fired."""
        asked = self._held.release()
        if asked is not None:
            self._booth.out.append(Answer(asked, reason))

    def answer_took(self, took_ns: int, now_ns: int) -> None:
        """Nodes have answered: the lead follows."""
        self._lead.answered(took_ns, now_ns)
        lead_ms = to_ms(self._lead.flicks)
        if lead_ms != self._told_lead_ms:
            self._told_lead_ms = lead_ms
            self._booth.publish(GoLead(lead_ms))
