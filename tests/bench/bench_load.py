"""What loading and validating a script costs, against the bare parse of the same file.

Run as `python -m tests.bench.bench_load`. Every measurement has a process of its own, variants in
turn, so that neither memory nor warmth is shared; best time of ROUNDS, memory as added to what
the interpreter, the imports and the file's bytes take. Goal: at most 1.5 times either.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from cuems.wire.show_xml import read_show
from tests.bench.figures import say
from tests.generate import generated_script

SIZES = (1_000, 10_000)
ROUNDS = 5
VARIANTS: dict[str, Callable[[bytes], object]] = {
    "etree": ElementTree.fromstring,
    "cuems": lambda data: read_show(data, "script.xml"),
}


def status_mb(field: str) -> float:
    """A size of this process as the kernel knows it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def measure_here(variant: str, path: Path) -> tuple[float, float]:
    """Seconds, and MB added at the peak, of one load in this process."""
    data = path.read_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before_mb = status_mb("VmRSS")
    start_ns = time.perf_counter_ns()
    loaded = VARIANTS[variant](data)
    seconds = (time.perf_counter_ns() - start_ns) / 1e9
    added_mb = status_mb("VmHWM") - before_mb
    assert loaded is not None
    return seconds, added_mb


def measure(variant: str, path: Path) -> tuple[float, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_load", variant, str(path)]
    seconds, added_mb = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120
    ).stdout.split()
    return float(seconds), float(added_mb)


def compare(path: Path) -> dict[str, tuple[float, float]]:
    """The best of each variant, taken in turn."""
    rounds = [{variant: measure(variant, path) for variant in VARIANTS} for _ in range(ROUNDS)]
    return {
        variant: (
            min(found[variant][0] for found in rounds),
            min(found[variant][1] for found in rounds),
        )
        for variant in VARIANTS
    }


def main() -> None:
    say(f"{'cues':>7}{'MB file':>9} {'':6}{'seconds':>9}{'ratio':>7}{'MB added':>10}{'ratio':>7}")
    for cues in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "script.xml"
            path.write_bytes(generated_script(cues))
            size_mb = path.stat().st_size / 2**20
            best = compare(path)
        base_seconds, base_mb = best["etree"]
        for variant, (seconds, added_mb) in best.items():
            time_and_ratio = f"{seconds:9.3f}{seconds / base_seconds:7.2f}"
            memory_and_ratio = f"{added_mb:10.1f}{added_mb / base_mb:7.2f}"
            say(f"{cues:7}{size_mb:9.1f} {variant:6}{time_and_ratio}{memory_and_ratio}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measured = measure_here(sys.argv[1], Path(sys.argv[2]))
        say(" ".join(map(str, measured)))
    else:
        main()
