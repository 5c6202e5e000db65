"""The text that Prometheus reads."""

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families as parse

from cuems.core.health import Disk, Figures, Machine, Pulse, Queue
from cuems.wire.metrics import exposition


def samples() -> dict[str, float]:
    """By name and labels, as its own parser reads them."""
    pulse = Pulse()
    for late_ns in (50_000, 150_000, 3_000_000_000):
        pulse.late(late_ns)
    figures = Figures(
        lags={"node": pulse.lag},
        timecode=Counter(locked=2),
        nodes=Counter(ok=1, lost=1),
        queues=(Queue(name='bus "0"\\', waiting=3, room=8, dropped=2),),
        machine=Machine(
            memory_bytes=4096,
            open_files=9,
            most_files=1024,
            children=Counter(mpv=2),
            disks=(Disk(name="state", free_bytes=5, total_bytes=10),),
        ),
    )
    return {
        " ".join([sample.name, *(f"{key}={value}" for key, value in sample.labels.items())]): (
            sample.value
        )
        for family in parse(exposition(figures, "1.2"))
        for sample in family.samples
    }


def test_prometheus_reads_every_figure() -> None:
    read = samples()
    assert read["cuems_info version=1.2"] == 1
    assert read["cuems_timecode is=locked"] == 2
    assert read["cuems_nodes is=lost"] == 1
    assert read["cuems_processes is=mpv"] == 2
    assert read["process_resident_memory_bytes"] == 4096
    assert read["process_open_fds"] == 9
    assert read["process_max_fds"] == 1024
    assert read["cuems_disk_free_bytes disk=state"] == 5
    assert read["cuems_disk_size_bytes disk=state"] == 10


def test_the_histogram_adds_up_from_bound_to_bound() -> None:
    read = samples()
    of = "cuems_loop_lag_seconds_bucket loop=node le="
    assert read[f"{of}0.0001"] == 1
    assert read[f"{of}0.0002"] == 2
    assert read[f"{of}1"] == 2
    assert read[f"{of}+Inf"] == 3
    assert read["cuems_loop_lag_seconds_count loop=node"] == 3
    assert read["cuems_loop_lag_seconds_sum loop=node"] == 3.0002


def test_a_name_with_quotes_survives() -> None:
    read = samples()
    assert read['cuems_queue_waiting queue=bus "0"\\'] == 3
    assert read['cuems_queue_dropped_total queue=bus "0"\\'] == 2
