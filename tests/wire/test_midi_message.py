import mido
import pytest

from cuems.core.messages import MidiEvent, MidiNote, MidiProgram, MidiShowControl, MscCommand
from cuems.wire.midi_message import FORMATS, to_bytes


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (MidiNote(channel=1, note=60, velocity=127), "90 3C 7F"),
        (MidiNote(channel=16, note=0, velocity=0), "9F 00 00"),
        (MidiProgram(channel=2, program=5), "C1 05"),
    ],
)
def test_channels_count_from_one_and_values_are_the_wires(event: MidiEvent, wanted: str) -> None:
    data = to_bytes(event)
    assert data.hex(" ").upper() == wanted
    assert mido.Message.from_bytes(data).channel == event.channel - 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("command", "cue", "wanted"),
    [
        (MscCommand.GO, (), "F0 7F 01 02 01 01 F7"),
        (MscCommand.STOP, ("12.5",), "F0 7F 01 02 01 02 31 32 2E 35 F7"),
        (MscCommand.GO, ("1", "2"), "F0 7F 01 02 01 01 31 00 32 F7"),
    ],
)
def test_show_control_names_device_format_command_and_cue(
    command: MscCommand, cue: tuple[str, ...], wanted: str
) -> None:
    event = MidiShowControl(device=1, format="lighting", command=command, cue=cue)
    assert to_bytes(event).hex(" ").upper() == wanted


def test_every_format_fits_seven_bits() -> None:
    assert all(0 < number < 128 for number in FORMATS.values())
