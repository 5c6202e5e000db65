"""Waking at a due moment: a kernel timer in the loop's selector, and a short spin at the end.

The loop's own timers are rounded up to a millisecond by epoll; a timerfd is not. It is armed
`EARLY_NS` before the moment and the rest is spun away, so the alarm rings within microseconds of
its moment on an idle machine and never before it. Linux only.
"""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

NS_PER_S = 1_000_000_000
EARLY_NS = 120_000  # an idle Linux wakes a timerfd reader 60 to 120 µs after it expires
EXPIRATIONS_BYTES = 8

# <sys/timerfd.h>: the same values on every Linux architecture Python 3.11 runs on.
TFD_TIMER_ABSTIME = 1
TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


def now_ns() -> int:
    """This moment on CLOCK_MONOTONIC, the machine time of everything in cuems."""
    return time.monotonic_ns()


def stand_until(at_ns: int) -> None:
    """Block the thread until a moment that is a millisecond away at most, to the microsecond.

    Nothing of the loop is begun meanwhile that might not be over by then; others of this machine
    have the processor, but for the last `EARLY_NS`.
    """
    left_ns = at_ns - time.monotonic_ns()
    if left_ns > EARLY_NS:
        time.sleep((left_ns - EARLY_NS) / NS_PER_S)  # noqa: TID251 - that is the purpose
    while time.monotonic_ns() < at_ns:
        pass


if sys.version_info >= (3, 13):

    class KernelTimer:
        """A non-blocking timerfd on CLOCK_MONOTONIC."""

        def __init__(self) -> None:
            self.fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=TFD_FLAGS)

        def set(self, at_ns: int) -> None:
            """Expire at a moment (at once if it is over); 0 disarms."""
            os.timerfd_settime_ns(self.fd, flags=os.TFD_TIMER_ABSTIME, initial=at_ns)

else:

    class Timespec(ctypes.Structure):
        _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))

    class Itimerspec(ctypes.Structure):
        _fields_ = (("it_interval", Timespec), ("it_value", Timespec))

    class KernelTimer:
        """A non-blocking timerfd on CLOCK_MONOTONIC."""

        def __init__(self) -> None:
            self._libc = ctypes.PyDLL(None, use_errno=True)
            self.fd: int = self._libc.timerfd_create(time.CLOCK_MONOTONIC, TFD_FLAGS)
            if self.fd < 0:
                raise OSError(ctypes.get_errno(), "timerfd_create")

        def set(self, at_ns: int) -> None:
            """Expire at a moment (at once if it is over); 0 disarms."""
            setting = Itimerspec(Timespec(0, 0), Timespec(*divmod(at_ns, NS_PER_S)))
            if self._libc.timerfd_settime(self.fd, TFD_TIMER_ABSTIME, ctypes.byref(setting), None):
                raise OSError(ctypes.get_errno(), "timerfd_settime")


class Alarm:
    """Rings once per setting."""

    def __init__(
        self, timer: KernelTimer, ring: Callable[[], None], late: Callable[[int], None]
    ) -> None:
        self._timer = timer
        self._ring = ring
        self._late = late
        self._from_ns = 0  # nothing is late for what was due before it was asked for
        self._due_ns: int | None = None

    def set(self, at_ns: int | None) -> None:
        """Ring at a monotonic moment, at once if it is over; None: not at all.

        Replaces the former setting, also one that has expired and not rung yet.
        """
        self._due_ns = at_ns
        if at_ns is not None:
            self._from_ns = max(at_ns, time.monotonic_ns())
        self._timer.set(0 if at_ns is None else max(1, at_ns - EARLY_NS))

    def on_expired(self) -> None:
        """Spin out the rest and ring. Called by the loop when the timer's descriptor is ready."""
        try:
            os.read(self._timer.fd, EXPIRATIONS_BYTES)
        except BlockingIOError:  # set again after it had expired
            return
        if self._due_ns is None:
            return
        stand_until(self._due_ns)  # the timer expired at most EARLY_NS before the moment
        self._due_ns = None
        self._late(time.monotonic_ns() - self._from_ns)
        self._ring()


@asynccontextmanager
async def open_alarm(
    ring: Callable[[], None], late: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Alarm]:
    """An alarm that calls `ring` on the loop's thread; `ring` may set it again.

    `late` is told how late it rang, ns.

    `ring` runs outside every task: an error it raises reaches only the loop's exception handler.
    """
    loop = asyncio.get_running_loop()
    timer = KernelTimer()
    alarm = Alarm(timer, ring, late)
    loop.add_reader(timer.fd, alarm.on_expired)
    try:
        yield alarm
    finally:
        loop.remove_reader(timer.fd)
        os.close(timer.fd)
