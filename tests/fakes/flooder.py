"""Who says to the bus whatever it takes, without end: `python -m tests.fakes.flooder URL`."""

import sys

import anyio
import pynng

from cuems.core.cues import NodeId
from cuems.core.reports import ArmedReport
from cuems.wire.bus import encode


async def flood(url: str) -> None:
    said = encode(NodeId("stranger"), ArmedReport(armed=True))
    with pynng.Bus0(dial=url, block_on_dial=True) as stranger:
        while True:
            if not stranger.pipes:
                await anyio.sleep(0.01)  # it was put out, and dials again
            stranger.send(said)


if __name__ == "__main__":
    anyio.run(flood, sys.argv[1])
