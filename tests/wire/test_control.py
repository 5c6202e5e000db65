import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core import status
from cuems.core.cues import CueId, NodeId
from cuems.core.operator import (
    Authenticate,
    ClientCommand,
    DropClient,
    EnableCue,
    GoCue,
    ListClients,
    LoadProject,
    LoadTo,
    MoveStandby,
    MuteClient,
    OperatorCommand,
    PauseCue,
    Ping,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ReadJournal,
    ResumeCue,
    SayHello,
    SetMixerVolume,
    SetPlayer,
    SetVideoMixer,
    StopCue,
    UnloadProject,
)
from cuems.core.timecode import FLICKS_PER_DAY, from_ms
from cuems.wire.control import (
    LITERAL,
    TEMPLATES,
    ArgumentError,
    ControlError,
    UnknownAddressError,
    messages,
    reply,
    request,
)
from cuems.wire.control_table import TABLE, Access, Argument, Kind, Row
from cuems.wire.osc import (
    Char,
    Double,
    Impulse,
    Int64,
    Osc,
    OscArgument,
    Symbol,
    decode,
    encode,
)
from tests.fuzz.fuzz_osc import BOMBS


def command(osc: Osc) -> OperatorCommand | ClientCommand:
    return request(osc).command


CUE = CueId("3f0f3d1e-8f5b-4a6e-9c55-1f1b6a3f2a10")
NODE = NodeId("6c7b0e0a-1111-4222-8333-abcdefabcdef")
FADER = f"/{NODE}/audio/mixer/0/master/volume"

