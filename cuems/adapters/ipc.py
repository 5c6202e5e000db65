"""Request and reply over NNG: the editor asks us, we ask nodeconf and hwdiscovery.

Facts: interop.md 4.1, faults.md F66. A Req0 whose peer is absent or frozen waits for ever: every
call here has a deadline. A socket file that nobody listens on any more is replaced; one that
belongs to somebody else is an error that says what to do about it. The kernel says whose program is
at the other end of a socket file (SO_PEERCRED; NNG's ipc:peer-uid), whatever the file's mode.
"""

import os
import socket as sockets
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Container
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
WHO_MAY = "expected one of root's, of ours, or of the user that --ipc-user names"
_CREDENTIALS = struct.Struct("iII")  # process, user, group
SOCKET_UMASK = 0o117  # rw for owner and group: the user that --ipc-user names is in our group


class IpcError(CuemsError):
    """The other side cannot be reached, or we cannot be; `place` is the socket's file or URL."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


Reply = Callable[[bytes], Awaitable[bytes]]
Refuse = Callable[[bytes, int | None], bytes | None]


def nobody_is_refused(_request: bytes, _user: int | None) -> None:
    """Whoever can reach us may ask."""


async def serve_requests(
    url: str,
    reply: Reply,
    refuse: Refuse = nobody_is_refused,
    *,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Answer requests, several at once, until cancelled; the start value is where.

    `refuse` is asked first: the answer to a user's request that is not to be listened to, else
    None. The user is None where it is not known: over a network, or if it is gone by now. IpcError
    if it cannot listen there.
    """
    async with _open_replier(url) as replier, anyio.create_task_group() as tg:
        for _ in range(AT_ONCE):
            tg.start_soon(_answer_in_turn, replier, reply, refuse)
        task_status.started(url)


async def _answer_in_turn(replier: pynng.Rep0, reply: Reply, refuse: Refuse) -> None:
    with replier.new_context() as context:
        while True:
            message = await cancellable(context.arecv_msg())
            request: bytes = message.bytes
            refusal = refuse(request, _user_at(message.pipe))
            answer = await reply(request) if refusal is None else refusal
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


def _user_at(pipe: pynng.Pipe | None) -> int | None:
    if pipe is None:
        return None
    user = pynng.ffi.new("uint64_t *")
    failed = pynng.lib.nng_pipe_get_uint64(pipe.pipe, b"ipc:peer-uid", user)
    return None if failed else int(user[0])


async def request(
    url: str, data: bytes, deadline_s: float, users: Container[int] | None = None
) -> bytes:
    """The answer of whoever listens there; IpcError if there is none in time.

    On a socket file it has to be a program of one of the `users` (None: of anybody).
    """
    path = _path(url)
    if path is not None:
        await anyio.to_thread.run_sync(_check_listened, path, users)
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


def _check_listened(path: Path, users: Container[int] | None) -> None:
    """A Req0 would wait for whoever may come; this says at once that nobody is there."""
    try:
        user = _connect(path)
    except FileNotFoundError:
        raise IpcError(str(path), "it does not run: there is no such socket") from None
    except ConnectionRefusedError:
        raise IpcError(str(path), "it does not run: nobody listens on this socket") from None
    except BlockingIOError:
        raise IpcError(str(path), "it hangs: it takes no more connections") from None
    except OSError as error:
        raise IpcError(str(path), _remedy(path, error)) from error
    if users is not None and user not in users:
        raise IpcError(str(path), f"a program of user {user} listens there: {WHO_MAY}")


def _connect(path: Path) -> int:
    """Whether somebody listens, by their user; OSError where nobody does."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        probe.setblocking(False)
        probe.connect(str(path))
        credentials = probe.getsockopt(sockets.SOL_SOCKET, sockets.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(credentials)
    return int(user)


def _remedy(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    try:
        owner = path.stat().st_uid
    except OSError:
        return reason
    if isinstance(error, PermissionError):
        return f"{reason}: it belongs to user {owner}: sudo rm {path}"
    return reason
