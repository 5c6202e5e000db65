"""Keeping a seat's player: started, proved ready, followed, and started again where it dies."""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread

from cuems.adapters.osc_udp import NoFreePortError, PortTakenError
from cuems.adapters.player_records import Adopted
from cuems.adapters.process import ProcessDiedError
from cuems.app.mpv_players import open_survivors
from cuems.app.performer import Performer
from cuems.app.performers import open_performer
from cuems.app.seat import Held, Playing, Ready, Seat, Wanted
from cuems.app.workshop import Workshop
from cuems.core.cues import CueId, MediaCue
from cuems.core.errors import CuemsError
from cuems.core.events import CueArmed, PlayerEvent
from cuems.core.timecode import NS_PER_S, to_ns
from cuems.players import ByLights, ByMedia, casting
from cuems.players.errors import CannotPlayError

ARMING_AT_ONCE = 4  # a starting player takes 0.1 s of a core away from those that play
ARM_DEADLINE_S = 10.0
FIND_DEADLINE_S = 3.0
PROOF_S = 3.0  # so often it is asked whether a player is still there
RESTART_PAUSES_S = (0.0, 0.2, 1.0)
STEADY_NS = 10 * NS_PER_S  # a player that lived this long has earned all its restarts again

Report = Callable[[PlayerEvent], Awaitable[None]]
Say = Callable[[CueId, str], None]
Notice = Callable[[CueId, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatKeeper:
    """Keeps the seats of one stage, whose media files are in `media`.

    `report` gets what the sequencer has to know, `say` a line for the log; `notice` gets what was
    lost and repaired, which an operator should know.
    """

    workshop: Workshop
    media: Path
    report: Report
    say: Say
    notice: Notice
    _arming: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(ARMING_AT_ONCE))

    async def keep(self, seat: Seat) -> CuemsError:
        """Keep a seat's player alive; returns what cannot be repaired."""
        restarts, lost_since_ns = 0, None
        while True:
            began_ns = time.monotonic_ns()
            error = await self._session(seat, lost_since_ns)
            ended_ns = time.monotonic_ns()
            if ended_ns - began_ns > STEADY_NS:
                restarts = 0
            if restarts == len(RESTART_PAUSES_S) or not _is_repairable(seat, error):
                return error
            self.say(seat.cue.id, f"{error}; it is started again")
            lost_since_ns = ended_ns
            await anyio.sleep(RESTART_PAUSES_S[restarts])
            restarts += 1

    async def _session(self, seat: Seat, lost_since_ns: int | None) -> CuemsError:
        """One player process, from its start to what ended it."""
        ended: list[CuemsError] = []
        try:
            async with AsyncExitStack() as stack:
                standing: Wanted
                if seat.adopted:
                    performer = await self._take_over(seat, seat.adopted, stack)
                    standing = Ready(0)
                else:
                    async with self._arming:
                        performer = await self._open(seat, stack)
                        standing = await self._arm(seat, performer)
                await self._follow(seat, performer, standing, lost_since_ns)
        except* CuemsError as group:
            ended = _leaves(group)
        return min(ended, key=_weight)

    async def _open(self, seat: Seat, stack: AsyncExitStack) -> Performer:
        role = casting(seat.cue, self.workshop.config)
        assert not isinstance(role, ByLights), "app/lights.py plays those"
        path = await self._find_media(role)
        cue = seat.cue.id
        return await stack.enter_async_context(
            open_performer(role, path, self.workshop, lambda line: self.say(cue, line))
        )

    async def _take_over(
        self, seat: Seat, adopted: Sequence[Adopted], stack: AsyncExitStack
    ) -> Performer:
        cue, seat.adopted, seat.proved = seat.cue, (), True
        assert isinstance(cue, MediaCue), "others have no process"
        return await stack.enter_async_context(
            open_survivors(cue, adopted, self.workshop, lambda line: self.say(cue.id, line))
        )

    async def _find_media(self, role: ByMedia) -> Path:
        media = role.cue.media
        if media is None or not media.file_name:
            raise CannotPlayError(role.cue.name, "it has no media file", "choose one in the editor")
        if "/" in media.file_name or media.file_name in {".", ".."}:
            raise CannotPlayError(media.file_name, "a media file is named without folders")
        path = self.media / media.file_name
        try:
            with anyio.fail_after(FIND_DEADLINE_S):
                size = await anyio.to_thread.run_sync(_size_bytes, path, abandon_on_cancel=True)
        except TimeoutError as error:  # a network drive that is gone
            problem = f"its drive has not answered within {FIND_DEADLINE_S:g} s"
            raise CannotPlayError(str(path), problem) from error
        except OSError as error:  # a folder we may not look into
            raise CannotPlayError(str(path), str(error.strerror)) from error
        if not size:
            problem = "no such media file" if size is None else "it is empty"
            raise CannotPlayError(str(path), problem, "copy it there, or deploy again")
        return path

    async def _arm(self, seat: Seat, performer: Performer) -> Ready:
        """Prove a new player ready at the place that will be wanted of it."""
        wanted = seat.wanted
        standing = wanted if isinstance(wanted, Ready) else Ready(_elapsed(wanted))
        with anyio.move_on_after(ARM_DEADLINE_S) as deadline:
            await performer.arm(standing.elapsed)
        if deadline.cancelled_caught:
            problem = f"its player was not ready within {ARM_DEADLINE_S:g} s"
            raise CannotPlayError(seat.cue.name, problem)
        return standing

    async def _follow(
        self, seat: Seat, performer: Performer, standing: Wanted, lost_since_ns: int | None
    ) -> None:
        """Do what is asked of an armed player, until it fails or the seat is left."""
        seat.told = {}
        while True:
            change = seat.change()
            for parameter, value in seat.untold().items():  # first: a fade-in begins in silence
                await performer.set_level(parameter, value)
                seat.told[parameter] = value
            if seat.wanted is not standing:
                standing = await self._become(seat, performer)
            if lost_since_ns is not None:
                await self._tell_joined(seat, standing, lost_since_ns)
                lost_since_ns = None
            if not seat.proved:
                seat.proved = True
                await self.report(CueArmed(seat.cue.id))
            if isinstance(standing, Ready) and not change.is_set():
                seat.performer = performer
            try:
                await self._wait(change, performer, standing)
            finally:
                seat.performer = None

    async def _become(self, seat: Seat, performer: Performer) -> Wanted:
        wanted = seat.wanted
        match wanted:
            case Ready(elapsed):
                await performer.arm(elapsed)
                await self.report(CueArmed(seat.cue.id))
            case Playing(moment):
                await performer.play(moment)
            case Held(elapsed):
                await performer.hold(elapsed)
            case _:
                assert_never(wanted)
        return wanted

    async def _wait(self, change: anyio.Event, performer: Performer, standing: Wanted) -> None:
        """Wait for a change; do its turns meanwhile, and see that the player is still there."""
        while not change.is_set():
            due_s = _until_turn_s(performer, standing)
            with anyio.move_on_after(min(PROOF_S, due_s)):
                await change.wait()
                return
            if isinstance(standing, Playing) and due_s <= PROOF_S:
                await performer.turn(standing.moment)
            else:
                await performer.prove()

    async def _tell_joined(self, seat: Seat, standing: Wanted, since_ns: int) -> None:
        now_ns = time.monotonic_ns()
        match standing:
            case Playing(moment):
                at_s = to_ns(moment.elapsed_at(now_ns)) / NS_PER_S
                lost_s = (now_ns - max(since_ns, moment.at_ns)) / NS_PER_S
                text = f"joined again at {at_s:.1f} s, {lost_s:.1f} s lost"
                await self.notice(seat.cue.id, text)
            case Ready() | Held():
                text = f"ready again after {(now_ns - since_ns) / NS_PER_S:.1f} s"
        self.say(seat.cue.id, text)


def _size_bytes(path: Path) -> int | None:
    """How large a file is; None: there is no such file. Raises OSError for what cannot be seen."""
    return path.stat().st_size if path.is_file() else None


def _until_turn_s(performer: Performer, standing: Wanted) -> float:
    """How long until a turn of a playing cue is due; for ever where none is."""
    if not isinstance(standing, Playing):
        return math.inf
    elapsed = standing.moment.elapsed_at(time.monotonic_ns())
    due = performer.next_turn(elapsed)
    return math.inf if due is None else to_ns(due - elapsed) / NS_PER_S


def _elapsed(wanted: Wanted) -> int:
    if isinstance(wanted, Playing):
        return wanted.moment.elapsed_at(time.monotonic_ns())
    return wanted.elapsed


def _is_repairable(seat: Seat, error: CuemsError) -> bool:
    """A player that never was ready is not started again, unless only its port was lost."""
    if isinstance(error, PortTakenError):
        return True
    return seat.proved and not isinstance(error, CannotPlayError | NoFreePortError)


def _leaves(group: BaseExceptionGroup[CuemsError]) -> list[CuemsError]:
    found: list[CuemsError] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            found += _leaves(error)
        else:
            found.append(error)
    return found


def _weight(error: CuemsError) -> int:
    """Which of several errors says best why a player ended: the lightest."""
    match error:
        case CannotPlayError() | PortTakenError():
            return 0
        case ProcessDiedError():
            return 1
        case _:
            return 2
