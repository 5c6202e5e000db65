"""How far a transfer is, for people: throttled, never backwards, at its end 100."""

from cuems.core.reports import DeployReport

EVERY_NS = 250_000_000  # a person reads no faster
NS_PER_S = 1_000_000_000
SETTLED = 0.7  # of the rate is what it was: a bar that jumps is not believed


class DeployMeter:
    """One node's transfer of `total_bytes`, of which `here_bytes` have come before."""

    def __init__(self, total_bytes: int, here_bytes: int, deploy_seq: int, now_ns: int) -> None:
        self._total = total_bytes
        self._done = self._told = here_bytes
        self._seq = deploy_seq
        self._told_ns = now_ns
        self._rate: float | None = None

    @property
    def done_bytes(self) -> int:
        """What has come so far."""
        return self._done

    def moved(self, done_bytes: int, file: str, now_ns: int) -> DeployReport | None:
        """So much has come of all; a report, if it is time for one."""
        self._done = max(self._done, min(done_bytes, self._total))
        since_ns = now_ns - self._told_ns
        if since_ns < EVERY_NS:
            return None
        rate = (self._done - self._told) * NS_PER_S / since_ns
        self._rate = rate if self._rate is None else SETTLED * self._rate + (1 - SETTLED) * rate
        self._told, self._told_ns = self._done, now_ns
        return self.report("fetching", file)

    def report(self, state: str, file: str = "") -> DeployReport:
        """How far it is; 100 only for what is done."""
        percent = 100 if state == "done" else 99 * self._done // max(self._total, 1)
        rate = round(self._rate or 0) if state == "fetching" else 0
        left = self._total - self._done
        return DeployReport(
            percent,
            _detail(state, rate, left),
            state,
            self._seq,
            file,
            self._total if state == "done" else self._done,
            self._total,
            rate,
            left // rate if rate else 0,
        )


def _detail(state: str, rate: int, left: int) -> str:
    if state == "done":
        return ""
    if state != "fetching":
        return state
    return f"{mib(rate)}/s, {left // rate} s left" if rate else "starting"


def mib(size_bytes: int) -> str:
    """A size for people, rounded up."""
    return f"{-(-size_bytes // (1 << 20))} MiB"
