"""A log as stretches of time."""

from cuems.core.cues import CueId, NodeId
from cuems.core.timecode import from_ms
from cuems.sim.log import Entry, Verb
from cuems.sim.spans import Span, overlaps, spans

NODE = NodeId("n")


def entry(at_ns: int, verb: Verb, cue: str = "a", *, late: int = 0, note: str = "") -> Entry:
    return Entry(
        at_ns=at_ns, position=0, verb=verb, node=NODE, cue=CueId(cue), late=late, note=note
    )


def span(begin_ns: int, end_ns: int, cue: str = "a") -> Span:
    return Span(cue=CueId(cue), node=NODE, begin_ns=begin_ns, end_ns=end_ns)


def test_a_run_is_from_its_start_to_its_end_with_its_wait_and_its_holds() -> None:
    found = spans(
        [
            entry(1, Verb.WAITS),
            entry(3, Verb.STARTS, late=from_ms(5)),
            entry(4, Verb.HOLDS),
            entry(6, Verb.GOES_ON),
            entry(9, Verb.STOPS),
        ],
        20,
    )
    assert found == (
        Span(
            cue=CueId("a"),
            node=NODE,
            begin_ns=3,
            end_ns=9,
            waited_ns=1,
            holds=((4, 6),),
            late=from_ms(5),
            cut_short=True,
        ),
    )


def test_what_still_runs_is_cut_at_the_end_also_while_it_is_held() -> None:
    (found,) = spans([entry(1, Verb.STARTS), entry(4, Verb.HOLDS)], 7)
    assert (found.end_ns, found.going_on, found.holds) == (7, True, ((4, 7),))


def test_a_cue_that_starts_again_ends_the_run_before() -> None:
    found = spans([entry(1, Verb.STARTS), entry(4, Verb.STARTS), entry(5, Verb.ENDS)], 7)
    assert [(s.begin_ns, s.end_ns) for s in found] == [(1, 4), (4, 5)]


def test_a_cue_that_failed_is_marked_in_every_run() -> None:
    found = spans([entry(0, Verb.FAILS, note="gone"), entry(1, Verb.STARTS)], 7)
    assert [s.failed for s in found] == ["gone"]


def test_overlaps_are_found_and_touching_is_none() -> None:
    group = [span(0, 10, "a"), span(10, 20, "b"), span(5, 12, "c")]
    found = [(a.cue, b.cue, begin, end) for a, b, begin, end in overlaps(group)]
    assert found == [("a", "c", 5, 10), ("c", "b", 10, 12)]


def test_two_that_take_no_time_overlap_at_the_same_moment_only() -> None:
    assert len(list(overlaps([span(3, 3, "a"), span(3, 3, "b"), span(4, 4, "c")]))) == 1
