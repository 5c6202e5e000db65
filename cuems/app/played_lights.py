"""The lights of one show by cuems-dmxplayer, the node's own.

The player knows scenes and no cues. What is on is kept here (core/dmx.py), so that it can be told
what to show when a look is taken away, held or moved, and everything anew when it had to be
started again.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import assert_never

import anyio
from anyio.abc import TaskStatus

from cuems.app.resident import Resident
from cuems.core.cues import CueId, DmxCue
from cuems.core.dmx import Desk
from cuems.core.effects import (
    Arm,
    CueEffect,
    Disarm,
    Freeze,
    Relocate,
    SetLevel,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.errors import CuemsError
from cuems.core.events import CueArmed, CueBroken, PlayerEvent
from cuems.core.timecode import FrameRate, from_ms, from_ns
from cuems.players import dmx_player
from cuems.players.dmx_player import Levels, scene_at, scene_now
from cuems.wire.osc import OscPacket

ON_TIME_FLICKS = from_ms(100)  # a scene that begins this late is still told where it began

Report = Callable[[PlayerEvent], Awaitable[None]]


class PlayedLights:
    """What the DMX cues of one show light."""

    def __init__(self, player: Resident, rate: FrameRate, report: Report) -> None:
        """`report` gets what the sequencer has to know."""
        self._player = player
        self._rate = rate
        self._report = report
        self._desk = Desk()
        self._to_prove: dict[CueId, DmxCue] = {}  # one place per cue: a newer Arm replaces
        self._unproved = anyio.Event()

    # ---- what the show asks

    def perform(self, effect: CueEffect, cue: DmxCue, now_ns: int) -> None:
        """Set about an effect on a cue. Never waits; loop thread only."""
        position = from_ns(now_ns)
        match effect:
            case Arm():
                self._prove(cue)
            case Start(start=start, elapsed=elapsed):
                self._start(cue, position, start, elapsed)
            case Relocate(elapsed=elapsed):
                self._desk.relocate(cue.id, position, elapsed)
                self._send(*self._as_it_is(cue.id, position))
            case Freeze():
                self._desk.freeze(cue.id, position)
                self._send(*self._as_it_is(cue.id, position))
            case Unfreeze(elapsed=elapsed):
                self._desk.unfreeze(cue.id, position, elapsed)
                self._send(*self._as_it_is(cue.id, position))
            case Stop(over=True):
                pass  # its look holds
            case Stop():
                self._release(cue.id, position)
            case Disarm() | SetLevel():
                pass
            case _:
                assert_never(effect)

    def fade_out(self, duration: int, now_ns: int) -> None:
        """Let everything that is lit fade to dark."""
        lit = self._desk.lit_slots()
        self._desk.fade_out(from_ns(now_ns), duration)
        if lit:
            self._send(scene_now(_dark(lit), duration))

    def black_out(self) -> None:
        """Be dark now, and stand."""
        self._desk.clear()
        self._send(dmx_player.follow(False), dmx_player.DARK)

    def _send(self, *packets: OscPacket) -> None:
        self._player.outlet.send(*packets)

    def _start(self, cue: DmxCue, position: int, start: int, elapsed: int) -> None:
        try:
            shown = dmx_player.look(cue)
        except CuemsError:
            self._prove(cue)  # which says why not
            return
        self._desk.start(shown, position, elapsed)
        self._send(dmx_player.follow(True))
        if elapsed <= ON_TIME_FLICKS:
            self._send(scene_at(shown.universes, start, shown.fade_flicks, self._rate))
        else:
            self._send(*self._as_it_is(cue.id, position))
        if self._player.problem:
            self._prove(cue)

    def _as_it_is(self, cue: CueId, position: int) -> Iterable[OscPacket]:
        """A look's channels as they are now, and what is left of its fade."""
        slots = self._desk.slots_of(cue)
        if not slots:
            return
        yield scene_now(self._now(slots, position))
        left = self._desk.left_of(cue, position)
        if left:
            yield scene_now(slots, left)

    def _release(self, cue: CueId, position: int) -> None:
        slots = self._desk.slots_of(cue)
        self._desk.release(cue)
        if slots:
            self._send(scene_now(self._now(slots, position)))

    def _now(self, slots: Levels, position: int) -> dict[int, dict[int, int]]:
        shown = self._desk.levels_at(position)
        return {
            universe: {slot: shown[universe][slot] if universe in shown else 0 for slot in levels}
            for universe, levels in slots.items()
        }

    def _prove(self, cue: DmxCue) -> None:
        self._to_prove[cue.id] = cue
        self._unproved.set()

    # ---- doing

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Prove what is to be proved until cancelled; then everything is dark."""
        greeting, self._player.greeting = self._player.greeting, self._all
        try:
            async with anyio.create_task_group() as tg:
                tg.start_soon(self._tell_of_player)
                task_status.started()
                while True:
                    await self._unproved.wait()
                    self._unproved = anyio.Event()
                    proving, self._to_prove = self._to_prove, {}
                    for cue in proving.values():
                        await self._report(await self._proof(cue))
        finally:
            self._player.greeting = greeting
            self.black_out()

    async def _proof(self, cue: DmxCue) -> PlayerEvent:
        try:
            dmx_player.look(cue)
            await self._player.ready()
        except CuemsError as error:
            return CueBroken(cue.id, str(error))
        return CueArmed(cue.id)

    async def _tell_of_player(self) -> None:
        """Tell of the cues that are lit when their player is gone, and when it is back."""
        while True:
            await self._player.changed()
            problem = self._player.problem
            for cue in self._desk.cues:
                if problem:
                    await self._report(CueBroken(cue, f"{self._player.name}: {problem}"))
                else:
                    await self._report(CueArmed(cue))

    def _all(self) -> Iterable[OscPacket]:
        """Everything that is lit, for a player that begins anew."""
        position = from_ns(time.monotonic_ns())
        lit = self._desk.lit_slots()
        if not lit:
            return (dmx_player.follow(False), dmx_player.DARK)
        return (dmx_player.follow(True), scene_now(self._now(lit, position)))


def _dark(slots: Mapping[int, Mapping[int, int]]) -> dict[int, dict[int, int]]:
    return {universe: dict.fromkeys(levels, 0) for universe, levels in slots.items()}
