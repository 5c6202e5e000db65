"""The clock on the wall, and waiting for a moment on it by a timer that wakes when it is set.

A timer on the monotonic clock would come too early or too late after the clock has been set, by
hand or by NTP; one on CLOCK_REALTIME with TFD_TIMER_CANCEL_ON_SET wakes at that moment, too. Linux
only.
"""

import ctypes
import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

EXPIRATIONS_BYTES = 8
FAR_S = 3600  # a wait that ends early hurts nobody: whoever waits looks at the clock again

# <sys/timerfd.h>: the same values on every Linux architecture Python 3.11 runs on.
TFD_TIMER_ABSTIME = 1
TFD_TIMER_CANCEL_ON_SET = 2
TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", Timespec), ("it_value", Timespec))


def wall_s() -> int:
    """What the clock on the wall shows, whole seconds of POSIX time."""
    return time.time_ns() // 1_000_000_000


class WallTimer:
    """A non-blocking timerfd on CLOCK_REALTIME."""

    def __init__(self) -> None:
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._fd: int = self._libc.timerfd_create(time.CLOCK_REALTIME, TFD_FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    async def wait(self, until_s: int | None) -> None:
        """Until a moment has come, the clock was set, or an hour has passed."""
        far_s = wall_s() + FAR_S
        self._arm(far_s if until_s is None else min(until_s, far_s))
        await anyio.wait_readable(self._fd)
        self._clear()

    def _arm(self, at_s: int) -> None:
        setting = Itimerspec(Timespec(0, 0), Timespec(max(1, at_s), 0))
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
        failed = self._libc.timerfd_settime(self._fd, flags, ctypes.byref(setting), None)
        # ECANCELED: the clock was set since the last look; the timer is armed all the same.
        if failed and ctypes.get_errno() != errno.ECANCELED:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _clear(self) -> None:
        try:
            os.read(self._fd, EXPIRATIONS_BYTES)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


@contextmanager
def open_wall_timer() -> Iterator[WallTimer]:
    """A timer, for one to wait with at a time."""
    timer = WallTimer()
    try:
        yield timer
    finally:
        timer.close()
