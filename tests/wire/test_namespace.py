from cuems.core import status as st
from cuems.core.cues import CueId, NodeId
from cuems.wire.control import messages
from cuems.wire.control_table import TABLE, Access
from cuems.wire.namespace import MAX_ADDRESSES, TWINS, Change, Namespace, PathNews
from cuems.wire.osc import Osc

CUES = "/engine/status/cue"
FADER = "/engine/status/audio/mixer/n/0/master/volume"


def cue_named(cue: str) -> Osc:
    return Osc(f"{CUES}/{cue}", (0,))


def test_commands_and_statuses_of_the_show_are_there_from_the_start_without_news() -> None:
    space = Namespace()
    for row in TABLE:
        method = space.method(row.address)
        assert (method is not None) == ("{" not in row.address)
        assert method is None or method.row is row
    assert space.take_news() == ()
    assert space.contents("") == ("engine",)
    assert space.contents("/engine") == ("command", "auth", "hello", "status")


def test_what_was_not_told_yet_is_an_empty_text_or_nothing() -> None:
    space = Namespace()
    values = {
        row.address: method.args
        for row in TABLE
        if (method := space.method(row.address)) is not None and row.access is Access.READ
    }
    figures = {row.address for row in TABLE if row.type_tags == "i"}
    assert {value for address, value in values.items() if address in figures} == {None}
    values = {address: value for address, value in values.items() if address not in figures}
    assert set(values.values()) == {("",)}
    load = space.method("/engine/command/load")
    assert load is not None
    assert load.args is None


def test_every_status_has_its_place() -> None:
    cue, node = CueId("c"), NodeId("n")
    statuses: list[st.Status] = [
        st.Running(value=True),
        st.ShowTimecode(0),
        st.CuePlay(cue, 1),
        st.CueName(cue, "x"),
        st.CueReason(cue, "x"),
        st.CueEnabled(cue, enabled=True),
        st.MixerVolume(node, "0", "1", 0.5),
        st.NodeName(node, "x"),
        st.NodeHealth(node, "ok"),
        st.ChaseHealth(node, "ok"),
        st.DeployProgress(node, 1),
    ]
    templates = [row for row in TABLE if row.access is Access.READ and "{" in row.address]
    assert sorted(row.address for row in templates) == sorted(TWINS)
    space = Namespace()
    told = [message for status in statuses for message in messages(status)]
    for message in told:
        space.put(message)
    for message in told:
        method = space.method(message.address)
        assert method is not None
        assert (method.args, method.row.access) == (message.args, Access.READ)


def test_the_newest_value_is_kept_and_is_no_news() -> None:
    space = Namespace()
    space.put(cue_named("a"))
    space.take_news()
    space.put(Osc(f"{CUES}/a", (57,)))
    method = space.method(f"{CUES}/a")
    assert method is not None
    assert method.args == (57,)
    assert space.take_news() == ()


def test_the_cues_of_a_first_project_are_one_addition() -> None:
    space = Namespace()
    for cue in "abc":
        space.put(cue_named(cue))
    assert space.take_news() == (PathNews(Change.ADDED, CUES),)
    assert space.contents(CUES) == ("a", "b", "c")


def test_a_cue_that_comes_later_is_news_by_itself() -> None:
    space = Namespace()
    space.put(cue_named("a"))
    space.take_news()
    space.put(cue_named("b"))
    assert space.take_news() == (PathNews(Change.ADDED, f"{CUES}/b"),)


def test_another_projects_cues_are_a_change_and_none_a_removal() -> None:
    space = Namespace()
    space.put(cue_named("a"))
    space.put(Osc("/engine/status/cue_reason/a", ("no file",)))
    space.take_news()
    space.forget_cues()
    assert space.method(f"{CUES}/a") is None
    assert space.contents(CUES) is None
    for cue in "bc":
        space.put(cue_named(cue))
    assert space.take_news() == (
        PathNews(Change.CHANGED, CUES),
        PathNews(Change.REMOVED, "/engine/status/cue_reason"),
    )
    assert space.contents(CUES) == ("b", "c")


def test_what_came_and_went_between_two_looks_is_no_news() -> None:
    space = Namespace()
    space.put(cue_named("a"))
    space.forget_cues()
    assert space.take_news() == ()


def test_what_changed_and_then_went_is_a_removal() -> None:
    space = Namespace()
    space.put(cue_named("a"))
    space.take_news()
    space.put(cue_named("b"))
    space.forget_cues()
    assert space.take_news() == (PathNews(Change.REMOVED, CUES),)


def test_a_fader_that_was_moved_can_be_moved_by_both_its_addresses() -> None:
    space = Namespace()
    space.put(Osc(FADER, (0.5,)))
    for prefix in ("", "/engine/players"):
        address = f"{prefix}/n/audio/mixer/0/master/volume"
        method = space.method(address)
        assert method is not None, address
        assert (method.row.access, method.args) == (Access.WRITE, None)
    paths = {news.path for news in space.take_news()}
    assert paths == {"/engine/status/audio", "/n", "/engine/players"}


def test_forgetting_cues_leaves_nodes_and_faders() -> None:
    space = Namespace()
    space.put(Osc(FADER, (0.5,)))
    space.put(Osc("/engine/status/node/n", ("ok",)))
    space.forget_cues()
    assert space.method(FADER) is not None
    assert space.method("/engine/status/node/n") is not None


def test_it_does_not_grow_without_end() -> None:
    space = Namespace()
    for number in range(MAX_ADDRESSES + 10):
        space.put(cue_named(str(number)))
    names = space.contents(CUES)
    assert names is not None
    assert MAX_ADDRESSES - 100 < len(names) < MAX_ADDRESSES
