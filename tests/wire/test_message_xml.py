import pytest

from cuems.wire.message_xml import NAMESPACE, message_texts, with_message

OURS = f'<message xmlns="{NAMESPACE}">osc udp a:1 /go</message>'
EDITORS = '<ui_properties><color a="1">#fff</color>{}</ui_properties>'


@pytest.mark.parametrize(
    ("properties", "texts"),
    [
        (None, []),
        ("<ui_properties/>", []),
        (EDITORS.format(""), []),
        (EDITORS.format(OURS), ["osc udp a:1 /go"]),
        (EDITORS.format("<message>not ours</message>"), []),
        (EDITORS.format(f'<m:message xmlns:m="{NAMESPACE}">\n midi x\n</m:message>'), ["midi x"]),
        (EDITORS.format(OURS + OURS), ["osc udp a:1 /go"] * 2),
    ],
)
def test_a_message_is_found_in_whatever_the_editor_keeps(
    properties: str | None, texts: list[str]
) -> None:
    assert message_texts(properties) == texts


def test_properties_that_say_it_already_are_not_touched() -> None:
    properties = EDITORS.format(OURS)
    assert with_message(properties, "osc udp a:1 /go") is properties
    assert with_message(None, None) is None


def test_a_message_comes_and_goes_and_the_rest_stays() -> None:
    for properties in (None, EDITORS.format(""), EDITORS.format(OURS + OURS)):
        changed = with_message(properties, "midi <desk> & co")
        assert message_texts(changed) == ["midi <desk> & co"]
        assert properties is None or '<color a="1">#fff</color>' in str(changed)
        assert message_texts(with_message(changed, None)) == []
