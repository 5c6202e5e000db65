"""A simulated rig on a bad network holds the invariants of cluster.md 4, small version.

All of it is `python -m tests.soak.soak_cluster`, which has found each of these seeds.
"""

import pytest

from tests.soak.soak_cluster import violations

FOUND = (1620, 1933, 2290, 2647, 4883, 7236, 7907, 9540)


@pytest.mark.parametrize("seed", [*range(10), *FOUND])
def test_whatever_is_lost_and_cut_off_the_rig_stays_one_show(seed: int) -> None:
    assert violations(seed) == []


@pytest.mark.parametrize("seed", [0, 43, 138, 309, 364, 368, 387, 411])
def test_single_cues_and_panics_leave_it_one_show_as_well(seed: int) -> None:
    assert violations(seed, words=True) == []
