"""One transfer by rsync in one cancel scope.

rsync's own `--timeout` does not see a frozen peer (what it writes itself counts as life, and the
kernel takes that), so a transfer is watched by the bytes that its processes read.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from cuems.adapters.incoming import open_incoming
from cuems.adapters.process_group import open_group
from cuems.core.cues import NodeId
from cuems.wire.rsync import (
    Progress,
    Source,
    fetch_arguments,
    file_list,
    list_arguments,
    read_listed,
    read_progress,
    read_skipped,
    stage_arguments,
)
from cuems.wire.rsync_errors import (
    DeployError,
    Diagnosis,
    diagnose,
    missing_diagnosis,
    missing_names,
)

STARTUP_S = 10.0  # from the start of rsync until it has an answer from the other side
STALL_S = 5.0  # without bytes, once it has
ERROR_TAIL_BYTES = 8192
LINE_BYTES = 65536
PARTIAL_EXIT_CODE = 23


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Files, relative to the library, that `node` wants as they are at the source.

    `limit_kib_per_s` bounds the bandwidth, 0 does not.
    """

    node: NodeId
    source: Source
    names: tuple[str, ...]
    library: Path
    limit_kib_per_s: int = 0
    startup_s: float = STARTUP_S
    stall_s: float = STALL_S


