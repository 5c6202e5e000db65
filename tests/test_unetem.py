"""The emulated network does to packets what it was asked to."""

import sys
from subprocess import PIPE

import anyio
import pytest

from tests.unetem import Host, Link, open_link, why_not

pytestmark = pytest.mark.slow

PORT = 4000
# Answers every datagram at once.
ECHO = f"""
import socket
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("0.0.0.0", {PORT}))
print("ready", flush=True)
while True:
    link.sendto(*link.recvfrom(100))
"""
# Sends numbered datagrams, and prints the number of each that comes back.
ASK = """
import socket, sys, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.settimeout(0.5)
for number in range(int(sys.argv[2])):
    link.sendto(str(number).encode(), (sys.argv[1], 4000))
    time.sleep(0.002)
try:
    while True:
        print(int(link.recv(100)), flush=True)
except TimeoutError:
    pass
"""


@pytest.fixture(autouse=True)
def emulator() -> None:
    """Skips where there can be none."""
    if why_not():
        pytest.skip(why_not())


async def ask(here: Host, there: Host, datagrams: int) -> list[int]:
    """The numbers that come back, in their order."""
    done = await anyio.run_process(
        [*here.inside, sys.executable, "-c", ASK, there.address, str(datagrams)]
    )
    return [int(line) for line in done.stdout.splitlines()]


async def echoed(link: Link, datagrams: int, *, cut: bool = False) -> list[int]:
    with anyio.fail_after(20):
        with open_link(link) as opened:
            here, there = opened.hosts
            echo = [*there.inside, sys.executable, "-c", ECHO]
            async with await anyio.open_process(echo, stdout=PIPE) as server:
                assert server.stdout is not None
                await server.stdout.receive()
                if cut:
                    opened.cut()
                    assert await ask(here, there, 20) == []
                    opened.heal()
                numbers = await ask(here, there, datagrams)
                server.kill()
    return numbers


async def test_a_good_link_loses_nothing_and_keeps_the_order() -> None:
    assert await echoed(Link(delay_ms=1, jitter_ms=1), 100) == list(range(100))


async def test_packets_are_lost_doubled_and_overtaken_as_asked() -> None:
    lossy = await echoed(Link(loss=0.3), 200)
    assert 40 < len(lossy) < 160  # half of them, both ways together
    doubled = await echoed(Link(double=0.5), 100)
    assert len(doubled) > len(set(doubled)) == 100
    overtaken = await echoed(Link(delay_ms=8, reorder=0.2), 100)
    assert sorted(overtaken) == list(range(100)) != overtaken


async def test_a_cut_link_carries_nothing_until_it_is_healed() -> None:
    assert len(await echoed(Link(delay_ms=1), 10, cut=True)) == 10
