"""Whole performances of the sequencer, as the list of what happens when (ms on the line)."""

import itertools

from cuems.core.chains import ChainTiming, Scope
from cuems.core.cues import Action, AnyCue, CueId
from cuems.core.effects import (
    ActionDone,
    Arm,
    ArmedChanged,
    CueEnded,
    CueFailed,
    CueProgress,
    CueReset,
    CueStarted,
    Disarm,
    Effect,
    Freeze,
    GoRefused,
    Relocate,
    SetLevel,
    ShowStopped,
    StandbyChanged,
    Start,
    Stop,
    Unfreeze,
)
from cuems.core.events import (
    Advance,
    CueArmed,
    CueBroken,
    Event,
    Go,
    LineFound,
    LineLost,
    LoadToTime,
    Locate,
    Panic,
    Pause,
    Resume,
    SetEnabled,
    SetNextCue,
    StopAll,
)
from cuems.core.sequencer import OnLocate, Options, Sequencer
from cuems.core.timecode import from_ms, to_ms
from cuems.sim.show import Happening, simulate
from tests.build import action, audio, cues, fade, order

PLAYING = (Start, Stop, Relocate, Freeze, Unfreeze)


def say(effect: Effect) -> str:
    match effect:
        case Start(cue=cue, elapsed=elapsed, late=late):
            return f"start {cue}{_plus(elapsed)}{' late' if late else ''}"
        case Relocate(cue=cue, elapsed=elapsed):
            return f"relocate {cue} +{to_ms(elapsed)}"
        case Unfreeze(cue=cue, elapsed=elapsed):
            return f"unfreeze {cue} +{to_ms(elapsed)}"
        case Stop(cue) | Freeze(cue) | Arm(cue=cue) | Disarm(cue):
            return f"{type(effect).__name__.lower()} {cue}"
        case StandbyChanged(cue):
            return f"standby {cue}"
        case CueStarted(cue) | CueEnded(cue):
            return f"{type(effect).__name__} {cue}"
        case ActionDone(cue=cue, outcome=outcome, reason=reason):
            return f"{cue} {outcome}{': ' + reason if reason else ''}"
        case GoRefused(run_seq, reason):
            return f"refused {run_seq}: {reason}"
        case _:
            return repr(effect)


def _plus(elapsed: int) -> str:
    return f" +{to_ms(elapsed)}" if elapsed else ""


def go(cue: str, at_ms: int, run_seq: int = 1, into_ms: int = 0) -> tuple[int, Event]:
    event = Go(run_seq=run_seq, cue=CueId(cue), at=from_ms(at_ms), into=from_ms(into_ms))
    return from_ms(at_ms), event


def at(ms: int, event: Event) -> tuple[int, Event]:
    return from_ms(ms), event


def perform(
    contents: list[AnyCue],
    *script: tuple[int, Event],
    until_ms: int = 60_000,
    options: Options | None = None,
) -> list[Happening]:
    running_order = order(*contents)
    everything = frozenset(running_order)
    sequencer = Sequencer(running_order, Scope(everything, everything), options)
    return simulate(sequencer, [(0, LineFound(0)), *script], from_ms(until_ms))


def played(happenings: list[Happening], *kinds: type[Effect]) -> list[str]:
    """`ms verb` of what concerns the players, or of the kinds given."""
    return [
        f"{to_ms(h.at)} {say(h.effect)}"
        for h in happenings
        if isinstance(h.effect, kinds or PLAYING)
    ]


def test_a_cue_plays_for_the_length_of_its_media() -> None:
    assert played(perform([audio("a", 1500)], go("a", 1000))) == ["1000 start a", "2500 stop a"]


def test_starts_and_ends_want_their_very_moment_and_percentages_do_not() -> None:
    running_order = order(audio("a", 600))
    everything = frozenset(running_order)
    sequencer = Sequencer(running_order, Scope(everything, everything))
    for event in (LineFound(0), Go(run_seq=1, cue=CueId("a"), at=from_ms(1000))):
        sequencer.handle(event)
    exact = []
    while (due := sequencer.next_due()) is not None:
        exact.append((to_ms(due), sequencer.next_is_exact))
        sequencer.handle(Advance(due))
    assert exact[:4] == [(1000, True), (1250, False), (1500, False), (1600, True)]


