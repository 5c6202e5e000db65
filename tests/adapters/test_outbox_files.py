"""The outbox on a real disk: what is packed, what comes to rest, and what a crash has left."""

from pathlib import Path

import pytest

from cuems.adapters.journal_files import DONE
from cuems.adapters.outbox_files import BrokenOffError, Found, OutboxFiles, digest
from cuems.core.outbox import Aside


def files(tmp_path: Path, *runs: str, shipped_bytes: int = 1 << 20) -> OutboxFiles:
    for run in runs:
        folder = tmp_path / "spool" / run
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "000002.jsonl").write_text("second\n" * 100)
        (folder / "000001.jsonl").write_text("first\n" * 100)
        (folder / DONE).touch()
    made = OutboxFiles(tmp_path / "spool", tmp_path / "outbox", "n-", shipped_bytes)
    made.scan()
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_same_run_is_packed_to_the_same_bytes(tmp_path: Path) -> None:
    outbox = files(tmp_path, "1")
    hashes = set()
    for _ in range(2):
        outbox.pack("n-1", lambda: False)
        hashes.add(digest(outbox.archive("n-1")))
    assert len(hashes) == 1
    assert outbox.scan() == Found(ready=(), packed=("n-1",))


def test_packing_that_is_broken_off_or_fails_leaves_nothing(tmp_path: Path) -> None:
    outbox = files(tmp_path, "1")
    with pytest.raises(BrokenOffError):
        outbox.pack("n-1", lambda: True)
    with pytest.raises(OSError, match="full"):
        outbox.pack("n-1", disk_is_full)
    assert names(tmp_path / "outbox") == ["conflict", "rejected", "shipped"]
    assert outbox.scan() == Found(ready=("n-1",), packed=())


def disk_is_full() -> bool:
    raise OSError(28, "full")


def test_what_the_controller_has_is_kept_as_long_as_there_is_room(tmp_path: Path) -> None:
    outbox = files(tmp_path, "1", "2", "3", shipped_bytes=400)
    for run in ("n-1", "n-2", "n-3"):
        outbox.pack(run, lambda: False)
        assert outbox.archive(run).stat().st_size > 134
        outbox.retire(run)
    assert names(tmp_path / "outbox" / "shipped") == ["n-2.tar.zst", "n-3.tar.zst"]
    assert names(tmp_path / "spool") == []


@pytest.mark.parametrize("aside", list(Aside))
def test_what_is_set_aside_is_never_let_go_of(tmp_path: Path, aside: Aside) -> None:
    outbox = files(tmp_path, "1", shipped_bytes=0)
    outbox.pack("n-1", lambda: False)
    outbox.set_aside("n-1", aside)
    assert names(tmp_path / "outbox" / aside) == ["n-1.tar.zst"]
    assert outbox.scan() == Found(ready=(), packed=())


def test_what_a_crash_has_left_half_done_is_finished(tmp_path: Path) -> None:
    outbox = files(tmp_path, "1", "2")
    outbox.pack("n-1", lambda: False)
    shipped = tmp_path / "outbox" / "shipped" / "n-1.tar.zst"
    outbox.archive("n-1").rename(shipped)  # killed before its spool was deleted
    (tmp_path / "outbox" / "n-2.tar.zst.partial").write_bytes(b"half")
    (tmp_path / "spool" / ".trash-0").mkdir()
    assert outbox.scan() == Found(ready=("n-2",), packed=())
    assert names(tmp_path / "spool") == ["2"]
    assert shipped.exists()
