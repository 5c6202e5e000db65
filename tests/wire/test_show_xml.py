import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from cuems.core.cues import (
    Action,
    ActionCue,
    AudioCue,
    AudioOutput,
    CanvasRegion,
    ChannelLevel,
    CueId,
    CueList,
    Curve,
    DmxChannel,
    DmxCue,
    DmxOutput,
    DmxScene,
    DmxUniverse,
    FadeCue,
    FadeDirection,
    FadeProfile,
    Geometry,
    Media,
    NodeId,
    Point,
    PostGo,
    Region,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.messages import Message, MidiMessage, MidiProgram
from cuems.core.timecode import from_ms
from cuems.wire.file_faults import Fault, ProjectFileError
from cuems.wire.show_xml import read_show, write_show
from cuems.wire.xml_writer import UnwritableTextError
from tests.strategies import shows
from tests.wire.test_message_text import MESSAGES

SHOWS = Path(__file__).parent.parent / "shows"
SCRIPT = (SHOWS / "all_kinds/script.xml").read_text()
NODE = NodeId("0367f391-ebf4-48b2-9f26-000000000001")
NUL_MS = "<CTimecode>00:00:00.000</CTimecode>"


def cue_id(number: int) -> CueId:
    return CueId(f"a0000000-0000-4000-8000-{number:012}")


def edited(old: str, new: str, times: int = 1) -> bytes:
    """The fixture with its first `old` as `new`."""
    assert old in SCRIPT
    return SCRIPT.replace(old, new, times).encode()


def faults_of(data: bytes) -> tuple[Fault, ...]:
    with pytest.raises(ProjectFileError) as refusal:
        read_show(data, "script.xml")
    return refusal.value.faults


def told(data: bytes) -> list[str]:
    """Each fault of a file as `last step of the path: 'value': expected …`."""
    return [
        fault.path.rpartition("/")[2]
        + str(fault).removeprefix(f"{fault.file}:{fault.line}: {fault.path}")
        for fault in faults_of(data)
    ]


def in_list(cue: str) -> str:
    """The fixture with its list's contents replaced."""
    head, _, rest = SCRIPT.partition("<contents>")
    _, _, tail = rest.rpartition("</contents>")
    return f"{head}<contents>{cue}</contents>{tail}"


def cue_of(tag: str) -> str:
    """The first element of a tag in the fixture."""
    found = re.search(rf"<{tag}>.*?</{tag}>", SCRIPT, re.DOTALL)
    assert found is not None
    return found[0]


def test_every_element_of_every_kind_is_read() -> None:
    show = read_show(SCRIPT.encode(), "script.xml").show
    rain, clouds, storm, devamp, away = show.cue_list.contents
    assert show == Show(
        id="a0000000-0000-4000-8000-000000000000",
        name="All kinds",
        description="Weather",
        created="2024-03-01T10:00:00",
        modified="2024-03-01T10:00:00.250",
        ui_properties='<ui_properties>\n      <zoom level="3"/>\n    </ui_properties>',
        cue_list=CueList(id=cue_id(1), name="Act one", contents=show.cue_list.contents),
    )
    assert rain == AudioCue(
        id=cue_id(2),
        name="Rain",
        description="Rain & thunder",
        autoload=True,
        loop=-1,
        offset_flicks=from_ms(1250),
        post_go=PostGo.GO,
        pre_wait_flicks=from_ms(2000),
        post_wait_flicks=from_ms(500),
        target=cue_id(4),
        ui_properties="<ui_properties><timeline_position><x>0</x><y>0</y></timeline_position>"
        "</ui_properties>",
        media=Media(
            file_name="rain.wav",
            id=cue_id(3),
            duration_flicks=from_ms(60_000),
            regions=(Region(id=0, loop=2, in_flicks=from_ms(10_000), out_flicks=from_ms(20_000)),),
        ),
        outputs=(
            AudioOutput(
                output_name=f"{NODE}_0",
                volume_percent=80,
                channels=(ChannelLevel(0, 100), ChannelLevel(1, 90)),
            ),
        ),
        master_volume_percent=70,
        fade_profiles=(
            FadeProfile(
                direction=FadeDirection.IN,
                mode="parametric",
                function_id="curve",
                parameters=(("rate", 2.5),),
            ),
            FadeProfile(direction=FadeDirection.OUT, mode="preset", function_id="linear_out"),
        ),
    )
    assert clouds == VideoCue(
        id=cue_id(4),
        name="Clouds",
        enabled=False,
        loop=0,
        post_go=PostGo.GO_AT_END,
        media=Media(file_name="clouds.mp4", duration_flicks=from_ms(30_040)),
        outputs=(
            VideoOutput(
                output_name=f"{NODE}_0",
                geometry=Geometry(
                    y_scale=0.5,
                    top_right=Point(-1, 0),
                    bottom_left=Point(0, 1),
                    bottom_right=Point(1, 1),
                ),
            ),
            VideoOutput(
                output_name=f"{NODE}_custom_2",
                canvas_region=CanvasRegion(x=0.25, y=0.0, width=0.75, height=1.0),
            ),
        ),
    )
    flash = DmxCue(
        id=cue_id(6),
        name="Flash",
        enabled=False,
        scene=DmxScene(
            id="look",
            universes=(DmxUniverse(number=1, channels=(DmxChannel(0, 255), DmxChannel(511, 0))),),
        ),
        outputs=(DmxOutput(NODE),),
        fade_in_flicks=from_ms(500),
        fade_out_flicks=352_800,
    )
    assert storm == CueList(id=cue_id(5), name="Storm", loop=3, timecode=True, contents=(flash,))
    assert devamp == ActionCue(
        id=cue_id(7), name="Let the rain end", action=Action.DEVAMP, action_target=cue_id(2)
    )
    assert away == FadeCue(
        id=cue_id(8),
        name="Rain away",
        action_target=cue_id(2),
        curve=Curve.SIGMOID,
        duration_flicks=from_ms(4000),
        target_percent=10,
    )


def test_the_line_of_every_cue_is_known() -> None:
    lines = read_show(SCRIPT.encode(), "script.xml").lines
    starts = {
        number: line
        for number in range(1, 9)
        for line, text in enumerate(SCRIPT.splitlines(), 1)
        if f"<id>{cue_id(number)}</id>" in text and number != 3
    }
    assert {cue: line + 4 for cue, line in lines.items()} == {
        cue_id(number): line for number, line in starts.items()
    }  # a cue's id stands four lines below its own tag


def test_an_id_that_stands_twice_is_told_with_both_lines() -> None:
    data = edited(f"<id>{cue_id(7)}</id>", f"<id>{cue_id(2)}</id>")
    file = read_show(data, "script.xml")
    [(cue, line)] = file.repeats
    assert cue == cue_id(2)
    assert SCRIPT.splitlines()[line - 1].strip() == "<ActionCue>"
    assert SCRIPT.splitlines()[file.lines[cue] - 1].strip() == "<AudioCue>"


def test_a_broken_file_tells_all_its_faults_at_once_each_with_its_line() -> None:
    name = SHOWS / "broken/script.xml"
    with pytest.raises(ProjectFileError) as refusal:
        read_show(name.read_bytes(), "script.xml")
    contents = "CuemsProject/CuemsScript/CueList/contents"
    assert str(refusal.value).splitlines() == [
        f"script.xml:23: {contents}/AudioCue/enabled: 'true': expected one of True, False",
        f"script.xml:50: {contents}/AudioCue/outputs/AudioCueOutput/output_vol: '101': "
        "expected a whole number from 0 to 100",
        f"script.xml:92: {contents}/VideoCue/Media/file_name: '../clouds.mp4': "
        "expected a bare file name of the media folder",
        f"script.xml:94: {contents}/VideoCue/Media/duration: '30.04': expected HH:MM:SS.mmm",
        f"script.xml:163: {contents}/CueList/contents/DmxCue/DmxScene/DmxUniverse/dmx_channels"
        "/DmxChannel[2]/channel: '512': expected a whole number from 0 to 511",
        f"script.xml:189: {contents}/FadeCue: '': expected an element <name>",
    ]


@settings(max_examples=60, deadline=None)
@given(shows())
def test_what_is_written_reads_back_equal(show: Show) -> None:
    assert read_show(write_show(show), "script.xml").show == show


def test_a_written_show_has_the_ecosystems_head_and_order() -> None:
    written = write_show(read_show(SCRIPT.encode(), "script.xml").show).decode()
    assert written.startswith(
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<cms:CuemsProject xmlns:cms="https://stagelab.coop/cuems/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="https://stagelab.coop/cuems/ script.xsd">'
    )
    tags = re.findall(r"<(\w+)[ />]", written.partition("<FadeCue>")[2].partition("</FadeCue>")[0])
    assert [tag for tag in tags if tag != "CTimecode"] == [
        *("autoload", "description", "enabled", "id", "loop", "name", "offset", "post_go"),
        *("postwait", "prewait", "target", "timecode", "ui_properties"),
        *("action_target", "action_type", "curve_type", "duration", "target_value"),
    ]


def test_text_that_xml_cannot_say_is_refused_when_written() -> None:
    show = read_show(SCRIPT.encode(), "script.xml").show
    spoiled = Show(id=show.id, name="a\x07", cue_list=show.cue_list)
    with pytest.raises(UnwritableTextError, match=r"<name>: 'a\\x07': expected no control"):
        write_show(spoiled)


UUID_FAULT = "expected a lower-case version 4 UUID"
TIME_FAULT = "expected HH:MM:SS.mmm"

RULES = [
    ("<loop>-1<", "<loop>-2<", "loop: '-2': expected a whole number from -1 to 2147483647"),
    ("<loop>-1<", "<loop>1.5<", "loop: '1.5': expected a whole number from -1 to 2147483647"),
    ("<loop>-1<", "<loop><", "loop: '': expected a whole number from -1 to 2147483647"),
    ("<loop>-1<", "<loop>2147483648<", "loop: '2147483648': expected a whole number from -1"),
    ("<loop>-1<", f"<loop>{'9' * 5000}<", f"loop: '{'9' * 60}…': expected a whole number"),
    ("<name>Rain<", "<name><", "name: '': expected 1 to 60 characters"),
    ("<name>Rain<", f"<name>{'x' * 61}<", f"name: '{'x' * 60}…': expected 1 to 60 characters"),
    (">Rain &amp; thunder<", f">{'x' * 256}<", f"'{'x' * 60}…': expected 0 to 255 characters"),
    (">Weather<", f">{'x' * 256}<", f"description: '{'x' * 60}…': expected 0 to 255"),
    ("<post_go>go<", "<post_go>gone<", "post_go: 'gone': expected one of pause, go, go_at_end"),
    ("<autoload>True<", "<autoload>1<", "autoload: '1': expected one of True, False"),
    ("<timecode>True<", "<timecode><", "timecode: '': expected one of True, False"),
    ("-000000000002<", "-00000000000G<", f"id: '{cue_id(2)[:-1]}G': {UUID_FAULT}"),
    ("<id>a0000000-0000-4", "<id>a0000000-0000-1", UUID_FAULT),
    ("000000000004</target>", "X</target>", "-X': expected a lower-case UUID, or nothing"),
    ("00:00:01.250", "00:00:01.25", f"CTimecode: '00:00:01.25': {TIME_FAULT}"),
    ("00:00:01.250", "00:60:01.250", f"CTimecode: '00:60:01.250': {TIME_FAULT}"),
    ("00:00:01.250", "-0:00:01.250", f"CTimecode: '-0:00:01.250': {TIME_FAULT}"),
    ("<offset/>", f"<offset>{NUL_MS}{NUL_MS}</offset>", "CTimecode[2]: 'CTimecode': expected one"),
    ("<offset/>", "<offset><X/></offset>", "X: 'X': expected <CTimecode>"),
    ("<offset/>", "<offset>1</offset>", "offset: '1': expected elements only, no text"),
    (">rain.wav<", "><", "file_name: '': expected a bare file name"),
    (">rain.wav<", ">-rain.wav<", "file_name: '-rain.wav': expected a bare file name"),
    (">rain.wav<", ">a/rain.wav<", "file_name: 'a/rain.wav': expected a bare file name"),
    (">rain.wav<", ">..<", "file_name: '..': expected a bare file name"),
    (">rain.wav<", ">a\nb<", "file_name: 'a\\nb': expected a bare file name"),
    (">rain.wav<", f">{'é' * 128}<", "…': expected a bare file name"),
    ("<id>0</id>", "<id>-1</id>", "id: '-1': expected a whole number from 0"),
    ("<loop>2<", "<loop>-1<", "loop: '-1': expected a whole number from 0"),
    ("<output_vol>80<", "<output_vol>-1<", "output_vol: '-1': expected a whole number from 0 to"),
    ("<master_vol>70<", "<master_vol>101<", "master_vol: '101': expected a whole number from 0"),
    ("_num>0<", "_num>x<", "channel_num: 'x': expected a whole number from 0"),
    ("_vol>90<", "_vol>190<", "channel_vol: '190': expected a whole number from 0 to 100"),
    ("0001_0<", "0001<", "output_name: '0367f391-ebf4-48b2-9f26-000000000001': expected <node"),
    ("<type>in<", "<type>up<", "type: 'up': expected one of in, out"),
    ("<type>in<", "<type>out<", "fade_profile[2]: 'out': expected one fade_profile of a type"),
    (">parametric<", ">other<", "mode: 'other': expected one of preset, parametric"),
    (">curve<", "><", "function_id: '': expected 1 to 4096 characters"),
    (">2.5<", ">NaN<", "parameter_value: 'NaN': expected a number"),
    (">2.5<", ">1e999<", "parameter_value: '1e999': expected a number"),
    (">0.5</y_s", ">x</y_s", "y_scale: 'x': expected a number"),
    (">-1</x>", ">1.0</x>", "x: '1.0': expected a whole number from -2147483647"),
    (">0.25<", ">-0.1<", "x: '-0.1': expected a number from 0 to 1"),
    (">0.25<", ">0.26<", "canvas_region: '0.26 + 0.75': expected x + width of at most 1"),
    (">0.75<", ">0<", "width: '0': expected a number above 0"),
    (">0.75<", ">wide<", "width: 'wide': expected a number from 0 to 1"),
    ("<y>0.0<", "<y>0.1<", "canvas_region: '0.1 + 1.0': expected y + height of at most 1"),
    ("_custom_2<", "_custom_x<", "_custom_x': expected <node uuid>_<output id> or _custom_"),
    ("_custom_2<", "_2<", "canvas_region: '0367f391-ebf4-48b2-9f26-000000000001_2': expected no"),
    (">500.0<", ">-1<", "fadein_time: '-1': expected a number from 0 to 86400000"),
    (">500.0<", ">1e9<", "fadein_time: '1e9': expected a number from 0 to 86400000"),
    ("01</output_name>\n                </Dmx", "</output_name>\n                </Dmx", "a node"),
    ("<channel>0<", "<channel>-1<", "channel: '-1': expected a whole number from 0 to 511"),
    ("<value>255<", "<value>256<", "value: '256': expected a whole number from 0 to 255"),
    ("<universe_num>1<", "<universe_num>-1<", "universe_num: '-1': expected a whole number"),
    (">devamp<", ">explode<", "action_type: 'explode': expected one of play, pause, resume"),
    (">fade_action<", ">play<", "action_type: 'play': expected one of fade_action"),
    (">sigmoid<", ">round<", "curve_type: 'round': expected one of linear, exponential"),
    ("00:00:04.000", "00:00:00.000", "duration: '00:00:00.000': expected a fade longer than 0"),
    ("<target_value>10<", "<target_value>110<", "target_value: '110': expected a whole number"),
    ("<created>2024-03-01T10", "<created>2024-03-01 10", "created: '2024-03-01 10:00:00': exp"),
    ("<created>2024-03-01", "<created>2024-02-30", "created: '2024-02-30T10:00:00': expected a"),
    ("<created>2024", "<created>2019", "created: '2019-03-01T10:00:00': expected a date from"),
    ("<created>2024", "<created>2025", "modified: '2024-03-01T10:00:00.250': expected a date no"),
    ("<loop>-1<", "<loop a='1'>-1<", "loop: 'a=1': expected no such attribute"),
    ("<AudioCue>", "<AudioCue class='audio'>", "AudioCue: 'class=audio': expected no such"),
    ("<loop>-1<", "<loop>-1<b/><", "b: 'b': expected text only in <loop>"),
    ("<name>Rain<", "<name>Rain<b/><", "b: 'b': expected text only in <name>"),
    ("<value>255</value>", "", "DmxChannel: '': expected an element <value>"),
    ("<created>2024-03-01T10:00:00</created>", "", "CuemsScript: '': expected an element <crea"),
    ("<loop>-1<", "<loop><b/><", "loop: '': expected a whole number"),
    ("<contents>", "<contents>stray", "contents: 'stray': expected elements only, no text"),
    ("</VideoCue>", "</VideoCue>stray", "contents: 'stray': expected elements only, no text"),
    ("</CuemsScript>", "</CuemsScript>x", "CuemsProject: 'x': expected elements only, no text"),
    ("<AudioCueOutput>", "<X/><AudioCueOutput>", "X: 'X': expected <AudioCueOutput>"),
    ("<VideoCue>", "<Cue/><VideoCue>", "Cue: 'Cue': expected <CueList> or <AudioCue> or"),
    ("<autoload>True</autoload>", "", "AudioCue: '': expected an element <autoload>"),
    ("<autoload>True</autoload>", "<autoload>True</autoload><autoload/>", "one <autoload> only"),
    ("<autoload>True</autoload>", "<x/><autoload>True</autoload>", "x: 'x': expected no such el"),
    ("<name>All kinds</name>", "", "CuemsScript: '': expected an element <name>"),
    ("<name>All kinds</name>", "<x/><name>All kinds</name>", "x: 'x': expected no such element"),
    ('/cuems/"', '/cuems"', "CuemsProject: 'https://stagelab.coop/cuems': expected the name"),
    ("<cms:CuemsProject", "<cms:CuemsProject doc_version='3'", "'3': expected doc_version 1 or"),
    ("<cms:CuemsProject", "<cms:CuemsProject other='3'", "'other=3': expected no such attribute"),
]


@pytest.mark.parametrize(("old", "new", "expected"), RULES)
def test_a_rule_that_is_broken_is_told(old: str, new: str, expected: str) -> None:
    assert expected in "\n".join(told(edited(old, new)))


def test_an_element_out_of_order_is_told_with_what_it_belongs_before() -> None:
    data = edited(
        "<autoload>True</autoload>\n          <description>Rain &amp; thunder</description>",
        "<description/>\n          <autoload>True</autoload>",
    )
    assert told(data) == ["autoload: 'autoload': expected <autoload> before <description>"]


def test_a_script_without_its_cue_list_is_told_as_such() -> None:
    text = re.sub("<CueList>.*</CueList>", "", SCRIPT, flags=re.DOTALL)
    assert told(text.encode()) == ["CuemsScript: '': expected an element <CueList>"]


def test_a_project_without_a_script_is_told_as_such() -> None:
    text = re.sub("<CuemsScript>.*</CuemsScript>", "", SCRIPT, flags=re.DOTALL)
    assert told(text.encode()) == ["CuemsProject: '': expected an element <CuemsScript>"]


def test_a_custom_output_needs_its_canvas_region() -> None:
    text = re.sub("<canvas_region>.*</canvas_region>", "", SCRIPT, flags=re.DOTALL)
    [fault] = told(text.encode())
    assert fault.startswith("VideoCueOutput[2]: ")
    assert fault.endswith("expected a <canvas_region>, its output being custom")


def test_a_universe_has_at_most_512_channels() -> None:
    channel = "<DmxChannel><channel>0</channel><value>255</value></DmxChannel>"
    assert told(edited(channel, channel * 512)) == [
        "DmxUniverse: '513 channels': expected at most 512"
    ]


def test_a_scene_may_have_several_universes_but_not_none() -> None:
    universe = cue_of("DmxUniverse")
    show = read_show(edited(universe, universe * 2), "script.xml").show
    storm = show.cue_list.contents[2]
    assert isinstance(storm, CueList)
    flash = storm.contents[0]
    assert isinstance(flash, DmxCue)
    assert len(flash.scene.universes) == 2
    assert told(edited(universe, "")) == ["DmxScene: '': expected an element <DmxUniverse>"]


def test_a_media_cue_may_have_no_media() -> None:
    show = read_show(edited(cue_of("Media"), "<Media>\n</Media>"), "script.xml").show
    rain = show.cue_list.contents[0]
    assert isinstance(rain, AudioCue)
    assert rain.media is None


def test_a_missing_part_does_not_hide_what_else_is_wrong() -> None:
    media = ("channels", "outputs", "Media", "corners", "top_left", "x_scale")
    lost = (*media, "DmxScene", "dmx_channels")
    for tag in lost:
        text = SCRIPT.replace(cue_of(tag), "", 1).replace(">sigmoid<", ">round<")
        faults = told(text.encode())
        assert any(f"an element <{tag}>" in fault for fault in faults)
        assert any("curve_type" in fault for fault in faults)


VERSION_2 = (
    SCRIPT.replace("<cms:CuemsProject", '<cms:CuemsProject doc_version="2"')
    .replace(
        "<duration>00:01:00.000</duration>",
        "<duration><CTimecode>00:01:00.000</CTimecode></duration>",
    )
    .replace(
        "<duration>00:00:30.040</duration>",
        "<duration><CTimecode>00:00:30.040</CTimecode></duration>",
    )
    .replace("</regions>\n          </Media>", "</regions><file_size>12</file_size></Media>")
    .replace("<AudioCue>", '<Cue class="audio">')
    .replace("</AudioCue>", "</Cue>")
    .replace("<VideoCue>", '<Cue class="video">')
    .replace("</VideoCue>", "</Cue>")
    .replace("<DmxCue>", '<Cue class="dmx">')
    .replace("</DmxCue>", "</Cue>")
    .replace("<AudioCueOutput>", '<CueOutput class="audio">')
    .replace("</AudioCueOutput>", "</CueOutput>")
)


def test_version_2_says_the_same_show_in_other_elements() -> None:
    old = read_show(SCRIPT.encode(), "script.xml")
    assert read_show(VERSION_2.encode(), "script.xml").show == old.show


def test_version_2_classes_are_checked() -> None:
    data = VERSION_2.replace('<Cue class="audio">', '<Cue class="sound">').encode()
    assert told(data) == ['Cue: \'sound\': expected class="audio", "video" or "dmx"']
    data = VERSION_2.replace('<CueOutput class="audio">', '<CueOutput class="video">').encode()
    assert told(data) == ["CueOutput: 'video': expected class=\"audio\""]


def test_the_first_fault_of_a_kind_has_no_index_and_later_ones_do() -> None:
    text = in_list(cue_of("ActionCue") * 3).replace(">devamp<", ">explode<")
    paths = [fault.path.rpartition("contents/")[2] for fault in faults_of(text.encode())]
    assert paths == [
        "ActionCue/action_type",
        "ActionCue[2]/action_type",
        "ActionCue[3]/action_type",
    ]


def test_lists_nest_as_deep_as_the_depth_limit_says_and_no_deeper() -> None:
    inner = cue_of("ActionCue")
    shell = cue_of("CueList").partition("<contents>")[0]
    for _ in range(26):
        inner = f"{shell}<contents>{inner}</contents></CueList>"
    read_show(in_list(inner).encode(), "script.xml")
    deeper = in_list(f"{shell}<contents>{inner * 1}</contents></CueList>" * 1)
    for _ in range(4):
        deeper = deeper.replace(inner, f"{shell}<contents>{inner}</contents></CueList>")
        inner = f"{shell}<contents>{inner}</contents></CueList>"
    assert "64 inside each other" in told(deeper.encode())[0]


def test_a_line_past_65535_is_told_exactly() -> None:
    cues = f"{cue_of('ActionCue')}\n" * 5000
    text = in_list(cues + cue_of("ActionCue").replace("devamp", "explode"))
    [fault] = faults_of(text.encode())
    assert fault.line == text[: text.index("explode")].count("\n") + 1 > 65_535


SAYING = (
    "<ui_properties><color>#fff</color>"
    '<message xmlns="urn:cuems:message:1">midi Desk program 1 5</message></ui_properties>'
)


def with_properties(properties: str, tag: str = "ActionCue") -> bytes:
    cue = re.sub(r"<ui_properties.*?(/>|</ui_properties>)", "<ui_properties/>", cue_of(tag))
    return in_list(cue.replace("<ui_properties/>", properties)).encode()


def test_what_an_action_cue_says_to_other_equipment_is_read_and_survives() -> None:
    read = read_show(with_properties(SAYING), "script.xml").show
    (cue,) = read.cue_list.contents
    assert isinstance(cue, ActionCue)
    assert cue.message == MidiMessage("Desk", MidiProgram(channel=1, program=5))
    assert cue.ui_properties == SAYING
    written = write_show(read)
    assert SAYING.encode() in written
    assert read_show(written, "script.xml").show == read


@given(MESSAGES)
def test_a_message_that_is_put_into_a_cue_is_written(message: Message) -> None:
    read = read_show(with_properties(SAYING), "script.xml").show
    (cue,) = read.cue_list.contents
    assert isinstance(cue, ActionCue)
    changed = replace(cue, message=message)
    show = replace(read, cue_list=replace(read.cue_list, contents=(changed,)))
    (again,) = read_show(write_show(show), "script.xml").show.cue_list.contents
    assert isinstance(again, ActionCue)
    assert again.message == message
    assert "#fff" in str(again.ui_properties)


def test_a_message_that_makes_no_sense_is_told_with_its_part() -> None:
    data = with_properties(SAYING.replace("program 1 5", "program 0 5"))
    assert told(data) == ["ui_properties: '0': expected a number from 1 to 16"]
    twice = with_properties(
        SAYING.replace("</ui_", SAYING[SAYING.index("<message") : -16] + "</ui_")
    )
    assert told(twice) == [
        "ui_properties: '2 messages': expected one <message> of urn:cuems:message:1"
    ]


def test_a_message_in_a_cue_that_says_none_is_told() -> None:
    assert told(with_properties(SAYING, "FadeCue")) == [
        "FadeCue: '<message>': expected a message in an <ActionCue> only"
    ]
