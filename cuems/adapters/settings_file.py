"""settings.toml: read, and replaced as a whole, so that a crash leaves the old one or the new.

The file that will be the next one is opened beforehand and kept open, so that a process which has
run out of file descriptors can still save what a crew has set; what else the file holds it then
knows from the last time that it was read.
"""

import errno
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import tomli_w

from cuems.core.errors import CuemsError

MAX_BYTES = 1 << 20
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
PRIVATE = 0o600
HEAD = "# Settings of cuems. `cuems settings show` explains them; the engine writes this file.\n"


class SettingsFileError(CuemsError):
    """The file cannot be read, believed or written; the text names it."""


def read_settings_file(path: Path) -> Mapping[str, object]:
    """What the file sets; nothing where it is not there."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsFileError(f"{path}: {error.strerror}") from error
    return read_toml(data, str(path))


def read_toml(data: bytes, name: str) -> Mapping[str, object]:
    """What a text sets; raises SettingsFileError."""
    if len(data) > MAX_BYTES:
        raise SettingsFileError(f"{name}: {len(data)} bytes: expected at most {MAX_BYTES}")
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsFileError(f"{name}: {error}") from error
    except RecursionError:
        raise SettingsFileError(f"{name}: nested too deeply: expected NAME = VALUE") from None


def to_toml(values: Mapping[str, object]) -> bytes:
    """The text that sets these."""
    return (HEAD + tomli_w.dumps(dict(values))).encode()


class SettingsFile:
    """The file while the engine runs. Every call blocks; one at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(f".{path.name}.next")
        self._descriptor: int | None = None
        self._folder: int | None = None
        self._known: Mapping[str, object] = {}
        with suppress(OSError):  # a save will say why
            self._prepare()
        with suppress(SettingsFileError):  # whoever needs it is told
            self.read()

    def __enter__(self) -> "SettingsFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in (self._descriptor, self._folder):
            if descriptor is not None:
                os.close(descriptor)
        if self._descriptor is not None:
            self._next.unlink(missing_ok=True)
        self._descriptor = self._folder = None

    def _prepare(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._folder is None:
            self._folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._descriptor = os.open(self._next, flags, PRIVATE)

    def read(self) -> Mapping[str, object]:
        """What the file sets; raises SettingsFileError."""
        try:
            self._known = read_settings_file(self.path)
        except SettingsFileError as error:
            cause = error.__cause__
            if not (isinstance(cause, OSError) and cause.errno in NO_DESCRIPTOR):
                raise
        return self._known

    def save(self, values: Mapping[str, object]) -> None:
        """Have the file set these, on the disk when this returns; raises SettingsFileError."""
        try:
            self._save(to_toml(values))
            self._known = dict(values)
        except OSError as error:
            raise SettingsFileError(f"{self.path} cannot be saved: {error.strerror}") from error

    def _save(self, data: bytes) -> None:
        self._prepare()
        assert self._descriptor is not None
        assert self._folder is not None
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)
        self._next.rename(self.path)
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)
        os.fsync(self._folder)
        with suppress(OSError):
            self._prepare()
