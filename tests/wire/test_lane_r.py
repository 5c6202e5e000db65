"""What a node asks for itself alone, and the answers: proved, or refused with the reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core import bus
from cuems.core.cues import NodeId
from cuems.wire.auth import Anyone, KeyHolders, Trust
from cuems.wire.lane_r import (
    Answer,
    LaneRError,
    Request,
    from_said,
    lane_r_url,
    read_answer,
    read_request,
    to_said,
    write,
)

CONTROLLER, NODE = "0f7d0a52-0001", "0f7d0a52-0002"
KEY = KeyHolders(bytes(range(32)))
HELLO = Request(
    "hello", NODE, nonce="0a", answers="0b", said=to_said(NodeId(NODE), bus.PingCommand())
)
SNAP = Answer("snap", CONTROLLER, nonce="0b", answers="0a", session="s", port=9096)


@pytest.mark.parametrize("trust", [Anyone(), KEY])
def test_what_is_asked_and_answered_arrives_as_it_was_meant(trust: Trust) -> None:
    asked = read_request(write(HELLO, trust), trust)
    assert (asked.k, asked.sender, asked.nonce, asked.answers) == ("hello", NODE, "0a", "0b")
    assert from_said(asked.said) == bus.Envelope(NodeId(NODE), bus.PingCommand())
    assert read_answer(write(SNAP, trust), trust) == SNAP


def test_a_bus_has_its_answers_as_far_from_it_as_any_other() -> None:
    assert lane_r_url("tcp://10.0.0.1:9093") == "tcp://10.0.0.1:9097"
    assert lane_r_url("tcp://[fe80::1]:19093") == "tcp://[fe80::1]:19097"
    assert lane_r_url("tcp://:9093") == "tcp://127.0.0.1:9097"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (write(HELLO, Anyone()), f"from '{NODE}': it proves nothing: no mac"),
        (
            write(HELLO, KeyHolders(bytes(32))),
            f"from '{NODE}': it was not written with our key",
        ),
        (b"[]", "expected an object"),
        (b"{", "not understood: "),
        (b"\xff", "not understood: "),
        (write(SNAP, KEY), "not understood: Invalid enum value 'snap'"),
    ],
)
def test_what_is_not_proved_or_no_request_is_refused_with_the_reason(
    data: bytes, problem: str
) -> None:
    with pytest.raises(LaneRError) as caught:
        read_request(data, KEY)
    assert str(caught.value).startswith(problem)


def test_a_proof_is_over_every_word() -> None:
    message = json.loads(write(SNAP, KEY))
    for name in message.keys() - {"mac"}:
        with pytest.raises(LaneRError):
            read_answer(json.dumps(message | {name: "other"}).encode(), KEY)


@given(st.binary(max_size=200))
def test_nothing_else_is_raised_whatever_arrives(data: bytes) -> None:
    with pytest.raises(LaneRError):
        read_answer(data, Anyone())
