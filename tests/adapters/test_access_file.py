import stat
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from cuems.adapters.access_file import (
    FILE_NAME,
    AccessFileError,
    key_changes,
    read_keys,
    write_keys,
)
from cuems.core.access import KeyKind, Keyring, Scope, new_key

RING = Keyring((new_key("tablet", KeyKind.TOKEN, Scope.VIEW, "s"),))


def test_keys_are_written_for_the_owner_alone_and_read_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert read_keys(state) == Keyring()
    write_keys(state, RING)
    assert read_keys(state) == RING
    assert stat.S_IMODE((state / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == [FILE_NAME]


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    for use in (read_keys, lambda state: write_keys(state, RING)):
        with pytest.raises(AccessFileError, match=FILE_NAME):
            use(tmp_path)


async def test_a_change_of_the_file_is_told_and_of_its_neighbours_not(tmp_path: Path) -> None:
    with anyio.fail_after(20):
        async with aclosing(key_changes(tmp_path)) as changes:
            await anext(changes)
            await anyio.Path(tmp_path / "other").write_text("x")
            await anyio.to_thread.run_sync(write_keys, tmp_path, RING)
            await anext(changes)
            await anyio.Path(tmp_path / FILE_NAME).unlink()
            await anext(changes)


async def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(AccessFileError, match="No such file"):
        await anext(key_changes(tmp_path / "nowhere"))
