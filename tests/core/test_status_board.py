"""The newest of everything, for whoever joins."""

from typing import get_args

from cuems.core.cues import CueId, NodeId
from cuems.core.status import (
    Armed,
    CueEnabled,
    CueName,
    CuePlay,
    CueReason,
    Loaded,
    MixerVolume,
    NextCue,
    NodeHealth,
    NodeName,
    Notice,
    Running,
    ShowTimecode,
    Status,
)
from cuems.core.status_board import ABOUT, StatusBoard

ONE, TWO = CueId("one"), CueId("two")
NODE, OTHER = NodeId("node"), NodeId("other")


def board(*statuses: Status) -> StatusBoard:
    made = StatusBoard()
    for status in statuses:
        made.put(status)
    return made


def test_a_newcomer_is_told_the_newest_of_each_in_the_order_clients_expect() -> None:
    told = board(
        MixerVolume(NODE, "0", "master", 0.5),
        CuePlay(ONE, 0),
        NextCue(ONE),
        Armed(False),
        CuePlay(TWO, 0),
        CuePlay(ONE, 100),
        Armed(True),
        Running(True),
        Loaded("show"),
    ).dump()
    assert list(told) == [
        Running(True),
        Armed(True),
        Loaded("show"),
        NextCue(ONE),
        CuePlay(ONE, 100),
        CuePlay(TWO, 0),
        MixerVolume(NODE, "0", "master", 0.5),
    ]


def test_what_is_told_of_one_cue_node_or_fader_does_not_replace_what_is_told_of_another() -> None:
    statuses = (
        NodeName(NODE, "left"),
        NodeName(OTHER, "right"),
        NodeHealth(NODE, "ok"),
        NodeHealth(OTHER, "lost"),
        CueName(ONE, "Rain"),
        CueReason(ONE, "no such file"),
        CueEnabled(ONE, True),
        CueEnabled(TWO, False),
        MixerVolume(NODE, "0", "0", 0.1),
        MixerVolume(NODE, "0", "1", 0.2),
        MixerVolume(OTHER, "0", "0", 0.3),
    )
    told = list(board(*statuses).dump())
    assert sorted(map(str, told)) == sorted(map(str, statuses))


def test_timecode_is_not_told_to_a_newcomer_since_it_comes_by_itself() -> None:
    assert list(board(ShowTimecode(1000)).dump()) == []


def test_another_project_has_other_cues_and_the_same_nodes_and_faders() -> None:
    loaded = board(
        CuePlay(ONE, 100),
        CueName(ONE, "Rain"),
        CueReason(ONE, ""),
        CueEnabled(ONE, True),
        Notice("careful"),
        NodeHealth(NODE, "ok"),
        MixerVolume(NODE, "0", "master", 0.5),
    )
    loaded.forget_cues()
    assert list(loaded.dump()) == [
        Notice("careful"),
        NodeHealth(NODE, "ok"),
        MixerVolume(NODE, "0", "master", 0.5),
    ]


def test_of_every_status_it_is_known_what_it_is_about() -> None:
    assert set(ABOUT) == set(get_args(Status))
