import pytest

from cuems.core.dmx import Merge
from cuems.wire.dmx_option import DmxOptionError, DmxOut, DmxProtocol, read_dmx_option

CID = bytes(range(16))


def read(text: str) -> DmxOut | None:
    return read_dmx_option(text, CID, "stage left")


def out(protocol: DmxProtocol = DmxProtocol.SACN, **more: object) -> DmxOut:
    return DmxOut(protocol=protocol, cid=CID, source="stage left", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", None),
        ("sacn", out()),
        ("artnet", out(DmxProtocol.ARTNET)),
        ("sacn:10.0.0.5", out(destinations=(("10.0.0.5", 5568),))),
        ("artnet:10.0.0.5", out(DmxProtocol.ARTNET, destinations=(("10.0.0.5", 6454),))),
        (
            "sacn:10.0.0.5+127.0.0.1:9000",
            out(destinations=(("10.0.0.5", 5568), ("127.0.0.1", 9000))),
        ),
        (
            "sacn,priority=90,sync=7,merge=htp,offset=1,bind=10.0.0.2",
            out(priority=90, sync=7, merge=Merge.HTP, offset=1, bind="10.0.0.2"),
        ),
        ("artnet,merge=ltp", out(DmxProtocol.ARTNET)),
    ],
)
def test_says_where_lights_go(text: str, expected: DmxOut | None) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "--dmx '': '': expected sacn[:ADDRESS][,NAME=VALUE…], artnet"),
        ("ola", "'ola': expected sacn"),
        ("sacn:", "'': expected an IPv4 address, as in 10.0.0.5"),
        ("sacn:desk.local", "'desk.local': expected an IPv4 address"),
        ("sacn:10.0.0.5:", "'10.0.0.5:': expected an IPv4 address"),
        ("sacn:10.0.0.5:70000", "'10.0.0.5:70000': expected an IPv4 address"),
        ("sacn,priority=201", "'priority=201': expected a number from 0 to 200"),
        ("sacn,priority", "'priority': expected a number from 0 to 200"),
        ("sacn,priority=²", "'priority=²': expected a number from 0 to 200"),
        ("sacn,sync=0", "'sync=0': expected a universe from 1 to 63999"),
        ("sacn,merge=both", "'merge=both': expected ltp or htp"),
        ("sacn,bind=eth0", "'bind=eth0': expected an IPv4 address of this machine"),
        ("sacn,colour=red", "expected one of bind, merge, offset, priority, sync and its value"),
        ("artnet,priority=1", "expected one of bind, merge, offset and its value, as in merge=htp"),
    ],
)
def test_says_what_cannot_be_understood(text: str, told: str) -> None:
    with pytest.raises(DmxOptionError) as caught:
        read(text)
    assert told in str(caught.value)
