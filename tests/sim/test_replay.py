"""A recorded run comes out again as it was; what does not is named."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cuems.core.cues import Action, CueId, Show
from cuems.core.desk import Publish, Woke
from cuems.core.journal import Lost, Opened, Record
from cuems.core.operator import (
    EnableCue,
    GoCue,
    LoadProject,
    LoadTo,
    MoveStandby,
    OperatorCommand,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    SetPlayer,
    UnloadProject,
)
from cuems.core.reports import (
    ArmedReport,
    ChaseReport,
    CueEndedReport,
    CueFailedReport,
    CueStartedReport,
    Hello,
    NodeReport,
)
from cuems.core.status import Notice
from cuems.sim.replay import replay
from cuems.wire.journal import decode, encode
from tests.build import action, audio, fade
from tests.recording import NODE_ID, Recording

CUES = ["a", "b", "stop a", "fade b", "nope"]
cue_ids = st.sampled_from(CUES).map(CueId)
commands: st.SearchStrategy[OperatorCommand] = st.one_of(
    st.sampled_from(
        [PressGo(), PressPause(), PressResume(), PressStop(), PressPanic(), UnloadProject()]
    ),
    st.builds(GoCue, cue_ids),
    st.builds(MoveStandby, cue_ids),
    st.builds(EnableCue, cue_ids, st.booleans()),
    st.builds(LoadTo, st.integers(0, 2000)),
    st.just(LoadProject("show")),
    st.builds(SetPlayer, node=st.just(NODE_ID), path=st.just("x"), args=st.just((1, b"\0", 0.5))),
)
reports: st.SearchStrategy[NodeReport] = st.one_of(
    st.builds(CueStartedReport, cue_ids, st.integers(0, 10**9)),
    st.builds(CueEndedReport, cue_ids),
    st.builds(CueFailedReport, cue_ids, st.just("broken")),
    st.builds(ArmedReport, armed=st.booleans()),
    st.builds(ChaseReport, st.sampled_from(["locked", "lost"]), fault=st.just("late")),
    st.builds(Hello, boot=st.sampled_from(["1", "2"]), version=st.just("test")),
)
steps = st.lists(st.one_of(commands, reports, st.integers(1, 3000)), max_size=40)


def recording() -> Recording:
    made = Recording()
    made.load(
        audio("a", 1000, "e"),
        audio("b", 3000),
        action("stop a", Action.STOP, "a"),
        fade("fade b", "b", 0, 500),
    )
    return made


def again(made: Recording, records: list[Record]) -> list[str]:
    def find(run: str, file: str) -> Show:
        return made.shows["show"]

    done = replay(records, find, compare="run")
    return [f"{d.number}: {d.recorded} | {d.replayed}" for d in done.differences]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_any_run_comes_out_of_the_journal_as_it_was(
    happenings: list[OperatorCommand | NodeReport | int],
) -> None:
    made = recording()
    for happening in happenings:
        if isinstance(happening, int):
            made.wait(happening)
        elif isinstance(happening, NodeReport):
            made.report(happening)
        else:
            made.ask(happening)
    records = [decode(encode(record)) for record in made.records]
    assert again(made, records) == []


def test_an_effect_that_comes_out_otherwise_is_told() -> None:
    made = recording()
    made.ask(PressGo())
    last = made.records[-1]
    other = replace(last, effects=(Publish(Notice("else")), *last.effects[1:]))
    assert again(made, [*made.records[:-1], other]) == [
        f"{last.number}: {Publish(Notice('else'))} | {last.effects[0]}"
    ]
    fewer = replace(last, effects=last.effects[:-1])
    assert again(made, [*made.records[:-1], fewer]) == [f"{last.number}:  | {last.effects[-1]}"]


def test_records_that_were_lost_are_told() -> None:
    made = recording()
    made.wait(10)
    made.wait(10)
    assert again(made, [*made.records[:-2], made.records[-1]]) == [
        f"{made.records[-1].number}: 1 records | "
    ]
    lost = Record(number=len(made.records) + 1, at_ns=0, position=0, what=Lost(7, "disk full"))
    assert again(made, [*made.records, lost]) == [f"{lost.number}: 7 records (disk full) | "]


def test_a_run_that_continues_another_needs_its_events_but_not_its_effects() -> None:
    made = recording()
    before = [replace(record, effects=()) for record in made.records]
    opened = Opened(run="next", wall_ns=0, version="test", continues="run", rules=made.rules)
    made.ask(PressGo())
    following = [Record(number=1, at_ns=0, position=0, what=opened)]
    following += [
        replace(record, number=number)
        for number, record in enumerate(made.records[len(before) :], start=2)
    ]
    done = replay([*before, *following], lambda *_: made.shows["show"], compare="next")
    assert (done.records, done.differences) == (len(following), ())


def test_without_its_beginning_a_run_cannot_be_had_again() -> None:
    made = recording()
    woke = Record(number=1, at_ns=0, position=0, what=Woke(1), effects=(Publish(Notice("x")),))
    assert again(made, [woke]) == []  # nothing is compared that belongs to no run
