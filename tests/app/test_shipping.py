"""Shipping over real HTTP on loopback: the node's outbox, the controller's receiver, both disks."""

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import trustme
import zstandard

from cuems.adapters.files import read_deploy_key
from cuems.adapters.journal_files import DONE
from cuems.adapters.received_files import Received, Room
from cuems.adapters.receiver import serve_receiver
from cuems.app.receiving import FOLDER, TLS_FOLDER, Receiving, server_tls
from cuems.app.shipping import Rest, Shipping, ShippingPlaces, open_shipping, watch
from cuems.core.cues import NodeId
from cuems.core.outbox import Outbox
from cuems.wire.ship import run_id, ship_token

NODE = NodeId("node-1")
PATIENCE_S = 30.0


def seal(state: Path, *names: str, content: bytes = b"what happened\n") -> None:
    """Finished runs."""
    for name in names:
        folder = state / "spool" / name
        folder.mkdir(parents=True)
        (folder / "000001.jsonl").write_bytes(content)
        (folder / DONE).touch()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class Rig:
    """A receiver at a port, on the same state folder as the node, so with the same key."""

    def __init__(self, state: Path, key: bytes, port: int, scheme: str, received: Received) -> None:
        self.state = state
        self.key = key
        self.port = port
        self.scheme = scheme
        self.received = received

    @asynccontextmanager
    async def node(self) -> AsyncIterator[Shipping]:
        url = f"{self.scheme}://localhost:{self.port}"
        where = ShippingPlaces(node=NODE, state=self.state, url=url)
        async with open_shipping(where) as (shipping, _):
            yield shipping

    async def says(self, request: bytes) -> bytes:
        """What is answered to bytes, until the connection is closed."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            await stream.send(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += await stream.receive()
        return answer

    def head(self, run: str, content: bytes, **more: str) -> bytes:
        """The head of a PUT with the right key."""
        fields = {
            "Host": "x",
            "Authorization": f"Bearer {ship_token(self.key, NODE)}",
            "Content-Length": str(len(content)),
            "X-Content-SHA256": hashlib.sha256(content).hexdigest(),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        lines = [f"PUT /v1/runs/{run} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def open_rig(state: Path, room: Room | None = None) -> AsyncIterator[Rig]:
    received = await anyio.to_thread.run_sync(Received, state / FOLDER, room)
    key = await anyio.to_thread.run_sync(lambda: read_deploy_key(state, make=True))
    tls = await anyio.to_thread.run_sync(server_tls, state / TLS_FOLDER)
    assert key is not None
    receiving = Receiving(key, received)
    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            serve = partial(serve_receiver, ("127.0.0.1", 0), tls, receiving.answer)
            port = await tasks.start(serve)
            yield Rig(state, key, port, "https" if tls else "http", received)
            tasks.cancel_scope.cancel()


async def test_finished_runs_reach_the_controller_and_only_they(tmp_path: Path) -> None:
    seal(tmp_path, "000001-a", "000002-b")
    (tmp_path / "spool" / "000003-c").mkdir()
    (tmp_path / "spool" / "000003-c" / "000001.jsonl").write_bytes(b"still being written\n")
    async with open_rig(tmp_path) as rig, rig.node() as shipping:
        outbox = await shipping.once()
    assert (outbox.sent, len(outbox)) == (2, 0)
    assert names(tmp_path / "spool") == ["000003-c"]
    archives = ["node-1-000001-a.tar.zst", "node-1-000002-b.tar.zst"]
    assert names(tmp_path / "outbox" / "shipped") == archives
    stored = names(tmp_path / FOLDER)
    assert [name.partition("~")[0] for name in stored] == ["node-1-000001-a", "node-1-000002-b"]
    packed = (tmp_path / FOLDER / stored[0]).read_bytes()
    assert hashlib.sha256(packed).hexdigest() in stored[0]
    plain = zstandard.ZstdDecompressor().stream_reader(packed).read()
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tar.getnames() == ["node-1-000001-a/000001.jsonl", f"node-1-000001-a/{DONE}"]


async def test_a_run_that_the_controller_has_already_is_retired_and_another_of_its_name_is_kept(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig, rig.node() as shipping:
        seal(tmp_path, "1")
        await shipping.once()
        again = tmp_path / "outbox" / "shipped" / "node-1-1.tar.zst"
        again.rename(tmp_path / "outbox" / "node-1-1.tar.zst")  # as if killed before it was retired
        assert (await shipping.once()).sent == 2
        again.unlink()
        seal(tmp_path, "1", content=b"something else\n")
        assert (await shipping.once()).sent == 2
    assert names(tmp_path / "outbox" / "conflict") == ["node-1-1.tar.zst"]
    assert names(tmp_path / "spool") == []
    assert len(names(tmp_path / FOLDER)) == 1


async def test_without_the_rigs_key_nothing_is_written_and_everything_is_kept(
    tmp_path: Path,
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for state in (ours, theirs):
        state.mkdir()
        await anyio.to_thread.run_sync(partial(read_deploy_key, state, make=True))
    seal(ours, "1")
    async with open_rig(theirs) as rig:
        url = f"http://localhost:{rig.port}"
        where = ShippingPlaces(node=NODE, state=ours, url=url)
        async with open_shipping(where) as (shipping, shipper):
            assert (await shipper.ping()).status == 401
            outbox = await shipping.once()
    assert "401" in outbox.trouble
    assert names(ours / "spool") == ["1"]
    assert names(theirs / FOLDER) == []


async def test_a_ping_proves_the_key_and_writes_nothing_and_runs_are_listed_in_parts(
    tmp_path: Path,
) -> None:
    seal(tmp_path, "1", "2", "3")
    async with open_rig(tmp_path) as rig:
        where = ShippingPlaces(node=NODE, state=tmp_path, url=f"http://localhost:{rig.port}")
        async with open_shipping(where) as (shipping, shipper):
            assert (await shipper.ping()).status == 200
            assert names(tmp_path / FOLDER) == []
            await shipping.once()
            first = await shipper.runs("", 2)
            last = await shipper.runs(first.next, 2)
    assert [run.run for run in first.runs] == ["node-1-1", "node-1-2"]
    assert ([run.run for run in last.runs], last.next) == (["node-1-3"], "")


async def test_nobody_there_costs_nothing_but_time(tmp_path: Path) -> None:
    seal(tmp_path, "1")
    await anyio.to_thread.run_sync(partial(read_deploy_key, tmp_path, make=True))
    where = ShippingPlaces(node=NODE, state=tmp_path, url="http://127.0.0.1:9")
    outbox = Outbox(lambda: 1.0)
    with anyio.fail_after(PATIENCE_S):
        async with open_shipping(where, outbox=outbox) as (shipping, _):
            assert await shipping.once() is outbox
    assert outbox.next_due_ns() is not None
    assert outbox.trouble.startswith("http://127.0.0.1:9")
    assert names(tmp_path / "spool") == ["1"]


async def test_while_a_show_runs_nothing_is_packed_nor_sent_and_then_it_is(tmp_path: Path) -> None:
    seal(tmp_path, "1")
    rest = Rest()
    rest.rest(False)
    async with (
        open_rig(tmp_path) as rig,
        anyio.create_task_group() as tasks,
    ):
        url = f"http://localhost:{rig.port}"
        where = ShippingPlaces(node=NODE, state=tmp_path, url=url)
        tasks.start_soon(watch, lambda: where, rest)
        await anyio.wait_all_tasks_blocked()
        assert names(tmp_path / "outbox") == []
        rest.rest(True)
        while rig.received.known(run_id(NODE, "1")) is None:
            await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("content", "more", "status"),
    [
        (b"x" * 100, {"X_Content_SHA256": "0" * 64}, b" 422 "),
        (b"x" * 2000, {}, b" 413 "),
        (b"x" * 900, {}, b" 507 "),
        (b"x", {"Content_Length": "nonsense"}, b" 400 "),
    ],
)
async def test_what_is_not_taken_leaves_nothing(
    tmp_path: Path, content: bytes, more: dict[str, str], status: bytes
) -> None:
    room = Room(run_bytes=1000, total_bytes=500)
    async with open_rig(tmp_path, room) as rig:
        answer = await rig.says(rig.head("node-1-x", content, **more) + content)
    assert status in answer.partition(b"\r\n")[0]
    assert names(tmp_path / FOLDER) == []


async def test_an_upload_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    async with (
        open_rig(tmp_path) as rig,
        await anyio.connect_tcp("127.0.0.1", rig.port) as stream,
    ):
        await stream.send(rig.head("node-1-x", b"y" * 1000) + b"y" * 500)
        await stream.send_eof()
        assert b" 400 " in await stream.receive()
    assert names(tmp_path / FOLDER) == []


async def test_a_node_writes_only_runs_of_its_own(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        answer = await rig.says(rig.head("node-2-x", b"y") + b"y")
    assert b" 403 " in answer.partition(b"\r\n")[0]
    assert names(tmp_path / FOLDER) == []


@pytest.mark.parametrize(
    "request_", [b"nonsense\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET /" + b"a" * 30_000]
)
async def test_what_is_no_request_is_answered_and_hung_up_on(
    tmp_path: Path, request_: bytes
) -> None:
    async with open_rig(tmp_path) as rig:
        answer = await rig.says(request_)
    assert answer.startswith(b"HTTP/1.1 4")


async def test_with_certificates_only_those_of_the_rig_are_let_in(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    folder = tmp_path / TLS_FOLDER
    folder.mkdir()
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(folder / "key.pem")
    server.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    seal(tmp_path, "1")
    async with open_rig(tmp_path) as rig:
        async with rig.node() as shipping:  # with the same folder as its own
            assert (await shipping.once()).sent == 1
        stranger = other.issue_cert("localhost")
        stranger.private_key_pem.write_to_path(folder / "key.pem")
        stranger.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        seal(tmp_path, "2")
        async with rig.node() as shipping:
            outbox = await shipping.once()
    assert outbox.sent == 0
    assert outbox.trouble != ""
