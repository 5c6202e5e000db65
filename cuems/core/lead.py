"""How far ahead of now a GO is stamped, so that every node has it in time (cluster.md 3)."""

from collections import deque

from cuems.core.timecode import FrameRate, from_ms, from_ns

LEAST_FLICKS, MOST_FLICKS = from_ms(40), from_ms(200)
UNKNOWN_FLICKS = from_ms(80)  # before anybody has answered anything: two frames
REMEMBERED_NS = 300_000_000_000
REMEMBERED_ITEMS = 4096
PER_MILLE = 999
FRAME_FLICKS = FrameRate.FPS_25.flicks_per_frame


class Lead:
    """One and a half times what 999 of 1000 answers took in the last five minutes."""

    def __init__(self, fixed: int | None = None) -> None:
        self.flicks = UNKNOWN_FLICKS if fixed is None else fixed
        self.most_flicks = MOST_FLICKS
        self._fixed = fixed is not None
        self._took: deque[tuple[int, int]] = deque(maxlen=REMEMBERED_ITEMS)

    def answered(self, took_ns: int, now_ns: int) -> None:
        """A node answered a command after so long."""
        if self._fixed:
            return
        self._took.append((now_ns, took_ns))
        while self._took[0][0] < now_ns - REMEMBERED_NS:
            self._took.popleft()
        times = sorted(took for _, took in self._took)
        worst = times[min(len(times) - 1, len(times) * PER_MILLE // 1000)]
        wanted = min(self.most_flicks, max(LEAST_FLICKS, from_ns(worst * 3 // 2)))
        self.flicks = to_frame(wanted)


def to_frame(flicks: int) -> int:
    """Rounded up to a frame."""
    return -(-flicks // FRAME_FLICKS) * FRAME_FLICKS
