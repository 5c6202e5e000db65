"""`cuems commands`: every address of the control surface, from the one table there is."""

import json
from collections.abc import Iterator

import click

from cuems.wire.control_table import TABLE, TYPE_TAGS, Access, Argument, Kind, Row
from cuems.wire.surfaces import companion, open_stage_control

FORMATS = {
    "json": "For a program.",
    "markdown": "As the reference page, docs/control.md.",
    "open-stage-control": "A session to begin with.",
    "companion": "A page of buttons to import.",
}
ANY = "…"
INTRODUCTION = """\
# The control surface

<!-- Written by `cuems commands --markdown`, from cuems/wire/control_table.py. -->

Every address there is. One binary WebSocket frame is one OSC message, at any path of the control
port; one OSC message is one fact or one command. `{name}` stands for one part of an address,
`{path*}` for all that remain. Numbers may come as any OSC type that holds them, several arguments
also as one string with spaces between, and what comes beyond them is ignored. *Scope* is what a
client must be allowed.

The same port answers OSCQuery: `GET` of an address gives it and all below it as JSON (`/` too, for
whoever does not ask for a page with `Accept: text/html`), `?VALUE` and its like one attribute,
`?HOST_INFO` the host, `?HTML` a page to browse. An attribute that is known and not there is
answered 204, an unknown one 400, an unknown address 404. In text frames `LISTEN` tells a value at
once, and `IGNORE` keeps an address from this client until it listens again: whoever connects hears
everything from the start. Whoever has sent either is told `PATH_ADDED`, `PATH_REMOVED` and
`PATH_CHANGED`; others never get a text frame.
"""
COMMANDS_HEAD = """\
## Commands

Each is answered at `/engine/reply/<command>` (an address outside `/engine/command/`:
`/engine/reply/<address>`) with `ok` or the reason why not, to whoever asked. Bytes that are no OSC
message, and text frames that are none of the above, are answered at `/engine/reply/packet`.
"""
STATUS_HEAD = """\
## Status

Told to everyone when it changes, and all but the timecode to whoever connects.
"""


@click.command("commands")
@click.option("--json", "form", flag_value="json", help=FORMATS["json"])
@click.option("--markdown", "form", flag_value="markdown", help=FORMATS["markdown"])
@click.option(
    "--open-stage-control",
    "form",
    flag_value="open-stage-control",
    help=FORMATS["open-stage-control"],
)
@click.option("--companion", "form", flag_value="companion", help=FORMATS["companion"])
def commands(*, form: str | None) -> None:
    """List every address of the control surface, with its arguments and what it does."""
    match form:
        case "json":
            click.echo(to_json())
        case "markdown":
            click.echo(to_markdown(), nl=False)
        case "open-stage-control":
            click.echo(json.dumps(open_stage_control(), indent=2))
        case "companion":
            click.echo(json.dumps(companion(), indent=2))
        case _:
            for line in to_lines():
                click.echo(line)


def to_lines() -> Iterator[str]:
    """For a terminal: an address with its arguments, below it what it does."""
    for row in TABLE:
        arguments = " ".join(_argument(argument) for argument in _arguments(row))
        yield f"{click.style(row.address, bold=True)}  {arguments}".rstrip()
        critical = "" if row.access is Access.READ else f" ({_scope(row)})"
        yield f"    {row.description}{critical}"


def to_json() -> str:
    """For a program."""
    return json.dumps([_plain(row) for row in TABLE], indent=2)


def _plain(row: Row) -> dict[str, object]:
    return {
        "address": row.address,
        "access": _access(row),
        "scope": None if row.scope is None else row.scope.value,
        "critical": row.critical,
        "description": row.description,
        "type_tags": None if row.rest else row.type_tags,
        "arguments": [
            {
                "name": argument.name,
                "kind": argument.kind.value,
                "unit": argument.unit,
                "minimum": argument.minimum,
                "maximum": argument.maximum,
                "choices": list(argument.choices),
            }
            for argument in row.arguments
        ],
    }


def to_markdown() -> str:
    """The reference page."""
    writable = [row for row in TABLE if row.access is Access.WRITE]
    readable = [row for row in TABLE if row.access is Access.READ]
    table_head = ["| address | argument | does | scope |", "|---|---|---|---|"]
    status_head = ["| address | argument | says |", "|---|---|---|"]
    lines = [INTRODUCTION, COMMANDS_HEAD, *table_head]
    lines += [f"| {_cells(row)} | {_scope(row)} |" for row in writable]
    lines += ["", STATUS_HEAD, *status_head]
    lines += [f"| {_cells(row)} |" for row in readable]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> str:
    arguments = "<br>".join(_argument(argument) for argument in _arguments(row))
    description = row.description.replace("<", "&lt;")
    cells = (f"`{row.address}`", arguments, description)
    return " | ".join(cell.replace("|", "\\|") for cell in cells)


def _arguments(row: Row) -> tuple[Argument, ...]:
    return (Argument(name=ANY, kind=Kind.PLAIN),) if row.rest else row.arguments


def _argument(argument: Argument) -> str:
    if argument.name == ANY:
        return ANY
    return f"{argument.name} ({TYPE_TAGS[argument.kind]}): {argument.expected}"


def _access(row: Row) -> str:
    return row.access.name.lower()


def _scope(row: Row) -> str:
    return "none" if row.scope is None else row.scope.value
