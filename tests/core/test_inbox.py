"""What is heard waits in its order, in bounds, and faders beside it."""

from collections.abc import Hashable

from cuems.core.inbox import IN_A_ROW, MOST_EVER, MOST_FADERS, MOST_WAITING, Inbox, Rank

FIRM, STATE, FADER = Rank.FIRM, Rank.STATE, Rank.FADER


def filled(*items: tuple[Rank, str, Hashable]) -> Inbox[str]:
    inbox: Inbox[str] = Inbox()
    for rank, item, name in items:
        assert inbox.put(rank, item, name) is None
    return inbox


def taken(inbox: Inbox[str]) -> list[str]:
    items = []
    while (item := inbox.take()) is not None:
        items.append(item)
    assert len(inbox) == 0
    return items


def test_all_keeps_its_order_but_for_faders_which_come_last() -> None:
    inbox = filled(
        (FADER, "fader", "/a"),
        (STATE, "load", 1),
        (FIRM, "go", 2),
        (STATE, "line", None),
        (FIRM, "stop", 3),
    )
    assert len(inbox) == 5
    assert taken(inbox) == ["load", "go", "line", "stop", "fader"]


def test_of_ten_thousand_settings_of_a_fader_the_last_counts_and_a_stop_waits_for_none() -> None:
    inbox: Inbox[str] = Inbox()
    for number in range(10_000):
        assert inbox.put(FADER, f"volume {number}", "/volume") is None
        assert inbox.put(FADER, f"pan {number}", "/pan") is None
    assert inbox.put(FIRM, "stop", 1) is None
    assert taken(inbox) == ["stop", "volume 9999", "pan 9999"]
    assert inbox.dropped == 0


def test_of_two_names_of_one_fader_the_last_one_set_is_obeyed_last() -> None:
    inbox = filled((FADER, "0.1", "/a"), (FADER, "0.5", "/alias"), (FADER, "0.9", "/a"))
    assert taken(inbox) == ["0.5", "0.9"]


def test_what_bears_a_number_waits_once_and_as_it_came_first() -> None:
    inbox = filled(
        (FIRM, "go", 1),
        (STATE, "load", 3),
        (FIRM, "go again", 1),
        (STATE, "line", None),
        (STATE, "load again", 3),
        (STATE, "line", None),
    )
    assert taken(inbox) == ["go", "load", "line", "line"]
    assert inbox.put(STATE, "load a third time", 3) is None  # the receiver knows it then
    assert taken(inbox) == ["load a third time"]


def test_where_it_is_full_the_oldest_state_makes_room() -> None:
    inbox = filled((FIRM, "go", 1), *((STATE, f"state {n}", None) for n in range(MOST_WAITING - 1)))
    assert inbox.put(STATE, "newer", 7) == "state 0"
    assert inbox.put(FIRM, "stop", 8) == "state 1"
    assert inbox.dropped == 2
    kept = taken(inbox)
    assert len(kept) == MOST_WAITING
    assert (kept[0], kept[1], kept[-2:]) == ("go", "state 2", ["newer", "stop"])


def test_a_number_that_was_dropped_may_come_again() -> None:
    inbox = filled((STATE, "load", 7), *((FIRM, "x", None) for _ in range(MOST_WAITING - 1)))
    assert inbox.put(FIRM, "stop", 8) == "load"
    inbox.take()
    assert inbox.put(STATE, "load again", 7) is None


def test_what_is_firm_is_kept_beyond_that_up_to_a_second_bound_and_then_given_back() -> None:
    inbox = filled(*((FIRM, f"{number}", number) for number in range(MOST_EVER)))
    assert inbox.put(FIRM, "one too many", "x") == "one too many"
    assert inbox.put(STATE, "state", None) == "state"
    assert inbox.dropped == 2
    assert taken(inbox) == [f"{number}" for number in range(MOST_EVER)]


def test_of_too_many_faders_the_one_unmoved_for_longest_is_dropped_and_counted() -> None:
    inbox = filled(*((FADER, f"fader {number}", number) for number in range(MOST_FADERS)))
    assert inbox.put(FADER, "fader 0 again", 0) is None
    assert inbox.dropped == 0
    assert inbox.put(FADER, "new", "new") == "fader 1"
    assert inbox.dropped == 1
    kept = taken(inbox)
    assert len(kept) == MOST_FADERS
    assert (kept[0], kept[-2:]) == ("fader 2", ["fader 0 again", "new"])


def test_messages_without_end_do_not_keep_a_fader_for_ever() -> None:
    inbox = filled(
        *((STATE, "state", None) for _ in range(3 * IN_A_ROW)),
        (FADER, "one", 1),
        (FADER, "two", 2),
    )
    kept = taken(inbox)
    assert [at for at, item in enumerate(kept) if item in ("one", "two")] == [
        IN_A_ROW,
        2 * IN_A_ROW + 1,
    ]
