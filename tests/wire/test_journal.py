"""Records as lines: what goes in comes out, and what is torn or bitten is known for it."""

import json
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core import bus
from cuems.core.cues import Action, CueId, NodeId
from cuems.core.desk import Answer, Asked, LineMoved, Publish, Reported, Tell
from cuems.core.effects import Outcome
from cuems.core.events import (
    Advance,
    Go,
    Intervene,
    LoadToTime,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
)
from cuems.core.journal import Opened, Record
from cuems.core.journal_tail import JournalTail, pieces
from cuems.core.operator import GoCue, SetPlayer
from cuems.core.reports import ActionOutcomeReport, ArmedReport, Hello
from cuems.core.rules import Rules
from cuems.core.runs import Trigger, Word
from cuems.core.show_state import ShowState
from cuems.core.stands import Stands
from cuems.core.status import CuePlay
from cuems.wire import osc
from cuems.wire.control import JOURNAL_LINES
from cuems.wire.journal import RENAMED, RecordError, decode, encode, from_plain, to_plain

CUE = CueId("cue")
NODE = NodeId("node")
ASKED = Asked(
    client="client 1 (tablet)",
    address="/engine/command/gocue",
    command=GoCue(CUE),
    now_ns=7,
    position=9,
)
RECORD = Record(
    number=3,
    at_ns=5,
    position=-9,
    what=ASKED,
    effects=(
        Tell(Go(run_seq=1, cue=CUE, at=9, deadline=None)),
        Publish(CuePlay(CUE, 1)),
        Answer(ASKED),
    ),
)


@pytest.mark.parametrize(
    "what",
    [
        ASKED,
        LineMoved(Advance(1 << 60)),
        Opened(run="x", wall_ns=1, version="0", rules=Rules()),
        Reported(NODE, Hello(boot="b", version="v"), 1),
        Reported(
            NODE,
            ActionOutcomeReport(cue=CUE, outcome=Outcome.REJECTED, action=Action.PLAY),
            1,
        ),
        Asked(
            client=None,
            address="ü",
            command=SetPlayer(node=NODE, path="p", args=(1, 0.5, "s", b"\xff\0", True, None)),
            now_ns=1,
            position=0,
        ),
    ],
    ids=lambda what: type(what).__name__,
)
def test_what_happened_comes_out_as_it_went_in(what: object) -> None:
    record = Record(number=1, at_ns=2, position=3, what=what)  # type: ignore[arg-type]
    assert decode(encode(record)) == record


def test_a_line_is_json_with_everything_in_it() -> None:
    line = encode(RECORD)
    assert decode(line) == RECORD
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    plain = json.loads(line)
    assert plain["e"]["command"] == {"$": "operator.GoCue", "cue": "cue"}
    assert len(plain["crc"]) == 8


@given(st.integers(min_value=0, max_value=len(encode(RECORD)) - 1))
def test_a_torn_line_is_no_record(length: int) -> None:
    with pytest.raises(RecordError):
        decode(encode(RECORD)[:length])


@given(st.integers(0, len(encode(RECORD)) - 1), st.integers(0, 7))
def test_a_bitten_line_is_no_record(at: int, bit: int) -> None:
    line = bytearray(encode(RECORD))
    line[at] ^= 1 << bit
    with pytest.raises(RecordError):
        decode(bytes(line))


@given(st.binary(max_size=200))
def test_garbage_is_no_record(data: bytes) -> None:
    with pytest.raises(RecordError):
        decode(data)


def test_a_record_of_another_version_is_read_as_far_as_it_is_known() -> None:
    line = encode(RECORD)
    changed = line.replace(b'"cue":"cue"},"now_ns"', b'"cue":"cue","new":1},"now_ns"')
    assert changed != line
    with pytest.raises(RecordError):
        decode(changed)
    assert decode(_sealed(changed)) == RECORD
    unknown = line.replace(b"operator.GoCue", b"operator.GoQqq", 1)
    with pytest.raises(RecordError, match="another version") as raised:
        decode(_sealed(unknown))
    assert raised.value.number == RECORD.number
    outside = line.replace(b"operator.GoCue", b"os.system", 1)
    with pytest.raises(RecordError, match="another version"):
        decode(_sealed(outside))


def test_older_records_call_what_was_said_by_names_that_are_still_understood() -> None:
    said = (
        Go(run_seq=1, cue=CUE, at=9),
        Intervene(run_seq=2, cue=CUE, word=Word.STOP, at=9),
        Pause(),
        Resume(),
        SetNextCue(CUE),
        SetEnabled(CUE, enabled=False),
        LoadToTime(4),
        Hello(boot="b", version="v"),
        ArmedReport(armed=True, waiting_for=(CUE,)),
    )
    for each in said:
        plain = to_plain(each)
        older = {new: old for old, new in RENAMED.items()}[plain["$"]]
        assert older.startswith("bus.")
        assert from_plain(plain | {"$": older}) == each


def test_how_a_show_of_many_cues_and_faders_stands_is_told_in_packets_that_clients_take() -> None:
    """250 faders, 200 cues: more than one packet holds."""
    move = bus.PlayerControlCommand
    faders = tuple(move(f"/{uuid4()}/audio/mixer/{n}/ч/volume", (0.5,)) for n in range(250))
    cues = (
        Trigger(cue=CueId(str(uuid4())), run_seq=n, given=n, due=n, arrival=n) for n in range(200)
    )
    stands = Stands(
        project="play",
        load_seq=1,
        stop_generation=1,
        state=ShowState(triggers=tuple(cues)),
        controls=faders,
    )
    record = Record(number=1, at_ns=1, position=1, what=stands, effects=())
    kept = JournalTail()
    kept.add("r", 1, encode(record).decode())
    run, lines = kept.after("r", 0)
    packets = [osc.encode(osc.Osc(JOURNAL_LINES, (run, *piece))) for piece in pieces(lines)]
    assert len(packets) > 1
    heard = [osc.decode(packet) for packet in packets]
    told = "".join(str(arg) for one in heard if isinstance(one, osc.Osc) for arg in one.args[1:])
    assert decode(told.encode()) == record


def _sealed(line: bytes) -> bytes:
    import zlib

    body = line.rpartition(b',"len":')[0]
    return b'%b,"len":%d,"crc":"%08x"}\n' % (body, len(body), zlib.crc32(body))


class Marked(str):
    """A text with a type of its own, as OSC arguments have."""


def test_a_value_of_a_type_of_its_own_is_kept_as_the_plain_one_it_is() -> None:
    plain = to_plain((Marked("x"), True, None, b"\0"))
    assert type(plain[0]) is str
    assert from_plain(plain) == ("x", True, None, b"\0")


def test_what_is_no_value_of_the_core_is_neither_kept_nor_read() -> None:
    with pytest.raises(TypeError, match="a object cannot be kept in the journal"):
        to_plain(object())
    for name in ("no value", "no.Such", "bus.no_such"):
        with pytest.raises(ValueError, match="is no value"):
            from_plain({"$": name})
