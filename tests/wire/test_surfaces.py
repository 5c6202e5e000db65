from typing import Any

from cuems.wire.control import request
from cuems.wire.control_table import TABLE
from cuems.wire.osc import Osc
from cuems.wire.surfaces import buttons, companion, displays, open_stage_control

ADDRESSES = {row.address for row in TABLE}


def test_the_buttons_are_the_commands_that_need_nothing_and_are_obeyed() -> None:
    addresses = [row.address for row in buttons()]
    assert {"/engine/command/go", "/engine/command/stop", "/engine/command/panic"} < set(addresses)
    for address in addresses:
        request(Osc(address))


def test_a_session_of_open_stage_control_has_a_widget_for_each_and_none_covers_another() -> None:
    session: Any = open_stage_control()
    assert session["type"] == "session"
    widgets = session["content"]["widgets"]
    assert len(widgets) == len(list(buttons())) + len(list(displays()))
    assert {widget["address"] for widget in widgets} <= ADDRESSES
    assert len({widget["id"] for widget in widgets}) == len(widgets)
    assert len({(widget["left"], widget["top"]) for widget in widgets}) == len(widgets)
    assert all(widget["on"] is None for widget in widgets if widget["type"] == "button")


def test_a_page_of_companion_presses_every_command_through_its_own_connection() -> None:
    page: Any = companion()
    (connection,) = page["instances"]
    controls = [one for row in page["page"]["controls"].values() for one in row.values()]
    presses = [control["steps"]["0"]["action_sets"]["down"][0] for control in controls]
    assert [press["options"]["path"] for press in presses] == [row.address for row in buttons()]
    assert {press["instance"] for press in presses} == {connection}
    grid = page["page"]["gridSize"]
    assert len(page["page"]["controls"]) <= grid["maxRow"] + 1
