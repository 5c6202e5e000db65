"""A bench's table."""

import sys
from collections.abc import Sequence


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def percentile(samples: Sequence[int], share: float) -> int:
    """The sample that this share of all is below."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def judge(goal: str, value: float, most: float, unit: str) -> None:
    """One line: a figure of the issue, and whether it is what was promised."""
    met = "met" if value <= most else "MISSED"
    say(f"goal {met}: {goal}: {value:.4g} {unit}, at most {most:g}")


def show(name: str, samples_ns: Sequence[int]) -> None:
    """One line: the median, the 99th and 99.9th of a hundred, and the worst; µs."""
    if not samples_ns:
        say(f"{name:<44} none")
        return
    ordered = sorted(samples_ns)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000

    say(
        f"{name:<44} p50 {at(0.5):9.1f}  p99 {at(0.99):9.1f}  p99.9 {at(0.999):9.1f}"
        f"  max {ordered[-1] / 1000:9.1f}  min {ordered[0] / 1000:9.1f} µs  n {len(ordered)}"
    )
