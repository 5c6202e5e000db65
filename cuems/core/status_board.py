"""The newest of everything that was told, for whoever joins (interop.md 2.1, 0.2)."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from cuems.core.status import (
    Armed,
    BusWarning,
    ChaseHealth,
    ClusterWarning,
    CueEnabled,
    CueHeld,
    CueKind,
    CueLate,
    CueName,
    CuePlay,
    CueReason,
    CueStart,
    DeployBytes,
    DeployPlan,
    DeployProgress,
    DeployRun,
    DeployTotal,
    GoGuard,
    GoLead,
    JournalFault,
    Leadership,
    Loaded,
    MixerVolume,
    ModeIs,
    NextCue,
    NodeFigures,
    NodeHealth,
    NodeName,
    NodeOutputs,
    NodeWaived,
    Notice,
    OpeningHours,
    OwnHealth,
    Paused,
    Running,
    SettingValue,
    ShowTimecode,
    Status,
    Strangers,
    VideoMixer,
    WaitingFor,
)

StatusT = TypeVar("StatusT")
Key = tuple[type[Status], tuple[str, ...]]

# The fields that say what a status is about: a later one about the same replaces it. The order is
# that in which clients expect them on connect.
ABOUT: Mapping[type[Status], tuple[str, ...]] = {
    Running: (),
    Armed: (),
    Loaded: (),
    NextCue: (),
    Paused: (),
    WaitingFor: (),
    ModeIs: (),
    GoGuard: (),
    Notice: (),
    Leadership: (),
    JournalFault: (),
    OpeningHours: (),
    BusWarning: (),
    ClusterWarning: (),
    Strangers: (),
    OwnHealth: (),
    GoLead: (),
    NodeName: ("node",),
    NodeHealth: ("node",),
    NodeWaived: ("node",),
    NodeOutputs: ("node",),
    ChaseHealth: ("node",),
    NodeFigures: ("node",),
    DeployProgress: ("node",),
    DeployBytes: ("node",),
    DeployPlan: ("node",),
    DeployTotal: (),
    DeployRun: (),
    CuePlay: ("cue",),
    CueName: ("cue",),
    CueKind: ("cue",),
    CueStart: ("cue",),
    CueReason: ("cue",),
    CueEnabled: ("cue",),
    CueLate: ("cue",),
    CueHeld: ("cue",),
    MixerVolume: ("node", "output", "channel"),
    VideoMixer: ("node", "mixer", "parameter"),
    SettingValue: ("name",),
    ShowTimecode: (),
}


class StatusBoard:
    """The newest status of each key."""

    def __init__(self) -> None:
        self._newest: dict[Key, Status] = {}

    def put(self, status: Status) -> None:
        """Keep a status, replacing the one that is about the same."""
        kind = type(status)
        self._newest[kind, tuple(getattr(status, name) for name in ABOUT[kind])] = status

    def of(self, kind: type[StatusT]) -> Iterator[StatusT]:
        """The newest of a kind, of everything it is told of."""
        return (status for status in list(self._newest.values()) if isinstance(status, kind))

    def forget_cues(self) -> None:
        """Drop what is known of cues: another project is loaded."""
        self._newest = {
            at: status for at, status in self._newest.items() if ABOUT[type(status)] != ("cue",)
        }

    def dump(self) -> Iterator[Status]:
        """Everything a newcomer is told, in the order clients expect. No timecode: it ticks."""
        for kind in ABOUT:
            if kind is not ShowTimecode:
                yield from (status for status in self._newest.values() if type(status) is kind)
