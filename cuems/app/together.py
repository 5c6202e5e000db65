"""Several players of one cue, a screen each, as if they were one."""

from collections.abc import Callable, Coroutine, Mapping, Sequence

import anyio

from cuems.app.performer import Moment, Performer
from cuems.players.picture import Level


def together(performers: Sequence[Performer]) -> Performer:
    """What is asked is asked of all at once, and done when all have confirmed."""
    return performers[0] if len(performers) == 1 else Together(performers)


class Together:
    """Where one fails, the cue does: half of a picture is not what was asked for."""

    def __init__(self, performers: Sequence[Performer]) -> None:
        self._performers = performers

    async def _all(self, ask: Callable[[Performer], Coroutine[None, None, None]]) -> None:
        async with anyio.create_task_group() as tg:
            for performer in self._performers:
                tg.start_soon(ask, performer)

    async def arm(self, elapsed: int) -> None:
        await self._all(lambda one: one.arm(elapsed))

    def release(self, levels: Mapping[Level, float], moment: Moment) -> None:
        for performer in self._performers:
            performer.release(levels, moment)

    async def play(self, moment: Moment) -> None:
        await self._all(lambda one: one.play(moment))

    async def hold(self, elapsed: int) -> None:
        await self._all(lambda one: one.hold(elapsed))

    async def prove(self) -> None:
        await self._all(lambda one: one.prove())

    async def set_level(self, parameter: Level, value: float) -> None:
        await self._all(lambda one: one.set_level(parameter, value))

    def next_turn(self, elapsed: int) -> int | None:
        turns = [turn for one in self._performers if (turn := one.next_turn(elapsed)) is not None]
        return min(turns, default=None)

    async def turn(self, moment: Moment) -> None:
        await self._all(lambda one: one.turn(moment))
