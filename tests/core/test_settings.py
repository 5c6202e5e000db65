"""What can be set: layers over each other, values that are checked, and what is told of them."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.settings import (
    BUILT_IN,
    BY_NAME,
    Layer,
    SettingError,
    Settings,
    Takes,
    changed,
    checked,
    differences,
    layer,
    resolve,
)


def test_every_setting_is_described_and_its_default_is_fit() -> None:
    assert list(BY_NAME) == [each.name for each in fields(Settings)]
    for name, setting in BY_NAME.items():
        assert setting.text, name
        assert setting.expected, name
        assert checked(name, setting.default) == getattr(Settings(), name)


def test_the_later_layer_holds_and_is_named() -> None:
    resolved = resolve(
        [
            layer("settings.xml", {"library": "/opt/library"}),
            layer("settings.toml", {"panic_ms": 3000, "min_go_ms": 100}),
            layer("the environment", {"panic_ms": "4000"}, fixed=True),
        ]
    )
    assert resolved.settings == Settings(library="/opt/library", panic_ms=4000, min_go_ms=100)
    sources = {name: resolved.layers[name].source for name in ("library", "panic_ms", "min_go_ms")}
    assert sources == {
        "library": "settings.xml",
        "panic_ms": "the environment",
        "min_go_ms": "settings.toml",
    }
    assert resolved.layers["go_patience_ms"] is BUILT_IN
    assert dict(resolved.fixed) == {
        "panic_ms": "panic_ms is fixed by the environment: change it there"
    }
    assert resolve([]).settings == Settings()
    assert resolve([Layer("x", {})]).fixed == ()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("panic", 1, "'panic' is no setting: expected one of min_go_ms,"),
        ("panic_ms", -1, "panic_ms: -1: expected a whole number from 0 to 60000 ms"),
        ("panic_ms", 60_001, "panic_ms: 60001: expected"),
        ("panic_ms", "1.5", "panic_ms: '1.5': expected a whole number"),
        ("panic_ms", "much", "panic_ms: 'much': expected a whole number"),
        ("panic_ms", True, "panic_ms: True: expected a whole number"),
        ("panic_ms", float("nan"), "panic_ms: nan: expected a whole number"),
        ("panic_ms", "1e999", "panic_ms: '1e999': expected a whole number"),
        ("panic_ms", [1], "panic_ms: [1]: expected a whole number"),
        ("chain_timing", "both", "chain_timing: 'both': expected 'sequential' or 'shared'"),
        ("library", "a\nb", "library: 'a\\nb': expected a text"),
        ("library", 7, "library: 7: expected a text"),
    ],
)
def test_what_is_not_fit_is_refused_with_place_value_and_expectation(
    name: str, value: object, reason: str
) -> None:
    with pytest.raises(SettingError) as refused:
        checked(name, value)
    assert str(refused.value).startswith(reason)
    with pytest.raises(SettingError, match=r"^settings\.toml: "):
        layer("settings.toml", {name: value})


def test_what_takes_effect_at_the_next_start_is_not_changed_while_it_runs() -> None:
    with pytest.raises(SettingError, match="library cannot be changed while the engine runs"):
        changed(Settings(), "library", "/else")
    assert changed(Settings(), "panic_ms", "3000.0") == Settings(panic_ms=3000)


@given(st.sampled_from(list(BY_NAME)), st.one_of(st.integers(), st.text(), st.floats(), st.none()))
def test_whatever_is_taken_is_taken_again(name: str, value: object) -> None:
    try:
        taken = checked(name, value)
    except SettingError as error:
        assert len(str(error)) < 500  # noqa: PT017 - refused, in one line of a bounded length
        return
    assert checked(name, str(taken)) == taken
    if BY_NAME[name].takes is not Takes.NEXT_START:
        after = changed(Settings(), name, value)
        assert dict(differences(Settings(), after)) in ({name: taken}, {})
