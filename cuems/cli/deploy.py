"""`cuems deploy`: bring a project to its nodes through a running controller, and watch it come.

Exit status: 0 done, 1 refused or failed on a node, 2 wrong usage, 3 the controller cannot be
reached, 4 all that failed is nodes that cannot be reached.
"""

import json
import sys
from collections.abc import Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from cuems.app.client import Client
from cuems.cli.client import Target, client_options, operate
from cuems.cli.show_lines import padded, printable
from cuems.wire.control_view import NodeView, ShowView

FAILED = 1
UNREACHABLE = 4
STATUSES = {"done": 0, "failed": FAILED, "unreachable": UNREACHABLE}
KIB = 1024
COLUMNS = ("node", "state", "have", "fetch", "update", "remove", "to come", "free")
NAME_WIDTH = 24
FIGURES = ("have", "fetch", "update", "remove", "needs", "free")


@click.command("deploy")
@click.argument("project", required=False)
@click.option("--check", "verb", flag_value="check", help="Say what would come, and do nothing.")
@click.option(
    "--rollback", "verb", flag_value="rollback", help="Back to the version before, then deploy."
)
@click.option("--gc", "verb", flag_value="gc", help="Delete nodes' media that no project uses.")
@click.option("--dry-run", is_flag=True, help="With --gc: say how much that would be.")
@client_options
def deploy(
    *,
    project: str | None,
    verb: str | None,
    dry_run: bool,
    url: str,
    token: str,
    timeout: float,
    as_json: bool,
) -> int:
    """Bring a project's files to every node, verify them there, and say how each node stands.

    A project that is loaded is not touched: load it again to play what was deployed. Exit status:
    0 done, 1 failed, 3 no controller, 4 a node cannot be reached.
    """
    command = _command(project, verb, dry_run=dry_run)
    target = Target(url=url, token=token, timeout_s=timeout, as_json=as_json)
    ended: list[str] = []

    async def follow(client: Client) -> None:
        await client.learn()
        await client.ask(*command)
        await _watch(client, bars=sys.stderr.isatty() and not as_json)
        ended.append(client.view.fact("deploy_run"))
        _tell(client.view, as_json=as_json)

    status = operate(target, follow)
    return STATUSES.get(ended[0], FAILED) if ended else status


def _command(project: str | None, verb: str | None, *, dry_run: bool) -> tuple[str, ...]:
    if verb == "gc":
        if project is not None:
            raise click.UsageError("--gc is about all projects: name none")
        return ("deploy_unused",) if dry_run else ("deploy_gc",)
    if dry_run:
        raise click.UsageError("--dry-run goes with --gc; for a project there is --check")
    if project is None:
        raise click.UsageError("which PROJECT? Its folder's name is wanted, or --gc")
    return (f"deploy_{verb}" if verb else "deploy", project)


async def _watch(client: Client, *, bars: bool) -> None:
    """Until the run has ended."""
    progress = Bars() if bars else None
    try:
        while client.view.fact("deploy_run") not in STATUSES:
            await client.hear()
            if progress is not None:
                progress.show(client.view)
    finally:
        if progress is not None:
            progress.show(client.view)
            progress.close()


class Bars:
    """A bar for each node and one for all, on a terminal; drawn only when something is heard."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[said]}"),
            console=console or Console(stderr=True),
            auto_refresh=False,  # it would be a thread
        )
        self._tasks: dict[str, TaskID] = {}
        self._progress.start()

    def show(self, view: ShowView) -> None:
        """Draw how it stands."""
        for node in taking_part(view):
            said = node_said(node)
            self._draw(node.id, printable(view.label(node)), node.deploy or 0, said)
        if len(self._tasks) > 1:
            self._draw("", "all", _figure(view.facts.get("deploy_all_percent")), all_said(view))
        self._progress.refresh()

    def _draw(self, key: str, name: str, percent: int, said: str) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(padded(name, NAME_WIDTH), said="")
        self._progress.update(self._tasks[key], completed=percent, said=said)

    def close(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()


def taking_part(view: ShowView) -> list[NodeView]:
    """The nodes that have said anything of their files."""
    return [node for node in view.nodes.values() if "state" in node.files]


def node_said(node: NodeView) -> str:
    """What a node does, in some words."""
    state = str(node.files.get("state", ""))
    if state != "fetching":
        return printable(state)
    file = printable(str(node.files.get("file", "")).rpartition("/")[2])
    return f"{_rate_and_rest(node.files.get('rate'), node.files.get('eta'))}  {file}".rstrip()


def all_said(view: ShowView) -> str:
    """The transfers together, in some words."""
    done, total = (_figure(view.facts.get(f"deploy_all_{of}")) for of in ("done", "total"))
    rest = _rate_and_rest(view.facts.get("deploy_all_rate"), view.facts.get("deploy_all_eta"))
    return f"{to_size(done)} of {to_size(total)}  {rest}".rstrip()


def _rate_and_rest(rate: object, eta: object) -> str:
    if not _figure(rate):
        return ""
    minutes, seconds = divmod(_figure(eta), 60)
    return f"{to_size(_figure(rate))}/s  {minutes}:{seconds:02} left"


def to_size(kib: int) -> str:
    """KiB for people."""
    size, unit = float(kib), "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if size < KIB:
            break
        size, unit = size / KIB, larger
    return f"{size:.0f} {unit}" if size >= 10 or size == int(size) else f"{size:.1f} {unit}"


def _figure(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


# ---- the end


def _tell(view: ShowView, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(to_json(view), indent=2))
        return
    for line in recap(view):
        click.echo(line)


def to_json(view: ShowView) -> dict[str, object]:
    """How it ended, for a program; sizes are KiB."""
    return {
        "ok": view.fact("deploy_run") == "done",
        "project": view.fact("deploy_project"),
        "state": view.fact("deploy_run"),
        "reason": view.fact("deploy_reason"),
        "nodes": [
            {
                "id": node.id,
                "name": node.name,
                "percent": node.deploy,
                "detail": node.deploy_detail,
                **node.files,
            }
            for node in taking_part(view)
        ],
    }


def recap(view: ShowView) -> Iterator[str]:
    """A line for each node, below it what is wrong there."""
    if view.fact("deploy_reason"):
        yield printable(view.fact("deploy_reason"))
    nodes = taking_part(view)
    rows = [COLUMNS, *(_row(view, node) for node in nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for number, row in enumerate(rows if nodes else []):
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield "  ".join(cells).rstrip()
        if number:
            yield from _wrong(nodes[number - 1])
    yield f"{printable(view.fact('deploy_project')) or 'nodes'}: {view.fact('deploy_run')}"


def _row(view: ShowView, node: NodeView) -> tuple[str, ...]:
    figures = [_figure(node.files.get(of)) for of in FIGURES]
    shown = [str(figure) for figure in figures[:4]] + [to_size(size) for size in figures[4:]]
    known = "have" in node.files
    name = printable(view.label(node))
    return name, printable(str(node.files["state"])), *(shown if known else ["-"] * len(FIGURES))


def _wrong(node: NodeView) -> Iterator[str]:
    if node.deploy_detail:
        yield f"  {printable(node.deploy_detail)}"
    if node.files.get("missing"):
        yield f"  missing at the controller: {printable(str(node.files['missing']))}"
