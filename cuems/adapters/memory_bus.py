"""The node bus inside one process: the controller and its embedded node, the same bytes.

Bytes and not values, so that the embedded show runs through the same codec as a site does.
Unlike the network it loses nothing: a full link makes the sender wait, up to the deadline.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.core.bus import BusStalledError, Peers

BUFFER_MESSAGES = 8192  # as many as the network link holds
SEND_DEADLINE_S = 1.0


class MemoryBus:
    """One end of the link."""

    url = "memory"

    def __init__(
        self, outgoing: MemoryObjectSendStream[bytes], incoming: MemoryObjectReceiveStream[bytes]
    ) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._told = False

    async def send(self, data: bytes) -> None:
        """To the other end; BusStalledError after SEND_DEADLINE_S."""
        try:
            with anyio.fail_after(SEND_DEADLINE_S):
                await self._outgoing.send(data)
        except TimeoutError:
            raise BusStalledError(self.url, SEND_DEADLINE_S) from None

    async def receive(self) -> bytes:
        """The next message."""
        return await self._incoming.receive()

    async def peers_changed(self) -> Peers:
        """The one peer, once; it never goes."""
        if self._told:
            await anyio.sleep_forever()
        self._told = True
        return Peers(1, 1)


@asynccontextmanager
async def open_memory_bus() -> AsyncIterator[tuple[MemoryBus, MemoryBus]]:
    """The controller's end and the node's."""
    to_node, at_node = anyio.create_memory_object_stream[bytes](BUFFER_MESSAGES)
    to_controller, at_controller = anyio.create_memory_object_stream[bytes](BUFFER_MESSAGES)
    with to_node, at_node, to_controller, at_controller:
        yield MemoryBus(to_node, at_controller), MemoryBus(to_controller, at_node)
