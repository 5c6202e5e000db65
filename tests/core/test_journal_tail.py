"""What a standby gets of the journal."""

from cuems.core.journal_tail import (
    KEPT_CHARACTERS,
    LONGEST_LINE_CHARACTERS,
    PIECE_CHARACTERS,
    JournalTail,
    pieces,
)


def tail(*entries: tuple[str, int, str]) -> JournalTail:
    found = JournalTail()
    for entry in entries:
        found.add(*entry)
    return found


def test_who_keeps_asking_gets_every_line_once_and_run_by_run() -> None:
    kept = tail(("r1", 1, "a"), ("r1", 2, "b"), ("r2", 1, "c"), ("r2", 2, "d"))
    assert kept.after("", 0) == ("r1", ("a", "b"))
    assert kept.after("r1", 2) == ("r2", ("c", "d"))
    assert kept.after("r2", 1) == ("r2", ("d",))
    assert kept.after("r2", 2) == ("r2", ())
    kept.add("r3", 1, "e")
    assert kept.after("r2", 2) == ("r3", ("e",))


def test_who_has_a_line_of_somebody_else_gets_the_oldest() -> None:
    assert tail(("r1", 1, "a")).after("of another start", 7) == ("r1", ("a",))


def test_an_answer_fits_a_packet_and_what_never_would_is_passed_over() -> None:
    long, endless = "x" * (PIECE_CHARACTERS // 2), "x" * (LONGEST_LINE_CHARACTERS + 1)
    kept = tail(("r", 1, long), ("r", 2, endless), ("r", 3, long), ("r", 4, "y"))
    assert kept.after("", 0) == ("r", (long, long))
    assert kept.after("r", 3) == ("r", ("y",))


def test_a_line_that_does_not_fit_a_packet_is_told_alone_and_in_pieces() -> None:
    long = "a" * PIECE_CHARACTERS + "b"
    kept = tail(("r", 1, "x"), ("r", 2, long), ("r", 3, "y"))
    assert kept.after("r", 0) == ("r", ("x",))
    assert kept.after("r", 1) == ("r", (long,))
    assert list(pieces((long,))) == [("a" * PIECE_CHARACTERS,), ("b",)]
    assert list(pieces(("x", "y"))) == [("x", "y")]
    assert list(pieces(())) == [()]


def test_the_oldest_go() -> None:
    kept = JournalTail()
    line = "x" * PIECE_CHARACTERS
    for number in range(2 * KEPT_CHARACTERS // PIECE_CHARACTERS):
        kept.add("r", number, f"{number:06d}{line[6:]}")
    _, (first,) = kept.after("", 0)
    assert int(first[:6]) > KEPT_CHARACTERS // PIECE_CHARACTERS - 2
