"""Every async test runs on asyncio, nothing may block its loop, and no home of a user is read."""

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
def nobodys_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever runs the tests may use cuems too: what it keeps for him is none of theirs."""
    home = tmp_path_factory.getbasetemp() / "home"
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home / name))


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """A call of ours that blocks the loop raises BlockingError."""
    with blockbuster_ctx("cuems") as guard:
        yield guard
