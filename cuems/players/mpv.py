"""mpv, for a machine that has no CUEMS player: one process per armed cue, driven by JSON IPC.

Sources: mpv manual, "List of input commands"; EDL files, mpv's DOCS/edl-mpv.rst. Facts found by
running mpv 0.35: `volume` is cubic in gain; an EDL joins its segments within one sample, where
`loop-file` has to seek; `playback-restart` means that the frame asked for is decoded; with
--no-terminal a TERM ends mpv at once.

Loops and regions are written out as an EDL, whose time line is then the cue's body itself. What
goes on until it is stopped is written out WRITTEN_OUT_STRETCHES long and then starts over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from cuems.core.body import body_flicks, plays, segments
from cuems.core.cues import AudioCue, MediaCue
from cuems.core.effects import Parameter
from cuems.core.timecode import FLICKS_PER_MS, FLICKS_PER_S
from cuems.players.errors import CannotPlayError
from cuems.players.picture import Level, Trim, Trimmed

Command = tuple[str | bool | int | float, ...]
Stretch = tuple[int, int]

REMEDY = "install mpv: apt install mpv"
WRITTEN_OUT_STRETCHES = 1000  # loads in 20 ms, and one plain loop of 1 s lasts 17 minutes
TOLERANCE_FLICKS = 20 * FLICKS_PER_MS  # half a frame at 25 fps: as near as a seek lands
LATE_FLICKS = 60 * FLICKS_PER_MS  # made good within 6 s, at one hundredth of the speed
EARLY_FLICKS = FLICKS_PER_S  # lengths are told in ms or in frames, and files are trimmed
AUDIO_BUFFER_S = 0.3  # paused after it played, ao=null says it stands this much before its place
SHADE_OVERLAY = 1
SHADE = (
    "{{\\an7\\pos(-20,-20)\\bord0\\shad0\\1c&H000000&\\1a&H{alpha:02X}&\\p1}}"
    "m 0 0 l 1320 0 1320 760 0 760{{\\p0}}"
)
NOTHING_TO_PLAY = "no audio or video data played"
NO_STREAM = "No video or audio streams selected"
STATE = "${=time-pos:}|${=duration:}|${=current-ao:}|${=current-vo:}|${=eof-reached:}"
PACE = "${=audio-pts:}|${=time-pos:}|${=eof-reached:}|${=pause:}"
CHANNELS = "${=audio-params/channel-count:}"
SOUND_TOLERANCE_S = 0.01  # audio-pts is within 1 ms of a straight line
PICTURE_TOLERANCE_S = 0.06  # time-pos is that of the frame shown: up to 40 ms old
NAME_CHARACTERS = 24

BASE_OPTIONS = (
    "--no-config",
    "--no-terminal",
    "--idle=yes",
    "--pause",
    "--keep-open=yes",
    "--keep-open-pause=no",
    "--hr-seek=yes",
    "--audio-pitch-correction=no",
    "--image-display-duration=inf",
    "--load-scripts=no",
    "--ytdl=no",
    "--osc=no",
    "--osd-level=0",
    "--sub=no",
    "--audio-file-auto=no",
    "--sub-auto=no",
    "--cover-art-auto=no",
    "--input-default-bindings=no",
    "--input-vo-keyboard=no",
    "--cursor-autohide=always",
)


def jack_options(client: str) -> tuple[str, ...]:
    """Play as a JACK client of that name, wired by nobody but us.

    Its ports are there, and can be wired, only once it is active; with silence for a pause it is
    active from the moment its file is open.
    """
    return (
        f"--jack-name={client}",
        "--jack-connect=no",
        "--jack-std-channel-layout=any",
        "--audio-channels=auto",
        "--audio-stream-silence=yes",
    )


def listening_option(endpoint: str) -> str:
    """Take commands at a unix socket too, from whoever comes after us."""
    return f"--input-ipc-server={endpoint}"


def client_name(cue: MediaCue, number: str) -> str:
    """What a person sees in a JACK patchbay; with the number no other has it."""
    letters = "".join(each if each.isalnum() and each.isascii() else "-" for each in cue.name)
    return f"cuems-{letters[:NAME_CHARACTERS]}-{number}"


def is_expected(line: str) -> bool:
    """Whether what mpv says is about something we asked for."""
    return "--audio-stream-silence option is set" in line


def argv(program: str, cue: MediaCue, outputs: Sequence[str], ipc_fd: int) -> list[str]:
    """The command line of a cue's mpv; `outputs` are the options that say where it plays."""
    only = ("--vid=no",) if isinstance(cue, AudioCue) else ("--aid=no",)
    return [program, *BASE_OPTIONS, *only, *outputs, f"--input-ipc-client=fd://{ipc_fd}"]


