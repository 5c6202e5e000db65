"""Going first, in a process of its own: this one is to stay as it is."""

import subprocess
import sys

ASK = """
import os
from cuems.adapters.priority import go_first
before = os.sched_getscheduler(0)
give_way = go_first()
child = os.fork()
if not child:
    os._exit(os.sched_getscheduler(0))
inherited = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if give_way is not None:
    give_way()
print(before, os.sched_getscheduler(0), os.sched_getparam(0).sched_priority, inherited)
"""


def test_who_goes_first_is_of_the_lowest_real_time_rank_and_what_it_starts_is_not() -> None:
    before, now, rank, inherited = asked()
    assert (before, inherited) == (0, 0)
    assert (now & 0xF, rank) in {(2, 1), (0, 0)}  # round robin, or refused by this machine


def asked() -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", ASK], check=True, capture_output=True, text=True, timeout=60
    )
    return [int(word) for word in done.stdout.split()]
