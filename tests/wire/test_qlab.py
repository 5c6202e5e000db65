import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.wire.control import request
from cuems.wire.control_view import ShowView
from cuems.wire.osc import Osc, OscArgument
from cuems.wire.qlab import (
    Asked,
    Connect,
    QlabError,
    Switch,
    Told,
    Wanted,
    list_id,
    project_id,
    read,
    reply,
    update,
)

A, B, C = (f"3f0f3d1e-8f5b-4a6e-9c55-00000000000{number}" for number in (1, 2, 3))
STATUS = "/engine/status/"


def show(**facts: str) -> ShowView:
    """Three cues; the second one stands by."""
    view = ShowView()
    for cue, name in ((A, "Gong"), (B, "Chime"), (C, "7")):
        view.take(Osc(f"{STATUS}cue/{cue}", (0,)))
        view.take(Osc(f"{STATUS}cue_name/{cue}", (name,)))
    view.take(Osc(f"{STATUS}cue_duration/{B}", (80_000,)))
    for name, value in ({"load": "demo", "armed": "yes", "nextcue": B} | facts).items():
        view.take(Osc(STATUS + name, (value,)))
    return view


def meant(address: str, *args: OscArgument, view: ShowView | None = None) -> object:
    return read(Osc(address, args), view or show()).meaning


def ours(name: str, *args: OscArgument) -> Wanted:
    return Wanted((Osc(f"/engine/command/{name}", args),))


