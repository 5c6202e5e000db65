"""Deploying a project between two libraries, over a real rsync daemon on loopback."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from cuems.adapters.incoming import INCOMING
from cuems.adapters.rsync_daemon import open_rsync_daemon
from cuems.app import legacy_deploy
from cuems.app.legacy_deploy import Deployment, ReadMedia, deploy_project, media_names
from cuems.core.cues import (
    AnyCue,
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    DmxCue,
    DmxScene,
    Media,
    NodeId,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.status import DeployProgress
from cuems.wire.rsync import (
    RsyncNameError,
    Source,
)
from cuems.wire.rsync_errors import (
    DeployError,
)

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
OTHER = NodeId("0b1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a11")


def show(*contents: AnyCue) -> Show:
    return Show(id="s", name="s", cue_list=CueList(id=CueId("l"), contents=contents))


def audio(name: str | None, node: NodeId) -> AudioCue:
    media = None if name is None else Media(file_name=name)
    return AudioCue(
        id=CueId(f"a{name}"), media=media, outputs=(AudioOutput(output_name=f"{node}_0"),)
    )


def video(name: str, node: NodeId) -> VideoCue:
    return VideoCue(
        id=CueId(f"v{name}"),
        media=Media(file_name=name),
        outputs=(VideoOutput(output_name=f"{node}_0"),),
    )


def test_a_node_needs_the_media_of_its_own_cues_once_each_at_any_depth() -> None:
    inner = CueList(id=CueId("i"), contents=(video("b.mov", NODE), audio("a.wav", NODE)))
    found = media_names(
        show(
            audio("a.wav", NODE),
            audio("elsewhere.wav", OTHER),
            audio(None, NODE),
            DmxCue(id=CueId("d"), scene=DmxScene(id="x")),
            inner,
        ),
        NODE,
    )
    assert found == ("a.wav", "b.mov")


@pytest.fixture
def controller(tmp_path: Path) -> Path:
    library = tmp_path / "controller"
    (library / "projects/demo").mkdir(parents=True)
    (library / "media/indexes").mkdir(parents=True)
    for name in ("script.xml", "mappings.xml"):
        (library / "projects/demo" / name).write_text(f"<{name}/>")
    for name in ("rain.wav", "film.MOV", "indexes/film.MOV.idx", "unused.wav"):
        (library / "media" / name).write_text(name)
    return library


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return tmp_path / "node"


def media(*names: str) -> ReadMedia:
    async def read(folder: Path) -> Sequence[str]:
        await anyio.Path(folder / "script.xml").read_text()
        return names

    return read


def received(library: Path) -> list[str]:
    return sorted(str(p.relative_to(library)) for p in library.rglob("*") if p.is_file())


async def deployed(
    controller: Path, node: Path, read: ReadMedia, *, media_s: float = 20, limit_kib_per_s: int = 0
) -> list[DeployProgress]:
    """What was reported of a deployment from one library to another."""
    heard: list[DeployProgress] = []
    failed: list[DeployError | RsyncNameError] = []
    with anyio.fail_after(20):
        async with open_rsync_daemon(
            library=controller, state=controller.parent / "state", secret="s"
        ) as daemon:
            request = Deployment(
                project="demo",
                node=NODE,
                source=daemon.source,
                library=node,
                media_s=media_s,
                limit_kib_per_s=limit_kib_per_s,
            )
            try:
                await deploy_project(request, read, heard.append)
            except (DeployError, RsyncNameError) as error:
                failed.append(error)
    if failed:
        raise failed[0]
    return heard


@pytest.mark.slow
async def test_project_files_media_and_indexes_arrive_and_nothing_else(
    controller: Path, node: Path
) -> None:
    heard = await deployed(controller, node, media("rain.wav", "film.MOV"))
    assert received(node) == [
        "media/film.MOV",
        "media/indexes/film.MOV.idx",
        "media/rain.wav",
        "projects/demo/mappings.xml",
        "projects/demo/script.xml",
    ]
    percents = [progress.percent for progress in heard]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert percents.count(100) == 1
    assert {progress.node for progress in heard} == {NODE}


@pytest.mark.slow
async def test_a_project_without_media_is_deployed(controller: Path, node: Path) -> None:
    heard = await deployed(controller, node, media())
    assert heard[-1] == DeployProgress(NODE, 100, "")


@pytest.mark.slow
async def test_without_a_script_at_the_source_nothing_local_changes(
    controller: Path, node: Path
) -> None:
    (node / "projects/demo").mkdir(parents=True)
    (node / "projects/demo/script.xml").write_text("<old/>")
    (controller / "projects/demo/script.xml").unlink()
    with pytest.raises(DeployError) as caught:
        await deployed(controller, node, media("rain.wav"))
    assert caught.value.file == "projects/demo/script.xml"
    assert received(node) == ["projects/demo/script.xml"]
    assert (node / "projects/demo/script.xml").read_text() == "<old/>"


@pytest.mark.slow
async def test_missing_media_are_named_before_any_is_fetched(controller: Path, node: Path) -> None:
    with pytest.raises(DeployError, match=r"media/gone\.wav: not in the .* \(nor are 1 more\)"):
        await deployed(controller, node, media("rain.wav", "gone.wav", "lost.mov"))
    assert not (node / "media/rain.wav").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../projects/demo/script.xml", "sub/rain.wav", "-rain.wav"])
async def test_a_media_name_that_is_a_path_is_refused(
    controller: Path, node: Path, name: str
) -> None:
    with pytest.raises(RsyncNameError):
        await deployed(controller, node, media(name))
    assert not (node / "media").exists()


@pytest.mark.slow
async def test_media_that_would_fill_the_disk_are_refused_before_the_start(
    controller: Path, node: Path
) -> None:
    free = shutil.disk_usage(controller).free
    with (controller / "media/huge.mov").open("wb") as file:
        file.truncate(free + (1 << 30))
    with pytest.raises(DeployError, match=r"MiB are to come and .* MiB are free; free .* MiB in"):
        await deployed(controller, node, media("huge.mov"))
    assert not (node / "media").exists()


@pytest.mark.slow
async def test_a_transfer_past_its_deadline_is_ended_and_named(
    controller: Path, node: Path
) -> None:
    with (controller / "media/long.mov").open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(DeployError, match=r"demo has not arrived in 0\.5 s"):
        await deployed(controller, node, media("long.mov"), media_s=0.5, limit_kib_per_s=100)
    assert not (node / "media/long.mov").exists()
    assert list((node / INCOMING).iterdir()) == []


@pytest.mark.slow
async def test_a_project_name_that_is_a_path_is_refused(node: Path) -> None:
    nowhere = Source(host="127.0.0.1", port=1, secret="s")
    request = Deployment(project="../x", node=NODE, source=nowhere, library=node)
    with pytest.raises(RsyncNameError):
        await deploy_project(request, media(), lambda _: None)


def test_the_deadline_for_media_outlasts_a_terabyte_at_a_gigabit() -> None:
    assert legacy_deploy.MEDIA_S >= 10**12 * 8 / 10**9
