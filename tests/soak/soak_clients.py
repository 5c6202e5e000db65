"""F34, a thousand clients: `python -m tests.soak.soak_clients [--clients 1000] [--frames 200]`.

All of them are in one other process, which is what reads them slowly: what is asked is that nobody
is dropped and everybody hears the last word, that one more is told to come back later, and how much
memory the server has grown by. Exit status 1 where that is not so.
"""

import argparse
import json
import sys
from pathlib import Path

import anyio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.bench.bench_broadcast import all_there, listening, open_ours, p99, pace
from tests.bench.load import Deaf

TRY_AGAIN_LATER = 1013
EVERY_S = 0.25  # a thousand clients in one process of Python read no faster


class Full(Deaf):
    """Refuses nobody itself: that the port does."""

    def refused(self, peer: str, reason: str) -> None:
        pass


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def refusal(url: str) -> int:
    """The code with which one client too many is turned away."""
    async with connect(url, compression=None, proxy=None) as connection:
        try:
            await connection.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0
    return 0


async def soak(clients: int, frames: int) -> bool:
    before_mb = resident_mb()
    async with (
        open_ours(clients, Full()) as (url, publish, count),
        listening(url, clients) as audience,
    ):
        await all_there(count, clients)
        grown_mb = resident_mb() - before_mb
        code = await refusal(url)
        await pace(publish, frames, EVERY_S)
        delays_ns = [int(value) for value in json.loads(await audience.line())]
        stayed = count()
    heard = len(delays_ns) / clients / frames
    sys.stdout.write(
        f"{clients} clients: {grown_mb:.0f} MB, {grown_mb * 1000 / clients:.1f} kB each;"
        f" one more: {code} (wanted {TRY_AGAIN_LATER});"
        f" {heard:.1%} of {frames} updates each heard, p99 after {p99(delays_ns) / 1e6:.0f} ms;"
        f" {stayed} still there\n"
    )
    return code == TRY_AGAIN_LATER and heard == 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=200)
    asked = parser.parse_args()
    sys.exit(not anyio.run(soak, asked.clients, asked.frames))
