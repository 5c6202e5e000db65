"""The rsync daemon: whom it serves, what, and how it ends. Real rsync on loopback."""

import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cuems.adapters.rsync import fetch
from cuems.adapters.rsync_daemon import RsyncDaemonError, open_rsync_daemon
from cuems.wire.rsync_errors import DeployError
from tests.adapters.rsync_rig import (
    SECRET,
    descendants,
    ignore,
    make_library,
    received,
    serving,
    wanted,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def controller(tmp_path: Path) -> Path:
    """The controller's library."""
    return make_library(tmp_path / "controller")


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The node's library, not yet made."""
    return tmp_path / "node"


async def test_an_address_that_is_not_admitted_is_told_so_and_gets_nothing(
    controller: Path, node: Path
) -> None:
    asked: list[str] = []

    def admits(address: str) -> bool:
        asked.append(address)
        return False

    async with open_rsync_daemon(
        library=controller, state=controller.parent / "state", secret=SECRET
    ) as daemon:
        daemon.admits = admits
        with anyio.fail_after(30):
            with pytest.raises(DeployError, match="adopt the node"):
                await fetch(wanted(daemon.source, node, "media/rain.wav"), ignore)
    assert set(asked) == {"127.0.0.1"}
    assert received(node) == []


async def test_a_node_that_is_admitted_a_moment_later_gets_its_files(
    controller: Path, node: Path
) -> None:
    admitted: list[bool] = []
    asked = anyio.Event()

    def admits(_: str) -> bool:
        asked.set()
        return bool(admitted)

    async with open_rsync_daemon(
        library=controller, state=controller.parent / "state", secret=SECRET
    ) as daemon:
        daemon.admits = admits
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                request = wanted(daemon.source, node, "media/rain.wav")
                tasks.start_soon(fetch, request, ignore)
                await asked.wait()
                admitted.append(True)
                daemon.look_again()
    assert received(node) == ["media/rain.wav"]


async def test_only_projects_and_media_are_served(controller: Path, node: Path) -> None:
    (controller / "project-manager.db").write_text("the editor's")
    async with serving(controller) as source:
        with pytest.raises(DeployError, match=r"project-manager\.db"), anyio.fail_after(10):
            await fetch(wanted(source, node, "project-manager.db"), ignore)
    assert received(node) == []


async def test_a_wrong_secret_is_refused_and_said_so(controller: Path, node: Path) -> None:
    async with serving(controller) as source:
        with pytest.raises(DeployError, match="refused the credential"), anyio.fail_after(10):
            await fetch(wanted(replace(source, secret="guess"), node, "media/rain.wav"), ignore)
    assert received(node) == []


async def test_secrets_that_others_can_read_open_nothing(controller: Path, node: Path) -> None:
    async with serving(controller) as source:
        (controller.parent / "state/rsyncd.secrets").chmod(0o644)
        with pytest.raises(DeployError, match="refused the credential"), anyio.fail_after(10):
            await fetch(wanted(source, node, "media/rain.wav"), ignore)


async def test_everything_the_daemon_writes_is_private(controller: Path) -> None:
    state = controller.parent / "state"
    async with serving(controller):
        assert state.stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()}
        assert modes.pop("manifests") == 0o700
        assert set(modes.values()) == {0o600}


async def test_leaving_the_daemon_ends_its_connections_and_frees_the_port(
    controller: Path, node: Path
) -> None:
    async with serving(controller) as source:
        stream = await anyio.connect_tcp(source.host, source.port)
        with anyio.fail_after(5):
            assert (await stream.receive()).startswith(b"@RSYNCD:")
    async with stream:
        with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
            await stream.receive()
    assert descendants() == []
    with socket.create_server((source.host, source.port)):
        pass


async def test_a_taken_port_is_one_clear_error(controller: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RsyncDaemonError, match=f"127.0.0.1:{port}: Address already in use"):
            async with open_rsync_daemon(
                library=controller, state=controller.parent / "state", secret=SECRET, port=port
            ):
                pass


async def test_an_absent_library_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RsyncDaemonError, match=r"absent: No such file"):
        async with open_rsync_daemon(
            library=tmp_path / "absent", state=tmp_path / "state", secret=SECRET
        ):
            pass


ORPHANED = """
import os, signal, sys
from pathlib import Path
import anyio
from cuems.adapters.rsync_daemon import open_rsync_daemon

async def main():
    library, state = map(Path, sys.argv[1:])
    async with open_rsync_daemon(library=library, state=state, secret="x") as daemon:
        stream = await anyio.connect_tcp(daemon.source.host, daemon.source.port)
        await stream.receive()
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            print(children.read().split()[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


async def test_a_killed_controller_leaves_no_daemon(controller: Path) -> None:
    with anyio.fail_after(20):
        ended = await anyio.run_process(
            [sys.executable, "-c", ORPHANED, str(controller), str(controller.parent / "state")],
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL
        await gone(int(ended.stdout))


async def gone(pid: int) -> None:
    """Returns when a process, no child of ours, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await anyio.wait_readable(descriptor)
    finally:
        os.close(descriptor)
