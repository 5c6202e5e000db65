import gc
import warnings
from collections.abc import Iterator
from functools import partial

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from cuems.adapters.x11 import NoXServerError, read_monitors
from tests.screen import Screen, open_screen

LOOPBACK = "127.0.0.1"
X_PORT = 6000
QUERY_VERSION = bytes((0, 3, 0, 1, 0, 0, 0))  # of RandR, after its opcode: 1.


@pytest.mark.parametrize("display", [":9876", ":63999", "no display"])
def test_an_x_server_that_is_not_there_is_said_so(display: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # python-xlib leaves its socket to the gc
        with pytest.raises(NoXServerError, match="the X server cannot be asked"):
            read_monitors(display)
        gc.collect()


@pytest.fixture
def screen() -> Iterator[Screen]:
    with open_screen() as screen:
        yield screen


@pytest.mark.slow
async def test_an_x_server_whose_randr_is_too_old_for_monitors_cannot_tell(
    screen: Screen,
) -> None:
    with anyio.fail_after(30):
        async with (
            await anyio.create_tcp_listener(local_host=LOOPBACK) as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, partial(_as_older, screen.name))
            port = listener.extra(SocketAttribute.local_port)
            older = f"{LOOPBACK}:{port - X_PORT}"
            assert await anyio.to_thread.run_sync(read_monitors, screen.name) == ("screen",)
            assert await anyio.to_thread.run_sync(read_monitors, older) is None
            tasks.cancel_scope.cancel()


async def _as_older(display: str, client: SocketStream) -> None:
    """Pass a client on to an X server as one that speaks RandR 1.4, and so is answered."""
    path = f"/tmp/.X11-unix/X{display.removeprefix(':')}"
    async with client, await anyio.connect_unix(path) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(_pass_on, server, client)
        async for data in client:
            is_version = len(data) == 12 and data[1:8] == QUERY_VERSION
            await server.send(data[:8] + bytes((4, 0, 0, 0)) if is_version else data)
        tasks.cancel_scope.cancel()


async def _pass_on(source: SocketStream, to: SocketStream) -> None:
    async for data in source:
        await to.send(data)
