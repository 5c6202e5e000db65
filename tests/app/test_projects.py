"""Projects of a library: made from media files, exported, imported, removed, their media found."""

import os
import tarfile
import wave
from io import BytesIO
from pathlib import Path

import pytest
import zstandard

from cuems.adapters.archive import MANIFEST, ArchiveError
from cuems.adapters.hashes import FileHashes
from cuems.app.manifests import make_manifest
from cuems.app.new_project import NewProjectError, make_project, outputs_of_this_machine
from cuems.app.project import load_show
from cuems.app.projects import (
    ProjectFilesError,
    export_project,
    import_project,
    list_projects,
    relink_media,
    remove_project,
)
from cuems.app.versions import RollbackError, Versions
from cuems.core.cues import AudioCue, NodeId, PostGo
from cuems.core.manifest import FileFacts, Manifest, ManifestFile
from cuems.core.timecode import FLICKS_PER_S
from cuems.wire.manifest import content_hash, manifest_text
from tests.deploy_rig import files_of

NODE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
OUTPUTS = outputs_of_this_machine(NODE)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def sound(path: Path, seconds: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(os.urandom(16000 * seconds))
    return path


async def made(library: Path, name: str, *files: Path, follow: bool = False) -> Path:
    return await make_project(library, name, files, OUTPUTS, auto_follow=follow, ffprobe=None)


def hashes(library: Path) -> FileHashes:
    return FileHashes(library, None)


async def test_media_files_become_a_cue_each_in_their_order(library: Path, tmp_path: Path) -> None:
    files = [sound(tmp_path / name, seconds) for name, seconds in (("b ñ.wav", 1), ("a.wav", 2))]
    await made(library, "evening", *files, follow=True)
    show = await load_show(library, "evening")
    first, second = show.cue_list.contents
    assert isinstance(first, AudioCue)
    assert isinstance(second, AudioCue)
    assert [cue.name for cue in (first, second)] == ["b ñ", "a"]
    assert [cue.post_go for cue in (first, second)] == [PostGo.GO_AT_END, PostGo.PAUSE]
    assert first.media is not None
    assert first.media.duration_flicks == FLICKS_PER_S
    assert [output.output_name for output in first.outputs] == [f"{NODE}_0", f"{NODE}_1"]
    assert (library / "media/b ñ.wav").read_bytes() == files[0].read_bytes()
    assert (library / "projects/evening/mappings.xml").is_file()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("gone.wav", "no such file"), ("empty.wav", "is empty"), ("notes.txt", "without ffprobe")],
)
async def test_a_file_that_cannot_be_a_cue_is_named_and_nothing_is_written(
    library: Path, tmp_path: Path, name: str, problem: str
) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "notes.txt").write_text("x")
    good = sound(tmp_path / "a.wav", 1)
    with pytest.raises(NewProjectError, match=f"{name}: .*{problem}"):
        await made(library, "evening", good, tmp_path / name)
    assert os.listdir(tmp_path).count("library") == 0


async def test_another_file_of_the_same_name_is_not_overwritten(
    library: Path, tmp_path: Path
) -> None:
    first = sound(tmp_path / "a.wav", 1)
    await made(library, "one", first)
    kept = (library / "media/a.wav").read_bytes()
    with pytest.raises(NewProjectError, match="another file of that name"):
        await made(library, "two", sound(tmp_path / "other/a.wav", 1))
    with pytest.raises(NewProjectError, match="such a project already"):
        await made(library, "one", first)
    assert (library / "media/a.wav").read_bytes() == kept
    assert not (library / "projects/two").exists()


async def test_a_project_goes_out_and_comes_in_the_same(library: Path, tmp_path: Path) -> None:
    files = [sound(tmp_path / f"{'long' * 40} {number}.wav", 1) for number in range(2)]
    await made(library, "evening", *files)
    archive = tmp_path / "evening.tar.zst"
    await export_project(library, hashes(library), "evening", archive)
    first = archive.read_bytes()
    await export_project(library, hashes(library), "evening", archive)
    assert archive.read_bytes() == first
    other = tmp_path / "other"
    await import_project(other, archive, replace=False)
    assert files_of(other) == files_of(library)
    (listed,) = await list_projects(other)
    assert (listed.name, listed.files, listed.missing) == ("evening", 4, 0)


async def test_an_import_replaces_only_when_asked(library: Path, tmp_path: Path) -> None:
    await made(library, "evening", sound(tmp_path / "a.wav", 1))
    archive = tmp_path / "evening.tar.zst"
    await export_project(library, hashes(library), "evening", archive)
    other = tmp_path / "other"
    await made(other, "evening", sound(tmp_path / "b/a.wav", 1))
    before = (other / "media/a.wav").read_bytes()
    with pytest.raises(ProjectFilesError, match="another file of that name; --replace"):
        await import_project(other, archive, replace=False)
    assert (other / "media/a.wav").read_bytes() == before
    await import_project(other, archive, replace=True)
    assert (other / "media/a.wav").read_bytes() == (library / "media/a.wav").read_bytes()


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for member, data in members:
            tar.addfile(member, BytesIO(data))
    return zstandard.ZstdCompressor().compress(raw.getvalue())