@dataclass(frozen=True, slots=True)
class Source:
    """What mpv opens, and where a cue's body lies on it.

    The body begins at `shift`; after `head` flicks of it, `cycle` flicks repeat (0: none do).
    """

    url: str
    options: tuple[str, ...] = ()
    shift: int = 0
    head: int = 0
    cycle: int = 0

    def position(self, elapsed: int) -> int:
        """Where on the source a cue is, `elapsed` into its body."""
        into = max(0, elapsed)
        if self.cycle and into >= self.head:
            into = self.head + (into - self.head) % self.cycle
        return self.shift + into


def source(cue: MediaCue, path: str) -> Source:
    """How mpv is to play a cue's file.

    Raises:
        CannotPlayError: a single iteration has more stretches than can be written out.
    """
    once, endless = _written_out(cue, path)
    times = plays(cue.loop)
    if not once and not endless:
        return _whole_file(cue, path)
    if endless:
        return _edl(path, once, [endless] * WRITTEN_OUT_STRETCHES)
    if cue.media is not None and not cue.media.regions and times == 1:
        return _whole_file(cue, path)
    if times is None or len(once) * times > WRITTEN_OUT_STRETCHES:
        return _edl(path, [], once * max(1, WRITTEN_OUT_STRETCHES // len(once)))
    return _edl(path, once * times, [])


def _written_out(cue: MediaCue, path: str) -> tuple[list[Stretch], Stretch | None]:
    """One iteration's stretches without its offset, and the one it never leaves."""
    stretches: list[Stretch] = []
    skip = cue.offset_flicks
    for segment in segments(cue):
        if not segment.flicks:
            continue
        skipped = skip // segment.flicks
        if segment.plays is not None:
            skipped = min(skipped, segment.plays)
        skip -= skipped * segment.flicks
        left = None if segment.plays is None else segment.plays - skipped
        if left is not None and len(stretches) + left > WRITTEN_OUT_STRETCHES:
            raise CannotPlayError(
                path,
                f"over {WRITTEN_OUT_STRETCHES} loops in its regions are more than mpv is given",
                "use the loop of the cue, or loop the region until stopped",
            )
        if skip and left != 0:
            stretches.append((segment.start + skip, segment.end))
            skip, left = 0, None if left is None else left - 1
        if left is None:
            return stretches, (segment.start, segment.end)
        stretches += [(segment.start, segment.end)] * left
    return stretches, None


def _whole_file(cue: MediaCue, path: str) -> Source:
    """The file from its offset on; its loops are mpv's own, where no length is known."""
    times = plays(cue.loop)
    loops = () if times == 1 else (f"loop-file={'inf' if times is None else times - 1}",)
    return Source(path, loops, shift=cue.offset_flicks)


def _edl(path: str, head: list[Stretch], cycle: list[Stretch]) -> Source:
    name = f"%{len(path.encode())}%{path}"
    parts = (
        f"{name},{_seconds(start)},{_seconds(end - start)}" for start, end in chain(head, cycle)
    )
    url = "edl://!no_chapters;" + ";".join(parts)
    head_flicks, cycle_flicks = _length(head), _length(cycle)
    if not cycle:
        return Source(url)
    if not head:
        return Source(url, ("loop-file=inf",), cycle=cycle_flicks)
    points = (
        f"ab-loop-a={_seconds(head_flicks)}",
        f"ab-loop-b={_seconds(head_flicks + cycle_flicks)}",
    )
    return Source(url, points, head=head_flicks, cycle=cycle_flicks)


def _length(stretches: list[Stretch]) -> int:
    return sum(end - start for start, end in stretches)


def _seconds(flicks: int) -> str:
    return f"{flicks / FLICKS_PER_S:.9f}"


def load(what: Source, elapsed: int) -> Command:
    """Open a source, positioned `elapsed` into the body."""
    options = (f"start={_seconds(what.position(elapsed))}", *what.options)
    return ("loadfile", what.url, "replace", ",".join(options))


def seek(what: Source, elapsed: int) -> Command:
    """Go to `elapsed` into the body, exactly."""
    return ("seek", what.position(elapsed) / FLICKS_PER_S, "absolute+exact")


def pause(held: bool) -> Command:
    """Hold the frame in silence, or play."""
    return ("set_property", "pause", held)


def level(parameter: Level, value: float) -> Command:
    """Set volume or opacity, 0.0 to 1.0, or a scale of the picture.

    mpv knows no opacity: a black shade of the opposite opacity lies over the picture, which is
    the same on a black ground, on every video output that can draw an OSD.
    """
    wanted = min(1.0, max(0.0, value))
    match parameter:
        case Trimmed(trim=Trim.X_SCALE):
            return ("set_property", "video-scale-x", max(0.0, value))
        case Trimmed(trim=Trim.Y_SCALE):
            return ("set_property", "video-scale-y", max(0.0, value))
        case Parameter.VOLUME | Parameter.CHANNEL_0 | Parameter.CHANNEL_1:
            return ("set_property", "volume", round(100 * wanted ** (1 / 3), 4))
        case Parameter.OPACITY | Trimmed() if wanted == 1.0:
            return ("osd-overlay", SHADE_OVERLAY, "none", "")
        case Parameter.OPACITY | Trimmed():
            shade = SHADE.format(alpha=round(255 * wanted))
            return ("osd-overlay", SHADE_OVERLAY, "ass-events", shade, 1280, 720, 0, False)


def speed(factor: float) -> Command:
    """Play that much faster."""
    return ("set_property", "speed", round(factor, 6))


def mix(filters: str) -> Command:
    """Filter the sound; "" not at all."""
    return ("af", "set", filters)


def channels_query() -> Command:
    """Ask for the number of channels of the file."""
    return ("expand-text", CHANNELS)


def pace_query() -> Command:
    """Ask for what `ahead_s` judges."""
    return ("expand-text", PACE)


def ahead_s(cue: MediaCue, what: Source, elapsed: int, pace: str) -> float | None:
    """How far mpv is ahead of `elapsed`, by its answer to `pace_query`; None: it does not play.

    The sound's own clock is the steady one, the other moves from frame to frame: field.md 5.
    """
    sound, picture, at_end, paused = (pace.split("|") + [""] * 4)[:4]
    shown = sound if isinstance(cue, AudioCue) else picture
    if at_end == "yes" or paused == "yes" or not shown:
        return None
    ahead = float(shown) - what.position(elapsed) / FLICKS_PER_S
    cycle_s = what.cycle / FLICKS_PER_S
    if cycle_s and abs(ahead) > cycle_s / 2:  # one of the two has started over
        ahead -= round(ahead / cycle_s) * cycle_s
    return ahead


def check_playing(cue: MediaCue, path: str, elapsed: int, pace: str) -> None:
    """Judge by its answer to `pace_query` whether there is anything left of a file that plays.

    Raises:
        CannotPlayError: it was over long before its cue is.
    """
    whole = body_flicks(cue)
    if pace.split("|")[2:3] != ["yes"] or whole is None or whole - elapsed < EARLY_FLICKS:
        return
    raise CannotPlayError(
        path,
        f"it is over {(whole - elapsed) / FLICKS_PER_S:.1f} s before its cue",
        "look at the file, and at the length that the show has for it",
    )


def may_begin(stands_at: int, elapsed: int) -> bool:
    """Whether a player that stands at one place of the body may simply begin where another is due.

    A little late it may: what a sound begins with is worth more than those moments.
    """
    return -TOLERANCE_FLICKS <= elapsed - stands_at <= LATE_FLICKS


def is_playing(pace: str) -> bool:
    """Whether mpv plays, by its answer to `pace_query`."""
    return pace.split("|")[2:] == ["no", "no"]


def tolerance_s(cue: MediaCue) -> float:
    """How far off the line a cue may play."""
    return SOUND_TOLERANCE_S if isinstance(cue, AudioCue) else PICTURE_TOLERANCE_S


def state_query() -> Command:
    """Ask for what `check_armed` judges."""
    return ("expand-text", STATE)


def check_armed(cue: MediaCue, path: str, what: Source, elapsed: int, state: str) -> None:
    """Judge by mpv's answer to `state_query` whether a cue is at its first frame and audible.

    Raises:
        CannotPlayError: it is not.
    """
    position, duration, audio, video, at_end = (state.split("|") + [""] * 5)[:5]
    wanted_s = what.position(elapsed) / FLICKS_PER_S
    if at_end == "yes" and wanted_s > 0:
        raise CannotPlayError(
            path,
            f"it is to start at {wanted_s:g} s but lasts only {duration} s",
            "check its offset",
        )
    if not (audio if isinstance(cue, AudioCue) else video):
        kind = "sound" if isinstance(cue, AudioCue) else "picture"
        raise CannotPlayError(path, f"mpv has no {kind} output", "check --ao and --vo")
    off_s = AUDIO_BUFFER_S if isinstance(cue, AudioCue) else 2 * TOLERANCE_FLICKS / FLICKS_PER_S
    if not position or abs(float(position) - wanted_s) > off_s:
        raise CannotPlayError(path, f"mpv stands at {position or 'no'} s, not at {wanted_s:g} s")


def why_not(cue: MediaCue, path: str, error: str, logged: Sequence[str]) -> CannotPlayError:
    """Say in one line why mpv let go of a file."""
    kind = "sound" if isinstance(cue, AudioCue) else "picture"
    logged = [line for line in logged if NO_STREAM not in line]
    if error == NOTHING_TO_PLAY and not logged:
        return CannotPlayError(path, f"mpv found no {kind} in it", "check the file")
    if error == "unrecognized file format":
        return CannotPlayError(path, "mpv does not know its format", f"is it a {kind} file?")
    said = f" ({logged[-1]})" if logged else ""
    return CannotPlayError(path, f"mpv: {error or 'it ended while it was to play'}{said}")
