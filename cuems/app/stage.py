"""The players of one node: what the show asks of them, done without ever making the show wait.

Each armed cue has a *seat*: one task that keeps one player process in the state that was asked for
last. The show's side of a seat is that state, not a queue: of ten locates during one slow seek
only the last is worth doing, so a seat cannot overflow, and a player that answers nothing for
REPLY_DEADLINE_S fails its cue. STOP does not stand in line either: it cancels the seat.
"""

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from cuems.adapters.osc_udp import NoFreePortError, PortTakenError
from cuems.adapters.player_records import Adopted
from cuems.adapters.process import ProcessDiedError
from cuems.app.lights import Lights
from cuems.app.logs import About
from cuems.app.mpv_players import open_survivors
from cuems.app.performer import Line, Moment, Performer, unknown_line
from cuems.app.performers import open_performer
from cuems.app.played_lights import PlayedLights
from cuems.app.seat import Held, Playing, Ready, Seat, Wanted
from cuems.app.workshop import Workshop
from cuems.core.body import body_flicks
from cuems.core.cues import AnyCue, AudioCue, CueId, DmxCue, MediaCue, VideoCue
from cuems.core.effects import (
    Arm,
    Blackout,
    CueEffect,
    Disarm,
    Freeze,
    Parameter,
    PlayerEffect,
    Relocate,
    SetLevel,
    ShowStopped,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.errors import CuemsError
from cuems.core.events import CueArmed, CueBroken, PlayerEvent
from cuems.core.timecode import NS_PER_S, to_ns
from cuems.players import ByLights, ByMedia, ByMpv, PlayerConfig, casting, mixer
from cuems.players.errors import CannotPlayError
from cuems.players.picture import Trimmed

ARMING_AT_ONCE = 4  # a starting player takes 0.1 s of a core away from those that play
ARM_DEADLINE_S = 10.0
FIND_DEADLINE_S = 3.0
PROOF_S = 3.0  # so often it is asked whether a player is still there
RESTART_PAUSES_S = (0.0, 0.2, 1.0)
SOUND_END_GRACE_S = 0.1  # a player that began a few ms late ends as much later
PICTURE_END_GRACE_S = 0.3  # what follows comes over it, and takes a frame or more
STEADY_NS = 10 * NS_PER_S  # a player that lived this long has earned all its restarts again

CHANNELS = {"0": Parameter.CHANNEL_0, "1": Parameter.CHANNEL_1}

Report = Callable[[PlayerEvent], Awaitable[None]]
Say = Callable[[CueId, str], None]
Notice = Callable[[CueId, str], Awaitable[None]]


async def keep_quiet(_cue: CueId, _text: str) -> None:
    """The notice of a stage that nobody watches."""


class Stage:
    """The players of the cues of one show on this node."""

    def __init__(
        self,
        cues: Mapping[CueId, AnyCue],
        library: Path,
        workshop: Workshop,
        *,
        report: Report,
        say: Say,
        master: float = 1.0,
        line: Line = unknown_line,
        notice: Notice = keep_quiet,
    ) -> None:
        """`report` gets what the sequencer has to know; `say` a line for the log.

        `notice` gets what was lost and repaired, which an operator should know.

        `master` is the gain of the whole node's sound, `line` the timecode line.
        """
        self._line = line
        self._notice = notice
        self._master = master
        self._volumes: dict[CueId, float] = {}
        self._cues = cues
        self._media = library / "media"
        self._workshop = workshop
        self._report = report
        self._say = say
        self._seats: dict[CueId, Seat] = {}
        self._new: dict[
            CueId, Seat
        ] = {}  # one place per cue: a newer seat replaces an unserved one
        self._called = anyio.Event()
        self._arming = anyio.Semaphore(ARMING_AT_ONCE)
        self._residents = workshop.residents
        self._moving = None if workshop.residents is None else workshop.residents.moving
        self._lights = self._lit(workshop.config)

    def _lit(self, config: PlayerConfig) -> Lights | PlayedLights | None:
        """Who lights the DMX cues, as players.casting has it."""
        residents = self._residents
        if config.dmx is not None and config.enabled:
            return Lights(config.dmx, self._report)
        if residents is None or residents.dmx is None:
            return None
        return PlayedLights(residents.dmx, self._workshop.rate, self._report)

    def perform(self, effect: PlayerEffect) -> None:
        """Set about an effect. Never waits; loop thread only."""
        now_ns = time.monotonic_ns()
        if isinstance(effect, ShowStopped | Blackout):
            self._darken(effect, now_ns)
            return
        cue = self._cues.get(effect.cue)
        if isinstance(cue, DmxCue) and self._lights is not None:
            self._lights.perform(effect, cue, now_ns)
        else:
            self._perform(effect, now_ns)

    def _darken(self, effect: ShowStopped | Blackout, now_ns: int) -> None:
        if self._residents is not None and isinstance(effect, ShowStopped):
            self._residents.stop_show()
        if self._lights is None:
            return
        match effect:
            case ShowStopped():
                self._lights.black_out()
            case Blackout(duration):
                self._lights.fade_out(duration, now_ns)
            case _:
                assert_never(effect)

    def _perform(self, effect: CueEffect, now_ns: int) -> None:
        match effect:
            case Arm(cue=cue, elapsed=elapsed):
                self._want(cue, Ready(elapsed))
            case Start(cue=cue, start=start, elapsed=elapsed):
                self._start(cue, Moment(start, elapsed, now_ns, self._line))
            case Unfreeze(cue=cue, start=start, elapsed=elapsed):
                self._want(cue, Playing(Moment(start, elapsed, now_ns, self._line)))
            case Relocate(cue=cue, start=start, elapsed=elapsed):
                self._relocate(cue, Moment(start, elapsed, now_ns, self._line))
            case Freeze(cue):
                self._let_stand(cue)
                self._freeze(cue, now_ns)
            case Stop() | Disarm():
                self._leave(effect)
            case SetLevel():
                self._set_level(effect)
            case _:
                assert_never(effect)

    def _set_level(self, effect: SetLevel) -> None:
        cue, parameter = effect.cue, effect.parameter
        sound = parameter is Parameter.VOLUME
        if sound:
            self._volumes[cue] = effect.value
        if self._moving is not None:
            scale = self._master if sound else 1.0
            if self._moving.step(cue, effect.value, effect.fade, scale):
                return
            self._let_stand(cue)
        if sound:
            self._set_volume(cue)
        elif cue in self._seats:
            self._seats[cue].set_level(parameter, effect.value)

    def _let_stand(self, cue: CueId) -> None:
        """Nobody moves a cue's level but us; where it stands is not known for certain."""
        if self._moving is not None and self._moving.let_go(cue) and cue in self._seats:
            self._seats[cue].told.clear()

    def set_cue_volume(self, cue: CueId, channel: str, gain: float) -> bool:
        """Set the gain of a cue's player, or of one of its outputs; False where it has none."""
        if not isinstance(self._cues.get(cue), AudioCue) or cue not in self._seats:
            return False
        if channel == mixer.MASTER:
            self._set_level(SetLevel(cue, Parameter.VOLUME, gain))
        elif self._workshop.config.audio_program is None:
            return False
        else:
            self._seats[cue].set_level(CHANNELS[channel], gain)
        return True

    def trim_picture(self, cue: CueId, levels: Mapping[Trimmed, float]) -> bool:
        """Set levels of a picture on one of its screens; False where no mpv shows it."""
        shown = self._cues.get(cue)
        if not isinstance(shown, VideoCue) or cue not in self._seats:
            return False
        if not isinstance(casting(shown, self._workshop.config), ByMpv):
            return False
        for level, value in levels.items():
            self._seats[cue].set_level(level, value)
        return True

    def black_out(self) -> bool:
        """Take all looks away; False where nobody lights any."""
        if self._lights is None:
            return False
        self._lights.black_out()
        return True

    def set_master(self, gain: float) -> None:
        """Set the gain of the whole node's sound."""
        self._master = gain
        for cue in self._seats:
            self._set_volume(cue)

    def _set_volume(self, cue: CueId) -> None:
        played = self._cues[cue]
        if cue in self._seats and isinstance(played, AudioCue):
            volume = self._volumes.get(cue, played.master_volume_percent / 100)
            self._seats[cue].set_level(Parameter.VOLUME, volume * self._master)

    def _want(self, cue: CueId, wanted: Wanted) -> None:
        if cue in self._seats:
            self._seats[cue].want(wanted)
        elif cue in self._cues:  # a Start without an Arm plays too, late
            self._seats[cue] = self._new[cue] = Seat(self._cues[cue], wanted)
            if self._master != 1.0:
                self._set_volume(cue)
            self._called.set()

    def _start(self, cue: CueId, moment: Moment) -> None:
        survivors = self._workshop.survivors
        adopted = () if survivors is None else survivors.take(cue)
        seat = self._seats.get(cue)
        if adopted and cue in self._cues:
            if seat is not None:
                seat.scope.cancel()
            self._seats[cue] = self._new[cue] = Seat(self._cues[cue], Playing(moment), adopted)
            self._called.set()
            return
        if seat is not None and seat.performer is not None:
            seat.performer.release(seat.untold(), moment)
        self._want(cue, Playing(moment))

    def _relocate(self, cue: CueId, moment: Moment) -> None:
        if cue not in self._seats:
            return
        match self._seats[cue].wanted:
            case Ready():
                self._want(cue, Ready(moment.elapsed))
            case Playing():
                self._want(cue, Playing(moment))
            case Held():
                self._want(cue, Held(moment.elapsed))

    def _freeze(self, cue: CueId, now_ns: int) -> None:
        if cue in self._seats and isinstance(playing := self._seats[cue].wanted, Playing):
            self._want(cue, Held(playing.moment.elapsed_at(now_ns)))

    def _leave(self, effect: Stop | Disarm) -> None:
        seat = self._seats.pop(effect.cue, None)
        self._volumes.pop(effect.cue, None)
        if seat is None:
            return
        self._new.pop(effect.cue, None)
        grace_s = self._end_grace_s(seat.cue) if isinstance(effect, Stop) and effect.over else 0.0
        if grace_s:
            seat.scope.deadline = anyio.current_time() + grace_s
        else:
            seat.scope.cancel()

    def _end_grace_s(self, cue: AnyCue) -> float:
        if not isinstance(cue, MediaCue) or body_flicks(cue) is None:
            return 0.0
        if isinstance(cue, AudioCue):
            return SOUND_END_GRACE_S
        return PICTURE_END_GRACE_S if self._workshop.outputs.curtain.overlaps else 0.0

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run the players until cancelled; then all of them are stopped."""
        async with anyio.create_task_group() as tg:
            if self._lights is not None:
                await tg.start(self._lights.serve)
            task_status.started()
            while True:
                await self._called.wait()
                self._called = anyio.Event()
                new, self._new = self._new, {}
                for seat in new.values():
                    tg.start_soon(self._serve_seat, seat)

    async def _serve_seat(self, seat: Seat) -> None:
        with About(cue=seat.cue.name), seat.scope:
            error = await self._play_to_the_end(seat)
            if self._seats.get(seat.cue.id) is seat:
                del self._seats[seat.cue.id]
                await self._report(CueBroken(seat.cue.id, str(error)))

    async def _play_to_the_end(self, seat: Seat) -> CuemsError:
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
            self._say(seat.cue.id, f"{error}; it is started again")
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
        role = casting(seat.cue, self._workshop.config)
        assert not isinstance(role, ByLights), "self._lights plays those"
        path = await self._find_media(role)
        cue = seat.cue.id
        return await stack.enter_async_context(
            open_performer(role, path, self._workshop, lambda line: self._say(cue, line))
        )

    async def _take_over(
        self, seat: Seat, adopted: Sequence[Adopted], stack: AsyncExitStack
    ) -> Performer:
        cue, seat.adopted, seat.proved = seat.cue, (), True
        assert isinstance(cue, MediaCue), "others have no process"
        return await stack.enter_async_context(
            open_survivors(cue, adopted, self._workshop, lambda line: self._say(cue.id, line))
        )

    async def _find_media(self, role: ByMedia) -> Path:
        media = role.cue.media
        if media is None or not media.file_name:
            raise CannotPlayError(role.cue.name, "it has no media file", "choose one in the editor")
        if "/" in media.file_name or media.file_name in {".", ".."}:
            raise CannotPlayError(media.file_name, "a media file is named without folders")
        path = self._media / media.file_name
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
                await self._report(CueArmed(seat.cue.id))
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
                await self._report(CueArmed(seat.cue.id))
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
                await self._notice(seat.cue.id, text)
            case Ready() | Held():
                text = f"ready again after {(now_ns - since_ns) / NS_PER_S:.1f} s"
        self._say(seat.cue.id, text)


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
