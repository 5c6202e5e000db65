"""Streaming ACN on the wire: one universe's levels, and the packet that shows them all at once.

Source: ANSI E1.31-2016, tables 4-1 to 4-4 and 4-6 (synchronization). The packets are the `sacn`
library's; it makes one for each universe, of which only the fields that differ from packet to
packet are written anew: 64 universes at 44 Hz would cost it a fifth of a core.
"""

from sacn.messages.data_packet import DataPacket, calculate_multicast_addr
from sacn.messages.sync_packet import SyncPacket

from cuems.core.dmx_stream import Packet
from cuems.wire.dmx_option import DmxOut

SOURCE_NAME_BYTES = 63
SEQUENCE_AT = 111
OPTIONS_AT = 112
LEVELS_AT = 126
STREAM_TERMINATED = 0x40
SEQUENCES = 256


class SacnEncoder:
    """The packets of one source."""

    def __init__(self, out: DmxOut) -> None:
        self._out = out
        self._cid = tuple(out.cid)
        shown = out.source.encode()[:SOURCE_NAME_BYTES]
        self._source = shown.decode(errors="ignore")
        self._templates: dict[int, bytes] = {}
        self._sync_sequence = 0

    def datagram(self, packet: Packet) -> bytes:
        """One universe."""
        if packet.universe not in self._templates:
            self._templates[packet.universe] = self._template(packet.universe)
        data = bytearray(self._templates[packet.universe])
        data[SEQUENCE_AT] = packet.sequence % SEQUENCES
        data[OPTIONS_AT] = STREAM_TERMINATED if packet.terminated else 0
        data[LEVELS_AT:] = packet.levels
        return bytes(data)

    def _template(self, universe: int) -> bytes:
        return bytes(
            DataPacket(
                cid=self._cid,
                sourceName=self._source,
                universe=universe,
                priority=self._out.priority,
                sync_universe=self._out.sync,
            ).getBytes()
        )

    def synchronization(self) -> bytes:
        """What lets receivers show the levels that were sent since the last one."""
        packet = SyncPacket(self._cid, self._out.sync, self._sync_sequence)
        self._sync_sequence = (self._sync_sequence + 1) % SEQUENCES
        return bytes(packet.getBytes())


def multicast_group(universe: int) -> str:
    """Where the receivers of a universe listen."""
    return str(calculate_multicast_addr(universe))
