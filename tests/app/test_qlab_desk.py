"""What Companion's QLab module calls, replayed over TCP in SLIP (field.md 3.4); and UDP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream
from pythonosc.osc_message import OscMessage

from cuems.app.doors import Doors
from cuems.core.access import KeyKind, Keyring, Scope, new_key
from cuems.core.cues import CueId
from cuems.core.operator import EnableCue, GoCue, MoveStandby, PressGo, PressPanic
from cuems.core.status import CueName, CuePlay, Loaded, NextCue
from cuems.wire.osc import Osc, OscArgument, decode, encode
from cuems.wire.osc_stream import OscStream
from cuems.wire.qlab import list_id, project_id
from tests.app.fronts import Stage, open_stage
from tests.e2e.rig import free_port

GONG, CHIME = CueId("3f0f3d1e-8f5b-4a6e-9c55-000000000001"), CueId(f"{'0' * 8}-{'0' * 27}")
KEYS = json.dumps(
    ["number", "uniqueID", "listName", "type", "isPaused", "duration", "actionElapsed", "parent",
     "flagged", "notes", "autoLoad", "colorName", "isRunning", "isLoaded", "armed", "isBroken",
     "percentActionElapsed", "cartPosition"]
)  # fmt: skip
WORKSPACE = f"/workspace/{project_id('demo')}"


class Companion:
    """A remote on a stream."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._framing = OscStream()
        self._framing.feed(b"\xc0")
        self.heard: list[Osc] = []

    async def say(self, address: str, *args: OscArgument) -> None:
        await self._stream.send(self._framing.frame(encode(Osc(address, args))))

    async def hear(self) -> Osc:
        while not self.heard:
            for packet in self._framing.feed(await self._stream.receive()):
                message = OscMessage(packet)
                self.heard.append(Osc(message.address, tuple(message.params)))
        return self.heard.pop(0)

    async def ask(self, address: str, *args: OscArgument, answered_at: str = "") -> Any:
        """The data of the answer."""
        await self.say(address, *args)
        told = await self.answer(answered_at or address)
        assert told["status"] == "ok", told
        return told["data"]

    async def answer(self, address: str) -> dict[str, object]:
        while True:
            message = await self.hear()
            if message.address == f"/reply{address}":
                told = json.loads(str(message.args[0]))
                assert isinstance(told, dict)
                return told


@asynccontextmanager
async def companion(
    state: Path, keys: Keyring | None = None
) -> AsyncIterator[tuple[Stage, Companion]]:
    port = free_port()
    async with open_stage(state, keys, Doors(qlab=("127.0.0.1", port))) as stage:
        for cue, name in ((GONG, "Gong"), (CHIME, "Chime")):
            stage.front.desk.publish(CuePlay(cue, 0))
            stage.front.desk.publish(CueName(cue, name))
        stage.front.desk.publish(Loaded("demo"))
        stage.front.desk.publish(NextCue(GONG))
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            yield stage, Companion(stream)


async def test_a_remote_learns_the_show_as_companion_does(tmp_path: Path) -> None:
    async with companion(tmp_path) as (_, remote):
        assert await remote.ask("/version") == "5.0"
        (workspace,) = await remote.ask("/workspaces")
        assert workspace["uniqueID"] == project_id("demo")
        assert await remote.ask(f"{WORKSPACE}/connect") == "ok:view|control|edit"
        playhead = f"{WORKSPACE}/cue_id/{GONG}"
        asked = f"{WORKSPACE}/cue/playhead"
        assert await remote.ask(f"{asked}/uniqueID", answered_at=f"{playhead}/uniqueID") == GONG
        await remote.ask(f"{WORKSPACE}/updates", 1)
        (cues,) = await remote.ask(f"{WORKSPACE}/cueLists")
        assert [cue["uniqueID"] for cue in cues["cues"]] == [GONG, CHIME]
        assert await remote.ask(f"{WORKSPACE}/showMode") is False
        assert await remote.ask(f"{WORKSPACE}/auditionWindow") is False
        assert await remote.ask(f"{WORKSPACE}/cue/active/valuesForKeys", KEYS) == []
        values = await remote.ask(
            f"{asked}/valuesForKeys", KEYS, answered_at=f"{playhead}/valuesForKeys"
        )
        assert set(values) == set(json.loads(KEYS))
        parent = await remote.ask(f"{asked}/parent", answered_at=f"{playhead}/parent")
        assert parent == list_id("demo")
        assert await remote.ask(f"{WORKSPACE}/runningOrPausedCues") == []
        assert await remote.ask("/thump") == "thump"
        for name in ("settings/general/minGoTime", "doubleGoWindowRemaining", "liveFadePreview"):
            await remote.ask(f"{WORKSPACE}/{name}")