async def fetch(request: Fetch, on_progress: Callable[[Progress], None]) -> None:
    """Bring the files; they appear when all have arrived. The last progress says 100.

    Raises DeployError, RsyncNameError.
    """
    newest = Progress(bytes=0, percent=0, bytes_per_s=0, eta_s=0)

    def take(line: str) -> None:
        nonlocal newest
        if (progress := read_progress(line)) is not None:
            newest = progress
            on_progress(progress)

    async with _open_incoming(request) as incoming:
        command = fetch_arguments(
            request.source,
            incoming / "list",
            incoming / "files",
            request.library,
            limit_kib_per_s=request.limit_kib_per_s,
        )
        await _bring(request, command, take)
    if newest.percent < 100:
        on_progress(replace(newest, percent=100, eta_s=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlaces:
    """Where on a stage the list, what is being written, and what is whole are."""

    listing: Path
    temporary: Path
    files: Path


async def fetch_staged(
    request: Fetch, stage: StagePlaces, on_progress: Callable[[Progress, str], None]
) -> None:
    """Bring the files to a stage; what arrived before a transfer ends early is kept there.

    `on_progress` hears also which file is coming. Raises DeployError, RsyncNameError.
    """
    wanted = frozenset(request.names)
    coming = ""

    def take(line: str) -> None:
        nonlocal coming
        if line in wanted:
            coming = line
        elif (progress := read_progress(line)) is not None:
            on_progress(progress, coming)

    listing = file_list(request.names)
    try:
        await anyio.to_thread.run_sync(stage.listing.write_bytes, listing)
    except OSError as error:
        raise _unwritable(request, error) from error
    command = stage_arguments(
        request.source,
        stage.listing,
        stage.temporary,
        stage.files,
        request.library,
        limit_kib_per_s=request.limit_kib_per_s,
    )
    await _bring(request, command, take)


async def list_present(request: Fetch) -> Mapping[str, int]:
    """Which of the files are plain files at the source, with their sizes in bytes.

    Raises DeployError, RsyncNameError.
    """
    present: dict[str, int] = {}

    def take(line: str) -> None:
        if (listed := read_listed(line)) is not None:
            present.update([listed])

    async with _open_incoming(request) as incoming:
        command = list_arguments(request.source, incoming / "list", request.library)
        exit_code, errors = await _run_client(request, command, take)
    some_missing = exit_code == PARTIAL_EXIT_CODE and missing_names(errors) is not None
    if exit_code != 0 and not some_missing:
        raise _deploy_error(request, diagnose(exit_code, errors))
    return present


@asynccontextmanager
async def _open_incoming(request: Fetch) -> AsyncIterator[Path]:
    async with AsyncExitStack() as stack:
        opening = open_incoming(request.library, file_list(request.names))
        try:
            folder = await stack.enter_async_context(opening)
        except OSError as error:
            raise _unwritable(request, error) from error
        yield folder


def _unwritable(request: Fetch, error: OSError) -> DeployError:
    return _deploy_error(
        request,
        Diagnosis(
            f"cannot write to the library {request.library} ({error.strerror})",
            "check its permissions and free space",
        ),
    )


def _deploy_error(request: Fetch, diagnosis: Diagnosis) -> DeployError:
    return DeployError(
        node=request.node, what=diagnosis.what, remedy=diagnosis.remedy, file=diagnosis.file
    )


async def _bring(request: Fetch, command: Sequence[str], take: Callable[[str], None]) -> None:
    """Run a client that brings files; other lines than of those it leaves out go to `take`."""
    skipped: list[str] = []

    def sort(line: str) -> None:
        if (name := read_skipped(line)) is not None:
            skipped.append(name)
        else:
            take(line)

    exit_code, errors = await _run_client(request, command, sort)
    if exit_code != 0:
        raise _deploy_error(request, diagnose(exit_code, errors))
    if skipped:
        raise _deploy_error(request, missing_diagnosis(skipped))


async def _run_client(
    request: Fetch, command: Sequence[str], take: Callable[[str], None]
) -> tuple[int, str]:
    """Exit code and error text of a client whose output lines go to `take`."""
    errors = bytearray()
    heard = anyio.Event()
    stalls: list[Diagnosis] = []

    async def watch(process: Process, scope: anyio.CancelScope) -> None:
        stalls.append(await _stall(process, request, heard))
        scope.cancel()

    async with open_group(command) as process, anyio.create_task_group() as watched:
        watched.start_soon(watch, process, watched.cancel_scope)
        async with anyio.create_task_group() as pumps:
            pumps.start_soon(_keep_tail, _output(process.stderr), errors)
            pumps.start_soon(_read_lines, _output(process.stdout), heard, take)
            await _send_secret(process, request.source.secret)
        exit_code = await process.wait()
        watched.cancel_scope.cancel()
    if stalls:
        raise _deploy_error(request, stalls[0])
    return exit_code, errors.decode(errors="replace")


async def _stall(process: Process, request: Fetch, heard: anyio.Event) -> Diagnosis:
    """Returns when the client gets no further, with what to say about it."""
    with anyio.move_on_after(request.startup_s):
        await heard.wait()
    if not heard.is_set():
        return Diagnosis(
            f"the controller's rsync has not answered in {request.startup_s:g} s",
            "check the network and load again",
        )
    bytes_read = await anyio.to_thread.run_sync(_bytes_read, process.pid)
    while True:
        await anyio.sleep(request.stall_s)
        before, bytes_read = bytes_read, await anyio.to_thread.run_sync(_bytes_read, process.pid)
        if bytes_read == before:
            return Diagnosis(
                f"no bytes for {request.stall_s:g} s", "check the network and load again"
            )


def _bytes_read(pid: int) -> int:
    """What a client and its children have read so far, from the network or of old files.

    rsync's progress lines will not do: while it looks at what is there already it prints none.
    """
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(_bytes_read_by(each) for each in (str(pid), *children))
    return 0


def _bytes_read_by(pid: str) -> int:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    counters = dict(line.split(": ") for line in lines)
    # `read_bytes` is from storage: it grows also while folders and inodes are read
    return int(counters["rchar"]) + int(counters["read_bytes"])


async def _send_secret(process: Process, secret: str) -> None:
    if process.stdin is None:
        return
    # A client that is gone already says why by its exit code.
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await process.stdin.send(f"{secret}\n".encode())
    await process.stdin.aclose()


def _output(stream: ByteReceiveStream | None) -> ByteReceiveStream:
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream


async def _keep_tail(stream: ByteReceiveStream, tail: bytearray) -> None:
    async for chunk in stream:
        tail += chunk
        del tail[:-ERROR_TAIL_BYTES]


async def _read_lines(
    stream: ByteReceiveStream, heard: anyio.Event, take: Callable[[str], None]
) -> None:
    rest = b""
    async for chunk in stream:
        heard.set()
        *lines, rest = (rest + chunk.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            take(line.decode(errors="replace"))
        rest = rest[-LINE_BYTES:]
