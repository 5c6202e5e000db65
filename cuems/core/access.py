"""Who may do what: scopes, the keys that give them, and how slow wrong guesses are made.

A token is 128 random bits, so its digest may be quick; a passcode is short and people choose it,
so each try of one costs scrypt and, after a wrong one, a growing pause for that host.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum

from cuems.core.errors import CuemsError

TOKEN_BYTES = 16
SALT_BYTES = 16
SCRYPT_COST = 1 << 14  # 16 MiB and some 50 ms a try
MAX_SECRET_CHARACTERS = 256
NS_PER_S = 1_000_000_000
FIRST_PAUSE_NS = NS_PER_S
LONGEST_PAUSE_NS = 30 * NS_PER_S
REMEMBERED_HOSTS = 1024


class Scope(StrEnum):
    """What somebody may do; each includes those before it."""

    VIEW = "view"
    CONTROL = "control"
    EDIT = "edit"

    def covers(self, other: "Scope") -> bool:
        """Whether whoever has this one has the other."""
        order = tuple(Scope)
        return order.index(self) >= order.index(other)


class KeyKind(StrEnum):
    """How a key is shown."""

    TOKEN = "token"
    PASSCODE = "passcode"
    ANYONE = "anyone"  # not at all: whoever reaches the port has it


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client may do, by which key, and until when (Unix seconds)."""

    key: str
    scope: Scope
    expires_s: int | None = None

    def holds(self, now_s: int) -> bool:
        """Whether it has not expired."""
        return self.expires_s is None or now_s < self.expires_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One way to be let in. Of the secret only a digest is kept; hex, as the salt is."""

    name: str
    kind: KeyKind
    scope: Scope
    digest: str = ""
    salt: str = ""
    expires_s: int | None = None

    @property
    def grant(self) -> Grant:
        """What it gives."""
        return Grant(self.name, self.scope, self.expires_s)


class NoSuchKeyError(CuemsError):
    """A key's name that is not known, or known already."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"key {name!r:.80}: {problem}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of an engine."""

    keys: tuple[Key, ...] = ()

    def with_key(self, key: Key) -> "Keyring":
        """With one more; raises NoSuchKeyError where its name is taken."""
        if any(other.name == key.name for other in self.keys):
            raise NoSuchKeyError(key.name, "there is one of that name; revoke it first")
        return replace(self, keys=(*self.keys, key))

    def without(self, name: str) -> "Keyring":
        """With one less; raises NoSuchKeyError."""
        kept = tuple(key for key in self.keys if key.name != name)
        if len(kept) == len(self.keys):
            raise NoSuchKeyError(name, "there is none of that name")
        return replace(self, keys=kept)

    def still(self, grant: Grant, now_s: int) -> bool:
        """Whether a grant has neither expired nor been revoked."""
        return grant.holds(now_s) and any(key.grant == grant for key in self.keys)

    def anyone(self, now_s: int) -> Grant | None:
        """What whoever shows no key may do."""
        order = tuple(Scope)
        grants = [
            key.grant for key in self.keys if key.kind is KeyKind.ANYONE and key.grant.holds(now_s)
        ]
        return max(grants, key=lambda grant: order.index(grant.scope), default=None)

    def token(self, secret: str, now_s: int) -> Grant | None:
        """What a token gives; quick."""
        return self._fitting(KeyKind.TOKEN, secret, now_s)

    def passcode(self, secret: str, now_s: int) -> Grant | None:
        """What a passcode gives. It takes a while: not for the loop."""
        return self._fitting(KeyKind.PASSCODE, secret, now_s)

    @property
    def has_passcodes(self) -> bool:
        """Whether what is no token may be a passcode."""
        return any(key.kind is KeyKind.PASSCODE for key in self.keys)

    def _fitting(self, kind: KeyKind, secret: str, now_s: int) -> Grant | None:
        found = None
        for key in self.keys:  # all of them: the time it takes tells nothing
            if key.kind is kind and hmac.compare_digest(key.digest, digest(key, secret)):
                found = key.grant
        return found if found is not None and found.holds(now_s) else None


def digest(key: Key, secret: str) -> str:
    """What would be kept of a secret, as this key keeps it."""
    data = secret.encode(errors="replace")
    if key.kind is not KeyKind.PASSCODE:
        return hashlib.sha256(data).hexdigest()
    salt = bytes.fromhex(key.salt)
    return hashlib.scrypt(data, salt=salt, n=SCRYPT_COST, r=8, p=1, dklen=32).hex()


def new_key(
    name: str, kind: KeyKind, scope: Scope, secret: str, expires_s: int | None = None
) -> Key:
    """A key for a secret ("" for anyone)."""
    salt = secrets.token_hex(SALT_BYTES) if kind is KeyKind.PASSCODE else ""
    key = Key(name=name, kind=kind, scope=scope, salt=salt, expires_s=expires_s)
    return key if kind is KeyKind.ANYONE else replace(key, digest=digest(key, secret))


def new_token() -> str:
    """128 random bits, as text."""
    return secrets.token_hex(TOKEN_BYTES)


@dataclass(slots=True)
class _Guesses:
    wrong: int = 0
    free_from_ns: int = 0


class TooManyGuessesError(CuemsError):
    """Wrong guesses have come from there; the next one has to wait."""

    def __init__(self, wait_ns: int) -> None:
        super().__init__(f"too many wrong tries: wait {-(-wait_ns // NS_PER_S)} s")
        self.wait_ns = wait_ns


class Patience:
    """Which host may guess when. Each wrong guess doubles the pause before its next one."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Guesses] = OrderedDict()

    def begin(self, host: str, now_ns: int) -> None:
        """Take a turn; raises TooManyGuessesError where it has not come yet.

        A turn lasts until `failed` or `succeeded`, so that many at once are no way round it.
        """
        guesses = self._hosts.setdefault(host, _Guesses())
        self._hosts.move_to_end(host)
        if len(self._hosts) > REMEMBERED_HOSTS:
            self._hosts.popitem(last=False)
        if now_ns < guesses.free_from_ns:
            raise TooManyGuessesError(guesses.free_from_ns - now_ns)
        guesses.free_from_ns = now_ns + LONGEST_PAUSE_NS

    def failed(self, host: str, now_ns: int) -> None:
        """It was wrong: the pause begins."""
        guesses = self._hosts.setdefault(host, _Guesses())
        guesses.free_from_ns = now_ns + min(FIRST_PAUSE_NS << guesses.wrong, LONGEST_PAUSE_NS)
        guesses.wrong = min(guesses.wrong + 1, 16)

    def succeeded(self, host: str) -> None:
        """It was no guess."""
        self._hosts.pop(host, None)
