"""Which process holds which port of this machine.

The kernel tells a socket's process only to its owner and to root: of others it is not known.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass

import psutil

PROTOCOLS = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
COMMAND_CHARACTERS = 200


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """A port that is bound, and by whom: pid 0 and no name where that is not to be known."""

    port: int
    protocol: str
    address: str
    pid: int
    name: str
    command: str


def port_holders() -> list[Holder]:
    """Every bound UDP port and every TCP port that is listened at, by number."""
    found = set()
    for connection in psutil.net_connections(kind="inet"):
        protocol = PROTOCOLS[socket.SocketKind(connection.type)]
        listens = connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
        if connection.laddr and listens and not connection.raddr:
            name, command = _process(connection.pid)
            found.add(
                Holder(
                    connection.laddr.port,
                    protocol,
                    connection.laddr.ip,
                    connection.pid or 0,
                    name,
                    command,
                )
            )
    return sorted(found)


def _process(pid: int | None) -> tuple[str, str]:
    if pid is not None:
        with suppress(psutil.Error):  # it has ended meanwhile, or is not for us to see
            process = psutil.Process(pid)
            return process.name(), " ".join(process.cmdline())[:COMMAND_CHARACTERS]
    return "", ""
