"""Levels of cues along the line: faded, taken over, held, moved."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.agenda import Agenda
from cuems.core.cues import Action, AnyCue, CueId, Curve, FadeDirection
from cuems.core.fades import Fade
from cuems.core.levels import Levels, authored_level, parameter_of, profile_flicks
from cuems.core.runs import FadeStep
from cuems.core.timecode import from_ms, to_ms
from tests.build import action, audio, video
from tests.core.random_shows import profile

A = audio("a", 9000)
CUES: dict[CueId, AnyCue] = {A.id: A}


class Desk:
    """Levels, and the line they move along."""

    def __init__(self, *, plays: bool = True) -> None:
        self.agenda: Agenda[FadeStep] = Agenda()
        self.shown: list[tuple[int, float]] = []
        self.stopped: list[int] = []
        self.now = 0
        self.levels = Levels(self.agenda.put, self._show, {A.id} if plays else set())

    def _show(self, cue: AnyCue, value: float, fade: Fade) -> None:
        self.shown.append((to_ms(self.now), round(value, 6)))

    def roll(self, until_ms: int, quiet_until_ms: int | None = None) -> None:
        quiet = None if quiet_until_ms is None else from_ms(quiet_until_ms)
        while (taken := self.agenda.take(from_ms(until_ms))) is not None:
            self.now, step = taken
            if self.levels.step(CUES[step.cue], step, self.now, quiet):
                self.stopped.append(to_ms(self.now))

    def fade(self, to: float, at_ms: int, ms: int, *, then_stop: bool = False) -> None:
        self.levels.fade_to(A, to, from_ms(at_ms), from_ms(ms), then_stop=then_stop)

    def level(self, at_ms: int) -> float:
        return round(self.levels.level(A, from_ms(at_ms)), 6)


def test_a_fade_ends_exactly_on_its_target_whatever_its_length() -> None:
    desk = Desk()
    desk.fade(0.25, 100, 333)
    desk.roll(1000)
    assert desk.shown[0] == (100, 1.0)
    assert desk.shown[-1] == (433, 0.25)
    assert desk.level(1000) == 0.25


def test_a_fade_of_what_plays_elsewhere_is_known_at_every_moment_and_stepped_only_at_its_ends() -> (
    None
):
    desk = Desk(plays=False)
    desk.fade(0.0, 0, 1000, then_stop=True)
    assert desk.level(250) == 0.75
    desk.roll(5000)
    assert desk.shown == [(0, 1.0), (1000, 0.0)]
    assert (desk.level(1000), desk.stopped) == (0.0, [1000])


def test_a_fade_takes_over_from_the_current_value() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 1000)
    desk.roll(500)
    desk.fade(1.0, 500, 500)
    desk.roll(5000)
    assert min(value for _, value in desk.shown) == 0.5
    assert desk.shown[-1] == (1000, 1.0)


@given(
    fades=st.lists(
        st.tuples(st.integers(0, 900), st.integers(20, 700), st.sampled_from((0.0, 0.3, 1.0))),
        max_size=5,
    )
)
def test_levels_are_shown_at_most_every_20_ms(fades: list[tuple[int, int, float]]) -> None:
    desk = Desk()
    for at_ms, ms, target in sorted(fades):
        desk.roll(at_ms)
        desk.fade(target, at_ms, ms)
    desk.roll(10_000)
    moments = [at for at, _ in desk.shown]
    ends = {at_ms + ms for at_ms, ms, _ in fades}
    for sooner, later in itertools.pairwise(moments):
        assert later - sooner >= 20 or later in ends


def test_a_fade_of_no_length_is_a_step() -> None:
    desk = Desk()
    desk.fade(0.4, 10, 0)
    desk.roll(10)
    assert desk.shown == [(10, 0.4)]


def test_a_rise_comes_up_from_nothing_to_what_was_authored() -> None:
    desk = Desk()
    desk.levels.rise(A, from_ms(100), from_ms(200))
    assert (desk.level(0), desk.level(100), desk.level(200)) == (0.0, 0.0, 0.5)
    desk.roll(1000)
    assert desk.shown[0] == (120, 0.1)
    assert desk.shown[-1] == (300, 1.0)


def test_a_fade_that_is_to_end_its_cue_says_so_at_its_end_only() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 100, then_stop=True)
    desk.roll(99)
    assert desk.stopped == []
    desk.roll(100)
    assert desk.stopped == [100]


def test_a_fade_that_was_taken_over_ends_nothing() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 100, then_stop=True)
    desk.roll(50)
    desk.fade(1.0, 50, 100)
    desk.roll(1000)
    assert desk.stopped == []


def test_in_silence_a_fade_takes_one_step_to_where_the_line_is() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 1000)
    desk.roll(500, quiet_until_ms=600)
    assert desk.shown == [(0, 1.0)]
    desk.roll(600)
    assert desk.shown[1:] == [(600, 0.4)]
    desk.levels.fade_to(A, 1.0, from_ms(700), from_ms(100), quiet_until=from_ms(5000))
    desk.roll(5000)
    assert desk.shown[-1] == (800, 1.0)


def test_a_held_fade_goes_on_where_it_was_held() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 1000)
    desk.roll(400)
    desk.levels.hold(A.id, from_ms(400))
    desk.roll(5000)
    assert desk.level(5000) == 0.6
    desk.levels.release(A.id, from_ms(5000))
    assert desk.level(5300) == 0.3
    desk.roll(9000)
    assert desk.shown[-1] == (5600, 0.0)


def test_a_fade_begun_meanwhile_wins_over_the_held_one() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 1000)
    desk.levels.hold(A.id, from_ms(400))
    desk.fade(0.8, 500, 100)
    desk.levels.release(A.id, from_ms(700))
    desk.roll(9000)
    assert desk.level(9000) == 0.8


def test_holding_what_does_not_move_is_nothing() -> None:
    desk = Desk()
    desk.levels.hold(A.id, 0)
    desk.levels.release(A.id, 9)
    assert desk.level(9) == 1.0
    assert len(desk.agenda) == 0


def test_a_moved_line_moves_fades_and_held_ones_with_it() -> None:
    desk = Desk()
    desk.fade(0.0, 0, 1000)
    desk.levels.shift(from_ms(5000))
    assert desk.level(5500) == 0.5
    desk.levels.hold(A.id, from_ms(5500))
    desk.levels.shift(from_ms(-5000))
    desk.levels.release(A.id, from_ms(700))
    assert desk.level(800) == 0.4


def test_what_is_forgotten_starts_at_its_authored_level() -> None:
    desk = Desk()
    desk.fade(0.2, 0, 0)
    desk.roll(0)
    desk.levels.forget(A.id)
    assert desk.level(0) == 1.0
    desk.fade(0.2, 0, 100)
    desk.levels.forget_all()
    desk.roll(1000)
    assert desk.level(1000) == 1.0


def test_what_has_no_level_is_not_stepped_through() -> None:
    stop = action("a", Action.STOP, "x")
    desk = Desk()
    desk.levels.fade_to(stop, 0.0, 0, from_ms(1000), Curve.LINEAR, then_stop=True)
    assert desk.agenda.next_due() == from_ms(1000)
    assert parameter_of(stop) is None
    assert authored_level(stop) == 1.0
    assert profile_flicks(stop, FadeDirection.IN) == 0


def test_the_first_profile_of_a_direction_counts() -> None:
    profiles = (
        profile(FadeDirection.OUT, 100),
        profile(FadeDirection.IN, 200),
        profile(FadeDirection.IN, 300),
    )
    shaped = video("v", fade_profiles=profiles, opacity_percent=40)
    assert to_ms(profile_flicks(shaped, FadeDirection.IN)) == 200
    assert profile_flicks(video("w"), FadeDirection.IN) == 0
    assert authored_level(shaped) == 0.4
