import pytest

from cuems.wire.control_view import NoSuchCueError, NoSuchNodeError, ShowView, to_clock
from cuems.wire.osc import Osc, OscArgument


def told(*facts: tuple[str, OscArgument], view: ShowView | None = None) -> ShowView:
    view = view or ShowView()
    for name, value in facts:
        assert view.take(Osc(f"/engine/status/{name}", (value,)))
    return view


DUMP = (
    ("running", "yes"),
    ("armed", "yes"),
    ("load", "tempest"),
    ("nextcue", "b"),
    ("paused", "no"),
    ("waiting_for", ""),
    ("node_name/n", "foh"),
    ("node/n", "late"),
    ("node_detail/n", "by 40 ms"),
    ("deploy/n", 40),
    ("cue/a", 57),
    ("cue/b", 0),
    ("cue_name/a", "Overture"),
    ("cue_name/b", "Storm"),
    ("cue_enabled/b", 0),
)


def test_everything_that_was_told_is_there_for_a_program() -> None:
    assert told(*DUMP, ("timecode", 12_000)).to_json() == {
        "project": "tempest",
        "running": True,
        "armed": True,
        "waiting_for": "",
        "paused": False,
        "standby": {"id": "b", "name": "Storm"},
        "timecode_ms": 12_000,
        "notice": "",
        "nodes": [
            {
                "id": "n",
                "name": "foh",
                "state": "late",
                "detail": "by 40 ms",
                "outputs": "",
                "chase": "",
                "chase_detail": "",
                "deploy": 40,
                "deploy_detail": "",
                "files": {},
            }
        ],
        "cues": [
            {
                "id": "a",
                "name": "Overture",
                "kind": "",
                "duration_ms": 0,
                "percent": 57,
                "reason": "",
                "enabled": True,
                "paused": False,
                "state": "playing",
            },
            {
                "id": "b",
                "name": "Storm",
                "kind": "",
                "duration_ms": 0,
                "percent": 0,
                "reason": "",
                "enabled": False,
                "paused": False,
                "state": "disabled",
            },
        ],
    }


@pytest.mark.parametrize(
    ("percent", "state"),
    [(0, "ready"), (1, "playing"), (99, "playing"), (100, "played"), (-1, "failed")],
)
def test_a_play_status_has_a_word(percent: int, state: str) -> None:
    assert told(("cue/a", percent)).cues["a"].state == state


def test_another_projects_cues_replace_those_before() -> None:
    view = told(*DUMP)
    told(
        ("armed", "no"),
        ("nextcue", ""),
        ("cue/b", 0),
        ("cue/c", 0),
        ("cue_name/b", "Storm"),
        ("cue_name/c", "Island"),
        ("load", "island"),
        view=view,
    )
    assert list(view.cues) == ["b", "c"]


def test_after_unloading_there_are_no_cues() -> None:
    assert told(("armed", "no"), ("load", ""), view=told(*DUMP)).cues == {}


def test_stopping_keeps_the_cues() -> None:
    view = told(("running", "no"), ("armed", "no"), ("cue/a", 0), view=told(*DUMP))
    assert list(view.cues) == ["a", "b"]


def test_what_is_no_status_is_not_noted() -> None:
    view = ShowView()
    assert not view.take(Osc("/engine/reply/go", ("ok",)))
    assert not view.take(Osc("/engine/status/running"))
    assert view.facts == {}


def test_statuses_of_a_newer_engine_do_no_harm() -> None:
    view = told(("mood", "good"), ("cue_mood/a", 1), ("node_mood/n", 1), ("a/b/c/d", 1))
    assert list(view.cues) == ["a"]


def test_a_cue_is_found_by_id_before_name() -> None:
    view = told(("load", "x"), ("cue_name/a", "b"), ("cue_name/b", "Storm"))
    assert view.find("b") == "b"
    assert view.find("Storm") == "b"


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ((), "'Storm': no project is loaded"),
        ((("load", "x"),), "'Storm': no cue of 'x' has that id or name"),
        ((("cue_name/a", "Storm"), ("cue_name/b", "Storm")), "'Storm': 2 cues have that name"),
    ],
)
def test_a_cue_that_is_not_just_one_is_said_to_be_so(
    facts: tuple[tuple[str, OscArgument], ...], problem: str
) -> None:
    with pytest.raises(NoSuchCueError) as caught:
        told(*facts).find("Storm")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("timecode", "shown"), [(None, "--:--:--"), (0, "00:00:00"), (3_723_999, "01:02:03")]
)
def test_timecode_is_shown_as_a_clock(timecode: OscArgument, shown: str) -> None:
    assert to_clock(timecode) == shown


def test_what_is_said_of_something_else_makes_no_node_and_no_cue() -> None:
    view = ShowView()
    view.take(Osc("/engine/status/setting/freewheel_frames", ("50",)))
    view.take(Osc("/engine/status/video/mixer/x/0/xscale", (1.0,)))
    assert (view.nodes, view.cues) == ({}, {})


def test_everything_of_a_node_and_a_cue_is_noted() -> None:
    view = told(
        ("cue_kind/a", "audio"),
        ("cue_duration/a", 4_000),
        ("cue_reason/a", "no such file"),
        ("node_outputs/n", "null"),
        ("chase/n", "locked"),
        ("chase_detail/n", "25 fps"),
        ("deploy_detail/n", "7 files"),
        ("deploy_rate/n", 5_000),
    )
    cue, node = view.cues["a"], view.nodes["n"]
    assert (cue.kind, cue.reason, cue.duration_ms) == ("audio", "no such file", 4_000)
    assert (node.outputs, node.chase, node.chase_detail) == ("null", "locked", "25 fps")
    assert (node.deploy_detail, node.files) == ("7 files", {"rate": 5_000})


def test_a_node_is_found_by_id_or_name_and_who_is_there_is_said() -> None:
    view = told(("node_name/n", "foh"), ("node_name/m", "stage"), ("node/x", "alive"))
    assert [view.find_node("n"), view.find_node("stage")] == ["n", "m"]
    with pytest.raises(NoSuchNodeError, match=r"there are: foh, stage, x"):
        view.find_node("attic")
    with pytest.raises(NoSuchNodeError, match=r"there are: none"):
        ShowView().find_node("attic")
    with pytest.raises(NoSuchNodeError, match=r"2 nodes have that name"):
        told(("node_name/z", "foh"), view=view).find_node("foh")
