"""Gathering how a process gets on."""

from collections import Counter
from pathlib import Path

import anyio

from cuems.app.health import open_health


async def test_figures_are_of_what_the_roles_have_named(tmp_path: Path) -> None:
    send, receive = anyio.create_memory_object_stream[int](8)
    with send, receive, open_health({}, {"here": tmp_path}) as health:
        health.add_stream("inbox", send, room=8)
        health.timecode = lambda: Counter(("locked",))
        with health.pulse("node") as pulse:
            pulse.late(1000)
            send.send_nowait(1)
            with anyio.fail_after(20):
                figures = await health.figures()
                again = await health.figures()
        assert health.heart.pulses == {}
    assert figures.lags["node"].max_ns == again.lags["node"].max_ns == 1000
    assert [(queue.name, queue.waiting, queue.room) for queue in figures.queues] == [
        ("inbox", 1, 8)
    ]
    assert figures.timecode == Counter(locked=1)
    assert [disk.name for disk in figures.machine.disks] == ["here"]


async def test_the_log_the_manager_and_the_operator_hear_it_soon(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    heard = anyio.Event()

    async def tell(line: str, wrong: str) -> None:
        told.append((line, wrong))
        heard.set()

    with open_health({}, {"here": tmp_path}) as health, anyio.fail_after(30):
        health.timecode = lambda: Counter(("lost",))
        async with anyio.create_task_group() as tg:
            tg.start_soon(health.watch, tell)
            await heard.wait()
            tg.cancel_scope.cancel()
    ((line, wrong),) = told
    assert "timecode lost 1" in line
    assert "timecode is lost 1" in wrong
