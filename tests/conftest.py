"""Every async test runs on asyncio, and nothing may block its loop."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """A call of ours that blocks the loop raises BlockingError."""
    with blockbuster_ctx("cuems") as guard:
        yield guard
