"""Where mpv plays: what was configured, or what the machine has."""

from dataclasses import dataclass

from cuems.players import PlayerConfig
from cuems.players.curtain import BESIDE_THE_SCREEN, NONE, Curtain, closed
from cuems.players.screens import Display

NULL, JACK = "null", "jack"
NOT_SEEN, NOT_HEARD = "pictures are not shown", "nothing sounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a machine has to show a picture and make a sound with."""

    x11: bool
    wayland: bool
    drm: bool
    jack: bool
    sound: bool


@dataclass(frozen=True, slots=True)
class Outputs:
    """mpv's options for its outputs, and one line that says which were chosen and why.

    `by_jack`: sound is wired in a JACK graph. `missing` says what nobody sees or hears ("": all
    is seen and heard). `curtain`: how a picture that is armed is kept out of sight; `display`:
    whose screens there are.
    """

    options: tuple[str, ...]
    note: str
    by_jack: bool = False
    missing: str = ""
    curtain: Curtain = NONE
    display: Display = Display.NONE


def choose_outputs(config: PlayerConfig, machine: Machine) -> Outputs:
    """The outputs of every mpv of this node."""
    video, why_video = _video(config.video_output, machine)
    audio, why_audio = _audio(config.audio_output, machine)
    display = _display(video, machine)
    return Outputs(
        (f"--vo={video}", f"--ao={audio}"),
        f"picture to {video} ({why_video}), sound to {audio} ({why_audio})",
        by_jack=audio == JACK,
        missing=", ".join(
            what for output, what in ((video, NOT_SEEN), (audio, NOT_HEARD)) if output == NULL
        ),
        curtain=_curtain(video, display),
        display=display,
    )


def _video(configured: str, machine: Machine) -> tuple[str, str]:
    if configured != "auto":
        return configured, "configured"
    if machine.x11 or machine.wayland:
        return "gpu,x11", "a display is there"
    if machine.drm:
        return "gpu,drm", "a graphics device is there"
    return NULL, "no display and no graphics device: nothing is shown"


def _display(video: str, machine: Machine) -> Display:
    if video == NULL:
        return Display.NONE
    if "drm" in video or not (machine.x11 or machine.wayland):
        return Display.DRM
    return Display.WAYLAND if machine.wayland else Display.X11


def _curtain(video: str, display: Display) -> Curtain:
    match display:
        case Display.NONE:
            return NONE
        case Display.X11:
            return BESIDE_THE_SCREEN
        case Display.WAYLAND | Display.DRM:
            return closed(video)


def _audio(configured: str, machine: Machine) -> tuple[str, str]:
    if configured != "auto":
        return configured, "configured"
    if machine.jack:
        return JACK, "a JACK server is running"
    if machine.sound:
        return "pipewire,pulse,alsa", "a sound device is there"
    return NULL, "no JACK and no sound device: nothing sounds"
