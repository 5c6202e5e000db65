import json
from http import HTTPStatus

import pytest

from cuems.wire import bridge
from cuems.wire.bridge import POSTS, PostError, read_post
from cuems.wire.control import request
from cuems.wire.osc import Osc
from cuems.wire.oscquery import Page


def told(page: Page) -> dict[str, object]:
    read = json.loads(b"".join(page.pieces))
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("path", POSTS)
def test_every_post_is_a_command_of_the_table(path: str) -> None:
    assert request(read_post(f"{path}?cue=x%20y")).address == f"/engine/command{path}"


def test_a_cue_comes_in_the_query() -> None:
    assert read_post("/gocue?x=1&cue=a%20b") == Osc("/engine/command/gocue", ("a b",))
    assert read_post("/stopcue?cue=a") == Osc("/engine/command/stopcue", ("a",))
    for target in ("/gocue", "/gocue?cue=", "/gocue?" + "a&" * 20):
        with pytest.raises(PostError):
            read_post(target)


@pytest.mark.parametrize(
    ("detail", "code", "reason"),
    [
        ("not armed: arming Gong", 409, "not_armed"),
        ("no project is loaded", 409, "not_armed"),
        ("too soon after the last GO: wait 100 ms", 429, "too_soon"),
        ("denied: this needs control", 403, "denied"),
        ("nothing stands by: the list is at its end", 409, "refused"),
        ("", 409, "refused"),
    ],
)
def test_a_refusal_has_a_code_and_a_token_for_programs(detail: str, code: int, reason: str) -> None:
    page = bridge.refused(detail)
    assert page.status == code
    assert told(page) == {"ok": False, "reason": reason, "detail": detail}


def test_the_other_answers_have_theirs() -> None:
    assert bridge.done().status is HTTPStatus.OK
    assert told(bridge.done()) == {"ok": True}
    assert bridge.no_answer().status == 503
    assert bridge.unauthorized("x").status == 401
    assert bridge.malformed("x").status == 400


def test_the_status_is_what_the_power_bridge_asks_for() -> None:
    facts = {"load": "demo", "armed": "yes", "running": "", "nextcue": "abc"}
    page = told(bridge.status(lambda name: facts.get(name, "")))
    assert page == {
        "ok": True, "running": False, "armed": True, "paused": False, "project": "demo",
        "project_loaded": True, "fully_ready": True, "nextcue": "abc",
    }  # fmt: skip
