import pytest

from cuems.core.midi_ports import choose_port, plain_name

THROUGH = "Midi Through:Midi Through Port-0 14:0"
MASTER = "MtcMaster:MTCPort 128:0"
DESK = "X-TOUCH:X-TOUCH MIDI 1 20:0"


@pytest.mark.parametrize(
    ("ports", "wanted", "chosen"),
    [
        ([THROUGH, MASTER], "Midi Through Port-0", THROUGH),
        ([THROUGH, MASTER], "MtcMaster:MTCPort", MASTER),
        (["desk two", "desk"], "desk", "desk"),
        (["desk", "desk two"], "desk", "desk"),
        ([THROUGH, DESK], "x-touch", DESK),
        ([MASTER, THROUGH], "", MASTER),
        ([MASTER, THROUGH], "unplugged", MASTER),
        ([DESK], "", DESK),
        ([DESK], "unplugged", DESK),
        ([DESK, THROUGH], "", None),
        ([DESK, THROUGH], "unplugged", None),
        ([], "", None),
        ([], "desk", None),
    ],
)
def test_a_port_is_chosen_by_name_then_part_then_mtc_then_being_the_only_one(
    ports: list[str], wanted: str, chosen: str | None
) -> None:
    assert choose_port(ports, wanted) == chosen


def test_a_port_keeps_its_plain_name_under_another_number() -> None:
    assert plain_name("MtcMaster:MTCPort 128:0") == plain_name("MtcMaster:MTCPort 131:1")
    assert plain_name("system:midi_capture_1") == "system:midi_capture_1"
