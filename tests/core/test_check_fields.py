import pytest

from cuems.core.check_fields import check_fields
from cuems.core.cues import Action, AnyCue, FadeDirection, FadeProfile
from cuems.core.findings import Severity
from cuems.core.timecode import from_ms
from tests.build import action, audio, cues, fade
from tests.checks import only, script, told


def profile(function: str, *parameters: tuple[str, float]) -> FadeProfile:
    return FadeProfile(
        direction=FadeDirection.IN, mode="preset", function_id=function, parameters=parameters
    )


def test_cues_nobody_named_are_advised_once() -> None:
    found = only(check_fields(script(audio("empty"), audio("a"), action("empty", Action.WAIT))))
    assert (found.severity, found.code, found.line) == (Severity.ADVICE, "name", 10)
    assert found.text == "2 cues have no name"


def test_cues_of_one_name_are_advised_with_the_lines_of_the_others() -> None:
    twins = [audio("a"), audio("b"), audio("a")]
    found = only(check_fields(script(*twins)))
    assert found.text == "2 cues are called 'a'; the others are on line 30"


def test_what_starts_by_timecode_is_explained_once_with_its_address() -> None:
    read = script(audio("a", pre=90_500, timecode=True), audio("b", pre=100_000, timecode=True))
    found = only(check_fields(read))
    assert (found.severity, found.code, found.line) == (Severity.ADVICE, "timecode-cue", 10)
    assert "the pre-wait is the address, 00:01:30.500 for 'a'" in found.text


def test_a_timecode_cue_without_an_address_is_a_warning() -> None:
    assert told(check_fields(script(audio("a", timecode=True)))) == [
        ("warning", "timecode-address", 10)
    ]


def test_a_disabled_timecode_cue_needs_no_explanation() -> None:
    assert list(check_fields(script(audio("a", timecode=True, enabled=False)))) == []


@pytest.mark.parametrize(
    ("cue", "field"),
    [
        (cues("x", offset_flicks=from_ms(1)), "offset"),
        (action("x", Action.WAIT, offset_flicks=from_ms(1)), "offset"),
        (action("x", Action.WAIT, loop=2), "loop"),
        (fade("x", "a", 0, 10, loop=0), "loop"),
    ],
)
def test_a_field_that_does_nothing_is_a_warning(cue: AnyCue, field: str) -> None:
    found = only(check_fields(script(cue)))
    assert (found.severity, found.code, found.field) == (Severity.WARNING, "ignored-field", field)


def test_an_offset_into_media_and_a_looping_list_are_honoured() -> None:
    read = script(audio("a", offset_flicks=from_ms(1)), cues("l", loop=3))
    assert list(check_fields(read)) == []


def test_a_fade_profile_is_linear_and_needs_a_duration() -> None:
    read = script(
        audio("good", fade_profiles=(profile("linear", ("duration", 500.0)),)),
        audio("curved", fade_profiles=(profile("sigmoid", ("duration", 500.0)),)),
        audio("none", fade_profiles=(profile("linear"),)),
    )
    curved, none = check_fields(read)
    assert (curved.code, curved.line) == ("fade-profile", 20)
    assert curved.text == "its fade in is linear here, not 'sigmoid'"
    assert (none.code, none.line) == ("fade-profile", 30)
    assert "it does not fade" in none.text
