"""Who follows whom: the pointer table of interop.md 6.4, row by row, and nested lists."""

import pytest

from cuems.core.cuelist import Enabled, RunningOrder, UnknownCueError
from cuems.core.cues import CueId
from tests.build import NODE, audio, cues, order


def enabled_in(running_order: RunningOrder) -> Enabled:
    return lambda cue: running_order[cue].enabled


def standby_after_each(letters: str) -> list[str]:
    """For a list of cues by post_go letter (d: a disabled `pause`), the pointer after each."""
    made = [
        audio(str(i), post="p" if letter == "d" else letter, enabled=letter != "d")
        for i, letter in enumerate(letters.split())
    ]
    running_order = order(*made)
    enabled = enabled_in(running_order)
    return [running_order.standby_after(CueId(str(i)), enabled) or "-" for i in range(len(made))]


@pytest.mark.parametrize(
    ("letters", "pointer"),
    [
        ("p p p", "1 2 -"),
        ("g p p", "2 2 -"),
        ("g g p p", "3 3 3 -"),
        ("e p p", "2 2 -"),
        ("p d p", "2 2 -"),
        ("g d p p", "3 2 3 -"),
        ("p g p p", "1 3 3 -"),
        ("g g g", "- - -"),
    ],
)
def test_the_pointer_passes_over_what_fires_by_itself(letters: str, pointer: str) -> None:
    assert standby_after_each(letters) == pointer.split()


def test_the_pointer_enters_a_list_at_the_follower_of_its_first_cue() -> None:
    running_order = order(cues("list", audio("a"), audio("b")), audio("z"))
    enabled = enabled_in(running_order)
    assert running_order.standby_after(CueId("list"), enabled) == "b"
    assert running_order.standby_after(CueId("b"), enabled) == "z"


def test_a_list_that_goes_on_by_itself_takes_the_pointer_past_what_follows_it() -> None:
    running_order = order(cues("list", audio("a"), post="e"), audio("y"), audio("z"))
    assert running_order.standby_after(CueId("a"), enabled_in(running_order)) == "z"


def test_a_chain_climbs_out_of_nested_lists() -> None:
    running_order = order(cues("outer", cues("inner", audio("a"), audio("b"))), audio("z"))
    assert running_order.successor(CueId("b")) == "z"
    assert list(running_order.lists_around(CueId("b"))) == ["inner", "outer"]


def test_an_explicit_target_is_the_successor_at_any_depth() -> None:
    running_order = order(audio("a", target="deep"), audio("b"), cues("list", audio("deep")))
    assert running_order.successor(CueId("a")) == "deep"


def test_disabled_cues_that_lead_in_a_circle_end_the_list() -> None:
    running_order = order(
        audio("a", target="b"),
        audio("b", enabled=False, target="c"),
        audio("c", enabled=False, target="b"),
    )
    assert running_order.next(CueId("a"), enabled_in(running_order)) is None


def test_timecode_cues_are_transparent() -> None:
    running_order = order(audio("a"), audio("tc", timecode=True), audio("b"))
    assert running_order.next(CueId("a"), enabled_in(running_order)) == "b"


def test_a_list_of_nothing_has_no_first_cue() -> None:
    assert order().first(lambda cue: True) is None
    assert order(cues("list")).first_child(CueId("list"), lambda cue: True) is None


def test_an_unknown_cue_is_named() -> None:
    with pytest.raises(UnknownCueError, match="no cue 'ghost'"):
        order(audio("a"))[CueId("ghost")]


def test_the_nodes_of_a_show_are_those_its_outputs_name() -> None:
    assert order(audio("a"), cues("list", audio("b", outputs=()))).nodes() == {NODE}
