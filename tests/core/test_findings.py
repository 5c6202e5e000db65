from cuems.core.cues import Action, CueList
from cuems.core.findings import Finding, Severity, authored_id, in_file_order, kind, named
from tests.build import action, audio, cues
from tests.checks import script


def finding(file: str, line: int | None, severity: Severity, code: str = "") -> Finding:
    return Finding(severity=severity, code=code, file=file, line=line, text="")


def test_findings_stand_in_the_order_of_their_files_the_worst_of_a_line_first() -> None:
    found = [
        finding("b", None, Severity.ADVICE),
        finding("a", 9, Severity.ADVICE, "late"),
        finding("a", 9, Severity.ERROR),
        finding("a", 9, Severity.ADVICE, "later"),
        finding("a", 2, Severity.WARNING),
    ]
    order = in_file_order(found)
    assert [(each.file, each.line, each.severity.value) for each in order] == [
        ("a", 2, "warning"),
        ("a", 9, "error"),
        ("a", 9, "advice"),
        ("a", 9, "advice"),
        ("b", None, "advice"),
    ]
    assert [each.code for each in order[2:4]] == ["late", "later"]


def test_cues_of_one_id_are_told_apart_and_keep_their_lines() -> None:
    read = script(audio("a"), cues("l", audio("a"), audio("b")), audio("a"))
    assert [(authored_id(cue.id), read.lines[cue.id]) for cue in read.cues()] == [
        ("a", 10),
        ("l", 20),
        ("a", 30),
        ("b", 40),
        ("a", 50),
    ]
    assert len({cue.id for cue in read.cues()}) == 5


def test_a_list_that_has_its_own_id_inside_it_is_told_apart_too() -> None:
    read = script(cues("l", audio("l", post="g")))
    holder = read.cues()[0]
    assert isinstance(holder, CueList)
    assert (holder.id, read.lines[holder.id]) == ("l", 10)
    assert read.lines[holder.contents[0].id] == 20


def test_a_show_whose_ids_are_its_own_is_left_as_it_is() -> None:
    read = script(audio("a"))
    assert read.cues() == (audio("a"),)


def test_many_cues_are_named_by_the_first_of_them() -> None:
    some = [audio(name) for name in "abcde"]
    assert [named(some[:n]) for n in (1, 2, 3, 5)] == [
        "'a'",
        "'a' and 'b'",
        "'a', 'b' and 'c'",
        "'a', 'b', 'c' and 2 more",
    ]


def test_a_kind_has_its_article() -> None:
    assert [kind(cue) for cue in (audio("a"), action("x", Action.STOP), cues("l"))] == [
        "an audio cue",
        "an action cue",
        "a cue list",
    ]
