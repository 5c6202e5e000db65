from dataclasses import replace

import pytest

from cuems.core.check import check_script
from cuems.core.cues import Action, ActionCue, AnyCue, CueId, Media, Region
from cuems.core.findings import Severity
from tests.build import action, audio, cues, fade, video
from tests.checks import only, script, told


def waits(name: str, then: str) -> ActionCue:
    """A cue that takes no time and hands over at once."""
    return replace(action(name, Action.WAIT, post="g"), target=CueId(then))


def test_a_sound_show_has_no_finding() -> None:
    read = script(
        audio("a", post="g"),
        cues("l", audio("b", loop=0), action("free", Action.DEVAMP, "b")),
        fade("f", "a", 0, 100),
        action("wait", Action.WAIT),
    )
    assert list(check_script(read)) == []


def test_an_id_that_stands_twice_names_both_places() -> None:
    found = only(check_script(script(audio("a"), audio("b"), audio("a"))))
    assert (found.severity, found.code, found.line, found.cue) == (
        Severity.ERROR,
        "duplicate-id",
        30,
        "a",
    )
    assert found.text == ("id a is that of 'a' on line 10 already: expected an id no other cue has")


def test_a_cue_inside_a_list_of_the_same_id_does_not_hang_the_check() -> None:
    read = script(cues("l", audio("l", post="g")))
    assert told(check_script(read)) == [("error", "duplicate-id", 20)]


def test_faults_of_a_cue_whose_id_stands_twice_are_told_all_the_same() -> None:
    read = script(audio("a"), audio("a", target="nobody"))
    assert told(check_script(read)) == [
        ("error", "duplicate-id", 20),
        ("error", "unknown-target", 20),
    ]


def test_a_target_that_nothing_has_is_told_with_its_value() -> None:
    found = only(check_script(script(audio("a", target="nobody"))))
    assert (found.code, found.field, found.value) == ("unknown-target", "target", "nobody")
    assert "nobody, which is not in this show" in found.text


@pytest.mark.parametrize(
    ("cue", "code"),
    [
        (action("x", Action.STOP), "no-action-target"),
        (action("x", Action.STOP, "nobody"), "unknown-action-target"),
        (fade("x", "nobody", 0, 10), "unknown-action-target"),
        (waits("x", then="x"), "endless-chain"),
        (cues("x", action("w", Action.WAIT), loop=0), "endless-chain"),
    ],
)
def test_what_a_show_cannot_be_run_with_is_an_error_at_its_cue(cue: AnyCue, code: str) -> None:
    assert told(check_script(script(audio("a"), cue))) == [("error", code, 20)]


def test_a_circle_of_cues_is_told_once() -> None:
    read = script(
        waits("x", then="y"),
        waits("y", then="x"),
    )
    assert told(check_script(read)) == [("error", "endless-chain", 20)]


def test_a_follower_of_an_endless_cue_never_comes() -> None:
    found = only(check_script(script(audio("vamp", post="e", loop=0), audio("next"))))
    assert (found.severity, found.code, found.line) == (Severity.WARNING, "never-followed", 10)
    assert "'next'" in found.text


@pytest.mark.parametrize("what", [Action.DEVAMP, Action.STOP, Action.FADE_OUT])
def test_a_follower_of_an_endless_cue_comes_where_something_ends_that(what: Action) -> None:
    read = script(audio("vamp", post="e", loop=0), audio("next"), action("end", what, "vamp"))
    assert list(check_script(read)) == []


def test_stopping_a_list_counts_for_the_endless_cues_in_it() -> None:
    read = script(
        cues("l", audio("vamp", post="e", loop=0), audio("next")), action("s", Action.STOP, "l")
    )
    assert list(check_script(read)) == []


def test_an_endless_list_has_no_follower_either() -> None:
    read = script(cues("l", audio("a"), post="e", loop=0), audio("next"))
    assert told(check_script(read)) == [("warning", "never-followed", 10)]


@pytest.mark.parametrize(
    ("cue", "why"),
    [
        (fade("x", "stop", 0, 10), "'stop' is an action cue, which has no level to fade"),
        (action("x", Action.FADE_OUT, "stop"), "'stop' is an action cue, which has no level"),
        (action("x", Action.FADE_ACTION, "a"), "'a' can only be faded by a fade cue"),
        (action("x", Action.DEVAMP, "a"), "'a' does not loop"),
        (action("x", Action.PLAY, "off"), "'off' is disabled"),
    ],
)
def test_an_action_that_does_nothing_says_why(cue: AnyCue, why: str) -> None:
    off = audio("off", enabled=False)
    read = script(audio("a"), off, action("stop", Action.STOP, "a"), cue)
    found = only(check_script(read))
    assert (found.severity, found.code, found.line) == (Severity.WARNING, "vain-action", 40)
    assert why in found.text


def test_a_cue_whose_region_loops_can_be_devamped() -> None:
    region = Region(id=1, loop=0, in_flicks=0, out_flicks=5)
    looping = replace(video("v"), media=Media(file_name="v.y4m", regions=(region,)))
    assert list(check_script(script(looping, action("x", Action.DEVAMP, "v")))) == []


def test_a_list_can_be_faded() -> None:
    assert list(check_script(script(cues("l", audio("a")), fade("f", "l", 0, 10)))) == []
