import json
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core import bus
from cuems.core.bus import BusMessage, Envelope
from cuems.core.cues import Action, CueId, NodeId
from cuems.core.effects import Outcome
from cuems.core.events import Go, Intervene, SetEnabled, SetNextCue
from cuems.core.line import Line
from cuems.core.reports import (
    ActionOutcomeReport,
    ArmedReport,
    CueEnabledReport,
    CueEndedReport,
    CueProgressReport,
    CueStartedReport,
    LoadFailedReport,
    NextCueReport,
    PlayerAdded,
    PlayerRemoved,
    Pong,
    ScriptFinished,
)
from cuems.core.runs import Trigger, Word
from cuems.core.show_state import ShowState
from cuems.core.timecode import FLICKS_PER_MS, FrameRate
from cuems.wire.auth import Anyone, KeyHolders
from cuems.wire.bus import (
    BusDecodeError,
    Pen,
    StrangerError,
    decode,
    encode,
    hub_message,
    hub_pong,
)

CONTROLLER = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0001")
NODE = NodeId("0f7d0a52-5c0e-4d4f-9d0e-6b1b5c1f0002")
CUE = CueId("7c9e6679-7425-40de-944b-e07fc1f90ae7")
MEBIBYTE = 1 << 20


def operation(kind: str, target: str, data: object, sender: str, action: str = "update") -> str:
    keys = {"type": kind, "action": action, "sender": sender, "target": target, "data": data}
    return json.dumps(keys)


def command(target: str, value: object) -> str:
    data = {"value": value, "address": f"/engine/command/{target}"}
    return operation("command", target, data, CONTROLLER)


# What upstream's parts send, interop.md 3.6 and the tables above it, as their JSON encoder writes.
UPSTREAM: list[tuple[str, BusMessage]] = [
    (command("load", "my_show"), bus.LoadCommand(project="my_show")),
    (command("go", None), bus.GoStandbyCommand()),
    (command("go", {"run_seq": 42}), bus.GoStandbyCommand(42)),
    (command("go", 1.0), bus.GoStandbyCommand()),
    (command("stop", None), bus.StopCommand()),
    (command("stop", "now"), bus.StopCommand()),
    (command("setnextcue", CUE), SetNextCue(CUE)),
    (command("cue_enabled", f"{CUE} 0"), SetEnabled(CUE, False)),
    (command("cue_enabled", f"{CUE} 1"), SetEnabled(CUE, True)),
    (
        operation(
            "command",
            "player_control",
            {"address": f"/{NODE}/audio/mixer/0/master/volume", "value": 0.5},
            CONTROLLER,
        ),
        bus.PlayerControlCommand(f"/{NODE}/audio/mixer/0/master/volume", (0.5,)),
    ),
    (
        operation(
            "command", "ping", {"value": None, "address": "/engine/cluster/ping"}, "controller"
        ),
        bus.PingCommand(),
    ),
    (operation("status", "pong", {}, NODE), Pong()),
    (operation("status", "armed_ready", {"armed": "yes"}, NODE), ArmedReport(armed=True)),
    (operation("status", "script_finished", {"running": "no"}, NODE), ScriptFinished()),
    (operation("status", "nextcue", {"nextcue": CUE}, NODE), NextCueReport(CUE)),
    (operation("status", "nextcue", {"nextcue": ""}, NODE), NextCueReport(None)),
    (
        operation("status", "cue_enabled", {"cue_id": CUE, "enabled": False}, NODE),
        CueEnabledReport(CUE, False),
    ),
    (
        operation(
            "status",
            "action_cue_outcome",
            {
                "status": "rejected",
                "action_type": "wait",
                "target_id": None,
                "reason": "Unsupported action_type",
            },
            NODE,
        ),
        ActionOutcomeReport(
            cue=None,
            outcome=Outcome.REJECTED,
            action=Action.WAIT,
            reason="Unsupported action_type",
        ),
    ),
    (
        operation("cue", CUE, {"id": CUE, "offset": "5320.0"}, NODE, "add"),
        CueStartedReport(CUE, 5320 * FLICKS_PER_MS),
    ),
    (operation("cue", CUE, {"id": CUE}, NODE, "remove"), CueEndedReport(CUE)),
    (
        operation("cue", CUE, {"id": CUE, "percentage": 37}, NODE),
        CueProgressReport(CUE, 37),
    ),
    (operation("player", f"dmxplayer_{NODE}", None, NODE, "add"),
     PlayerAdded(f"dmxplayer_{NODE}")),
    (operation("player", f"audioplayer_{CUE}", None, NODE, "remove"),
     PlayerRemoved(f"audioplayer_{CUE}")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), UPSTREAM)
