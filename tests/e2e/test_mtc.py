"""`cuems mtc` on a real JACK server: what is sent is what is shown, and what is wrong is named."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
import pytest

from cuems.adapters.midi import open_midi_input
from cuems.core.mtc import SYSEX
from tests.adapters.midi_fixtures import open_source
from tests.e2e.rig import PATIENCE_S, Home, open_program
from tests.fakes.mtc_encoder import CLIENT, PORT, open_encoder
from tests.jack import open_jack

pytestmark = pytest.mark.slow


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A home on a machine with a JACK server."""
    async with open_jack() as jack:
        yield Home(tmp_path, environment={"JACK_DEFAULT_SERVER": jack.name})


async def monitored(home: Home, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Its exit status, and all it said."""
    with anyio.fail_after(PATIENCE_S):
        done = await anyio.run_process(
            [sys.executable, "-m", "cuems", "mtc", "monitor", "--json", *arguments],
            env=home.variables(),
            stderr=PIPE,
            check=False,
        )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("rate", "said"),
    [("24", "24 fps"), ("25", "25 fps"), ("29.97df", "29.97 fps drop-frame"), ("30", "30 fps")],
)
async def test_the_monitor_follows_what_is_sent(home: Home, rate: str, said: str) -> None:
    sending = ("mtc", "send", "--rate", rate, "--from", "00:59:59:00", "--for", "20s")
    async with open_program(home, *sending) as source:
        await source.says("on MtcMaster:MTCPort (JACK)")
        status, readings = await monitored(home, "--rate", rate, "--for", "3s")
        last = [each for each in readings if each["state"] == "locked"][-1]
        assert (last["rate"], last["port"]) == (said, "MtcMaster:MTCPort")
        assert str(last["timecode"]).startswith("01:00:0")
        # A busy machine may make JACK lose messages, or fall silent: then that must be said.
        faults = {str(each["fault"]).partition(":")[0] for each in readings if each["timecode"]}
        assert faults <= {"", "dropouts", "dropout"}
        assert (status == 0) == (faults == {""})


async def test_a_wrong_rate_is_named(home: Home) -> None:
    async with open_program(home, "mtc", "send", "--rate", "30", "--for", "20s") as source:
        await source.says("sending 00:00:00:00 at 30 fps")
        status, readings = await monitored(home, "--rate", "25", "--for", "2s")
    assert status == 1
    assert readings[-1]["fault"] == "wrong rate: the source sends 30 fps, expected 25 fps"


async def test_a_port_without_data_and_a_machine_without_one_are_told_apart(home: Home) -> None:
    status, readings = await monitored(home, "--for", "1s")
    assert status == 1
    assert readings[-1]["fault"] == "no port: no port is called MTC, of: none"
    with open_source():
        status, readings = await monitored(home, "--for", "3s")
    assert status == 1
    assert readings[-1]["fault"] == "no data: nothing arrives from this port"


async def test_a_source_that_pauses_is_a_dropout_and_then_locked_again(home: Home) -> None:
    monitor = ("mtc", "monitor", "--json", "--port", f"{CLIENT}:{PORT}", "--for", "60s")
    async with (
        open_encoder("25", "01:00:00:00") as source,
        open_program(home, *monitor) as program,
    ):
        await program.says('"state": "locked"')
        source.process.send_signal(signal.SIGSTOP)
        await program.says('"fault": "dropout: nothing is heard')
        source.process.send_signal(signal.SIGCONT)
        heard = len(program.lines)
        while not any('"state": "locked"' in line for line in program.lines[heard:]):
            await program.hears()
        assert await program.stop(signal.SIGINT) == 130


async def test_ports_are_listed_and_the_one_that_would_be_read_is_marked(home: Home) -> None:
    with open_source("desk", "out"), open_source():
        async with open_program(home, "mtc", "ports", "--json") as program:
            assert await program.ends() == 0
            rows = json.loads("".join(program.lines))
    assert [row["port"] for row in rows if row["chosen"]] == ["MtcMaster:MTCPort"]
    assert {row["port"] for row in rows} == {"MtcMaster:MTCPort", "desk:out"}


async def test_timecode_is_sent_until_interrupted_and_ends_with_a_full_frame(home: Home) -> None:
    messages: list[bytes] = []
    with anyio.fail_after(PATIENCE_S):
        async with (
            open_program(home, "mtc", "send", "--from", "01:00:00:00") as source,
            open_midi_input("MtcMaster:MTCPort", api="JACK") as midi,
        ):
            async for _, message in midi:
                messages.append(message)
                if len(messages) == 20:
                    source.process.send_signal(signal.SIGINT)
                if message[0] == SYSEX and len(messages) > 20:
                    break
            assert await source.ends() == 130
            await source.says("sent ")
    assert messages[-1].startswith(bytes.fromhex("f07f7f010121"))  # 25 fps, hour 1


async def test_without_midi_there_is_nothing_to_send_on(tmp_path: Path) -> None:
    home = Home(tmp_path, environment={"JACK_DEFAULT_SERVER": "there-is-none"})
    async with open_program(home, "mtc", "send", "--for", "1s", "--api", "JACK") as program:
        await program.says("cuems: no MIDI port to send on: no JACK server")
        assert await program.ends() == 1
