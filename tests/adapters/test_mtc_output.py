import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import pytest
import rtmidi

from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import MtcOutput, open_mtc_output
from cuems.core.line import Line
from cuems.core.midi_ports import MidiOpen
from cuems.core.mtc import QUARTER_FRAME, SYSEX, Locate, Running
from cuems.core.mtc_decoder import MtcDecoder
from cuems.core.timecode import (
    FLICKS_PER_S,
    FrameRate,
    Timecode,
    TimecodeError,
    frame_at,
    from_label,
)
from tests.adapters.midi_fixtures import States, port_process, stopped
from tests.jack import Jack, open_jack

PATIENCE_S = 60  # JACK may take its time on a busy machine
MASTER = MidiOpen("MtcMaster:MTCPort", "JACK")
HOUR = 3600 * FLICKS_PER_S
ZERO = Timecode(0, FrameRate.FPS_25)
QUIET_S, QUIET_MESSAGES = 0.2, 10  # a line that rolls sends 20 meanwhile


@pytest.fixture
async def jack() -> AsyncIterator[Jack]:
    async with open_jack() as server:
        yield server


async def errors(midi: MidiInput, line: Line, pieces: int) -> list[int]:
    """How far each piece is from the line at its arrival, once the decoder speaks; flicks."""
    decoder = MtcDecoder()
    found: list[int] = []
    async for received_ns, message in midi:
        event = decoder.feed(message)
        if isinstance(event, Running):
            found.append(event.position - line.position_at(received_ns))
        if len(found) == pieces:
            break
    return found


async def stands(output: MtcOutput, midi: MidiInput, line: Line, at: Locate) -> None:
    """A line that stands is a full frame, and nothing else; one that JACK lost is told again."""
    while True:
        output.follow(line)
        with anyio.move_on_after(1):
            while await located(midi) != at:  # one from before, which JACK plays twice
                pass
            heard: list[bytes] = []
            with anyio.move_on_after(QUIET_S):
                async for _, message in midi:
                    heard.append(message)
            assert len(heard) < QUIET_MESSAGES  # those that JACK plays twice
            return
        output.follow(line.located(line.position + HOUR, 0))


async def located(midi: MidiInput) -> Locate:
    """The next full frame."""
    decoder = MtcDecoder()
    while True:
        _, message = await anext(midi)
        event = decoder.feed(message)
        if isinstance(event, Locate):
            return event


