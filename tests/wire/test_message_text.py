import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.messages import (
    Message,
    MidiMessage,
    MidiNote,
    MidiProgram,
    MidiShowControl,
    MscCommand,
    OscMessage,
    OscTransport,
    OscValue,
)
from cuems.wire.message_text import MessageTextError, read_message, write_message
from cuems.wire.midi_message import FORMATS

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
SEVEN_BITS = st.integers(0, 127)
ARGUMENTS: st.SearchStrategy[OscValue] = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30).filter(
        lambda value: value == 0 or abs(value) > 1e-30
    ),
    TEXTS,
)
OSC = st.builds(
    OscMessage,
    transport=st.sampled_from(OscTransport),
    host=st.sampled_from(["10.0.0.5", "desk.local", "::1"]),
    port=st.integers(1, 65_535),
    address=TEXTS.map(lambda text: f"/{text}"),
    args=st.lists(ARGUMENTS, max_size=4).map(tuple),
)
EVENTS = st.one_of(
    st.builds(MidiNote, channel=st.integers(1, 16), note=SEVEN_BITS, velocity=SEVEN_BITS),
    st.builds(MidiProgram, channel=st.integers(1, 16), program=SEVEN_BITS),
    st.builds(
        MidiShowControl,
        device=SEVEN_BITS,
        format=st.sampled_from(sorted(FORMATS)),
        command=st.sampled_from(MscCommand),
        cue=st.sampled_from([(), ("1",), ("12.5", "3"), ("1", "2", "3")]),
    ),
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    OSC, st.builds(MidiMessage, TEXTS.filter(bool), EVENTS)
)


@given(MESSAGES)
def test_a_message_is_written_as_it_is_read(message: Message) -> None:
    assert read_message(write_message(message)) == message


def test_arguments_have_the_type_they_look_like_or_that_is_said() -> None:
    message = read_message("osc udp 10.0.0.5:53000 /a 1 -2.5 T F go 's:12' i:3 f:4 'two words'")
    assert isinstance(message, OscMessage)
    assert message.args == (1, -2.5, True, False, "go", "12", 3, 4.0, "two words")
    assert [type(value) for value in message.args[6:8]] == [int, float]
    assert not any(isinstance(value, float) and math.isnan(value) for value in message.args)


def test_an_ipv6_host_stands_in_brackets() -> None:
    message = read_message("osc tcp [::1]:53000 /go")
    assert isinstance(message, OscMessage)
    assert (message.host, message.port) == ("::1", 53000)


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("", "", "osc udp|tcp|slip HOST:PORT"),
        ("go", "go", "osc udp|tcp|slip HOST:PORT"),
        ("osc 'udp", "osc 'udp", "quotes in pairs"),
        ("osc http a:1 /x", "http", "udp, tcp or slip"),
        ("osc udp a /x", "a", "HOST:PORT"),
        ("osc udp a:0 /x", "a:0", "HOST:PORT"),
        ("osc udp a:1 x", "x", "an OSC address"),
        ("osc udp a:1 /x 99999999999", "", ""),
        ("osc udp a:1 /x 9999999999", "9999999999", "a whole number of 32 bits"),
        ("osc udp a:1 /x i:one", "i:one", "a whole number of 32 bits"),
        ("osc udp a:1 /x f:one", "f:one", "a number"),
        ("midi Synth note 0 60 1", "0", "a number from 1 to 16"),
        ("midi Synth note 1 128 1", "128", "a number from 0 to 127"),
        ("midi Synth chord 1", "chord 1", "note CHANNEL NOTE VELOCITY"),
        ("midi Desk msc 1 light go", "light", "one of lighting, sound"),
        ("midi Desk msc 1 lighting run", "run", "go or stop"),
        ("midi Desk msc 1 lighting go 1a", "1a", "a cue number"),
        ("midi '' note 1 2 3", "midi '' note 1 2 3", "osc udp"),
    ],
)
def test_what_is_no_message_says_which_part_and_what_belongs_there(
    text: str, part: str, expected: str
) -> None:
    if not part and text:
        read_message(text)  # too long for a number: text
        return
    with pytest.raises(MessageTextError) as caught:
        read_message(text)
    assert caught.value.part == part
    assert caught.value.expected.startswith(expected)
