from http import HTTPStatus

import pytest

from cuems.wire.web import (
    Asset,
    answer,
    asset,
    may_connect,
    refusal,
    secret_of,
    without_secret,
)

CONSOLE = {"/": Asset("text/html; charset=utf-8", b"<p>"), "/console.js": Asset("x", b"js")}


def test_the_page_is_served_with_headers_that_confine_it() -> None:
    page = answer("GET", "/?from=phone", CONSOLE)
    assert (page.status, page.body) == (HTTPStatus.OK, b"<p>")
    assert page.headers["Content-Length"] == "3"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_head_has_the_length_and_no_body() -> None:
    page = answer("HEAD", "/console.js", CONSOLE)
    assert (page.body, page.headers["Content-Length"]) == (b"", "2")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_nothing_can_be_written(method: str) -> None:
    page = answer(method, "/", CONSOLE)
    assert page.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert page.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "target",
    ["/missing", "/../etc/passwd", "/%2e%2e/etc/passwd", "/..\\x", "//", "", "/console.js/", "/./"],
)
def test_only_names_in_the_table_are_served(target: str) -> None:
    assert answer("GET", target, CONSOLE).status == HTTPStatus.NOT_FOUND


def test_a_file_is_served_by_its_ending_and_unknown_kinds_are_not() -> None:
    assert asset("console.css", b"a") == Asset("text/css; charset=utf-8", b"a")
    assert asset("notes.txt", b"a") is None
    assert asset("css", b"a") is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "anything"),
        ("http://127.0.0.1:9190", "127.0.0.1:9190"),
        ("http://[::1]:9190", "x"),
        ("http://192.168.7.2", "192.168.7.2:9190"),
        ("https://controller.local", "controller.local:9190"),
        ("http://CONTROLLER", "controller"),
        ("http://[fd00::1]", "[fd00::1]:9190"),
        ("http://stage.theatre.example", "elsewhere"),
    ],
)
def test_pages_of_this_machine_may_connect(origin: str, host: str) -> None:
    assert may_connect([origin], [host], {"stage.theatre.example"})


@pytest.mark.parametrize(
    ("origins", "host"),
    [
        (["http://evil.example"], "127.0.0.1:9190"),
        (["http://evil.example:9190"], "evil.example:9190"),
        (["http://192.168.7.66"], "192.168.7.2"),
        (["http://localhost.evil.example"], "localhost"),
        (["http://127.0.0.1.evil.example"], "127.0.0.1"),
        (["http://127.0.0.1@evil.example"], "127.0.0.1"),
        (["null"], "127.0.0.1"),
        (["file://localhost"], "127.0.0.1"),
        (["http://["], "127.0.0.1"),
        ([""], "127.0.0.1"),
        (["http://localhost", "http://evil.example"], "127.0.0.1"),
    ],
    ids=str,
)
def test_pages_from_elsewhere_may_not(origins: list[str], host: str) -> None:
    assert not may_connect(origins, [host], set())


def test_who_is_no_browser_names_no_origin_and_may_connect() -> None:
    assert may_connect([], ["10.0.0.1:9190"], set())


def test_a_page_behind_the_site_proxy_may_connect() -> None:
    assert may_connect(["http://controller.local"], ["127.0.0.1:9190", "controller.local"], set())


def test_a_refusal_says_why() -> None:
    page = refusal("not from there")
    assert (page.status, page.body) == (HTTPStatus.FORBIDDEN, b"not from there\n")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/realtime?token=s3cret", []),
        ("/?VALUE&token=s3cret", []),
        ("/?token=s3%63ret&x", []),
        ("/", [("Authorization", "Bearer s3cret")]),
        ("/", [("authorization", "bearer  s3cret ")]),
        ("/", [("X-Auth-Token", "s3cret")]),
        ("/", [("Sec-WebSocket-Protocol", "cuems.osc, s3cret")]),
    ],
)
def test_a_secret_is_found_wherever_a_client_can_put_it(
    target: str, headers: list[tuple[str, str]]
) -> None:
    assert secret_of(target, headers) == "s3cret"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", []),
        ("/?tokens=1&atoken=2", []),
        ("/token=3", []),
        ("/", [("Authorization", "Basic s3cret")]),
        ("/", [("Sec-WebSocket-Protocol", "other, s3cret")]),
        ("/", [("Sec-WebSocket-Protocol", "cuems.osc")]),
        ("/?" + "x" * 5000 + "&token=far", []),
    ],
)
def test_what_is_no_secret_is_none(target: str, headers: list[tuple[str, str]]) -> None:
    assert secret_of(target, headers) == ""


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/x?token=s", "/x"),
        ("/x?VALUE&token=s", "/x?VALUE"),
        ("/x?token=s&VALUE", "/x?VALUE"),
        ("/x?VALUE", "/x?VALUE"),
        ("/x", "/x"),
    ],
)
def test_a_secret_does_not_go_on_with_the_target(target: str, kept: str) -> None:
    assert without_secret(target) == kept
