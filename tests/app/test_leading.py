"""A controller's way to its nodes, with real datagrams on loopback."""

import time
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import msgspec

from cuems.adapters.lane import Lane, open_lane
from cuems.app.leading import Leading
from cuems.app.links import ControllerItem, Greets
from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.core.reports import Heartbeat, Hello
from cuems.wire.auth import Anyone
from cuems.wire.bus import Pen
from cuems.wire.lane import Direction, Session
from cuems.wire.lane_r import Answer, Request, to_said, write

LEADER = NodeId("leader")
LOOPBACK = "127.0.0.1"
PATIENCE_S = 20


async def beat_of(leading: Leading, node: NodeId, lane: Lane) -> tuple[bytes, tuple[str, int]]:
    """Ask in by lane R, as a node does; its first datagram, and where that comes from."""

    async def ask(request: Request) -> Answer:
        return msgspec.json.decode(
            await leading.answer(write(request, Anyone()), send, time.monotonic_ns()), type=Answer
        )

    async def welcome() -> None:
        greets = await items.receive()
        assert isinstance(greets, Greets)
        await leading.welcome(bus.Snapshot(node=greets.node))

    send, items = anyio.create_memory_object_stream[ControllerItem](1)
    async with send, items, anyio.create_task_group() as tg:
        challenge = await ask(Request("challenge", node, nonce="aa"))
        tg.start_soon(welcome)
        said = to_said(node, Hello(boot="b", version="1"))
        hello = Request("hello", node, nonce="aa", answers=challenge.nonce, said=said)
        answer = await ask(hello)
    session = Session(bytes.fromhex(answer.session), b"", Direction.UP)
    datagram = session.seal(Pen(node, "b").write(Heartbeat()))
    assert datagram is not None
    return datagram, (LOOPBACK, lane.port)


async def test_a_node_may_join_while_others_are_told() -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(anyio.fail_after(PATIENCE_S))
        ours = await stack.enter_async_context(open_lane(LOOPBACK))
        lanes = [await stack.enter_async_context(open_lane(LOOPBACK)) for _ in range(3)]
        leading = Leading(me=LEADER, epoch=1, boot="b", lane=ours)
        *others, late = [
            await beat_of(leading, NodeId(f"node{number}"), lane)
            for number, lane in enumerate(lanes)
        ]
        for first in others:
            assert leading.from_lane(*first) is not None
        async with anyio.create_task_group() as tg:
            tg.start_soon(leading.tell, bus.StopCommand(), 0)
            await anyio.lowlevel.checkpoint()  # it is sending to the first by now
            assert leading.from_lane(*late) is not None
        await lanes[0].receive()
        await lanes[1].receive()
        assert leading.nodes_at(LOOPBACK) == ["node0", "node1", "node2"]
