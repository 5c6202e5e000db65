"""schedule.toml, which a crew writes, and what is kept of it for a restart. All blocks."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from cuems.core.hours import Kept
from cuems.core.schedule import Schedule, ScheduleError
from cuems.wire.schedule_toml import read_schedule

FILE = "schedule.toml"
KEPT = "schedule.kept"
PRIVATE = 0o600


def read_schedule_file(state: Path) -> Schedule:
    """The opening hours of this machine, none where there is no file; raises ScheduleError."""
    path = state / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Schedule()
    except OSError as error:
        raise ScheduleError(f"{path}: {error.strerror}") from error
    return read_schedule(data, str(path))


def read_kept(state: Path) -> Kept:
    """What was kept; one that cannot be read is none."""
    with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
        return msgspec.json.decode((state / KEPT).read_bytes(), type=Kept)
    return Kept()


def keep(state: Path, kept: Kept) -> None:
    """Keep it, the old or the new, on the disk when this returns; raises ScheduleError."""
    path = state / KEPT
    made = path.with_name(f".{KEPT}.next")
    try:
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise ScheduleError(f"{path}: {error.strerror}") from error
