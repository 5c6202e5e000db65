"""`cuems mtc`: timecode ports, what is wrong with what they carry, and timecode to send."""

import json
import sys
from collections.abc import Callable
from typing import TypeVar

import anyio
import click

from cuems.adapters.midi import list_midi_ports
from cuems.app.mtc import Ending, Listening, Sending, Sent, monitor, send
from cuems.cli.times import to_time
from cuems.core.midi_ports import MidiOpen, choose_port
from cuems.core.mtc_monitor import MtcMonitor, Reading
from cuems.core.timecode import (
    NS_PER_S,
    FrameRate,
    Timecode,
    TimecodeError,
    from_text,
    to_ns,
)

RATES = {
    "24": FrameRate.FPS_24,
    "25": FrameRate.FPS_25,
    "29.97df": FrameRate.FPS_29_97_DF,
    "30": FrameRate.FPS_30,
}
TERMINAL_S, STREAM_S = 0.1, 0.5  # between two readings
INTERRUPTED = 130
NS_PER_MS = 1_000_000
NO_TIMECODE = "--:--:--:--"

CommandT = TypeVar("CommandT", bound=Callable[..., object])


def of_api(command: CommandT) -> CommandT:
    """The interface to go by."""
    return click.option(
        "--api",
        type=click.Choice(["auto", "ALSA", "JACK"]),
        default="auto",
        help="The MIDI interface [whichever answers].",
    )(command)


def of_duration(command: CommandT) -> CommandT:
    """How long to go on."""
    return click.option(
        "--for", "for_flicks", type=to_time, metavar="TIME", help="How long, as in 10s [until ^C]."
    )(command)


@click.group("mtc")
def mtc() -> None:
    """MIDI timecode: what ports there are, what is wrong with what comes, and a source to try."""