@pytest.mark.slow
@pytest.mark.parametrize(
    "start",
    [
        from_label(1, 0, 0, 0, FrameRate.FPS_24),
        from_label(1, 0, 0, 0, FrameRate.FPS_25),
        from_label(0, 0, 59, 20, FrameRate.FPS_29_97_DF),
        from_label(23, 59, 59, 10, FrameRate.FPS_30),
    ],
    ids=str,
)
async def test_receivers_stand_where_the_line_stands(jack: Jack, start: Timecode) -> None:
    sent, heard = States(), States()
    rate = start.rate
    with anyio.fail_after(PATIENCE_S):
        async with (
            open_mtc_output(on_state=sent.put) as output,
            open_midi_input(on_state=heard.put) as midi,
        ):
            assert await sent.opened() == MASTER
            assert await heard.opened() == MASTER
            line = Line(start.flicks, time.monotonic_ns(), True, rate)
            output.follow(line)
            found = await errors(midi, line, 60)
    day = rate.frames_per_day * rate.flicks_per_frame
    off = sorted(min(error % day, -error % day) for error in found)
    # The middle one, because a busy test machine may keep either end waiting for some.
    assert off[len(off) // 2] <= rate.flicks_per_frame // 2


@pytest.mark.slow
async def test_a_locate_and_a_stop_are_full_frames_and_then_silence(jack: Jack) -> None:
    heard = States()
    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output() as output, open_midi_input(on_state=heard.put) as midi:
            await heard.opened()
            line = Line(HOUR, time.monotonic_ns(), rolling=True)
            output.follow(line)
            assert len(await errors(midi, line, 20)) == 20
            standing = line.stopped(time.monotonic_ns())
            frame = frame_at(standing.position, FrameRate.FPS_25)
            await stands(output, midi, standing, Locate(frame, frame.flicks))
            await stands(output, midi, standing.located(0, 0), Locate(ZERO, 0))


@pytest.mark.slow
async def test_f11_a_killed_jack_stops_nothing_and_its_successor_hears_the_line_go_on(
    jack: Jack,
) -> None:
    sent, heard = States(), States()
    with anyio.fail_after(PATIENCE_S):
        async with (
            open_mtc_output(on_state=sent.put) as output,
            open_midi_input(on_state=heard.put) as midi,
        ):
            await sent.opened()
            await heard.opened()
            line = Line(0, time.monotonic_ns(), rolling=True)
            output.follow(line)
            await errors(midi, line, 20)
            await jack.kill()
            await sent.absent("no JACK server")
            await heard.absent("no JACK server")
            await jack.start()
            await sent.opened()
            await heard.opened()
            found = sorted(abs(error) for error in await errors(midi, line, 40))
    assert found[20] <= line.rate.flicks_per_frame // 2


@pytest.mark.slow
async def test_after_a_jack_that_stood_still_receivers_stand_on_the_line_again(jack: Jack) -> None:
    heard = States()
    assert jack.process is not None
    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output() as output, open_midi_input(on_state=heard.put) as midi:
            await heard.opened()
            line = Line(HOUR, time.monotonic_ns(), rolling=True)
            output.follow(line)
            await errors(midi, line, 20)
            with stopped(jack.process.pid):
                await heard.absent("the MIDI system does not answer")
            await heard.opened()
            found = sorted(abs(error) for error in await errors(midi, line, 40))
    assert found[20] <= line.rate.flicks_per_frame // 2


@pytest.mark.slow
async def test_a_sender_that_freezes_is_replaced_and_the_line_goes_on(jack: Jack) -> None:
    sent, heard = States(), States()
    with anyio.fail_after(PATIENCE_S):
        async with (
            open_mtc_output(on_state=sent.put) as output,
            open_midi_input(on_state=heard.put) as midi,
        ):
            await sent.opened()
            await heard.opened()
            line = Line(HOUR, time.monotonic_ns(), rolling=True)
            output.follow(line)
            await errors(midi, line, 20)
            os.kill(port_process("send"), signal.SIGSTOP)
            await sent.absent("the MIDI system does not answer")
            await sent.opened()
            found = sorted(abs(error) for error in await errors(midi, line, 40))
    assert found[20] <= line.rate.flicks_per_frame // 2


@pytest.mark.slow
async def test_closing_never_hangs_on_a_sender_that_freezes(jack: Jack) -> None:
    sent = States()
    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output(on_state=sent.put):
            await sent.opened()
            os.kill(port_process("send"), signal.SIGSTOP)


@contextmanager
def open_through() -> Iterator[rtmidi.MidiIn]:
    """An input that others may play into."""
    through = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Midi Through")
    through.ignore_types(sysex=False)
    through.open_virtual_port("Midi Through Port-0")
    try:
        yield through
    finally:
        through.close_port()
        through.delete()


async def plays_into(through: rtmidi.MidiIn) -> bool:
    while (message := through.get_message()) is None:  # noqa: ASYNC110 - rtmidi's way
        await anyio.sleep(0.01)
    return message[0][0] in (QUARTER_FRAME, SYSEX)


@pytest.mark.slow
async def test_timecode_is_played_into_a_named_input_whenever_that_is_there(jack: Jack) -> None:
    sent = States()
    with anyio.fail_after(PATIENCE_S):
        async with open_mtc_output(connect="Midi Through", on_state=sent.put) as output:
            output.follow(Line(0, time.monotonic_ns(), rolling=True))
            for _ in range(2):
                await sent.absent("no port fits 'Midi Through', of: none")
                with open_through() as through:
                    assert await sent.opened() == MASTER
                    assert await plays_into(through)


@pytest.mark.slow
async def test_an_input_that_is_not_required_is_played_into_once_it_is_there(jack: Jack) -> None:
    heard = States()
    with anyio.fail_after(PATIENCE_S):
        async with (
            open_mtc_output(connect="Midi Through Port-0", required=False) as output,
            open_midi_input(on_state=heard.put) as midi,
        ):
            line = Line(0, time.monotonic_ns(), rolling=True)
            output.follow(line)
            assert await heard.opened() == MASTER
            assert len(await errors(midi, line, 20)) == 20
            with open_through() as through:
                assert await plays_into(through)
                assert len(await errors(midi, line, 20)) == 20


async def test_a_rate_without_an_mtc_code_is_refused() -> None:
    async with open_mtc_output(api="JACK") as output:
        with pytest.raises(TimecodeError, match="MTC rates"):
            output.follow(Line(0, 0, True, FrameRate.FPS_50))