def test_auto_continue_counts_from_the_start_and_auto_follow_from_the_end() -> None:
    log = perform(
        [
            audio("a", 1000, "g", pre=100, wait=50),
            audio("b", 1000, "e", pre=10, wait=500),
            audio("c", 1000),
        ],
        go("a", 0),
    )
    assert played(log) == [
        "100 start a",
        "160 start b",
        "1100 stop a",
        "1160 stop b",
        "1660 start c",
        "2660 stop c",
    ]


def test_shared_chain_timing_counts_every_pre_wait_from_the_go() -> None:
    log = perform(
        [audio("a", 1000, "g", pre=100, wait=50), audio("b", 1000, pre=300)],
        go("a", 0),
        options=Options(chain_timing=ChainTiming.SHARED),
    )
    assert played(log, Start) == ["100 start a", "300 start b"]


def test_one_go_starts_a_cue_once_however_often_it_arrives() -> None:
    log = perform([audio("a", 1000)], go("a", 0, 7), go("a", 100, 7))
    assert played(log) == ["0 start a", "1000 stop a"]


def test_a_chain_that_comes_to_a_cue_its_go_has_started_already_passes_it_over() -> None:
    log = perform([action("x", Action.PLAY, "a", "g", wait=100), audio("a", 1000)], go("x", 0))
    assert played(log) == ["0 start a", "1000 stop a"]


def test_another_go_restarts_a_cue_without_stopping_its_player() -> None:
    log = perform([audio("a", 1000)], go("a", 0, 1), go("a", 400, 2))
    assert played(log) == ["0 start a", "400 relocate a +0", "1400 stop a"]


def test_loops_are_exact_after_ten_thousand_iterations() -> None:
    log = perform([audio("a", 1001, loop=10_000)], go("a", 3), until_ms=20_000_000)
    assert played(log) == ["3 start a", "10010003 stop a"]


def test_ten_thousand_iterations_of_a_list_are_exact() -> None:
    log = perform(
        [cues("bed", audio("a", 333, "e"), audio("b", 7), loop=10_000), audio("z", 1)],
        go("bed", 3),
        until_ms=4_000_000,
    )
    starts = [h for h in log if isinstance(h.effect, CueStarted) and h.effect.cue == "b"]
    assert len(starts) == 10_000
    assert starts[-1].at == from_ms(3 + 9_999 * 340 + 333)
    assert played(log, CueEnded)[-1] == f"{3 + 10_000 * 340} CueEnded bed"


def test_a_roll_of_25_hours_is_exact() -> None:
    day_ms = 24 * 3_600_000
    log = perform(
        [audio("a", 25 * 3_600_000, "e"), audio("b", 1000), audio("t", pre=day_ms, timecode=True)],
        go("a", 1),
        until_ms=26 * 3_600_000,
    )
    assert played(log) == [
        "1 start a",
        f"{day_ms} start t",
        f"{day_ms + 1000} stop t",
        "90000001 stop a",
        "90000001 start b",
        "90001001 stop b",
    ]


def test_a_cue_that_loops_for_ever_is_released_by_a_devamp() -> None:
    log = perform(
        [audio("a", 1000, "g", loop=0, wait=2300), action("out", Action.DEVAMP, "a")],
        go("a", 0),
    )
    assert played(log) == ["0 start a", "3000 stop a"]


def test_a_late_go_joins_in_progress_and_says_so() -> None:
    late = Go(run_seq=1, cue=CueId("a"), at=from_ms(1000), deadline=from_ms(2000))
    assert played(perform([audio("a", 5000)], at(1084, late))) == [
        "1084 start a +84 late",
        "6000 stop a",
    ]


def test_a_go_after_its_deadline_is_refused() -> None:
    stale = Go(run_seq=1, cue=CueId("a"), at=from_ms(1000), deadline=from_ms(2000))
    log = perform([audio("a", 5000)], at(2500, stale))
    assert played(log, GoRefused, Start) == ["2500 refused 1: too late by 500 ms"]


def test_a_locate_joins_what_covers_the_new_position_and_skips_what_is_past() -> None:
    chain: list[AnyCue] = [audio("a", 1000, "e"), audio("b", 1000, "e"), audio("c", 1000)]
    log = perform(chain, go("a", 0), at(500, Locate(from_ms(2300))), until_ms=500)
    assert played(log) == ["0 start a", "500 stop a", "500 start c +300"]


