"""What is due when."""

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.agenda import Agenda


def drained(agenda: Agenda[str], until: int = 1_000) -> list[tuple[int, str]]:
    out = []
    while (taken := agenda.take(until)) is not None:
        out.append(taken)
    return out


def test_entries_come_out_by_position_and_equals_in_order_of_entry() -> None:
    agenda: Agenda[str] = Agenda()
    for due, entry in ((5, "late"), (1, "first"), (5, "later"), (1, "second"), (-3, "before")):
        agenda.put(due, entry)
    assert drained(agenda) == [
        (-3, "before"),
        (1, "first"),
        (1, "second"),
        (5, "late"),
        (5, "later"),
    ]


def test_only_what_is_due_comes_out() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put(10, "a")
    assert agenda.take(9) is None
    assert (agenda.next_due(), len(agenda)) == (10, 1)
    assert agenda.take(10) == (10, "a")
    assert (agenda.next_due(), len(agenda)) == (None, 0)


def test_what_comes_first_can_be_looked_at() -> None:
    nothing: Agenda[str] = Agenda()
    agenda: Agenda[str] = Agenda()
    agenda.put(10, "b")
    agenda.put(5, "a")
    assert (nothing.first, agenda.first, len(agenda)) == (None, "a", 2)


def test_what_is_cleared_does_not_come() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put(1, "a")
    agenda.clear()
    assert drained(agenda) == []


@given(dues=st.lists(st.integers(-50, 50)), by=st.integers(-100, 100))
def test_a_shift_moves_every_entry_and_keeps_their_order(dues: list[int], by: int) -> None:
    moved: Agenda[str] = Agenda()
    stayed: Agenda[str] = Agenda()
    for number, due in enumerate(dues):
        moved.put(due, str(number))
        stayed.put(due, str(number))
    moved.shift(by)
    assert drained(moved) == [(due + by, entry) for due, entry in drained(stayed)]