def test_what_upstream_says_is_understood(text: str, message: BusMessage) -> None:
    assert decode(text.encode()).message == message
    spread = json.dumps(json.loads(text), indent=2, sort_keys=True)
    assert decode(spread.encode()).message == message


FREE_VALUE = {command("go", 1.0), command("stop", "now")}  # upstream lets any value be there


@pytest.mark.parametrize(
    ("text", "message"), [pair for pair in UPSTREAM if pair[0] not in FREE_VALUE]
)
def test_upstream_reads_from_us_what_it_would_say_itself(text: str, message: BusMessage) -> None:
    theirs = json.loads(text)
    ours = json.loads(encode(NodeId(theirs["sender"]), message))
    for key in ("type", "action", "sender", "target"):
        assert ours[key] == theirs[key]
    if theirs["data"] is None:
        assert ours["data"] is None
    else:
        assert theirs["data"].items() <= ours["data"].items()


def test_the_sender_comes_with_the_message() -> None:
    assert decode(encode(NODE, Pong())) == Envelope(NODE, Pong())


ids = st.uuids().map(str)
integers = st.integers(-(2**62), 2**62)
text = st.text(min_size=1)
scalars = st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | st.text()
lines = st.builds(Line, integers, integers, st.booleans(), st.sampled_from(FrameRate))
sources = st.builds(bus.Source, library=text, port=integers, project_hash=text)
triggers = st.builds(
    Trigger,
    cue=ids,
    run_seq=integers,
    given=integers,
    due=integers,
    arrival=integers,
    word=st.sampled_from(Word),
)
states = st.builds(
    ShowState,
    at=ids | st.none(),
    after_go_of=ids | st.none(),
    into=integers,
    paused=st.booleans(),
    enabled=st.lists(st.tuples(ids, st.booleans()), max_size=2).map(tuple),
    kept_loaded=st.lists(ids, max_size=2).map(tuple),
    triggers=st.lists(triggers, max_size=2).map(tuple),
    begun_at=integers | st.none(),
)
BY_HINT: dict[Any, st.SearchStrategy[Any]] = {
    CueId: ids,
    CueId | None: ids | st.none(),
    tuple[CueId, ...]: st.lists(ids).map(tuple),
    NodeId: ids,
    tuple[NodeId, ...]: st.lists(ids).map(tuple),
    int: integers,
    int | None: integers | st.none(),
    bool: st.booleans(),
    str: text,
    tuple[bus.PlayerValue, ...]: st.lists(scalars).map(tuple),
    tuple[tuple[str, str], ...]: st.lists(st.tuples(text, text)).map(tuple),
    Outcome: st.sampled_from(Outcome),
    Action | None: st.sampled_from(Action) | st.none(),
    Line: lines,
    bus.Source | None: sources | st.none(),
    bus.LoadCommand | None: st.none()
    | st.builds(
        bus.LoadCommand,
        project=text,
        load_seq=integers,
        source=sources | st.none(),
        only=st.lists(ids).map(tuple),
    ),
    str | None: st.none() | text,
    ShowState | None: states | st.none(),
    tuple[str, ...]: st.lists(text).map(tuple),
    tuple[bus.PlayerControlCommand, ...]: st.lists(
        st.builds(bus.PlayerControlCommand, text, st.lists(scalars).map(tuple))
    ).map(tuple),
    ArmedReport | None: st.none()
    | st.builds(ArmedReport, armed=st.booleans(), waiting_for=st.just(()), load_seq=integers),
    bus.Source: sources,
    Word: st.sampled_from([word for word in Word if word is not Word.GO]),
}


def messages(kind: type[BusMessage]) -> st.SearchStrategy[BusMessage]:
    if kind is bus.StopCommand:  # an upstream one is for everyone
        everyone = st.just(bus.StopCommand())
        return everyone | st.builds(bus.StopCommand, integers, st.lists(ids).map(tuple))
    hints = get_type_hints(kind)
    fields = {name: BY_HINT[hint] for name, hint in hints.items()}
    if "percent" in fields:
        fields["percent"] = st.integers(0, 100)
    return st.builds(kind, **fields)


every_message = st.sampled_from(get_args(BusMessage)).flatmap(messages)


@given(every_message)
def test_every_message_arrives_as_it_was_sent(message: BusMessage) -> None:
    assert decode(encode(NODE, message)) == Envelope(NODE, message)


@given(every_message)
def test_an_upstream_receiver_can_take_every_message(message: BusMessage) -> None:
    read = json.loads(encode(NODE, message))
    assert read.keys() - {"x"} == {"type", "action", "sender", "target", "data"}
    assert read["type"] in {"cue", "player", "command", "status"}
    assert read["action"] in {"add", "remove", "update"}
    assert isinstance(read["data"], dict) or read["type"] == "player"


