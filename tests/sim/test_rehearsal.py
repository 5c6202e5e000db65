"""Whole rehearsals of small shows, as `ms verb cue` lines."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cuems.core.cues import Action, AnyCue, AudioOutput, CueId, NodeId, Show
from cuems.core.operator import (
    EnableCue,
    LoadTo,
    MoveStandby,
    PauseCue,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    StopCue,
)
from cuems.core.timecode import from_ms
from cuems.core.validation import problems
from cuems.demo.show import demo_show
from cuems.sim.log import Entry, Verb
from cuems.sim.plot import to_svg
from cuems.sim.rehearsal import Rehearsal, rehearse
from cuems.sim.report import report_on, to_json, to_text
from cuems.sim.setup import Jump, Setup, Step
from cuems.sim.source import DropOut
from tests.build import NODE, action, audio, cues, fade, show
from tests.strategies import shows

OTHER = "22222222-2222-4222-8222-222222222222"
QUIET = (Verb.STANDS_BY, Verb.TIMECODE, Verb.NODE)


def elsewhere(name: str, ms: int = 1000, post: str = "p", **more: Any) -> AnyCue:
    return audio(name, ms, post, outputs=(AudioOutput(output_name=f"{OTHER}_0"),), **more)


def step(ms: int, what: Any) -> Step:
    return Step(ms * 1_000_000, what)


def run(*contents: AnyCue, script: tuple[Step, ...] = (), **setup: Any) -> Rehearsal:
    return rehearse(show(*contents), Setup(**setup), script, press_go=not script)


def lines(rehearsal: Rehearsal) -> list[str]:
    return [line(entry) for entry in rehearsal.entries if entry.verb not in QUIET]


def line(entry: Entry) -> str:
    words = [str(round(entry.at_ns / 1e6)), entry.verb.value, entry.cue or "", entry.note]
    return " ".join(word for word in words if word)


def test_go_is_pressed_whenever_everything_that_has_an_end_has_ended() -> None:
    rehearsal = run(
        audio("a", 1000, "e", wait=500), audio("b", 1000), audio("c", loop=0), audio("d")
    )
    assert lines(rehearsal) == [
        "0 GO a",
        "0 starts a",
        "1000 ends a",
        "1500 starts b",
        "2500 ends b",
        "2500 GO c",
        "2500 starts c",
        "2700 GO d",
        "2700 starts d",
        "3700 ends d",
    ]


def test_go_is_not_pressed_between_a_cue_and_the_one_it_starts_after_its_end() -> None:
    rehearsal = run(audio("a", 100, "g", wait=2000), audio("b", 100), audio("c", 100))
    assert [text for text in lines(rehearsal) if "GO" in text] == ["0 GO a", "2100 GO c"]


def test_go_is_pressed_inside_a_list_that_waits_for_it() -> None:
    rehearsal = run(cues("l", audio("a"), audio("b")), audio("c"))
    assert [text for text in lines(rehearsal) if "GO" in text] == [
        "0 GO l",
        "1000 GO b",
        "2000 GO c",
    ]


def test_no_cue_is_pressed_twice() -> None:
    rehearsal = run(audio("a", target="a"))
    assert lines(rehearsal) == ["0 GO a", "0 starts a", "1000 ends a"]
    assert not rehearsal.cut


def test_a_script_is_done_at_its_times_and_nothing_else() -> None:
    rehearsal = run(
        audio("a", 5000), audio("b"), script=(step(100, PressGo()), step(2000, PressStop()))
    )
    assert lines(rehearsal) == [
        "100 GO a",
        "100 starts a",
        "2000 asked stop",
        "2000 all off",
        "2000 stops a",
    ]


def test_what_is_due_at_the_moment_of_a_command_happens_before_it() -> None:
    rehearsal = run(audio("a"), script=(step(0, PressGo()), step(1000, PressStop())))
    assert lines(rehearsal)[2:] == ["1000 ends a", "1000 asked stop", "1000 all off"]


def test_every_command_of_an_operator_can_be_rehearsed() -> None:
    rehearsal = run(
        audio("a", 10_000),
        audio("b"),
        audio("c", 4000),
        script=(
            step(0, PressGo()),
            step(50, PressGo()),
            step(1000, PressPause()),
            step(3000, PressResume()),
            step(3500, EnableCue(CueId("b"), False)),
            step(4000, LoadTo(1500)),
            step(5000, PressGo()),
            step(6000, MoveStandby(CueId("a"))),
            step(7000, PressPanic()),
        ),
    )
    assert lines(rehearsal) == [
        "0 GO a",
        "0 starts a",
        "50 GO b",
        "50 refused too soon after the last GO: wait 150 ms",
        "1000 asked pause",
        "1000 paused",
        "1000 holds a",
        "3000 asked resume",
        "3000 resumed",
        "3000 goes on a",
        "3500 asked b disable",
        "3500 disabled b",
        "4000 asked load_to_time 1500 ms",
        "5000 GO c",
        "5000 starts c",
        "6000 asked a setnextcue",
        "7000 asked panic",
        "7500 ends c",
        "9000 all off",
        "9000 stops a",
    ]


def test_a_jump_of_the_line_moves_what_runs() -> None:
    rehearsal = run(
        audio("a", 10_000), script=(step(0, PressGo()), step(1000, Jump(from_ms(4000))))
    )
    assert lines(rehearsal)[2:] == ["1000 jumps", "1000 moves a", "7000 ends a"]


def test_a_timecode_cue_starts_at_its_address() -> None:
    rehearsal = run(audio("a", timecode=True, pre=601_000), start=from_ms(600_000))
    assert lines(rehearsal) == ["1000 starts a", "2000 ends a"]


def test_what_no_node_plays_is_told_by_the_controller() -> None:
    rehearsal = run(
        audio("a", 9000, "g"),
        fade("f", "a", 0, 1000, "e", pre=500),
        action("s", Action.STOP, "a"),
    )
    assert lines(rehearsal) == [
        "0 GO a",
        "0 waits f pre-wait 00:00:00.500",
        "0 starts a",
        "500 starts f",
        "1500 ends f",
        "1500 starts s",
        "1500 ends s",
        "1500 stops a",
    ]


def test_a_broken_cue_is_silent_and_its_successor_comes_all_the_same() -> None:
    rehearsal = run(audio("a", 1000, "e"), audio("b"), broken=frozenset({CueId("a")}))
    assert lines(rehearsal) == [
        "0 fails a its player fails, as asked",
        "0 GO a",
        "0 starts a in silence: its player fails, as asked",
        "1000 ends a",
        "1000 starts b",
        "2000 ends b",
    ]


# ---- several nodes


def starts(rehearsal: Rehearsal) -> list[tuple[str | None, int, int]]:
    return [
        (entry.cue, entry.position - entry.late, entry.late)
        for entry in rehearsal.entries
        if entry.verb is Verb.STARTS
    ]


def test_the_nodes_of_the_show_come_first_and_others_own_nothing() -> None:
    rehearsal = run(elsewhere("a"), audio("b"), nodes=4)
    assert rehearsal.nodes[:2] == (OTHER, NODE)
    assert len(rehearsal.nodes) == 4
    owners = {entry.cue: entry.node for entry in rehearsal.entries if entry.verb is Verb.STARTS}
    assert owners == {"a": OTHER, "b": NODE}


def test_all_nodes_start_on_the_frame_the_controller_stamped() -> None:
    go = (step(1000, PressGo()),)
    rehearsal = run(audio("a", 500, "g"), elsewhere("b", 500), script=go)
    assert starts(rehearsal) == [("a", from_ms(1080), 0), ("b", from_ms(1080), 0)]


def test_a_lost_go_comes_late_and_is_joined_in_progress_on_the_same_frame() -> None:
    go = (step(1000, PressGo()),)
    contents: list[AnyCue] = [audio("a", 9000, "g"), elsewhere("b", 9000)]
    runs = [run(*contents, script=go, loss=0.7, seed=seed) for seed in range(6)]
    began = {
        (entry.cue, entry.position - entry.elapsed)
        for rehearsal in runs
        for entry in rehearsal.entries
        if entry.verb is Verb.STARTS
    }
    assert began == {("a", from_ms(1080)), ("b", from_ms(1080))}
    assert any(entry.elapsed for rehearsal in runs for entry in rehearsal.entries)


def test_at_20_percent_loss_every_node_starts_as_if_nothing_were_lost() -> None:
    contents: list[AnyCue] = [audio("a", 900, "g"), elsewhere("b", 700, "e"), elsewhere("c", 400)]
    move = step(3000, MoveStandby(CueId("a")))
    go = (step(1000, PressGo()), move, step(5000, PressGo()))
    whole = starts(run(*contents, script=go, nodes=8))
    assert len(whole) == 6
    for seed in range(20):
        assert starts(run(*contents, script=go, nodes=8, loss=0.2, seed=seed)) == whole


def test_a_cue_held_and_stopped_by_hand_is_so_on_every_node_at_the_same_place() -> None:
    """A list of cues on two nodes: held, let go on, stopped; with messages lost, too."""
    held = cues("l", audio("a", 9000, "g"), elsewhere("b", 9000))
    words = (PauseCue, ResumeCue, StopCue)
    said = [step(2000 + 1000 * n, word(CueId("l"))) for n, word in enumerate(words)]
    script = (step(1000, PressGo()), *said)

    def done(loss: float, seed: int) -> set[tuple[str, CueId | None, int]]:
        rehearsal = run(held, script=script, loss=loss, seed=seed)
        return {
            (entry.verb.value, entry.cue, entry.position - entry.elapsed)
            for entry in rehearsal.entries
            if entry.verb in (Verb.HOLDS, Verb.GOES_ON, Verb.STOPS)
        }

    whole = done(0.0, 0)
    at = [from_ms(ms) for ms in (2080, 2080, 4080)]  # it goes on at 3080, from 1000 ms in
    assert whole == {
        (verb, CueId(cue), where)
        for cue in "ab"
        for verb, where in zip(("holds", "goes on", "stops"), at, strict=True)
    }
    for seed in range(5):  # late where a message was lost, but from the same place of each body
        lost = done(0.2, seed)
        assert {entry[:2] for entry in lost} == {entry[:2] for entry in whole}
        assert {entry for entry in lost if entry[0] == "goes on"} <= whole


def test_while_all_replicas_agree_looking_at_every_node_changes_nothing() -> None:
    contents: list[AnyCue] = [
        audio("a", 3000, "g", wait=700),
        fade("f", "a", 20, 900, "e", wait=50),
        elsewhere("b", 2500, "e"),
        cues("l", audio("c", 400, "e"), elsewhere("d", 300, "e"), loop=3),
    ]
    quick = run(*contents, nodes=3)
    sure = run(*contents, nodes=3, loss=1e-12)  # loses nothing, yet every node is looked at
    assert [t for t in lines(sure) if "node" not in t] == lines(quick)


# ---- timecode fails


def test_a_short_drop_out_of_timecode_changes_no_start() -> None:
    contents: list[AnyCue] = [audio(f"a{n}", 700, "e") for n in range(8)]
    go = (step(0, PressGo()),)
    whole = run(*contents, script=go, drop_outs=(DropOut(60_000_000_000, 1_000_000_000),))
    torn = run(*contents, script=go, drop_outs=(DropOut(1_000_000_000, 1_000_000_000),))
    assert starts(whole) == starts(torn)
    assert len(starts(torn)) == 8


def test_while_timecode_is_lost_nothing_new_fires_and_it_is_joined_afterwards() -> None:
    rehearsal = run(
        audio("a", 3500, "e"),
        audio("b", 9000),
        script=(step(0, PressGo()),),
        drop_outs=(DropOut(1_000_000_000, 4_000_000_000),),
    )
    texts = [line(entry) for entry in rehearsal.entries if entry.verb is Verb.TIMECODE]
    assert [text.split()[-1] for text in texts] == ["freewheeling", "lost", "locking", "locked"]
    late = [entry for entry in rehearsal.entries if entry.verb is Verb.STARTS][-1]
    assert late.cue == "b"
    assert late.at_ns > 5_000_000_000
    assert late.elapsed == late.position - from_ms(4500)


# ---- ends, and being the same twice


def test_until_ends_it_and_says_what_goes_on() -> None:
    rehearsal = rehearse(show(audio("a", 9000)), Setup(), press_go=True, until_ns=2_000_000_000)
    assert rehearsal.end_ns == 2_000_000_000
    assert "still going on at the end: a" in to_text(report_on(show(audio("a", 9000)), rehearsal))


def test_a_show_that_goes_on_for_ever_is_left() -> None:
    endless = show(cues("l", audio("a", 100, "e"), loop=0))
    rehearsal = rehearse(endless, Setup(), press_go=True, most_moments=500)
    assert rehearsal.cut == "still going on after 500 moments"


@pytest.mark.parametrize(
    "setup",
    [
        Setup(nodes=3, loss=0.3, seed=4),
        Setup(nodes=2),
        Setup(drop_outs=(DropOut(500_000_000, 2_500_000_000),)),
    ],
)
def test_two_runs_are_the_same_to_the_byte(setup: Setup) -> None:
    running = show(audio("a", 3000, "e"), elsewhere("b", 500), cues("l", audio("c"), loop=3))
    first, second = (report_on(running, rehearse(running, setup, press_go=True)) for _ in range(2))
    assert to_text(first) == to_text(second)
    assert to_json(first) == to_json(second)
    assert to_svg(first, setup.drop_outs) == to_svg(second, setup.drop_outs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(running=shows().filter(lambda running: not problems(running)))
def test_any_valid_show_comes_to_an_end_and_can_be_told_and_drawn(running: Show) -> None:
    rehearsal = rehearse(running, Setup(), press_go=True, most_moments=2000)
    report = report_on(running, rehearsal)
    assert to_text(report).endswith("\n")
    assert to_json(report).startswith("{")
    assert to_svg(report).endswith("</svg>\n")


def test_a_go_in_the_moments_after_stop_waits_for_the_line_to_have_begun_anew() -> None:
    """News of that goes by the bus, where a loss costs 200 ms; the GO goes by lane X."""
    script = (step(0, PressGo()), step(9000, PressStop()), step(9060, PressGo()))
    runs = [
        lines(run(audio("a", 8000), audio("b"), script=script, loss=0.2, seed=seed, nodes=2))
        for seed in range(12)
    ]
    fired = [said for said in runs if not any("refused not armed" in text for text in said)]
    assert len(fired) > 5
    for said in fired:
        assert [text.partition(" ")[2] for text in said].count("starts a") == 2, said


def test_the_demo_show_starts_alike_on_eight_nodes_when_the_network_loses_a_fifth() -> None:
    demo = demo_show(NodeId(NODE))

    def starts(**setup: Any) -> list[tuple[int, CueId | None, int, int]]:
        entries = rehearse(demo, Setup(nodes=8, **setup), press_go=True).entries
        return [
            (entry.position, entry.cue, entry.elapsed, entry.late)
            for entry in entries
            if entry.verb is Verb.STARTS
        ]

    good = starts()
    assert len(good) == 7
    for seed in range(3):
        assert starts(loss=0.2, seed=seed) == good
