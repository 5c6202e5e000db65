import pytest

from cuems.wire.display_conf import DisplayConf, DisplayOutput, read_display_conf
from cuems.wire.file_faults import ProjectFileError

CONF = """# written by hand
canvas_layout=custom
canvas_size=4000x1200

[output:HDMI-A-1]
canvas_region=0,0,1920,1080
resolution=1920x1080
refresh=59.94
colour=unknown keys are ignored

; the second screen
[output:DP-2]
canvas_region = 1920, 0, 1920, 1200
[other]
canvas_region=what
"""
LEFT = DisplayOutput(
    connector="HDMI-A-1",
    x=0,
    y=0,
    width=1920,
    height=1080,
    resolution=(1920, 1080),
    refresh_hz=59.94,
)
RIGHT = DisplayOutput(connector="DP-2", x=1920, y=0, width=1920, height=1200)


def told(text: str) -> str:
    with pytest.raises(ProjectFileError) as refusal:
        read_display_conf(text.encode(), "display.conf")
    return str(refusal.value)


def ignored(text: str) -> list[str]:
    return [str(fault) for fault in read_display_conf(text.encode(), "display.conf").ignored]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_outputs_and_canvas_are_read(encoding: str, end: str) -> None:
    data = CONF.replace("\n", end).encode(encoding)
    assert read_display_conf(data, "display.conf") == DisplayConf(
        canvas_width=4000, canvas_height=1200, outputs=(LEFT, RIGHT)
    )


def test_without_a_size_the_canvas_is_what_holds_all_outputs() -> None:
    conf = read_display_conf(CONF.replace("canvas_size", "x").encode(), "display.conf")
    assert (conf.canvas_width, conf.canvas_height) == (3840, 1200)


@pytest.mark.parametrize("region", ["0,0,1920", "a,0,1,1", "0,0,0,1", "-1,0,1,1", "0,0,1.5,1", ""])
def test_an_output_with_a_wrong_region_is_left_out_and_told(region: str) -> None:
    text = CONF.replace("0,0,1920,1080", region)
    conf = read_display_conf(text.encode(), "display.conf")
    assert conf.outputs == (RIGHT,)
    assert [str(fault) for fault in conf.ignored] == [
        f"display.conf:6: output:HDMI-A-1/canvas_region: {region!r}: expected x,y,w,h in pixels"
    ]


def test_an_output_without_a_region_is_told_at_its_heading() -> None:
    assert ignored(CONF.replace("canvas_region=0", "region=0")) == [
        "display.conf:5: output:HDMI-A-1/canvas_region: '': expected x,y,w,h in pixels"
    ]


def test_details_that_are_wrong_are_told_and_not_used() -> None:
    text = CONF.replace("1920x1080", "full").replace("59.94", "fast")
    conf = read_display_conf(text.encode(), "display.conf")
    assert (conf.outputs[0].resolution, conf.outputs[0].refresh_hz) == (None, None)
    assert [str(fault) for fault in conf.ignored] == [
        "display.conf:7: output:HDMI-A-1/resolution: 'full': expected WIDTHxHEIGHT",
        "display.conf:8: output:HDMI-A-1/refresh: 'fast': expected a rate in Hz",
    ]


def test_a_line_that_is_neither_key_nor_heading_is_told() -> None:
    assert ignored("junk\n" + CONF) == [
        "display.conf:1: : 'junk': expected key=value or [output:CONNECTOR]"
    ]


@pytest.mark.parametrize("size", ["4000", "3839x1200", "3840x1199", "0x0", "-1x-1", "ax b"])
def test_a_canvas_that_cannot_hold_its_outputs_is_refused(size: str) -> None:
    assert told(CONF.replace("4000x1200", size)) == (
        f"display.conf:3: canvas_size: {size!r}: expected WIDTHxHEIGHT of at least 3840x1200"
    )


def test_a_file_without_any_usable_output_is_refused_with_all_reasons() -> None:
    assert told("").startswith("display.conf:1: : '': expected an [output:CONNECTOR]")
    faults = told("[output:A]\ncanvas_region=x\n[output:]\ncanvas_region=0,0,1,1").splitlines()
    assert len(faults) == 2
    assert faults[1].startswith("display.conf:2: output:A/canvas_region: 'x'")


def test_what_is_no_text_or_too_much_of_it_is_refused() -> None:
    with pytest.raises(ProjectFileError, match=r"display.conf:2: : 'byte 3': expected UTF-8"):
        read_display_conf(b"a=\n\xff", "display.conf")
    with pytest.raises(ProjectFileError, match="'65537 bytes': expected at most 65536 bytes"):
        read_display_conf(b" " * 65_537, "display.conf")
