"""A bounded inbox that never makes its writer wait: full means drop the oldest, and count.

For state that ages (timecode pieces, progress), never for commands. Loop thread only.
"""

from collections import deque
from typing import Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest `capacity_items`; one reader takes them in order.

    An item leaves only when it is handed over, so a cancelled `receive` loses nothing.
    """

    def __init__(self, capacity_items: int) -> None:
        if capacity_items < 1:
            raise ValueError(f"capacity_items is {capacity_items}: a mailbox holds at least 1")
        self.dropped_items = 0
        self._items: deque[T] = deque(maxlen=capacity_items)
        self._filled = anyio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Keep an item, at the price of the oldest one when full. Never waits."""
        self.dropped_items += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._filled.set()

    async def receive(self) -> T:
        """The oldest item kept, as soon as there is one."""
        await self.wait()
        return self._items.popleft()

    def receive_nowait(self) -> T:
        """The oldest item kept; raises `anyio.WouldBlock` when there is none."""
        if not self._items:
            raise anyio.WouldBlock
        return self._items.popleft()

    def drain(self) -> list[T]:
        """Everything gathered so far, oldest first; maybe nothing."""
        gathered = list(self._items)
        self._items.clear()
        return gathered

    async def wait(self) -> None:
        """Until there is an item."""
        if self._items:
            await checkpoint()
        while not self._items:
            self._filled = anyio.Event()
            await self._filled.wait()
