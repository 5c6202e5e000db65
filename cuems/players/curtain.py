"""How an armed picture stays out of sight until its GO, and is seen at once then.

mpv shows the first frame of what it has loaded, paused or not: armed for later, it would stand
over the picture that plays. Found by running mpv 0.35 in an X server without a window manager: a
small window beyond the screen is made the whole screen within the frame, over those that came
before; where windows cannot be placed (Wayland) or only one process can show (DRM), an output
that is opened at the GO takes 50 to 250 ms.
"""

from dataclasses import dataclass

Command = tuple[str, str, str | bool]


@dataclass(frozen=True, slots=True)
class Curtain:
    """mpv's options for a picture, and how it is brought to sight (`up`) and out of it (`down`).

    `overlaps`: the next picture comes over this one, which may stay a moment longer.
    """

    options: tuple[str, ...] = ()
    up: Command | None = None
    down: Command | None = None
    overlaps: bool = False


NONE = Curtain()  # nothing is shown, ever

BESIDE_THE_SCREEN = Curtain(
    ("--no-border", "--no-keepaspect-window", "--geometry=2x2+30000+0"),
    up=("set_property", "fullscreen", True),
    down=("set_property", "fullscreen", False),
    overlaps=True,
)


def closed(output: str) -> Curtain:
    """The output, mpv's `--vo`, is opened at the GO."""
    return Curtain(
        ("--vo=null", "--fullscreen"),
        up=("set_property", "vo", output),
        down=("set_property", "vo", "null"),
    )
