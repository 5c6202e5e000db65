"""What is said of a run: as figures, as JSON, and as a page."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from cuems.core.cues import CueId
from cuems.core.journal import Opened
from cuems.core.operator import EnableCue, PressGo, PressStop
from cuems.core.reports import ChaseReport, CueFailedReport, CueTimingReport
from cuems.sim.account import Account, account_of, histogram, summary, to_json
from cuems.sim.account_page import to_html
from cuems.sim.log import Verb
from tests.build import audio
from tests.recording import Recording, find_show


def account() -> Account:
    made = Recording()
    made.load(audio("rain", 1000, "e"), audio("<storm>", 3000), audio("late"))
    made.wait(1000)
    made.ask(PressGo(), client="client 3 (left hand)")
    made.wait(2)
    made.started("rain", late_ms=2)
    made.report(ChaseReport("locked", source="midi", jitter_us=900, rate_error_ppm=4))
    made.wait(1000)
    made.ended("rain")
    made.started("<storm>", late_ms=50)
    made.report(CueFailedReport(CueId("late"), "late.wav: no such media file"))
    made.ask(EnableCue(CueId("nope"), False))
    made.wait(500)
    made.ask(PressStop())
    opened = made.records[0].what
    assert isinstance(opened, Opened)
    faults = ("records 7 to 8 are lost",)
    return account_of(made.records, find_show(made), opened, ending="well", faults=faults)


def test_what_ran_is_told_with_its_lateness() -> None:
    told = account()
    report = told.report
    assert [(report.cue_name(s.cue), s.late / 705_600) for s in told.starts] == [
        ("rain", 2.0),
        ("<storm>", 50.0),
    ]
    assert told.late_ms() == [2.0, 50.0]
    assert {text: n for text, n in histogram(told.late_ms()) if n} == {"≤ 2 ms": 1, "≤ 80 ms": 1}
    assert dict(summary(told))["GO"] == "1"
    assert dict(summary(told))["cues failed"] == "1"
    spans = [(report.cue_name(s.cue), s.cut_short) for s in report.spans]
    assert spans == [("rain", False), ("<storm>", True)]
    go = next(e for e in report.rehearsal.entries if e.verb is Verb.GO)
    assert go.note == "asked by client 3 (left hand)"


def test_how_late_a_player_was_told_is_what_its_node_says() -> None:
    made = Recording()
    made.load(audio("rain", 1000))
    made.ask(PressGo())
    made.started("rain")
    timing = CueTimingReport(cue=CueId("rain"), run_seq=101, start=0, late_us=1500)
    made.report(timing, replace(timing, late_us=99_000, joined=True))
    opened = made.records[0].what
    assert isinstance(opened, Opened)
    told = account_of(made.records, find_show(made), opened, ending="well", faults=())
    assert told.late_ms() == [1.5]


def test_json_holds_everything() -> None:
    told = json.loads(to_json(account()))
    assert (told["run"], told["ending"]) == ("run", "well")
    assert told["late_ms"]["max"] == 50.0
    assert [start["name"] for start in told["starts"]] == ["rain", "<storm>"]
    assert told["timecode"][0]["jitter_us"] == 900
    assert told["rehearsal"]["failed"] == {"late": "late.wav: no such media file"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_whole_and_needs_nothing_from_elsewhere() -> None:
    html = to_html(account())
    page = _Page()
    page.feed(html)
    assert page.open == []
    assert "<storm>" in page.text
    assert "records 7 to 8 are lost" in page.text
    assert "script" not in html.lower().replace("subscript", "")
    assert not any(name in ("src", "href") for name, _ in page.attributes)
    assert html.count("<svg") == 4


def test_a_run_in_which_nothing_happened_has_a_page_too(tmp_path: Path) -> None:
    made = Recording()
    made.load(audio("rain"))
    opened = made.records[0].what
    assert isinstance(opened, Opened)
    told = account_of(made.records, find_show(made), opened, ending="well", faults=())
    assert "nothing was started on a node" in to_html(told)
    assert json.loads(to_json(told))["starts"] == []
