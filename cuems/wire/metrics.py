"""Figures in the text that Prometheus reads (exposition format 0.0.4).

Its client library would bring a web server and 0.1 s of imports for these lines; the tests read
them with its parser.
"""

from collections.abc import Iterator, Mapping

from cuems.core.health import LAG_BUCKETS_US, Figures, Lag, Queue

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
US_PER_S = 1_000_000
NS_PER_S = 1_000_000_000

Labels = Mapping[str, str]


def exposition(figures: Figures, version: str) -> str:
    """The whole answer."""
    return "".join(f"{line}\n" for line in _lines(figures, version))


def _lines(figures: Figures, version: str) -> Iterator[str]:
    yield from _gauge("cuems_info", "Which program this is.", [({"version": version}, 1)])
    yield "# HELP cuems_loop_lag_seconds How late a deciding loop came to what was due."
    yield "# TYPE cuems_loop_lag_seconds histogram"
    for name, lag in figures.lags.items():
        yield from _histogram("cuems_loop_lag_seconds", {"loop": name}, lag)
    yield from _counted("cuems_timecode", "Nodes by how they follow timecode.", figures.timecode)
    yield from _counted("cuems_nodes", "Nodes by health.", figures.nodes)
    yield from _queues(figures.queues)
    machine = figures.machine
    yield from _counted("cuems_processes", "Processes started, by program.", machine.children)
    yield from _gauge("process_resident_memory_bytes", "Memory.", [({}, machine.memory_bytes)])
    yield from _gauge("process_open_fds", "Open files.", [({}, machine.open_files)])
    yield from _gauge("process_max_fds", "Files that may be open.", [({}, machine.most_files)])
    free = [({"disk": disk.name}, disk.free_bytes) for disk in machine.disks]
    yield from _gauge("cuems_disk_free_bytes", "Room left.", free)
    size = [({"disk": disk.name}, disk.total_bytes) for disk in machine.disks]
    yield from _gauge("cuems_disk_size_bytes", "Room in all.", size)


def _queues(queues: tuple[Queue, ...]) -> Iterator[str]:
    waiting = [({"queue": queue.name}, queue.waiting) for queue in queues]
    yield from _gauge("cuems_queue_waiting", "What waits between tasks.", waiting)
    dropped = [({"queue": queue.name}, queue.dropped) for queue in queues]
    yield "# HELP cuems_queue_dropped_total What found no room."
    yield "# TYPE cuems_queue_dropped_total counter"
    yield from (_sample("cuems_queue_dropped_total", *each) for each in dropped)


def _counted(name: str, about: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield from _gauge(name, about, [({"is": what}, count) for what, count in counts.items()])


def _gauge(name: str, about: str, samples: list[tuple[dict[str, str], int]]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"
    yield from (_sample(name, labels, value) for labels, value in samples)


def _histogram(name: str, labels: Labels, lag: Lag) -> Iterator[str]:
    total = 0
    bounds = [f"{us / US_PER_S:g}" for us in LAG_BUCKETS_US]
    for bound, count in zip([*bounds, "+Inf"], lag.buckets, strict=True):
        total += count
        yield _sample(f"{name}_bucket", {**labels, "le": bound}, total)
    yield _sample(f"{name}_sum", labels, lag.total_ns / NS_PER_S)
    yield _sample(f"{name}_count", labels, total)


def _sample(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