def member(name: str, data: bytes, kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(data), kind
    return info, data


def manifest_of(**files: bytes) -> tuple[tarfile.TarInfo, bytes]:
    listed = tuple(
        ManifestFile(name, FileFacts(len(data), 0, content_hash(data)))
        for name, data in files.items()
    )
    return member(MANIFEST, manifest_text(Manifest(project="p", files=listed)))


SCRIPT = "projects/p/script.xml"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zstd at all",
        packed(member("projects/p/script.xml", b"x")),
        packed(manifest_of(**{SCRIPT: b"x"})),
        packed(manifest_of(**{SCRIPT: b"x"}), member(SCRIPT, b"y")),
        packed(manifest_of(**{SCRIPT: b"x"}), member(SCRIPT, b"xx")),
        packed(manifest_of(**{SCRIPT: b"x"}), member(SCRIPT, b"x"), member("media/more", b"z")),
        packed(manifest_of(**{SCRIPT: b"x"}), member("../../escape", b"x")),
        packed(manifest_of(**{"../escape": b"x"}), member("../escape", b"x")),
        packed(manifest_of(**{SCRIPT: b""}), member(SCRIPT, b"", tarfile.SYMTYPE)),
        packed(manifest_of(**{SCRIPT: b"x" * 5000}), member(SCRIPT, b"x" * 5000))[:-40],
    ],
    ids=["empty", "no zstd", "no manifest", "file missing", "other content", "other size",
         "one more", "escape", "escape listed", "link", "cut short"],
)  # fmt: skip
async def test_what_is_no_whole_export_is_refused_and_nothing_is_written(
    library: Path, tmp_path: Path, data: bytes
) -> None:
    archive = tmp_path / "x.tar.zst"
    archive.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"x\.tar\.zst: "):
        await import_project(library, archive, replace=False)
    assert not (library / "projects").exists()
    assert not (library / "media").exists()
    assert not (tmp_path / "escape").exists()


async def test_f54_a_bomb_ends_where_it_first_says_more_than_it_announced(
    library: Path, tmp_path: Path
) -> None:
    huge = tarfile.TarInfo("media/huge.mov")
    huge.size = 1 << 40
    announced = Manifest(
        project="p", files=(ManifestFile("media/huge.mov", FileFacts(1 << 50, 0, "0" * 64)),)
    )
    header = huge.tobuf(tarfile.GNU_FORMAT)
    text, data = member(MANIFEST, manifest_text(announced))
    raw = text.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512) + header
    wide = zstandard.ZstdCompressionParameters.from_level(19, window_log=27)
    bomb = tmp_path / "bomb.tar.zst"
    for packer, problem in (
        (zstandard.ZstdCompressor(), "unpacks to .* MiB are free"),
        (zstandard.ZstdCompressor(compression_params=wide), "cannot be unpacked"),
    ):
        with bomb.open("wb") as file, packer.stream_writer(file) as packed_in:
            packed_in.write(raw)
            for _ in range(300):
                packed_in.write(bytes(1 << 20))  # 300 MiB of nothing
        assert bomb.stat().st_size < 1 << 20
        with pytest.raises(ArchiveError, match=problem):
            await import_project(library, bomb, replace=False)
    assert not (library / "media").exists()


async def test_a_removed_project_is_gone_and_its_media_stay(library: Path, tmp_path: Path) -> None:
    await made(library, "evening", sound(tmp_path / "a.wav", 1))
    await remove_project(library, "evening")
    assert await list_projects(library) == []
    assert (library / "media/a.wav").is_file()
    with pytest.raises(ProjectFilesError, match="no such project"):
        await remove_project(library, "evening")


async def test_missing_media_are_found_by_content_whatever_they_are_called(
    library: Path, tmp_path: Path
) -> None:
    await made(library, "evening", sound(tmp_path / "a.wav", 1), sound(tmp_path / "b.wav", 1))
    versions = Versions(library, tmp_path / "versions", hashes(library))
    show = await load_show(library, "evening")
    await versions.keep(await make_manifest(hashes(library), "evening", show))
    elsewhere = tmp_path / "disk/deep"
    elsewhere.mkdir(parents=True)
    (library / "media/a.wav").rename(elsewhere / "renamed.bin")
    (library / "media/b.wav").unlink()
    found, lost = await relink_media(
        library, hashes(library), versions, "evening", [tmp_path / "disk"]
    )
    assert (found, lost) == (["media/a.wav"], ["media/b.wav"])
    assert (library / "media/a.wav").read_bytes() == (elsewhere / "renamed.bin").read_bytes()


async def test_a_project_goes_back_to_its_version_before_and_forward_again(
    library: Path, tmp_path: Path
) -> None:
    await made(library, "evening", sound(tmp_path / "a.wav", 1))
    script = library / "projects/evening/script.xml"
    versions = Versions(library, tmp_path / "versions", hashes(library))

    async def keep() -> None:
        show = await load_show(library, "evening")
        await versions.keep(await make_manifest(hashes(library), "evening", show))

    await keep()
    with pytest.raises(RollbackError, match="no version before"):
        await versions.go_back("evening")
    old = script.read_bytes()
    new = old.replace(b"<name>a</name>", b"<name>A</name>")
    assert new != old
    script.write_bytes(new)
    await keep()
    await versions.go_back("evening")
    assert script.read_bytes() == old
    await keep()
    await versions.go_back("evening")
    assert script.read_bytes() == new
    (library / "media/a.wav").write_bytes(b"overwritten")
    with pytest.raises(RollbackError, match=r"media/a\.wav is not any more what"):
        await versions.go_back("evening")
    assert script.read_bytes() == new