def test_a_locate_back_makes_due_again_what_lies_ahead() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000)], go("a", 1000), at(2500, Locate(from_ms(500)))
    )
    assert played(log) == [
        "1000 start a",
        "2000 stop a",
        "2000 start b",
        "2500 stop b",
        "3000 start a",
        "4000 stop a",
        "4000 start b",
        "5000 stop b",
    ]


def test_a_trigger_list_runs_on_through_a_locate() -> None:
    log = perform(
        [audio("a", 1000)],
        go("a", 0),
        at(500, Locate(from_ms(9000))),
        options=Options(on_locate=OnLocate.TRIGGER),
    )
    assert played(log) == ["0 start a", "1000 stop a"]


def test_nothing_fires_while_timecode_is_lost_and_what_was_missed_is_joined() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 5000)],
        go("a", 0),
        at(900, LineLost()),
        at(3000, LineFound(from_ms(3000))),
    )
    assert played(log) == ["0 start a", "3000 stop a", "3000 start b +2000", "6000 stop b"]


def test_a_go_in_a_lost_chase_is_refused() -> None:
    log = perform([audio("a")], at(100, LineLost()), go("a", 200))
    assert played(log, GoRefused) == ["200 refused 1: timecode is lost"]


def test_pause_holds_players_and_waits_and_resume_goes_on_from_there() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000)],
        go("a", 0),
        at(400, Pause()),
        at(7400, Resume()),
    )
    assert played(log) == [
        "0 start a",
        "400 freeze a",
        "7400 unfreeze a +400",
        "8000 stop a",
        "8000 start b",
        "9000 stop b",
    ]


def test_a_go_while_paused_is_refused() -> None:
    log = perform([audio("a")], at(100, Pause()), go("a", 100))
    assert played(log, GoRefused) == ["100 refused 1: the show is paused: resume first"]


def test_pausing_one_cue_makes_only_that_cue_later() -> None:
    log = perform(
        [
            audio("a", 1000, "g"),
            audio("b", 1000, "g"),
            action("hold", Action.PAUSE, "a", "g", pre=200),
            action("on", Action.RESUME, "a", pre=300),
        ],
        go("a", 0),
    )
    assert played(log) == [
        "0 start a",
        "0 start b",
        "200 freeze a",
        "500 unfreeze a +200",
        "1000 stop b",
        "1300 stop a",
    ]


def test_stop_silences_everything_and_stands_by_at_the_top() -> None:
    log = perform(
        [audio("a", 9000, "g"), audio("b", 9000), audio("c")], go("a", 0), at(5, StopAll())
    )
    assert played(log, Stop, StandbyChanged, ShowStopped)[-4:] == [
        "5 stop a",
        "5 stop b",
        "5 ShowStopped()",
        "5 standby a",
    ]


def test_stop_is_obeyed_in_every_state() -> None:
    assert played(perform([audio("a")], at(5, StopAll()), at(5, StopAll())), Stop) == []


def test_panic_fades_out_then_stops_and_a_second_one_stops_now() -> None:
    slow = perform([audio("a", 9000)], go("a", 0), at(1000, Panic()))
    assert played(slow, Stop) == ["3000 stop a"]
    levels = [h.effect.value for h in slow if isinstance(h.effect, SetLevel)]
    assert levels[0] == 1.0
    assert levels == sorted(levels, reverse=True)
    fast = perform([audio("a", 9000)], go("a", 0), at(1000, Panic()), at(1100, Panic()))
    assert played(fast, Stop) == ["1100 stop a"]


def test_a_fade_takes_over_from_the_current_value_and_ends_on_its_target() -> None:
    log = perform(
        [
            audio("a", 9000, "g"),
            fade("down", "a", 0, 1000, "g", wait=500),
            fade("up", "a", 100, 500),
        ],
        go("a", 0),
    )
    levels = [(to_ms(h.at), h.effect.value) for h in log if isinstance(h.effect, SetLevel)]
    assert levels[0] == (0, 1.0)
    assert (500, 0.5) in levels
    assert levels[-1] == (1000, 1.0)
    assert min(value for _, value in levels) == 0.5


