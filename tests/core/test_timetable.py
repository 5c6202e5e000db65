"""Timecode cues and their addresses."""

from cuems.core.agenda import Agenda
from cuems.core.cues import CueId
from cuems.core.runs import Address, Moment
from cuems.core.timecode import from_ms
from cuems.core.timetable import Timetable
from tests.build import audio, cues, order

SHOW = order(
    audio("late", pre=9000, timecode=True),
    audio("noise"),
    cues("act", audio("noon", pre=5000, timecode=True), audio("too", pre=5000, timecode=True)),
    audio("early", pre=1000, timecode=True),
)


def rung(timetable: Timetable, agenda: Agenda[Moment], until_ms: int) -> list[str]:
    out = []
    while (taken := agenda.take(from_ms(until_ms))) is not None:
        due, moment = taken
        assert isinstance(moment, Address)
        turn = timetable.turn(moment)
        if turn is not None:
            assert turn.due == turn.arrival == due
            out.append(f"{turn.cue} {turn.run_seq}")
    return out


def test_addresses_come_in_order_each_as_a_run_of_its_own() -> None:
    agenda: Agenda[Moment] = Agenda()
    timetable = Timetable(SHOW, agenda)
    timetable.begin_at_top()
    assert len(agenda) == 1
    assert rung(timetable, agenda, 8999) == ["early -4", "noon -3", "too -2"]
    assert rung(timetable, agenda, 9000) == ["late -1"]
    assert agenda.next_due() is None


def test_those_before_the_place_it_begins_at_do_not_come_but_the_one_there_does() -> None:
    agenda: Agenda[Moment] = Agenda()
    timetable = Timetable(SHOW, agenda)
    timetable.begin_at(from_ms(5000))
    assert rung(timetable, agenda, 9000) == ["noon -3", "too -2", "late -1"]


def test_beginning_anew_makes_what_was_waited_for_void() -> None:
    agenda: Agenda[Moment] = Agenda()
    timetable = Timetable(SHOW, agenda)
    timetable.begin_at_top()
    timetable.begin_at(from_ms(9000))
    assert rung(timetable, agenda, 9000) == ["late -1"]


def test_the_cues_of_the_next_two_addresses_are_ahead() -> None:
    agenda: Agenda[Moment] = Agenda()
    timetable = Timetable(SHOW, agenda)
    assert list(timetable.ahead()) == []
    timetable.begin_at_top()
    assert list(timetable.ahead()) == [CueId("early"), CueId("noon"), CueId("too")]
    rung(timetable, agenda, 1000)
    assert list(timetable.ahead()) == [CueId("noon"), CueId("too"), CueId("late")]


def test_a_show_without_timecode_cues_waits_for_nothing() -> None:
    agenda: Agenda[Moment] = Agenda()
    timetable = Timetable(order(audio("a")), agenda)
    timetable.begin_at_top()
    timetable.begin_at(5)
    assert agenda.next_due() is None


def test_two_places_with_no_address_between_them_begin_alike() -> None:
    timetable = Timetable(SHOW, Agenda())
    assert timetable.begins_alike(None, from_ms(1000))
    assert timetable.begins_alike(from_ms(1001), from_ms(5000))
    assert not timetable.begins_alike(None, from_ms(1001))
    assert not timetable.begins_alike(from_ms(5000), from_ms(5001))
