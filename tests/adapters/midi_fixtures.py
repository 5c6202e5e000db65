"""What the tests of both MIDI directions share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rtmidi

from cuems.adapters.mailbox import Mailbox
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState


class States:
    """Every state told so far, to be waited for."""

    def __init__(self) -> None:
        self._told = Mailbox[MidiState](64)

    def put(self, state: MidiState) -> None:
        self._told.put(state)

    async def opened(self) -> MidiOpen:
        """The next open port."""
        while True:
            state = await self._told.receive()
            if isinstance(state, MidiOpen):
                return state

    async def absent(self, reason: str = "") -> MidiAbsent:
        """The next absence whose reason contains `reason`."""
        while True:
            state = await self._told.receive()
            if isinstance(state, MidiAbsent) and reason in state.reason:
                return state


@contextmanager
def open_source(client: str = "MtcMaster", port: str = "MTCPort") -> Iterator[rtmidi.MidiOut]:
    """A port to send bytes from, of this process."""
    source = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    source.open_virtual_port(port)
    try:
        yield source
    finally:
        source.close_port()
        source.delete()


def port_process(mode: str) -> int:
    """The process that owns the port for "read" or "send"."""
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            arguments = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"cuems.adapters.midi_port" in arguments and mode.encode() in arguments:
                return int(child)
    raise AssertionError(f"no midi_port {mode} is running")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does not run meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
