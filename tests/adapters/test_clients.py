"""In which order a client is told what it has not been sent yet."""

import anyio

from cuems.adapters.clients import Clients, Outbox
from tests.bench.load import Deaf

BATCH = 16


def outbox() -> Outbox:
    return Outbox("test", lambda: None)


async def taken(box: Outbox, most: int = BATCH) -> list[bytes | str]:
    with anyio.fail_after(20):
        return await box.take(most)


async def test_a_newer_value_comes_where_it_was_said_not_where_the_older_one_stood() -> None:
    box = outbox()
    for address, frame in [("/cue", b"40 %"), ("/running", b"no"), ("/cue", b"0 %")]:
        box.put(address, frame)
    assert await taken(box) == [b"no", b"0 %"]


async def test_the_same_said_again_stays_where_it_was_said_first() -> None:
    box = outbox()
    for address, frame in [("/timecode", b"0"), ("/armed", b"no"), ("/timecode", b"0")]:
        box.put(address, frame)
    assert await taken(box) == [b"0", b"no"]


async def test_a_fact_that_never_stops_changing_has_its_turn_also_where_much_waits() -> None:
    box = outbox()
    for number in range(1000):
        box.put(f"/{number}", b"")
    for turn in range(1000 // BATCH + 8):
        box.put("/timecode", b"%d" % turn)
        if (b"%d" % turn) in await taken(box):
            return
        for number in range(0, 1000, 3):
            box.put(f"/{number}", b"")
    raise AssertionError("it never came")


async def test_what_is_told_in_full_is_not_replaced() -> None:
    clients, box = Clients(), outbox()
    clients.enter(box, "here", Deaf())
    for frame in (b"no", b"yes"):
        clients.publish("/armed", frame, in_full=True)
    assert await taken(box) == [b"no", b"yes"]
