"""Changing settings while a show runs: asked for, kept on the disk, and only then in force."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from cuems.core import bus
from cuems.core.chains import ChainTiming
from cuems.core.desk import (
    Asked,
    ControllerEffect,
    KeepSetting,
    Publish,
    SettingKept,
    SettingsRead,
    Tell,
)
from cuems.core.operator import SetSetting
from cuems.core.sequencer import OnLocate, Options
from cuems.core.settings import (
    BY_NAME,
    SettingError,
    Settings,
    changed,
    checked,
    differences,
)
from cuems.core.status import SettingValue
from cuems.core.timecode import from_ms

RIG = ("panic_ms", "freewheel_frames", "look_ahead_stops", "chain_timing", "on_locate")


class SettingsDesk:
    """The settings in force, and the changes that wait for the disk. Before `read`: none."""

    def __init__(self, *, own_line: bool = True) -> None:
        self.settings: Settings | None = None
        self._own_line = own_line
        self._fixed: dict[str, str] = {}
        self._asked: dict[int, Asked] = {}
        self._seq = 0

    def read(self, event: SettingsRead) -> list[ControllerEffect]:
        """The settings were read, at the start or again."""
        before, self.settings = self.settings, event.settings
        self._fixed = dict(event.fixed)
        return list(self._told(before, event.settings))

    def ask(self, asked: Asked, command: SetSetting) -> KeepSetting | None:
        """A change is asked for; None where nothing is to be done. Raises SettingError."""
        settings = self.settings or Settings()
        after = changed(settings, command.name, command.value)
        if command.name in self._fixed:
            raise SettingError(self._fixed[command.name])
        for name, value in differences(settings, after):
            self._seq += 1
            self._asked[self._seq] = asked
            return KeepSetting(self._seq, name, value)
        return None

    def kept(self, event: SettingKept) -> tuple[Asked | None, list[ControllerEffect]]:
        """A change is on the disk, or could not be brought there: who asked, and what follows."""
        asked = self._asked.pop(event.seq, None)
        if asked is None or event.reason or not isinstance(asked.command, SetSetting):
            return asked, []
        before = self.settings or Settings()
        self.settings = changed(before, asked.command.name, asked.command.value)
        return asked, list(self._told(before, self.settings))

    def _told(self, before: Settings | None, after: Settings) -> Iterator[ControllerEffect]:
        news = dict(differences(before, after)) if before is not None else None
        for name, setting in BY_NAME.items():
            if setting.live and (news is None or name in news):
                yield Publish(SettingValue(name, str(getattr(after, name))))
        if news is None or any(name in news for name in RIG):
            yield from self.tell_nodes()

    def tell_nodes(self) -> Iterator[ControllerEffect]:
        """What of it every machine has to know."""
        if self.settings is not None:
            values = tuple((name, str(getattr(self.settings, name))) for name in RIG)
            yield Tell(bus.SettingsCommand(values, self._own_line))


def options_of(settings: Settings, *, own_line: bool) -> Options:
    """How a show is run, by the settings."""
    return Options(
        chain_timing=ChainTiming(settings.chain_timing),
        on_locate=OnLocate(settings.on_locate),
        panic_flicks=from_ms(settings.panic_ms),
        look_ahead_stops=settings.look_ahead_stops,
        own_line=own_line,
    )


def settings_from(command: bus.SettingsCommand, before: Settings) -> Settings:
    """The settings with what a controller tells; what is not known or not fit here is left out."""
    after = before
    for name, value in command.values:
        with suppress(SettingError):  # of a version that allows more
            after = replace(after, **{name: checked(name, value)})  # type: ignore[arg-type]
    return after
