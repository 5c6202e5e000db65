"""Cues that say something to other equipment: when it is said, and what becomes of a failure."""

from dataclasses import replace

from cuems.core.cues import Action, ActionCue, AnyCue
from cuems.core.desk import ControllerEffect, MessageFailed, Send
from cuems.core.effects import ActionDone, EnabledChanged, Outcome, SendMessage
from cuems.core.events import Go, Locate
from cuems.core.messages import MidiMessage, MidiProgram, OscMessage, OscTransport, destination
from cuems.core.operator import GoCue, PressGo, PressStop
from cuems.core.status import CuePlay, CueReason
from cuems.core.timecode import from_ms
from cuems.core.validation import problems
from cuems.sim.show import Performer
from tests.build import action, audio, show
from tests.core.test_controller import A, B, Rig, published
from tests.core.test_sequencer_machine import effects_of, performer_of

HELLO = OscMessage(transport=OscTransport.UDP, host="10.0.0.5", port=53000, address="/go")
CHANGE = MidiMessage("Synth", MidiProgram(channel=1, program=5))


def saying(name: str, what: Action = Action.PLAY, target: str | None = None) -> ActionCue:
    return replace(action(name, what, target), message=HELLO)


def said(effects: list[ControllerEffect]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def rig(*contents: AnyCue) -> Rig:
    return Rig().armed(*contents)


def test_a_message_is_said_once_when_its_cue_has_its_turn() -> None:
    desk = rig(saying("a"), audio("b"))
    assert said([*desk.ask(PressGo()), *desk.roll(200), *desk.roll(900)]) == [Send(A, HELLO)]


def test_a_cue_that_only_speaks_needs_no_target_and_one_with_a_target_does_both() -> None:
    assert list(problems(show(saying("a")))) == []
    performer = performer_of([saying("a", Action.DISABLE, "b"), audio("b")])
    go(performer)
    done = effects_of(performer, ActionDone, SendMessage, EnabledChanged)
    assert [effect for _, effect in done] == [
        ActionDone(cue=A, outcome=Outcome.APPLIED),
        SendMessage(A, HELLO),
        EnabledChanged(B, False),
    ]


def go(performer: Performer) -> None:
    performer.tell(Go(run_seq=1, cue=A, at=performer.now))


def test_what_the_line_jumps_over_is_not_said() -> None:
    performer = performer_of([audio("a", 1000, "e"), saying("b")])
    go(performer)
    performer.tell(Locate(from_ms(5000)))
    assert effects_of(performer, SendMessage) == []


def test_a_message_that_fails_is_a_failed_cue_with_the_reason_until_it_is_tried_again() -> None:
    desk = rig(saying("a"), audio("b"))
    desk.ask(PressGo())
    failed = desk.controller.handle(MessageFailed(A, "nobody listens there"))
    assert published(failed) == [CuePlay(A, -1), CueReason(A, "nobody listens there")]
    desk.now_ns += 10**9
    again = desk.ask(GoCue(A))
    assert said(again) == [Send(A, HELLO)]
    assert CueReason(A, "") in published(again)


def test_a_failure_that_comes_after_a_stop_is_no_news() -> None:
    desk = rig(saying("a"))
    desk.ask(PressGo())
    desk.ask(PressStop())
    assert published(desk.controller.handle(MessageFailed(A, "too late"))) == []


def test_a_destination_is_told_for_a_person_to_read() -> None:
    assert destination(HELLO) == "10.0.0.5:53000 (udp)"
    assert destination(CHANGE) == "MIDI port 'Synth'"
