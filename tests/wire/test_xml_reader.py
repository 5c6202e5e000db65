"""What the parser refuses whatever the format, and where it says that stands."""

import tracemalloc

import pytest

from cuems.wire.file_faults import ProjectFileError
from cuems.wire.settings_xml import read_project_settings
from cuems.wire.show_xml import read_show
from cuems.wire.xml_faults import MAX_FAULTS
from cuems.wire.xml_reader import MAX_FILE_BYTES
from tests.wire.test_show_xml import SCRIPT, cue_of, edited, told

HEAD = '<cms:CuemsProjectSettings xmlns:cms="https://stagelab.coop/cuems/">'
TAIL = "</cms:CuemsProjectSettings>"
SETTING = "<setting><name>a</name><value>b</value></setting>"
LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [
  <!ENTITY a "ha">
  <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
  <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
"""


def refused(data: bytes) -> str:
    with pytest.raises(ProjectFileError) as refusal:
        read_project_settings(data, "settings.xml")
    return str(refusal.value)


def settings(text: str = SETTING) -> str:
    return f"{HEAD}{text}{TAIL}"


def attributes(number: int) -> str:
    return " ".join(f"a{n}=''" for n in range(number))


def test_f53_any_document_type_is_refused_where_it_stands() -> None:
    attacks = (
        LAUGHS + settings("&c;"),
        '<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">' + settings(),
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + settings("&e;"),
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.invalid/"> %p;]>' + settings(),
    )
    for attack in attacks:
        assert "expected no document type declaration" in refused(attack.encode())
    assert refused(attacks[0].encode()).startswith("settings.xml:2: CuemsProjectSettings: ")


def test_an_entity_nobody_declared_is_not_well_formed() -> None:
    assert "expected well-formed XML (undefined entity" in refused(settings("&e;").encode())


def test_f53_a_file_that_is_too_large_is_not_even_parsed() -> None:
    data = b" " * (MAX_FILE_BYTES + 1)
    assert refused(data) == (
        f"settings.xml:1: CuemsProjectSettings: '{len(data)} bytes': "
        f"expected at most {MAX_FILE_BYTES} bytes"
    )


def test_f53_hostile_files_of_the_largest_size_cost_no_more_than_a_few_times_that_size() -> None:
    room = MAX_FILE_BYTES - 1000
    attacks = (
        settings("<a>" * (room // 3)),
        settings("<a/>" * (room // 4)),
        settings(f"<setting a='{'x' * room}'/>"),
        settings("x" * room),
        settings(f"<setting><name>{'x' * room}</name><value/></setting>"),
        settings("<setting/>" * (room // 10)),
        settings(f"<setting {attributes(room // 12)}/>"),
        settings(f"<!--{' ' * room}-->"),
        settings("<?p " + "x" * room + "?>"),
    )
    for attack in attacks:
        data = attack.encode()
        tracemalloc.start()
        text = refused(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(text) < 1_000_000
        assert peak_bytes < 4 * MAX_FILE_BYTES


def test_f53_depth_and_number_of_elements_are_bounded_inside_opaque_elements_too() -> None:
    zoom = '<zoom level="3"/>'
    deep = "<a>" * 70 + "</a>" * 70
    assert "64 inside each other" in told(edited(zoom, deep))[0]
    assert "at most 16384 elements" in told(edited(zoom, "<a/>" * 20_000))[0]
    assert "at most 65536 bytes" in told(edited(zoom, f"<a>{'x' * 70_000}</a>"))[0]


def test_so_many_faults_end_the_reading_and_say_so() -> None:
    cues = cue_of("ActionCue").replace(">devamp<", ">explode<") * (MAX_FAULTS + 5)
    head, _, rest = SCRIPT.partition("<contents>")
    data = f"{head}<contents>{cues}{rest}".encode()
    faults = told(data)
    assert len(faults) == MAX_FAULTS + 1
    assert sum("reading stopped here" in fault for fault in faults) == 1


def test_so_many_wrong_attributes_end_the_reading_too() -> None:
    text = refused(settings(f"<setting {attributes(MAX_FAULTS + 5)}/>").encode())
    assert len(text.splitlines()) == MAX_FAULTS + 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_versions_and_encodings_that_the_ecosystem_may_use_are_read(
    encoding: str, version: str
) -> None:
    declared = "utf-16" if encoding.startswith("utf-16") else "UTF-8"
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    head = f'{mark}<?xml version="{version}" encoding="{declared}"?>'
    text = head + settings("<setting><name>é</name><value/></setting>")
    assert read_project_settings(text.encode(encoding), "settings.xml") == (("é", ""),)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('<?xml version="2.0"?>' + settings(), "'2.0': expected XML version 1.0 or 1.1"),
        ('<?xml version="1.0" encoding="latin-1"?>' + settings(), "expected UTF-8, or UTF-16"),
        (settings().replace("CuemsProjectSettings", "CuemsProject"), "root element CuemsProjectS"),
        (settings(SETTING.replace("</name>", "")), "well-formed XML (mismatched tag, column"),
        ("", "well-formed XML (no element found, column 1)"),
        (settings() + settings(), "well-formed XML (junk after document element"),
    ],
)
def test_what_is_not_this_format_is_refused(data: str, expected: str) -> None:
    assert expected in refused(data.encode())


def test_bytes_that_are_no_utf_16_are_refused() -> None:
    assert "'byte 2': expected UTF-16 text" in refused(b"\xff\xfe\x00\xd8")


def test_bytes_that_are_no_utf_8_are_refused_with_their_line() -> None:
    data = f"\n{settings()}".encode().replace(b"<name>a", b"<name>\xff")
    assert refused(data).startswith("settings.xml:2: ")


def test_a_fault_before_the_place_that_is_not_well_formed_is_told_as_well() -> None:
    data = edited(">Rain<", "><").replace(b"</FadeCue>", b"</Fade>")
    first, second = told(data)
    assert "name" in first
    assert "mismatched tag" in second


def test_comments_instructions_and_cdata_are_no_content() -> None:
    old = read_show(SCRIPT.encode(), "script.xml").show
    data = edited("<name>Rain</name>", "<?pi?><name>Ra<!-- . --><![CDATA[in]]></name><!-- . -->")
    assert read_show(data, "script.xml").show == old


def test_what_is_opaque_is_kept_as_it_stands_whatever_it_contains() -> None:
    inside = '<AudioCue a="&gt;">\r\n <!-- x --><![CDATA[<]]><ui_properties/></AudioCue>'
    for opaque in (f"<ui_properties b='1'>{inside}</ui_properties>", "<ui_properties b='1'/>"):
        found = cue_of("ui_properties")
        data = edited("<ui_properties/>", opaque)
        assert found
        assert read_show(data, "script.xml").show.cue_list.ui_properties == opaque


def test_an_empty_opaque_element_is_null_however_it_is_spelled() -> None:
    for opaque in ("<ui_properties />", "<ui_properties></ui_properties >"):
        data = edited("<ui_properties/>", opaque)
        assert read_show(data, "script.xml").show.cue_list.ui_properties is None


def test_a_prefix_that_only_this_file_declares_is_refused_inside_opaque_text() -> None:
    data = edited("<cms:CuemsProject", "<cms:CuemsProject xmlns:p='urn:p'")
    for kept in ("<p:a xmlns:p='urn:p'/>", "<xsi:a/>", "<cms:a/>", "<a>1:2</a>"):
        read_show(data.replace(b'<zoom level="3"/>', kept.encode()), "script.xml")
    [fault] = told(data.replace(b'<zoom level="3"/>', b"<p:a/>"))
    assert fault.startswith("ui_properties: '<ui_properties>")
    assert fault.endswith("expected no prefix but those it declares itself")


def test_a_value_with_line_breaks_stays_one_line_of_the_message() -> None:
    [fault] = told(edited("<post_go>go<", "<post_go>go\n<"))
    assert fault == "post_go: 'go\\n': expected one of pause, go, go_at_end"