def test_fade_values_come_at_most_every_20_ms() -> None:
    log = perform([audio("a", 9000, "g"), fade("down", "a", 0, 1000)], go("a", 0))
    moments = [to_ms(h.at) for h in log if isinstance(h.effect, SetLevel)]
    assert all(later - sooner >= 20 for sooner, later in itertools.pairwise(moments))


def test_a_broken_cue_does_not_break_the_chain() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000)],
        at(0, CueBroken(CueId("a"), "file missing")),
        go("a", 0),
    )
    assert played(log, CueFailed, Start) == [
        "0 CueFailed(cue='a', reason='file missing')",
        "0 start a",
        "1000 start b",
    ]


def test_a_list_starts_its_cues_and_lasts_until_the_last_has_ended() -> None:
    log = perform(
        [cues("list", audio("a", 1000, "e"), audio("b", 1000), post="e", wait=500), audio("z", 10)],
        go("list", 0),
    )
    assert played(log, Start, CueEnded) == [
        "0 start a",
        "1000 CueEnded a",
        "1000 start b",
        "2000 CueEnded b",
        "2500 CueEnded list",
        "2500 start z",
        "2510 CueEnded z",
    ]


def test_a_list_waits_for_the_go_of_its_paused_cues() -> None:
    log = perform(
        [cues("list", audio("a", 1000), audio("b", 1000)), audio("z", 10)],
        go("list", 0, 1),
        go("b", 5000, 2),
    )
    assert played(log, CueEnded) == ["1000 CueEnded a", "6000 CueEnded b", "6000 CueEnded list"]


def test_a_list_loops_and_then_hands_over() -> None:
    log = perform(
        [cues("list", audio("a", 1000, "e"), audio("b", 500, "e"), loop=2), audio("z", 10)],
        go("list", 0),
    )
    assert played(log, Start) == [
        "0 start a",
        "1000 start b",
        "1500 start a",
        "2500 start b",
        "3000 start z",
    ]


def test_what_follows_a_list_starts_once_though_list_and_last_cue_both_lead_there() -> None:
    log = perform(
        [cues("list", audio("a", 1000, "e"), post="e", wait=300), audio("z", 10)], go("list", 0)
    )
    assert played(log, Start) == ["0 start a", "1000 start z"]


def test_a_circle_without_time_ends_instead_of_hanging() -> None:
    log = perform(
        [
            audio("a", 0, "g"),
            audio("b", 0, "g", target="a"),
        ],
        go("a", 0),
    )
    assert len(played(log, CueEnded)) == 2


def test_a_circle_that_takes_time_goes_round() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000, "e", target="a")], go("a", 0), until_ms=3500
    )
    assert played(log, Start) == ["0 start a", "1000 start b", "2000 start a", "3000 start b"]


def test_actions_say_what_became_of_them() -> None:
    log = perform(
        [
            audio("a", 100),
            audio("off", enabled=False),
            action("1", Action.STOP, "a", "g"),
            action("2", Action.PLAY, "ghost", "g"),
            action("3", Action.PLAY, "off", "g"),
            action("4", Action.DISABLE, "a", "g"),
            action("5", Action.DISABLE, "a", "g"),
            action("6", Action.RESUME_PROJECT, None, "g"),
            action("7", Action.FADE_ACTION, "a", "g"),
            fade("8", "a", 0, 10),
        ],
        go("1", 0),
    )
    assert played(log, ActionDone) == [
        "0 1 applied_no_change: not running",
        "0 2 rejected: no cue 'ghost' in the show",
        "0 3 failed: the target is disabled",
        "0 4 applied",
        "0 5 applied_no_change: already disabled",
        "0 6 applied_no_change: the show is not paused: a paused line fires no cue",
        "0 7 rejected: fade_action needs no target, or is a fade cue's",
        "0 8 rejected: the target is not running",
    ]


def test_a_play_action_starts_its_target_and_a_stop_action_its_end() -> None:
    log = perform(
        [
            action("play", Action.PLAY, "bed", "g", wait=700),
            action("stop", Action.STOP, "bed"),
            audio("bed", 9000, "e"),
            audio("after", 10),
        ],
        go("play", 0),
    )
    assert played(log) == ["0 start bed", "700 stop bed"]


