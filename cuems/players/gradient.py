"""cuems-gradient-motiond: fades done by a service of the machine. Source: interop.md 7.5, 14.7-9.

It sends a float to a player's address at every tick of the timecode, from a position of the line
on, and reports nothing. It obeys only what bears its own node name, and takes a motion to the same
host, port and address for the successor of the one before. It is told the whole fade, origin and
all, so a fade that is joined in the middle has the right level at once.
"""

from cuems.core.cues import Curve
from cuems.core.fades import Fade
from cuems.core.timecode import FrameRate, to_ms
from cuems.players.audio import MTC_ADDRESS_LAG_FRAMES
from cuems.wire.osc import Int64, Osc

REMEDY = "start cuems-gradient-motiond.service, or run with --motions off"
HOST = "127.0.0.1"
CURVES = {
    Curve.LINEAR: "linear",
    Curve.EXPONENTIAL: "ease_in",
    Curve.LOGARITHMIC: "ease_out",
    Curve.SIGMOID: "sigmoid",
}
NO_PARAMETERS = "{}"  # an exponent of 2 for either ease, which is ours as well


def can_move(fade: Fade) -> bool:
    """Whether the service knows the fade's curve, and takes its duration."""
    return fade.curve in CURVES and to_ms(fade.duration) > 0


def start_fade(
    name: str, motion: str, target: tuple[int, str], fade: Fade, scale: float, rate: FrameRate
) -> Osc:
    """Move the parameter at `target` (port, address) along a fade, its levels times `scale`."""
    port, address = target
    lag = MTC_ADDRESS_LAG_FRAMES * rate.flicks_per_frame
    return Osc(
        "/gradient/start_fade",
        (
            motion,
            name,
            HOST,
            port,
            address,
            float(fade.origin * scale),
            float(fade.target * scale),
            Int64(max(0, to_ms(fade.start - lag))),
            to_ms(fade.duration),
            CURVES[fade.curve],
            NO_PARAMETERS,
        ),
    )


def cancel(name: str, motion: str) -> Osc:
    """End a motion where it is."""
    return Osc("/gradient/cancel_motion", (motion, name))


def cancel_all(name: str) -> Osc:
    """End every motion of a node."""
    return Osc("/gradient/cancel_all", (name,))
