import json

import anyio
import pytest
import trio.testing

from cuems.adapters.midi_process import BEGINS_ANEW, Port, follow_statuses
from cuems.core.midi_ports import MidiAbsent, MidiOpen, MidiState

SILENT_S = 0.3


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


class Statuses:
    """What a process says, each after so many seconds."""

    def __init__(self, *said: tuple[float, dict[str, str | int]]) -> None:
        self._said = list(said)

    async def receive(self) -> bytes:
        if not self._said:
            return b""
        after_s, status = self._said.pop(0)
        await anyio.sleep(after_s)
        return json.dumps(status).encode()


async def followed(*said: tuple[float, dict[str, str | int]]) -> list[MidiState]:
    told: list[MidiState] = []
    await follow_statuses(Port(told.append), Statuses(*said).receive, silent_s=SILENT_S)
    return told


HERE: dict[str, str | int] = {"port": "desk:out", "api": "JACK"}
ANEW: dict[str, str | int] = {"reason": "the MIDI server ended", BEGINS_ANEW: 1}
OPEN = MidiOpen("desk:out", "JACK")
ENDED = MidiAbsent("the process that owns the port ended")


async def test_one_that_falls_silent_is_given_up() -> None:
    silent = MidiAbsent("the MIDI system does not answer")
    assert await followed((0, HERE), (0.4, HERE)) == [OPEN, silent]


async def test_one_that_begins_anew_is_given_the_time_to_start() -> None:
    ended = MidiAbsent("the MIDI server ended")
    assert await followed((0, HERE), (0.1, ANEW), (1.5, HERE)) == [OPEN, ended, OPEN, ENDED]
