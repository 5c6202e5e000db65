"""What the files that speak NNG have in common."""

from collections.abc import Awaitable
from typing import TypeVar

import anyio
import anyio.lowlevel
import pynng

T = TypeVar("T")


async def cancellable(waiting: Awaitable[T]) -> T:
    """Await pynng: it raises a cancellation of its own, which no anyio scope would recognise."""
    try:
        return await waiting
    except anyio.get_cancelled_exc_class():
        await anyio.lowlevel.checkpoint_if_cancelled()
        raise
    except pynng.Closed as error:
        raise anyio.ClosedResourceError from error
