"""Deploy: a node gets exactly what the controller has of a project, proven, or stays as it was.

What is wanted is in the controller's manifest; what is lacking comes to a stage inside the
library; every file's hash is compared there; then all of it takes its place at once
(adapters/staging.py). Whatever ends it early leaves the library as it was, and on the stage what
the next attempt need not transfer again.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.hashes import FileHashes
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.rsync import STALL_S, STARTUP_S, Fetch, StagePlaces, fetch_staged
from cuems.adapters.staging import Change, Stage, open_stage
from cuems.core.cues import NodeId
from cuems.core.deploy_meter import DeployMeter, mib
from cuems.core.errors import CuemsError
from cuems.core.manifest import FileFacts, Manifest, Plan, plan, project_files
from cuems.core.reports import DeployPlanReport, DeployReport
from cuems.wire.manifest import ManifestDecodeError, project_hash, read_manifest
from cuems.wire.rsync import MANIFESTS, Progress, Source, check_name
from cuems.wire.rsync_errors import DeployError

PROJECT_S = 60.0  # a manifest is a small file; more means that something is wrong
MEDIA_S = 4 * 3600.0  # a terabyte on a gigabit line; a stall is seen long before
SPARE_BYTES = 1 << 30  # a node whose disk is full cannot even write its log
NAMED_ITEMS = 20  # of what is missing; the bus has its limits

Report = DeployReport | DeployPlanReport
Turn = Callable[[Callable[[], None]], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A project, by its folder's name and its content's hash, that `node` is to have.

    `hashes` are those of the library's files. `turn` is held while bytes come, and asks for itself
    by the call it is given; `report` hears how it goes.
    """

    project: str
    project_hash: str
    node: NodeId
    source: Source
    library: Path
    hashes: FileHashes
    turn: Turn
    report: Callable[[Report], None]
    deploy_seq: int = 0
    startup_s: float = STARTUP_S
    stall_s: float = STALL_S
    media_s: float = MEDIA_S
    spare_bytes: int = SPARE_BYTES

    def error(self, what: str, remedy: str, file: str | None = None) -> DeployError:
        """What went wrong here."""
        return DeployError(node=self.node, what=what, remedy=remedy, file=file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What is wanted, what is here of it, what is to be done, what nobody has."""

    wanted: Mapping[str, FileFacts]
    here: Mapping[str, FileFacts]
    plan: Plan
    missing: tuple[str, ...]

    def only(self, names: Iterable[str]) -> dict[str, FileFacts]:
        return {name: self.wanted[name] for name in names}


async def check(deployment: Deployment) -> None:
    """Report what a deploy would do, and do nothing. Raises CuemsError."""
    deployment.report(_stage_report(deployment, "checking"))
    async with _stage(deployment) as stage:
        await _survey(deployment, await _fetch_manifest(deployment, stage))


async def deploy(deployment: Deployment) -> tuple[str, ...]:
    """Bring what is lacking; the names of what even the controller lacks. Raises CuemsError."""
    deployment.report(_stage_report(deployment, "checking"))
    async with _stage(deployment) as stage:
        survey = await _survey(deployment, await _fetch_manifest(deployment, stage))
        if not survey.plan.is_done:
            with anyio.move_on_after(deployment.media_s) as scope:
                await _bring(deployment, stage, survey)
            if scope.cancelled_caught:
                raise deployment.error(
                    f"{deployment.project} has not arrived in {deployment.media_s:g} s",
                    "check the network and load again; what came stays for the next time",
                )
    return survey.missing


def _stage_report(deployment: Deployment, state: str) -> DeployReport:
    return DeployReport(0, state, state, deployment.deploy_seq)


def _stage(deployment: Deployment) -> AbstractAsyncContextManager[Stage]:
    if "/" in check_name(deployment.project):
        raise deployment.error(
            f"{deployment.project!r} is no project name", "name a folder of projects/"
        )
    return open_stage(deployment.library)


async def _fetch_manifest(deployment: Deployment, stage: Stage) -> Manifest:
    name = f"{deployment.project_hash}.json"
    places = StagePlaces(
        listing=stage.listing, temporary=stage.temporary, files=stage.files.with_name("manifest")
    )
    await anyio.to_thread.run_sync(_make_folders, places)
    kept = await anyio.to_thread.run_sync(_kept_manifest, places.files / name)
    if kept is not None and project_hash(kept) == deployment.project_hash:
        return kept
    with anyio.move_on_after(PROJECT_S) as scope:
        source = replace(deployment.source, module=MANIFESTS)
        await fetch_staged(_fetch(deployment, (name,), source), places, lambda *_: None)
    if scope.cancelled_caught:
        raise deployment.error(
            f"the manifest of {deployment.project} has not arrived in {PROJECT_S:g} s",
            "check the network and load again",
        )
    try:
        manifest = read_manifest(
            await anyio.to_thread.run_sync((places.files / name).read_bytes), name
        )
    except (ManifestDecodeError, OSError) as error:
        raise deployment.error(f"its manifest cannot be read: {error}", "load again") from error
    if project_hash(manifest) != deployment.project_hash or manifest.project != deployment.project:
        raise deployment.error("the manifest is of something else", "load again", name)
    return manifest


def _kept_manifest(path: Path) -> Manifest | None:
    """A manifest that was fetched before."""
    try:
        return read_manifest(path.read_bytes(), path.name)
    except (ManifestDecodeError, OSError):
        return None


def _make_folders(places: StagePlaces) -> None:
    for folder in (places.temporary, places.files):
        folder.mkdir(parents=True, exist_ok=True)


async def _survey(deployment: Deployment, manifest: Manifest) -> _Survey:
    """Compare, and report what is to be done."""
    wanted = manifest.files_for(deployment.node)
    own = project_files(deployment.project)
    here = await deployment.hashes.facts({*wanted, *own})
    missing = manifest.missing_for(deployment.node)
    found = plan(wanted, here, (name for name in own if name in here))
    deployment.report(
        DeployPlanReport(
            deploy_seq=deployment.deploy_seq,
            have=len(found.have),
            fetch=len(found.fetch),
            update=len(found.update),
            remove=len(found.remove),
            bytes_to_come=found.bytes_to_come,
            free_bytes=await anyio.to_thread.run_sync(_free, deployment.library),
            missing=missing[:NAMED_ITEMS],
        )
    )
    return _Survey(wanted=wanted, here=here, plan=found, missing=missing)


def _free(library: Path) -> int:
    return shutil.disk_usage(library).free


# ---- bringing


async def _bring(deployment: Deployment, stage: Stage, survey: _Survey) -> None:
    to_come = survey.only(survey.plan.to_come)
    try:
        await anyio.to_thread.run_sync(stage.check_places, (*to_come, *survey.plan.remove))
        arrived = await anyio.to_thread.run_sync(stage.prepare, to_come)
        lacking = survey.only(to_come.keys() - arrived)
        arrived |= await anyio.to_thread.run_sync(stage.take_kept, lacking)
    except OSError as error:
        raise _unwritable(deployment, error) from error
    here_bytes = sum(to_come[name].size_bytes for name in arrived)
    meter = DeployMeter(
        survey.plan.bytes_to_come, here_bytes, deployment.deploy_seq, time.monotonic_ns()
    )
    names = sorted(to_come.keys() - arrived)
    await _check_space(deployment, sum(to_come[name].size_bytes for name in names))
    with closing(FileHashes(stage.files, stage.files.with_name("hashes"))) as staged:
        await _transfer(deployment, stage, staged, names, meter)
        deployment.report(meter.report("verifying"))
        wrong = await _wrong(staged, to_come)
        if wrong:
            await anyio.to_thread.run_sync(stage.discard, wrong)
            await _transfer(deployment, stage, staged, wrong, meter)
            await _check_right(deployment, stage, staged, survey.only(wrong))
    await _install(deployment, stage, survey)


async def _check_space(deployment: Deployment, needed: int) -> None:
    """Raises DeployError when what is to come would fill the disk."""
    free = await anyio.to_thread.run_sync(_free, deployment.library)
    if needed and free < needed + deployment.spare_bytes:
        raise deployment.error(
            f"{mib(needed)} are to come and {mib(free)} are free",
            f"free {mib(needed + deployment.spare_bytes - free)} in {deployment.library}",
        )


async def _transfer(
    deployment: Deployment,
    stage: Stage,
    staged: FileHashes,
    names: Sequence[str],
    meter: DeployMeter,
) -> None:
    """Bring the files; what has come is hashed meanwhile."""
    if not names:
        return
    before = meter.done_bytes
    news = Mailbox[bool](1)

    def take(progress: Progress, file: str) -> None:
        news.put(True)
        report = meter.moved(before + progress.bytes, file, time.monotonic_ns())
        if report is not None:
            deployment.report(report)

    places = StagePlaces(listing=stage.listing, temporary=stage.temporary, files=stage.files)
    async with deployment.turn(lambda: deployment.report(meter.report("waiting"))):
        deployment.report(meter.report("fetching"))
        failed: CuemsError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_follow, staged, stage.temporary, news)
            try:
                fetch = _fetch(deployment, tuple(names), deployment.source)
                await fetch_staged(fetch, places, take)
            except CuemsError as error:
                failed = error  # as itself, not in a group
            news.put(False)
        if failed is not None:
            raise failed


async def _follow(staged: FileHashes, folder: Path, news: Mailbox[bool]) -> None:
    """Hash the file that comes, whenever more of it has, until there is no more."""
    while await news.receive():
        path = await anyio.to_thread.run_sync(_newest, folder)
        if path is not None:
            await staged.follow(path)


def _newest(folder: Path) -> Path | None:
    """What is being written just now."""
    with suppress(FileNotFoundError):  # one of them is whole meanwhile
        return max(folder.iterdir(), key=lambda path: path.lstat().st_mtime_ns, default=None)
    return None


def _fetch(deployment: Deployment, names: tuple[str, ...], source: Source) -> Fetch:
    return Fetch(
        node=deployment.node,
        source=source,
        names=names,
        library=deployment.library,
        startup_s=deployment.startup_s,
        stall_s=deployment.stall_s,
    )


async def _wrong(staged: FileHashes, wanted: Mapping[str, FileFacts]) -> list[str]:
    """Those of the staged files that are not what the manifest says."""
    found = await staged.facts(wanted)
    return [
        name
        for name, facts in wanted.items()
        if name not in found
        or (found[name].size_bytes, found[name].hash) != (facts.size_bytes, facts.hash)
    ]


async def _check_right(
    deployment: Deployment, stage: Stage, staged: FileHashes, wanted: Mapping[str, FileFacts]
) -> None:
    still = await _wrong(staged, wanted)
    if still:
        await anyio.to_thread.run_sync(stage.discard, still)
        more = f" (nor are {len(still) - 1} more)" if len(still) > 1 else ""
        raise deployment.error(
            f"what arrived is not what the controller's manifest says{more}",
            "it was changed meanwhile, or the network or a disk is broken: load again",
            still[0],
        )


async def _install(deployment: Deployment, stage: Stage, survey: _Survey) -> None:
    """Put what was proven in its place; once begun it is not given up."""
    to_come = survey.only(survey.plan.to_come)
    change = Change(
        project=deployment.project,
        put={name: _hash(survey, name) for name in to_come},
        times={name: facts.mtime_ns for name, facts in to_come.items()},
        remove={name: _hash(survey, name) for name in survey.plan.remove},
        touch={name: survey.wanted[name].mtime_ns for name in survey.plan.touch},
    )
    try:
        for name in to_come:
            await anyio.to_thread.run_sync(stage.sync, name)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stage.apply, change)
            await deployment.hashes.note(survey.only((*to_come, *survey.plan.touch)))
    except OSError as error:
        raise _unwritable(deployment, error) from error


def _hash(survey: _Survey, name: str) -> str:
    return survey.here[name].hash if name in survey.here else ""


def _unwritable(deployment: Deployment, error: OSError) -> DeployError:
    return deployment.error(
        f"cannot write to the library {deployment.library} ({error.strerror})",
        "check its permissions and free space",
        error.filename,
    )
