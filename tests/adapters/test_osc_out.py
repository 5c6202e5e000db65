"""OSC to equipment: real sockets on loopback."""

import socket

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from cuems.adapters.osc_out import CannotSendError, open_osc_out
from cuems.core.messages import OscTransport

PACKET = b"/go\0,i\0\0\0\0\0\xc0"
PATIENCE_S = 20


async def test_a_datagram_arrives_as_it_is() -> None:
    with anyio.fail_after(PATIENCE_S):
        async with await anyio.create_udp_socket(local_host="127.0.0.1") as desk:
            port = desk.extra(SocketAttribute.local_port)
            async with open_osc_out(OscTransport.UDP, "127.0.0.1", port) as out:
                await out.send(PACKET)
                await out.send(PACKET)
            assert [(await desk.receive())[0] for _ in range(2)] == [PACKET, PACKET]


async def test_a_port_nobody_listens_at_is_told_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    for transport in (OscTransport.UDP, OscTransport.TCP):
        async with open_osc_out(transport, "127.0.0.1", port) as out:
            with pytest.raises(CannotSendError, match="nobody listens there"):
                await out.send(PACKET)


@pytest.mark.parametrize(
    ("transport", "wanted"),
    [
        (OscTransport.TCP, b"\0\0\0\x0c" + PACKET),
        (OscTransport.SLIP, b"\xc0/go\0,i\0\0\0\0\0\xdb\xdc\xc0"),
    ],
)
async def test_a_stream_is_kept_and_opened_anew_when_it_was_closed(
    transport: OscTransport, wanted: bytes
) -> None:
    heard: list[bytes] = []
    connections = 0
    news = anyio.Event()

    async def serve(stream: SocketStream) -> None:
        nonlocal connections, news
        connections += 1
        data = b""
        async with stream:
            await stream.send(b"hello, whoever you are")
            while len(data) < 2 * len(wanted):
                data += await stream.receive()
        heard.append(data)
        news.set()
        news = anyio.Event()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tg,
    ):
        tg.start_soon(listener.serve, serve)
        port = listener.extra(SocketAttribute.local_port)
        async with open_osc_out(transport, "127.0.0.1", port) as out:
            with anyio.fail_after(PATIENCE_S):
                for round_ in (1, 2):
                    while len(heard) < round_:
                        try:
                            await out.send(PACKET)
                        except CannotSendError:
                            await anyio.lowlevel.checkpoint()
        tg.cancel_scope.cancel()
    assert heard == [2 * wanted, 2 * wanted]
    assert connections >= 2


async def test_a_host_that_does_not_exist_is_named() -> None:
    async with open_osc_out(OscTransport.TCP, "nowhere.invalid", 53000) as out:
        with pytest.raises(CannotSendError, match=r"^nowhere\.invalid:53000 \(tcp\): "):
            await out.send(PACKET)
