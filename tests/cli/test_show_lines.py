import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.cli.show_lines import cells, padded, printable, status_lines
from cuems.wire.control_view import ShowView
from cuems.wire.osc import Osc, OscArgument


def seen(facts: dict[str, OscArgument]) -> ShowView:
    view = ShowView()
    for name, value in facts.items():
        view.take(Osc(f"/engine/status/{name}", (value,)))
    return view


def plain(view: ShowView) -> list[str]:
    return [click.unstyle(line) for line in status_lines(view)]


def test_a_show_that_runs_is_told_whole() -> None:
    facts: dict[str, OscArgument] = {
        "running": "yes",
        "armed": "no",
        "load": "tempest",
        "nextcue": "b",
        "paused": "yes",
        "waiting_for": "foh: arming Storm",
        "notice": "Gull: no file",
        "timecode": 3_723_000,
        "node_name/n": "foh",
        "node/n": "late",
        "node_detail/n": "by 40 ms",
        "chase/n": "locked",
        "chase_detail/n": "MIDI",
        "deploy/n": 40,
        "deploy_detail/n": "rain.wav",
        "cue_name/a": "Overture",
        "cue/a": 7,
        "cue_enabled/a": 0,
        "cue_name/b": "Storm",
        "cue/b": 0,
        "cue_name/c": "Gull",
        "cue/c": -1,
        "cue_reason/c": "no file",
        "cue/d": 0,
        "cue_enabled/d": 0,
    }
    assert plain(seen(facts)) == [
        "show      tempest",
        "state     running, paused, not armed: foh: arming Storm",
        "standby   Storm",
        "timecode  01:02:03",
        "notice    Gull: no file",
        "",
        "node  foh  late         by 40 ms; timecode locked (MIDI); fetching 40 % rain.wav",
        "",
        "  Overture    7 % (disabled)",
        "> Storm     ready",
        "  Gull      failed  no file",
        "  d         disabled",
    ]


def test_a_node_is_told_by_its_own_name_with_nothing_that_is_no_longer_so() -> None:
    facts: dict[str, OscArgument] = {
        "node_name/11111111-2": "foh", "node/11111111-2": "lost", "chase/11111111-2": "locked",
        "node_detail/11111111-2": "silent for 1500 ms", "deploy/11111111-2": 30,
        "node_name/22222222-2": "foh", "node/22222222-2": "ok", "deploy/22222222-2": 0,
        "deploy_state/22222222-2": "failed", "deploy_detail/22222222-2": "the disk is full",
        "node_name/3": "fly", "node/3": "ok", "deploy/3": 0, "deploy_state/3": "waiting",
    }  # fmt: skip
    assert plain(seen(facts))[-3:] == [
        "node  foh 11111111  lost         silent for 1500 ms",
        "node  foh 22222222  ok           files failed: the disk is full",
        "node  fly           ok           files: waiting",
    ]


def test_an_engine_without_a_project_says_so() -> None:
    assert plain(seen({"running": "", "armed": "", "load": ""})) == [
        "show      none loaded",
        "state     not running, not armed",
        "timecode  --:--:--",
    ]


def test_colours_are_left_out_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    view = seen({"armed": "yes", "load": "x", "cue/a": -1})
    coloured = list(status_lines(view))
    monkeypatch.setenv("NO_COLOR", "1")
    assert list(status_lines(view)) == [click.unstyle(line) for line in coloured] != coloured


def test_what_others_say_cannot_command_a_terminal_nor_break_a_line() -> None:
    assert printable("a\x1b[2Jb\nc") == "a�[2Jb / c"


@given(st.text(), st.integers(1, 40))
def test_a_padded_text_takes_its_columns_and_no_more(text: str, width: int) -> None:
    assert sum(cells(character) for character in padded(printable(text), width)) == width


def test_what_is_cut_says_so() -> None:
    assert padded("Overture", 5) == "Over…"
    assert padded("序曲序曲", 5) == "序曲…"
    assert padded("序曲序曲", 4) == "序… "
