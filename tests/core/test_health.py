"""How a process gets on."""

from collections import Counter

from cuems.core.health import (
    Disk,
    Figures,
    Heart,
    Lag,
    Machine,
    Pulse,
    Queue,
    died_of,
    summary,
    warnings,
)

MS = 1_000_000
S = 1000 * MS
GIB = 1 << 30


def figures(**other: object) -> Figures:
    machine = Machine(
        memory_bytes=61 << 20,
        open_files=40,
        most_files=1024,
        children=Counter(mpv=3),
        disks=(Disk(name="library", free_bytes=120 * GIB, total_bytes=200 * GIB),),
    )
    known: dict[str, object] = {
        "lags": {"node": Lag(p99_ns=400_000)},
        "timecode": Counter(locked=2),
        "nodes": Counter(ok=2),
        "queues": (Queue(name="clients", waiting=0, room=10),),
        "machine": machine,
    }
    return Figures(**(known | other))  # type: ignore[arg-type]


def fed(heart_every_ns: int = S) -> tuple[Heart, list[str]]:
    feeds: list[str] = []
    return Heart(lambda: feeds.append("fed"), heart_every_ns), feeds


def test_a_loop_that_turns_feeds_the_watchdog_now_and_then() -> None:
    heart, feeds = fed()
    pulse = heart.pulse("node")
    for at_ns in range(0, 3 * S, 100 * MS):
        pulse.turned(at_ns)
    assert len(feeds) == 3


def test_a_loop_that_hangs_starves_it_while_the_other_turns() -> None:
    heart, feeds = fed()
    controller, node = heart.pulse("controller"), heart.pulse("node")
    controller.turned(0)
    node.turned(0)
    for at_ns in range(0, 10 * S, 100 * MS):
        controller.turned(at_ns)
    assert len(feeds) == 1
    node.turned(10 * S)
    assert len(feeds) == 2


def test_a_loop_that_is_over_is_not_waited_for() -> None:
    heart, feeds = fed()
    standby, controller = heart.pulse("standby"), heart.pulse("controller")
    heart.end("standby")
    controller.turned(0)
    assert feeds == ["fed"]
    assert standby.lag == Lag()


def test_lags_are_folded_and_a_minute_begins_anew_while_the_histogram_goes_on() -> None:
    pulse = Pulse()
    for _ in range(99):
        pulse.late(50_000)
    pulse.late(30 * MS)
    lag = pulse.take()
    assert (lag.p50_ns, lag.p99_ns, lag.max_ns) == (50_000, 30 * MS, 30 * MS)
    assert lag.buckets[0] == 99
    assert sum(lag.buckets) == 100
    assert lag.total_ns == 99 * 50_000 + 30 * MS
    assert pulse.lag.max_ns == 0
    assert sum(pulse.lag.buckets) == 100


def test_a_lag_beyond_all_bounds_is_counted_without_one() -> None:
    pulse = Pulse()
    pulse.late(5 * S)
    assert pulse.lag.buckets[-1] == 1


def test_the_line_says_what_a_person_wants_to_know() -> None:
    assert summary(figures()) == (
        "loop 0.4 ms late at p99, timecode locked 2, bus ok 2, processes mpv 3, dropped: nothing,"
        " 61 MiB, 40 files open, library 120.0 GiB free"
    )


def test_nothing_is_wrong_with_a_rig_that_is_well() -> None:
    assert not list(warnings(figures()))


def test_what_is_wrong_is_named() -> None:
    machine = Machine(
        memory_bytes=1,
        open_files=900,
        most_files=1024,
        disks=(Disk(name="state", free_bytes=5 << 20, total_bytes=GIB),),
    )
    bad = figures(
        lags={"node": Lag(p99_ns=80 * MS)},
        timecode=Counter(locked=1, lost=2),
        queues=(Queue(name="clients", waiting=6, room=10),),
        machine=machine,
    )
    assert list(warnings(bad)) == [
        "the loop of the node is 80 ms late at p99",
        "timecode is lost 2",
        "clients: 6 of 10 places are taken",
        "900 of 1024 files are open",
        "state: 5 MiB are free",
    ]


def test_a_crash_is_told_in_one_line() -> None:
    told = died_of("ValueError: no; cue 'Gong'\nTraceback …")
    assert told == "the program has died and was started again: ValueError: no; cue 'Gong'"
