"""A setting that is changed while a show runs: kept first, then in force, then told."""

from typing import Any

from cuems.core import bus
from cuems.core.chains import ChainTiming
from cuems.core.controller import Controller
from cuems.core.cues import NodeId
from cuems.core.desk import (
    Answer,
    Asked,
    ControllerEffect,
    KeepSetting,
    Publish,
    Reported,
    SettingKept,
    SettingsRead,
    Tell,
)
from cuems.core.node import Node
from cuems.core.node_desk import Told
from cuems.core.operator import SetSetting
from cuems.core.reports import Hello
from cuems.core.rules import Rules
from cuems.core.settings import Settings
from cuems.core.settings_desk import RIG, options_of, settings_from
from cuems.core.status import SettingValue
from cuems.core.timecode import from_ms

RIG_TEXTS = {name: str(getattr(Settings(), name)) for name in RIG}


def controller(**fixed: str) -> Controller:
    made = Controller(Rules())
    made.begin()
    made.handle(SettingsRead(Settings(), tuple(fixed.items())))
    return made


def asked(name: str, value: str) -> Asked:
    command = SetSetting(name, value)
    return Asked(client="tablet", address="x", command=command, now_ns=0, position=0)


def told(*values: tuple[str, str]) -> Tell:
    return Tell(bus.SettingsCommand(tuple((RIG_TEXTS | dict(values)).items())))


def test_at_the_start_clients_hear_what_is_live_and_nodes_what_concerns_them() -> None:
    made = Controller(Rules())
    effects = made.handle(SettingsRead(Settings(panic_ms=3000)))
    assert Publish(SettingValue("panic_ms", "3000")) in effects
    assert Publish(SettingValue("library", "")) not in effects
    assert effects[-1] == told(("panic_ms", "3000"))
    assert made.rules.options.panic_flicks == from_ms(3000)


def test_a_change_is_kept_before_it_holds_and_before_it_is_answered() -> None:
    made = controller()
    ask = asked("panic_ms", "3000")
    assert made.handle(ask) == (KeepSetting(1, "panic_ms", 3000),)
    assert made.rules.options.panic_flicks == from_ms(2000)
    assert made.handle(SettingKept(1)) == (
        Publish(SettingValue("panic_ms", "3000")),
        told(("panic_ms", "3000")),
        Answer(ask),
    )
    assert made.rules.options.panic_flicks == from_ms(3000)
    assert made.handle(asked("panic_ms", "3000")) == (Answer(asked("panic_ms", "3000")),)


def test_a_change_that_the_disk_does_not_take_is_none() -> None:
    made = controller()
    made.handle(asked("min_go_ms", "0"))
    assert made.handle(SettingKept(1, "disk full")) == (
        Answer(asked("min_go_ms", "0"), "disk full"),
    )
    assert made.rules.min_go_ns == 200_000_000
    assert made.handle(SettingKept(7)) == ()


def refusal(effects: tuple[ControllerEffect, ...]) -> Any:
    (answer,) = effects
    assert isinstance(answer, Answer)
    return answer.reason


def test_what_is_not_fit_or_fixed_is_refused() -> None:
    made = controller(panic_ms="panic_ms is fixed by the environment")
    assert refusal(made.handle(asked("panic_ms", "3000"))) == "panic_ms is fixed by the environment"
    assert refusal(made.handle(asked("min_go_ms", "no"))).startswith("min_go_ms: 'no': expected")
    assert "is no setting" in refusal(made.handle(asked("x", "1")))


def test_a_node_that_comes_hears_the_settings() -> None:
    made = controller()
    node = NodeId("11111111-1111-4111-8111-111111111111")
    effects = made.handle(Reported(node, Hello(boot="1", version="x"), 0))
    assert told() in effects


def test_settings_that_are_read_again_are_told_where_they_differ() -> None:
    made = controller()
    assert made.handle(SettingsRead(Settings())) == ()
    assert made.handle(SettingsRead(Settings(min_go_ms=300))) == (
        Publish(SettingValue("min_go_ms", "300")),
    )
    assert made.rules.min_go_ns == 300_000_000


def test_a_node_runs_its_show_as_it_is_told() -> None:
    node = Node(NodeId("left"))
    values = (*RIG_TEXTS.items(), ("panic_ms", "500"), ("chain_timing", "shared"), ("new", "1"))
    command = bus.SettingsCommand((*values, ("freewheel_frames", "often")))
    assert node.handle(Told(command, None)) == ()
    assert node.settings == Settings(panic_ms=500, chain_timing="shared")
    assert options_of(node.settings, own_line=True).chain_timing is ChainTiming.SHARED
    assert settings_from(command, Settings(min_go_ms=1)).min_go_ms == 1
