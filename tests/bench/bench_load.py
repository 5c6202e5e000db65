"""What loading and validating a script costs, against the bare parse of the same file.

Run as `python -m tests.bench.bench_load`. Every measurement has a process of its own, variants in
turn, so that neither memory nor warmth is shared; best time of ROUNDS, memory as added to what
the interpreter, the imports and the file's bytes take. Goal: at most 1.5 times either.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from cuems.wire.show_xml import read_show
from tests.generate import generated_script

SIZES = (1_000, 10_000)
ROUNDS = 5
VARIANTS: dict[str, Callable[[bytes], object]] = {
    "etree": ElementTree.fromstring,
    "cuems": lambda data: read_show(data, "script.xml"),
}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_here(variant: str, path: Path) -> tuple[float, float]:
    """Seconds, and MB added, of one load in this process."""
    data = path.read_bytes()
    before_mb = peak_mb()
    start_ns = time.perf_counter_ns()
    loaded = VARIANTS[variant](data)
    seconds = (time.perf_counter_ns() - start_ns) / 1e9
    added_mb = peak_mb() - before_mb
    assert loaded is not None
    return seconds, added_mb


def measure(variant: str, path: Path) -> tuple[float, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_load", variant, str(path)]
    seconds, added_mb = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120
    ).stdout.split()
    return float(seconds), float(added_mb)


def main() -> None:
    print(
        f"{'cues':>7} {'MB file':>8} {'':8} {'seconds':>9} {'ratio':>6} {'MB added':>9} {'ratio':>6}"
    )
    for cues in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "script.xml"
            path.write_bytes(generated_script(cues))
            rounds = [
                {variant: measure(variant, path) for variant in VARIANTS} for _ in range(ROUNDS)
            ]
            size_mb = path.stat().st_size / 2**20
        best = {
            variant: (
                min(found[variant][0] for found in rounds),
                min(found[variant][1] for found in rounds),
            )
            for variant in VARIANTS
        }
        for variant, (seconds, added_mb) in best.items():
            times, more = seconds / best["etree"][0], added_mb / best["etree"][1]
            figures = f"{seconds:9.3f} {times:6.2f} {added_mb:9.1f} {more:6.2f}"
            print(f"{cues:7} {size_mb:8.1f} {variant:8} {figures}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(*measure_here(sys.argv[1], Path(sys.argv[2])))
    else:
        main()
