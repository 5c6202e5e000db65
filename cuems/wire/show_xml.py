"""A project's script.xml ⇄ show. Source: interop.md 5.2, schema versions 1 and 2; writes 1.

Reading is strict: any fault refuses the file, and all of them are told at once. What needs the
whole show to judge, such as an id that stands twice or a target that nothing has, is not a fault
of the file; `ShowFile` has the lines to name such cues by.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from xml.etree.ElementTree import Element

from cuems.core.cues import CueId, CueList, Show
from cuems.wire.cue_parts_reader import OUTPUT_V2
from cuems.wire.cue_reader import (
    CUE_TAGS,
    CUE_V2,
    DESCRIPTION_CHARACTERS,
    NAME_CHARACTERS,
    CueReader,
)
from cuems.wire.cue_writer import write_cue
from cuems.wire.xml_faults import Faults, RefusedError
from cuems.wire.xml_fields import FieldReader, Layout
from cuems.wire.xml_reader import Vocabulary, read_xml
from cuems.wire.xml_writer import XmlWriter

PROJECT = "CuemsProject"
UI_PROPERTIES = "ui_properties"
PROJECT_PARTS = Layout(("CuemsScript",))
SCRIPT = Layout(("id", "name", "description", "created", "modified", UI_PROPERTIES, "CueList"))
DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
FIRST_YEAR = 2020


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFile:
    """A show and where it says what.

    `lines` has the line of each cue, `repeats` the lines of cues whose id another had before.
    """

    show: Show
    lines: Mapping[CueId, int]
    repeats: tuple[tuple[CueId, int], ...] = ()


def read_show(data: bytes, name: str) -> ShowFile:
    """The show in a script.xml; `name` is what its faults call the file.

    Raises ProjectFileError with every fault found.
    """
    faults = Faults(name)
    cues = CueReader(faults)
    show = read_xml(data, faults, _vocabulary(cues), partial(_show, cues))
    return ShowFile(show=show, lines=cues.lines, repeats=tuple(cues.repeats))


def _vocabulary(cues: CueReader) -> Vocabulary:
    return Vocabulary(
        root=PROJECT,
        begin=cues.begin,
        converters=dict.fromkeys(CUE_TAGS, cues.read),
        opaque=(UI_PROPERTIES,),
        attributes={CUE_V2: ("class",), OUTPUT_V2: ("class",)},
    )


def _show(cues: CueReader, root: Element) -> Show:
    read = cues.fields
    (script,) = read.parts(root, PROJECT_PARTS)
    if script is None:
        raise RefusedError
    show_id, name, description, created, modified, ui_properties, cue_list = read.any_order(
        script, SCRIPT
    )
    _check_dates(read, created, modified)
    identity = read.uuid_4(show_id)
    title = read.text(name, *NAME_CHARACTERS)
    about = read.text(description, *DESCRIPTION_CHARACTERS)
    contents = None if cue_list is None else cues.taken(cue_list)
    if not isinstance(contents, CueList):
        raise RefusedError
    return Show(
        id=identity,
        name=title,
        description=about or None,
        created=read.text(created),
        modified=read.text(modified),
        ui_properties=read.opaque(ui_properties),
        cue_list=contents,
    )


def _check_dates(read: FieldReader, created: Element | None, modified: Element | None) -> None:
    first, last = _date(read, created), _date(read, modified)
    if modified is not None and first is not None and last is not None and last < first:
        read.report(modified, read.text(modified), "a date not before that of <created>")


def _date(read: FieldReader, element: Element | None) -> datetime | None:
    if element is None:
        return None
    text = read.text(element)
    try:
        date = datetime.fromisoformat(text if DATE_TIME.fullmatch(text) else "")
    except ValueError:
        read.report(element, text, "a date and time, YYYY-MM-DDTHH:MM:SS")
        return None
    if date.year < FIRST_YEAR:
        read.report(element, text, f"a date from {FIRST_YEAR} on")
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def write_show(show: Show) -> bytes:
    """A script.xml that reads as the same show, durations to the nearest millisecond."""
    xml = XmlWriter()
    with xml.root(PROJECT, "script.xsd"), xml.element("CuemsScript"):
        xml.leaf("id", show.id)
        xml.leaf("name", show.name)
        xml.leaf("description", show.description)
        xml.leaf("created", show.created)
        xml.leaf("modified", show.modified)
        xml.opaque(UI_PROPERTIES, show.ui_properties)
        write_cue(xml, show.cue_list)
    return xml.to_bytes()
