"""What a check reads from disks, in a process of its own: a dead network drive stops that one."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import platformdirs

from cuems.adapters.media_probe import look_at_media, similar_names
from cuems.app.config import (
    ECOSYSTEM_CONFIG,
    NETWORK_MAP_FILE,
    SETTINGS_FILE,
    audio_program,
    default_library,
    has_settings,
)
from cuems.app.equipment import read_equipment
from cuems.core.check_outputs import NodeOutputs, Output, Rig
from cuems.core.cues import MediaCue, NodeId
from cuems.core.findings import Finding, Script, Severity, to_script
from cuems.core.media_facts import MediaFacts
from cuems.players import PlayerConfig
from cuems.players.equipment import Equipment
from cuems.wire.file_faults import Fault, ProjectFileError
from cuems.wire.mappings_xml import Device, Mappings, read_mappings
from cuems.wire.network_map_xml import NetworkMap, read_network_map
from cuems.wire.settings_xml import HostSettings, read_project_settings, read_settings
from cuems.wire.show_xml import ShowFile, read_show

SCRIPT_FILE = "script.xml"
MAPPINGS_FILE = "mappings.xml"
DEFAULT_MAPPINGS_FILE = "default_mappings.xml"
PROJECTS = "projects"
PATH_STEPS_SHOWN = 2  # of where in a file a fault is

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """A project by its name in the library or by its path; None where nothing was said."""

    project: str
    library: Path | None = None
    config: Path | None = None
    ffprobe: str = "ffprobe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the disks said. `ffprobe` is where that program is, None where it is not."""

    folder: Path
    media_folder: Path
    findings: tuple[Finding, ...]
    script: Script | None
    rig: Rig | None
    media: Mapping[str, MediaFacts]
    players: PlayerConfig
    has_mpv: bool
    ffprobe: str | None


@dataclass(slots=True)
class _Reader:
    """Reads files, noting what is wrong with them."""

    findings: list[Finding] = field(default_factory=list)

    def read(self, path: Path, decode: Callable[[bytes, str], T]) -> T | None:
        """What a file says, None if it cannot be used."""
        try:
            return decode(path.read_bytes(), str(path))
        except ProjectFileError as error:
            self.findings += map(_of_fault, error.faults)
        except FileNotFoundError:
            self.note(path, "file-missing", "there is no such file", "copy it there, or deploy")
        except OSError as error:
            remedy = "check who may read it, and the disk it is on"
            self.note(path, "file-unreadable", f"it cannot be read: {error.strerror}", remedy)
        return None

    def read_if_there(self, path: Path, decode: Callable[[bytes, str], T]) -> T | None:
        """What a file says that need not be there."""
        return self.read(path, decode) if path.exists() else None

    def note(self, path: Path, code: str, text: str, remedy: str) -> None:
        self.findings.append(
            Finding(severity=Severity.ERROR, code=code, file=str(path), text=text, remedy=remedy)
        )


def _of_fault(fault: Fault) -> Finding:
    place = "/".join(fault.path.split("/")[-PATH_STEPS_SHOWN:])
    return Finding(
        severity=Severity.ERROR,
        code="file-fault",
        file=fault.file,
        line=fault.line,
        field=fault.path,
        value=fault.value,
        text=f"{place}: {fault.value!r}: expected {fault.expected}",
        remedy="correct it in the editor, or on that line",
    )


def look(request: CheckRequest) -> Looked | str:
    """All that can be read; or why there is no such project."""
    reader = _Reader()
    config = _config_folder(request)
    settings = None if config is None else reader.read(config / SETTINGS_FILE, read_settings)
    library = request.library or (
        default_library() if settings is None else Path(settings.library_path)
    )
    folder = _project_folder(request.project, library)
    if folder is None:
        return _no_such_project(request.project, library)
    if request.library is None and folder.parent.name == PROJECTS:
        library = folder.parent.parent
    file = reader.read(folder / SCRIPT_FILE, read_show)
    script = None if file is None else _script(str(folder / SCRIPT_FILE), file)
    reader.read_if_there(folder / SETTINGS_FILE, read_project_settings)
    rig = _rig(reader, folder, config, settings)
    players = _players(settings, config)
    return Looked(
        folder=folder,
        media_folder=library / "media",
        findings=tuple(reader.findings),
        script=script,
        rig=rig,
        media=_look_at_media(script, library / "media"),
        players=players,
        has_mpv=shutil.which(players.mpv) is not None,
        ffprobe=shutil.which(request.ffprobe),
    )


