"""Messages of cues to equipment on loopback."""

import anyio
from anyio.abc import SocketAttribute

from cuems.app.messenger import WAITING_MESSAGES, Messenger
from cuems.core.cues import CueId
from cuems.core.messages import OscMessage, OscTransport
from cuems.wire.osc import Osc, decode

CUE, OTHER = CueId("c"), CueId("d")
PATIENCE_S = 20


def go(port: int, number: int = 1, transport: OscTransport = OscTransport.UDP) -> OscMessage:
    return OscMessage(
        transport=transport, host="127.0.0.1", port=port, address="/go", args=(number, "now")
    )


async def test_a_cue_that_cannot_reach_its_equipment_fails_and_others_are_heard() -> None:
    failures, reports = anyio.create_memory_object_stream[tuple[CueId, str]](10)

    async def failed(cue: CueId, reason: str) -> None:
        await failures.send((cue, reason))

    messenger = Messenger(failed)
    with anyio.fail_after(PATIENCE_S):
        async with (
            failures,
            reports,
            await anyio.create_udp_socket(local_host="127.0.0.1") as desk,
            anyio.create_task_group() as tg,
        ):
            tg.start_soon(messenger.serve)
            port = desk.extra(SocketAttribute.local_port)
            assert messenger.send(OTHER, go(1, transport=OscTransport.TCP)) == ""
            for number in range(3):
                assert messenger.send(CUE, go(port, number)) == ""
            heard = [decode((await desk.receive())[0]) for _ in range(3)]
            assert heard == [Osc("/go", (number, "now")) for number in range(3)]
            assert await reports.receive() == (OTHER, "127.0.0.1:1 (tcp): nobody listens there")
            tg.cancel_scope.cancel()


async def test_more_messages_than_can_wait_are_refused_with_the_reason() -> None:
    async def failed(cue: CueId, reason: str) -> None:
        raise AssertionError(reason)

    messenger = Messenger(failed)  # which nobody serves
    answers = [messenger.send(CUE, go(9)) for _ in range(WAITING_MESSAGES + 1)]
    assert answers[-2:] == ["", "127.0.0.1:9 (udp): 64 messages wait for it already"]
