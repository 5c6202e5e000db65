import click

from cuems.cli.watching import fitted, to_line
from cuems.wire.control_view import ShowView
from cuems.wire.osc import Osc, OscArgument


def show_of(count: int) -> ShowView:
    view = ShowView()
    tell(view, "load", "long")
    for number in range(count):
        tell(view, f"cue_name/{number}", f"cue {number}")
    return view


def tell(view: ShowView, name: str, value: OscArgument) -> None:
    view.take(Osc(f"/engine/status/{name}", (value,)))


def picture(view: ShowView, height: int) -> list[str]:
    return [click.unstyle(line).rstrip() for line in fitted(view, height)]


def test_a_short_show_fits_whole() -> None:
    lines = picture(show_of(3), 20)
    assert lines[-3:] == ["  cue 0  ready", "  cue 1  ready", "  cue 2  ready"]
    assert lines[0] == "show      long"


def test_of_a_long_show_the_part_round_standby_is_drawn() -> None:
    view = show_of(1000)
    tell(view, "nextcue", "500")
    lines = picture(view, 12)
    assert len(lines) == 12
    assert [line for line in lines if "ready" in line] == [
        f"{'>' if number == 500 else ' '} cue {number}  ready" for number in range(497, 504)
    ]


def test_what_plays_goes_before_what_stands_by() -> None:
    view = show_of(1000)
    tell(view, "nextcue", "500")
    tell(view, "cue/100", 50)
    assert "  cue 100   50 %" in picture(view, 12)


def test_the_end_of_the_list_fills_the_screen() -> None:
    view = show_of(1000)
    tell(view, "nextcue", "999")
    assert picture(view, 12)[-1] == "> cue 999  ready"
    assert len(picture(view, 12)) == 12


def test_a_tiny_terminal_gets_what_fits() -> None:
    assert picture(show_of(100), 3) == [
        "show      long",
        "state     not running, not armed",
        "standby   -",
    ]


def test_a_change_is_told_with_names() -> None:
    view = show_of(2)
    tell(view, "node_name/n", "foh")
    lines = [
        to_line(view, Osc("/engine/status/cue/1", (50,))),
        to_line(view, Osc("/engine/status/nextcue", ("0",))),
        to_line(view, Osc("/engine/status/nextcue", ("",))),
        to_line(view, Osc("/engine/status/node/n", ("lost\x1b",))),
        to_line(view, Osc("/engine/status/audio/mixer/n/7/8/volume", (0.5,))),
    ]
    assert lines == [
        "cue cue 1 50",
        "nextcue cue 0",
        "nextcue -",
        "node foh lost�",
        "audio mixer foh 7 8 volume 0.5",
    ]
