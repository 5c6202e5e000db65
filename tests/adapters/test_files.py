"""Small files of a machine: identity, key, locks."""

import stat
from pathlib import Path

import pytest

from cuems.adapters.files import (
    FileError,
    is_held,
    library_identity,
    only_one,
    read_cluster_key,
    read_identity,
    read_small_file,
)


def test_an_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    assert read_identity(state) == read_identity(state)
    assert [path.name for path in state.iterdir()] == ["identity"]


def test_an_identity_that_is_no_uuid_is_named(tmp_path: Path) -> None:
    (tmp_path / "identity").write_text("me")
    with pytest.raises(FileError, match="identity: 'me': expected a uuid"):
        read_identity(tmp_path)


def test_the_key_is_private_and_made_only_where_it_may_be(tmp_path: Path) -> None:
    assert read_cluster_key(tmp_path, make=False) is None
    key = read_cluster_key(tmp_path, make=True)
    assert key is not None
    assert len(key) == 32
    assert read_cluster_key(tmp_path, make=False) == key
    assert stat.S_IMODE((tmp_path / "cluster.key").stat().st_mode) == 0o600


def test_a_key_that_is_none_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "cluster.key"
    path.touch(mode=0o600)
    path.write_text("hunter2")
    with pytest.raises(FileError, match="expected 64 hex digits") as raised:
        read_cluster_key(tmp_path, make=False)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    read_cluster_key(tmp_path, make=True)
    path = tmp_path / "cluster.key"
    path.chmod(mode)
    with pytest.raises(FileError, match=f"others can read it .*: chmod 600 {path}"):
        read_cluster_key(tmp_path, make=False)


def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(FileError, match="expected a folder, found a file"):
        read_identity(blocked)
    with (
        pytest.raises(FileError, match="expected a folder, found a file"),
        only_one(blocked, "node"),
    ):
        pass


def test_a_role_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with only_one(tmp_path, "node"):
        with only_one(tmp_path, "controller"):
            pass
        with (
            pytest.raises(FileError, match="another cuems node is running"),
            only_one(tmp_path, "node"),
        ):
            pass
    with only_one(tmp_path, "node"):
        pass


def test_it_can_be_seen_whether_a_role_is_held_without_taking_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path, "node")
    with only_one(tmp_path, "node"):
        assert is_held(tmp_path, "node")
        assert not is_held(tmp_path, "controller")
    assert not is_held(tmp_path, "node")


def test_an_error_inside_the_lock_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), only_one(tmp_path, "node"):
        (tmp_path / "ghost").read_bytes()


def test_the_same_library_has_the_same_identity_by_any_path(tmp_path: Path) -> None:
    one, link = tmp_path / "one", tmp_path / "link"
    link.symlink_to(one)
    assert library_identity(one) == library_identity(link)
    assert library_identity(one) != library_identity(tmp_path / "other")


def test_a_library_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file"):
        library_identity(tmp_path / "file" / "library")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="ghost: No such file"):
        read_small_file(tmp_path / "ghost")