@pytest.mark.parametrize("message", [bus.PanicCommand(8), bus.UnloadCommand(8)])
def test_an_upstream_node_hears_panic_and_unload_as_a_stop(message: BusMessage) -> None:
    assert json.loads(encode(CONTROLLER, message))["target"] == "stop"


def test_an_upstream_controller_never_takes_not_armed_for_armed() -> None:
    report = ArmedReport(armed=False, waiting_for=(CUE,))
    assert json.loads(encode(NODE, report))["target"] != "armed_ready"


def test_a_reason_that_is_no_unicode_still_arrives() -> None:
    broken = b"caf\xe9.wav".decode(errors="surrogateescape")
    sent = LoadFailedReport(project="x", reason=f"no {broken}")
    assert decode(encode(NODE, sent)).message == LoadFailedReport(project="x", reason="no caf?.wav")


def test_how_a_show_stands_is_understood_from_who_does_not_know_where_it_was_stopped() -> None:
    sent = bus.Snapshot(node=NODE, state=ShowState(begun_at=7))
    told = json.loads(encode(CONTROLLER, sent))
    del told["data"]["state"]["begun_at"]
    read = decode(json.dumps(told).encode()).message
    assert isinstance(read, bus.Snapshot)
    assert read.state == ShowState()


def test_a_start_position_of_ours_is_exact_where_milliseconds_are_not() -> None:
    frame = FrameRate.FPS_29_97.flicks_per_frame
    report = CueStartedReport(CUE, 3 * frame, late=1)
    assert decode(encode(NODE, report)).message == report


def damaged(message: BusMessage, **extra: object) -> bytes:
    keys = json.loads(encode(CONTROLLER, message))
    keys["x"] |= extra
    return json.dumps(keys).encode()


GO = Go(run_seq=1, cue=CUE, at=0)
HOLD = Intervene(run_seq=1, cue=CUE, word=Word.PAUSE, at=0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"null", "Expected `object`"),
        (b"[1]", "Expected `object`"),
        (b"GO", "malformed"),
        (b'{"type": "command"}', "missing required field"),
        (b'{"type": "\xff"}', "utf-8"),
        (b"[" * 100_000, "Expected `object`"),
        (b'{"z": ' + b"[" * 100_000, "nested too deep"),
        (operation("engine", "go", {}, CONTROLLER).encode(), "engine"),
        (operation("command", "go", {}, CONTROLLER, "add").encode(), "action add"),
        (operation("command", "fly", {}, CONTROLLER).encode(), "'fly'"),
        (operation("status", "pong", {}, "").encode(), "sender"),
        (operation("player", "", None, NODE, "add").encode(), "id"),
        (operation("player", "a", None, NODE).encode(), "player action update"),
        (command("load", None).encode(), "Expected `str`"),
        (command("load", "").encode(), "length >= 1"),
        (command("cue_enabled", f"{CUE} 2").encode(), "'<cue> 0'"),
        (operation("cue", CUE, {"offset": "soon"}, NODE, "add").encode(), "'soon'"),
        (operation("cue", CUE, {"offset": "1e999"}, NODE, "add").encode(), "'1e999'"),
        (operation("cue", CUE, {"offset": "nan"}, NODE, "add").encode(), "'nan'"),
        (operation("cue", CUE, {"percentage": 101}, NODE).encode(), "<= 100"),
        (operation("status", "deploy", {"percent": -1}, NODE).encode(), "percent, got -1"),
        (
            encode(CONTROLLER, bus.LineReport(Line(0, 0, rolling=True), 0)).replace(
                b"FPS_25", b"FPS_26"
            ),
            "unknown frame rate 'FPS_26'",
        ),
        (damaged(GO, v=2), "version 2"),
        (damaged(GO, at=None), "x.at"),
        (damaged(GO, at="soon"), "Expected `int | null`"),
        (damaged(HOLD, at=None), "x.at"),
        (command("stop_cue", CUE).encode(), "x.at"),
    ],
)
def test_a_message_we_do_not_know_says_in_one_line_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(BusDecodeError) as caught:
        decode(data)
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 900


def test_a_go_of_ours_with_a_damaged_cue_never_becomes_a_go_for_what_stands_by() -> None:
    keys = json.loads(encode(CONTROLLER, GO))
    keys["data"]["value"] = None
    with pytest.raises(BusDecodeError):
        decode(json.dumps(keys).encode())


def test_a_stop_of_a_later_version_in_an_unknown_manner_is_a_stop() -> None:
    assert decode(damaged(bus.PanicCommand(8), do="glide")).message == bus.StopCommand(8)


def test_what_a_later_version_adds_is_ignored() -> None:
    assert decode(damaged(GO, mac="00ff", sq=7)).message == GO


