"""The monitors of an X server. Blocks; for a worker thread.

Source: the RandR protocol, 1.5. A server of an older one tells of none by name, and must not be
asked: python-xlib 0.33 cannot read the error it would answer.
"""

from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError, XError

from cuems.core.errors import CuemsError

NAMES_MONITORS = (1, 5)  # the version of RandR that does


class NoXServerError(CuemsError):
    """An X server that does not answer."""


def read_monitors(display: str | None = None) -> tuple[str, ...] | None:
    """The names of an X server's monitors in its own order; None: it cannot tell.

    Raises:
        NoXServerError: there is no such server, or it does not let us in.
    """
    try:
        server = Display(display)
    except (DisplayError, OSError, OverflowError) as error:
        raise NoXServerError(f"the X server cannot be asked: {error}") from error
    try:
        if not server.has_extension("RANDR"):
            return None
        version = server.xrandr_query_version()
        if (version.major_version, version.minor_version) < NAMES_MONITORS:
            return None
        monitors = server.screen().root.xrandr_get_monitors().monitors
        return tuple(str(server.get_atom_name(monitor.name)) for monitor in monitors)
    except XError:
        return None
    except (ConnectionClosedError, OSError) as error:
        raise NoXServerError(f"the X server hung up: {error}") from error
    finally:
        server.close()
