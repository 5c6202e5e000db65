"""The numbers of one show on many machines: every figure, and whether it is what was promised.

    python -m tests.bench.cluster_table [--short]

About 15 minutes on a machine that does nothing else; --short takes 3 and says less. Each part is a
bench or a soak of its own, in a process of its own, and says what it measures; a part that fails
or does not end is a goal missed. At the end all goals once more. Exit status 1 where one is missed.
"""

import argparse
import shlex
import subprocess
import sys
import time

from tests.bench.figures import say

PATIENCE_S = 900.0  # for one part
MISSED = "goal MISSED: "

# What is measured; how, in full and in short.
PARTS = (
    (
        "commands to 3 nodes at 20 % loss, and against a bare ping",
        "tests.bench.bench_delivery --commands 100000 --pings 2000",
        "tests.bench.bench_delivery --commands 5000 --pings 500",
    ),
    (
        "one start on 3 nodes, one host",
        "tests.bench.bench_cluster spread --gos 1000",
        "tests.bench.bench_cluster spread --gos 40",
    ),
    (
        "one start on 3 nodes, 5 ± 2 ms between",
        "tests.bench.bench_cluster spread --gos 200 --delay 5 --jitter 2",
        "tests.bench.bench_cluster spread --gos 20 --delay 5 --jitter 2",
    ),
    (
        "a node back from SIGKILL",
        "tests.bench.bench_cluster rejoin --rounds 20",
        "tests.bench.bench_cluster rejoin --rounds 3",
    ),
    (
        "a standby takes over",
        "tests.bench.bench_standby 20",
        "tests.bench.bench_standby 1",
    ),
    (
        "20 nodes, whole processes",
        "tests.bench.bench_cluster many --nodes 20 --seconds 20",
        "tests.bench.bench_cluster many --nodes 8 --seconds 5",
    ),
    (
        "50 nodes, simulated",
        "tests.bench.bench_cluster simulated --nodes 50 --seconds 60",
        "tests.bench.bench_cluster simulated --nodes 50 --seconds 10",
    ),
    (
        "partitions",
        "tests.soak.soak_partition 10 60",
        "tests.soak.soak_partition 1",
    ),
    (
        "seeds of a simulated rig against the invariants",
        "tests.soak.soak_cluster --seeds 10000",
        "tests.soak.soak_cluster --seeds 100",
    ),
)


def measure(title: str, command: str) -> list[str]:
    """Run a part, and show what it says; its goals."""
    say(f"\n== {title}: python -m {command}")
    began = time.monotonic()
    words = [sys.executable, "-m", *shlex.split(command)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return [f"{MISSED}{title}: it did not end within {PATIENCE_S:.0f} s"]
    say(f"{done.stdout.rstrip()}\n({time.monotonic() - began:.0f} s)")
    goals = [line for line in done.stdout.splitlines() if line.startswith("goal ")]
    if done.returncode and not any(goal.startswith(MISSED) for goal in goals):
        why = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        goals.append(f"{MISSED}{title}: exit status {done.returncode}: {why}")
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    goals = [
        goal
        for title, in_full, in_short in PARTS
        for goal in measure(title, in_short if short else in_full)
    ]
    say("\n== all goals")
    for goal in goals:
        say(goal)
    sys.exit(any(goal.startswith(MISSED) for goal in goals))


if __name__ == "__main__":
    main()
