"""The chart of a rehearsal."""

from typing import Any
from xml.etree import ElementTree

from cuems.core.cues import Action, AnyCue, CueId
from cuems.core.operator import PressGo, PressPause, PressResume
from cuems.core.timecode import from_ms
from cuems.sim.plot import LEFT, NODE_COLOURS, RIGHT, to_svg
from cuems.sim.rehearsal import rehearse
from cuems.sim.report import report_on
from cuems.sim.setup import Jump, Setup, Step
from cuems.sim.source import DropOut
from tests.build import action, audio, cues, fade, show, video

SVG = "{http://www.w3.org/2000/svg}"
S = 1_000_000_000


def drawn(*contents: AnyCue, script: tuple[Step, ...] = (), **setup: Any) -> ElementTree.Element:
    running = show(*contents)
    done = Setup(**setup)
    rehearsal = rehearse(running, done, script, press_go=not script)
    return ElementTree.fromstring(to_svg(report_on(running, rehearsal), done.drop_outs))


def texts(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def titled(svg: ElementTree.Element, title: str) -> ElementTree.Element:
    (found,) = (
        element
        for element in svg.iter()
        if (element.findtext(f"{SVG}title") or "").startswith(title)
    )
    return found


def test_a_bar_lies_where_its_cue_runs() -> None:
    svg = drawn(audio("a", 1000, "e"), audio("b", 3000))
    bar = titled(svg, "b · node1")
    assert float(bar.get("x", "")) == LEFT + (RIGHT - LEFT) / 4
    assert float(bar.get("width", "")) == (RIGHT - LEFT) * 3 / 4
    assert bar.get("fill") == NODE_COLOURS[0]


def test_every_cue_has_its_row_in_running_order_and_those_in_lists_are_indented() -> None:
    svg = drawn(audio("a"), cues("l", audio("b"), enabled=False), audio("c"))
    names = {t.text: float(t.get("x", "")) for t in svg.iter(f"{SVG}text") if t.text in set("albc")}
    assert list(names) == ["a", "l", "b", "c"]
    assert names["b"] > names["l"] == names["a"]


def test_a_cue_that_failed_is_red_and_says_why() -> None:
    svg = drawn(audio("a"), broken=frozenset({CueId("a")}))
    assert titled(svg, "a · node1").get("fill") == "url(#failed)"
    assert "its player fails, as asked" in texts(svg)


def test_gos_close_to_each_other_share_a_flag_and_a_refused_one_is_told_apart() -> None:
    gos = tuple(Step(at * S // 1000, PressGo()) for at in (0, 300, 60_000, 60_100))
    svg = drawn(*(audio(name, 90_000) for name in "abcd"), script=gos)
    assert "2 GO" in texts(svg)
    lines = [e.get("class", "") for e in svg.iter(f"{SVG}path") if "mark" in e.get("class", "")]
    assert lines == ["go mark", "go mark", "go mark", "refused mark"]


def test_drop_outs_pauses_and_jumps_are_seen() -> None:
    script = (
        Step(0, PressGo()),
        Step(S, PressPause()),
        Step(2 * S, PressResume()),
        Step(9 * S, Jump(from_ms(2000))),
    )
    svg = drawn(audio("a", 20_000), script=script, drop_outs=(DropOut(4 * S, 3 * S),))
    for text in ("no MTC", "lost", "paused", "jump", "no MIDI timecode"):
        assert text in texts(svg)


def test_conflicts_are_framed_in_both_rows() -> None:
    svg = drawn(video("a", 3000, "g"), video("b", 2000))
    framed = [e for e in svg.iter(f"{SVG}rect") if e.get("class") == "clash"]
    assert len(framed) == 3  # and once in the legend
    assert "1 conflict" in " ".join(texts(svg))


def test_actions_fades_and_what_goes_on_have_their_own_form() -> None:
    svg = drawn(
        audio("a", 9000, "g", loop=0), fade("f", "a", 20, 1000, "g"), action("w", Action.WAIT)
    )
    assert titled(svg, "f · ").tag == titled(svg, "w · ").tag == f"{SVG}path"
    assert "goes on" in texts(svg)
    assert "fade a to 20 %" in texts(svg)


def test_names_are_text_whatever_is_in_them() -> None:
    svg = drawn(audio("a<b>&\"'"), audio("n" * 60))
    assert "a<b>&\"'" in texts(svg)
    assert any(text.startswith("nnn") and text.endswith("…") for text in texts(svg))


def test_an_empty_show_is_an_empty_chart() -> None:
    assert "0 cues" in " ".join(texts(drawn()))
