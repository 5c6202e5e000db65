"""Deploying between two libraries, over a real rsync daemon on loopback: proven, or unchanged."""

import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import pytest

from cuems.adapters.staging import KEPT, STAGE, Change, Stage, StageError, open_stage
from cuems.app.deploy import check, deploy
from cuems.wire.rsync import RsyncNameError
from cuems.wire.rsync_errors import DeployError
from tests.deploy_rig import Rig, clients, daemon_children, files_of, open_rig, sent_each

pytestmark = pytest.mark.slow

FIVE_GB = 5_000_000_000
STRANGE = ["two words.wav", "lluvia ñ 雨 🎭.wav", "#1 ; song.wav", "back\\slash", "empty.wav"]


async def test_exactly_the_project_arrives_and_the_second_time_nothing_comes(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        rig.write("projects/demo/mappings.xml", b"<mappings/>")
        rig.write("media/unused.wav", b"unused")
        os.utime(rig.source / "media/rain.wav", ns=(5, 1_300_000_000_123_456_789))
        assert await rig.deploy() == ()
        (rig.source / "media/unused.wav").unlink()
        assert files_of(rig.node) == files_of(rig.source)
        arrived = rig.node / "media/rain.wav"
        assert arrived.stat().st_mtime_ns == 1_300_000_000_123_456_789
        assert (rig.plan().fetch, rig.plan().bytes_to_come > 3_000_000) == (3, True)
        rig.reports.clear()
        await rig.deploy()
        assert (rig.plan().have, rig.plan().fetch, rig.plan().bytes_to_come) == (3, 0, 0)
        assert [report.state for report in rig.progress()] == ["checking"]


async def test_checking_tells_and_changes_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        with anyio.fail_after(60):
            await check(rig.deployment(await rig.published()))
        assert (rig.plan().fetch, files_of(rig.node)) == (2, {})


async def test_an_update_sends_what_differs_and_keeps_what_it_replaces(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        before = (rig.source / "media/rain.wav").read_bytes()
        await rig.deploy()
        after = before[:1_000_000] + b"changed" + before[1_000_007:]
        rig.write("media/rain.wav", after)
        await rig.deploy()
        assert files_of(rig.node)["media/rain.wav"] == after
        assert rig.plan().update == 1
        kept = [path.read_bytes() for path in (rig.node / KEPT).rglob("*") if path.is_file()]
        assert before in kept
        rig.write("media/rain.wav", before)  # back to the version before: nothing is transferred
        rig.reports.clear()
        await rig.deploy()
        assert files_of(rig.node)["media/rain.wav"] == before
        assert "fetching" not in [report.state for report in rig.progress()]


async def test_progress_never_falls_and_names_the_file(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.daemon.limit(4 << 20)
        rig.write("media/rain.wav", os.urandom(6_000_000))
        await rig.deploy()
        states = [report.state for report in rig.progress()]
        assert states[0] == "checking"
        assert states[-1] == "verifying"
        percents = [report.percent for report in rig.progress()]
        assert percents == sorted(percents)
        assert {report.file for report in rig.progress() if report.bytes_per_s} >= {
            "media/rain.wav"
        }


@pytest.mark.parametrize("name", STRANGE)
async def test_f48_a_name_of_any_kind_arrives(tmp_path: Path, name: str) -> None:
    async with open_rig(tmp_path) as rig:
        rig.media = [name]
        rig.write(f"media/{name}", b"" if name == "empty.wav" else name.encode())
        await rig.deploy()
        assert files_of(rig.node) == {
            "projects/demo/script.xml": b"<one/>",
            f"media/{name}": (rig.source / "media" / name).read_bytes(),
        }


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\nb.wav", "-e sh", "..", "gone.wav"]
)
async def test_f47_what_cannot_be_deployed_is_named_and_the_rest_arrives(
    tmp_path: Path, name: str
) -> None:
    async with open_rig(tmp_path) as rig:
        rig.media = ["rain.wav", name]
        assert await rig.deploy() == (f"media/{name}",)
        assert rig.plan().missing == (f"media/{name}",)
        assert sorted(files_of(rig.node)) == ["media/rain.wav", "projects/demo/script.xml"]
        assert sorted(os.listdir(tmp_path)) == [
            "controller", "node", "node-hashes", "rsync", "source-hashes",
        ]  # fmt: skip


async def test_f49_a_link_in_the_controllers_library_is_not_served(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.media = ["shadow.wav"]
        (rig.source / "media/shadow.wav").symlink_to("/etc/shadow")
        assert await rig.deploy() == ("media/shadow.wav",)
        assert sorted(files_of(rig.node)) == ["projects/demo/script.xml"]


async def test_f49_a_folder_that_leads_out_of_the_nodes_library_is_not_written(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        (tmp_path / "outside").mkdir()
        rig.node.mkdir()
        (rig.node / "media").symlink_to(tmp_path / "outside")
        with pytest.raises(StageError, match=r"node/media: leads out of the library"):
            await rig.deploy()
        assert list((tmp_path / "outside").iterdir()) == []


async def test_f49_a_link_at_the_place_of_a_file_is_replaced_and_what_it_led_to_stays(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        precious = tmp_path / "precious"
        precious.write_text("precious")
        (rig.node / "media").mkdir(parents=True)
        (rig.node / "media/rain.wav").symlink_to(precious)
        await rig.deploy()
        assert precious.read_text() == "precious"
        assert not (rig.node / "media/rain.wav").is_symlink()


async def test_f50_a_flipped_byte_with_the_same_size_and_time_is_found_and_mended(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy()
        rotten = rig.node / "media/rain.wav"
        status = rotten.stat()
        with rotten.open("r+b") as file:
            file.seek(1_234_567)
            byte = file.read(1)
            file.seek(1_234_567)
            file.write(bytes([byte[0] ^ 1]))
        os.utime(rotten, ns=(status.st_atime_ns, status.st_mtime_ns))
        await rig.deploy()
        assert rig.plan().update == 1
        assert rotten.read_bytes() == (rig.source / "media/rain.wav").read_bytes()


async def test_what_changes_at_the_source_meanwhile_is_an_error_that_names_it(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy()
        before = files_of(rig.node)
        rig.write("projects/demo/script.xml", b"<two/>")
        rig.write("media/rain.wav", os.urandom(3_000_000))
        published = await rig.published()
        rig.write("media/rain.wav", os.urandom(3_000_000))
        with pytest.raises(DeployError, match=r"not what the controller's manifest says") as caught:
            await deploy(rig.deployment(published))
        assert caught.value.file == "media/rain.wav"
        assert files_of(rig.node) == before
        await rig.deploy()
        assert files_of(rig.node) == files_of(rig.source)


async def test_a_project_that_is_gone_at_the_source_changes_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy()
        before = files_of(rig.node)
        rig.write("projects/demo/script.xml", b"<two/>")
        published = await rig.published()
        shutil.rmtree(rig.source / "projects/demo")
        with pytest.raises(DeployError) as caught:
            await deploy(rig.deployment(published))
        assert caught.value.file == "projects/demo/script.xml"
        assert files_of(rig.node) == before


async def test_f42_an_absent_daemon_is_named_and_the_project_stays(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy()
        rig.write("media/rain.wav", b"new")
        published = await rig.published()
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            nowhere = replace(rig.daemon.source, port=port)
            with pytest.raises(DeployError, match="no rsync answers there"):
                await deploy(replace(rig.deployment(published), source=nowhere))
        assert len(files_of(rig.node)["media/rain.wav"]) == 3_000_000


async def test_f43_a_wrong_secret_is_named_and_tried_once(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        wrong = replace(rig.daemon.source, secret="wrong")
        with pytest.raises(DeployError, match="refused the credential; give node and controller"):
            await deploy(replace(rig.deployment(await rig.published()), source=wrong))
        log = (tmp_path / "rsync/rsyncd.log").read_text()
        assert log.count("auth failed") == 1
        assert "wrong" not in log


@asynccontextmanager
async def slow_transfer(rig: Rig, published: str) -> AsyncIterator[list[DeployError]]:
    """A deploy that is under way; the errors that ended it."""
    ended: list[DeployError] = []
    rig.daemon.limit(2 << 20)

    async def bring() -> None:
        try:
            await deploy(replace(rig.deployment(published), stall_s=1.0))
        except DeployError as error:
            ended.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bring)
        await rig.has_come(100_000)
        yield ended


async def test_f44_a_frozen_daemon_is_given_up_and_what_came_is_used_again(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        rig.write("media/rain.wav", os.urandom(20_000_000))
        published = await rig.published()
        with anyio.fail_after(60):
            async with slow_transfer(rig, published) as ended:
                for pid in daemon_children():
                    os.kill(pid, signal.SIGSTOP)
        assert "no bytes for 1 s" in str(ended[0])
        assert files_of(rig.node) == {}
        assert clients() == []
        rig.daemon.limit(0)
        await rig.deploy()
        assert files_of(rig.node) == files_of(rig.source)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_f45_a_killed_transfer_tears_nothing_and_most_bytes_are_used_again(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with open_rig(tmp_path) as rig:
        rig.write("media/rain.wav", os.urandom(20_000_000))
        published = await rig.published()
        with anyio.fail_after(60):
            async with slow_transfer(rig, published) as ended:
                await rig.has_come(4_000_000)
                (pid,) = clients()
                os.killpg(pid, number)
        assert len(ended) == 1
        assert files_of(rig.node) == {}
        rig.daemon.limit(0)
        await rig.deploy()
        assert files_of(rig.node) == files_of(rig.source)
        assert sent_each(rig)[-1] < 17_000_000  # of 20, more than 4 of which had come
        assert list((rig.node / STAGE / "temporary").iterdir()) == []


async def test_cancelling_leaves_no_process_no_half_file_and_the_version_before(
    tmp_path: Path,
) -> None:
    async with open_rig(tmp_path) as rig:
        await rig.deploy()
        before = files_of(rig.node)
        rig.write("projects/demo/script.xml", b"<two/>")
        rig.write("media/rain.wav", os.urandom(20_000_000))
        published = await rig.published()
        with anyio.fail_after(60):
            rig.reports.clear()
            rig.daemon.limit(2 << 20)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(deploy, rig.deployment(published))
                await rig.has_come(100_000)
                tasks.cancel_scope.cancel()
        assert clients() == []
        assert files_of(rig.node) == before


async def test_a_transfer_past_its_deadline_is_ended_and_named(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.daemon.limit(100 << 10)
        with pytest.raises(DeployError, match=r"demo has not arrived in 0\.5 s"):
            await deploy(replace(rig.deployment(await rig.published()), media_s=0.5))
        assert files_of(rig.node) == {}


async def test_two_deploys_at_once_into_one_library_are_one_and_a_reason(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        published = await rig.published()
        async with open_stage(rig.node):
            with pytest.raises(StageError, match="another deploy is writing to this library"):
                await deploy(rig.deployment(published))
        await rig.deploy()
        assert files_of(rig.node) == files_of(rig.source)


async def test_f46_too_little_space_is_said_before_anything_comes(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        published = await rig.published()
        free = shutil.disk_usage(tmp_path).free
        with pytest.raises(DeployError, match=r"MiB are to come and .* MiB are free; free .* in"):
            await deploy(replace(rig.deployment(published), spare_bytes=free))
        assert files_of(rig.node) == {}


@asynccontextmanager
async def small_disk(place: Path, size: str) -> AsyncIterator[None]:
    await anyio.Path(place).mkdir()
    done = await anyio.run_process(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "cuems-test", str(place)], check=False
    )
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        await anyio.run_process(["umount", str(place)], check=False)


async def test_f46_a_disk_that_fills_up_leaves_the_version_before(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig, small_disk(rig.node, "12M"):
        await deploy(replace(rig.deployment(await rig.published()), spare_bytes=0))
        before = files_of(rig.node)
        rig.write("projects/demo/script.xml", b"<two/>")
        rig.write("media/rain.wav", os.urandom(11_000_000))
        published = await rig.published()
        with pytest.raises(DeployError, match=r"the disk is full|cannot write") as caught:
            await deploy(replace(rig.deployment(published), spare_bytes=-(1 << 40)))
        assert "free" in str(caught.value)
        assert files_of(rig.node) == before


async def test_a_library_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig, small_disk(rig.node, "4M"):
        await anyio.run_process(["mount", "-o", "remount,ro", str(rig.node)])
        with pytest.raises(StageError, match="Read-only file system; check that the library"):
            await rig.deploy()


async def test_five_sparse_gigabytes_are_no_overflow(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.media = ["huge.mov"]
        with (rig.source / "media/huge.mov").open("wb") as file:
            file.truncate(FIVE_GB)
        with anyio.fail_after(60):
            await check(rig.deployment(await rig.published()))
        assert rig.plan().bytes_to_come == FIVE_GB + len("<one/>")


async def test_times_of_a_machine_with_another_clock_are_taken_as_they_are(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        for mtime_s in (4_000_000_000, 86_400):  # a controller in 2096, one in 1970
            os.utime(rig.source / "media/rain.wav", (mtime_s, mtime_s))
            await rig.deploy()
            assert (rig.node / "media/rain.wav").stat().st_mtime == mtime_s
        assert (rig.plan().have, rig.plan().update) == (2, 0)


async def test_f46_a_change_that_was_interrupted_is_finished_by_whoever_comes_next(
    tmp_path: Path,
) -> None:
    node = tmp_path / "node"
    (node / "projects/demo").mkdir(parents=True)
    (node / "projects/demo/script.xml").write_text("<old/>")
    change = Change(
        project="demo",
        put={"projects/demo/script.xml": "old", "media/rain.wav": ""},
        times={"projects/demo/script.xml": 7, "media/rain.wav": 7},
    )

    def leave_as_after_a_power_cut(stage: Stage) -> None:
        """The journal is there, and one of two files has moved."""
        for name in change.put:
            (stage.files / name).parent.mkdir(parents=True, exist_ok=True)
            (stage.files / name).write_text("new")
        (stage.files.parent / "change.json").write_bytes(msgspec.json.encode(change))
        (node / "media").mkdir()
        (stage.files / "media/rain.wav").rename(node / "media/rain.wav")

    async with open_stage(node) as stage:
        await anyio.to_thread.run_sync(leave_as_after_a_power_cut, stage)
    async with open_stage(node):
        assert files_of(node) == {"projects/demo/script.xml": b"new", "media/rain.wav": b"new"}
    assert not (node / STAGE / "change.json").exists()


async def test_a_project_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        with pytest.raises(RsyncNameError):
            await deploy(replace(rig.deployment("0" * 64), project="../x"))
