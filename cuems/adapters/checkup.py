"""Looking at a machine before the show: nothing is changed, and every look has an end."""

import ctypes
import os
import resource
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import anyio

ASK_DEADLINE_S = 10.0
REACH_DEADLINE_S = 3.0
TIMEX_BYTES = 256  # struct timex of <sys/timex.h> is 208; `modes` is its first int, 0 to read
MAXERROR_AT = 24  # offset of `maxerror`, a long of microseconds, where longs have 8 bytes
TIME_ERROR = 5


async def ask(*argv: str) -> str | None:
    """What a program prints; None where it is not there, fails, or takes too long."""
    with anyio.move_on_after(ASK_DEADLINE_S), suppress(OSError):
        result = await anyio.run_process(argv, check=False, stderr=subprocess.STDOUT)
        if result.returncode == 0:
            return result.stdout.decode(errors="replace")
    return None


async def why_unreachable(host: str, port: int) -> str:
    """Why a TCP connection cannot be made; "" where it can."""
    with anyio.move_on_after(REACH_DEADLINE_S):
        try:
            async with await anyio.connect_tcp(host, port):
                return ""
        except OSError as error:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            number = cause.errno or 0  # asyncio's own text repeats the address; a resolver's is < 0
            return os.strerror(number) if number > 0 else cause.strerror or str(cause)
    return f"no answer in {REACH_DEADLINE_S:g} s"


def clock_error_us() -> int | None:
    """How far the wall clock may be from the truth; None where the kernel knows of nobody."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    libc = ctypes.CDLL(None)
    if libc.adjtimex(timex) in (-1, TIME_ERROR):
        return None
    return int.from_bytes(timex.raw[MAXERROR_AT : MAXERROR_AT + 8], "little")


def can_bind(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether a port is free on an address of ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def governors(root: Path = Path("/sys/devices/system/cpu")) -> list[str]:
    """What sets the speed of each processor."""
    found = []
    for path in root.glob("cpu[0-9]*/cpufreq/scaling_governor"):
        with suppress(OSError):
            found.append(path.read_text().strip())
    return found


def devices(patterns: Sequence[str], root: Path = Path("/dev")) -> tuple[int, int]:
    """How many devices are there, and how many of them we may use."""
    found = [path for pattern in patterns for path in root.glob(pattern)]
    return len(found), sum(os.access(path, os.R_OK | os.W_OK) for path in found)


def realtime_priority() -> int:
    """The highest real-time priority that we may take."""
    if os.geteuid() == 0:
        return 99
    return resource.getrlimit(resource.RLIMIT_RTPRIO)[0]


def may_write(folder: Path) -> bool:
    """Whether a folder, or the nearest that is there, takes files of ours."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
