"""`cuems schedule`: the opening hours of this machine, and switching them on and off."""

import json
from datetime import datetime
from pathlib import Path

import click
import platformdirs

from cuems.adapters.schedule_file import FILE, read_schedule_file
from cuems.adapters.wall_clock import wall_s
from cuems.cli.client import ask, client_options
from cuems.cli.show_lines import printable
from cuems.core.schedule import Run, Schedule, Window, next_starts
from cuems.wire.schedule_toml import DAYS

state_option = click.option(
    "--state",
    envvar="CUEMS_STATE",
    type=click.Path(path_type=Path),
    help="Folder of what this host keeps.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For a program.")


@click.group("schedule")
def schedule() -> None:
    """Opening hours: show them, say what starts next, keep them or not.

    They are in schedule.toml in the state folder; README.md shows one.
    """


def _place(state: Path | None) -> Path:
    return state or platformdirs.user_state_path("cuems")


@schedule.command("show")
@state_option
@json_option
def show(*, state: Path | None, as_json: bool) -> None:
    """Say what opening hours there are. Fails where the file cannot be used."""
    found = read_schedule_file(_place(state))
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1))
        return
    if not found.windows:
        click.echo(f"no opening hours: {_place(state) / FILE} has no [[window]]")
    for window in found.windows:
        click.secho(printable(window.name), bold=True)
        click.echo(f"    {printable(_hours(window))}")
    if found.closed:
        click.echo(f"closed on {', '.join(sorted(map(str, found.closed)))}")
    start = found.auto_start
    if start.project or start.go or start.services:
        go = ["GO"] if start.go else []
        told = [*([f"load {start.project}"] if start.project else []), *go, *start.services]
        click.echo(printable(f"at the start of the controller: {', '.join(told)}"))


def _hours(window: Window) -> str:
    parts = [f"{_day_names(window)} {window.start} to {window.end} ({window.zone})"]
    parts += [f"every {_span(window.every_s)}"] if window.every_s else []
    parts += [f"for {_span(window.run_s)}"] if window.run_s else []
    parts += [f"project {window.project}"] if window.project else []
    parts += ["missed starts are made up for"] if window.catch_up else []
    parts += ["outputs are let go of at the end"] if window.shut_down else []
    return ", ".join(parts)


def _day_names(window: Window) -> str:
    return " ".join(DAYS[day] for day in sorted(window.days))


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    parts = ([f"{minutes} min"] if minutes else []) + ([f"{rest} s"] if rest else [])
    return " ".join(parts)


def _plain(found: Schedule) -> dict[str, object]:
    return {
        "windows": [
            {
                "name": window.name,
                "time_zone": str(window.zone),
                "days": [DAYS[day] for day in sorted(window.days)],
                "start": str(window.start),
                "end": str(window.end),
                "project": window.project,
                "every_s": window.every_s,
                "run_s": window.run_s,
                "catch_up": window.catch_up,
                "shut_down": window.shut_down,
            }
            for window in found.windows
        ],
        "closed": sorted(map(str, found.closed)),
        "auto_start": {
            "project": found.auto_start.project,
            "go": found.auto_start.go,
            "services": list(found.auto_start.services),
        },
    }


@schedule.command("next")
@click.argument("count", type=click.IntRange(1, 1000), default=10)
@state_option
@json_option
def next_(*, count: int, state: Path | None, as_json: bool) -> None:
    """Say when the next COUNT shows start [10], in the time of their place."""
    found = read_schedule_file(_place(state))
    zones = {window.name: window.zone for window in found.windows}
    shows = next_starts(found, wall_s(), count)
    moments = [datetime.fromtimestamp(run.start_s, zones[run.window]) for run in shows]
    for run, start in zip(shows, moments, strict=True):
        if as_json:
            click.echo(json.dumps(_plain_run(run, start)))
        else:
            project = f", project {run.project}" if run.project else ""
            length = _span(run.end_s - run.start_s)
            line = f"{start:%a %Y-%m-%d %H:%M:%S %Z}  {run.window}, for {length}{project}"
            click.echo(printable(line))
    if not shows and not as_json:
        click.echo("nothing starts")


def _plain_run(run: Run, start: datetime) -> dict[str, object]:
    return {
        "start": start.isoformat(),
        "start_s": run.start_s,
        "end_s": run.end_s,
        "window": run.window,
        "project": run.project,
    }


@schedule.command("enable")
@client_options
def enable(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Keep the opening hours from now on, also after a restart."""
    return ask("setting", "opening_hours", "on", url=url, token=token, timeout=timeout,
               as_json=as_json)  # fmt: skip


@schedule.command("disable")
@client_options
def disable(*, url: str, token: str, timeout: float, as_json: bool) -> int:
    """Keep them no longer: a show that runs by them stops at once, and none starts."""
    return ask("setting", "opening_hours", "off", url=url, token=token, timeout=timeout,
               as_json=as_json)  # fmt: skip
