"""What leaves for a player: all in its order, levels only at their newest and together."""

import anyio

from cuems.app.outlet import TOGETHER_MESSAGES, WAITING_PACKETS, Outlet
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle, OscPacket, decode

LOAD, SHOW = Osc("/load", ("a",)), Osc("/visible", (1,))


def level(value: float, name: str = "/opacity") -> Osc:
    return Osc(name, (value,))


class Player:
    """Takes datagrams until it has had enough."""

    def __init__(self, enough: int, scope: anyio.CancelScope) -> None:
        self.heard: list[OscPacket] = []
        self._enough = enough
        self._scope = scope

    async def send(self, datagram: bytes) -> None:
        self.heard.append(decode(datagram))
        if len(self.heard) == self._enough:
            self._scope.cancel()


async def heard_of(outlet: Outlet, datagrams: int) -> list[OscPacket]:
    with anyio.fail_after(5), anyio.CancelScope() as scope:
        player = Player(datagrams, scope)
        await outlet.serve(player)
    return player.heard


async def test_messages_leave_one_by_one_in_their_order_also_when_they_repeat() -> None:
    outlet = Outlet()
    outlet.send(LOAD, SHOW)
    outlet.send(SHOW)
    assert await heard_of(outlet, 3) == [LOAD, SHOW, SHOW]


async def test_of_levels_only_the_newest_leave_and_together() -> None:
    outlet = Outlet()
    for value in (0.25, 0.5, 0.75):
        outlet.set(level(value), level(value, "/other"))
    together = OscBundle(IMMEDIATELY, (level(0.75), level(0.75, "/other")))
    assert await heard_of(outlet, 1) == [together]


async def test_a_level_stays_between_what_came_before_and_after_it() -> None:
    outlet = Outlet()
    outlet.send(LOAD)
    outlet.set(level(0.5))
    outlet.send(SHOW)
    outlet.set(level(1.0))
    assert await heard_of(outlet, 4) == [LOAD, level(0.5), SHOW, level(1.0)]


async def test_many_levels_leave_in_datagrams_a_player_can_take() -> None:
    outlet = Outlet()
    outlet.set(*(level(0.5, f"/{number}") for number in range(TOGETHER_MESSAGES + 1)))
    first, second = await heard_of(outlet, 2)
    assert isinstance(first, OscBundle)
    assert len(first.elements) == TOGETHER_MESSAGES
    assert second == level(0.5, f"/{TOGETHER_MESSAGES}")


async def test_where_nobody_takes_anything_the_oldest_are_dropped_and_counted() -> None:
    outlet = Outlet()
    outlet.send(LOAD, *[SHOW] * WAITING_PACKETS)
    assert outlet.dropped_packets == 1
    assert await heard_of(outlet, WAITING_PACKETS) == [SHOW] * WAITING_PACKETS


async def test_what_is_not_wanted_any_more_does_not_leave() -> None:
    outlet = Outlet()
    outlet.send(LOAD)
    outlet.set(level(0.5))
    outlet.forget()
    outlet.send(SHOW)
    assert await heard_of(outlet, 1) == [SHOW]