# One of each status, and exactly what clients are told (interop.md 2.3).
TOLD: list[tuple[status.Status, tuple[Osc, ...]]] = [
    (status.NodeName(NODE, "foh"), (Osc(f"/engine/status/node_name/{NODE}", ("foh",)),)),
    (status.CueName(CUE, "Overture"), (Osc(f"/engine/status/cue_name/{CUE}", ("Overture",)),)),
    (
        status.CueKind(CUE, "audio", 2, from_ms(90_500)),
        (
            Osc(f"/engine/status/cue_kind/{CUE}", ("audio",)),
            Osc(f"/engine/status/cue_depth/{CUE}", (2,)),
            Osc(f"/engine/status/cue_duration/{CUE}", (90_500,)),
        ),
    ),
    (status.CueStart(CUE, from_ms(1500)), (Osc(f"/engine/status/cue_start/{CUE}", (1500,)),)),
    (status.GoGuard(200), (Osc("/engine/status/go_guard", (200,)),)),
    (status.Running(value=None), (Osc("/engine/status/running", ("",)),)),
    (status.Running(value=True), (Osc("/engine/status/running", ("yes",)),)),
    (status.Armed(value=False), (Osc("/engine/status/armed", ("no",)),)),
    (status.Loaded("the_tempest"), (Osc("/engine/status/load", ("the_tempest",)),)),
    (status.NextCue(CUE), (Osc("/engine/status/nextcue", (CUE,)),)),
    (status.NextCue(None), (Osc("/engine/status/nextcue", ("",)),)),
    (status.ShowTimecode(from_ms(12_000)), (Osc("/engine/status/timecode", (12_000,)),)),
    (status.CuePlay(CUE, 57), (Osc(f"/engine/status/cue/{CUE}", (57,)),)),
    (status.CueReason(CUE, "no file"), (Osc(f"/engine/status/cue_reason/{CUE}", ("no file",)),)),
    (status.CueEnabled(CUE, enabled=True), (Osc(f"/engine/status/cue_enabled/{CUE}", (1,)),)),
    (
        status.MixerVolume(NODE, "0", "master", 1),
        (Osc(f"/engine/status/audio/mixer/{NODE}/0/master/volume", (1.0,)),),
    ),
    (
        status.VideoMixer(NODE, "0", "xscale", (2,)),
        (Osc(f"/engine/status/video/mixer/{NODE}/0/xscale", (2.0,)),),
    ),
    (
        status.VideoMixer(NODE, "0", "4/corner4", (10, 20.5)),
        (Osc(f"/engine/status/video/mixer/{NODE}/0/4/corner4", (10.0, 20.5)),),
    ),
    (status.Paused(value=True), (Osc("/engine/status/paused", ("yes",)),)),
    (status.WaitingFor("node b"), (Osc("/engine/status/waiting_for", ("node b",)),)),
    (
        status.NodeHealth(NODE, "late", "by 40 ms"),
        (
            Osc(f"/engine/status/node/{NODE}", ("late",)),
            Osc(f"/engine/status/node_detail/{NODE}", ("by 40 ms",)),
        ),
    ),
    (
        status.NodeOutputs(NODE, "nothing sounds"),
        (Osc(f"/engine/status/node_outputs/{NODE}", ("nothing sounds",)),),
    ),
    (
        status.ChaseHealth(NODE, "locked", "MIDI, 0 missed"),
        (
            Osc(f"/engine/status/chase/{NODE}", ("locked",)),
            Osc(f"/engine/status/chase_detail/{NODE}", ("MIDI, 0 missed",)),
        ),
    ),
    (status.NodeWaived(NODE, True), (Osc(f"/engine/status/node_waived/{NODE}", (1,)),)),
    (status.CueLate(CUE, 1500), (Osc(f"/engine/status/cue_late/{CUE}", (1500,)),)),
    (status.CueHeld(CUE, True), (Osc(f"/engine/status/cue_paused/{CUE}", (1,)),)),
    (status.GoLead(80), (Osc("/engine/status/go_lead", (80,)),)),
    (
        status.ClusterWarning(load_seq=3, project="play", missing=(NODE,)),
        (
            Osc(
                "/engine/status/cluster_warning",
                (
                    f'{{"load_id": "3", "project": "play", "missing": ["{NODE}"],'
                    ' "unreachable": []}',
                ),
            ),
        ),
    ),
    (status.BusWarning("open"), (Osc("/engine/status/bus_warning", ("open",)),)),
    (status.Strangers(3), (Osc("/engine/status/strangers", (3,)),)),
    (
        status.OwnHealth("61 MiB", "the disk is full"),
        (
            Osc("/engine/status/health", ("61 MiB",)),
            Osc("/engine/status/health_warning", ("the disk is full",)),
        ),
    ),
    (
        status.NodeFigures(NODE, "50 MiB", ""),
        (
            Osc(f"/engine/status/node_health/{NODE}", ("50 MiB",)),
            Osc(f"/engine/status/node_health_warning/{NODE}", ("",)),
        ),
    ),
    (
        status.DeployProgress(NODE, 40, "rain.wav"),
        (
            Osc(f"/engine/status/deploy/{NODE}", (40,)),
            Osc(f"/engine/status/deploy_detail/{NODE}", ("rain.wav",)),
        ),
    ),
    (
        status.Leadership(role="standby", detail="of ws://a", epoch=7, lag_ms=3),
        (
            Osc("/engine/status/role", ("standby",)),
            Osc("/engine/status/role_detail", ("of ws://a",)),
            Osc("/engine/status/epoch", (7,)),
            Osc("/engine/status/lag", (3,)),
        ),
    ),
    (
        status.DeployBytes(NODE, "fetching", "media/rain.wav", 3, 5 << 30, 7 << 20, 9),
        (
            Osc(f"/engine/status/deploy_file/{NODE}", ("media/rain.wav",)),
            Osc(f"/engine/status/deploy_done/{NODE}", (1,)),
            Osc(f"/engine/status/deploy_total/{NODE}", (5 << 20,)),
            Osc(f"/engine/status/deploy_rate/{NODE}", (7 << 10,)),
            Osc(f"/engine/status/deploy_eta/{NODE}", (9,)),
            Osc(f"/engine/status/deploy_state/{NODE}", ("fetching",)),
        ),
    ),
    (
        status.DeployPlan(NODE, 1, 2, 3, 4, 5 << 10, 1 << 50, "media/gone.wav"),
        (
            Osc(f"/engine/status/deploy_have/{NODE}", (1,)),
            Osc(f"/engine/status/deploy_fetch/{NODE}", (2,)),
            Osc(f"/engine/status/deploy_update/{NODE}", (3,)),
            Osc(f"/engine/status/deploy_remove/{NODE}", (4,)),
            Osc(f"/engine/status/deploy_needs/{NODE}", (5,)),
            Osc(f"/engine/status/deploy_free/{NODE}", ((1 << 31) - 1,)),
            Osc(f"/engine/status/deploy_missing/{NODE}", ("media/gone.wav",)),
        ),
    ),
    (
        status.DeployTotal(50, 5 << 10, 10 << 10, 2 << 10, 3),
        (
            Osc("/engine/status/deploy_all_percent", (50,)),
            Osc("/engine/status/deploy_all_done", (5,)),
            Osc("/engine/status/deploy_all_total", (10,)),
            Osc("/engine/status/deploy_all_rate", (2,)),
            Osc("/engine/status/deploy_all_eta", (3,)),
        ),
    ),
    (
        status.DeployRun("failed", "demo", "no script.xml"),
        (
            Osc("/engine/status/deploy_project", ("demo",)),
            Osc("/engine/status/deploy_reason", ("no script.xml",)),
            Osc("/engine/status/deploy_run", ("failed",)),
        ),
    ),
    (status.ModeIs("show"), (Osc("/engine/status/mode", ("show",)),)),
    (status.Notice("disk full"), (Osc("/engine/status/notice", ("disk full",)),)),
    (status.SettingValue("panic_ms", "9"), (Osc("/engine/status/setting/panic_ms", ("9",)),)),
    (status.JournalFault("disk full"), (Osc("/engine/status/journal", ("disk full",)),)),
    (
        status.OpeningHours(state="open", window="day", next_start="2026-11-25T10:00:00Z"),
        (
            Osc("/engine/status/schedule", ("open",)),
            Osc("/engine/status/schedule_window", ("day",)),
            Osc("/engine/status/schedule_next", ("2026-11-25T10:00:00Z",)),
            Osc("/engine/status/schedule_fault", ("",)),
        ),
    ),
]