@pytest.mark.parametrize(
    ("address", "args", "wanted"),
    [
        ("/go", (), ours("go")),
        ("/workspace/any-thing/go", (), ours("go")),
        ("/stop", (), ours("stop")),
        ("/hardStop", (), ours("stop")),
        ("/reset", (), ours("stop")),
        ("/panic", (), ours("panic")),
        ("/panicInTime", (3,), ours("panic")),
        ("/pause", (), ours("pause")),
        ("/resume", (), ours("resume")),
        ("/togglePause", (), ours("pause")),
        ("/go/1", (), ours("gocue", A)),
        ("/cue/1/start", (), ours("gocue", A)),
        ("/cue/Gong/start", (), ours("gocue", A)),
        ("/cue/7/start", (), ours("gocue", C)),
        (f"/cue_id/{C}/start", (), ours("gocue", C)),
        ("/cue/selected/start", (), ours("gocue", B)),
        ("/cue/3/load", (), ours("setnextcue", C)),
        ("/cue/1/stop", (), ours("stopcue", A)),
        ("/workspace/x/cue_id/" + A + "/hardStop", (), ours("stopcue", A)),
        ("/cue/1/panic", (), ours("stopcue", A)),
        ("/cue/Gong/pause", (), ours("pausecue", A)),
        ("/cue/1/togglePause", (), ours("pausecue", A)),
        ("/cue/1/resume", (), ours("resumecue", A)),
        ("/playhead/3", (), ours("setnextcue", C)),
        (f"/playheadID/{A}", (), ours("setnextcue", A)),
        ("/playhead/next", (), ours("setnextcue", C)),
        ("/playhead/previous", (), ours("setnextcue", A)),
        ("/cue/2/armed", (0,), ours("cue_enabled", B, 0)),
        ("/cue/selected/armed", (True,), ours("cue_enabled", B, 1)),
        ("/cue/2/armed", ("no",), ours("cue_enabled", B, 0)),
        (f"/cue_id/{list_id('demo')}/go", (), ours("go")),
        (f"/cue_id/{list_id('demo')}/playhead/next", (), ours("setnextcue", C)),
        (
            "/cue/1/loadAt",
            (2,),
            Wanted((ours("setnextcue", A).messages[0], ours("load_to_time", 2000).messages[0])),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_remotes_command_is_one_of_ours(
    address: str, args: tuple[OscArgument, ...], wanted: Wanted
) -> None:
    assert meant(address, *args) == wanted
    for message in wanted.messages:
        request(message)


def test_a_toggle_goes_by_what_is_paused() -> None:
    assert meant("/togglePause", view=show(paused="yes")) == ours("resume")


def test_a_cue_that_is_held_is_paused_and_goes_on() -> None:
    view = show()
    view.take(Osc(f"{STATUS}cue/{A}", (40,)))
    assert meant("/cue/active/stop", view=view) == ours("stopcue", A)
    view.take(Osc(f"{STATUS}cue_paused/{A}", (1,)))
    assert meant("/cue/1/togglePause", view=view) == ours("resumecue", A)
    assert meant("/cue/1/isPaused", view=view) == Told(True)
    assert meant("/cue/1/isRunning", view=view) == Told(False)
    assert meant("/cue/active/uniqueID", view=view) == Told(A)


@pytest.mark.parametrize(
    ("address", "args", "wanted"),
    [
        ("/connect", (), Connect("")),
        ("/workspace/x/connect", (4711,), Connect("4711")),
        ("/updates", (1,), Switch("updates", 1)),
        ("/updates", (0.0,), Switch("updates", 0)),
        ("/updates", (), Switch("updates", 1)),
        ("/alwaysReply", (1,), Switch("alwaysReply", 1)),
        ("/udpReplyPort", (53002,), Switch("udpReplyPort", 53002)),
        ("/thump", (), Told("thump")),
        ("/version", (), Told("5.0")),
        ("/showMode", (), Told(False)),
        ("/showMode", (1,), ours("mode", "show")),
        ("/workspace/x/showMode", (0,), ours("mode", "edit")),
        ("/cue/2/duration", (), Told(80.0)),
        ("/settings/general/minGoTime", (), Told(0.2)),
        ("/playheadID", (), Told(B)),
        ("/playhead", (), Told("2")),
        ("/cue/playhead/uniqueID", (), Told(B)),
        ("/cue/1/name", (), Told("Gong")),
        ("/cue/1/isRunning", (), Told(False)),
        ("/cue/active/valuesForKeys", ('["uniqueID"]',), Told([])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_remote_asks_about_itself_and_the_show(
    address: str, args: tuple[OscArgument, ...], wanted: object
) -> None:
    assert meant(address, *args) == wanted


def test_the_cue_lists_are_the_show() -> None:
    told = meant("/workspace/x/cueLists")
    assert isinstance(told, Told)
    cue_list: Any = told.data
    (cue_list,) = cue_list
    assert cue_list["uniqueID"] == list_id("demo")
    assert [cue["number"] for cue in cue_list["cues"]] == ["1", "2", "3"]
    assert [cue["listName"] for cue in cue_list["cues"]] == ["Gong", "Chime", "7"]
    assert cue_list["cues"][0]["type"] == "Memo"
    assert meant("/cueLists", view=ShowView()) == Told([])


def test_a_cue_tells_its_state_in_qlabs_fields() -> None:
    view = show()
    view.take(Osc(f"{STATUS}cue/{A}", (40,)))
    view.take(Osc(f"{STATUS}cue/{C}", (-1,)))
    keys = json.dumps(["number", "isRunning", "isPaused", "isLoaded", "isBroken", "armed", "x"])
    told = {cue: meant(f"/cue_id/{cue}/valuesForKeys", keys, view=view) for cue in (A, B, C)}
    states = {cue: list(one.data.values()) for cue, one in told.items()}  # type: ignore[attr-defined]
    assert states == {
        A: ["1", True, False, False, False, True, None],
        B: ["2", False, False, True, False, True, None],
        C: ["3", False, False, False, True, True, None],
    }
    assert meant("/cue/active/percentActionElapsed", view=view) == Told(0.4)


def test_an_answer_about_the_playhead_names_its_cue() -> None:
    asked = read(Osc("/workspace/x/cue/playhead/valuesForKeys", ("[]",)), show())
    assert asked == Asked(f"/workspace/x/cue_id/{B}/valuesForKeys", True, Told({}))


@pytest.mark.parametrize(
    ("address", "args", "text"),
    [
        ("/cue/9/start", (), "no cue '9'"),
        ("/cue/0/start", (), "no cue '0'"),
        ("/cue/Ghost/start", (), "no cue 'Ghost'"),
        ("/cue/1/preview", (), "one cue alone cannot be told 'preview'"),
        ("/cue/active/stop", (), "there is no such cue now"),
        ("/cue/1/duration", (3,), "'duration' cannot be set from here"),
        ("/cue/1/valuesForKeys", ("{",), "expected a JSON list of keys"),
        ("/cue/1/valuesForKeys", ("[" * 100_000,), "expected a JSON list of keys"),
        ("/cue/1/armed", ("maybe",), "expected a number"),
        ("/updates", (float("nan"),), "expected a number"),
        ("/fly", (), "/fly: not known here"),
        ("/", (), "not known here"),
        ("/workspace/x", (), "not known here"),
    ],
)
def test_what_cannot_be_is_named(address: str, args: tuple[OscArgument, ...], text: str) -> None:
    with pytest.raises(QlabError, match=text):
        meant(address, *args)


def test_without_a_show_nothing_breaks() -> None:
    empty = ShowView()
    assert meant("/playheadID", view=empty) == Told("none")
    assert meant("/cue/playhead/uniqueID", view=empty) == Told("none")
    assert meant("/workspaces", view=empty) == Told([])
    with pytest.raises(QlabError):
        meant("/cue/selected/start", view=empty)
    with pytest.raises(QlabError):
        meant("/playhead/next", view=empty)


ADDRESSES = st.lists(
    st.sampled_from(["workspace", "cue", "cue_id", "go", "playhead", "*", "1", A, "", "next"])
    | st.text(max_size=5),
    max_size=6,
).map("/".join)


@given(ADDRESSES, st.lists(st.none() | st.text() | st.floats() | st.integers(), max_size=2))
def test_any_message_means_something_or_is_refused(address: str, args: list[OscArgument]) -> None:
    with suppress(QlabError):
        read(Osc("/" + address, tuple(args)), show())


def test_an_answer_is_json_at_the_address_that_was_asked() -> None:
    answer = reply("/cue/1/name", "ok", "Gong", "W")
    assert answer.address == "/reply/cue/1/name"
    assert json.loads(str(answer.args[0])) == {
        "workspace_id": "W", "address": "/cue/1/name", "status": "ok", "data": "Gong",
    }  # fmt: skip
    assert "workspace_id" not in json.loads(str(reply("/go", "ok", None).args[0]))


def test_updates_name_what_has_changed_where_remotes_look_for_it() -> None:
    view = show()
    moved = update(Osc(f"{STATUS}nextcue", (B,)), view)
    assert moved is not None
    assert moved.args == (B,)
    assert (moved.address[18:54], moved.address[63:99]) == (project_id("demo"), list_id("demo"))
    cleared = update(Osc(f"{STATUS}nextcue", ("",)), view)
    assert cleared is not None
    assert cleared.args == ()
    changed = update(Osc(f"{STATUS}cue/{A}", (1,)), view)
    assert changed == Osc(f"/update/workspace/{project_id('demo')}/cue_id/{A}")
    assert update(Osc(f"{STATUS}timecode", (1,)), view) is None
    gone = update(Osc(f"{STATUS}load", ("",)), ShowView())
    assert gone is not None
    assert gone.address.endswith("/disconnect")


def test_how_far_a_cue_is_and_show_mode_are_told_as_they_are() -> None:
    view = show(mode="show")
    view.take(Osc(f"{STATUS}cue/{B}", (25,)))
    assert meant("/cue/2/actionElapsed", view=view) == Told(20.0)
    assert meant("/showMode", view=view) == Told(True)
    assert update(Osc(f"{STATUS}mode", ("show",)), view) == Osc(
        f"/update/workspace/{project_id('demo')}"
    )