def test_fade_out_stops_its_target_when_it_is_silent() -> None:
    log = perform(
        [audio("bed", 9000, "g", wait=1000), action("out", Action.FADE_OUT, "bed")], go("bed", 0)
    )
    assert played(log) == ["0 start bed", "3000 stop bed"]
    assert [h.effect.value for h in log if isinstance(h.effect, SetLevel)][-1] == 0.0


def test_fade_in_plays_its_target_up_from_silence() -> None:
    log = perform([action("in", Action.FADE_IN, "bed"), audio("bed", 9000)], go("in", 0))
    levels = [h.effect.value for h in log if isinstance(h.effect, SetLevel)]
    assert levels[0] == 0.0
    assert levels == sorted(levels)
    assert levels[-1] == 1.0


def test_go_to_moves_the_pointer() -> None:
    log = perform([action("jump", Action.GO_TO, "c"), audio("b"), audio("c")], go("jump", 0))
    assert played(log, StandbyChanged)[-1] == "0 standby c"


def test_pause_project_holds_the_line_at_the_moment_of_the_action() -> None:
    log = perform(
        [audio("a", 9000, "g", wait=500), action("hold", Action.PAUSE_PROJECT)], go("a", 0)
    )
    assert played(log) == ["0 start a", "500 freeze a"]


def test_what_cannot_hold_the_line_refuses_pause_project_and_plays_on() -> None:
    log = perform(
        [
            audio("a", 9000, "g", wait=500),
            action("hold", Action.PAUSE_PROJECT, None, "g"),
            audio("b"),
        ],
        go("a", 0),
        options=Options(own_line=False),
    )
    assert played(log) == ["0 start a", "500 start b", "1500 stop b", "9000 stop a"]
    reasons = [h.effect.reason for h in log if isinstance(h.effect, ActionDone)]
    assert reasons == ["timecode comes from outside: stop it there"]


def test_a_timecode_cue_starts_at_its_address_and_not_by_go() -> None:
    log = perform([audio("a"), audio("tc", 1000, pre=5000, timecode=True), audio("b")])
    assert played(log) == ["5000 start tc", "6000 stop tc"]


def test_load_to_time_starts_in_the_middle_of_the_chain() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000)], go("a", 10_000, into_ms=1300), until_ms=11_000
    )
    assert played(log) == ["10000 start b +300", "10700 stop b"]


def test_load_to_time_arms_the_cue_that_will_sound_first_where_it_will_sound() -> None:
    log = perform([audio("a", 1000, "e"), audio("b", 1000)], at(0, LoadToTime(from_ms(1300))))
    rearmed = [h.effect for h in log if isinstance(h.effect, Arm)][-1]
    assert rearmed == Arm(cue=CueId("b"), elapsed=from_ms(300))


def test_disabling_the_standby_cue_passes_the_standby_on() -> None:
    log = perform([audio("a"), audio("b")], at(0, SetEnabled(CueId("a"), False)))
    assert played(log, StandbyChanged)[-1] == "0 standby b"


def test_a_cue_disabled_on_the_way_is_passed_over() -> None:
    log = perform(
        [audio("a", 1000, "e"), audio("b", 1000), audio("c", 1000)],
        go("a", 0),
        at(500, SetEnabled(CueId("b"), False)),
    )
    assert played(log, Start) == ["0 start a", "1000 start c"]


def test_two_more_stops_than_the_standby_are_armed_ahead() -> None:
    log = perform([audio(name) for name in "abcde"])
    assert played(log, Arm) == ["0 arm a", "0 arm b", "0 arm c"]
    moved = perform([audio(name) for name in "abcde"], at(10, SetNextCue(CueId("d"))))
    assert played(moved, Arm, Disarm)[3:] == [
        "10 disarm a",
        "10 disarm b",
        "10 disarm c",
        "10 arm d",
        "10 arm e",
    ]


def test_armed_means_that_the_standby_chain_has_proved_it_and_timecode_is_trusted() -> None:
    running_order = order(audio("a", 1000, "g"), audio("b"), audio("c"))
    everything = frozenset(running_order)
    sequencer = Sequencer(running_order, Scope(everything, everything))
    assert ArmedChanged(False, (CueId("a"), CueId("b"))) in sequencer.begin()
    assert sequencer.handle(LineFound(0)) == ()
    assert ArmedChanged(False, (CueId("b"),)) in sequencer.handle(CueArmed(CueId("a")))
    assert ArmedChanged(True) in sequencer.handle(CueArmed(CueId("b")))
    assert ArmedChanged(False) in sequencer.handle(LineLost())


