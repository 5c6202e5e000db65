"""What a crew reads of a show, told from whole stretches of it."""

import logging
from collections.abc import Iterable

import pytest

from cuems.adapters.clients import ClientId
from cuems.app.links import Caller
from cuems.app.show_log import ShowLog
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import Answer, Asked, ControllerEffect, ForgetCues, Publish, Tell
from cuems.core.events import Go
from cuems.core.operator import (
    EnableCue,
    LoadProject,
    OperatorCommand,
    Ping,
    PressGo,
    PressStop,
    SetMixerVolume,
)
from cuems.core.status import (
    Armed,
    CueName,
    CuePlay,
    CueReason,
    NodeHealth,
    NodeName,
    NodeOutputs,
    Notice,
    ShowTimecode,
    WaitingFor,
)

RAIN = CueId("rain")
NODE = NodeId("left")
TABLET = Caller(ClientId(3, "10.0.0.7:5000"), lambda address, reason: None)


@pytest.fixture(autouse=True)
def every_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def asked(command: OperatorCommand, client: Caller | None = TABLET) -> Asked:
    address = "--load" if client is None else "/engine/command/x"
    return Asked(client=client, address=address, command=command, now_ns=0, position=0)


def lines(caplog: pytest.LogCaptureFixture, *effects: ControllerEffect) -> list[str]:
    told(effects)
    return [record.getMessage() for record in caplog.records]


def told(effects: Iterable[ControllerEffect]) -> None:
    log = ShowLog()
    for effect in effects:
        log.note(effect)
    log.write()


def test_a_show_from_load_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    go = Go(run_seq=7, cue=RAIN, at=0, deadline=None, into=0)
    assert lines(
        caplog,
        ForgetCues(),
        Publish(CueName(RAIN, "Rain")),
        Answer(asked(LoadProject("hamlet"), client=None)),
        Publish(Armed(False)),
        Publish(WaitingFor("node left is not ready: loading")),
        Publish(Armed(True)),
        Publish(WaitingFor("")),
        Tell(go),
        Answer(asked(PressGo())),
        Publish(CueReason(RAIN, "rain.wav: no such media file")),
        Answer(asked(PressStop())),
    ) == [
        "loaded 'hamlet' with 1 cues, asked by --load",
        "not armed: node left is not ready: loading",
        "armed",
        "GO 7: cue 'Rain', asked by client 3 (10.0.0.7:5000)",
        "cue 'Rain' failed: rain.wav: no such media file",
        "STOP, asked by client 3 (10.0.0.7:5000)",
    ]


def test_a_reason_is_told_once_however_far_its_arming_has_got(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert lines(
        caplog,
        Publish(WaitingFor("node left is not ready: arming Rain, Storm")),
        Publish(WaitingFor("node left is not ready: arming Storm")),
        Publish(WaitingFor("node left is lost")),
        Publish(CueReason(RAIN, "no such file")),
        Publish(CueReason(RAIN, "no such file")),
        Publish(CueReason(RAIN, "")),
    ) == [
        "not armed: node left is not ready: arming Rain, Storm",
        "not armed: node left is lost",
        "cue 'rain' failed: no such file",
    ]


def test_a_refusal_says_who_asked_and_why_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(
        caplog,
        Answer(asked(EnableCue(RAIN, False)), "no such cue"),
        Publish(Notice("script.xml:7: loop: 'often'")),
        Answer(asked(LoadProject("x")), "script.xml:7: loop: 'often'\nscript.xml:9: more"),
        Publish(Notice("")),  # nothing is wrong any more
        Answer(asked(LoadProject("x")), "script.xml:1: else\nscript.xml:9: more"),
    ) == [
        "/engine/command/x, asked by client 3 (10.0.0.7:5000), is refused: no such cue",
        "script.xml:7: loop: 'often'",
        "/engine/command/x, asked by client 3 (10.0.0.7:5000), is refused: as said above",
        "/engine/command/x, asked by client 3 (10.0.0.7:5000), is refused: script.xml:1: else"
        " (and 1 more)",
    ]


def test_what_ticks_or_slides_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    fader = SetMixerVolume(node=NODE, output="0", channel="master", value=0.5)
    assert lines(
        caplog,
        Publish(ShowTimecode(0)),
        Publish(CuePlay(RAIN, 42)),
        Answer(asked(fader)),
        Answer(asked(Ping())),
        Publish(NodeHealth(NODE, "late", "silent for 1000 ms")),
    ) == ["node left is late: silent for 1000 ms"]


def test_a_node_is_called_by_its_name_and_what_it_lacks_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert lines(
        caplog,
        Publish(NodeName(NODE, "foh")),
        Publish(NodeHealth(NODE, "ok", "")),
        *[Publish(NodeOutputs(NODE, "nothing sounds"))] * 3,
        Publish(NodeOutputs(NODE, "")),
        Publish(NodeOutputs(NODE, "nothing sounds")),
    ) == ["node foh is ok", "node foh: nothing sounds", "node foh: nothing sounds"]
