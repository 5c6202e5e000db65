"""Timecode over a network that jitters, between two namespaces of this machine."""

import anyio
import pytest

from tests.bench.bench_jitter import measure
from tests.e2e.rig import PATIENCE_S
from tests.unetem import Link, why_not

pytestmark = pytest.mark.slow


async def test_f09_of_the_jitter_of_a_network_most_is_taken_out() -> None:
    if why_not():
        pytest.skip(why_not())
    with anyio.fail_after(PATIENCE_S):
        arrivals_ns, left_ns = await measure(Link(delay_ms=10, jitter_ms=8), seconds=5)
    assert len(left_ns) > 100
    assert sum(left_ns) < sum(arrivals_ns) / 2
