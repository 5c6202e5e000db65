"""Cues that speak to other equipment: a desk on UDP, one on TCP, and one on MIDI over JACK."""

import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from cuems.adapters.mailbox import Mailbox
from cuems.core.cues import ActionCue, CueId, CueList, PostGo, Show
from cuems.core.messages import (
    Message,
    MidiMessage,
    MidiNote,
    MidiShowControl,
    MscCommand,
    OscMessage,
    OscTransport,
)
from cuems.wire.osc import Osc, decode
from cuems.wire.show_xml import write_show
from tests.adapters.test_midi_output import Desk, open_desk
from tests.e2e.rig import PATIENCE_S, Home, open_operator, open_program
from tests.jack import open_jack

pytestmark = pytest.mark.slow

AGAIN_S = 2
WRITTEN = "2026-01-01T00:00:00"
RUN = ("run", "--role", "controller", "--load", "show")
GO = MidiShowControl(device=1, format="lighting", command=MscCommand.GO, cue=("12",))


def write(home: Home, messages: Sequence[Message]) -> list[CueId]:
    """A show that says one message after the other; its cues."""
    cues = tuple(
        ActionCue(id=CueId(str(uuid4())), name="say", message=message, post_go=PostGo.GO)
        for message in messages
    )
    listing = CueList(id=CueId(str(uuid4())), name="all", contents=cues)
    show = Show(id=str(uuid4()), name="show", created=WRITTEN, modified=WRITTEN, cue_list=listing)
    folder = home.library / "projects" / "show"
    folder.mkdir(parents=True)
    (home.library / "media").mkdir()
    (folder / "script.xml").write_bytes(write_show(show))
    return [cue.id for cue in cues]


async def hears(desk: Desk, data: str) -> bool:
    """Whether a message comes: on a busy machine JACK drops one now and then."""
    with anyio.move_on_after(AGAIN_S):
        while (await desk.receive()).hex() != data:
            pass
        return True
    return False


def osc(transport: OscTransport, port: int) -> OscMessage:
    return OscMessage(
        transport=transport, host="127.0.0.1", port=port, address="/cue/7/go", args=(1, 0.5, "now")
    )


async def test_a_go_is_heard_on_udp_tcp_and_midi_and_what_is_not_there_fails_its_cue(
    tmp_path: Path,
) -> None:
    async with (
        open_jack(),
        await anyio.create_udp_socket(local_host="127.0.0.1") as udp,
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        home = Home(
            tmp_path,
            environment={
                "CUEMS_MTC": "internal",
                "JACK_DEFAULT_SERVER": os.environ["JACK_DEFAULT_SERVER"],
            },
        )
        tcp_port = listener.extra(SocketAttribute.local_port)
        said: list[Message] = [
            osc(OscTransport.UDP, udp.extra(SocketAttribute.local_port)),
            osc(OscTransport.TCP, tcp_port),
            MidiMessage("Desk", GO),
            MidiMessage("Desk", MidiNote(channel=1, note=60, velocity=127)),
            osc(OscTransport.TCP, 1),
            MidiMessage("Organ", GO),
        ]
        cues = write(home, said)
        heard = Mailbox[bytes](8)

        async def hear(stream: SocketStream) -> None:
            async with stream:
                heard.put(await stream.receive())

        tasks.start_soon(listener.serve, hear)
        with open_desk("Desk") as desk, anyio.fail_after(2 * PATIENCE_S):
            async with open_program(home, *RUN) as program:
                await program.says("ready: control surface")
                async with open_operator(home) as operator:
                    await operator.sees("armed", "yes")
                    assert await operator.ask("go") == "ok"
                    wanted = Osc("/cue/7/go", (1, 0.5, "now"))
                    assert decode((await udp.receive())[0]) == wanted
                    data = await heard.receive()
                    assert data[:4] == len(data[4:]).to_bytes(4, "big")
                    assert decode(data[4:]) == wanted
                    for cue, midi in ((cues[2], "f07f010201013132f7"), (cues[3], "903c7f")):
                        while not await hears(desk, midi):
                            await operator.ask("gocue", cue)
                    told = [f"/engine/status/cue_reason/{cue}" for cue in cues[4:]]
                    await operator.until(lambda: all(operator.state.get(at) for at in told))
                    reasons = [str(operator.state[at]) for at in told]
                    for cue in cues[4:]:
                        assert operator.state[f"/engine/status/cue/{cue}"] == -1
                    for cue in cues[:4]:
                        assert operator.state[f"/engine/status/cue/{cue}"] == 100
        tasks.cancel_scope.cancel()
    assert reasons[0] == "127.0.0.1:1 (tcp): nobody listens there"
    assert reasons[1].startswith("MIDI port 'Organ': no such port, of: ")
