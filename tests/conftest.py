"""Every async test runs on asyncio, and nothing may block its loop."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

settings.register_profile("cuems", deadline=None)  # machines are shared: no test is of its speed
if settings.get_current_profile_name() == "default":  # in CI it is Hypothesis's own
    settings.load_profile("cuems")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """A call of ours that blocks the loop raises BlockingError."""
    with blockbuster_ctx("cuems") as guard:
        yield guard
