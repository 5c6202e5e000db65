"""Who is let in: what a client may do by the key it shows, or by showing none.

Without any key everybody on this machine may do everything, and nobody else can connect. With the
first key that ends, for this machine too: behind a proxy, everybody comes from here.
"""

import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from ipaddress import ip_address
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.access_file import key_changes, read_keys
from cuems.core.access import (
    MAX_SECRET_CHARACTERS,
    Grant,
    Keyring,
    Patience,
    Scope,
    TooManyGuessesError,
)
from cuems.core.errors import CuemsError

THIS_MACHINE = Grant("this machine", Scope.EDIT)

log = logging.getLogger(__name__)


class DeniedError(CuemsError):
    """Somebody may not do what it asked for."""


class Gate:
    """Keys, and who has tried which. Loop thread only."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self._patience = Patience()
        self._one_at_a_time = anyio.CapacityLimiter(1)  # scrypt: 16 MiB and a core each
        self._changed: list[Callable[[], None]] = []

    def on_change(self, tell: Callable[[], None]) -> None:
        """Have this called whenever a grant may hold no more."""
        self._changed.append(tell)

    def unasked(self, host: str) -> Grant | None:
        """What a client may do that has shown nothing yet."""
        if self._keys.keys:
            return self._keys.anyone(_now_s())
        return THIS_MACHINE if is_loopback(host) else None

    def still(self, grant: Grant) -> bool:
        """Whether a client may keep what it was granted."""
        if grant is THIS_MACHINE:
            return not self._keys.keys
        return self._keys.still(grant, _now_s())

    async def grant(self, host: str, secret: str) -> Grant:
        """What a secret gives; raises DeniedError. A right token never waits."""
        if len(secret) > MAX_SECRET_CHARACTERS:
            raise DeniedError(f"a key of more than {MAX_SECRET_CHARACTERS} characters")
        found = self._keys.token(secret, _now_s())
        if found is not None:
            return found
        try:
            self._patience.begin(host, time.monotonic_ns())
            if self._keys.has_passcodes:
                found = await anyio.to_thread.run_sync(
                    self._keys.passcode, secret, _now_s(), limiter=self._one_at_a_time
                )
        except TooManyGuessesError as error:
            raise DeniedError(str(error)) from error
        if found is None:
            self._patience.failed(host, time.monotonic_ns())
            log.warning("a wrong key was shown from %s", host)
            raise DeniedError("no such token or passcode")
        self._patience.succeeded(host)
        return found

    async def follow(self, state: Path) -> None:
        """Take the keys as they are in the file, whenever that changes, for ever."""
        async with aclosing(key_changes(state)) as changes:
            async for _ in changes:
                try:
                    keys = await anyio.to_thread.run_sync(read_keys, state)
                except CuemsError as error:
                    log.error("the keys stay as they were: %s", error)  # noqa: TRY400 - no bug
                    continue
                if keys != self._keys:
                    self._keys = keys
                    log.info("the keys have changed: there are %d", len(keys.keys))
                    for tell in self._changed:
                        tell()


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _now_s() -> int:
    return time.time_ns() // 1_000_000_000
