"""Request and reply over real NNG sockets in a folder."""

import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE

import anyio
import pytest

from cuems.adapters.ipc import AT_ONCE, IpcError, request, serve_requests
from tests.fakes.ipc import Editor

PATIENCE_S = 30
NOBODY = 65534


async def echo(data: bytes) -> bytes:
    return data


def url(folder: Path, name: str = "editor") -> str:
    return f"ipc://{folder}/{name}.ipc"


def dead_socket(path: Path) -> None:
    """What a listener leaves that was killed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


async def test_requests_are_answered_and_the_socket_is_its_owners_and_groups(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    os.umask(before)
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, url(tmp_path), echo)
            assert await request(url(tmp_path), b"one", 10) == b"one"
            mode = (tmp_path / "editor.ipc").stat().st_mode
            assert stat.S_IMODE(mode) == 0o660
            tg.cancel_scope.cancel()
    after = os.umask(before)
    assert after == before
    assert os.listdir(tmp_path) == []


async def test_a_slow_request_does_not_hold_up_the_next(tmp_path: Path) -> None:
    slow = anyio.Event()

    async def reply(data: bytes) -> bytes:
        if data == b"slow":
            await slow.wait()
        return data

    async def ask(data: bytes) -> None:
        assert await request(url(tmp_path), data, PATIENCE_S) == data
        answered.append(data)

    answered: list[bytes] = []
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, url(tmp_path), reply)
            async with anyio.create_task_group() as asking:
                for _ in range(AT_ONCE - 1):
                    asking.start_soon(ask, b"slow")
                await ask(b"quick")
                slow.set()
            assert answered == [b"quick", *[b"slow"] * (AT_ONCE - 1)]
            tg.cancel_scope.cancel()


async def test_an_editor_that_leaves_without_its_answer_harms_nobody(tmp_path: Path) -> None:
    asked = anyio.Event()

    async def reply(data: bytes) -> bytes:
        if data == b"leaves":
            asked.set()
            await left.wait()
        return data

    left = anyio.Event()
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, url(tmp_path), reply)
            async with anyio.create_task_group() as leaving:
                leaving.start_soon(Editor(tmp_path).say, b"leaves")
                await asked.wait()
                leaving.cancel_scope.cancel()
            left.set()
            for _ in range(2 * AT_ONCE):
                assert await Editor(tmp_path).say(b"stays") == b"stays"
            tg.cancel_scope.cancel()


async def test_f66_an_absent_peer_is_named_at_once(tmp_path: Path) -> None:
    with anyio.fail_after(PATIENCE_S), pytest.raises(IpcError, match="there is no such socket"):
        await request(url(tmp_path), b"", 2 * PATIENCE_S)
    dead_socket(tmp_path / "editor.ipc")
    with anyio.fail_after(PATIENCE_S), pytest.raises(IpcError, match="nobody listens"):
        await request(url(tmp_path), b"", 2 * PATIENCE_S)


FROZEN = """
import pynng, sys
with pynng.Rep0(listen=sys.argv[1]) as socket:
    print("ready", flush=True)
    while True:
        socket.send(socket.recv())
