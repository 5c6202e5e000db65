"""Starting files for surfaces that people already own, made from the table of addresses.

A session of Open Stage Control (its JSON format, version 1) and a page of buttons for Bitfocus
Companion (its export format, version 4, which later versions still import) with a connection of its
generic OSC module. Both speak to `--osc-tcp`, where nothing gets lost. To be changed at will.
"""

from collections.abc import Iterator

from cuems.wire.control_table import TABLE, Access, Kind, Row

COLUMNS, ROWS = 8, 4  # of a common button surface, as Companion has it
WIDTH, HEIGHT, GAP = 180, 90, 10
COLOURS = {"go": 0x1F7A1F, "stop": 0xA01818, "panic": 0xA01818, "pause": 0x8A6D00}
NEUTRAL, WHITE = 0x303030, 0xFFFFFF
HOST, PORT = "127.0.0.1", 9000


def buttons() -> Iterator[Row]:
    """The commands that take nothing: a press is all they need."""
    for row in TABLE:
        if row.access is Access.WRITE and row.critical and not row.arguments and not row.rest:
            yield row


def displays() -> Iterator[Row]:
    """The statuses of the show as a whole."""
    return (row for row in TABLE if row.access is Access.READ and "{" not in row.address)


def name_of(row: Row) -> str:
    """The last part of an address."""
    return row.address.rpartition("/")[2]


# ---- Open Stage Control


def open_stage_control() -> dict[str, object]:
    """A session: a button for each plain command, a text for each fact about the show."""
    widgets = [
        *(_button(number, row) for number, row in enumerate(buttons())),
        *(_text(number, row) for number, row in enumerate(displays())),
    ]
    root = {"type": "root", "id": "root", "label": "cuems", "widgets": widgets, "tabs": []}
    return {"createdWith": "Open Stage Control", "version": "1.0.0", "type": "session",
            "content": root}  # fmt: skip


def _button(number: int, row: Row) -> dict[str, object]:
    """It sends no argument (`on` is null), and nothing when it is let go."""
    return {
        "type": "button",
        "id": name_of(row),
        "label": name_of(row).upper(),
        "address": row.address,
        "mode": "tap",
        "on": None,
        "comments": row.description,
        "colorWidget": f"#{COLOURS.get(name_of(row), NEUTRAL):06x}",
        **_place(number, first_row=0),
    }


def _text(number: int, row: Row) -> dict[str, object]:
    """It shows what comes in at its address, with its name above."""
    wide = row.arguments[0].kind is Kind.TEXT
    return {
        "type": "text",
        "id": f"{name_of(row)}_status",
        "label": name_of(row),
        "address": row.address,
        "comments": row.description,
        "wrap": wide,
        **_place(number, first_row=2),
    }


def _place(number: int, *, first_row: int) -> dict[str, object]:
    row, column = divmod(number, COLUMNS)
    return {
        "left": GAP + column * (WIDTH + GAP),
        "top": GAP + (first_row + row) * (HEIGHT + GAP),
        "width": WIDTH,
        "height": HEIGHT,
    }


# ---- Companion


def companion() -> dict[str, object]:
    """A page: a button for each plain command, and the connection that they use."""
    controls: dict[str, dict[str, object]] = {}
    for number, row in enumerate(buttons()):
        line, column = divmod(number, COLUMNS)
        controls.setdefault(str(line), {})[str(column)] = _control(row)
    grid = {"minColumn": 0, "maxColumn": COLUMNS - 1, "minRow": 0, "maxRow": ROWS - 1}
    connection = {
        "label": "cuems",
        "instance_type": "generic-osc",
        "config": {"host": HOST, "port": str(PORT), "targetPort": str(PORT), "protocol": "tcp"},
        "isFirstInit": False,
        "lastUpgradeIndex": -1,
        "enabled": True,
    }
    return {
        "version": 4,
        "type": "page",
        "page": {"name": "cuems", "controls": controls, "gridSize": grid},
        "instances": {"cuems": connection},
        "oldPageNumber": 1,
    }


def _control(row: Row) -> dict[str, object]:
    press = {
        "id": f"cuems-{name_of(row)}",
        "instance": "cuems",
        "action": "send_blank",
        "options": {"path": row.address},
        "delay": 0,
    }
    style = {
        "text": name_of(row).replace("_", "\n").upper(),
        "textExpression": False,
        "size": "auto",
        "color": WHITE,
        "bgcolor": COLOURS.get(name_of(row), NEUTRAL),
        "alignment": "center:center",
        "show_topbar": "default",
    }
    steps = {"action_sets": {"down": [press], "up": []}, "options": {"runWhileHeld": []}}
    return {
        "type": "button",
        "style": style,
        "options": {"relativeDelay": False, "rotaryActions": False, "stepAutoProgress": True},
        "feedbacks": [],
        "steps": {"0": steps},
    }
