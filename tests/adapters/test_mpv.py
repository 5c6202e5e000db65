import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from cuems.adapters.mpv import (
    EVENT_INBOX_EVENTS,
    Ended,
    Mpv,
    MpvLostError,
    MpvRefusedError,
    MpvSilentError,
    Positioned,
    open_mpv,
)
from cuems.adapters.process import Process, ProcessDiedError, open_process
from tests.fakes.lines import JsonLines
from tests.media import write_wav

ARGV = ["mpv", "--no-config", "--no-terminal", "--idle=yes", "--pause", "--vo=null", "--ao=null"]


class Peer(JsonLines):
    """A peer that speaks mpv's side of the protocol, as the test tells it to."""

    async def answer(self, data: object = None, error: str = "success") -> None:
        self.send(request_id=(await self.receive())["request_id"], data=data, error=error)


@asynccontextmanager
async def open_pair(lines: list[str] | None = None) -> AsyncIterator[tuple[Mpv, Peer]]:
    ours, theirs = socket.socketpair()
    with theirs:
        peer = Peer(theirs)
        async with anyio.create_task_group() as tg:
            tg.start_soon(peer.answer)
            on_line = (lambda _: None) if lines is None else lines.append
            async with open_mpv(ours, name="rain.wav", on_line=on_line) as mpv:
                yield mpv, peer


@asynccontextmanager
async def open_real() -> AsyncIterator[tuple[Mpv, Process]]:
    ours, theirs = socket.socketpair()
    argv = [*ARGV, f"--input-ipc-client=fd://{theirs.fileno()}"]
    async with open_process(argv, name="mpv", on_line=print, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        async with open_mpv(ours, name="mpv", on_line=print) as mpv:
            yield mpv, process


async def test_replies_find_their_requests_in_any_order() -> None:
    answers: list[object] = []
    with anyio.fail_after(5):
        async with open_pair() as (mpv, peer), anyio.create_task_group() as tg:

            async def ask(name: str) -> None:
                answers.append(await mpv.command("get_property", name))

            tg.start_soon(ask, "volume")
            first = await peer.receive()
            tg.start_soon(ask, "pause")
            second = await peer.receive()
            peer.send(request_id=second["request_id"], error="success", data=True)
            peer.send(request_id=first["request_id"], error="success", data=50)
    assert first["command"] == ["get_property", "volume"]
    assert answers == [True, 50]


async def test_a_refused_command_is_an_error_naming_both() -> None:
    with anyio.fail_after(5):
        async with open_pair() as (mpv, peer), anyio.create_task_group() as tg:
            tg.start_soon(peer.answer, None, "property unavailable")
            with pytest.raises(MpvRefusedError) as caught:
                await mpv.command("get_property", "time-pos")
    assert str(caught.value) == (
        'rain.wav: mpv refused ["get_property", "time-pos"]: property unavailable'
    )


async def test_silence_is_an_error_at_the_deadline() -> None:
    with anyio.fail_after(5):
        async with open_pair() as (mpv, _):
            with pytest.raises(MpvSilentError, match=r"within 0\.01 s$"):
                await mpv.commands([("get_property", "pause")], deadline_s=0.01)


async def test_a_late_answer_is_nobodys() -> None:
    with anyio.fail_after(5):
        async with open_pair() as (mpv, peer), anyio.create_task_group() as tg:
            with pytest.raises(MpvSilentError):
                await mpv.commands([("get_property", "pause")], deadline_s=0.01)
            await peer.answer("late")
            tg.start_soon(peer.answer, "in time")
            assert await mpv.command("get_property", "pause") == "in time"


async def test_events_and_log_lines_are_told_apart_from_replies() -> None:
    lines: list[str] = []
    with anyio.fail_after(5):
        async with open_pair(lines) as (mpv, peer):
            peer.send(event="seek")
            peer.send(event="playback-restart")
            peer.send(event="log-message", prefix="vo/drm", level="error", text="no card\n")
            peer.send(event="log-message", prefix="ao", level="warn", text="slow\n")
            peer.send(event="end-file", reason="error", file_error="loading failed")
            seen = [await mpv.events.receive(), await mpv.events.receive()]
            errors = [mpv.take_errors(), mpv.take_errors()]
    assert seen == [Positioned(), Ended("loading failed")]
    assert lines == ["vo/drm: no card", "ao: slow"]
    assert errors == [["vo/drm: no card"], []]


async def test_of_unread_events_the_newest_are_kept() -> None:
    with anyio.fail_after(5):
        async with open_pair() as (mpv, peer), anyio.create_task_group() as tg:
            for _ in range(EVENT_INBOX_EVENTS):
                peer.send(event="playback-restart")
            peer.send(event="end-file", reason="quit")
            tg.start_soon(peer.answer)
            await mpv.command("get_property", "pause")
            seen = [mpv.events.receive_nowait() for _ in range(EVENT_INBOX_EVENTS)]
    assert seen == [Positioned()] * (EVENT_INBOX_EVENTS - 1) + [Ended("")]


async def say_and_wait(garbage: bytes) -> None:
    async with open_pair() as (_, peer):
        peer.socket.sendall(garbage)
        await anyio.sleep_forever()


async def hang_up_and_wait() -> None:
    async with open_pair() as (_, peer):
        peer.socket.shutdown(socket.SHUT_RDWR)
        await anyio.sleep_forever()


@pytest.mark.parametrize("garbage", [b"no json\n", b"[1]\n"])
async def test_garbage_ends_the_connection_with_a_clear_error(garbage: bytes) -> None:
    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as caught:
        await say_and_wait(garbage)
    assert caught.group_contains(MpvLostError, match=r"^rain\.wav: mpv sent no (JSON|object): b'")


async def test_a_hang_up_cancels_the_work() -> None:
    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as caught:
        await hang_up_and_wait()
    assert caught.group_contains(MpvLostError, match="closed its control connection")


@pytest.mark.slow
async def test_a_real_mpv_loads_and_seeks(tmp_path: Path) -> None:
    media = write_wav(tmp_path / "a.wav", 3)
    with anyio.fail_after(10):
        async with open_real() as (mpv, _):
            await mpv.command("loadfile", str(media), "replace", "start=1.5")
            assert await mpv.events.receive() == Positioned()
            assert await mpv.command("get_property", "time-pos") == 1.5
            await mpv.command("seek", 2, "absolute+exact")
            assert await mpv.events.receive() == Positioned()
            assert await mpv.command("get_property", "time-pos") == 2


@pytest.mark.slow
async def test_a_real_mpv_names_a_file_it_cannot_play(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    with anyio.fail_after(10):
        async with open_real() as (mpv, _):
            await mpv.command("loadfile", str(tmp_path / "text.wav"))
            assert await mpv.events.receive() == Ended("unrecognized file format")


@pytest.mark.slow
async def test_a_real_mpv_quits_when_our_end_closes() -> None:
    ours, theirs = socket.socketpair()
    argv = [*ARGV, f"--input-ipc-client=fd://{theirs.fileno()}"]
    with anyio.fail_after(10):
        async with open_process(
            argv, name="mpv", on_line=print, pass_fds=[theirs.fileno()]
        ) as process:
            theirs.close()
            async with open_mpv(ours, name="mpv", on_line=print):
                pass
            with pytest.raises(ProcessDiedError, match="exit status 0"):
                await process.watch()
