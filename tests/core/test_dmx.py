"""The lighting desk: looks fade, hold, and are merged."""

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import CueId
from cuems.core.dmx import DARK, SLOTS, Desk, Look, Merge

WARM, COLD, LAMP = CueId("warm"), CueId("cold"), CueId("lamp")

levels = st.dictionaries(st.integers(0, SLOTS - 1), st.integers(0, 255), max_size=20)
some_levels = st.dictionaries(
    st.integers(0, SLOTS - 1), st.integers(0, 255), min_size=1, max_size=20
)
fades = st.integers(0, 1_000_000)


def look(cue: CueId, slots: dict[int, int], fade: int = 0, universe: int = 1) -> Look:
    return Look(cue=cue, universes={universe: slots}, fade_flicks=fade)


def shown(desk: Desk, position: int, *slots: int, universe: int = 1) -> list[int]:
    return [desk.levels_at(position)[universe][slot] for slot in slots]


def test_a_look_fades_in_and_holds() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 255, 511: 100}, fade=1000), position=500)
    assert [shown(desk, at, 0, 511) for at in (500, 1000, 1500, 10**12)] == [
        [0, 0],
        [128, 50],
        [255, 100],
        [255, 100],
    ]


def test_a_look_without_a_fade_is_there_at_once() -> None:
    desk = Desk()
    desk.start(look(WARM, {3: 7}), position=500)
    assert shown(desk, 500, 2, 3, 4) == [0, 7, 0]
    assert desk.next_change(500) is None


@given(some_levels, some_levels, fades, st.lists(st.integers(0, 2_000_000), min_size=2))
def test_every_fade_is_monotone_and_ends_exactly_on_its_levels(
    before: dict[int, int], after: dict[int, int], fade: int, steps: list[int]
) -> None:
    desk = Desk()
    desk.start(look(WARM, before), position=0)
    desk.start(look(COLD, after, fade), position=0)
    rows = [desk.levels_at(at)[1] for at in [0, *sorted(steps), max(fade, *steps)]]
    if fade:
        assert rows[0] == bytes(before.get(slot, 0) for slot in range(SLOTS))
    for slot in range(SLOTS):
        path = [row[slot] for row in rows]
        assert path in (sorted(path), sorted(path, reverse=True))
    assert rows[-1] == bytes((before | after).get(slot, 0) for slot in range(SLOTS))


@given(st.integers(0, 255), st.integers(0, 255), st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_level_is_the_nearest_to_the_straight_line(
    origin: int, target: int, fade: int, at: int
) -> None:
    desk = Desk()
    desk.start(look(WARM, {9: origin}), position=0)
    desk.start(look(COLD, {9: target}, fade), position=0)
    straight = origin + (target - origin) * min(1.0, at / fade)
    assert abs(shown(desk, at, 9)[0] - straight) < 0.51


@given(st.lists(st.tuples(st.sampled_from([WARM, COLD, LAMP]), some_levels), min_size=1))
def test_the_look_that_came_last_has_the_channel(
    scenes: list[tuple[CueId, dict[int, int]]],
) -> None:
    desk = Desk()
    order: dict[CueId, dict[int, int]] = {}
    for cue, slots in scenes:
        desk.start(look(cue, slots), position=0)
        order.pop(cue, None)
        order[cue] = slots
    expected: dict[int, int] = {}
    for slots in order.values():
        expected |= slots
    assert desk.levels_at(0)[1] == bytes(expected.get(slot, 0) for slot in range(SLOTS))
    assert desk.cues == tuple(order)


@given(st.lists(some_levels, min_size=1, max_size=4))
def test_the_highest_has_the_channel_where_that_is_asked_for(scenes: list[dict[int, int]]) -> None:
    desk = Desk(Merge.HTP)
    for number, slots in enumerate(scenes):
        desk.start(look(CueId(str(number)), slots), position=0)
    assert desk.levels_at(0)[1] == bytes(
        max(slots.get(slot, 0) for slots in scenes) for slot in range(SLOTS)
    )


def test_a_new_look_takes_over_from_what_is_shown_in_the_middle_of_a_fade() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}, fade=1000), position=0)
    desk.start(look(COLD, {0: 0}, fade=1000), position=500)
    assert [shown(desk, at, 0) for at in (500, 1000, 1500)] == [[100], [50], [0]]


def test_a_look_that_comes_again_goes_on_from_where_it_was() -> None:
    for merge in Merge:
        desk = Desk(merge)
        desk.start(look(WARM, {0: 200}, fade=1000), position=0)
        desk.start(look(WARM, {0: 200}, fade=1000), position=500)
        assert [shown(desk, at, 0) for at in (500, 1000, 1500)] == [[100], [150], [200]]


def test_the_highest_rises_through_the_others_and_never_jumps() -> None:
    desk = Desk(Merge.HTP)
    desk.start(look(WARM, {0: 100}), position=0)
    desk.start(look(COLD, {0: 200}, fade=1000), position=0)
    assert [shown(desk, at, 0) for at in (0, 250, 500, 750, 1000)] == [
        [100],
        [100],
        [100],
        [150],
        [200],
    ]


