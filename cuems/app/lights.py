"""The lights of one show on this node: its DMX cues on a desk, its universes on the network.

What the show asks is done on the desk at once and in order; one task sends what the desk shows, at
most 44 times a second and only while something moves, and one proves that it can be sent. When
the show is left, by a STOP or otherwise, what it lit is sent dark and its universes are ended.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, assert_never

import anyio
from anyio.abc import TaskStatus

from cuems.adapters.dmx import DmxUnreachableError, open_dmx_sender
from cuems.core.cues import CueId, DmxCue
from cuems.core.dmx import Desk
from cuems.core.dmx_stream import FRAME_NS, GOODBYES, REPEATS, Packet, Streams
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
from cuems.core.timecode import NS_PER_S, from_ns, to_ns
from cuems.players.dmx import look
from cuems.wire.dmx_option import DmxOut, DmxProtocol

FAREWELL_S = 2 * (REPEATS + 1 + GOODBYES) * FRAME_NS / NS_PER_S

Report = Callable[[PlayerEvent], Awaitable[None]]


class Sender(Protocol):
    """The network. Both raise DmxUnreachableError where there is no way to a receiver."""

    def prove(self, universes: Iterable[int]) -> None:
        """Find out whether universes can be sent."""

    def send(self, packets: Iterable[Packet]) -> None:
        """Send a frame. Never waits."""


class Lights:
    """What the DMX cues of one show light."""

    def __init__(
        self,
        out: DmxOut,
        report: Report,
        open_sender: Callable[[DmxOut], AbstractContextManager[Sender]] = open_dmx_sender,
    ) -> None:
        """`report` gets what the sequencer has to know."""
        self._out = out
        self._report = report
        self._open_sender = open_sender
        self._desk = Desk(out.merge)
        self._streams = Streams(GOODBYES if out.protocol is DmxProtocol.SACN else 0)
        self._to_prove: dict[CueId, DmxCue] = {}  # one place per cue: a newer Arm replaces
        self._unproved = anyio.Event()
        self._changed = anyio.Event()
        self._dirty = False
        self._lost = False
        self._sender: Sender | None = None

    # ---- what the show asks

    def perform(self, effect: CueEffect, cue: DmxCue, now_ns: int) -> None:
        """Set about an effect on a cue. Never waits; loop thread only."""
        position = from_ns(now_ns)
        match effect:
            case Arm():
                self._prove(cue)
            case Start(elapsed=elapsed):
                self._start(cue, position, elapsed)
            case Relocate(elapsed=elapsed):
                self._desk.relocate(cue.id, position, elapsed)
            case Freeze():
                self._desk.freeze(cue.id, position)
            case Unfreeze(elapsed=elapsed):
                self._desk.unfreeze(cue.id, position, elapsed)
            case Stop(over=True):
                pass  # its look holds
            case Stop():
                self._desk.release(cue.id)
            case Disarm() | SetLevel():
                pass
            case _:
                assert_never(effect)
        self._wake()

    def fade_out(self, duration: int, now_ns: int) -> None:
        """Let everything that is lit fade to dark."""
        self._desk.fade_out(from_ns(now_ns), duration)
        self._wake()

    def black_out(self) -> None:
        """Send everything dark that was lit, and end its universes."""
        self._desk.clear()
        self._wake()

    def _start(self, cue: DmxCue, position: int, elapsed: int) -> None:
        try:
            shown = look(cue, self._out)
        except CuemsError:
            self._prove(cue)  # which says why not
            return
        self._desk.start(shown, position, elapsed)
        if self._sender is None:
            self._prove(cue)

    def _prove(self, cue: DmxCue) -> None:
        self._to_prove[cue.id] = cue
        self._unproved.set()

    def _wake(self) -> None:
        self._dirty = True
        self._changed.set()

    # ---- doing

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Send until cancelled; then everything that was lit is dark."""
        with ExitStack() as resources:
            async with anyio.create_task_group() as tg:
                tg.start_soon(self._prove_all, resources)
                task_status.started()
                try:
                    await self._send_for_ever()
                finally:
                    with anyio.move_on_after(FAREWELL_S, shield=True):
                        self.black_out()
                        await self._send_until_ended()

    async def _prove_all(self, resources: ExitStack) -> None:
        while True:
            await self._unproved.wait()
            self._unproved = anyio.Event()
            proving, self._to_prove = self._to_prove, {}
            for cue in proving.values():
                await self._report(self._proof(cue, resources))

    def _proof(self, cue: DmxCue, resources: ExitStack) -> PlayerEvent:
        try:
            wanted = look(cue, self._out)
            if self._sender is None:
                self._sender = resources.enter_context(self._open_sender(self._out))
                self._wake()
            self._sender.prove(wanted.universes)
        except CuemsError as error:
            return CueBroken(cue.id, str(error))
        return CueArmed(cue.id)

    async def _send_for_ever(self) -> None:
        while True:
            changed = self._changed = anyio.Event()
            due_ns = self._next_due_ns()
            if due_ns is None:
                await changed.wait()
            elif not await self._is_changed_before(due_ns, changed):
                await self._send_frame()

    async def _send_until_ended(self) -> None:
        while (due_ns := self._next_due_ns()) is not None and self._streams.universes:
            await anyio.sleep(max(0, due_ns - time.monotonic_ns()) / NS_PER_S)
            await self._send_frame()

    async def _is_changed_before(self, due_ns: int, changed: anyio.Event) -> bool:
        """Wait for a moment, or for a change that may bring it forward."""
        while (left_ns := due_ns - time.monotonic_ns()) > 0:
            with anyio.move_on_after(left_ns / NS_PER_S):
                await changed.wait()
                return True
        return False

    def _next_due_ns(self) -> int | None:
        if self._sender is None:
            return None
        now_ns = time.monotonic_ns()
        if self._dirty:
            return self._streams.next_due_ns(now_ns, now_ns)
        change = self._desk.next_change(from_ns(now_ns))
        return self._streams.next_due_ns(now_ns, None if change is None else to_ns(change))

    async def _send_frame(self) -> None:
        now_ns = time.monotonic_ns()
        self._dirty = False
        packets = self._streams.frame(now_ns, self._desk.levels_at(from_ns(now_ns)))
        if self._sender is None:
            return
        try:
            self._sender.send(packets)
        except DmxUnreachableError as error:
            await self._tell_lost(str(error))
        else:
            await self._tell_found(sent=bool(packets))

    async def _tell_lost(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            for cue in self._desk.cues:
                await self._report(CueBroken(cue, reason))

    async def _tell_found(self, *, sent: bool) -> None:
        if self._lost and sent:
            self._lost = False
            for cue in self._desk.cues:
                await self._report(CueArmed(cue))
