"""How far a transfer is, for people."""

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.deploy_meter import EVERY_NS, DeployMeter, mib


def test_a_report_comes_only_now_and_then_with_rate_and_rest() -> None:
    meter = DeployMeter(100 << 20, 0, 3, 0)
    assert meter.moved(1 << 20, "media/a.wav", EVERY_NS - 1) is None
    report = meter.moved(10 << 20, "media/a.wav", 1_000_000_000)
    assert report is not None
    assert (report.percent, report.bytes_per_s, report.eta_s) == (9, 10 << 20, 9)
    assert (report.file, report.deploy_seq, report.state) == ("media/a.wav", 3, "fetching")
    assert report.detail == "10 MiB/s, 9 s left"


@given(st.lists(st.integers(0, 200)), st.integers(0, 100))
def test_it_never_falls_and_is_100_only_when_done(steps: list[int], total: int) -> None:
    meter = DeployMeter(total, 0, 0, 0)
    reports = [meter.moved(at, "x", (n + 1) * EVERY_NS) for n, at in enumerate(steps)]
    percents = [report.percent for report in reports if report is not None]
    assert percents == sorted(percents)
    assert max(percents, default=0) < 100
    assert meter.report("done").percent == 100


def test_what_was_here_before_counts() -> None:
    assert DeployMeter(100, 60, 0, 0).report("waiting").done_bytes == 60


def test_sizes_are_rounded_up() -> None:
    assert [mib(size) for size in (0, 1, 1 << 20, (1 << 20) + 1)] == [
        "0 MiB", "1 MiB", "1 MiB", "2 MiB",
    ]  # fmt: skip
