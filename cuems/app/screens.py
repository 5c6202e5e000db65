"""Looking whether the screens a cue is to be shown on are there."""

import anyio
import anyio.to_thread

from cuems.adapters.x11 import NoXServerError, read_monitors
from cuems.app.machine import look_at_connectors
from cuems.core.cues import VideoCue
from cuems.players import screens
from cuems.players.errors import CannotPlayError
from cuems.players.screens import Connector, Display, Screen

LOOK_DEADLINE_S = 3.0  # an X server answers in a few ms


async def screen_options(
    cue: VideoCue, wanted: tuple[Screen, ...], display: Display
) -> tuple[tuple[str, ...], ...]:
    """mpv's options for each of a cue's screens, as they are connected now.

    Raises:
        CannotPlayError: one is not there.
    """
    if not wanted or display is Display.NONE:
        return screens.options(cue, wanted, display, None)
    try:
        with anyio.fail_after(LOOK_DEADLINE_S):
            there = await anyio.to_thread.run_sync(look_at_screens, display, abandon_on_cancel=True)
    except TimeoutError as error:
        problem = f"its screens did not answer within {LOOK_DEADLINE_S:g} s"
        raise CannotPlayError(cue.name, problem, "look at the X server") from error
    except (NoXServerError, OSError) as error:
        raise CannotPlayError(cue.name, str(error), "look at DISPLAY and XAUTHORITY") from error
    return screens.options(cue, wanted, display, there)


def look_at_screens(display: Display) -> tuple[Connector, ...] | None:
    """The screens that are connected; None: nobody knows. Blocks.

    Raises:
        NoXServerError, OSError: it cannot be asked.
    """
    if display is not Display.X11:
        return look_at_connectors()
    names = read_monitors()
    return None if names is None else tuple(Connector(name) for name in names)
