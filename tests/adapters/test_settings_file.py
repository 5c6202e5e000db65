"""settings.toml on a real disk: whole at every moment, also when no file can be opened any more."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.adapters.settings_file import (
    SettingsFile,
    SettingsFileError,
    read_settings_file,
    read_toml,
    to_toml,
)

VALUES = {"panic_ms": 3000, "library": '/srv/"shows"', "chain_timing": "shared"}


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "settings.toml"
    with SettingsFile(path) as file:
        assert read_settings_file(path) == {}
        for values in (VALUES, {"panic_ms": 1}, {}):
            file.save(values)
            assert read_settings_file(path) == values
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_crash_has_left_of_the_next_one_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / ".settings.toml.next").write_text("panic_ms = 1\nlibrary = 'and much mo")
    with SettingsFile(tmp_path / "settings.toml") as file:
        file.save(VALUES)
    assert read_settings_file(tmp_path / "settings.toml") == VALUES


@contextmanager
def no_more_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_f62_a_process_that_is_out_of_file_descriptors_still_saves(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with SettingsFile(path) as file:
        with no_more_files():
            with pytest.raises(OSError, match="Too many open files"):
                path.open("ab").close()
            assert file.read() == {}
            file.save(VALUES)
            assert file.read() == VALUES
            with pytest.raises(SettingsFileError, match="cannot be saved: Too many open files"):
                file.save({})
        assert read_settings_file(path) == VALUES
        file.save({"panic_ms": 1})
    assert read_settings_file(path) == {"panic_ms": 1}


def test_f52_a_save_that_the_disk_refuses_says_so_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with SettingsFile(path) as file:
        file.save(VALUES)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # Python ignores SIGXFSZ
        try:
            with pytest.raises(SettingsFileError, match=r"\.toml cannot be saved: File too"):
                file.save({"panic_ms": 1})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert read_settings_file(path) == VALUES
        file.save({"panic_ms": 2})  # and it is tried again
    assert read_settings_file(path) == {"panic_ms": 2}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"panic_ms = ", "x.toml: Invalid value"),
        (b"\xff", "x.toml: 'utf-8' codec"),
        (b"a = " + b"[" * 100_000, "x.toml: "),
        (b"#" * (2 << 20), "x.toml: 2097152 bytes: expected at most 1048576"),
    ],
)
def test_what_is_no_toml_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(SettingsFileError) as refused:
        read_toml(data, "x.toml")
    assert str(refused.value).startswith(reason)


@given(st.dictionaries(st.text("abc_", min_size=1), st.one_of(st.integers(-9, 9), st.text())))
def test_any_values_are_written_so_that_they_read_the_same(values: dict[str, object]) -> None:
    assert read_toml(to_toml(values), "x") == values
