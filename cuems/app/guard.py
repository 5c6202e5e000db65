"""Who is trusted on the node bus, and what a person is told about it (cluster.md 3, identity)."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cuems.adapters.files import read_cluster_key
from cuems.core.errors import CuemsError
from cuems.wire.auth import Anyone, KeyHolders, Trust

LOOPBACK = ("127.0.0.1", "::1", "localhost")
OPEN = (
    "THE NODE BUS IS OPEN: anybody on this network can run the show. Leave --open-bus out as soon"
    " as every machine has the rig's key"
)
OPEN_TO_OLD = (
    "the node bus also obeys machines that prove nothing (--open-bus): anybody on this network can"
    " give itself out as one"
)


class OpenBusError(CuemsError):
    """Everybody on the network could run the show."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"--bus {url}: this machine has no key, so nobody on the network could be told from a"
            " stranger. Make one with `cuems key new` and copy it to every machine of the rig, or"
            " keep to 127.0.0.1. --open-bus does without, and says so all the time"
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is listened to; `warning` is for as long as that is dangerous ("": it is not)."""

    trust: Trust
    warning: str = ""


def guard_bus(url: str, state: Path, *, open_bus: bool) -> Guard:
    """How the bus at `url` is guarded; raises OpenBusError where it would not be."""
    key = read_cluster_key(state, make=False)
    near = (urlsplit(url).hostname or LOOPBACK[0]) in LOOPBACK
    if key is not None:
        return Guard(KeyHolders(key, legacy=open_bus), OPEN_TO_OLD if open_bus else "")
    if not near and not open_bus:
        raise OpenBusError(url)
    return Guard(Anyone(), "" if near else OPEN)
