"""A JACK client that writes down what arrives at its ports, and when.

    python -m tests.fakes.jack_recorder FILE PORT…

A process of its own: recording in a test's process would wait for the test. One record per cycle:
the monotonic moment at which we were told of it (int64, ns), which is never before its samples
are due, JACK's count of frames at its start and their number (uint32), then the samples of each
port (float32). It says `ready` when it listens, and is over when its stdin is. (JACK's own clocks
are smoothed over many cycles, and the dummy driver, which may stand still on a busy machine, leads
them astray by up to 0.3 s.)
"""

import gc
import struct
import sys
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import anyio
import jack

RATE_HZ = 48_000
NS_PER_S = 1_000_000_000
HEAD = struct.Struct("<qII")
CLIENT = "desk"


def main(path: str, names: list[str]) -> None:
    client = jack.Client(CLIENT, no_start_server=True)
    ports = [client.inports.register(name) for name in names]
    gc.disable()
    with open(path, "wb") as file:

        def process(frames: int) -> None:
            file.write(HEAD.pack(time.monotonic_ns(), client.last_frame_time, frames))
            for port in ports:
                file.write(port.get_buffer())

        client.set_process_callback(process)
        with client:
            print("ready", flush=True)  # noqa: T201
            sys.stdin.read()
            client.deactivate()


@dataclass(frozen=True)
class Cycle:
    """When we were told of it, JACK's count of frames, and the index of its first sample here."""

    heard_ns: int
    frame: int
    index: int


@dataclass(frozen=True)
class Recording:
    """The samples of each port, one after the other, and the cycles they came in."""

    cycles: list[Cycle]
    channels: list["array[float]"]


def read_recording(path: Path, ports: int) -> Recording:
    """What was recorded so far."""
    data = path.read_bytes()
    cycles: list[Cycle] = []
    channels = [array("f") for _ in range(ports)]
    at = 0
    while at + HEAD.size <= len(data):
        heard_ns, frame, count = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + 4 * count * ports > len(data):
            break
        cycles.append(Cycle(heard_ns, frame, len(channels[0])))
        for channel in channels:
            channel.frombytes(data[at : at + 4 * count])
            at += 4 * count
    return Recording(cycles, channels)


class Recorder:
    """A running recorder; connect to `desk:PORT`."""

    def __init__(self, path: Path, ports: int) -> None:
        self._path = path
        self._ports = ports

    def read(self) -> Recording:
        return read_recording(self._path, self._ports)


@asynccontextmanager
async def open_recorder(folder: Path, *ports: str) -> AsyncIterator[Recorder]:
    """Record `desk:PORT` of the default JACK server until the block is left."""
    path = folder / "recording"
    process = await anyio.open_process(
        [sys.executable, "-m", "tests.fakes.jack_recorder", str(path), *ports],
        stdin=PIPE,
        stdout=PIPE,
        stderr=None,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        with anyio.fail_after(20):
            await process.stdout.receive()
        yield Recorder(path, len(ports))
    finally:
        with anyio.CancelScope(shield=True):
            await process.stdin.aclose()
            with anyio.move_on_after(2):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