def _players(settings: HostSettings | None, config: Path | None) -> PlayerConfig:
    """Who would play on this machine; a file that has faults has been noted already."""
    if settings is None or config is None:
        return PlayerConfig()
    try:
        equipment = read_equipment(settings.node, config, None)
    except ProjectFileError:
        equipment = Equipment()
    return PlayerConfig(audio_program=audio_program(settings.node), equipment=equipment)


def _config_folder(request: CheckRequest) -> Path | None:
    if request.config is not None:
        return request.config
    return ECOSYSTEM_CONFIG if has_settings(ECOSYSTEM_CONFIG) else None


def _project_folder(project: str, library: Path) -> Path | None:
    """A project by path if it is one, else by its name in the library."""
    path = Path(project)
    if path.name == SCRIPT_FILE and path.is_file():
        return path.parent.resolve()
    if "/" in project or (path / SCRIPT_FILE).is_file():
        return path.resolve() if path.is_dir() else None
    named = library / PROJECTS / project
    return named if project not in {"", ".", ".."} and named.is_dir() else None


def _no_such_project(project: str, library: Path) -> str:
    if "/" in project:
        return f"{project!r}: no such folder: expected a project's, with a {SCRIPT_FILE}"
    there = sorted(path.parent.name for path in (library / PROJECTS).glob(f"*/{SCRIPT_FILE}"))
    return f"no project {project!r} in the library {library}; there: {', '.join(there) or 'none'}"


def _script(path: str, file: ShowFile) -> Script:
    return to_script(path, file.show, file.lines, file.repeats)


def _look_at_media(script: Script | None, folder: Path) -> dict[str, MediaFacts]:
    cues = () if script is None else script.cues()
    names = {
        cue.media.file_name
        for cue in cues
        if isinstance(cue, MediaCue) and cue.media is not None and cue.media.file_name
    }
    similar = similar_names(folder)
    return {name: look_at_media(folder / name, similar) for name in sorted(names)}


# ---- the rig


def _rig(
    reader: _Reader, folder: Path, config: Path | None, settings: HostSettings | None
) -> Rig | None:
    """What the outputs are, by the project's mappings or else by this machine's."""
    network = None
    if config is not None:
        network = reader.read_if_there(config / NETWORK_MAP_FILE, read_network_map)
    path = folder / MAPPINGS_FILE
    if not path.exists() and config is not None and (config / DEFAULT_MAPPINGS_FILE).exists():
        path = config / DEFAULT_MAPPINGS_FILE
    mappings = reader.read_if_there(path, read_mappings)
    if mappings is None:
        return None
    return Rig(
        file=path.name,
        nodes=dict(_outputs(mappings)),
        network=None if network is None else _adopted(network),
        here=_identity() if config is None else None,
    )


def _outputs(mappings: Mappings) -> list[tuple[NodeId, NodeOutputs]]:
    return [
        (
            node.uuid,
            NodeOutputs(
                audio=_of_device(node.audio),
                video=_of_device(node.video),
                dmx=_of_device(node.dmx),
            ),
        )
        for node in mappings.nodes
    ]


def _of_device(device: Device | None) -> tuple[Output, ...]:
    ports = () if device is None else device.outputs
    return tuple(Output(str(port.id), port.mapped_to[0]) for port in ports)


def _adopted(network: NetworkMap) -> dict[NodeId, bool]:
    return {node.uuid: node.adopted for node in network.nodes}


def _identity() -> NodeId | None:
    """Who this machine is where only its own state says so; None if it never ran."""
    try:
        text = (platformdirs.user_state_path("cuems") / "identity").read_text()
    except OSError:
        return None
    return NodeId(text.strip())
