import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.adapters.mailbox import Mailbox


@given(st.lists(st.integers()), st.integers(1, 20))
def test_a_full_mailbox_keeps_the_newest_in_order_and_counts_the_rest(
    items: list[int], capacity: int
) -> None:
    inbox: Mailbox[int] = Mailbox(capacity)
    for item in items:
        inbox.put(item)
    assert inbox.dropped_items == max(0, len(items) - capacity)
    assert len(inbox) == min(len(items), capacity)
    assert inbox.drain() == items[-capacity:]
    assert inbox.drain() == []


def test_a_mailbox_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity_items is 0"):
        Mailbox[int](0)


def test_taking_from_an_empty_mailbox_says_so() -> None:
    inbox: Mailbox[int] = Mailbox(2)
    with pytest.raises(anyio.WouldBlock):
        inbox.receive_nowait()
    inbox.put(1)
    assert inbox.receive_nowait() == 1


async def test_a_reader_that_waits_gets_what_is_put_later() -> None:
    inbox: Mailbox[int] = Mailbox(4)
    received: list[int] = []

    async def read() -> None:
        while len(received) < 3:
            received.append(await inbox.receive())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            inbox.put(1)
            inbox.put(2)
            await anyio.wait_all_tasks_blocked()
            inbox.put(3)
    assert received == [1, 2, 3]


async def test_one_wake_brings_everything_that_gathered() -> None:
    inbox: Mailbox[int] = Mailbox(4)
    batches: list[list[int]] = []

    async def read() -> None:
        while sum(map(len, batches)) < 4:
            await inbox.wait()
            batches.append(inbox.drain())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            for item in range(3):
                inbox.put(item)
            await anyio.wait_all_tasks_blocked()
            inbox.put(3)
    assert batches == [[0, 1, 2], [3]]


async def test_a_cancelled_reader_loses_nothing() -> None:
    inbox: Mailbox[int] = Mailbox(4)
    received: list[int] = []

    async def read() -> None:
        received.append(await inbox.receive())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            inbox.put(7)
            tasks.cancel_scope.cancel()
    assert received + inbox.drain() == [7]
