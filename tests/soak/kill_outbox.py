"""The outbox of a node and the receiver of its controller, to be killed: packed, sent, retired.

Both are of one process here, which takes the network's place: what the receiver has answered is
safe, and the kill is between any two system calls of either side.
"""

import hashlib
import tarfile
from io import BytesIO
from itertools import count
from pathlib import Path

import zstandard

from cuems.adapters.journal_files import DONE
from cuems.adapters.outbox_files import OutboxFiles, digest
from cuems.adapters.received_files import Outcome, Received
from cuems.core.outbox import Answered, Done, Job, Outbox, Pack, Result, Retire, Send, SetAside
from tests.soak.kill_points import safe

PREFIX = "node-"
RUNS = 4
CONFLICTING = "node-000003"  # the receiver has another of that name
STATUS = {Outcome.STORED: 201, Outcome.SAME: 200, Outcome.CONFLICT: 409, Outcome.MISMATCH: 422}


def content(number: int) -> bytes:
    return f"run {number}\n".encode() * 200


def act(folder: Path) -> None:
    """Seal some runs, the receiver having another of one name, and ship them all."""
    received = Received(folder / "received")
    bring(received, CONFLICTING, b"another")
    safe(folder, f"received {CONFLICTING} {hashlib.sha256(b'another').hexdigest()}")
    for number in range(1, RUNS + 1):
        run = folder / "spool" / f"{number:06}"
        run.mkdir(parents=True)
        (run / "000001.jsonl").write_bytes(content(number))
        (run / DONE).touch()
        safe(folder, f"sealed {number}")
    unsealed = folder / "spool" / "000099"
    unsealed.mkdir()
    (unsealed / "000001.jsonl").write_bytes(b"still being written")
    safe(folder, "unsealed")
    ship(folder, received)


def bring(received: Received, run: str, data: bytes) -> Outcome:
    """What a PUT does."""
    upload = received.begin(run, len(data))
    try:
        half = len(data) // 2
        upload.write(data[:half])
        return upload.end(data[half:], hashlib.sha256(data).hexdigest())
    finally:
        upload.discard()


def ship(folder: Path, received: Received) -> None:
    """Everything that is there, as app/shipping.py does it."""
    files = OutboxFiles(folder / "spool", folder / "outbox", PREFIX, 1 << 20)
    outbox = Outbox(lambda: 1.0)
    found = files.scan()
    outbox.find(found.ready, found.packed)
    for moment in count():
        job = outbox.job(moment)
        if job is None:
            return
        outbox.done(job, _do(job, folder, files, received), moment)


def _do(job: Job, folder: Path, files: OutboxFiles, received: Received) -> Result:
    match job:
        case Pack(run):
            files.pack(run, lambda: False)
        case Send(run):
            sha256, _ = digest(files.archive(run))
            outcome = bring(received, run, files.archive(run).read_bytes())
            if outcome in (Outcome.STORED, Outcome.SAME):
                safe(folder, f"received {run} {sha256}")
            return Answered(status=STATUS[outcome], same=True)
        case Retire(run):
            files.retire(run)
        case SetAside(run, aside):
            files.set_aside(run, aside)
    return Done()


# ---- what a kill has left


def check(folder: Path, told: list[str]) -> list[str]:
    """O1 to O5 of cluster.md 7: after the kill, and after one more run over what it left."""
    sealed = [f"{PREFIX}{int(line.split()[1]):06}" for line in told if line.startswith("sealed")]
    found = [f"after the kill: {wrong}" for wrong in _wrong(folder, told, sealed)]
    ship(folder, Received(folder / "received"))
    found += [f"after a restart: {wrong}" for wrong in _wrong(folder, told, sealed)]
    left = [path.name for path in _files(folder) if ".partial" in path.name or ".up." in path.name]
    found += [f"{name} is left over" for name in left]
    for run in sealed:
        name = run.removeprefix(PREFIX)
        rest = "conflict" if run == CONFLICTING else "shipped"
        if (folder / "spool" / name).exists() or (folder / "outbox" / f"{run}.tar.zst").exists():
            found.append(f"{run} has not come to rest")
        if not (folder / "outbox" / rest / f"{run}.tar.zst").exists():
            found.append(f"{run} is not in {rest}/")
    return found


def _wrong(folder: Path, told: list[str], sealed: list[str]) -> list[str]:
    found = []
    for path in _files(folder):
        if path.name.endswith(".tar.zst"):
            found += _wrong_archive(path)
    for run in sealed:
        if not _is_whole_somewhere(folder, run):
            found.append(f"{run} was sealed, and is whole nowhere")
        stored = list((folder / "received").glob(f"{run}~*"))
        if len(stored) > 1:
            found.append(f"{run} is stored {len(stored)} times")
    for line in told:
        if line.startswith("received"):
            _, run, sha256 = line.split()
            if not (folder / "received" / f"{run}~{sha256}.tar.zst").exists():
                found.append(f"{run} was acknowledged, and is lost")
    unsealed = folder / "spool" / "000099" / "000001.jsonl"
    if "unsealed" in told and unsealed.read_bytes() != b"still being written":
        found.append("a run that was being written was touched")
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _wrong_archive(path: Path) -> list[str]:
    """What is under a final name is what it says."""
    data = path.read_bytes()
    run, tilde, sha256 = path.name.removesuffix(".tar.zst").partition("~")
    if tilde and hashlib.sha256(data).hexdigest() != sha256:
        return [f"{path.name}: not what its name says"]
    return [] if data == b"another" or _unpacked(data) == _expected(run) else [f"{path}: not whole"]


def _expected(run: str) -> dict[str, bytes]:
    number = int(run.removeprefix(PREFIX))
    return {f"{run}/000001.jsonl": content(number), f"{run}/{DONE}": b""}


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        plain = zstandard.ZstdDecompressor().stream_reader(data).read()
        with tarfile.open(fileobj=BytesIO(plain)) as tar:
            files = ((member.name, tar.extractfile(member)) for member in tar)
            return {name: file.read() for name, file in files if file is not None}
    except (zstandard.ZstdError, tarfile.TarError):
        return {}


def _is_whole_somewhere(folder: Path, run: str) -> bool:
    name = run.removeprefix(PREFIX)
    spool = folder / "spool" / name
    if (spool / DONE).exists():
        written = spool / "000001.jsonl"
        return written.exists() and written.read_bytes() == content(int(name))
    archives = list((folder / "outbox").rglob(f"{run}.tar.zst"))
    return any(_unpacked(path.read_bytes()) == _expected(run) for path in archives)
