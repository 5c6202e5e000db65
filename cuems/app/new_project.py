"""A playable project from media files: a cue each, in order, where the mappings say."""

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread

from cuems.adapters.hashes import FileHashes
from cuems.adapters.media_probe import look_at_media, probe
from cuems.adapters.staging import Change, Stage, open_stage
from cuems.app.project import project_folder
from cuems.core.cues import (
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    Media,
    NodeId,
    PostGo,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.errors import CuemsError
from cuems.core.manifest import SCRIPT
from cuems.core.media_facts import EmptyMedia, MeasuredMedia, MissingMedia, UnreadableMedia
from cuems.demo.show import demo_mappings
from cuems.wire.cue_reader import NAME_CHARACTERS
from cuems.wire.mappings_xml import Mappings
from cuems.wire.rsync import RsyncNameError, check_name
from cuems.wire.show_xml import write_show

STEREO = 2


class NewProjectError(CuemsError):
    """A project that cannot be made; nothing was written then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where new cues sound and show, by output name, and the mappings that say so."""

    audio: tuple[str, ...]
    video: tuple[str, ...]
    mappings: bytes


def outputs_of_this_machine(node: NodeId) -> Outputs:
    """A machine that is not configured: two ports and a connector, as in the demo."""
    return Outputs(
        audio=(f"{node}_0", f"{node}_1"), video=(f"{node}_0",), mappings=demo_mappings(node)
    )


def outputs_of(mappings: Mappings, text: bytes) -> Outputs:
    """As the mappings say: the default outputs, and for stereo the one after the default."""
    audio = [f"{node}_{port}" for node, port in mappings.outputs("audio")]
    first = mappings.default_audio_output or (audio[0] if audio else "")
    at = audio.index(first) if first in audio else 0
    video = [f"{node}_{port}" for node, port in mappings.outputs("video")]
    picture = mappings.default_video_output or (video[0] if video else "")
    return Outputs(
        audio=tuple(audio[at : at + STEREO]) or ((first,) if first else ()),
        video=(picture,) if picture else (),
        mappings=text,
    )


async def make_project(
    library: Path,
    name: str,
    files: Sequence[Path],
    outputs: Outputs,
    *,
    auto_follow: bool,
    ffprobe: str | None,
) -> Path:
    """Write a project's script and mappings, its media beside them; its folder.

    Raises CuemsError, and the library is as it was then.
    """
    folder = project_folder(library, check_name(name))
    if await anyio.to_thread.run_sync((folder / SCRIPT).exists):
        raise NewProjectError(f"{folder / SCRIPT}: there is such a project already")
    cues = [await _cue(path, outputs, ffprobe) for path in files]
    follow = PostGo.GO_AT_END if auto_follow else PostGo.PAUSE
    show = _show(name, [_following(cue, follow) for cue in cues[:-1]] + cues[-1:])
    async with open_stage(library) as stage:
        put = await _stage_media(stage, files, library)
        texts = {SCRIPT: write_show(show), "mappings.xml": outputs.mappings}
        put |= {f"projects/{name}/{file}": "" for file in texts}
        await anyio.to_thread.run_sync(_write, stage, name, texts)
        times = await anyio.to_thread.run_sync(_times, stage, tuple(put))
        change = Change(project=name, put=put, times=times)
        try:
            await anyio.to_thread.run_sync(stage.apply, change)
        except OSError as error:
            raise NewProjectError(f"{error.filename or library}: {error.strerror}") from error
    return folder


def _following(cue: AudioCue | VideoCue, follow: PostGo) -> AudioCue | VideoCue:
    return replace(cue, post_go=follow)


def _show(name: str, cues: Sequence[AudioCue | VideoCue]) -> Show:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return Show(
        id=str(uuid.uuid4()),
        name=name,
        created=now,
        modified=now,
        cue_list=CueList(id=_new_id(), name=name, contents=tuple(cues)),
    )


def _new_id() -> CueId:
    return CueId(str(uuid.uuid4()))


async def _cue(path: Path, outputs: Outputs, ffprobe: str | None) -> AudioCue | VideoCue:
    check_bare(path.name)
    facts = await anyio.to_thread.run_sync(look_at_media, path, {})
    if ffprobe is not None and not isinstance(facts, MissingMedia | EmptyMedia | UnreadableMedia):
        facts = await probe(ffprobe, path)
    if not isinstance(facts, MeasuredMedia):
        raise NewProjectError(f"{path}: {_why_not(facts, ffprobe)}")
    media = Media(
        id=str(uuid.uuid4()), file_name=path.name, duration_flicks=facts.duration_flicks or 0
    )
    if facts.picture is not None:
        if not outputs.video:
            raise NewProjectError(f"{path}: a picture, and the mappings have no video output")
        to = tuple(VideoOutput(output_name=output) for output in outputs.video)
        return VideoCue(id=_new_id(), name=path.stem[: NAME_CHARACTERS[1]], media=media, outputs=to)
    if not outputs.audio:
        raise NewProjectError(f"{path}: sound, and the mappings have no audio output")
    sounds = tuple(AudioOutput(output_name=output) for output in outputs.audio)
    return AudioCue(id=_new_id(), name=path.stem[: NAME_CHARACTERS[1]], media=media, outputs=sounds)


def check_bare(name: str) -> str:
    """A media file's name; raises RsyncNameError for what could not be deployed."""
    if "/" in check_name(name):
        raise RsyncNameError(name, "expected a bare name, found a path")
    return name


def _why_not(facts: object, ffprobe: str | None) -> str:
    match facts:
        case MissingMedia():
            return "no such file"
        case EmptyMedia():
            return "is empty"
        case UnreadableMedia(reason):
            return reason
        case _ if ffprobe is None:
            return "its duration is not known without ffprobe: apt-get install ffmpeg"
        case _:
            return "ffprobe cannot tell what is in it"


# ---- media


async def _stage_media(stage: Stage, files: Sequence[Path], library: Path) -> dict[str, str]:
    """Copy media to the stage; the names of what was not in the library already."""
    sources: dict[str, Path] = {}
    for path in files:
        name = f"media/{path.name}"
        if sources.setdefault(name, path) != path:
            raise NewProjectError(f"{path} and {sources[name]}: two files of one name")
    await anyio.to_thread.run_sync(stage.prepare, {})
    here = await FileHashes(library, stage.files.with_name("hashes")).facts(sources)
    put = {}
    for name, path in sources.items():
        if name in here:
            await _check_same(path, here[name].hash, library / name)
            continue
        try:
            await anyio.to_thread.run_sync(_copy, path, stage.files / name)
        except OSError as error:
            raise NewProjectError(f"{error.filename or path}: {error.strerror}") from error
        put[name] = ""
    return put


async def _check_same(path: Path, expected: str, there: Path) -> None:
    found = await FileHashes(path.parent, None).facts([path.name])
    if found[path.name].hash != expected:
        raise NewProjectError(
            f"{path}: {there} is another file of that name: rename one, or remove that one first"
        )


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    shutil.copystat(path, target)


def _write(stage: Stage, project: str, texts: dict[str, bytes]) -> None:
    folder = stage.files / "projects" / project
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_bytes(text)


def _times(stage: Stage, names: Sequence[str]) -> dict[str, int]:
    return {name: (stage.files / name).stat().st_mtime_ns for name in names}
