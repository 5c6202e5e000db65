"""The control surface as plain HTTP, in the words of the ecosystem's power bridge.

`POST /go`, `/stop`, `/setnextcue?cue=`, `/gocue?cue=` and, ours, `/pause`, `/resume`, `/panic`,
`/stopcue?cue=`, `/pausecue?cue=`, `/resumecue?cue=`; `GET /status`. Answers are JSON with `ok`, and
`reason` where it is false: a token for a program, with what a person is told beside it as `detail`
(field.md 3.5). `/shutdown` stays the bridge's.
"""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec

from cuems.core.errors import CuemsError
from cuems.wire.osc import Osc, OscArgument
from cuems.wire.oscquery import JSON_TYPE, Page

STATUS = "/status"
WITH_CUE = ("/setnextcue", "/gocue", "/stopcue", "/pausecue", "/resumecue")
POSTS = ("/go", "/stop", "/pause", "/resume", "/panic", *WITH_CUE)
MAX_FIELDS = 8


class PostError(CuemsError):
    """A request that lacks what it needs."""


def read_post(target: str) -> Osc:
    """The command a POST to one of POSTS asks for; raises PostError."""
    path, _, query = target.partition("?")
    args: tuple[OscArgument, ...] = ()
    if path in WITH_CUE:
        try:
            cue = dict(parse_qsl(query, max_num_fields=MAX_FIELDS)).get("cue", "")
        except ValueError as error:
            raise PostError(f"{path}: {error}") from error
        if not cue:
            raise PostError(f"{path}: expected ?cue= and a cue's id")
        args = (cue,)
    return Osc(f"/engine/command{path}", args)


def done() -> Page:
    """It was done."""
    return _page(HTTPStatus.OK, {"ok": True})


def refused(detail: str) -> Page:
    """It was not; `detail` is the engine's reason."""
    match detail.split(maxsplit=2):
        case ["too", "soon", *_]:
            status, reason = HTTPStatus.TOO_MANY_REQUESTS, "too_soon"
        case ["not", "armed:", *_] | ["no", "project", *_]:
            status, reason = HTTPStatus.CONFLICT, "not_armed"
        case ["denied:", *_]:
            status, reason = HTTPStatus.FORBIDDEN, "denied"
        case _:
            status, reason = HTTPStatus.CONFLICT, "refused"
    return _failed(status, reason, detail)


def malformed(detail: str) -> Page:
    """What was asked for is incomplete."""
    return _failed(HTTPStatus.BAD_REQUEST, "bad_request", detail)


def unauthorized(detail: str) -> Page:
    """No key, or a wrong one."""
    return _failed(HTTPStatus.UNAUTHORIZED, "unauthorized", detail)


def no_answer() -> Page:
    """The engine did not say in time what became of it."""
    return _failed(HTTPStatus.SERVICE_UNAVAILABLE, "no_answer", "no answer in time")


def status(fact: Callable[[str], OscArgument]) -> Page:
    """How the show stands; `fact` gives the newest value of a status of the show as a whole."""
    loaded, armed = fact("load"), fact("armed") == "yes"
    told: dict[str, object] = {
        "ok": True,
        "running": fact("running") == "yes",
        "armed": armed,
        "paused": fact("paused") == "yes",
        "project": loaded,
        "project_loaded": bool(loaded),
        "fully_ready": bool(loaded) and armed,
        "nextcue": fact("nextcue"),
    }
    return _page(HTTPStatus.OK, told)


def _failed(status: HTTPStatus, reason: str, detail: str) -> Page:
    return _page(status, {"ok": False, "reason": reason, "detail": detail})


def _page(status: HTTPStatus, told: dict[str, object]) -> Page:
    return Page(status, JSON_TYPE, (msgspec.json.encode(told),))
