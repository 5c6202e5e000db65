"""The whole control surface on loopback: who is let in, what they may do, and what they hear."""

import json
import ssl
import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import trustme
from websockets.exceptions import InvalidMessage, InvalidStatus

from cuems.adapters.access_file import read_keys, write_keys
from cuems.app.client import NotReachableError, open_client
from cuems.app.doors import DoorFlags, Doors, read_doors
from cuems.core.access import KeyKind, Keyring, Scope, new_key
from cuems.core.operator import EnableCue, PressGo, PressStop, UnloadProject
from cuems.core.status import Notice
from cuems.wire.bundles import to_timetag
from cuems.wire.osc import IMMEDIATELY, Osc, OscBundle, encode
from tests.app.fronts import answer, ask, ended, hear, http, open_stage, say, settled, socket

TOKENS = {"view": "a" * 32, "control": "b" * 32, "edit": "c" * 32}
KEYS = Keyring(
    (
        *(new_key(name, KeyKind.TOKEN, Scope(name), secret) for name, secret in TOKENS.items()),
        new_key("crew", KeyKind.PASSCODE, Scope.CONTROL, "4711"),
    )
)
DENIED = "denied: show a token or passcode at /engine/auth first"
GO, STOP = Osc("/engine/command/go"), Osc("/engine/command/stop")
EVERYTHING = ["/engine/status/running", "/engine/status/armed", "/engine/status/load"]


async def test_without_any_key_this_machine_may_do_everything(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as connection:
        assert (await settled(connection))[:3] == EVERYTHING
        assert await ask(connection, "/engine/command/unload") == "ok"
        assert stage.controller.heard[-1] == (UnloadProject(),)


@pytest.mark.parametrize(
    ("scope", "done"), [("view", [0]), ("control", [0, 1]), ("edit", [0, 1, 2])]
)
async def test_f39_a_client_may_do_what_its_token_allows_and_no_more(
    tmp_path: Path, scope: str, done: list[int]
) -> None:
    commands = ["ping", "go", "unload"]
    async with open_stage(tmp_path, KEYS) as stage, socket(stage) as connection:
        assert await ask(connection, "/engine/auth", TOKENS[scope]) == "ok"
        for number, command in enumerate(commands):
            told = await ask(connection, f"/engine/command/{command}")
            if number in done:
                assert told == "ok"
            else:
                assert told.startswith("denied: this needs ")
                assert told.endswith(f", and {scope!r} gives {scope}")
        assert len(stage.controller.heard) == len(done)


async def test_f39_with_keys_a_stranger_is_told_nothing_and_obeyed_in_nothing(
    tmp_path: Path,
) -> None:
    async with open_stage(tmp_path, KEYS) as stage, socket(stage) as connection:
        for address in ("/engine/command/go", "/engine/command/ping", "/engine/hello"):
            assert await ask(connection, address) == DENIED
        await connection.send('{"COMMAND": "LISTEN", "DATA": "/engine/status/load"}')
        assert await answer(connection, "packet") == DENIED
        for target in ("/engine/status/load", "/?HOST_INFO", "/status"):
            assert (await http(stage, "GET", target))[0] == 401
        assert (await http(stage, "POST", "/go"))[0] == 401
        assert (await http(stage, "GET", "/", "Accept: text/html"))[0] == 200
        assert await ask(connection, "/engine/auth", "wrong") == "no such token or passcode"
        assert stage.controller.heard == []


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (f"/realtime?token={TOKENS['view']}", {}),
        ("/", {"subprotocols": ["cuems.osc", TOKENS["view"]]}),
        ("/", {"additional_headers": {"Authorization": f"Bearer {TOKENS['view']}"}}),
    ],
    ids=["query", "subprotocol", "header"],
)
async def test_a_token_can_come_with_the_request(
    tmp_path: Path, path: str, more: dict[str, object]
) -> None:
    async with open_stage(tmp_path, KEYS) as stage, socket(stage, path, **more) as connection:
        assert [(await hear(connection)).address for _ in range(4)] == [
            *EVERYTHING,
            "/engine/reply/auth",
        ]


async def test_a_passcode_opens_and_wrong_ones_are_slowed_for_their_host(tmp_path: Path) -> None:
    async with open_stage(tmp_path, KEYS) as stage, socket(stage) as connection:
        assert await ask(connection, "/engine/auth", 4711) == "ok"
        for passcode in ("4712", "4711"):
            await say(connection, "/engine/auth", passcode)
        assert await answer(connection, "auth") == "no such token or passcode"
        told = await answer(connection, "auth")
        assert told.startswith("too many wrong tries: wait ")
        assert await ask(connection, "/engine/auth", TOKENS["edit"]) == "ok"


