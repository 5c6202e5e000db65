import pytest
import trio.testing

from cuems.adapters.memory_bus import BUFFER_MESSAGES, open_memory_bus
from cuems.core.bus import BusStalledError


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


async def test_a_full_link_is_a_stalled_bus_after_the_deadline() -> None:
    async with open_memory_bus() as (controller, node):
        for _ in range(BUFFER_MESSAGES):
            await controller.send(b"")
        with pytest.raises(BusStalledError, match="within 1 s"):
            await controller.send(b"one too many")
        await node.receive()
        await controller.send(b"room again")
