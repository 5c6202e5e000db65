"""What proves a message, and who is believed."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import NodeId
from cuems.wire.auth import (
    Anyone,
    KeyHolders,
    Peer,
    Refusal,
    Rights,
    Stranger,
    UnsignableError,
    canonical,
    hkdf,
    identify,
    session_key,
    signed,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
NODE = NodeId("8d1c5f3e-1111-4222-8333-944455556666")
GO: dict[str, object] = {
    "type": "command",
    "action": "update",
    "sender": NODE,
    "target": "go",
    "data": {"value": {"run_seq": 42}, "address": "/engine/command/go"},
    "x": {"v": 1, "ep": 17, "sq": 1042, "boot": "00c0ffee"},
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
MESSAGES = st.builds(
    lambda rest, x: {**rest, "sender": NODE, **x},
    st.dictionaries(st.text(), VALUES),
    st.fixed_dictionaries({}, optional={"x": st.dictionaries(st.text(), VALUES)}),
)


def over_the_wire(message: Mapping[str, object]) -> dict[str, Any]:
    """As the other side sees it: with its keys in another order, and spaces between."""
    return dict(json.loads(json.dumps(dict(reversed(list(message.items()))), indent=1)))


# ---- what is proved


@given(MESSAGES)
def test_a_message_of_ours_is_recognised_however_its_bytes_are_laid_out(
    message: dict[str, object],
) -> None:
    sent = signed(message, KEY)
    assert identify(over_the_wire(sent), KeyHolders(KEY)) == Peer(NODE, Rights.MEMBER)


@given(MESSAGES)
def test_the_envelope_coder_of_the_bus_keeps_the_proof(message: dict[str, object]) -> None:
    text = json.dumps(signed(message, KEY)).encode(errors="replace")
    try:
        heard = msgspec.json.decode(text)
    except msgspec.DecodeError:  # half a surrogate pair: text that JSON can spell and UTF-8 cannot
        return
    again = msgspec.json.decode(msgspec.json.encode(heard))
    assert isinstance(identify(again, KeyHolders(KEY)), Peer)


@given(MESSAGES)
def test_another_key_proves_nothing(message: dict[str, object]) -> None:
    sent = signed(message, OTHER_KEY)
    assert identify(sent, KeyHolders(KEY)) == Stranger(NODE, Refusal.WRONG_MAC)


@given(MESSAGES, st.text(), VALUES)
def test_a_message_that_was_changed_on_the_way_is_refused(
    message: dict[str, object], name: str, value: object
) -> None:
    sent = signed(message, KEY)
    changed = {**sent, name: value}
    if name in ("sender", "x", "mac") or canonical(changed) == canonical(sent):
        return
    assert identify(changed, KeyHolders(KEY)) == Stranger(NODE, Refusal.WRONG_MAC)


def test_every_field_of_x_is_under_the_mac() -> None:
    sent = signed(GO, KEY)
    extra = sent["x"]
    assert isinstance(extra, dict)
    for name in ("v", "ep", "sq", "boot"):
        changed = {**sent, "x": {**extra, name: 99}}
        assert identify(changed, KeyHolders(KEY)) == Stranger(NODE, Refusal.WRONG_MAC)
        left_out = {**sent, "x": {key: value for key, value in extra.items() if key != name}}
        assert identify(left_out, KeyHolders(KEY)) == Stranger(NODE, Refusal.WRONG_MAC)


def test_the_mac_stands_in_x_and_is_32_hex_digits() -> None:
    extra = signed(GO, KEY)["x"]
    assert isinstance(extra, dict)
    assert len(bytes.fromhex(extra["mac"])) == 16
    assert canonical(signed(GO, KEY)) == canonical(GO)


def test_canonical_json_has_sorted_keys_no_spaces_and_no_mac() -> None:
    message = {"sender": "é", "x": {"sq": 2, "ep": 1, "mac": "00"}, "data": {"b": [1, 2.5], "a": 0}}
    assert canonical(message) == (
        b'{"data":{"a":0,"b":[1,2.5]},"sender":"\\u00e9","x":{"ep":1,"sq":2}}'
    )


@pytest.mark.parametrize("mac", [None, 7, "", "é" * 32, "0" * 32, "zz", ["00"], {"mac": "00"}])
def test_what_is_no_mac_is_refused_without_an_error(mac: object) -> None:
    heard = {**GO, "x": {"v": 1, "mac": mac}}
    assert isinstance(identify(heard, KeyHolders(KEY)), Stranger)


def test_what_nobody_can_have_signed_is_refused_without_an_error() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (float("nan"), float("inf"), {1, 2}, deep):
        heard = {"sender": NODE, "mac": "0" * 32, "data": value}
        assert identify(heard, KeyHolders(KEY)) == Stranger(NODE, Refusal.WRONG_MAC)
    with pytest.raises(UnsignableError, match="cannot be signed"):
        signed({"sender": NODE, "data": float("nan")}, KEY)


# ---- who may say what


def test_who_proves_nothing_is_a_stranger_unless_the_rig_admits_the_ecosystems_own() -> None:
    assert identify(GO, KeyHolders(KEY)) == Stranger(NODE, Refusal.NO_MAC)
    assert identify(GO, KeyHolders(KEY, legacy=True)) == Peer(NODE, Rights.LEGACY)


def test_a_wrong_proof_is_worse_than_none() -> None:
    forged = signed(GO, OTHER_KEY)
    assert identify(forged, KeyHolders(KEY, legacy=True)) == Stranger(NODE, Refusal.WRONG_MAC)


def test_without_a_key_everybody_who_reaches_us_is_a_member() -> None:
    assert identify(GO, Anyone()) == Peer(NODE, Rights.MEMBER)
    assert identify(signed(GO, KEY), Anyone()) == Peer(NODE, Rights.MEMBER)


@pytest.mark.parametrize("sender", [None, 7, "", ["x"]])
def test_a_sender_has_a_name(sender: object) -> None:
    for trust in (Anyone(), KeyHolders(KEY), KeyHolders(KEY, legacy=True)):
        assert identify({"sender": sender}, trust) == Stranger("", Refusal.NO_SENDER)


def test_the_key_is_never_shown() -> None:
    assert KEY.hex() not in repr(KeyHolders(KEY))
    assert "key" not in repr(KeyHolders(KEY))


# ---- the key of a session

RFC_5869 = [  # its test cases 1 to 3
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        "cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("key", "salt", "info", "expected"), RFC_5869)
def test_keys_are_derived_as_the_rfc_has_it(key: str, salt: str, info: str, expected: str) -> None:
    derived = hkdf(
        bytes.fromhex(key),
        salt=bytes.fromhex(salt),
        info=bytes.fromhex(info),
        length_bytes=len(expected) // 2,
    )
    assert derived.hex() == expected


def test_a_session_has_a_key_of_its_own() -> None:
    def key(**changed: Any) -> bytes:
        session = {"epoch": 3, "node": NODE, "controller_nonce": b"c" * 16, "node_nonce": b"n" * 16}
        return session_key(changed.pop("cluster_key", KEY), **{**session, **changed})

    keys = [
        key(),
        key(cluster_key=OTHER_KEY),
        key(epoch=4),
        key(node=NodeId("another")),
        key(controller_nonce=b"d" * 16),
        key(node_nonce=b"o" * 16),
        key(controller_nonce=b"c" * 17, node_nonce=b"n" * 15),
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(derived) == 32 for derived in keys)
    assert key() == key()
