import pytest

from cuems.core.cues import CueId
from cuems.core.looks import Looks, difference

A, B, C = CueId("a"), CueId("b"), CueId("c")


def test_a_look_that_comes_again_is_the_newest() -> None:
    looks = Looks()
    looks.come(A, 1)
    looks.come(B, 2)
    looks.come(A, 3)
    looks.go(C)
    assert (list(looks), looks.start(A), len(looks)) == ([B, A], 3, 2)
    looks.shift(10)
    assert looks.start(B) == 12


@pytest.mark.parametrize(
    ("shown", "wanted", "changes"),
    [
        ([], [], ([], [], [])),
        ([A, B], [A, B], ([], [A, B], [])),
        ([A], [A, B], ([], [A], [B])),
        ([A, B, C], [A, C], ([B], [A, C], [])),
        ([A, B], [B, A], ([], [], [B, A])),
        ([A, C], [A, B, C], ([], [A], [B, C])),
        ([A], [B], ([A], [], [B])),
    ],
)
def test_as_little_as_possible_changes(
    shown: list[CueId], wanted: list[CueId], changes: tuple[list[CueId], ...]
) -> None:
    assert difference(shown, wanted) == changes