def test_a_stop_is_always_followed_by_whether_the_show_is_armed() -> None:
    log = perform([audio("a")], at(0, StopAll()), at(100, StopAll()))
    armed = [to_ms(h.at) for h in log if isinstance(h.effect, ArmedChanged) and h.effect.armed]
    assert armed == [0, 0, 100]


def test_a_cue_whose_player_broke_while_it_played_can_be_played_again() -> None:
    log = perform(
        [audio("a", 9000)],
        go("a", 0),
        at(100, CueBroken(CueId("a"), "it crashed")),
        go("a", 500, 2),
    )
    assert played(log) == ["0 start a", "500 start a", "9500 stop a"]


def test_another_machine_knows_every_start_and_asks_for_none() -> None:
    running_order = order(audio("a", 1000, "e"), audio("b", 1000))
    sequencer = Sequencer(running_order, Scope(frozenset(), frozenset()))
    log = simulate(sequencer, [(0, LineFound(0)), go("a", 0)], from_ms(5000))
    assert [say(h.effect) for h in log if not isinstance(h.effect, ArmedChanged)] == [
        "standby a",
        "standby None",
    ]


def test_a_cue_held_in_its_pre_wait_starts_that_much_later() -> None:
    log = perform(
        [
            audio("a", 1000, "g", pre=1000),
            action("hold", Action.PAUSE, "a", "g", wait=5000),
            action("on", Action.RESUME, "a"),
        ],
        go("a", 0),
        go("hold", 400, 2),
    )
    assert played(log) == ["6000 start a", "7000 stop a"]


def test_a_cue_held_in_its_post_wait_is_over_that_much_later() -> None:
    log = perform(
        [
            audio("a", 1000, "e", wait=1000),
            audio("b", 10),
            action("hold", Action.PAUSE, "a", "g", wait=5000),
            action("on", Action.RESUME, "a"),
        ],
        go("a", 0),
        go("hold", 1400, 2),
    )
    assert played(log, Start, CueEnded)[-3:] == [
        "7000 CueEnded a",
        "7000 start b",
        "7010 CueEnded b",
    ]


def held_from_500_to_3500() -> list[AnyCue]:
    return [
        audio("a", 9000, "g", wait=500),
        action("hold", Action.PAUSE, "a", "g", wait=3000),
        action("on", Action.RESUME, "a"),
    ]


def test_a_cue_that_a_locate_finds_held_goes_on_when_it_is_let_go() -> None:
    log = perform(
        held_from_500_to_3500(), go("a", 0), at(100, Locate(from_ms(2000))), until_ms=4000
    )
    assert played(log) == [
        "0 start a",
        "100 relocate a +500",
        "100 freeze a",
        "1600 unfreeze a +500",
    ]


def test_a_locate_to_before_a_cue_was_held_lets_it_go_on() -> None:
    log = perform(held_from_500_to_3500(), go("a", 0), at(700, Locate(from_ms(200))), until_ms=800)
    assert played(log) == [
        "0 start a",
        "500 freeze a",
        "700 relocate a +200",
        "700 unfreeze a +200",
    ]


def test_a_cue_joined_while_held_starts_when_it_is_let_go() -> None:
    middle = Go(run_seq=1, cue=CueId("a"), at=0, into=from_ms(2000))
    assert played(perform(held_from_500_to_3500(), at(0, middle), until_ms=4000)) == [
        "1500 start a +500"
    ]


def test_what_does_not_loop_is_not_devamped() -> None:
    log = perform(
        [
            audio("once", 5000, "g"),
            audio("twice", 2000, loop=2),
            audio("later", 1000, loop=0, pre=9000),
            action("1", Action.DEVAMP, "once", "g"),
            action("2", Action.DEVAMP, "later", "g"),
            action("3", Action.DEVAMP, "idle", "g"),
            action("4", Action.DEVAMP, "twice", pre=2500),
            audio("idle"),
        ],
        go("once", 0),
        go("later", 10, 2),
        go("1", 20, 3),
        until_ms=8000,
    )
    assert [line.split(" ", 1)[1] for line in played(log, ActionDone)] == [
        f"{number} applied_no_change: not looping" for number in (1, 2, 3, 4)
    ]