"""


@pytest.mark.slow
async def test_f66_a_frozen_peer_costs_its_deadline_and_no_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FROZEN, url(tmp_path)]
    async with await anyio.open_process(command, stdin=None, stdout=PIPE) as process:
        assert process.stdout is not None
        with anyio.fail_after(PATIENCE_S):
            assert (await process.stdout.receive()).startswith(b"ready")
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(IpcError, match=r"no answer within 0\.2 s"):
                await request(url(tmp_path), b"", 0.2)
            process.send_signal(signal.SIGCONT)
            assert await request(url(tmp_path), b"again", 10) == b"again"
            process.kill()
            await process.wait()
            with pytest.raises(IpcError, match="nobody listens"):
                await request(url(tmp_path), b"", 10)


async def test_f66_what_a_killed_engine_left_is_replaced(tmp_path: Path) -> None:
    dead_socket(tmp_path / "editor.ipc")
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, url(tmp_path), echo)
            assert await request(url(tmp_path), b"one", 10) == b"one"
            tg.cancel_scope.cancel()


async def test_a_place_that_is_taken_is_not_taken_over(tmp_path: Path) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, url(tmp_path), echo)
            with pytest.raises(IpcError, match="another process answers there: stop it"):
                await serve_requests(url(tmp_path), echo)
            assert await request(url(tmp_path), b"still there", 10) == b"still there"
            tg.cancel_scope.cancel()


async def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "editor.ipc"
    path.write_text("precious")
    with pytest.raises(IpcError, match=f"expected a socket or nothing: remove it .rm {path}"):
        await serve_requests(url(tmp_path), echo)
    assert path.read_text() == "precious"


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IpcError, match="ghost"):
        await serve_requests(url(tmp_path / "ghost"), echo)


AS_NOBODY = """
import anyio, anyio.to_thread, os, sys
from cuems.adapters.ipc import IpcError, request, serve_requests
async def reply(data): return data
class Started:
    def started(self, _): os.write(1, b"serves\\n")
async def main():
    await anyio.to_thread.run_sync(str)  # import all there is: nobody may not read it here
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[3]))
    try:
        if sys.argv[2] == "ask":
            print((await request(sys.argv[1], b"", 5)).decode(), flush=True)
        else:
            await serve_requests(sys.argv[1], reply, task_status=Started())
    except IpcError as error:
        print(error, flush=True)
anyio.run(main)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave a file that is root's")
@pytest.mark.parametrize("does", ["ask", "serve"])
async def test_f66_a_socket_of_roots_is_an_error_that_says_what_to_do(does: str) -> None:
    # As in the field: /tmp, whose sticky bit lets nobody remove what is not theirs.
    path = Path("/tmp") / f"cuems-test-{os.getpid()}.ipc"
    dead_socket(path)
    try:
        path.chmod(0o600)
        command = [sys.executable, "-c", AS_NOBODY, f"ipc://{path}", does, str(NOBODY)]
        with anyio.fail_after(PATIENCE_S):
            result = await anyio.run_process(command)
        said = result.stdout.decode().strip()
        assert said == f"{path}: Permission denied: it belongs to user 0: sudo rm {path}"
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


@contextmanager
def open_to_all(name: str) -> Iterator[Path]:
    """Where a socket of any user may be."""
    path = Path("/tmp") / f"cuems-test-{name}-{os.getpid()}.ipc"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("known", [True, False])
async def test_the_user_who_asks_is_known_and_may_be_refused(known: bool) -> None:
    def refuse(_: bytes, user: int | None) -> bytes | None:
        assert user == NOBODY
        return None if known else b"refused"

    async def reply(_: bytes) -> bytes:
        return b"listened to"

    with open_to_all("asks") as path, anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tg:
            await tg.start(serve_requests, f"ipc://{path}", reply, refuse)
            path.chmod(0o666)  # whatever its mode: who asks is told by the kernel
            command = [sys.executable, "-c", AS_NOBODY, f"ipc://{path}", "ask", str(NOBODY)]
            result = await anyio.run_process(command)
            tg.cancel_scope.cancel()
    assert result.stdout.strip() == (b"listened to" if known else b"refused")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
async def test_who_listens_in_place_of_one_of_ours_is_asked_nothing() -> None:
    with open_to_all("listens") as path, anyio.fail_after(PATIENCE_S):
        command = [sys.executable, "-c", AS_NOBODY, f"ipc://{path}", "serve", str(NOBODY)]
        async with await anyio.open_process(command, stderr=None) as nobody:
            assert nobody.stdout is not None
            assert await nobody.stdout.receive() == b"serves\n"
            with pytest.raises(IpcError, match=f"a program of user {NOBODY} listens there: exp"):
                await request(f"ipc://{path}", b"secret", 5, frozenset({0, 1}))
            assert await request(f"ipc://{path}", b"echo", 5, frozenset({NOBODY})) == b"echo"
            nobody.kill()
