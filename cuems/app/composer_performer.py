"""A picture as layers of cuems-videocomposer, which follows MTC by itself."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.files import FileError, read_small_file
from cuems.adapters.media_probe import measure
from cuems.app.moving import Moving
from cuems.app.outlet import Outlet
from cuems.app.performer import Moment, Performer
from cuems.app.resident import Service
from cuems.core.body import next_jump
from cuems.core.cues import VideoCue
from cuems.core.effects import Parameter
from cuems.core.media_facts import MeasuredMedia
from cuems.core.timecode import FrameRate
from cuems.players import video
from cuems.players.errors import CannotPlayError
from cuems.players.picture import Level
from cuems.wire.display_conf import DisplayConf, read_display_conf
from cuems.wire.file_faults import ProjectFileError

PROBE_DEADLINE_S = 5.0
SIZES = 1024  # files whose size is remembered
CONF_REMEDY = "run cuems-generate-display-conf, or start cuems-videocomposer.service"


class Sizes:
    """The sizes of pictures, looked up once for each file as it is now."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], video.Size | None] = {}

    async def of(self, path: Path) -> video.Size | None:
        """A picture's size; None where nobody can tell."""
        try:
            changed = await anyio.to_thread.run_sync(path.stat)
            key = str(path), changed.st_mtime_ns
            if key not in self._known:
                if len(self._known) == SIZES:
                    self._known.clear()
                self._known[key] = await _size(path)
        except OSError:  # the file has gone, or ffprobe cannot be run
            return None
        return self._known[key]


async def _size(path: Path) -> video.Size | None:
    facts = await measure("ffprobe", path, PROBE_DEADLINE_S)
    if not isinstance(facts, MeasuredMedia) or facts.picture is None:
        return None
    return facts.picture.width, facts.picture.height


async def read_conf(path: Path) -> DisplayConf:
    """The canvas; raises CannotPlayError where nothing is laid out."""
    try:
        data = await anyio.to_thread.run_sync(read_small_file, path)
        return read_display_conf(data, str(path))
    except (FileError, ProjectFileError) as error:
        problem = str(error).removeprefix(f"{path}").lstrip(": ")
        raise CannotPlayError(
            str(path), f"no screen is laid out: {problem}", CONF_REMEDY
        ) from error


class ComposerPerformer:
    """A cue's layers. Armed is proved as far as can be: the composer listens, it was told to load
    the file, and there is no reply to ask for more. That it is still the same composer, which has
    the layers, is looked at from then on."""

    def __init__(
        self,
        cue: VideoCue,
        path: str,
        stack: tuple[video.Layer, ...],
        service: Service,
        rate: FrameRate,
    ) -> None:
        self._cue = cue
        self._path = path
        self._stack = stack
        self._service = service
        self._outlet: Outlet = service.outlet
        self._rate = rate
        self._loaded = False
        self._run: int | None = None  # of the service, which has our layers

    async def arm(self, elapsed: int) -> None:
        await self._service.ready()
        self._run = await self._service.run_number()
        if self._loaded:
            self._outlet.send(*video.hide(self._stack))
        else:
            self._outlet.send(*video.load(self._stack, self._path, self._cue.opacity_percent))
            self._loaded = True

    def release(self, levels: Mapping[Level, float], moment: Moment) -> None:
        pass  # it follows MTC by itself

    async def play(self, moment: Moment) -> None:
        elapsed = moment.elapsed_at(time.monotonic_ns())
        self._outlet.send(*video.start(self._stack, self._cue, moment.start, elapsed, self._rate))

    async def hold(self, elapsed: int) -> None:
        self._outlet.send(*video.hold(self._stack))

    async def prove(self) -> None:
        await self._service.prove(self._run)

    async def set_level(self, parameter: Level, value: float) -> None:
        if parameter is Parameter.OPACITY:
            self._outlet.set(*video.opacity(self._stack, value))

    def next_turn(self, elapsed: int) -> int | None:
        return next_jump(self._cue, elapsed)

    async def turn(self, moment: Moment) -> None:
        elapsed = moment.elapsed_at(time.monotonic_ns())
        self._outlet.send(*video.place(self._stack, self._cue, moment.start, elapsed, self._rate))

    def leave(self) -> None:
        """Be dark, and gone."""
        if self._loaded:
            self._outlet.send(*video.unload(self._stack))


@asynccontextmanager
async def open_layers(
    cue: VideoCue,
    path: Path,
    screens: video.Screens,
    size: video.Size | None,
    service: Service,
    moving: Moving | None,
    rate: FrameRate,
) -> AsyncIterator[Performer]:
    """A cue's layers, until the block is left."""
    stack = video.layers(cue, screens, size)
    performer = ComposerPerformer(cue, str(path), stack, service, rate)
    with ExitStack() as resources:
        if moving is not None:
            addresses = [(service.port, video.opacity_address(layer)) for layer in stack]
            resources.enter_context(moving.enter(cue.id, addresses))
        try:
            yield performer
        finally:
            performer.leave()
