"""A cue played by an mpv of its own."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping

import anyio

from cuems.adapters.jack import CannotWireError, Wire
from cuems.adapters.mpv import REPLY_DEADLINE_S, Ended, Mpv, Positioned
from cuems.app.performer import Moment
from cuems.core.cues import AudioCue, MediaCue
from cuems.core.effects import Parameter
from cuems.core.errors import CuemsError
from cuems.core.timecode import NS_PER_S, from_ms, from_ns
from cuems.players import mpv, steering
from cuems.players.curtain import NONE, Curtain
from cuems.players.errors import CannotPlayError
from cuems.players.picture import Level, Trimmed
from cuems.players.routing import Route, pan, wires

SEEK_DEADLINE_S = 5.0  # an exact seek in a long GOP of a large picture takes under a second
JOIN_LEAD_AUDIO_NS = 40_000_000  # an exact seek in sound takes a few ms
JOIN_LEAD_VIDEO_NS = 250_000_000  # one in a picture decodes from the last key frame: field.md 5
LOOK_FLICKS = from_ms(500)  # how often it is seen whether a playing cue is on the line
FIRST_LOOK_FLICKS = from_ms(100)  # after GO: what the wiring costs must not delay other cues
SEEKS = 3  # a player that is off the line after so many does not play

Wiring = Callable[[list[Wire]], Awaitable[None]]


class PlayerStuckError(CuemsError):
    """A player that says it plays and does not get on."""

    def __init__(self, subject: str, ahead_s: float) -> None:
        behind = f"{abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} the line"
        super().__init__(f"{subject}: its mpv stays {behind}: is its output still there?")


class MpvPerformer:
    """What the stage asks, in mpv's language.

    `routes` are where it is to sound, by `wiring`; None where that is not ours to say. `screen`
    is the number of its screen among those of its cue. One that
    `is_playing` was another engine's, and is not touched where it plays what it should.
    """

    def __init__(
        self,
        cue: MediaCue,
        path: str,
        connection: Mpv,
        *,
        routes: tuple[Route, ...] = (),
        wiring: Wiring | None = None,
        curtain: Curtain = NONE,
        screen: int = 0,
        is_playing: bool = False,
    ) -> None:
        self._cue = cue
        self._path = path
        self._mpv = connection
        self._routes = routes
        self._wiring = wiring
        self._wires: list[Wire] = []
        self._screen = screen
        self._source = mpv.source(cue, path)
        self._positioned = anyio.Event()
        self._stands_at: int | None = None  # elapsed, while paused
        self._loaded = is_playing
        self._speed = math.nan if is_playing else 1.0
        self._seeks = 0
        self._released = False
        self._is_wired = False  # as last seen, since it was armed
        self._curtain = NONE if isinstance(cue, AudioCue) or is_playing else curtain
        self._seen = False
        lead = JOIN_LEAD_AUDIO_NS if isinstance(cue, AudioCue) else JOIN_LEAD_VIDEO_NS
        self._join_lead_ns = lead

    async def watch(self) -> None:
        """Follow mpv's events; raises when it lets go of the file."""
        async for event in self._mpv.events:
            match event:
                case Positioned():
                    self._positioned.set()
                case Ended(error):
                    logged = self._mpv.take_errors()
                    raise mpv.why_not(self._cue, self._path, error, logged)

    @property
    def plays(self) -> bool:
        """Whether it sounds or shows, as far as it was told."""
        return self._loaded and self._stands_at is None

    # ---- what the stage asks

    async def arm(self, elapsed: int) -> None:
        await self._lower_curtain()
        if self._loaded:
            await self._position(mpv.pause(True), mpv.seek(self._source, elapsed))
        else:
            await self._position(*self._authored_levels(), mpv.load(self._source, elapsed))
            await self._mix(elapsed)
            self._loaded = True
        state = await self._mpv.command(*mpv.state_query())
        mpv.check_armed(self._cue, self._path, self._source, elapsed, str(state))
        await self._wire()
        self._stands_at = elapsed

    def release(self, levels: Mapping[Level, float], moment: Moment) -> None:
        if self._stands(moment):
            set_levels = [mpv.level(at, value) for at, value in levels.items() if self._has(at)]
            self._released = self._mpv.post([*set_levels, *self._raising(), mpv.pause(False)])
            self._seen = self._seen or self._released

    def _stands(self, moment: Moment) -> bool:
        """Whether it is paused where it is to play from."""
        if self._stands_at is None:
            return False
        return mpv.may_begin(self._stands_at, moment.elapsed_at(time.monotonic_ns()))

    async def play(self, moment: Moment) -> None:
        if not (self._released or self._stands(moment) or await self._is_there(moment)):
            await self._wait_ahead(moment)
        await self._raise_curtain(mpv.pause(False))
        self._stands_at = None
        self._released = False
        self._is_wired = False

    async def _is_there(self, moment: Moment) -> bool:
        """Whether it plays already where it should."""
        if not self._loaded or self._stands_at is not None:
            return False
        ahead_s = await self._ahead_s(moment)
        return ahead_s is not None and abs(ahead_s) < steering.JUMP_S

    async def hold(self, elapsed: int) -> None:
        await self._position(mpv.pause(True), mpv.seek(self._source, elapsed))
        await self._raise_curtain()
        self._stands_at = elapsed

    async def prove(self) -> None:
        await self._mpv.command(*mpv.state_query())

    async def set_level(self, parameter: Level, value: float) -> None:
        if self._has(parameter):
            await self._mpv.command(*mpv.level(parameter, value))

    def _has(self, parameter: Level) -> bool:
        """Whether a level is for this screen."""
        return not isinstance(parameter, Trimmed) or parameter.screen == self._screen

    def next_turn(self, elapsed: int) -> int | None:
        """Loops and regions are written out in the source: what is left is to look after it."""
        return elapsed + (LOOK_FLICKS if self._is_wired else FIRST_LOOK_FLICKS)

    async def turn(self, moment: Moment) -> None:
        """Repair its wiring; keep it on the line by its speed, or by a seek where it is far off."""
        if not self._is_wired:
            await self._wire()
        ahead_s = await self._ahead_s(moment)
        if ahead_s is None:
            return
        speed = steering.speed(ahead_s, self._speed, mpv.tolerance_s(self._cue))
        if speed is None:
            if self._seeks == SEEKS:
                raise PlayerStuckError(self._path, ahead_s)
            self._seeks += 1
            await self._wait_ahead(moment)
            await self._mpv.command(*mpv.pause(False))
            self._stands_at = None
            return
        self._seeks = 0
        await self._set_speed(speed)

    # ---- in mpv's terms

    def _raising(self) -> list[mpv.Command]:
        """What brings its picture to sight, where it is not."""
        up = self._curtain.up
        return [] if self._seen or up is None else [up]

    async def _raise_curtain(self, *then: mpv.Command) -> None:
        """Bring its picture to sight; opening an output takes as long as a seek may."""
        raising = self._raising()
        deadline_s = SEEK_DEADLINE_S if raising else REPLY_DEADLINE_S
        await self._mpv.commands([*raising, *then], deadline_s=deadline_s)
        self._seen = True

    async def _lower_curtain(self) -> None:
        if self._seen and self._curtain.down is not None:
            await self._mpv.command(*self._curtain.down)
        self._seen = False

    def _authored_levels(self) -> list[mpv.Command]:
        if isinstance(self._cue, AudioCue):
            return [mpv.level(Parameter.VOLUME, self._cue.master_volume_percent / 100)]
        return [mpv.level(Parameter.OPACITY, self._cue.opacity_percent / 100)]

    async def _mix(self, elapsed: int) -> None:
        """Give each route its level, now that the file is open and its channels are known."""
        if self._wiring is None:
            return
        channels = int(str(await self._mpv.command(*mpv.channels_query())) or 0)
        if not channels:
            return  # no sound in it: check_armed says so
        filters = pan(self._routes, channels)
        if filters:
            await self._position(mpv.mix(filters), mpv.seek(self._source, elapsed))
        self._wires = wires(self._routes, channels, mixed=bool(filters))

    async def _wire(self) -> None:
        self._is_wired = True
        if self._wiring is None:
            return
        try:
            await self._wiring(self._wires)
        except CannotWireError as error:
            raise CannotPlayError(self._path, error.problem, "look at the JACK server") from error

    async def _position(self, *commands: mpv.Command) -> None:
        self._positioned = anyio.Event()
        await self._mpv.commands(commands)
        with anyio.move_on_after(SEEK_DEADLINE_S) as scope:
            await self._positioned.wait()
        if scope.cancelled_caught:
            problem = f"mpv did not reach its position within {SEEK_DEADLINE_S:g} s"
            raise CannotPlayError(self._path, problem)

    async def _wait_ahead(self, moment: Moment) -> None:
        """Stand a little ahead of the line, until it comes."""
        await self._set_speed(1.0)
        due_ns = time.monotonic_ns() + self._join_lead_ns
        due = moment.elapsed_at(time.monotonic_ns()) + from_ns(self._join_lead_ns)
        await self._position(mpv.pause(True), mpv.seek(self._source, due))
        await anyio.sleep(max(0, due_ns - time.monotonic_ns()) / NS_PER_S)

    async def _set_speed(self, speed: float) -> None:
        if speed != self._speed:
            self._speed = speed
            await self._mpv.command(*mpv.speed(speed))

    async def _ahead_s(self, moment: Moment) -> float | None:
        asked_ns = time.monotonic_ns()
        pace = await self._mpv.command(*mpv.pace_query())
        between_ns = (asked_ns + time.monotonic_ns()) // 2
        elapsed = moment.elapsed_at(between_ns)
        mpv.check_playing(self._cue, self._path, elapsed, str(pace))
        return mpv.ahead_s(self._cue, self._source, elapsed, str(pace))