def understood_or_refused(data: bytes) -> None:
    complaint = ""
    try:
        decode(data)
    except BusDecodeError as error:
        complaint = str(error)
    assert complaint.isprintable()
    hub_message(data)


@given(st.binary())
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    understood_or_refused(data)


@given(every_message, st.data())
def test_any_damage_is_understood_or_refused(message: BusMessage, draw: st.DataObject) -> None:
    data = bytearray(encode(NODE, message))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    understood_or_refused(bytes(data))


json_values = st.recursive(
    st.none() | scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(
    st.sampled_from([json.loads(text) for text, _ in UPSTREAM]),
    st.sampled_from(["type", "action", "sender", "target", "data", "x"]),
    json_values,
)
def test_any_wrong_type_is_understood_or_refused(
    keys: dict[str, object], key: str, value: object
) -> None:
    understood_or_refused(json.dumps(keys | {key: value}).encode())


@pytest.mark.parametrize(
    "data",
    [
        bytes(MEBIBYTE),
        b'"' + b"a" * MEBIBYTE,
        operation("status", "x" * MEBIBYTE, {}, NODE).encode(),
        operation("a\n" * (MEBIBYTE // 2), "pong", {}, NODE).encode(),
        command("cue_enabled", " " * MEBIBYTE).encode(),
        b'{"type": ' + b"9" * MEBIBYTE + b"}",
    ],
)
def test_a_mebibyte_of_rubbish_is_refused_in_a_short_line(data: bytes) -> None:
    with pytest.raises(BusDecodeError) as caught:
        decode(data)
    assert len(str(caught.value)) < 900
    assert str(caught.value).isprintable()


def test_a_hub_ping_is_answered_with_its_own_timestamp() -> None:
    ping = hub_message(b'{"__type__": "ping", "timestamp": "2026-01-01T00:00:00"}')
    assert ping is not None
    assert json.loads(hub_pong(ping, "2026-01-01T00:00:01")) == {
        "__type__": "pong",
        "timestamp": "2026-01-01T00:00:01",
        "ping_timestamp": "2026-01-01T00:00:00",
    }


def test_an_operation_that_mentions_the_hub_is_an_operation() -> None:
    assert hub_message(command("load", '"__type__"').encode()) is None
    assert hub_message(encode(NODE, PlayerAdded("__type__"))) is None


KEY = bytes(range(32))


def test_a_pen_numbers_what_it_writes_and_stamps_a_command() -> None:
    pen = Pen(CONTROLLER, "boot")
    stamp = bus.Stamp(epoch=3, boot="boot", seq=7, floor=5, stop_generation=2)
    assert decode(pen.write(Pong())) == Envelope(CONTROLLER, Pong(), None, "boot", 1)
    assert decode(pen.write(GO, stamp)) == Envelope(CONTROLLER, GO, stamp, "boot", 2)


def is_upstreams(message: BusMessage) -> bool:
    """Whether no member of ours says it: with a stamp it would be read as one of ours."""
    return isinstance(message, bus.GoStandbyCommand) or message == bus.StopCommand()


@given(every_message.filter(lambda message: not is_upstreams(message)))
def test_what_is_proved_arrives_as_it_was_sent(message: BusMessage) -> None:
    data = Pen(CONTROLLER, "boot", KEY).write(message)
    assert decode(data, KeyHolders(KEY)) == Envelope(CONTROLLER, message, None, "boot", 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (encode(CONTROLLER, GO), "it proves nothing: no mac"),
        (Pen(CONTROLLER, "boot", bytes(32)).write(GO), "it was not written with our key"),
    ],
)
def test_a_stranger_is_named_and_not_listened_to(data: bytes, reason: str) -> None:
    with pytest.raises(StrangerError, match=reason) as caught:
        decode(data, KeyHolders(KEY))
    assert caught.value.sender == CONTROLLER
    assert decode(data, Anyone()).message == GO


def test_an_upstream_peer_is_heard_where_it_is_allowed_and_only_as_upstream_speaks() -> None:
    trust = KeyHolders(KEY, legacy=True)
    assert decode(command("load", "my_show").encode(), trust).message == bus.LoadCommand(
        project="my_show"
    )
    claimed = decode(encode(CONTROLLER, bus.PanicCommand(8)), trust)
    assert claimed == Envelope(CONTROLLER, bus.StopCommand())


@pytest.mark.parametrize("data", [b"[]", b"7", b"{", b"[" * 100_000])
def test_what_is_no_message_is_refused_before_anybody_asks_who_wrote_it(data: bytes) -> None:
    with pytest.raises(BusDecodeError) as caught:
        decode(data, KeyHolders(KEY))
    assert not isinstance(caught.value, StrangerError)
