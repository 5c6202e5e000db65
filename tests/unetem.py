"""A bad network between two network namespaces: delay, jitter, loss, doubles, disorder, partition.

A user-space emulator, because `tc netem` is not in every kernel: each namespace has one end of a
TUN device, and a process of its own carries the packets between the two, each as late as it is to
be. It needs CAP_NET_ADMIN and iproute2, and nothing of the machine's own network changes.

    with open_link(Link(delay_ms=5, jitter_ms=2)) as link:
        here, there = link.hosts
        await anyio.run_process([*there.inside, "ping", here.address])

Run as a program it is the emulator: `python -m tests.unetem FD FD LINK-AS-JSON`. SIGUSR1 cuts the
link, SIGUSR2 heals it.
"""

import contextlib
import fcntl
import functools
import heapq
import json
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000
PACKET_BYTES = 2048  # the devices' MTU is 1500
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
ADDRESSES = ("10.77.0.1", "10.77.0.2")
STOP_GRACE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What happens to a packet, each way. Shares are of 1; `seed` makes a run repeatable.

    Packets keep their order but for the share `reorder`, which overtakes.
    """

    delay_ms: float = 0
    jitter_ms: float = 0  # the delay varies by as much either way, evenly
    loss: float = 0
    double: float = 0
    reorder: float = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Host:
    """One end: `inside` before a command's words runs it there."""

    namespace: str
    address: str
    device: str

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)


class OpenLink:
    """Two hosts, and the link between them."""

    def __init__(self, hosts: tuple[Host, Host], emulator: subprocess.Popen[bytes]) -> None:
        self.hosts = hosts
        self._emulator = emulator

    def cut(self) -> None:
        """Let no packet through."""
        self._emulator.send_signal(signal.SIGUSR1)

    @staticmethod
    def readdress(host: Host, address: str) -> None:
        """Give a host another address, as when a cable goes into another network."""
        inside = ("netns", "exec", host.namespace, "ip", "address")
        _ip(*inside, "del", f"{host.address}/24", "dev", host.device)
        _ip(*inside, "add", f"{address}/24", "dev", host.device)

    def heal(self) -> None:
        """Let them through again."""
        self._emulator.send_signal(signal.SIGUSR2)


@functools.cache
def why_not() -> str:
    """Why this machine cannot emulate a network; "" where it can."""
    if shutil.which("ip") is None:
        return "the network emulator needs `ip` (package iproute2)"
    if not os.path.exists("/dev/net/tun"):
        return "the network emulator needs /dev/net/tun"
    try:
        with _namespace(f"unetem-{os.getpid()}-probe"):
            return ""
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        return f"the network emulator needs CAP_NET_ADMIN: {said}"


@contextmanager
def open_link(link: Link) -> Iterator[OpenLink]:
    """Two namespaces, and this link between them, until the block is left."""
    hosts = (
        Host(f"unetem-{os.getpid()}-a", ADDRESSES[0], f"ue0-{os.getpid()}"[:15]),
        Host(f"unetem-{os.getpid()}-b", ADDRESSES[1], f"ue1-{os.getpid()}"[:15]),
    )
    with contextlib.ExitStack() as stack:
        for host in hosts:
            stack.enter_context(_namespace(host.namespace))
        fds = [stack.enter_context(_device(host)) for host in hosts]
        command = [sys.executable, "-m", "tests.unetem", *map(str, fds), json.dumps(asdict(link))]
        emulator = subprocess.Popen(command, pass_fds=fds, stdout=subprocess.PIPE)
        stack.callback(_stop, emulator)
        assert emulator.stdout is not None
        stack.callback(emulator.stdout.close)
        emulator.stdout.readline()
        yield OpenLink(hosts, emulator)


def _stop(emulator: subprocess.Popen[bytes]) -> None:
    emulator.kill()
    emulator.wait(STOP_GRACE_S)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    _ip("netns", "add", name)
    try:
        yield
    finally:
        _ip("netns", "del", name)


@contextmanager
def _device(host: Host) -> Iterator[int]:
    """A TUN device in the host's namespace; the descriptor of its other end."""
    unique = host.device
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", unique.encode(), IFF_TUN | IFF_NO_PI))
        _ip("link", "set", unique, "netns", host.namespace)
        inside = ("netns", "exec", host.namespace, "ip")
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "address", "add", f"{host.address}/24", "dev", unique)
        _ip(*inside, "link", "set", unique, "up")
        yield fd
    finally:
        os.close(fd)


# ---- the emulator's process


class Way:
    """One direction: packets wait here until they are due."""

    def __init__(self, link: Link, to_fd: int, luck: random.Random) -> None:
        self._link = link
        self._to_fd = to_fd
        self._luck = luck
        self._waiting: list[tuple[int, int, bytes]] = []
        self._number = 0
        self._last_ns = 0

    def take(self, packet: bytes, now_ns: int) -> None:
        """A packet came; it may come out never, once, or twice."""
        if self._luck.random() < self._link.loss:
            return
        for _ in range(1 + (self._luck.random() < self._link.double)):
            self._number += 1
            heapq.heappush(self._waiting, (self._due_ns(now_ns), self._number, packet))

    def _due_ns(self, now_ns: int) -> int:
        link = self._link
        late_ms = link.delay_ms + self._luck.uniform(-link.jitter_ms, link.jitter_ms)
        due_ns = now_ns + round(max(0.0, late_ms) * NS_PER_MS)
        if self._luck.random() < link.reorder:
            return now_ns
        self._last_ns = max(self._last_ns, due_ns)
        return self._last_ns

    def next_ns(self) -> int | None:
        """When the next packet is due."""
        return self._waiting[0][0] if self._waiting else None

    def give(self, now_ns: int, *, cut: bool) -> None:
        """Let out what is due."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            packet = heapq.heappop(self._waiting)[2]
            if not cut:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._to_fd, packet)


def carry(fds: tuple[int, int], link: Link) -> None:
    """Carry packets for ever."""
    cut = False

    def set_cut(number: int, _: object) -> None:
        nonlocal cut
        cut = number == signal.SIGUSR1

    signal.signal(signal.SIGUSR1, set_cut)
    signal.signal(signal.SIGUSR2, set_cut)
    luck = random.Random(link.seed)
    ways = {fds[0]: Way(link, fds[1], luck), fds[1]: Way(link, fds[0], luck)}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        moments = [moment for way in ways.values() if (moment := way.next_ns()) is not None]
        wait_s = max(0, min(moments) - time.monotonic_ns()) / NS_PER_S if moments else None
        ready, _, _ = select.select(fds, [], [], wait_s)
        now_ns = time.monotonic_ns()
        for fd in ready:
            with contextlib.suppress(BlockingIOError):
                ways[fd].take(os.read(fd, PACKET_BYTES), now_ns)
        for way in ways.values():
            way.give(time.monotonic_ns(), cut=cut)


if __name__ == "__main__":
    carry((int(sys.argv[1]), int(sys.argv[2])), Link(**json.loads(sys.argv[3])))
