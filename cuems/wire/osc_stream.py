"""OSC in a byte stream: packets in, framed packets out, in whichever framing the peer speaks.

Source: OSC 1.1 (SLIP, RFC 1055, an END before and after each packet) and OSC 1.0 (a 32-bit size
before each). QLab, Companion and Open Stage Control speak SLIP, ETC desks and others a size; both
must do at one port (field.md 3.1). The first byte tells: a size below 16 MiB begins with 0, a
packet in SLIP with END or its own first character.
"""

from enum import Enum

from cuems.core.errors import CuemsError
from cuems.wire.osc import MAX_PACKET_BYTES

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"
SIZE_BYTES = 4
MAX_SLIP_BYTES = 2 * MAX_PACKET_BYTES  # every byte of a packet may be escaped
FIRST_OF_A_PACKET = b"/#"


class Framing(Enum):
    """How packets are told apart."""

    SLIP = "SLIP"
    SIZE = "length prefix"


class FramingError(CuemsError):
    """Bytes that cannot be told apart into packets; nothing after them can be, either."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not OSC in a stream: {problem}")
        self.problem = problem


class OscStream:
    """One connection's packets."""

    def __init__(self) -> None:
        self.framing: Framing | None = None  # not known before the first byte
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are complete by now; raises FramingError."""
        if self.framing is None and data:
            self.framing = _sniffed(data[:1])
        self._rest += data
        return self._sized() if self.framing is Framing.SIZE else self._slipped()

    def _slipped(self) -> list[bytes]:
        *whole, rest = self._rest.split(END)
        if len(rest) > MAX_SLIP_BYTES:
            raise FramingError(f"more than {MAX_SLIP_BYTES} bytes without an end")
        self._rest = rest
        return [bytes(part).replace(ESC_END, END).replace(ESC_ESC, ESC) for part in whole if part]

    def _sized(self) -> list[bytes]:
        packets, at = [], 0
        while len(self._rest) - at >= SIZE_BYTES:
            size = int.from_bytes(self._rest[at : at + SIZE_BYTES])
            if not 0 < size <= MAX_PACKET_BYTES:
                raise FramingError(f"a packet of {size} bytes, expected 1 to {MAX_PACKET_BYTES}")
            end = at + SIZE_BYTES + size
            if end > len(self._rest):
                break
            packets.append(bytes(self._rest[at + SIZE_BYTES : end]))
            at = end
        del self._rest[:at]
        return packets

    def frame(self, packet: bytes) -> bytes:
        """A packet as this peer understands it."""
        if self.framing is Framing.SIZE:
            return len(packet).to_bytes(SIZE_BYTES) + packet
        return END + packet.replace(ESC, ESC_ESC).replace(END, ESC_END) + END


def _sniffed(first: bytes) -> Framing:
    if first == b"\0":
        return Framing.SIZE
    if first == END or first in FIRST_OF_A_PACKET:
        return Framing.SLIP
    raise FramingError(f"its first byte is {first!r}, expected a SLIP end, '/', '#' or a size")
