"""Real rsync on loopback: transfers of ours, from a daemon of ours."""

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cuems.adapters.incoming import INCOMING
from cuems.adapters.rsync import fetch, list_present
from cuems.wire.rsync import PARTIAL_DIR, Progress, RsyncNameError, Source
from cuems.wire.rsync_errors import DeployError
from tests.adapters.rsync_rig import (
    SECRET,
    daemon_child,
    descendants,
    ignore,
    make_library,
    received,
    serving,
    shown,
    wanted,
)

pytestmark = pytest.mark.slow

LARGE_BYTES = 40_000_000_000  # sparse; no machine moves it within a test


@pytest.fixture
def controller(tmp_path: Path) -> Path:
    """The controller's library."""
    return make_library(tmp_path / "controller")


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The node's library, not yet made."""
    return tmp_path / "node"


async def test_files_arrive_with_their_times(controller: Path, node: Path) -> None:
    os.utime(controller / "media/rain.wav", (1_300_000_000, 1_300_000_000))
    async with serving(controller) as source:
        with anyio.fail_after(10):
            await fetch(wanted(source, node, "projects/demo/script.xml", "media/rain.wav"), ignore)
    assert received(node) == ["media/rain.wav", "projects/demo/script.xml"]
    arrived = node / "media/rain.wav"
    assert arrived.read_bytes() == (controller / "media/rain.wav").read_bytes()
    assert arrived.stat().st_mtime == 1_300_000_000


@pytest.mark.parametrize(
    "name",
    ["two words.wav", "#1 ; song.wav", "lluvia ñ 雨 🎭.wav", 'say "hush".wav', "back\\slash"],
)
async def test_a_name_of_any_kind_arrives(controller: Path, node: Path, name: str) -> None:
    (controller / "media" / name).write_text(name)
    async with serving(controller) as source:
        request = wanted(source, node, f"media/{name}")
        with anyio.fail_after(10):
            assert await list_present(request) == {f"media/{name}": len(name.encode())}
            await fetch(request, ignore)
    assert (node / "media" / name).read_text() == name


async def test_progress_rises_and_ends_at_100_also_when_nothing_is_new(
    controller: Path, node: Path
) -> None:
    async with serving(controller) as source:
        for _ in range(2):
            heard: list[Progress] = []
            with anyio.fail_after(10):
                await fetch(wanted(source, node, "media/rain.wav"), heard.append)
            percents = [progress.percent for progress in heard]
            assert percents == sorted(percents)
            assert percents[-1] == 100


async def test_a_missing_file_is_named_and_nothing_else_is_put_in_place_silently(
    controller: Path, node: Path
) -> None:
    async with serving(controller) as source:
        with pytest.raises(DeployError, match=r"n1: media/none\.wav: not in the") as caught:
            with anyio.fail_after(10):
                await fetch(wanted(source, node, "media/none.wav", "media/rain.wav"), ignore)
    assert caught.value.file == "media/none.wav"


async def test_listing_tells_what_is_there_and_leaves_out_what_is_not(
    controller: Path, node: Path
) -> None:
    async with serving(controller) as source:
        with anyio.fail_after(10):
            present = await list_present(
                wanted(source, node, "projects/demo/script.xml", "projects/demo/mappings.xml")
            )
    assert present == {"projects/demo/script.xml": len("<script/>")}


async def test_links_are_neither_listed_nor_copied(controller: Path, node: Path) -> None:
    (controller / "media/link.wav").symlink_to("/etc/hostname")
    (controller / "media/etc").symlink_to("/etc")
    async with serving(controller) as source:
        with anyio.fail_after(10):
            assert await list_present(wanted(source, node, "media/link.wav")) == {}
        for name in ("media/link.wav", "media/etc/hostname"):
            with pytest.raises(DeployError) as caught, anyio.fail_after(10):
                await fetch(wanted(source, node, name), ignore)
            assert caught.value.file == name
    assert received(node) == []


