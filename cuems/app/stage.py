"""The players of one node: what the show asks of them, done without ever making the show wait.

Each armed cue has a *seat*: one task that keeps one player process in the state that was asked for
last. The show's side of a seat is that state, not a queue: of ten locates during one slow seek
only the last is worth doing, so a seat cannot overflow, and a player that answers nothing for
REPLY_DEADLINE_S fails its cue. STOP does not stand in line either: it cancels the seat.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

import anyio
from anyio.abc import TaskStatus

from cuems.app.lights import Lights
from cuems.app.logs import About
from cuems.app.performer import Line, Moment, unknown_line
from cuems.app.played_lights import PlayedLights
from cuems.app.seat import Held, Playing, Ready, Seat, Wanted
from cuems.app.seat_keeper import Notice, Report, Say, SeatKeeper
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
from cuems.core.events import CueBroken
from cuems.players import ByMpv, PlayerConfig, casting, mixer
from cuems.players.picture import Trimmed

SOUND_END_GRACE_S = 0.1  # a player that began a few ms late ends as much later
PICTURE_END_GRACE_S = 0.3  # what follows comes over it, and takes a frame or more

CHANNELS = {"0": Parameter.CHANNEL_0, "1": Parameter.CHANNEL_1}


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
        self._master = master
        self._volumes: dict[CueId, float] = {}
        self._cues = cues
        self._workshop = workshop
        self._report = report
        self._keeper = SeatKeeper(
            workshop=workshop, media=library / "media", report=report, say=say, notice=notice
        )
        self._seats: dict[CueId, Seat] = {}
        # One place per cue: a newer seat replaces an unserved one.
        self._new: dict[CueId, Seat] = {}
        self._called = anyio.Event()
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
            error = await self._keeper.keep(seat)
            if self._seats.get(seat.cue.id) is seat:
                del self._seats[seat.cue.id]
                await self._report(CueBroken(seat.cue.id, str(error)))
