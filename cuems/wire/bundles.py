"""What comes in one packet: messages that take effect together, and when.

Source: OSC 1.0. The messages of a bundle are atomic; a time tag is NTP time; a bundle within
another may be due later than that, not earlier. What is due further ahead than MAX_AHEAD_NS is
refused: a sender whose clock is wrong would otherwise fire a cue out of the blue.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cuems.core.errors import CuemsError
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle, OscPacket

NS_PER_S = 1_000_000_000
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
MAX_AHEAD_NS = 10 * NS_PER_S


class BundleError(CuemsError):
    """A bundle that cannot be done."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages to be obeyed together, so long from now (0: at once)."""

    wait_ns: int
    messages: tuple[Osc, ...]


def batches(packet: OscPacket, unix_ns: int) -> tuple[Batch, ...]:
    """What a packet that came at that Unix time holds; raises BundleError.

    What is due earlier comes first. A time tag that is over means at once.
    """
    if isinstance(packet, Osc):
        return (Batch(0, (packet,)),)
    together: dict[int, list[Osc]] = {}
    for due_ns, message in _flat(packet, 0, unix_ns):
        together.setdefault(due_ns, []).append(message)
    if not together:
        raise BundleError("a bundle: expected at least one message in it")
    return tuple(Batch(due_ns, tuple(together[due_ns])) for due_ns in sorted(together))


def _flat(bundle: OscBundle, earliest_ns: int, unix_ns: int) -> Iterator[tuple[int, Osc]]:
    """The decoder has bounded the depth."""
    wait_ns = max(earliest_ns, _wait_ns(bundle.timetag, unix_ns))
    if wait_ns > MAX_AHEAD_NS:
        ahead = f"{wait_ns / NS_PER_S:.1f} s ahead, expected at most {MAX_AHEAD_NS // NS_PER_S} s"
        raise BundleError(f"a bundle: its time tag is {ahead}; is the sender's clock right?")
    for element in bundle.elements:
        if isinstance(element, Osc):
            yield wait_ns, element
        else:
            yield from _flat(element, wait_ns, unix_ns)


def _wait_ns(timetag: int, unix_ns: int) -> int:
    if timetag == IMMEDIATELY:
        return 0
    seconds, fraction = divmod(timetag, 1 << 32)
    return max(0, (seconds - NTP_EPOCH_S) * NS_PER_S + (fraction * NS_PER_S >> 32) - unix_ns)


def to_timetag(unix_ns: int) -> int:
    """The time tag of a Unix time."""
    seconds, rest_ns = divmod(unix_ns, NS_PER_S)
    return (seconds + NTP_EPOCH_S << 32) + -(-(rest_ns << 32) // NS_PER_S)