async def test_an_absent_daemon_is_named_at_once(node: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    source = Source(host="127.0.0.1", port=port, secret=SECRET)
    with pytest.raises(DeployError, match="no rsync answers there"), anyio.fail_after(3):
        await fetch(wanted(source, node, "media/rain.wav"), ignore)


async def test_a_port_that_accepts_and_says_nothing_is_given_up(node: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = Source(host="127.0.0.1", port=silent.getsockname()[1], secret=SECRET)
        request = replace(wanted(source, node, "media/rain.wav"), startup_s=0.3)
        with pytest.raises(DeployError, match=r"has not answered in 0\.3 s"), anyio.fail_after(5):
            await fetch(request, ignore)
    assert descendants() == []


async def test_a_name_outside_the_library_never_reaches_rsync(node: Path) -> None:
    source = Source(host="127.0.0.1", port=1, secret=SECRET)
    with pytest.raises(RsyncNameError):
        await fetch(wanted(source, node, "media/../../x"), ignore)
    assert received(node) == []


async def test_a_library_that_cannot_be_made_is_named(controller: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = Source(host="127.0.0.1", port=1, secret=SECRET)
    with pytest.raises(DeployError, match="cannot write to the library"):
        await fetch(wanted(source, tmp_path / "file/library", "media/rain.wav"), ignore)


# ---- a transfer that does not end by itself


@asynccontextmanager
async def under_way(
    controller: Path, node: Path, stall_s: float, failed: list[DeployError]
) -> AsyncIterator[anyio.CancelScope]:
    """A transfer without end of which a part has arrived; leaving waits for its end."""
    with (controller / "media/large.mov").open("wb") as file:
        file.truncate(LARGE_BYTES)
    moving = anyio.Event()

    def on_progress(progress: Progress) -> None:
        if progress.bytes:
            moving.set()

    async def run(source: Source, scope: anyio.CancelScope) -> None:
        request = wanted(source, node, "media/rain.wav", "media/large.mov")
        with scope:
            try:
                await fetch(replace(request, stall_s=stall_s, limit_kib_per_s=4000), on_progress)
            except DeployError as error:
                failed.append(error)

    with anyio.fail_after(20):
        async with serving(controller) as source, anyio.create_task_group() as tg:
            scope = anyio.CancelScope()
            tg.start_soon(run, source, scope)
            await moving.wait()
            yield scope


async def test_a_frozen_daemon_is_seen_by_bytes_that_stop(controller: Path, node: Path) -> None:
    failed: list[DeployError] = []
    async with under_way(controller, node, 0.5, failed):
        os.kill(daemon_child(), signal.SIGSTOP)
    assert [error.what for error in failed] == ["no bytes for 0.5 s"]
    assert not (node / "media/large.mov").exists()
    assert descendants() == []


async def test_a_daemon_that_dies_is_a_broken_connection(controller: Path, node: Path) -> None:
    failed: list[DeployError] = []
    async with under_way(controller, node, 5, failed):
        os.kill(daemon_child(), signal.SIGKILL)
    assert [error.what for error in failed] == ["the connection broke"]


async def test_cancelling_leaves_no_process_and_no_half_file(controller: Path, node: Path) -> None:
    failed: list[DeployError] = []
    async with under_way(controller, node, 5, failed) as scope:
        scope.cancel()
    assert failed == []
    assert descendants() == []
    assert not (node / "media/large.mov").exists()
    assert not any((node / INCOMING).iterdir())
    assert all(PARTIAL_DIR in name for name in received(node))


async def test_cancelling_ends_a_client_that_no_longer_listens(
    controller: Path, node: Path
) -> None:
    async with under_way(controller, node, 5, []) as scope:
        (client,) = set(descendants()) - {daemon_child()}
        os.kill(client, signal.SIGSTOP)
        scope.cancel()
    assert descendants() == []


async def test_what_arrived_before_is_used_again(controller: Path, node: Path) -> None:
    data = os.urandom(8_000_000)
    (controller / "media/film.mov").write_bytes(data)
    partial = node / "media" / PARTIAL_DIR
    partial.mkdir(parents=True)
    (partial / "film.mov").write_bytes(data[:6_000_000])
    async with serving(controller) as source:
        with anyio.fail_after(10):
            await fetch(wanted(source, node, "media/film.mov"), ignore)
    assert (node / "media/film.mov").read_bytes() == data
    assert received(node) == ["media/film.mov"]
    log = (controller.parent / "state/rsyncd.log").read_text()
    sent = int(log.rsplit("sent ", 1)[1].split()[0])
    assert sent < 2_500_000


async def test_comparing_a_large_old_file_is_no_stall(controller: Path, node: Path) -> None:
    (node / "media").mkdir(parents=True)
    for place, size in ((controller, 300_000_001), (node, 300_000_000)):
        with (place / "media/film.mov").open("wb") as file:
            file.truncate(size)
    async with serving(controller) as source:
        request = replace(wanted(source, node, "media/film.mov"), stall_s=3)
        with anyio.fail_after(30):
            await fetch(request, ignore)
    assert (node / "media/film.mov").stat().st_size == 300_000_001
    (node / "media/film.mov").unlink()


async def test_leavings_of_a_killed_transfer_are_swept_and_a_living_one_is_not(
    controller: Path, node: Path
) -> None:
    async with under_way(controller, node, 5, []) as scope:
        (alive,) = (node / INCOMING).iterdir()
        (node / INCOMING / "orphan").mkdir()
        (node / INCOMING / "orphan/.large.mov.7QZ4H2").write_text("half")
        async with serving(controller) as source:
            await fetch(wanted(source, node, "projects/demo/script.xml"), ignore)
        assert list((node / INCOMING).iterdir()) == [alive]
        scope.cancel()


async def test_the_secret_is_in_no_argument_and_no_environment(
    controller: Path, node: Path
) -> None:
    async with under_way(controller, node, 5, []) as scope:
        visible = [shown(pid, part) for pid in descendants() for part in ("cmdline", "environ")]
        scope.cancel()
    assert len(visible) == 4
    assert not any(SECRET.encode() in text for text in visible)