@pytest.mark.parametrize(
    ("osc", "wanted"),
    [
        (Osc("/engine/command/go"), PressGo()),
        (Osc("/engine/command/go", ("ignored", 1)), PressGo()),
        (Osc("engine/command/go"), PressGo()),
        (Osc("/engine/command/gocue", (CUE,)), GoCue(CUE)),
        (Osc("/engine/command/stopcue", (CUE,)), StopCue(CUE)),
        (Osc("/engine/command/pausecue", (CUE,)), PauseCue(CUE)),
        (Osc("/engine/command/resumecue", (CUE,)), ResumeCue(CUE)),
        (Osc("/engine/command/stop"), PressStop()),
        (Osc("/engine/command/panic"), PressPanic()),
        (Osc("/engine/command/pause"), PressPause()),
        (Osc("/engine/command/resume"), PressResume()),
        (Osc("/engine/command/load", ("the_tempest",)), LoadProject("the_tempest")),
        (Osc("/engine/command/load", (" The Tempest ", 3)), LoadProject("The Tempest")),
        (Osc("/engine/command/unload"), UnloadProject()),
        (Osc("/engine/command/setnextcue", (CUE,)), MoveStandby(CUE)),
        (Osc("/engine/command/cue_enabled", (f"{CUE} 0",)), EnableCue(CUE, enabled=False)),
        (Osc("/engine/command/cue_enabled", (f"{CUE} 1",)), EnableCue(CUE, enabled=True)),
        (Osc("/engine/command/cue_enabled", (CUE, True)), EnableCue(CUE, enabled=True)),
        (Osc("/engine/command/load_to_time", (1500.0,)), LoadTo(1500)),
        (Osc("/engine/command/ping"), Ping()),
        (Osc("/engine/auth", ("tell no one",)), Authenticate("tell no one")),
        (Osc("/engine/auth", (4711,)), Authenticate("4711")),
        (Osc("/engine/auth", (4711.0,)), Authenticate("4711")),
        (Osc("/engine/hello"), SayHello()),
        (Osc("/engine/command/clients"), ListClients()),
        (Osc("/engine/command/journal", (7, "000001-x")), ReadJournal(7, "000001-x")),
        (Osc("/engine/command/client_mute", (3, True)), MuteClient(3, muted=True)),
        (Osc("/engine/command/client_drop", (3.0,)), DropClient(3)),
        (Osc(FADER, (1,)), SetMixerVolume(node=NODE, output="0", channel="master", value=1.0)),
        (
            Osc(f"/engine/players{FADER}", (0.5,)),
            SetMixerVolume(node=NODE, output="0", channel="master", value=0.5),
        ),
        (
            Osc(f"/{NODE}/video/mixer/0/4/corner4", (10, 20.5)),
            SetVideoMixer(node=NODE, mixer="0", parameter="4/corner4", values=(10.0, 20.5)),
        ),
        (
            Osc(f"/engine/players/{NODE}/video/mixer/1/xscale", (1,)),
            SetVideoMixer(node=NODE, mixer="1", parameter="xscale", values=(1.0,)),
        ),
        (
            Osc(f"/{NODE}/video/mixer/1/zscale", (1,)),
            SetPlayer(node=NODE, path="video/mixer/1/zscale", args=(1,)),
        ),
        (
            Osc(f"{NODE}/dmx/mixer/blackout"),
            SetPlayer(node=NODE, path="dmx/mixer/blackout"),
        ),
        (
            Osc(f"/engine/players/{NODE}/audio/cue/{CUE}/0/volume", (0.1,)),
            SetPlayer(node=NODE, path=f"audio/cue/{CUE}/0/volume", args=(0.1,)),
        ),
    ],
    ids=lambda value: value.address if isinstance(value, Osc) else "",
)
def test_a_message_becomes_the_command_it_asks_for(
    osc: Osc, wanted: OperatorCommand | ClientCommand
) -> None:
    assert command(osc) == wanted


