"""Who is connected and what each may do: granted by key, muted or dropped by those who may edit."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from cuems.adapters.clients import ClientId, Clients
from cuems.app.gate import DeniedError, Gate
from cuems.core.access import Grant, Scope
from cuems.core.errors import CuemsError

STRANGERS = 16  # connected without having shown a key; they must not take the places of the crew
SHOW_KEY_S = 10  # how long a stranger may take to show one


class NoSuchClientError(CuemsError):
    """A client's number that nobody has."""

    def __init__(self, number: int) -> None:
        super().__init__(f"client {number} is not connected; `cuems clients ls` lists them")
        self.number = number


@dataclass(slots=True)
class Guest:
    """One client's standing."""

    grant: Grant | None
    muted: bool = False
    garbled: int = 0
    since_s: float = field(default_factory=time.monotonic)


class Guests:
    """Everybody's standing. Loop thread only."""

    def __init__(self, gate: Gate, clients: Clients) -> None:
        self.gate = gate
        self._clients = clients
        self._guests: dict[ClientId, Guest] = {}
        gate.on_change(self._lay_down)
        self._look_s = 0.0

    def enter(self, client: ClientId) -> Grant | None:
        """Count one in; what it may do before it has shown a key."""
        grant = self.gate.unasked(client.host)
        strangers = sum(guest.grant is None for guest in self._guests.values())
        self._guests[client] = Guest(grant)
        if grant is None and strangers >= STRANGERS:
            self._clients.drop(client, f"{STRANGERS} others have yet to show their key")
        return grant

    def leave(self, client: ClientId) -> Guest:
        """Forget one."""
        return self._guests.pop(client)

    def garbled(self, client: ClientId) -> int:
        """Count one more thing that was not understood; how many there are now."""
        guest = self._guests.get(client)
        if guest is None:
            return 0
        guest.garbled += 1
        return guest.garbled

    def refusal(self, client: ClientId, scope: Scope | None) -> str:
        """Why it may not do what needs this scope ("": it may)."""
        guest = self._guests.get(client)
        if guest is None:
            return "denied: it is not connected any more"
        if guest.muted:
            return "denied: an operator has muted this client"
        return refusal(self.standing(guest), scope)

    def standing(self, guest: Guest) -> Grant | None:
        """What it may do now: keys expire and are revoked."""
        if guest.grant is not None and not self.gate.still(guest.grant):
            guest.grant = None
        return guest.grant

    async def authenticate(self, client: ClientId, secret: str) -> Grant:
        """Let a key speak for a client; raises DeniedError."""
        grant = await self.gate.grant(client.host, secret)
        guest = self._guests.get(client)
        if guest is None:
            raise DeniedError("it is not connected any more")
        guest.grant = grant
        return grant

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and JSON of each."""
        for client, guest in self._guests.items():
            grant = self.standing(guest)
            told = {
                "number": client.number,
                "peer": client.peer,
                "door": self._clients.door(client),
                "key": None if grant is None else grant.key,
                "scope": None if grant is None else grant.scope,
                "muted": guest.muted,
            }
            yield client.number, json.dumps(told)

    def mute(self, number: int, *, muted: bool) -> None:
        """Obey one no more, or again; raises NoSuchClientError."""
        self._guests[self._numbered(number)].muted = muted

    def drop(self, number: int, reason: str) -> None:
        """End one's connection; raises NoSuchClientError."""
        self._clients.drop(self._numbered(number), reason)

    def _numbered(self, number: int) -> ClientId:
        for client in self._guests:
            if client.number == number:
                return client
        raise NoSuchClientError(number)

    def settle(self) -> None:
        """Once a second: drop whose key has expired, and who has shown none."""
        now_s = time.monotonic()
        if now_s < self._look_s:
            return
        self._look_s = now_s + 1
        self._lay_down()
        for client, guest in self._guests.items():
            if guest.grant is None and now_s - guest.since_s > SHOW_KEY_S:
                self._clients.drop(client, f"it has shown no key within {SHOW_KEY_S} s")

    def _lay_down(self) -> None:
        """Drop whose key is void."""
        for client, guest in tuple(self._guests.items()):
            if guest.grant is not None and self.standing(guest) is None:
                self._clients.drop(client, "its key is void")


def refusal(grant: Grant | None, scope: Scope | None) -> str:
    """Why a grant does not do for a scope ("": it does)."""
    if scope is None or (grant is not None and grant.scope.covers(scope)):
        return ""
    if grant is None:
        return "denied: show a token or passcode at /engine/auth first"
    return f"denied: this needs {scope}, and {grant.key!r} gives {grant.scope}"