def test_a_look_that_is_stopped_gives_its_channels_back() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 100, 1: 100}), position=0)
    desk.start(look(COLD, {1: 7, 2: 7}), position=0)
    desk.release(COLD)
    assert shown(desk, 0, 0, 1, 2) == [100, 100, 0]
    desk.release(WARM)
    assert desk.levels_at(0) == {}
    desk.release(WARM)


def test_everything_can_be_taken_away() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 100}, fade=10), position=0)
    desk.start(look(COLD, {0: 100}, universe=2), position=0)
    assert set(desk.levels_at(0)) == {1, 2}
    desk.clear()
    assert (desk.levels_at(0), desk.next_change(0), desk.cues) == ({}, None, ())


def test_a_late_look_is_where_it_would_be() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}, fade=1000), position=5000, elapsed=250)
    assert [shown(desk, at, 0) for at in (5000, 5750)] == [[50], [200]]
    desk.start(look(COLD, {0: 40}, fade=1000), position=6000, elapsed=9999)
    assert shown(desk, 6000, 0) == [40]


def test_a_frozen_fade_holds_moves_and_goes_on() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}, fade=1000), position=0)
    desk.freeze(WARM, 250)
    assert (shown(desk, 900, 0), desk.next_change(900)) == ([50], None)
    desk.relocate(WARM, 900, elapsed=500)
    assert shown(desk, 5000, 0) == [100]
    desk.unfreeze(WARM, 6000, elapsed=500)
    assert [shown(desk, at, 0) for at in (6000, 6250, 6500)] == [[100], [150], [200]]


def test_a_running_fade_follows_a_locate() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}, fade=1000), position=0)
    assert shown(desk, 2000, 0) == [200]
    desk.relocate(WARM, 2000, elapsed=0)
    assert [shown(desk, at, 0) for at in (2000, 2500)] == [[0], [100]]


def test_what_is_not_on_is_not_moved() -> None:
    desk = Desk()
    desk.relocate(WARM, 0, 0)
    desk.freeze(WARM, 0)
    desk.unfreeze(WARM, 0, 0)
    assert desk.levels_at(0) == {}


@given(some_levels, fades, st.integers(-100, 1_000_000))
def test_nothing_changes_before_the_next_change(slots: dict[int, int], fade: int, at: int) -> None:
    desk = Desk()
    desk.start(look(WARM, slots, fade), position=0)
    change = desk.next_change(at)
    if change is None:
        assert desk.levels_at(at) == desk.levels_at(at + 10**7)
    else:
        assert change >= at
        assert desk.levels_at(at) == desk.levels_at(max(at, change - 1))


def test_universes_do_not_mix() -> None:
    desk = Desk()
    desk.start(Look(cue=WARM, universes={1: {0: 9}, 7: {0: 3}}), position=0)
    desk.start(look(COLD, {0: 5}, universe=7), position=0)
    assert (shown(desk, 0, 0), shown(desk, 0, 0, universe=7)) == ([9], [5])


@given(levels)
def test_levels_are_512_bytes(slots: dict[int, int]) -> None:
    desk = Desk()
    desk.start(look(WARM, slots), position=0)
    assert len(desk.levels_at(0)[1]) == SLOTS == len(DARK)


def test_a_blackout_fades_what_is_lit_and_what_comes_meanwhile_to_dark() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}), position=0)
    desk.fade_out(1000, 1000)
    desk.start(look(COLD, {0: 100}, universe=2), position=1000)
    assert [shown(desk, at, 0) for at in (1000, 1500, 2000)] == [[200], [100], [0]]
    assert shown(desk, 2000, 0, universe=2) == [0]
    assert (desk.next_change(1500), desk.next_change(2000)) == (1500, None)
    desk.clear()
    desk.start(look(WARM, {0: 200}), position=3000)
    assert shown(desk, 3000, 0) == [200]


def test_a_blackout_that_takes_no_time_is_dark_at_once() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 200}), position=0)
    desk.fade_out(10, 0)
    assert shown(desk, 10, 0) == [0]


def test_what_a_look_still_has_is_what_none_that_came_later_sets() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 10, 1: 20}), position=0)
    desk.start(look(WARM, {5: 50}, universe=2), position=0)  # it comes again, as another
    desk.start(look(COLD, {0: 99, 7: 70}), position=0)
    desk.start(look(LAMP, {7: 1, 5: 2}, universe=2), position=0)
    assert desk.slots_of(WARM) == {}
    assert desk.slots_of(COLD) == {1: {0: 99, 7: 70}}
    assert desk.slots_of(CueId("none")) == {}
    assert desk.lit_slots() == {1: {0: 99, 7: 70}, 2: {5: 2, 7: 1}}


def test_how_long_a_look_goes_on_fading() -> None:
    desk = Desk()
    desk.start(look(WARM, {0: 10}, fade=1000), position=500)
    assert [desk.left_of(WARM, at) for at in (0, 500, 700, 1500, 9000)] == [1000, 1000, 800, 0, 0]
    desk.freeze(WARM, 700)
    assert desk.left_of(WARM, 700) == 0
    assert desk.left_of(COLD, 700) == 0