@pytest.mark.parametrize("given", [1, 1.0, Int64(1), Double(1), True, "1", "1.0", " 1 "])
def test_a_number_comes_in_any_type_that_can_hold_it(given: OscArgument) -> None:
    wanted = SetMixerVolume(node=NODE, output="0", channel="master", value=1.0)
    assert command(Osc(FADER, (given,))) == wanted
    assert command(Osc("/engine/command/cue_enabled", (CUE, given))) == EnableCue(CUE, enabled=True)
    assert command(Osc("/engine/command/load_to_time", (given,))) == LoadTo(1)


@pytest.mark.parametrize(
    "given",
    [math.nan, math.inf, -0.1, 100, "loud", "1_0", "nan", "1" * 400, None, b"1", Impulse(), (1,)],
    ids=repr,
)
def test_what_is_no_gain_moves_no_fader(given: OscArgument) -> None:
    with pytest.raises(ArgumentError) as caught:
        command(Osc(FADER, (given,)))
    text = str(caught.value)
    assert FADER in text
    assert "a number from 0 up to 4 gain" in text
    assert len(text) < 300


@pytest.mark.parametrize(
    ("osc", "text"),
    [
        (Osc("/engine/command/load"), "project must be a text, and it is missing"),
        (Osc("/engine/command/load", ("",)), "project must be a text, not ''"),
        (Osc("/engine/command/load", (5,)), "project must be a text, not 5"),
        (Osc("/engine/command/cue_enabled", (CUE,)), "enabled must be 0 or 1, and it is missing"),
        (Osc("/engine/command/cue_enabled", (f"{CUE} 2",)), "enabled must be 0 or 1, not '2'"),
        (Osc("/engine/command/load_to_time", (-1,)), "whole number from 0 up to 86400000 ms"),
        (Osc(f"/{NODE}/dmx/x", ((1, 2),)), "argument must be a number or text, not (1, 2)"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(osc: Osc, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        command(osc)
    assert text in str(caught.value)
    assert str(caught.value).startswith(repr(osc.address))


@pytest.mark.parametrize(
    "address",
    [
        "/engine/command/fly",
        "/engine/command/go/",
        "/ENGINE/command/go",
        "/engine/command/*",
        "/engine/status/running",
        "//engine/command/go",
        "/",
        "",
        f"/{NODE}",
        f"/{NODE}/",
        "/not-a-node/audio/mixer/0/master/volume",
        "/engine/players/not-a-node/audio",
        "/" + "*" * 60 + "b",
        "/a" * 30_000,
        f"/{NODE}/" + "a" * 300,
    ],
)
def test_an_address_that_is_no_command_is_named(address: str) -> None:
    with pytest.raises(UnknownAddressError) as caught:
        command(Osc(address, ("x",)))
    assert address[:60] in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=60), st.lists(st.none() | st.text() | st.floats() | st.integers()))
def test_any_message_is_a_command_or_refused(address: str, args: list[OscArgument]) -> None:
    for asked in (address, "/engine/command/" + address, f"/{NODE}/{address}", FADER):
        assert "\n" not in outcome(Osc(asked, tuple(args)))


def outcome(osc: Osc) -> str:
    try:
        return type(command(osc)).__name__
    except ControlError as error:
        return str(error)


@pytest.mark.parametrize(("value", "told"), TOLD, ids=lambda value: type(value).__name__)
def test_a_status_is_told_in_the_words_clients_know(
    value: status.Status, told: tuple[Osc, ...]
) -> None:
    assert messages(value) == told
    kinds = [type(argument) for message in told for argument in message.args]
    wire = [decode(encode(message)) for message in messages(value)]
    assert [type(item) for osc in wire if isinstance(osc, Osc) for item in osc.args] == kinds


def test_timecode_wraps_at_midnight_as_mtc_does() -> None:
    (message,) = messages(status.ShowTimecode(30 * FLICKS_PER_DAY + from_ms(5000)))
    assert message.args == (5000,)


def fits(row: Row, osc: Osc) -> bool:
    parts, template = osc.address.split("/"), row.address.split("/")
    same = len(parts) == len(template) and all(
        wanted in (part, "{" + wanted.strip("{}") + "}")
        for part, wanted in zip(parts, template, strict=True)
    )
    tags = encode(osc)[len(encode(Osc(osc.address))) - 4 :][1 : 1 + len(osc.args)].decode()
    return same and tags == row.type_tags


def test_the_table_holds_every_status_and_no_other() -> None:
    statuses = [row for row in TABLE if row.access is Access.READ]
    told = [osc for _, several in TOLD for osc in several]
    rows_of = {osc.address: [row for row in statuses if fits(row, osc)] for osc in told}
    assert [address for address, rows in rows_of.items() if len(rows) != 1] == []
    used = {row.address for rows in rows_of.values() for row in rows}
    assert {row.address for row in statuses} - used == set()


SAMPLES: dict[Kind, OscArgument] = {
    Kind.TEXT: "x",
    Kind.PLAIN: "x",
    Kind.FLAG: 1,
    Kind.WHOLE: 1,
    Kind.NUMBER: 1.0,
}


@pytest.mark.parametrize(
    "row", [r for r in TABLE if r.access is Access.WRITE], ids=lambda r: r.address
)
def test_every_command_row_makes_a_command(row: Row) -> None:
    address = row.address.replace("{node}", NODE).replace("{path*}", "a/b")
    address = address.replace("{axis}", "xscale").replace("{corner}", "corner1").replace("{", "")
    args = tuple(SAMPLES[argument.kind] for argument in row.arguments)
    asked = request(Osc(address.replace("}", ""), args))
    assert isinstance(asked.command, OperatorCommand | ClientCommand)
    assert asked.scope is row.scope


def test_every_address_stands_once_in_the_table() -> None:
    addresses = [row.address for row in TABLE]
    assert len(addresses) == len(set(addresses)) == len(TABLE)
    commands = [row for row in TABLE if row.access is Access.WRITE]
    assert len(LITERAL) + len(TEMPLATES) == len(commands)
    assert all(row.description for row in TABLE)


@pytest.mark.parametrize(
    ("address", "reason", "answer"),
    [
        ("/engine/command/go", None, Osc("/engine/reply/go", ("ok",))),
        ("engine/command/go", "not armed", Osc("/engine/reply/go", ("not armed",))),
        ("/engine/auth", "denied", Osc("/engine/reply/auth", ("denied",))),
        ("/what/ever", "unknown", Osc("/engine/reply/what/ever", ("unknown",))),
        ("", "cut off", Osc("/engine/reply/packet", ("cut off",))),
    ],
)
def test_a_command_is_answered_at_its_own_name(
    address: str, reason: str | None, answer: Osc
) -> None:
    assert reply(address, reason) == answer


def test_a_players_argument_is_plain_whatever_osc_type_it_wears() -> None:
    args = (Int64(1 << 40), Double(0.5), Symbol("hold"), Char("x"), True, None, 7)
    asked = command(Osc(f"/{NODE}/player/word", args))
    assert isinstance(asked, SetPlayer)
    assert [type(value) for value in asked.args] == [int, float, str, str, bool, type(None), int]


@pytest.mark.parametrize(
    "wrong",
    [
        {"make": None},
        {"make": GoCue},
        {"make": EnableCue, "arguments": (Argument(name="cue", kind=Kind.TEXT),)},
        {"make": PressGo, "access": Access.READ},
        {"address": "/{node}/x", "make": PressGo},
    ],
    ids=repr,
)
def test_a_row_whose_target_does_not_fit_it_cannot_be_built(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"address": "/x", "description": "x", "make": PressGo}
    Row(**right)
    with pytest.raises(TypeError):
        Row(**right | wrong)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:20])
def test_f41_a_pattern_is_no_pattern_here(bomb: str) -> None:
    """Addresses are compared, never searched; how long it takes is in the fuzzer's report."""
    with pytest.raises(UnknownAddressError):
        request(Osc(bomb, (1,)))
