"""How a playing mpv is kept where the line is: by its speed, or by a seek.

A change of speed by one hundredth is a sixth of a semitone, so what is near enough is left alone,
and what is not is brought nearer as gently as it is wrong. Measured (field.md 5): 150 ms ahead is
4 ms ahead after 6 s.
"""

JUMP_S = 0.5  # further off than this, a seek is less of a disturbance than the wait
MOST = 0.01
GAIN_PER_S = 0.5
REST_S = 0.001  # a correction goes on until it is this near


def speed(ahead_s: float, now: float, tolerance_s: float) -> float | None:
    """The speed to play on at, now being at `now`; None: seek."""
    if abs(ahead_s) > JUMP_S:
        return None
    if abs(ahead_s) <= (tolerance_s if now == 1.0 else min(REST_S, tolerance_s)):
        return 1.0
    return 1.0 - max(-MOST, min(MOST, GAIN_PER_S * ahead_s))
