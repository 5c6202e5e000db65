"""Where the lights go, as an operator writes it (`--dmx`, CUEMS_DMX).

    sacn[:ADDRESS[:PORT][+ADDRESS…]][,NAME=VALUE…]      artnet[…]      off

Without an address sACN goes to the multicast group of each universe, Art-Net to everybody on the
local network; with addresses, there and nowhere else. Names: `bind` (our own address), `priority`
(sACN, 0 to 200), `sync` (sACN, the universe that synchronises), `merge` (ltp or htp), `offset`
(added to the universe numbers of the project file).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from cuems.core.dmx import Merge
from cuems.core.errors import CuemsError

OFF = "off"
SYNTAX = "sacn[:ADDRESS][,NAME=VALUE…], artnet[:ADDRESS][,NAME=VALUE…] or off"
Address = tuple[str, int]


class DmxProtocol(StrEnum):
    """How levels travel over a network."""

    SACN = "sacn"
    ARTNET = "artnet"


PORTS = {DmxProtocol.SACN: 5568, DmxProtocol.ARTNET: 6454}
UNIVERSES = {DmxProtocol.SACN: range(1, 64_000), DmxProtocol.ARTNET: range(32_768)}
SACN_UNIVERSE = UNIVERSES[DmxProtocol.SACN]
PRIORITIES = range(201)
DEFAULT_PRIORITY = 100


class DmxOptionError(CuemsError):
    """A destination of lights that cannot be understood."""

    def __init__(self, text: str, part: str, expected: str) -> None:
        super().__init__(f"--dmx {text!r}: {part!r}: expected {expected}")
        self.text = text
        self.part = part


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxOut:
    """Where the lights of a node go.

    `cid` is the 16 bytes that are this node to sACN receivers, `source` its name there, of which
    63 bytes are shown. Without `destinations`: multicast or broadcast.
    """

    protocol: DmxProtocol
    cid: bytes
    source: str = "cuems"
    destinations: tuple[Address, ...] = ()
    bind: str = ""
    priority: int = DEFAULT_PRIORITY
    sync: int = 0
    merge: Merge = Merge.LTP
    offset: int = 0


def read_dmx_option(text: str, cid: bytes, source: str) -> DmxOut | None:
    """Read what was asked for; None for `off`. Raises DmxOptionError."""
    if text == OFF:
        return None
    head, *settings = text.split(",")
    word, colon, addresses = head.partition(":")
    if word not in set(DmxProtocol):
        raise DmxOptionError(text, word, SYNTAX)
    protocol = DmxProtocol(word)
    destinations: tuple[Address, ...] = ()
    if colon:
        destinations = tuple(_destination(text, one, protocol) for one in addresses.split("+"))
    return DmxOut(
        protocol=protocol,
        cid=cid,
        source=source,
        destinations=destinations,
        **dict(_setting(text, setting, protocol) for setting in settings),
    )


def _destination(text: str, part: str, protocol: DmxProtocol) -> Address:
    host, colon, port = part.partition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else 0
    if not _is_address(host) or (colon and not 0 < number < 65_536):
        raise DmxOptionError(text, part, "an IPv4 address, as in 10.0.0.5 or 10.0.0.5:5568")
    return host, number or PORTS[protocol]


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _number_in(numbers: range) -> Callable[[str], int | None]:
    def read(value: str) -> int | None:
        known = value.isascii() and value.isdecimal() and len(value) <= 5
        return int(value) if known and int(value) in numbers else None

    return read


def _merge(value: str) -> Merge | None:
    return Merge(value) if value in set(Merge) else None


def _bind(value: str) -> str | None:
    return value if _is_address(value) else None


# The name of a setting, what reads its value, what that is; with those that only sACN knows.
SETTINGS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "bind": (_bind, "an IPv4 address of this machine"),
    "merge": (_merge, "ltp or htp"),
    "offset": (_number_in(range(64_000)), "a number from 0 to 63999"),
    "priority": (_number_in(PRIORITIES), "a number from 0 to 200"),
    "sync": (_number_in(SACN_UNIVERSE), "a universe from 1 to 63999"),
}
SACN_ONLY = {"priority", "sync"}


def _setting(text: str, setting: str, protocol: DmxProtocol) -> tuple[str, Any]:
    name, _, value = setting.partition("=")
    known = [key for key in SETTINGS if protocol is DmxProtocol.SACN or key not in SACN_ONLY]
    if name not in known:
        raise DmxOptionError(text, setting, f"one of {', '.join(known)} and its value, as in"
                             f" {known[1]}=htp")  # fmt: skip
    read, expected = SETTINGS[name]
    found = read(value)
    if found is None:
        raise DmxOptionError(text, setting, expected)
    return name, found
