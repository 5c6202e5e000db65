"""The scenes of tests/shows/core: one per feature of show.md and interop.md 6.4 to 6.7."""

from cuems.core.chains import ChainTiming
from cuems.core.cues import Action, CueId, FadeDirection
from cuems.core.events import (
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
from cuems.core.sequencer import OnLocate, Options
from cuems.core.timecode import from_ms
from tests.build import action, audio, cues, fade, video
from tests.core.golden import Scene
from tests.core.random_shows import profile

SHARED = Options(chain_timing=ChainTiming.SHARED)
TRIGGER = Options(on_locate=OnLocate.TRIGGER)


def go(at_ms: int, cue: str, run_seq: int = 1, *, into_ms: int = 0) -> tuple[int, Event]:
    event = Go(run_seq=run_seq, cue=CueId(cue), at=from_ms(at_ms), into=from_ms(into_ms))
    return at_ms, event


def locate(at_ms: int, to_ms: int) -> tuple[int, Event]:
    return at_ms, Locate(from_ms(to_ms))


SCENES: dict[str, Scene] = {
    "auto_continue_counts_from_the_start_and_auto_follow_from_the_end": Scene(
        [
            audio("rain", 3000, "g", pre=100, wait=500),
            video("moon", 2000, "e", pre=200, wait=300),
            audio("owl", 1000),
            audio("dawn", 1000),
        ],
        [go(1000, "rain")],
    ),
    "shared_chain_timing_counts_every_pre_wait_from_the_go": Scene(
        [
            audio("rain", 3000, "g", pre=100, wait=500),
            video("moon", 2000, "g", pre=200, wait=300),
            audio("owl", 1000, pre=1500),
        ],
        [go(1000, "rain")],
        options=SHARED,
    ),
    "under_shared_timing_a_stop_takes_what_still_waits_with_it": Scene(
        [
            audio("rain", 9000, "g"),
            audio("owl", 9000, "g", pre=300),
            audio("bell", 1000, "g", pre=1500),
            audio("wind", 1000, pre=2500),
            action("hush", Action.STOP, "rain"),
        ],
        [go(0, "rain"), go(1000, "hush", 2)],
        options=SHARED,
    ),
    "the_post_wait_of_an_auto_pause_cue_is_part_of_it": Scene(
        [audio("rain", 1000, "p", wait=500), audio("owl", 1000)],
        [go(0, "rain")],
    ),
    "a_cue_of_no_length_is_over_at_once_and_its_successor_follows": Scene(
        [audio("gap", 0, "e", pre=100, wait=200), audio("owl", 1000)],
        [go(0, "gap")],
    ),
    "a_list_lasts_until_its_last_cue_and_chains_climb_out": Scene(
        [
            cues(
                "act",
                audio("rain", 1000, "e"),
                cues("inner", audio("owl", 1000, "g"), audio("wolf", 2000), post="e", wait=300),
                video("moon", 500, "e", wait=100),
                post="p",
            ),
            audio("curtain", 500),
        ],
        [go(0, "act")],
    ),
    "a_list_waits_for_the_go_of_what_stands_by_inside_it": Scene(
        [
            cues("act", audio("rain", 1000), audio("owl", 1000), post="e", wait=300),
            audio("curtain", 500),
        ],
        [go(0, "act"), go(5000, "owl", 2)],
    ),
    "a_list_with_stops_begins_again_and_its_stop_stands_by_again": Scene(
        [
            cues("act", audio("rain", 1000), audio("owl", 1000), post="e", loop=2),
            audio("curtain", 500),
        ],
        [go(0, "act"), go(3000, "owl", 2), go(6000, "owl", 3)],
    ),
    "lists_in_lists_loop": Scene(
        [
            cues(
                "act",
                cues("inner", audio("drip", 100, "e"), audio("drop", 150, "e"), loop=2, post="e"),
                audio("owl", 500, "e"),
                loop=2,
            ),
            audio("curtain", 500),
        ],
        [go(0, "act")],
    ),
    "a_list_of_one_cue_loops_without_a_gap": Scene(
        [cues("bed", audio("drone", 1000), loop=3), audio("curtain", 500)],
        [go(0, "bed")],
    ),
    "a_looping_list_is_not_left_by_a_disabled_last_cue": Scene(
        [
            cues("bed", audio("drone", 1000, "e"), audio("off", enabled=False), loop=2),
            audio("curtain", 500),
        ],
        [go(0, "bed")],
    ),
    "a_devamp_lets_a_loop_end_with_its_iteration": Scene(
        [
            audio("drone", 1000, "g", loop=0),
            cues("vamp", audio("pulse", 400, "e"), loop=0),
            action("out", Action.DEVAMP, "drone", "g"),
            action("off", Action.DEVAMP, "vamp", "g"),
            action("again", Action.DEVAMP, "vamp"),
        ],
        [go(0, "drone"), go(3300, "out", 2)],
    ),
    "a_go_of_a_sounding_cue_begins_it_anew": Scene(
        [audio("rain", 2000, "e"), audio("owl", 500)],
        [go(0, "rain"), go(700, "rain", 2)],
    ),
    "a_go_of_a_sounding_cue_with_a_pre_wait_is_silent_until_it_starts": Scene(
        [audio("rain", 2000, pre=300)],
        [go(0, "rain"), go(700, "rain", 2)],
        arming=True,
    ),
    "a_go_of_a_running_list_begins_the_list_anew": Scene(
        [cues("act", audio("rain", 1000, "e"), audio("owl", 2000), post="e"), audio("end", 100)],
        [go(0, "act"), go(1500, "act", 2)],
    ),
    "a_go_of_a_cue_held_by_an_action_begins_it_anew": Scene(
        [audio("rain", 2000, "g"), action("hold", Action.PAUSE, "rain", pre=500)],
        [go(0, "rain"), go(1000, "rain", 2)],
        until_ms=1200,
    ),
    "pause_holds_players_and_waits": Scene(
        [
            audio("rain", 2000, "g", wait=1500),
            audio("owl", 1000, pre=300),
        ],
        [go(0, "rain"), (1000, Pause()), go(1500, "owl", 2), (8000, Resume())],
    ),
    "a_pause_during_a_fade_holds_the_fade": Scene(
        [audio("rain", 9000, "g"), fade("down", "rain", 0, 1000)],
        [go(0, "rain"), (500, Pause()), (5000, Resume())],
        until_ms=6000,
    ),
    "a_locate_while_paused_is_heard_on_resume": Scene(
        [audio("rain", 2000, "e"), audio("owl", 2000, "e"), audio("wolf", 2000)],
        [go(0, "rain"), (1000, Pause()), locate(1500, 2500), (3000, Resume())],
        until_ms=6000,
    ),
    "pausing_a_list_holds_what_is_to_come_in_it": Scene(
        [
            cues("act", audio("rain", 2000, "g", wait=500), audio("owl", 1000, pre=100)),
            audio("bell", 5000, "g"),
            action("hold", Action.PAUSE, "act", "g", wait=4000),
            action("on", Action.RESUME, "act"),
        ],
        [go(0, "act"), go(200, "bell", 2)],
    ),
    "pausing_one_cue_inside_a_list_makes_that_cue_later_and_the_list_longer": Scene(
        [
            cues("act", audio("rain", 1000, "g"), audio("owl", 1000), post="e"),
            audio("curtain", 100),
            action("hold", Action.PAUSE, "rain", "g", wait=2000),
            action("on", Action.RESUME, "rain"),
        ],
        [go(0, "act"), go(400, "hold", 2)],
    ),
    "a_stop_action_on_a_list_ends_all_of_it_and_brings_nothing_about": Scene(
        [
            cues("act", audio("rain", 9000, "g", wait=2000), audio("owl", 500), post="e"),
            audio("curtain", 100),
            action("cut", Action.STOP, "act", "g"),
            action("again", Action.STOP, "act"),
        ],
        [go(0, "act"), go(1000, "cut", 2)],
    ),
    "a_stop_action_during_a_pre_wait_keeps_the_cue_from_starting": Scene(
        [audio("rain", 1000, "e", pre=1000), audio("owl"), action("cut", Action.STOP, "rain")],
        [go(0, "rain"), go(500, "cut", 2)],
    ),
    "disabling_a_cue_in_its_pre_wait_comes_too_late_but_not_before_its_turn": Scene(
        [audio("rain", 1000, "e"), audio("owl", 1000, "e", pre=500), audio("wolf", 1000)],
        [
            go(0, "rain"),
            (1200, SetEnabled(CueId("owl"), False)),
            (1300, SetEnabled(CueId("wolf"), False)),
        ],
    ),
    "a_disabled_standby_passes_on_and_comes_back_when_enabled": Scene(
        [audio("rain"), audio("owl")],
        [
            (0, SetEnabled(CueId("rain"), False)),
            (1, SetEnabled(CueId("owl"), False)),
            (2, SetEnabled(CueId("rain"), True)),
        ],
        until_ms=10,
    ),
    "a_failed_cue_does_not_break_the_chain_and_is_tried_again_after_stop": Scene(
        [audio("rain", 1000, "e", pre=100), audio("owl", 1000)],
        [
            (0, CueBroken(CueId("rain"), "rain.wav: no such file")),
            go(10, "rain"),
            (2500, StopAll()),
        ],
        arming=True,
    ),
    "a_timecode_cue_starts_at_its_address_and_its_chain_follows": Scene(
        [
            audio("rain", 1000),
            audio("clock", 1000, "e", pre=5000, timecode=True),
            audio("chime", 500, pre=100),
        ],
        [],
    ),
    "a_timecode_cue_is_joined_after_a_locate_and_waits_again_after_stop": Scene(
        [audio("clock", 2000, pre=5000, timecode=True), audio("rain")],
        [locate(0, 6000), (500, StopAll()), locate(1000, 4000), locate(3500, 0)],
        until_ms=12_000,
    ),
    "a_go_of_a_timecode_cue_starts_it_at_once": Scene(
        [audio("clock", 1000, pre=5000, timecode=True)],
        [go(1000, "clock")],
        until_ms=4000,
    ),
    "a_locate_joins_what_covers_the_place_and_skips_what_is_past": Scene(
        [
            audio("rain", 9000, "g", wait=1000),
            video("moon", 2000, "e", wait=500),
            audio("owl", 3000, "e"),
            audio("wolf", 1000),
        ],
        [go(0, "rain"), locate(500, 4000), locate(1000, 1500), locate(1200, 8000)],
        until_ms=5000,
    ),
    "a_locate_makes_up_for_the_actions_it_jumps_over": Scene(
        [
            audio("rain", 9000, "g", wait=1000),
            action("thunder", Action.PLAY, "bolt", "g", wait=1000),
            action("clear", Action.STOP, "rain", "g"),
            action("skip", Action.GO_TO, "end"),
            audio("bolt", 4000),
            audio("end"),
        ],
        [go(0, "rain"), locate(500, 3000), locate(600, 1500), locate(700, 500)],
        until_ms=2600,
    ),
    "a_fade_past_a_locate_leaves_its_level": Scene(
        [
            audio("rain", 20_000, "g", wait=1000),
            fade("down", "rain", 20, 2000, "g", wait=3000),
            fade("up", "rain", 100, 1000),
        ],
        [
            go(0, "rain"),
            locate(500, 3500),
            locate(600, 2000),
            locate(700, 500),
            locate(800, 9000),
        ],
        until_ms=1000,
    ),
    "a_list_that_waits_for_a_go_still_waits_after_a_locate_back": Scene(
        [
            cues("act", audio("rain", 1000), audio("owl", 1000), post="e"),
            audio("curtain", 500),
        ],
        [go(0, "act"), go(3000, "owl", 2), locate(3500, 2000)],
    ),
    "a_trigger_list_runs_on_through_a_locate": Scene(
        [
            audio("rain", 3000, "g", wait=2000),
            action("hush", Action.STOP, "rain", "g", pre=500),
            audio("owl", 500, pre=300),
            audio("clock", 1000, pre=62_000, timecode=True),
        ],
        [go(10_000, "rain"), locate(10_500, 60_000)],
        until_ms=15_000,
        options=TRIGGER,
    ),
    "a_fade_runs_on_through_a_locate_of_a_trigger_list": Scene(
        [audio("rain", 9000, "g"), fade("down", "rain", 0, 1000)],
        [go(0, "rain"), locate(500, 90_000)],
        until_ms=2000,
        options=TRIGGER,
    ),
    "nothing_fires_while_timecode_is_lost": Scene(
        [
            audio("rain", 1000, "e"),
            action("hush", Action.STOP, "wind", "e"),
            audio("owl", 9000),
            audio("wind", 9000),
        ],
        [
            go(0, "wind", 1),
            go(0, "rain", 2),
            (500, LineLost()),
            go(800, "rain", 3),
            (3000, LineFound(from_ms(3000))),
        ],
        until_ms=4000,
    ),
    "a_line_found_a_frame_back_repeats_nothing": Scene(
        [action("bang", Action.PLAY, "bolt"), audio("bolt", 9000)],
        [go(1000, "bang"), (1010, LineLost()), (1020, LineFound(from_ms(980)))],
        until_ms=2000,
    ),
    "a_late_go_joins_in_progress_and_one_past_its_deadline_is_refused": Scene(
        [audio("rain", 5000), audio("owl", 5000)],
        [
            (1084, Go(run_seq=1, cue=CueId("rain"), at=from_ms(1000), deadline=from_ms(3000))),
            (5000, Go(run_seq=2, cue=CueId("owl"), at=from_ms(2000), deadline=from_ms(4000))),
        ],
    ),
    "a_go_with_lead_starts_on_its_frame": Scene(
        [audio("rain", 1000)],
        [(920, Go(run_seq=1, cue=CueId("rain"), at=from_ms(1000)))],
    ),
    "load_to_time_arms_and_starts_in_the_middle": Scene(
        [
            audio("rain", 1000, "g", wait=500),
            action("thunder", Action.PLAY, "bolt", "g"),
            audio("owl", 2000, "e", pre=100),
            audio("wolf", 1000),
            audio("bolt", 4000),
        ],
        [(0, LoadToTime(from_ms(1200))), go(5000, "rain", into_ms=1200)],
        arming=True,
    ),
    "another_standby_forgets_the_load_to_time": Scene(
        [audio("rain", 3000), audio("owl", 3000)],
        [(0, LoadToTime(from_ms(1200))), (10, SetNextCue(CueId("owl")))],
        until_ms=20,
        arming=True,
    ),
    "stop_silences_everything_and_nothing_comes_after": Scene(
        [
            audio("rain", 9000, "g", wait=1000),
            audio("owl", 9000, "g", pre=1000),
            fade("down", "rain", 0, 9000),
        ],
        [go(0, "rain"), (1500, StopAll()), (1600, StopAll())],
    ),
    "panic_fades_everything_and_nothing_new_begins": Scene(
        [
            audio("rain", 9000, "g"),
            audio("owl", 1500, "e"),
            audio("wolf", 9000),
            cues("bed", audio("drone", 700), loop=0),
            audio("bell", pre=900),
        ],
        [
            go(0, "rain", 1),
            go(0, "bed", 2),
            (500, SetNextCue(CueId("bell"))),
            go(500, "bell", 3),
            (1000, Panic()),
            go(1100, "bell", 4),
        ],
    ),
    "a_second_panic_stops_now": Scene(
        [audio("rain", 9000)],
        [go(0, "rain"), (1000, Panic()), (1100, Panic()), (1200, Panic())],
        until_ms=4000,
    ),
    "a_panic_on_a_paused_or_lost_line_stops_now": Scene(
        [audio("rain", 9000), audio("owl", 9000)],
        [
            go(0, "rain"),
            (500, Pause()),
            (600, Panic()),
            go(1000, "owl", 2),
            (1500, LineLost()),
            (1600, Panic()),
        ],
        until_ms=4000,
    ),
    "a_line_that_jumps_or_is_lost_ends_a_panic": Scene(
        [audio("rain", 9000), audio("owl", 9000)],
        [
            go(0, "rain"),
            (500, Panic()),
            locate(600, 200),
            go(1000, "owl", 2),
            (1500, Panic()),
            (1600, LineLost()),
        ],
        until_ms=4000,
    ),
    "a_fade_takes_over_from_where_the_one_before_is": Scene(
        [
            audio("rain", 9000, "g"),
            fade("down", "rain", 0, 1000, "g", wait=507),
            fade("up", "rain", 100, 300),
        ],
        [go(0, "rain")],
        until_ms=2000,
    ),
    "fade_profiles_shape_a_cues_start_and_end": Scene(
        [
            audio(
                "rain",
                2000,
                fade_profiles=(profile(FadeDirection.IN, 400), profile(FadeDirection.OUT, 600)),
                master_volume_percent=80,
            )
        ],
        [go(0, "rain")],
    ),
    "a_locate_into_a_fade_profile_finds_its_level": Scene(
        [
            audio(
                "rain",
                2000,
                fade_profiles=(profile(FadeDirection.IN, 400), profile(FadeDirection.OUT, 600)),
            )
        ],
        [go(0, "rain"), locate(1000, 200), locate(1010, 1700)],
        until_ms=1020,
    ),
    "a_cue_paused_in_its_fade_out_goes_on_fading_when_resumed": Scene(
        [
            audio("rain", 2000, "g", fade_profiles=(profile(FadeDirection.OUT, 600),)),
            action("hold", Action.PAUSE, "rain", "g", pre=1700),
            action("on", Action.RESUME, "rain", pre=1000),
        ],
        [go(0, "rain")],
    ),
    "fade_in_and_fade_out_play_and_stop_their_target": Scene(
        [
            action("in", Action.FADE_IN, "rain", "g", wait=3000),
            action("out", Action.FADE_OUT, "rain"),
            audio("rain", 9000, "e", pre=500),
            audio("owl", 100),
        ],
        [go(0, "in")],
    ),
    "a_list_is_faded_out_as_one": Scene(
        [
            cues("act", audio("rain", 9000, "g"), video("moon", 1000, "e"), audio("owl", 9000)),
            action("out", Action.FADE_OUT, "act"),
        ],
        [go(0, "act"), go(500, "out", 2)],
    ),
    "every_action_says_what_became_of_it": Scene(
        [
            audio("rain", 9000),
            audio("off", enabled=False),
            action("play", Action.PLAY, "rain", "g"),
            action("play again", Action.PLAY, "rain", "g"),
            action("play ghost", Action.PLAY, "ghost", "g"),
            action("play nothing", Action.PLAY, None, "g"),
            action("play off", Action.PLAY, "off", "g"),
            action("pause", Action.PAUSE, "rain", "g"),
            action("pause again", Action.PAUSE, "rain", "g"),
            action("resume", Action.RESUME, "rain", "g"),
            action("resume again", Action.RESUME, "rain", "g"),
            action("stop", Action.STOP, "rain", "g"),
            action("stop again", Action.STOP, "rain", "g"),
            action("enable", Action.ENABLE, "off", "g"),
            action("enable again", Action.ENABLE, "off", "g"),
            action("disable", Action.DISABLE, "off", "g"),
            action("load", Action.LOAD, "off", "g"),
            action("load again", Action.LOAD, "off", "g"),
            action("unload", Action.UNLOAD, "off", "g"),
            action("unload again", Action.UNLOAD, "off", "g"),
            action("devamp", Action.DEVAMP, "rain", "g"),
            action("fade out", Action.FADE_OUT, "rain", "g"),
            action("fade action", Action.FADE_ACTION, "rain", "g"),
            fade("fade idle", "rain", 0, 10, "g"),
            fade("fade action cue", "fade action cue", 0, 10, "g"),
            action("wait", Action.WAIT, None, "g", wait=100),
            action("resume project", Action.RESUME_PROJECT, None, "g"),
            action("go to", Action.GO_TO, "rain"),
        ],
        [go(0, "play")],
    ),
    "pause_project_holds_the_line_until_the_operator_resumes": Scene(
        [
            audio("rain", 3000, "g", wait=500),
            action("hold", Action.PAUSE_PROJECT, None, "g", wait=200),
            audio("owl", 1000),
        ],
        [go(0, "rain"), (9000, Resume())],
    ),
    "an_action_may_hold_or_end_itself": Scene(
        [
            cues("act", action("hold", Action.PAUSE, "act", "g"), audio("rain", 500)),
            action("on", Action.RESUME, "act"),
            cues("end", action("cut", Action.STOP, "end", "g"), audio("owl", 500)),
        ],
        [go(0, "act"), go(1000, "on", 2), go(3000, "end", 3)],
    ),
    "two_more_stops_than_the_standby_are_armed_ahead": Scene(
        [
            audio("a"),
            audio("b", post="g"),
            action("play", Action.PLAY, "x", "e"),
            audio("c"),
            audio("d"),
            audio("e"),
            audio("x", autoload=True),
            audio("clock", pre=5000, timecode=True),
        ],
        [go(0, "a", 1), go(2000, "b", 2)],
        arming=True,
    ),
}
