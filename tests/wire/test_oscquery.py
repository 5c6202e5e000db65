import json
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.errors import CuemsError
from cuems.wire.control_table import TABLE
from cuems.wire.namespace import Change, Namespace, PathNews
from cuems.wire.osc import Osc
from cuems.wire.oscquery import (
    TextFrame,
    TextFrameError,
    is_query,
    news_frame,
    page,
    read_text_frame,
    readable,
)

FADER = "/engine/status/audio/mixer/n/0/master/volume"


@pytest.fixture
def space() -> Namespace:
    space = Namespace()
    space.put(Osc("/engine/status/running", ("yes",)))
    space.put(Osc("/engine/status/cue/a", (57,)))
    space.put(Osc("/engine/status/cue_name/a", ("Ouvertüre",)))
    space.put(Osc(FADER, (0.5,)))
    return space


def asked(space: Namespace, target: str) -> tuple[int, object]:
    found = page(space, target)
    body = b"".join(found.pieces)
    return found.status, json.loads(body) if found.content_type.startswith("application") else body


def test_a_method_says_all_there_is_to_know_of_it(space: Namespace) -> None:
    assert asked(space, "/engine/status/cue/a") == (
        200,
        {
            "FULL_PATH": "/engine/status/cue/a",
            "TYPE": "i",
            "ACCESS": 1,
            "DESCRIPTION": "0 unplayed, 1 to 99 playing, 100 played, -1 failed",
            "CRITICAL": False,
            "RANGE": [{"MIN": -1, "MAX": 100}],
            "CLIPMODE": ["none"],
            "VALUE": [57],
        },
    )


def test_a_command_can_be_written_and_has_no_value(space: Namespace) -> None:
    assert asked(space, "/engine/command/load_to_time") == (
        200,
        {
            "FULL_PATH": "/engine/command/load_to_time",
            "TYPE": "i",
            "ACCESS": 2,
            "DESCRIPTION": "Arm so that the next GO starts that far in",
            "CRITICAL": True,
            "RANGE": [{"MIN": 0, "MAX": 86_400_000}],
            "CLIPMODE": ["none"],
            "UNIT": ["time.ms"],
        },
    )


def test_a_command_that_takes_nothing_is_an_impulse(space: Namespace) -> None:
    assert asked(space, "/engine/command/go?TYPE") == (200, {"TYPE": "I"})


def test_of_several_arguments_those_without_an_attribute_hold_a_place(space: Namespace) -> None:
    assert asked(space, "/engine/command/cue_enabled?RANGE") == (
        200,
        {"RANGE": [None, {"VALS": [0, 1]}]},
    )


def test_the_root_holds_everything(space: Namespace) -> None:
    status, root = asked(space, "/")
    assert status == 200

    def methods(node: dict[str, object], path: str) -> set[str]:
        assert node["FULL_PATH"] == (path or "/")
        found = {path} if "TYPE" in node else set()
        contents = node.get("CONTENTS", {})
        assert isinstance(contents, dict)
        return found.union(*(methods(below, f"{path}/{name}") for name, below in contents.items()))

    assert isinstance(root, dict)
    twins = {"/n/audio/mixer/0/master/volume", "/engine/players/n/audio/mixer/0/master/volume"}
    told = {"/engine/status/cue/a", "/engine/status/cue_name/a", FADER}
    always = {row.address for row in TABLE if "{" not in row.address}
    assert methods(root, "") == always | told | twins


def test_a_container_is_told_with_all_below_it(space: Namespace) -> None:
    status, node = asked(space, "/engine/status/cue_name")
    assert isinstance(node, dict)
    assert (status, node["FULL_PATH"], node["ACCESS"]) == (200, "/engine/status/cue_name", 0)
    assert node["CONTENTS"]["a"]["VALUE"] == ["Ouvertüre"]
    assert asked(space, "/engine/status/cue_name?CONTENTS")[1] == {"CONTENTS": node["CONTENTS"]}


