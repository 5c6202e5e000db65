"""The file of keys: JSON, strict, without a secret in it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cuems.core.access import Key, KeyKind, Keyring, Scope
from cuems.core.errors import CuemsError

MAX_KEYS = 256

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", max_length=64)]


class AccessDecodeError(CuemsError):
    """A file of keys that cannot be believed."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}; `cuems token` writes it")
        self.place = place


class _Key(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: Name
    kind: KeyKind
    scope: Scope
    digest: Hex = ""
    salt: Hex = ""
    expires: int | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: Annotated[list[_Key], Meta(max_length=MAX_KEYS)]


def read_keyring(data: bytes, place: str) -> Keyring:
    """The keys; raises AccessDecodeError."""
    try:
        read = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise AccessDecodeError(place, str(error)) from error
    ring = Keyring()
    for key in read.keys:
        if (key.kind is KeyKind.ANYONE) is bool(key.digest):
            raise AccessDecodeError(
                place, f"key {key.name!r}: expected a digest, unless for anyone"
            )
        ring = ring.with_key(
            Key(
                name=key.name,
                kind=key.kind,
                scope=key.scope,
                digest=key.digest,
                salt=key.salt,
                expires_s=key.expires,
            )
        )
    return ring


def write_keyring(ring: Keyring) -> bytes:
    """The file's text."""
    keys = [
        _Key(
            name=key.name,
            kind=key.kind,
            scope=key.scope,
            digest=key.digest,
            salt=key.salt,
            expires=key.expires_s,
        )
        for key in ring.keys
    ]
    return msgspec.json.format(msgspec.json.encode(_File(keys)), indent=2) + b"\n"
