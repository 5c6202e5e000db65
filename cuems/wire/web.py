"""What the control port says to a browser: the console's files, and whose pages may connect.

Only names of a fixed table are served, so no path leads out of it. A page from elsewhere must not
press GO in an operator's browser (faults.md F39): browsers name the page's origin, other clients
send none.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import unquote_plus, urlsplit

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SUBPROTOCOL = "cuems.osc"
MAX_TARGET_CHARACTERS = 4096
# Names no stranger on the internet can point at us; a name with other dots may be somebody's
# own, resolved to our address on purpose (DNS rebinding).
LOCAL_SUFFIXES = (".local", ".lan", ".home.arpa", ".internal", ".localhost")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the console page."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: HTTPStatus
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request that is none for a file; `secret` is what it shows to be let in ("": nothing)."""

    method: str
    target: str
    peer: str
    secret: str


def secret_of(target: str, headers: Iterable[tuple[str, str]]) -> str:
    """What a request shows to be let in.

    `?token=`, a header `Authorization: Bearer …` or `X-Auth-Token: …` (the ecosystem's power
    bridge), or, since a page in a browser can set neither, a subprotocol after SUBPROTOCOL.
    """
    for name, value in headers:
        match name.lower():
            case "authorization" if value[:7].lower() == "bearer ":
                return value[7:].strip()
            case "x-auth-token":
                return value.strip()
            case "sec-websocket-protocol":
                offered = [part.strip() for part in value.split(",")]
                if offered[0] == SUBPROTOCOL and len(offered) > 1:
                    return offered[1]
            case _:
                pass
    for part in _queried(target):
        name, _, value = part.partition("=")
        if name == "token":
            return unquote_plus(value)
    return ""


def without_secret(target: str) -> str:
    """A request's target without `token=`, for whoever answers it or logs it."""
    kept = "&".join(part for part in _queried(target) if not part.startswith("token="))
    return target.partition("?")[0] + (f"?{kept}" if kept else "")


def _queried(target: str) -> list[str]:
    return target[:MAX_TARGET_CHARACTERS].partition("?")[2].split("&")


def asset(name: str, body: bytes) -> Asset | None:
    """A file by its name's ending; None for a kind that is not served."""
    _, dot, ending = name.rpartition(".")
    content_type = CONTENT_TYPES.get(dot + ending)
    return None if content_type is None else Asset(content_type, body)


def answer(method: str, target: str, console: Mapping[str, Asset]) -> Answer:
    """The response to a plain request; `console` maps a path ("/", "/console.js") to its file."""
    if method not in ("GET", "HEAD"):
        return _plain(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", {"Allow": "GET, HEAD"})
    found = console.get(target.partition("?")[0])
    if found is None:
        return _plain(HTTPStatus.NOT_FOUND, "no such page")
    return content(method, HTTPStatus.OK, found)


def content(method: str, status: HTTPStatus, what: Asset) -> Answer:
    """The response that consists of a file or what is like one."""
    headers = _headers(what.content_type, what.body)
    if status is HTTPStatus.NO_CONTENT:
        del headers["Content-Type"], headers["Content-Length"]
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(status=status, headers=headers, body=b"" if method == "HEAD" else what.body)


def too_busy() -> Answer:
    """The response to one request too many."""
    text = "too much is being sent already"
    return _plain(HTTPStatus.SERVICE_UNAVAILABLE, text, {"Retry-After": "2"})


def refusal(reason: str) -> Answer:
    """The response to a WebSocket that may not be opened."""
    return _plain(HTTPStatus.FORBIDDEN, reason)


def _plain(status: HTTPStatus, text: str, more: Mapping[str, str] | None = None) -> Answer:
    body = f"{text}\n".encode()
    headers = _headers("text/plain; charset=utf-8", body) | dict(more or {})
    return Answer(status=status, headers=headers, body=body)


def _headers(content_type: str, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-cache",
        "Connection": "close",
        **SECURITY_HEADERS,
    }


def may_connect(origins: Collection[str], hosts: Collection[str], own_names: set[str]) -> bool:
    """Whether a page of these origins may open a WebSocket to a server addressed as `hosts`.

    `origins` are the Origin headers (none: not a browser), `hosts` the Host header and, behind a
    proxy of ours, its X-Forwarded-Host. `own_names` are host names that are ours beside these.
    """
    return all(_is_ours(origin, hosts, own_names) for origin in origins)


def _is_ours(origin: str, hosts: Collection[str], own_names: set[str]) -> bool:
    scheme, _, host = origin.partition("://")
    name = host_name(host)
    if scheme not in ("http", "https") or not name:
        return False
    if _is_loopback(name) or name in own_names:
        return True
    addressed = {host_name(part) for host in hosts for part in host.split(",")}
    return name in addressed and _is_local(name)


def host_name(host: str) -> str:
    """The name or literal address in a Host header, without port; "" when there is none."""
    try:
        return (urlsplit(f"//{host.strip()}").hostname or "").rstrip(".")
    except ValueError:  # an unclosed bracket
        return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _is_local(name: str) -> bool:
    if "." not in name or name.endswith(LOCAL_SUFFIXES):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