def test_a_devamp_of_a_held_loop_lets_it_end_after_it_goes_on() -> None:
    log = perform(
        [
            audio("a", 1000, "g", loop=0, wait=1500),
            action("hold", Action.PAUSE, "a", "g", wait=2000),
            action("out", Action.DEVAMP, "a", "g", wait=2000),
            action("on", Action.RESUME, "a"),
        ],
        go("a", 0),
    )
    assert played(log) == ["0 start a", "1500 freeze a", "5500 unfreeze a +1500", "6000 stop a"]


def test_a_list_that_plays_once_is_not_devamped_again() -> None:
    log = perform(
        [cues("bed", audio("a", 1000), loop=0), action("out", Action.DEVAMP, "bed", pre=300)],
        go("bed", 0),
        go("out", 100, 2),
        go("out", 200, 3),
    )
    assert played(log, ActionDone) == ["500 out applied"]
    assert played(log) == ["0 start a", "1000 stop a"]


def test_a_pause_holds_again_what_was_held_already() -> None:
    log = perform(
        [audio("a", 9000, "g"), action("hold", Action.PAUSE, "a", pre=100)],
        go("a", 0),
        at(200, Pause()),
        at(300, Pause()),
        at(400, Resume()),
        at(500, Resume()),
        until_ms=600,
    )
    assert played(log) == ["0 start a", "100 freeze a"]


def test_a_go_that_came_long_ago_is_forgotten_but_not_its_neighbours() -> None:
    sequencer = Sequencer(order(audio("a", 1)), Scope(frozenset(), frozenset({CueId("a")})))
    sequencer.handle(LineFound(0))

    def turns(run_seq: int) -> int:
        effects = sequencer.handle(Go(run_seq=run_seq, cue=CueId("a"), at=0))
        return sum(isinstance(effect, CueStarted) for effect in effects)

    assert sum(turns(run_seq) for run_seq in range(2000)) == 2000
    assert sum(turns(run_seq) for run_seq in range(1000, 2000)) == 0


def test_commands_about_cues_of_another_show_are_passed_over() -> None:
    ghost = CueId("ghost")
    log = perform(
        [audio("a")],
        at(0, SetNextCue(ghost)),
        at(0, SetEnabled(ghost, False)),
        at(0, CueArmed(ghost)),
        at(0, CueBroken(ghost, "never heard of")),
        go("ghost", 0),
    )
    assert played(log, StandbyChanged, CueFailed, GoRefused) == [
        "0 standby a",
        "0 refused 1: no cue 'ghost' in the loaded show",
    ]


def test_a_go_before_timecode_was_ever_found_is_refused() -> None:
    sequencer = Sequencer(order(audio("a")), Scope(frozenset(), frozenset()))
    sequencer.begin()
    refused = sequencer.handle(Go(run_seq=1, cue=CueId("a"), at=0))
    assert refused == (GoRefused(1, "no timecode yet"),)
    assert sequencer.next_due() is None
    assert sequencer.handle(Advance(5)) == ()


def test_a_line_that_runs_backwards_fires_nothing() -> None:
    log = perform([audio("a", 1000), audio("b")], go("a", 0), at(500, Advance(0)), until_ms=600)
    assert played(log) == ["0 start a"]


def test_percentages_come_at_most_four_times_a_second_and_never_fall() -> None:
    log = perform([audio("a", 2000)], go("a", 0))
    told = [(to_ms(h.at), h.effect.percent) for h in log if isinstance(h.effect, CueProgress)]
    assert told == [(250 * n, int(12.5 * n)) for n in range(1, 8)]


def test_a_long_cue_tells_each_percent_once() -> None:
    log = perform([audio("a", 200_000)], go("a", 0), until_ms=200_000)
    told = [h.effect.percent for h in log if isinstance(h.effect, CueProgress)]
    assert told == list(range(2, 100))


