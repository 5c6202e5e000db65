"""Art-Net on the wire: one universe's levels (ArtDmx).

Source: Art-Net 4 specification, "ArtDmx packet definition". A universe is a 15 bit port address:
net (7), sub-net (4), universe (4). The known libraries make packets only together with a socket
and a thread of their own.
"""

import struct

from cuems.core.dmx_stream import Packet

HEADER = struct.Struct(
    "<8sH2B"
)  # the id, the operation low byte first, the version high byte first
IDENTITY = b"Art-Net\x00"
OUTPUT_DMX = 0x5000
VERSION = 14
FIELDS = struct.Struct("<2BH")  # sequence, physical input, port address low byte first
LENGTH = struct.Struct(">H")
SEQUENCES = 255  # 1 to 255: 0 says that packets are not numbered
EVERYBODY = "255.255.255.255"


def datagram(packet: Packet) -> bytes:
    """One universe."""
    return b"".join(
        (
            HEADER.pack(IDENTITY, OUTPUT_DMX, 0, VERSION),
            FIELDS.pack(packet.sequence % SEQUENCES + 1, 0, packet.universe),
            LENGTH.pack(len(packet.levels)),
            packet.levels,
        )
    )
