"""Which messages nobody needs to hear of before they next look at the clock.

Timecode that rolls on tells whoever follows it nothing that they do not know: they have drawn a
line through it. So only what departs from that line is worth waking anyone for.
"""

from cuems.core.mtc import QUARTER_FRAME, SYSEX, Running
from cuems.core.mtc_decoder import MtcDecoder

GAP_NS = 50_000_000  # five quarter-frames at 24 fps: by then something has happened


class Foresight:
    """Foresees the next quarter-frame of whatever rolls on a port."""

    def __init__(self) -> None:
        self._decoder = MtcDecoder()
        self._heard_ns = 0

    def surprises(self, message: bytes, received_ns: int) -> bool:
        """Whether a message is timecode, and not the next piece of a line that rolls forward."""
        if message[0] not in (QUARTER_FRAME, SYSEX):
            return False
        after_ns = received_ns - self._heard_ns
        self._heard_ns = received_ns
        event = self._decoder.feed(message)
        return (
            not isinstance(event, Running)
            or not event.forward
            or event.missed != 0
            or event.extra != 0
            or after_ns > GAP_NS
        )
