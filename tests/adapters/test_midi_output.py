"""MIDI to equipment: a real input of another program, over a JACK of the test's own."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
import rtmidi

from cuems.adapters.midi_output import CannotPlayMidiError, MidiOutput, open_midi_output
from tests.adapters.midi_fixtures import port_process
from tests.jack import open_jack

pytestmark = pytest.mark.slow

PATIENCE_S = 30
LOOK_S, AGAIN_S = 0.01, 0.5
PROBE = b"\xc2\x00"


class Desk:
    """The input of another client, which keeps what it hears: a callback would need the GIL while
    the port is closed, which holds it."""

    def __init__(self, port: rtmidi.MidiIn) -> None:
        self._port = port

    async def receive(self) -> bytes:
        """The next message; rtmidi tells nobody that there is one."""
        while (found := self._port.get_message()) is None:  # noqa: ASYNC110
            await anyio.sleep(LOOK_S)
        return bytes(found[0])


@contextmanager
def open_desk(name: str) -> Iterator[Desk]:
    """A lighting desk on JACK."""
    port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=name)
    port.ignore_types(sysex=False)
    port.open_virtual_port("in")
    try:
        yield Desk(port)
    finally:
        port.close_port()
        port.delete()


async def connected(out: MidiOutput, port: str, desk: Desk) -> None:
    """Wait until a desk hears: on a busy machine JACK takes its time to connect."""
    heard = False
    while not heard:
        await out.send(port, PROBE)
        with anyio.move_on_after(AGAIN_S):
            heard = await desk.receive() == PROBE
    with anyio.move_on_after(AGAIN_S):
        while True:  # those that were under way
            await desk.receive()


async def test_messages_arrive_at_the_input_of_that_name_in_order() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_jack(), open_midi_output("JACK") as out:
            with open_desk("Desk") as desk, open_desk("Synth") as synth:
                await connected(out, "Desk", desk)
                await connected(out, "desk", desk)
                await connected(out, "Synth:in", synth)
                heard: list[str] = []
                while heard != ["f07f01020101f7", "c105", "903c7f"]:  # a busy JACK drops some
                    await out.send("Desk", bytes.fromhex("F07F01020101F7"))
                    await out.send("desk", bytes.fromhex("C105"))
                    await out.send("Synth:in", bytes.fromhex("903C7F"))
                    heard = []
                    with anyio.move_on_after(AGAIN_S):
                        for port in (desk, desk, synth):
                            heard.append((await port.receive()).hex())


async def test_a_port_that_is_not_there_is_told_with_those_that_are() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_jack(), open_midi_output("JACK") as out:
            with open_desk("Synth"), pytest.raises(CannotPlayMidiError) as caught:
                await out.send("Desk", b"\xc1\x05")
            assert str(caught.value).startswith("MIDI port 'Desk': no such port, of: ")
            assert "Synth:in" in str(caught.value)


async def test_without_midi_a_message_fails_and_says_why() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_jack() as jack:
            await jack.kill()
            async with open_midi_output("JACK") as out:
                with pytest.raises(CannotPlayMidiError, match="no JACK server"):
                    await out.send("Desk", b"\xc1\x05")


async def test_after_jack_has_died_the_first_message_to_the_new_one_is_sent() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_jack() as jack, open_midi_output("JACK") as out:
            with open_desk("Desk") as desk:
                await connected(out, "Desk", desk)
                process = port_process("play")
                await jack.kill()
                await jack.start()
            with open_desk("Desk") as desk:
                await connected(out, "Desk", desk)  # which raises where a message is not sent
            assert port_process("play") == process


async def test_a_midi_system_that_hangs_fails_the_message_and_the_next_one_is_sent() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_jack(), open_midi_output("JACK") as out:
            with open_desk("Desk") as desk:
                await connected(out, "Desk", desk)
                os.kill(port_process("play"), signal.SIGSTOP)
                with pytest.raises(CannotPlayMidiError, match="the MIDI system does not answer"):
                    await out.send("Desk", b"\xc1\x06")
                await connected(out, "Desk", desk)
