"""Which processes are known again, and which are not."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from cuems.adapters.player_records import (
    FolderTooDeepError,
    PlayerGoneError,
    forget_record,
    is_there,
    new_endpoint,
    open_adopted,
    read_records,
    write_record,
)

COMMAND = ["cat"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that certainly runs its command: Linux shows none of one that is about to."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"runs\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"runs\n"
        yield process
        process.kill()


def test_a_player_is_known_again(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    record = write_record("c", "rain", Path("/m/a.wav"), child.pid, new_endpoint(tmp_path))
    assert record.command == tuple(COMMAND)
    assert read_records(tmp_path) == [record]


@pytest.mark.parametrize(
    "changed",
    [{"started": "another"}, {"command": ["mpv"]}, {"pid": os.getpid()}, {"pid": 1 << 30}],
)
def test_another_process_is_not_the_player_and_its_note_is_dropped(
    tmp_path: Path, child: subprocess.Popen[bytes], changed: dict[str, object]
) -> None:
    endpoint = new_endpoint(tmp_path)
    write_record("c", "rain", Path("/m/a.wav"), child.pid, endpoint)
    file = Path(endpoint).with_suffix(".json")
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    assert read_records(tmp_path) == []
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff", b"null"])
def test_a_note_that_cannot_be_read_is_dropped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "torn.json").write_bytes(content)
    assert read_records(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_dead_player_that_nobody_has_reaped_is_not_there(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    record = write_record("c", "rain", Path("/m/a.wav"), child.pid, new_endpoint(tmp_path))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_there(record)


def test_a_forgotten_player_leaves_nothing(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    endpoint = new_endpoint(tmp_path)
    write_record("c", "rain", Path("/m/a.wav"), child.pid, endpoint)
    forget_record(endpoint)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_too_deep_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderTooDeepError, match="too long a path"):
        new_endpoint(tmp_path / ("x" * 100))


async def test_the_end_of_an_adopted_player_is_noticed_and_brought_about(tmp_path: Path) -> None:
    process = await anyio.open_process(COMMAND)
    endpoint = await anyio.to_thread.run_sync(new_endpoint, tmp_path)
    record = await anyio.to_thread.run_sync(
        write_record, "c", "rain", tmp_path / "a.wav", process.pid, endpoint
    )
    with anyio.fail_after(20):
        async with open_adopted(record) as adopted:
            assert adopted is not None
            await adopted.stop()
            with pytest.raises(PlayerGoneError, match="rain: the player that"):
                await adopted.watch()
        assert await process.wait() == -signal.SIGKILL
        async with open_adopted(record) as gone:
            assert gone is None
    await process.aclose()
