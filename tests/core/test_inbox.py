"""What is heard waits by its rank, in bounds."""

from collections.abc import Hashable

import pytest

from cuems.core.inbox import IN_A_ROW, MOST_FADERS, MOST_STATE, MOST_URGENT, Inbox, Rank

STOP, URGENT, STATE, FADER = Rank.STOP, Rank.URGENT, Rank.STATE, Rank.FADER


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


def test_a_stop_goes_before_all_that_is_not_urgent_and_faders_come_last() -> None:
    inbox = filled(
        (FADER, "fader", "/a"),
        (STATE, "load", None),
        (URGENT, "go", 2),
        (STOP, "stop", 3),
        (STATE, "line", None),
    )
    assert len(inbox) == 5
    assert taken(inbox) == ["go", "stop", "load", "line", "fader"]


@pytest.mark.parametrize("rank", [STOP, URGENT, STATE])
def test_within_a_rank_order_is_kept(rank: Rank) -> None:
    inbox = filled(*((rank, str(number), number) for number in range(MOST_URGENT)))
    assert taken(inbox) == [str(number) for number in range(MOST_URGENT)]


def test_stops_and_gos_keep_their_order_among_themselves() -> None:
    inbox = filled((URGENT, "go", 1), (STOP, "stop", 2), (URGENT, "go again", 3))
    assert taken(inbox) == ["go", "stop", "go again"]


def test_of_ten_thousand_settings_of_a_fader_the_last_one_counts_and_a_stop_waits_for_none() -> (
    None
):
    inbox: Inbox[str] = Inbox()
    for number in range(10_000):
        assert inbox.put(FADER, f"volume {number}", "/volume") is None
        assert inbox.put(FADER, f"pan {number}", "/pan") is None
    assert inbox.put(STOP, "stop", 1) is None
    assert taken(inbox) == ["stop", "volume 9999", "pan 9999"]
    assert inbox.dropped == 0


def test_what_bears_a_number_waits_once_and_in_its_first_place() -> None:
    inbox = filled(
        (URGENT, "go", 1),
        (URGENT, "go later", 2),
        (URGENT, "go again", 1),
        (STATE, "load", 3),
        (STATE, "line", None),
        (STATE, "load again", 3),
        (STATE, "line", None),
    )
    assert taken(inbox) == ["go again", "go later", "load", "line", "line"]
    assert inbox.put(STATE, "load a third time", 3) is None  # the receiver knows it then
    assert taken(inbox) == ["load a third time"]


def test_a_go_that_finds_no_room_is_given_back_and_a_stop_takes_the_place_of_a_go() -> None:
    inbox = filled(*((URGENT, f"go {number}", number) for number in range(MOST_URGENT)))
    assert inbox.put(URGENT, "one too many", MOST_URGENT) == "one too many"
    assert inbox.put(STOP, "stop", -1) == "go 0"
    assert inbox.dropped == 2
    kept = taken(inbox)
    assert len(kept) == MOST_URGENT
    assert (kept[0], kept[-1]) == ("go 1", "stop")


def test_where_all_that_waits_are_stops_one_more_is_given_back() -> None:
    inbox = filled(*((STOP, f"stop {number}", number) for number in range(MOST_URGENT)))
    assert inbox.put(STOP, "one more", -1) == "one more"
    assert len(taken(inbox)) == MOST_URGENT


def test_state_that_finds_no_room_is_given_back() -> None:
    inbox = filled(*((STATE, "x", None) for _ in range(MOST_STATE)))
    assert inbox.put(STATE, "too late", None) == "too late"
    assert inbox.put(STATE, "too late", 7) == "too late"
    inbox.take()
    assert inbox.put(STATE, "in time", 7) is None  # it was not counted as waiting
    assert inbox.dropped == 2


def test_of_too_many_faders_the_one_first_moved_is_dropped_and_counted() -> None:
    inbox = filled(*((FADER, f"fader {number}", number) for number in range(MOST_FADERS)))
    assert inbox.put(FADER, "fader 5 again", 5) is None
    assert inbox.dropped == 0
    assert inbox.put(FADER, "new", "new") is None
    assert inbox.dropped == 1
    kept = taken(inbox)
    assert len(kept) == MOST_FADERS
    assert (kept[0], kept[4], kept[-1]) == ("fader 1", "fader 5 again", "new")


def test_a_fader_that_something_else_has_set_is_not_set_back() -> None:
    inbox = filled((FADER, "old", "/a"), (FADER, "other", "/b"))
    inbox.supersede("/a")
    inbox.supersede("/nowhere")
    assert taken(inbox) == ["other"]


def test_state_without_end_does_not_keep_a_fader_for_ever() -> None:
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
