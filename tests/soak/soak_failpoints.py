"""A bug in every task of the engine, one at a time: `python -m tests.soak.soak_failpoints`.

None is ever silent: the process ends with status 70 and the traceback in its log, and systemd
starts it again; what plays elsewhere goes on meanwhile.
"""

import ast
import sys
import tempfile
from pathlib import Path
from subprocess import PIPE, STDOUT

import anyio

import cuems
from tests.e2e.rig import Home
from tests.soak.failpoint import MESSAGE

PATIENCE_S = 60.0
CONTROLLER = ("run", "--role", "controller", "--mtc", "internal")
BUG = 70
TASKS: tuple[tuple[str, str], ...] = (
    ("cuems.app.run", "_end_on_signal"),
    ("cuems.app.controller_role", "serve_front"),
    ("cuems.app.controller_role", "run_controller"),
    ("cuems.app.controller_role", "_read_settings_again"),
    ("cuems.app.controller_role", "Opening.serve"),
    ("cuems.app.controller_role", "run_node"),
    ("cuems.app.controller", "send_all"),
    ("cuems.app.controller", "hear_bus"),
    ("cuems.app.controller", "ShowLog.serve"),
    ("cuems.app.controller", "Messenger.serve"),
    ("cuems.app.controller", "ControllerLoop.decide"),
    ("cuems.app.librarian", "Librarian._read"),
    ("cuems.app.node", "send_all"),
    ("cuems.app.following", "Following.hear_bus"),
    ("cuems.app.presence", "Presence.greet"),
    ("cuems.app.presence", "Presence.keep_in_touch"),
    ("cuems.app.node", "NodeLoop.decide"),
    ("cuems.app.errands", "Errands._fetch"),
    ("cuems.app.crew", "Crew._serve"),
    ("cuems.app.stage", "Stage._serve_seat"),
    ("cuems.adapters.journal", "Journal.write_on"),
    ("cuems.adapters.journal", "Journal.sync_on"),
    ("cuems.adapters.journal", "Journal.tidy_on"),
)
STARTERS = (
    "run",
    "controller_role",
    "controller",
    "librarian",
    "clerk",
    "node_role",
    "node",
    "errands",
    "crew",
    "front",
    "stage",
)
# Started by something else than what these runs do; each has the same task group around it.
NOT_IN_A_RUN_LIKE_THIS = {
    "_keep": "only when a setting is changed",
    "read": "only with MIDI",
    "announce_node": "only where nodes are found by mDNS",
    "be_found": "only where nodes are found by mDNS",
    "keep_linked": "only in a node that was told no address",
    "serve_lane_r": "only nodes of other processes ask there",
    "hear_lane": "only nodes of other processes speak there",
    "end": "a standby's, when it is to lead",
    "learn_clock": "only nodes of other processes ask for the clock",
    "_deploy": "only when somebody deploys",
    "_prepare": "only when somebody deploys",
    "_read_nodelist": "only beside the ecosystem's nodeconf",
    "_modify_nodelist": "only beside the ecosystem's nodeconf",
    "serve_editor": "only beside the ecosystem's editor",
    "serve": "the patchbay (only with JACK), and lights (only with DMX)",
    "serve_receiving": "only nodes of other processes ship",
    "ship_in_rest": "only nodes of other processes ship",
    "follow": "the gate's keys: a file is watched",
    "named": "the control port, within serve_front",
    "watch": "a player's own boundary: a dead player ends no show",
}


def untested() -> set[str]:
    """Tasks that app/ starts and nobody here lets fail."""
    known = {name.rpartition(".")[2] for _, name in TASKS} | NOT_IN_A_RUN_LIKE_THIS.keys()
    started = set()
    for stem in STARTERS:
        path = Path(cuems.__file__).parent / "app" / f"{stem}.py"
        for call in ast.walk(ast.parse(path.read_text())):
            match call:
                case ast.Call(func=ast.Attribute(attr="start_soon" | "start"), args=[task, *_]):
                    started.add(ast.unparse(task).rpartition(".")[2])
    return {name for name in started if name.isidentifier()} - known


async def fails(module: str, name: str) -> str:
    """Let a task fail; what is wrong with what became of it, "" for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        command = [sys.executable, "-m", "tests.soak.failpoint", module, name, *CONTROLLER]
        try:
            with anyio.fail_after(PATIENCE_S):
                done = await anyio.run_process(
                    command, env=home.variables(), stdout=PIPE, stderr=STDOUT, check=False
                )
        except TimeoutError:
            return f"{module}.{name}: still runs after {PATIENCE_S:g} s"
    told = done.stdout.decode(errors="replace")
    if done.returncode != BUG or MESSAGE not in told or "Traceback" not in told:
        return f"{module}.{name}: status {done.returncode}:\n{told[-2000:]}"
    return ""


async def soak() -> int:
    found = [f"nobody lets {name} fail" for name in sorted(untested())]
    for module, name in TASKS:
        wrong = await fails(module, name)
        found += [wrong] if wrong else []
        sys.stdout.write(
            f"{module}.{name}: {'wrong' if wrong else 'ends the process, and says so'}\n"
        )
    sys.stdout.write("\n".join([*found, f"{len(TASKS)} tasks, {len(found)} wrong", ""]))
    return len(found)


def main() -> None:
    sys.exit(1 if anyio.run(soak) else 0)


if __name__ == "__main__":
    main()
