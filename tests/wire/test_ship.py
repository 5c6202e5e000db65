"""Requests of shippers as text: who may, what is wanted, and what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import NodeId
from cuems.wire.ship import (
    Listing,
    Ping,
    Put,
    ShipError,
    ship_token,
    ship_url,
    shipper,
    wanted,
)

NODE = NodeId("11111111-1111-4111-8111-111111111111")
KEY, OTHER = b"k" * 32, b"o" * 32
HASH = "ab" * 32


def test_a_token_names_its_node_and_only_the_rigs_key_makes_it() -> None:
    assert shipper(f"Bearer {ship_token(KEY, NODE)}", KEY) == NODE
    for header in (
        "",
        "Bearer",
        f"Basic {ship_token(KEY, NODE)}",
        f"Bearer {ship_token(OTHER, NODE)}",
        f"Bearer other.{ship_token(KEY, NODE).partition('.')[2]}",
        f"Bearer {ship_token(KEY, NODE)} ",
    ):
        with pytest.raises(ShipError) as raised:
            shipper(header, KEY)
        assert raised.value.status == 401
        assert KEY.hex() not in str(raised.value)


def test_what_is_asked_for_is_read() -> None:
    headers = {"content-length": "7", "x-content-sha256": HASH}
    assert wanted("POST", "/v1/ping", {}) == Ping()
    assert wanted("GET", "/v1/runs", {}) == Listing()
    assert wanted("GET", "/v1/runs?after=a&limit=5", {}) == Listing(after="a", limit=5)
    assert wanted("PUT", "/v1/runs/n-1", headers) == Put(run="n-1", sha256=HASH, size_bytes=7)


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/v1/ping", {}, 405),
        ("DELETE", "/v1/runs/a", {}, 405),
        ("PUT", "/v1/runs/..", {}, 422),
        ("PUT", "/v1/runs/.up.a", {}, 422),
        ("PUT", "/v1/runs/a/b", {}, 422),
        ("PUT", "/v1/runs/%2e%2e", {}, 422),
        ("PUT", "/v1/runs/" + "a" * 121, {}, 422),
        ("PUT", "/v1/runs/a", {"content-length": "1"}, 422),
        ("PUT", "/v1/runs/a", {"x-content-sha256": HASH}, 411),
        ("PUT", "/v1/runs/a", {"x-content-sha256": HASH, "content-length": "-1"}, 411),
        ("GET", "/v1/runs?limit=0", {}, 422),
        ("GET", "/v1/runs?limit=x", {}, 422),
        ("GET", "/v1/runs?after=../x", {}, 422),
    ],
)
def test_what_cannot_be_obeyed_has_its_status(
    method: str, target: str, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(ShipError) as raised:
        wanted(method, target, headers)
    assert raised.value.status == status


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_request_raises_anything_else(target: str, value: str) -> None:
    for method in ("GET", "PUT", "POST"):
        try:
            wanted(method, "/v1/runs" + target, {"content-length": value})
        except ShipError as error:
            assert 400 <= error.status < 500  # noqa: PT017 - any of them will do


def test_the_receiver_is_beside_the_bus() -> None:
    assert ship_url("tcp://10.0.0.1:9093", tls=False) == "http://10.0.0.1:9098"
    assert ship_url("tcp://[::1]:9193", tls=True) == "https://[::1]:9198"
