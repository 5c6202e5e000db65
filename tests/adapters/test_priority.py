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


ASK_THREADS = """
import os, threading, pynng
from pathlib import Path
from cuems.adapters.priority import go_first
done = threading.Event()
other = threading.Thread(target=done.wait)
other.start()
with pynng.Bus0(listen="tcp://127.0.0.1:0"):
    go_first()
    tasks = Path("/proc/self/task").iterdir()
    names = {int(task.name): (task / "comm").read_text() for task in tasks}
    of_nng = {os.sched_getscheduler(task) for task, name in names.items() if name[:3] == "nng"}
    print(len(of_nng), *of_nng, os.sched_getscheduler(0), os.sched_getscheduler(other.native_id))
done.set()
"""


def test_the_threads_of_nng_go_first_as_well_and_no_other_does() -> None:
    alike, of_nng, ours, of_another = asked(ASK_THREADS)
    assert (alike, of_nng, of_another) == (1, ours, 0)


def asked(program: str = ASK) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    return [int(word) for word in done.stdout.split()]
