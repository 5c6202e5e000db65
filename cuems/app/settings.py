"""The settings of this machine: read from their layers, and kept when a crew changes one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cuems.adapters.files import read_small_file
from cuems.adapters.settings_file import SettingsFile, read_settings_file
from cuems.core.desk import SettingsRead
from cuems.core.errors import CuemsError
from cuems.core.settings import BY_NAME, Layer, Resolved, Value, layer, resolve
from cuems.wire.settings_xml import read_settings

FILE = "settings.toml"
ENVIRONMENT = "CUEMS_"
SETTINGS_XML = "settings.xml"
SAVE_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where settings come from; `said` is what the command line says."""

    config: Path | None
    state: Path
    said: Mapping[str, object]

    @property
    def file(self) -> Path:
        """The file that the engine keeps them in."""
        return self.state / FILE


def read_layers(sources: Sources) -> Resolved:
    """Read them all; raises CuemsError naming the source and what is wrong there."""
    return resolve(_layers(sources))


def _layers(sources: Sources) -> list[Layer]:
    environment = {
        name: os.environ[variable]
        for name in BY_NAME
        if (variable := f"{ENVIRONMENT}{name.upper()}") in os.environ
    }
    layers = [] if sources.config is None else [_ecosystem(sources.config / SETTINGS_XML)]
    layers.append(layer(str(sources.file), read_settings_file(sources.file)))
    layers += [
        layer(f"the environment ({ENVIRONMENT}{name.upper()})", {name: value}, fixed=True)
        for name, value in environment.items()
    ]
    layers.append(layer("the command line", sources.said, fixed=True))
    return layers


def _ecosystem(path: Path) -> Layer:
    settings = read_settings(read_small_file(path), str(path))
    return layer(
        str(path),
        {
            "library": settings.library_path,
            "control": f"127.0.0.1:{settings.node.oscquery_ws_port}",
        },
    )


class SettingsKeeper:
    """Reads them for the controller, and keeps what is changed while it runs."""

    def __init__(self, sources: Sources, file: SettingsFile, resolved: Resolved) -> None:
        self.resolved = resolved
        self._sources = sources
        self._file = file
        self._one = anyio.Lock()
        self._saving = False

    def read(self) -> SettingsRead:
        """The settings as they were last read."""
        return SettingsRead(self.resolved.settings, self.resolved.fixed)

    async def read_again(self) -> SettingsRead:
        """Read them once more; raises CuemsError, and then those before still hold."""
        self.resolved = await anyio.to_thread.run_sync(read_layers, self._sources)
        return self.read()

    async def keep(self, name: str, value: Value) -> str:
        """Bring a change to the disk; why that did not work, "" where it did."""
        late = f"{self._sources.file}: not saved within {SAVE_DEADLINE_S:g} s: it may be or not"
        try:
            with anyio.fail_after(SAVE_DEADLINE_S):
                async with self._one:
                    if self._saving:  # given up on, and still in the hands of the disk
                        return late
                    await anyio.to_thread.run_sync(self._keep, name, value, abandon_on_cancel=True)
        except CuemsError as error:
            return str(error)
        except TimeoutError:
            return late
        return ""

    def _keep(self, name: str, value: Value) -> None:
        """In a thread. What else stands in the file stays there."""
        self._saving = True
        try:
            self._file.save({**self._file.read(), name: value})
        finally:
            self._saving = False
