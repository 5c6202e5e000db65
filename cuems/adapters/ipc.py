"""Request and reply over NNG: the editor asks us, we ask nodeconf and hwdiscovery.

Facts: interop.md 4.1, faults.md F66. A Req0 whose peer is absent or frozen waits for ever: every
call here has a deadline. A socket file that nobody listens on any more is replaced; one that
belongs to somebody else is an error that says what to do about it.
"""

import os
import socket as sockets
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pynng
from anyio.abc import TaskStatus

from cuems.adapters.nng import cancellable
from cuems.core.errors import CuemsError

IPC = "ipc://"
AT_ONCE = 8  # requests that are being answered; those beyond them wait in NNG
MESSAGE_MAX_BYTES = 1 << 20
REPLY_DEADLINE_S = 2.0  # an editor that does not take its answer does not hold up the next
SOCKET_UMASK = 0o117  # rw for owner and group: the editor runs as our user, or in our group


class IpcError(CuemsError):
    """The other side cannot be reached, or we cannot be; `place` is the socket's file or URL."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


Reply = Callable[[bytes], Awaitable[bytes]]


async def serve_requests(
    url: str, reply: Reply, *, task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Answer requests, several at once, until cancelled; the start value is where.

    IpcError if it cannot listen there.
    """
    async with _open_replier(url) as replier, anyio.create_task_group() as tg:
        for _ in range(AT_ONCE):
            tg.start_soon(_answer_in_turn, replier, reply)
        task_status.started(url)


async def _answer_in_turn(replier: pynng.Rep0, reply: Reply) -> None:
    with replier.new_context() as context:
        while True:
            request: bytes = await cancellable(context.arecv())
            answer = await reply(request)
            with anyio.move_on_after(REPLY_DEADLINE_S):
                await cancellable(context.asend(answer))


@asynccontextmanager
async def _open_replier(url: str) -> AsyncIterator[pynng.Rep0]:
    path = _path(url)
    if path is not None:
        await anyio.to_thread.run_sync(_make_room, path)
    with pynng.Rep0(recv_max_size=MESSAGE_MAX_BYTES) as replier:
        before = os.umask(SOCKET_UMASK)  # NNG binds before listen returns
        try:
            replier.listen(url)
        except pynng.NNGException as error:
            raise IpcError(str(path or url), f"cannot listen: {str(error).lower()}") from error
        finally:
            os.umask(before)
        yield replier


async def request(url: str, data: bytes, deadline_s: float) -> bytes:
    """The answer of whoever listens there; IpcError if there is none in time."""
    path = _path(url)
    if path is not None:
        await anyio.to_thread.run_sync(_check_listened, path)
    place = str(path or url)
    with pynng.Req0(recv_max_size=MESSAGE_MAX_BYTES) as socket:
        try:
            socket.dial(url, block=False)
            with anyio.fail_after(deadline_s):
                await cancellable(socket.asend(data))
                answer: bytes = await cancellable(socket.arecv())
        except TimeoutError:
            raise IpcError(place, f"no answer within {deadline_s:g} s") from None
        except pynng.NNGException as error:
            raise IpcError(place, str(error).lower()) from error
    return answer


# ---- socket files


def _path(url: str) -> Path | None:
    return Path(url.removeprefix(IPC)) if url.startswith(IPC) else None


def _make_room(path: Path) -> None:
    """Remove what a listener that is gone has left; IpcError where we may not, or must not."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise IpcError(str(path), str(error.strerror)) from error
    if not stat.S_ISSOCK(mode):
        raise IpcError(str(path), f"expected a socket or nothing: remove it (rm {path})")
    try:
        _connect(path)
    except ConnectionRefusedError:
        pass
    except OSError as error:
        raise IpcError(str(path), _remedy(path, error)) from error
    else:
        raise IpcError(str(path), "another process answers there: stop it")
    try:
        path.unlink()
    except OSError as error:
        raise IpcError(str(path), _remedy(path, error)) from error


def _check_listened(path: Path) -> None:
    """A Req0 would wait for whoever may come; this says at once that nobody is there."""
    try:
        _connect(path)
    except FileNotFoundError:
        raise IpcError(str(path), "it does not run: there is no such socket") from None
    except ConnectionRefusedError:
        raise IpcError(str(path), "it does not run: nobody listens on this socket") from None
    except BlockingIOError:
        raise IpcError(str(path), "it hangs: it takes no more connections") from None
    except OSError as error:
        raise IpcError(str(path), _remedy(path, error)) from error


def _connect(path: Path) -> None:
    with sockets.socket(sockets.AF_UNIX) as probe:
        probe.setblocking(False)
        probe.connect(str(path))


def _remedy(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    try:
        owner = path.stat().st_uid
    except OSError:
        return reason
    if isinstance(error, PermissionError):
        return f"{reason}: it belongs to user {owner}: sudo rm {path}"
    return reason
