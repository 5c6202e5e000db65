"""A link to the leader that carries nothing any more."""

from cuems.core.link_watch import LOOK_NS, QUIET_LOOKS, LinkWatch


def looks(watch: LinkWatch, since: int, until: int) -> list[int]:
    """The looks, counted from 1, at which the link was dead."""
    return [number for number in range(since, until) if watch.is_dead(number * LOOK_NS)]


def test_a_leader_who_falls_silent_is_dialled_anew_and_anew() -> None:
    watch = LinkWatch()
    watch.heard()
    assert looks(watch, 1, 10) == [QUIET_LOOKS, 2 * QUIET_LOOKS]


def test_a_leader_who_is_heard_is_let_be() -> None:
    watch = LinkWatch()
    for number in range(1, 20):
        watch.heard()
        assert not watch.is_dead(number * LOOK_NS)


def test_who_has_never_said_on_this_link_that_he_is_there_is_not_missed() -> None:
    watch = LinkWatch()
    assert looks(watch, 1, 20) == []
    watch.heard()
    watch.linked()
    assert looks(watch, 20, 40) == []


def test_a_machine_that_stood_still_itself_counts_that_as_one_look() -> None:
    watch = LinkWatch()
    watch.heard()
    assert not watch.is_dead(LOOK_NS)
    assert not watch.is_dead(100 * LOOK_NS)
    assert not watch.is_dead(100 * LOOK_NS + 1)