@pytest.mark.parametrize(
    ("target", "status", "answer"),
    [
        ("/engine/status/cue/a?VALUE", 200, {"VALUE": [57]}),
        (f"{FADER}?UNIT", 200, {"UNIT": ["gain.linear"]}),
        ("/engine/status?TYPE", 200, {}),
        ("/engine/status?RANGE", 200, {}),
        ("/engine/status?VALUE", 204, b""),
        ("/engine/command/load?VALUE", 204, b""),
        ("/engine/status/timecode?VALUE", 204, b""),
        ("/engine/status/running?CONTENTS", 204, b""),
        ("/engine/status/load?RANGE", 204, b""),
        ("/engine/status/running?TAGS", 204, b""),
        ("/engine/status?OVERLOADS", 204, b""),
        ("/engine/status/running?NONSENSE", 400, b"no such attribute\n"),
        ("/engine/status/running?value", 400, b"no such attribute\n"),
        ("/engine/status/running?VALUE&TYPE", 400, b"no such attribute\n"),
        ("/engine/status/nothing", 404, b"no such address\n"),
        ("/engine/status/nothing?NONSENSE", 404, b"no such address\n"),
        ("/engine/", 404, b"no such address\n"),
        ("", 200, None),
        ("//", 404, b"no such address\n"),
        ("/" + "a/" * 4000, 404, b"no such address\n"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_attributes_and_errors(
    space: Namespace, target: str, status: int, answer: object | None
) -> None:
    assert asked(space, target)[0] == status
    if answer is not None:
        assert asked(space, target)[1] == answer


@pytest.mark.parametrize("path", ["/", "/engine/status/running", "/no/such/path"])
def test_host_info_is_told_at_any_path(space: Namespace, path: str) -> None:
    status, info = asked(space, f"{path}?HOST_INFO")
    assert isinstance(info, dict)
    assert (status, info["NAME"], info["OSC_TRANSPORT"]) == (200, "cuems", "TCP")
    extensions = info["EXTENSIONS"]
    assert {name for name, served in extensions.items() if not served} == {
        "TAGS",
        "EXTENDED_TYPE",
        "OVERLOADS",
        "PATH_RENAMED",
    }
    assert extensions["LISTEN"]
    assert "HOST_INFO" not in str(asked(space, "/")[1])


def test_addresses_may_be_escaped(space: Namespace) -> None:
    space.put(Osc("/engine/status/cue/entrée 1", (3,)))
    assert asked(space, quote("/engine/status/cue/entrée 1") + "?VALUE") == (200, {"VALUE": [3]})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_null(space: Namespace, value: float) -> None:
    space.put(Osc(FADER, (value,)))
    assert asked(space, f"{FADER}?VALUE") == (200, {"VALUE": [None]})


def test_what_changes_while_an_answer_is_made_leaves_it_whole(space: Namespace) -> None:
    space.put(Osc("/engine/status/cue/b", (1,)))
    pieces = iter(page(space, "/engine/status").pieces)
    begun = [next(pieces)]
    while b"cue" not in begun[-1]:
        begun.append(next(pieces))
    space.forget_cues()
    space.put(Osc("/engine/status/cue/c", (1,)))
    json.loads(b"".join([*begun, *pieces]))


def test_a_page_links_what_is_below_and_trusts_no_name(space: Namespace) -> None:
    space.put(Osc("/engine/status/cue_name/<b>'&", ("<script>",)))
    found = page(space, "/engine/status/cue_name?HTML")
    html = b"".join(found.pieces).decode()
    assert (found.status, found.content_type) == (HTTPStatus.OK, "text/html; charset=utf-8")
    assert "<script>" not in html
    assert "<b>" not in html
    links: list[str | None] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            links.extend(value for name, value in attrs if name == "href")

    Links().feed(html)
    for link in links:
        assert link is not None
        assert page(space, link).status == HTTPStatus.OK
    assert len(links) == 3


@pytest.mark.parametrize(
    ("target", "accept", "wanted"),
    [
        ("/", "text/html,*/*", False),
        ("/?from=phone", "text/html", False),
        ("/", "", True),
        ("/", "*/*", True),
        ("/", "application/json", True),
        ("/?HOST_INFO", "text/html", True),
        ("/?VALUE", "text/html", True),
        ("/?HTML", "TEXT/HTML", True),
        ("/?NONSENSE", "text/html", True),
    ],
)
def test_browsers_get_the_console_and_others_the_namespace(
    target: str, accept: str, wanted: bool
) -> None:
    assert is_query(target, accept) == wanted


def test_text_frames_say_what_to_listen_to() -> None:
    frame = read_text_frame('{"COMMAND":"LISTEN","DATA":"/engine/status/running"}')
    assert frame == TextFrame("LISTEN", "/engine/status/running")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/engine/command/go",
        "[]",
        '{"COMMAND":"LISTEN"}',
        '{"COMMAND":"LISTEN","DATA":7}',
        '{"COMMAND":"PATH_ADDED","DATA":"/x"}',
        "[" * 60_000,
        '{"a":' * 13_000,
        "\ud800",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_other_text_frames_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(TextFrameError) as caught:
        read_text_frame(text)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 600


@given(st.text())
def test_no_text_frame_is_a_bug(text: str) -> None:
    try:
        read_text_frame(text)
    except CuemsError:
        return


@pytest.mark.parametrize("address", ["/engine/command/go", "/engine/status", "/nothing", ""])
def test_only_what_has_a_value_can_be_listened_to(space: Namespace, address: str) -> None:
    with pytest.raises(TextFrameError, match="expected an address with a value"):
        readable(space, TextFrame("LISTEN", address))


def test_news_are_told_in_oscquerys_words() -> None:
    told = json.loads(news_frame(PathNews(Change.CHANGED, "/engine/status/cue")))
    assert told == {"COMMAND": "PATH_CHANGED", "DATA": "/engine/status/cue"}
