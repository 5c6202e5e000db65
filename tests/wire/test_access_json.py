import json

import pytest

from cuems.core.access import KeyKind, Keyring, Scope, new_key
from cuems.wire.access_json import AccessDecodeError, read_keyring, write_keyring

RING = Keyring(
    (
        new_key("tablet", KeyKind.TOKEN, Scope.CONTROL, "no hex: f00d"),
        new_key("crew", KeyKind.PASSCODE, Scope.EDIT, "no hex: 4711", expires_s=2_000_000_000),
        new_key("guests", KeyKind.ANYONE, Scope.VIEW, ""),
    )
)
TABLET = {"name": "tablet", "kind": "token", "scope": "view", "digest": "00"}


def test_what_is_written_is_read_back_and_holds_no_secret() -> None:
    text = write_keyring(RING)
    assert read_keyring(text, "access.json") == RING
    assert b"no hex" not in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "root"},
        {"kind": "key"},
        {"name": ""},
        {"digest": "xyz"},
        {"digest": ""},
        {"kind": "anyone"},
        {"more": 1},
        {"expires": "soon"},
    ],
    ids=str,
)
def test_a_key_that_is_not_sound_is_refused_with_its_place(wrong: dict[str, object]) -> None:
    read_keyring(json.dumps({"keys": [TABLET]}).encode(), "x")
    with pytest.raises(AccessDecodeError, match=r"^/state/access.json: "):
        read_keyring(json.dumps({"keys": [TABLET | wrong]}).encode(), "/state/access.json")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{}", b"[" * 100_000])
def test_what_is_no_file_of_keys_is_refused(data: bytes) -> None:
    with pytest.raises(AccessDecodeError):
        read_keyring(data, "x")
