import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from subprocess import DEVNULL

import anyio
import pytest
import rtmidi

from cuems.adapters.midi import (
    INBOX_MESSAGES,
    Link,
    MidiInput,
    list_midi_ports,
    open_midi_input,
)
from cuems.adapters.mtc_output import open_mtc_output
from cuems.core.line import Line
from cuems.core.midi_ports import MidiAbsent, MidiOpen
from cuems.core.timecode import FLICKS_PER_S
from tests.adapters.midi_fixtures import States, open_source, port_process, stopped
from tests.jack import Jack, open_jack

FULL_FRAME = bytes.fromhex("f07f7f010121000000f7")
PATIENCE_S = 60  # JACK may take its time on a busy machine
MASTER = MidiOpen("MtcMaster:MTCPort", "JACK")


@pytest.fixture
async def jack() -> AsyncIterator[Jack]:
    async with open_jack() as server:
        yield server


async def taken(midi: MidiInput, messages: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    async for arrived in midi:
        found.append(arrived)
        if len(found) == messages:
            break
    return found


async def until_heard(
    message: bytes, source: rtmidi.MidiOut, midi: MidiInput
) -> list[tuple[int, bytes]]:
    """Everything up to `message`, which is sent until it arrives: JACK may lose some."""
    received: list[tuple[int, bytes]] = []
    while True:
        source.send_message(message)
        with anyio.move_on_after(0.2):
            async for arrived in midi:
                received.append(arrived)
                if arrived[1] == message:
                    return received


async def reaches(source: rtmidi.MidiOut, midi: MidiInput) -> bool:
    """Whether a source is heard; JACK connects ports some periods after it says so."""
    return bool(await until_heard(FULL_FRAME, source, midi))


async def test_an_engine_that_falls_behind_keeps_the_newest_and_counts_the_rest() -> None:
    midi = MidiInput(lambda _: None)
    for arrival_ns in range(INBOX_MESSAGES + 44):
        midi.hear(arrival_ns, b"\xf1\x00")
    midi.take({"reason": "none", "dropped": 6})
    kept = await taken(midi, INBOX_MESSAGES)
    assert kept[0] == (44, b"\xf1\x00")
    assert midi.dropped_messages == 50


def record(message: bytes) -> bytes:
    return b"M" + bytes(8) + message


async def turns_of_the_loop() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def test_what_may_wait_wakes_nobody_until_the_bell_rings_or_it_is_taken() -> None:
    heard: list[bytes] = []
    may_wait = True

    def hear(_: int, message: bytes) -> bool:
        heard.append(message)
        return may_wait

    with Link(hear).opened() as link:
        link.theirs.send(record(b"\xf1\x00"))
        await turns_of_the_loop()
        assert len(heard) == 1  # nothing was said of waiting yet
        link.theirs.send(record(b"\xf1\x10"))
        await turns_of_the_loop()
        assert len(heard) == 1
        link.drain()
        assert len(heard) == 2
        link.theirs.send(record(b"\xf1\x20"))
        link.theirs.send(record(FULL_FRAME))
        may_wait = False
        os.eventfd_write(link.bell, 1)
        await turns_of_the_loop()
        assert heard[2:] == [b"\xf1\x20", FULL_FRAME]
        link.theirs.send(record(b"\xf1\x30"))
        await turns_of_the_loop()
        assert len(heard) == 5


async def test_a_process_that_ends_says_so_to_whoever_waits() -> None:
    with anyio.fail_after(5), Link(lambda *_: True).opened() as link:
        link.theirs.send(b'S{"reason": "none", "dropped": 0}')
        assert json.loads(await link.status())["reason"] == "none"
        link.theirs.close()
        assert await link.status() == b""
        link.drain()


@pytest.mark.slow
async def test_a_locate_is_heard_at_once_by_one_who_waits(jack: Jack) -> None:
    sent, heard, located = States(), States(), anyio.Event()

    def hear(_: int, message: bytes) -> bool:
        if message[0] == FULL_FRAME[0]:
            located.set()
        return True

    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output(on_state=sent.put) as output:
            await sent.opened()
            async with open_midi_input(on_state=heard.put, on_message=hear):
                await heard.opened()
                line = Line(0, time.monotonic_ns(), rolling=True)
                while not located.is_set():  # JACK may lose some
                    line = line.located(line.position + FLICKS_PER_S * 60, time.monotonic_ns())
                    output.follow(line)
                    with anyio.move_on_after(0.5):
                        await located.wait()


@pytest.mark.slow
async def test_messages_arrive_in_order_with_the_moment_of_their_arrival(jack: Jack) -> None:
    states = States()
    sent = [bytes((0xF1, data)) for data in range(0x7F)]
    end = b"\xf1\x7f"
    with anyio.fail_after(PATIENCE_S), open_source() as source:
        async with open_midi_input(on_state=states.put) as midi:
            assert await states.opened() == MASTER
            assert await reaches(source, midi)
            heard: list[bytes] = []
            while len(heard) <= len(sent) // 2:  # a busy JACK may lose a whole burst
                before_ns = time.monotonic_ns()
                for message in (b"\xf8", *sent):
                    source.send_message(message)
                received = await until_heard(end, source, midi)
                after_ns = time.monotonic_ns()
                # One that misses a period loses its messages, or plays them twice.
                messages = (message for _, message in received if message != FULL_FRAME)
                heard = list(dict.fromkeys(messages))
            assert heard == sorted(heard)
            assert set(heard) <= {*sent, end}
            arrivals = [received_ns for received_ns, _ in received]
            assert arrivals == sorted(arrivals)
            assert before_ns <= arrivals[0] <= arrivals[-1] <= after_ns


@pytest.mark.slow
async def test_the_wanted_port_is_read_and_listed_among_others(jack: Jack) -> None:
    states = States()
    with anyio.fail_after(PATIENCE_S), open_source(), open_source("desk", "out") as desk:
        assert set((await list_midi_ports())["JACK"]) == {"MtcMaster:MTCPort", "desk:out"}
        async with open_midi_input("desk", on_state=states.put) as midi:
            assert await states.opened() == MidiOpen("desk:out", "JACK")
            assert await reaches(desk, midi)


@pytest.mark.slow
async def test_f10_a_source_that_goes_and_comes_back_is_read_again(jack: Jack) -> None:
    states = States()
    with anyio.fail_after(PATIENCE_S):
        async with open_midi_input(on_state=states.put) as midi:
            assert (await states.absent()).reason == "no port is called MTC, of: none"
            for _ in range(2):
                with open_source() as source:
                    assert await states.opened() == MASTER
                    assert await reaches(source, midi)
                await states.absent("no port is called MTC")
            assert midi.dropped_messages == 0


async def test_a_machine_without_midi_says_so() -> None:
    states = States()
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = "there-is-none"
    try:
        with anyio.fail_after(PATIENCE_S):
            async with open_midi_input(api="JACK", on_state=states.put) as midi:
                assert await states.absent() == MidiAbsent("no JACK server")
                assert midi.state == MidiAbsent("no JACK server")
            assert await list_midi_ports("JACK") == {}
    finally:
        os.environ.pop("JACK_DEFAULT_SERVER")
        if before is not None:
            os.environ["JACK_DEFAULT_SERVER"] = before


@pytest.mark.slow
async def test_f12_a_killed_jack_is_noticed_and_its_successor_is_used(jack: Jack) -> None:
    states = States()
    with anyio.fail_after(PATIENCE_S):
        async with open_midi_input(on_state=states.put) as midi:
            await states.absent("MTC")
            await jack.kill()
            await states.absent("no JACK server")
            await jack.start()
            with open_source() as source:
                await states.opened()
                assert await reaches(source, midi)


@pytest.mark.slow
async def test_a_jack_that_stands_still_while_timecode_rolls_is_noticed_and_survived(
    jack: Jack,
) -> None:
    states = States()
    assert jack.process is not None
    with anyio.fail_after(PATIENCE_S), open_source() as source:
        async with open_midi_input(on_state=states.put) as midi:
            await states.opened()
            assert await reaches(source, midi)
            with stopped(jack.process.pid):
                await states.absent("the MIDI system does not answer")
            await states.opened()
            assert await reaches(source, midi)


@pytest.mark.slow
async def test_a_reader_process_that_dies_is_replaced(jack: Jack) -> None:
    states = States()
    with anyio.fail_after(PATIENCE_S), open_source() as source:
        async with open_midi_input(on_state=states.put) as midi:
            await states.opened()
            os.kill(port_process("read"), signal.SIGKILL)
            await states.absent("the process that owns the port ended")
            await states.opened()
            assert await reaches(source, midi)


@pytest.mark.slow
async def test_closing_never_hangs_while_messages_pour_in(jack: Jack) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output() as output:
            output.follow(Line(0, time.monotonic_ns(), rolling=True))
            for _ in range(6):
                async with open_midi_input() as midi:
                    await taken(midi, 5)


@pytest.mark.slow
async def test_closing_never_hangs_on_a_reader_process_that_stands_still(jack: Jack) -> None:
    states = States()
    with anyio.fail_after(PATIENCE_S), open_source():
        async with open_midi_input(on_state=states.put):
            await states.opened()
            os.kill(port_process("read"), signal.SIGSTOP)


@pytest.mark.slow
async def test_an_engine_that_stands_still_loses_only_what_does_not_fit_and_hears_how_much(
    jack: Jack,
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    command = (sys.executable, "-m", "cuems.adapters.midi_port", "read", "", "--bell", str(bell))
    messages, statuses = 0, [{"dropped": 0}]
    with anyio.fail_after(PATIENCE_S), open_source() as source, ours:
        with theirs:
            process = await anyio.open_process(
                command, stdin=theirs.fileno(), stdout=DEVNULL, stderr=DEVNULL, pass_fds=(bell,)
            )
        async with process:
            while "port" not in statuses[-1]:
                await anyio.wait_readable(ours)
                statuses.append(json.loads(ours.recv(65536)[1:]))
            for _ in range(10):
                for data in range(0x7F):
                    source.send_message(bytes((0xF1, data)))
                await anyio.sleep(0.02)
            while not statuses[-1]["dropped"]:
                await anyio.wait_readable(ours)
                record = ours.recv(65536)
                if record[:1] == b"M":
                    messages += 1
                else:
                    statuses.append(json.loads(record[1:]))
            ours.close()
    os.close(bell)
    assert messages >= INBOX_MESSAGES
