"""Nodes by their names, as a shell has them."""

import pytest

from cuems.cli.show_lines import node_lines
from cuems.wire.control_view import NoSuchNodeError, ShowView
from cuems.wire.osc import Osc


def view() -> ShowView:
    told = ShowView()
    for node, name, state in (("u-1", "left", "ok"), ("u-2", "right", "lost"), ("u-3", "left", "")):
        told.take(Osc(f"/engine/status/node_name/{node}", (name,)))
        told.take(Osc(f"/engine/status/node/{node}", (state,)))
    told.take(Osc("/engine/status/node_detail/u-2", ("silent for 1500 ms",)))
    return told


def test_a_node_is_found_by_its_id_or_its_name() -> None:
    assert view().find_node("u-1") == "u-1"
    assert view().find_node("right") == "u-2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("left", "'left': 2 nodes have that name: say which by its id"),
        ("up", "'up': no node has that id or name .there are: left, right, left."),
    ],
)
def test_a_name_that_is_not_of_just_one_node_is_refused(text: str, problem: str) -> None:
    with pytest.raises(NoSuchNodeError, match=problem):
        view().find_node(text)


def test_nodes_are_listed_with_their_ids_and_how_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert list(node_lines(view(), ids=True)) == [
        "u-1  left   ok",
        "u-2  right  lost         silent for 1500 ms",
        "u-3  left   ?",
    ]