def test_how_far_into_the_chain_the_next_go_starts_is_forgotten_with_the_standby() -> None:
    sequencer = Sequencer(order(audio("a"), audio("b")), Scope(frozenset(), frozenset()))
    sequencer.begin()
    sequencer.handle(LineFound(0))
    sequencer.handle(LoadToTime(700))
    assert sequencer.into == 700
    sequencer.handle(SetEnabled(CueId("a"), False))
    assert sequencer.into == 0
    sequencer.handle(LoadToTime(-5))
    assert sequencer.into == 0


def test_a_cue_that_takes_over_its_own_player_starts_at_its_authored_level() -> None:
    log = perform([audio("a", 9000, "g"), fade("down", "a", 20, 100)], go("a", 0), go("a", 500, 2))
    after = [
        say(h.effect)
        for h in log
        if h.at >= from_ms(500) and isinstance(h.effect, (SetLevel, Relocate))
    ]
    assert after[:2] == ["SetLevel(cue='a', parameter=<Parameter.VOLUME: 'volume'>, value=1.0)",
                         "relocate a +0"]  # fmt: skip


def test_a_play_action_fires_from_a_list_of_its_own_timing() -> None:
    log = perform(
        [
            action("x", Action.PLAY, "act", pre=100),
            cues("act", audio("a", 500, "e"), audio("b", 500), pre=50),
        ],
        go("x", 0),
    )
    assert played(log, Start) == ["150 start a", "650 start b"]


def test_a_broken_cue_that_is_mended_while_it_runs_is_told_of_anew() -> None:
    log = perform(
        [audio("a", 1000)],
        go("a", 0),
        at(100, CueBroken(CueId("a"), "player died")),
        at(200, CueArmed(CueId("a"))),
    )
    assert played(log, CueFailed, CueReset, CueEnded) == [
        "100 CueFailed(cue='a', reason='player died')",
        "200 CueReset(cue='a')",
    ]


def test_a_held_cue_that_a_jump_stops_and_starts_again_starts_afresh() -> None:
    """A panic on a paused line ends with the jump; the timecode cue there is due at once."""
    running = order(audio("a", 50, timecode=True))
    sequencer = Sequencer(running, Scope(frozenset(running), frozenset(running)))
    sequencer.begin()
    for event in (LineFound(0), CueArmed(CueId("a")), Panic(), Pause()):
        sequencer.handle(event)
    said = [say(e) for e in sequencer.handle(Locate(0)) if isinstance(e, Arm | Start | Stop)]
    assert said == ["stop a", "arm a", "start a"]


def test_stop_before_timecode_was_ever_found_is_obeyed() -> None:
    sequencer = Sequencer(order(audio("a")), Scope(frozenset(), frozenset()))
    assert ShowStopped() in sequencer.handle(StopAll())


def test_a_locate_past_a_resume_lets_the_cue_go_on() -> None:
    log = perform(held_from_500_to_3500(), go("a", 0), at(700, Locate(from_ms(5000))), until_ms=800)
    assert played(log) == [
        "0 start a",
        "500 freeze a",
        "700 relocate a +2000",
        "700 unfreeze a +2000",
    ]


def test_a_held_cue_of_a_trigger_list_stays_where_it_is_through_a_locate() -> None:
    log = perform(
        held_from_500_to_3500(),
        go("a", 0),
        at(700, Locate(from_ms(60_000))),
        until_ms=4000,
        options=Options(on_locate=OnLocate.TRIGGER),
    )
    assert played(log) == ["0 start a", "500 freeze a", "3500 unfreeze a +500"]


def test_a_locate_within_a_cue_while_paused_moves_its_held_frame() -> None:
    log = perform(
        [audio("a", 9000)],
        go("a", 0),
        at(500, Pause()),
        at(600, Locate(from_ms(3000))),
        at(700, Resume()),
        until_ms=800,
    )
    assert played(log)[2:] == ["600 relocate a +3000", "700 unfreeze a +3000"]


def test_timecode_cues_that_a_locate_leaves_behind_do_not_come_twice() -> None:
    log = perform(
        [audio("t", 100, pre=5000, timecode=True), audio("u", 100, pre=7000, timecode=True)],
        at(0, Locate(from_ms(6000))),
        at(100, Locate(from_ms(4000))),
        until_ms=5000,
    )
    assert played(log, Start) == ["1100 start t", "3100 start u"]