async def test_a_remotes_buttons_do_what_they_say(tmp_path: Path) -> None:
    async with companion(tmp_path) as (stage, remote):
        await remote.ask("/alwaysReply", 1)
        for address, args in (
            (f"{WORKSPACE}/go", ()),
            ("/cue/2/start", ()),
            ("/playhead/next", ()),
            ("/cue/selected/armed", (0,)),
            (f"/cue_id/{list_id('demo')}/panic", ()),
        ):
            await remote.say(address, *args)
        await stage.controller.until(5)
        assert stage.controller.heard == [
            (PressGo(),),
            (GoCue(CHIME),),
            (MoveStandby(CHIME),),
            (EnableCue(GONG, enabled=False),),
            (PressPanic(),),
        ]
        assert (await remote.answer(f"{WORKSPACE}/go"))["status"] == "ok"
        stage.controller.refuses = "not armed: arming Gong"
        await remote.say("/go")
        told = await remote.answer("/go")
        assert (told["status"], told["data"]) == ("error", "not armed: arming Gong")


async def test_a_remote_that_asked_for_updates_is_told_what_has_changed(tmp_path: Path) -> None:
    async with companion(tmp_path) as (stage, remote):
        await remote.ask("/updates", 1)
        changed = f"/update{WORKSPACE}/cue_id/{GONG}"
        for percent in (1, 20, 40, 100):
            stage.front.desk.publish(CuePlay(GONG, percent))
            if percent in (1, 100):
                assert (await remote.hear()).address == changed
        stage.front.desk.publish(NextCue(CHIME))
        position = f"/update{WORKSPACE}/cueList/{list_id('demo')}/playbackPosition"
        assert await remote.hear() == Osc(position, (CHIME,))
        stage.front.desk.publish(NextCue(None))
        assert await remote.hear() == Osc(position)


async def test_f39_a_remote_shows_its_passcode_and_may_do_no_more_than_it_allows(
    tmp_path: Path,
) -> None:
    keys = Keyring((new_key("foh", KeyKind.PASSCODE, Scope.VIEW, "4711"),))
    async with companion(tmp_path, keys) as (stage, remote):
        await remote.say("/cueLists")
        assert (await remote.answer("/cueLists"))["status"] == "denied"
        await remote.say("/connect")
        assert (await remote.answer("/connect"))["data"] == "badpass"
        assert await remote.ask("/connect", "4711") == "ok:view"
        assert await remote.ask("/playheadID") == GONG
        await remote.say("/go")
        assert (await remote.answer("/go"))["status"] == "denied"
        assert stage.controller.heard == []


async def test_garbage_is_not_answered_and_what_is_not_known_is(tmp_path: Path) -> None:
    async with companion(tmp_path) as (_, remote):
        await remote.say("/fly/away")
        assert (await remote.answer("/fly/away"))["status"] == "error"
        await remote.say("/cue/99/start")
        assert "no cue '99'" in str((await remote.answer("/cue/99/start"))["data"])
        assert await remote.ask("/thump") == "thump"


async def test_over_udp_a_remote_names_the_port_that_it_listens_at(tmp_path: Path) -> None:
    port = free_port()
    async with (
        open_stage(tmp_path, None, Doors(qlab=("127.0.0.1", port))),
        await anyio.create_udp_socket(local_host="127.0.0.1") as ear,
        await anyio.create_connected_udp_socket("127.0.0.1", port) as mouth,
    ):
        own = ear.extra(SocketAttribute.local_port)
        await mouth.send(encode(Osc("/udpReplyPort", (own,))))
        await mouth.send(encode(Osc("/thump")))
        told = [decode((await ear.receive())[0]) for _ in range(2)]
        assert [message.address for message in told if isinstance(message, Osc)] == [
            "/reply/udpReplyPort",
            "/reply/thump",
        ]


async def test_the_cue_list_of_a_long_show_goes_through_a_stream(tmp_path: Path) -> None:
    async with companion(tmp_path) as (stage, remote):
        for number in range(600):
            cue = CueId(f"{number:08d}-0000-4000-8000-000000000000")
            stage.front.desk.publish(CuePlay(cue, 0))
        (cues,) = await remote.ask("/cueLists")
        assert len(cues["cues"]) == 602
        assert cues["cues"][601]["number"] == "602"