async def test_what_is_published_reaches_only_those_who_were_let_in(tmp_path: Path) -> None:
    async with (
        open_stage(tmp_path, KEYS) as stage,
        socket(stage) as stranger,
        socket(stage, f"/?token={TOKENS['view']}") as guest,
    ):
        assert await ask(guest, "/engine/command/ping") == "ok"
        stage.front.desk.publish(Notice("news"))
        assert "/engine/status/notice" in await settled(guest)
        assert await settled(stranger) == ["/engine/reply/ping"]


async def test_a_revoked_token_ends_its_connections_at_once(tmp_path: Path) -> None:
    async with (
        open_stage(tmp_path, KEYS) as stage,
        socket(stage, f"/?token={TOKENS['view']}") as guest,
        socket(stage, f"/?token={TOKENS['edit']}") as chief,
    ):
        assert await ask(guest, "/engine/command/ping") == "ok"
        left = (await anyio.to_thread.run_sync(read_keys, tmp_path)).without("view")
        await anyio.to_thread.run_sync(write_keys, tmp_path, left)
        await ended(guest)
        assert await ask(chief, "/engine/command/ping") == "ok"


async def test_the_first_key_ends_the_rights_of_this_machine(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as connection:
        assert await ask(connection, "/engine/command/ping") == "ok"
        await anyio.to_thread.run_sync(write_keys, tmp_path, KEYS)
        await ended(connection)
        async with socket(stage) as again:
            assert await ask(again, "/engine/command/ping") == DENIED


async def test_clients_are_listed_muted_and_dropped_by_number(tmp_path: Path) -> None:
    async with (
        open_stage(tmp_path) as stage,
        socket(stage) as chief,
        socket(stage) as rogue,
    ):
        assert await ask(rogue, "/engine/command/ping") == "ok"
        await say(chief, "/engine/command/clients")
        told = {}
        while "/engine/reply/clients" not in told:
            message = await hear(chief)
            told[message.address] = str(message.args[0])
        listed = [json.loads(text) for at, text in told.items() if "/reply/client/" in at]
        assert [one["number"] for one in listed] == [1, 2]
        assert listed[1]["door"] == "WebSocket"
        assert listed[1]["scope"] == "edit"
        assert await ask(chief, "/engine/command/client_mute", 2, 1) == "ok"
        muted = "denied: an operator has muted this client"
        assert await ask(rogue, "/engine/command/go") == muted
        assert await ask(chief, "/engine/command/client_mute", 2, 0) == "ok"
        assert await ask(rogue, "/engine/command/go") == "ok"
        assert await ask(chief, "/engine/command/client_drop", 2) == "ok"
        await ended(rogue)
        assert "client 9 is not connected" in await ask(chief, "/engine/command/client_drop", 9)


# ---- bundles


async def test_a_bundle_is_done_together_and_each_message_answered(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as connection:
        await connection.send(encode(OscBundle(IMMEDIATELY, (STOP, GO))))
        assert [await answer(connection, name) for name in ("stop", "go")] == ["ok", "ok"]
        assert stage.controller.heard == [(PressStop(), PressGo())]


async def test_of_a_bundle_everything_is_done_or_nothing(tmp_path: Path) -> None:
    wrong = Osc("/engine/command/cue_enabled", ("x 7",))
    async with (
        open_stage(tmp_path, KEYS) as stage,
        socket(stage, f"/?token={TOKENS['control']}") as connection,
    ):
        for other in (wrong, Osc("/engine/command/unload")):
            await connection.send(encode(OscBundle(IMMEDIATELY, (GO, other))))
            told = await answer(connection, "go")
            assert told == "not done: another message of its bundle was refused"
            assert await answer(connection, other.address.rpartition("/")[2]) not in ("", "ok")
        assert stage.controller.heard == []


async def test_a_bundle_ahead_of_time_waits_and_holds_up_nothing(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as connection:
        began_s = anyio.current_time()
        ahead = to_timetag(time.time_ns() + 300_000_000)
        await connection.send(encode(OscBundle(ahead, (GO,))))
        enable = Osc("/engine/command/cue_enabled", ("x 1",))
        await connection.send(encode(enable))
        await stage.controller.until(2)
        assert stage.controller.heard == [(EnableCue("x", enabled=True),), (PressGo(),)]  # type: ignore[arg-type]
        assert anyio.current_time() - began_s >= 0.29


async def test_a_bundle_of_a_clock_that_is_wrong_is_refused(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as connection:
        await connection.send(encode(OscBundle(to_timetag(time.time_ns() + 10**13), (GO,))))
        assert "is the sender's clock right?" in await answer(connection, "packet")


async def test_what_a_client_left_for_later_is_not_done_once_it_has_gone(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, socket(stage) as other:
        async with socket(stage) as connection:
            ahead = to_timetag(time.time_ns() + 200_000_000)
            await connection.send(encode(OscBundle(ahead, (GO,))))
            assert await ask(connection, "/engine/command/ping") == "ok"
        late = to_timetag(time.time_ns() + 300_000_000)
        await other.send(encode(OscBundle(late, (STOP,))))
        assert await answer(other, "stop") == "ok"
        assert (PressGo(),) not in stage.controller.heard


# ---- plain HTTP


async def test_a_post_is_done_and_says_so(tmp_path: Path) -> None:
    async with open_stage(tmp_path, KEYS) as stage:
        token = f"X-Auth-Token: {TOKENS['control']}"
        assert await http(stage, "POST", "/go", token) == (200, {"ok": True})
        stage.controller.refuses = "not armed: arming Gong"
        status, told = await http(stage, "POST", f"/go?token={TOKENS['control']}")
        assert (status, told) == (
            409,
            {"ok": False, "reason": "not_armed", "detail": "not armed: arming Gong"},
        )
        assert (await http(stage, "POST", "/go", f"X-Auth-Token: {TOKENS['view']}"))[0] == 403
        assert (await http(stage, "POST", "/setnextcue", token))[0] == 400
        assert (await http(stage, "POST", "/nothing", token))[0] == 405
        assert len(stage.controller.heard) == 2


async def test_f39_a_page_from_elsewhere_cannot_post(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        status, _ = await http(stage, "POST", "/go", "Origin: http://evil.example")
        assert status == 405
        assert (await http(stage, "POST", "/go"))[0] == 200
        assert stage.controller.heard == [(PressGo(),)]


async def test_the_status_and_the_namespace_are_read_with_a_token(tmp_path: Path) -> None:
    async with open_stage(tmp_path, KEYS) as stage:
        status, told = await http(stage, "GET", f"/status?token={TOKENS['view']}")
        assert status == 200
        assert isinstance(told, dict)
        assert told["fully_ready"] is True
        target = f"/engine/status/load?VALUE&token={TOKENS['view']}"
        assert await http(stage, "GET", target) == (200, {"VALUE": ["demo"]})


# ---- the way in


async def test_with_a_certificate_everything_is_said_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    doors = read_doors(DoorFlags(tls_cert=str(tmp_path / "cert.pem")))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with open_stage(tmp_path, None, doors) as stage:
        assert stage.url.startswith("https://")
        async with socket(stage, ssl=trusting) as connection:
            assert await ask(connection, "/engine/command/go") == "ok"
        with pytest.raises((ssl.SSLError, OSError, InvalidMessage)):
            async with socket(stage, ssl=ssl.create_default_context()):
                pass
        with pytest.raises(NotReachableError, match="its certificate is not trusted, "):
            async with open_client(stage.url.replace("https", "wss"), 20):
                pass
    async with open_stage(tmp_path, None) as stage:
        with pytest.raises(NotReachableError, match="it hung up: is it wss"):
            async with open_client(stage.url.replace("http", "wss"), 20):
                pass


async def test_without_a_key_no_door_is_open_to_others_and_it_is_said_how_to_open_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    everywhere = ("0.0.0.0", 0)
    doors = Doors(osc_udp=everywhere, osc_tcp=everywhere, qlab=everywhere)
    with caplog.at_level("INFO"):
        async with open_stage(tmp_path, None, doors, control=everywhere) as stage:
            assert stage.url.startswith("http://127.0.0.1:")
    served = [record.message for record in caplog.records if "is served at" in record.message]
    assert len(served) == 4
    assert all("is served at 127.0.0.1:" in line for line in served)
    assert caplog.text.count("cuems token new NAME --scope control") == 5


async def test_with_a_key_the_address_asked_for_is_bound(tmp_path: Path) -> None:
    async with open_stage(tmp_path, KEYS, control=("0.0.0.0", 0)) as stage:
        assert stage.url.startswith("http://0.0.0.0:")


async def test_a_page_of_a_named_host_may_connect(tmp_path: Path) -> None:
    doors = Doors(origins=("show.example.org",))
    async with open_stage(tmp_path, None, doors) as stage:
        async with socket(stage, origin="https://show.example.org") as connection:
            assert await ask(connection, "/engine/command/ping") == "ok"
        with pytest.raises(InvalidStatus):
            async with socket(stage, origin="https://other.example.org"):
                pass


async def test_every_door_takes_the_same_commands_and_host_info_names_the_best(
    tmp_path: Path,
) -> None:
    doors = Doors(osc_udp=("127.0.0.1", 0), osc_tcp=("127.0.0.1", 0))
    async with open_stage(tmp_path, None, doors) as stage:
        _, told = await http(stage, "GET", "/?HOST_INFO")
        assert isinstance(told, dict)
        assert told["OSC_TRANSPORT"] == "TCP"
        async with await anyio.connect_tcp("127.0.0.1", told["OSC_PORT"]) as stream:
            go = encode(GO)
            await stream.send(len(go).to_bytes(4) + go)
            await stage.controller.until(1)
            data = b""
            while b"/engine/reply/go" not in data:
                data += await stream.receive()