@mtc.command("ports")
@of_api
@click.option("--port", default="", metavar="NAME", help="Which one --port NAME would choose.")
@click.option("--json", "as_json", is_flag=True, help="For a program: a JSON array.")
def show_ports(*, api: str, port: str, as_json: bool) -> int:
    """List the ports timecode can be read from, and mark the one that would be.

    Exit status: 0 there is one to read, 1 there is none, 2 wrong usage.
    """
    found = anyio.run(list_midi_ports, api)
    chosen = next(
        ((name, at) for name, at_api in found.items() if (at := choose_port(at_api, port))), None
    )
    rows = [
        {"api": name, "port": each, "chosen": (name, each) == chosen}
        for name, each_of in found.items()
        for each in each_of
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            click.echo(f"{'*' if row['chosen'] else ' '} {row['api']}  {row['port']}")
        if not found:
            click.echo("no MIDI: neither an ALSA sequencer nor a JACK server answers", err=True)
        elif not rows:
            click.echo(f"no port to read from ({', '.join(found)} answers)", err=True)
        elif chosen is None:
            wanted = f"fits {port!r}" if port else "is called MTC, and there are several"
            click.echo(f"none would be read: no port {wanted}", err=True)
    return 0 if chosen else 1


@mtc.command("monitor")
@of_api
@click.option("--port", default="", metavar="NAME", help="The port, or part of its name [MTC].")
@click.option("--rate", type=click.Choice(list(RATES)), help="The rate that should come [any].")
@of_duration
@click.option("--json", "as_json", is_flag=True, help="For a program: a JSON object per line.")
def show_timecode(
    *, api: str, port: str, rate: str | None, for_flicks: int | None, as_json: bool
) -> int:
    """Show the timecode on a port, how good it is, and what is wrong with it.

    Exit status: 0 timecode was locked and nothing wrong from then on, 1 there was none or
    something was wrong, 2 wrong usage, 130 interrupted.
    """
    on_terminal = sys.stdout.isatty() and not as_json
    listening = Listening(
        port=port,
        api=api,
        rate=None if rate is None else RATES[rate],
        every_s=TERMINAL_S if on_terminal else STREAM_S,
    )
    ending = _ending(for_flicks)

    def tell(reading: Reading) -> None:
        if as_json:
            click.echo(json.dumps(to_json(reading)))
        elif on_terminal:
            click.echo(f"\r\033[K{to_line(reading)}", nl=False)
        else:
            click.echo(to_line(reading))

    heard = anyio.run(monitor, listening, ending, tell)
    if on_terminal:
        click.echo()
    if not as_json:
        click.echo(verdict(heard), err=True)
    return INTERRUPTED if ending.interrupted else 0 if heard.is_sound else 1


@mtc.command("send")
@of_api
@click.option("--rate", type=click.Choice(list(RATES)), default="25", show_default=True)
@click.option("--from", "start", default="00:00:00:00", show_default=True, metavar="HH:MM:SS:FF")
@of_duration
@click.option(
    "--port",
    default="MtcMaster:MTCPort",
    metavar="CLIENT:PORT",
    show_default=True,
    help="The port to make.",
)
@click.option("--connect", default="", metavar="NAME", help="Play into this input alone.")
def send_timecode(
    *, api: str, rate: str, start: str, for_flicks: int | None, port: str, connect: str
) -> int:
    """Send rolling timecode, as a desk would. It ends with a full frame.

    Exit status: 0 sent, 1 there is no port or it went away, 2 wrong usage, 130 interrupted.
    """
    frame_rate = RATES[rate]
    try:
        first = to_timecode(start, frame_rate)
    except TimecodeError as error:
        raise click.BadParameter(str(error), param_hint="--from") from error
    ending = _ending(for_flicks)

    def opened(state: MidiOpen) -> None:
        click.echo(f"sending {first} at {frame_rate} on {state.port} ({state.api})", err=True)

    sending = Sending(port=port, connect=connect, api=api, start=first)
    sent: Sent = anyio.run(send, sending, ending, opened)
    click.echo(
        f"sent {sent.messages} messages, the latest {sent.late_ns / NS_PER_MS:.2f} ms late",
        err=True,
    )
    return INTERRUPTED if ending.interrupted else 0


def to_timecode(text: str, rate: FrameRate) -> Timecode:
    """An address, at drop-frame rates also with a `:` before its frames; raises TimecodeError."""
    if rate.drop and ";" not in text:
        text = ";".join(text.rsplit(":", 1))
    return from_text(text, rate)


def _ending(for_flicks: int | None) -> Ending:
    return Ending(None if for_flicks is None else to_ns(for_flicks) / NS_PER_S)


# ---- a reading, for programs and for people


def to_json(reading: Reading) -> dict[str, str | int | float | bool | None]:
    """A reading for a program."""
    port = reading.port if isinstance(reading.port, MidiOpen) else None
    return {
        "timecode": None if reading.timecode is None else str(reading.timecode),
        "state": str(reading.state),
        "rate": None if reading.rate is None else str(reading.rate),
        "forward": reading.forward,
        "jitter_ms": reading.jitter_ns / NS_PER_MS,
        "rate_error_ppm": reading.rate_error_ppm,
        "missed": reading.missed_pieces,
        "dropouts": reading.dropouts,
        "port": None if port is None else port.port,
        "api": None if port is None else port.api,
        "fault": reading.fault,
    }


def to_line(reading: Reading) -> str:
    """A reading for a person."""
    parts = [str(reading.timecode or NO_TIMECODE), f"{reading.state!s:<12}"]
    if reading.rate is not None:
        off = f" {reading.rate_error_ppm:+} ppm" if reading.rate_error_ppm else ""
        parts.append(f"{reading.rate}{off}")
        parts.append(f"jitter {reading.jitter_ns / NS_PER_MS:.1f} ms")
        parts.append(f"missed {reading.missed_pieces}")
    if reading.fault:
        parts.append(f"! {reading.fault}")
    elif isinstance(reading.port, MidiOpen):
        parts.append(f"{reading.port.port} ({reading.port.api})")
    return "  ".join(parts)


def verdict(heard: MtcMonitor) -> str:
    """What it came to."""
    if heard.is_sound:
        return "ok: timecode was locked, and nothing was wrong with it"
    if heard.faults:
        return "\n".join(f"wrong: {fault}" for fault in heard.faults)
    return f"no timecode: {heard.fault or 'none was heard'}"
