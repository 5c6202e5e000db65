import anyio
import pytest

from cuems.adapters.clock import now_ns, open_alarm, stand_until
from cuems.adapters.mailbox import Mailbox

MS = 1_000_000
LONG_AGO_NS = 1
NEVER_IN_A_TEST_NS = 3600 * 1000 * MS


async def rung_at(due_ns: int) -> int:
    rings: Mailbox[int] = Mailbox(4)
    async with open_alarm(lambda: rings.put(now_ns())) as alarm:
        alarm.set(due_ns)
        with anyio.fail_after(5):
            return await rings.receive()


@pytest.mark.parametrize("ahead_ns", [0, 10_000, 119_000, 121_000, 1 * MS, 3 * MS, 20_000_001])
async def test_an_alarm_rings_and_never_early(ahead_ns: int) -> None:
    for _ in range(20 if ahead_ns < 4 * MS else 1):
        due_ns = now_ns() + ahead_ns
        assert await rung_at(due_ns) >= due_ns


@pytest.mark.parametrize("ahead_ns", [0, 10_000, 119_000, 121_000, 1 * MS])
def test_who_stands_until_a_moment_goes_on_no_earlier(ahead_ns: int) -> None:
    for _ in range(20):
        at_ns = now_ns() + ahead_ns
        stand_until(at_ns)
        assert now_ns() >= at_ns


async def test_a_moment_that_is_over_rings_at_once() -> None:
    assert await rung_at(LONG_AGO_NS) > LONG_AGO_NS


async def test_setting_again_replaces_the_former_moment() -> None:
    rings: Mailbox[int] = Mailbox(4)
    async with open_alarm(lambda: rings.put(now_ns())) as alarm:
        alarm.set(now_ns() + NEVER_IN_A_TEST_NS)
        due_ns = now_ns() + 2 * MS
        alarm.set(due_ns)
        with anyio.fail_after(5):
            assert await rings.receive() >= due_ns


async def test_an_alarm_rings_once_per_setting() -> None:
    rings: Mailbox[int] = Mailbox(4)
    fence: Mailbox[int] = Mailbox(4)
    async with (
        open_alarm(lambda: rings.put(1)) as alarm,
        open_alarm(lambda: fence.put(1)) as later,
    ):
        alarm.set(LONG_AGO_NS)
        with anyio.fail_after(5):
            await rings.receive()
            later.set(now_ns() + 5 * MS)
            await fence.receive()
    assert len(rings) == 0


async def test_an_unset_alarm_is_silent_even_when_it_had_expired() -> None:
    rings: Mailbox[int] = Mailbox(4)
    fence: Mailbox[int] = Mailbox(4)
    async with (
        open_alarm(lambda: rings.put(1)) as alarm,
        open_alarm(lambda: fence.put(1)) as later,
    ):
        alarm.set(LONG_AGO_NS)
        alarm.set(None)
        later.set(now_ns() + 5 * MS)
        with anyio.fail_after(5):
            await fence.receive()
    assert len(rings) == 0


async def test_an_alarm_may_be_set_again_from_its_own_ring() -> None:
    rings: Mailbox[int] = Mailbox(8)
    moments_ns = [now_ns() + step * MS for step in range(1, 4)]
    to_come = iter(moments_ns)

    def ring() -> None:
        rings.put(now_ns())
        alarm.set(next(to_come, None))

    async with open_alarm(ring) as alarm:
        alarm.set(next(to_come))
        with anyio.fail_after(5):
            for moment_ns in moments_ns:
                assert await rings.receive() >= moment_ns


async def test_a_closed_alarm_does_not_ring() -> None:
    rings: Mailbox[int] = Mailbox(4)
    fence: Mailbox[int] = Mailbox(4)
    async with open_alarm(lambda: fence.put(1)) as later:
        async with open_alarm(lambda: rings.put(1)) as alarm:
            alarm.set(now_ns() + 2 * MS)
        later.set(now_ns() + 4 * MS)
        with anyio.fail_after(5):
            await fence.receive()
    assert len(rings) == 0
