"""A message to other equipment inside a cue's `ui_properties`, which may hold anything.

    <ui_properties>…<message xmlns="urn:cuems:message:1">osc udp …</message></ui_properties>

The ecosystem's schemas are strict, and that is the one place in a cue where they ask nothing; an
element of a namespace of our own is nobody else's there. The text is wire/message_text.py's.
"""

from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from cuems.wire.xml_reader import CUEMS_NAMESPACE, XSI_NAMESPACE

NAMESPACE = "urn:cuems:message:1"
TAG = f"{{{NAMESPACE}}}message"
BOUND = f'<file xmlns:cms="{CUEMS_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}">'  # by the file's root
EMPTY = "<ui_properties/>"


def message_texts(ui_properties: str | None) -> list[str]:
    """The messages in there."""
    if ui_properties is None or NAMESPACE not in ui_properties:
        return []
    properties = _parsed(ui_properties)
    return [] if properties is None else [_text(found) for found in properties.iter(TAG)]


def with_message(ui_properties: str | None, text: str | None) -> str | None:
    """The same properties with this message in them and no other."""
    if message_texts(ui_properties) == ([] if text is None else [text]):
        return ui_properties
    properties = _parsed(ui_properties or EMPTY)
    if properties is None:  # whoever wrote it bound a prefix outside; the message counts more
        properties = Element("ui_properties")
    for parent in list(properties.iter()):
        for old in parent.findall(TAG):
            parent.remove(old)
    if text is not None:
        added = Element(TAG)
        added.text = text
        properties.append(added)
    return tostring(properties, encoding="unicode")


def _parsed(ui_properties: str) -> Element | None:
    try:
        return fromstring(f"{BOUND}{ui_properties}</file>")[0]
    except ParseError:
        return None


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split("\n")).strip()
