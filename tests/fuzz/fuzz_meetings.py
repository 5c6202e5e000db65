"""Two senders of timecode on one port that loses messages: what a chase makes of it.

    python -m tests.fuzz.fuzz_meetings [--meetings 10000] [--seed 1] [--loss 0 0.002 0.01 0.03]

Row F08 of the fault catalogue in virtual time. The first sender is locked when the second joins, at
any phase, of the same rate or another; both reach the port in periods of JACK. Every message is
lost with the chance named, and as often one comes twice. Meanwhile the first goes on, is unheard
for a while, pauses, stops for longer than the freewheel, jumps, or locates and starts there; half
of the second ones send full frames besides. Counted are the meetings in which

    other    a position was told that only the second sender has, and the first was not silent for
             as long as the freewheel before
    neither  a position was told that neither of them has, nor the line freewheeled on
    late     no alarm was raised within 300 ms
    lost     the line was lost though its sender was never away for so long
    away     the first was not followed at the end: as it should be where it went elsewhere
             beside another, for then nobody knows which of the two it is
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from cuems.core.chase import FREEWHEEL_FRAMES, Chase, ChaseState
from cuems.core.chase_senders import PROVED_PIECES
from cuems.core.events import Advance, LineEvent, LineLost
from cuems.core.mtc import FRAME_RATES, full_frame, quarter_frame
from cuems.core.timecode import NS_PER_S, FrameRate, Timecode, from_ns, to_ns
from tests.bench.figures import say
from tests.core.mtc_source import Source

LOSSES = (0.0, 0.002, 0.01, 0.03)
PERIOD_NS = 2_670_000  # of a JACK server
JITTER_NS = 3_000_000
ALONE_NS = 2 * NS_PER_S  # the first is, before the second joins
TOGETHER_NS = 6 * NS_PER_S
STOPPED_NS = 3 * NS_PER_S
ALARM_NS = 300_000_000
RESYNC_NS = 2 * NS_PER_S  # libmtcmaster sends a full frame as often
LAST_NS = 50_000_000  # before a sender stops its last piece that was not lost may have come
NEAR_FRAMES = 4
DAY_HOURS = 23  # stay clear of midnight: it is told in the day that is nearest

STAYS = ("goes on", "unheard")
SCENES = (*STAYS, "pauses", "stops", "jumps", "locates")
VERDICTS = ("other", "neither", "late", "lost", "away")


class Stretch(NamedTuple):
    """A while during which a sender rolls on, from its quarter-frame `first`."""

    rate: FrameRate
    first: int
    from_ns: int
    until_ns: int

    @property
    def quarter_ns(self) -> float:
        return to_ns(self.rate.flicks_per_frame) / 4

    def number_at(self, now_ns: int) -> int:
        return self.first + round((now_ns - self.from_ns) / self.quarter_ns)

    def is_near(self, position: int, now_ns: int) -> bool:
        frame = self.rate.flicks_per_frame
        here = self.first * frame // 4 + from_ns(now_ns - self.from_ns)
        return abs(position - here) <= NEAR_FRAMES * frame

    def full_frame(self, now_ns: int) -> bytes:
        return full_frame(Timecode(self.number_at(now_ns) // 4, self.rate))

    def pieces(self, dice: random.Random) -> Iterator[tuple[int, bytes]]:
        at_ns, number = float(self.from_ns), self.first
        while at_ns < self.until_ns:
            message = quarter_frame(Timecode(number // 8 * 2, self.rate), number % 8)
            yield round(at_ns) + dice.randrange(JITTER_NS), message
            at_ns += self.quarter_ns
            number += 1


class Meeting:
    """What two senders do."""

    def __init__(self, dice: random.Random) -> None:
        self.scene = dice.choice(SCENES)
        self.resyncs = dice.random() < 0.5  # the second one does
        self.joined_ns = 10**15 + ALONE_NS + dice.randrange(20_000_000)
        self.until_ns = self.joined_ns + TOGETHER_NS
        rate = dice.choice(FRAME_RATES)
        self.own = self._script(rate, dice)
        other = dice.choice((rate, *FRAME_RATES))
        aside_s = dice.choice((1, 60, 3600)) * dice.uniform(0.4, 20) * dice.choice((-1, 1))
        first = self.own[0]
        at_ns = first.number_at(self.joined_ns) * first.quarter_ns + aside_s * NS_PER_S
        number = round(at_ns % (DAY_HOURS * 3600 * NS_PER_S) * 4 / to_ns(other.flicks_per_frame))
        self.other = Stretch(other, number, self.joined_ns, self.until_ns)

    def _script(self, rate: FrameRate, dice: random.Random) -> list[Stretch]:
        anywhere = range(1000, DAY_HOURS * 3600 * 96)
        first, begin_ns = dice.choice(anywhere), self.joined_ns - ALONE_NS
        if self.scene == "goes on":
            return [Stretch(rate, first, begin_ns, self.until_ns)]
        left_ns = self.joined_ns + dice.randrange(NS_PER_S, 2 * NS_PER_S)
        away_ns = dice.randrange(NS_PER_S // 5, 3 * NS_PER_S // 2)
        back_ns = left_ns + {"stops": STOPPED_NS, "jumps": 0}.get(self.scene, away_ns)
        before = Stretch(rate, first, begin_ns, left_ns)
        match self.scene:
            case "unheard":
                again = before.number_at(back_ns)
            case "pauses" | "stops":
                again = before.number_at(left_ns)
            case _:
                again = dice.choice(anywhere)
        return [before, Stretch(rate, again, back_ns, self.until_ns)]

    def sent(self, dice: random.Random) -> list[tuple[int, bytes]]:
        """What arrives, by the period it does in."""
        sent = [(at, 0, message) for each in self.own for at, message in each.pieces(dice)]
        sent += [(at, 1, message) for at, message in self.other.pieces(dice)]
        if self.scene == "locates":
            before, after = self.own
            sent.append((before.until_ns + 20_000_000, 0, after.full_frame(after.from_ns)))
        if self.resyncs:
            moments = range(self.joined_ns, self.until_ns, RESYNC_NS)
            sent += [(at_ns, 1, self.other.full_frame(at_ns)) for at_ns in moments]
        sent = [(at_ns // PERIOD_NS * PERIOD_NS, who, message) for at_ns, who, message in sent]
        sent.sort(key=lambda each: each[:2])
        return [(at_ns, message) for at_ns, _, message in sent]


class Judge:
    """Says what of that was told wrong."""

    def __init__(self, meeting: Meeting) -> None:
        self.verdicts: set[str] = set()
        self.news: list[str] = []
        self._meeting = meeting
        self._freewheel_ns = FREEWHEEL_FRAMES * to_ns(meeting.own[0].rate.flicks_per_frame)
        # So long may pieces of the other that read like the line's keep it (chase_senders.py).
        self._keeps_ns = self._freewheel_ns + round(PROVED_PIECES * meeting.own[0].quarter_ns)
        self._followed = False  # the other, as it may be once the first is long silent
        self._shown = False

    def told(self, events: tuple[LineEvent, ...], now_ns: int) -> None:
        for event in events:
            verdict = self._verdict(event, now_ns)
            if verdict:
                since_s = (now_ns - self._meeting.joined_ns) / NS_PER_S
                self.verdicts.add(verdict)
                self.news.append(f"{verdict}: {since_s:.3f} s after it joined, {event}")

    def _verdict(self, event: LineEvent, now_ns: int) -> str:
        if isinstance(event, LineLost):
            return "lost" if self._meeting.scene in STAYS else ""
        position = event.position
        for own in self._meeting.own:
            rolls = own.from_ns <= now_ns <= own.until_ns + self._keeps_ns
            at_rest = not isinstance(event, Advance) and own.is_near(position, own.from_ns)
            if at_rest or (rolls and own.is_near(position, now_ns)):
                return ""
        if not self._meeting.other.is_near(position, now_ns):
            return "neither"
        begun = [own for own in self._meeting.own if own.from_ns <= now_ns]
        silent_ns = now_ns - min(begun[-1].until_ns, now_ns)
        self._followed = self._followed or silent_ns > self._freewheel_ns - LAST_NS
        return "" if self._followed else "other"

    def look(self, chase: Chase, now_ns: int) -> None:
        """Whether the operator sees that there are two."""
        since_ns = now_ns - self._meeting.joined_ns
        alarmed = bool(chase.fault) or chase.state is not ChaseState.LOCKED
        self._shown = self._shown or (since_ns > 0 and alarmed)
        if since_ns > ALARM_NS and not self._shown:
            self.verdicts.add("late")

    def end(self, chase: Chase, now_ns: int) -> None:
        here = chase.position_at(now_ns) if chase.state is ChaseState.LOCKED else None
        if here is None or not self._meeting.own[-1].is_near(here, now_ns):
            self.verdicts.add("away")


def judged(meeting: Meeting, loss: float, dice: random.Random) -> Judge:
    """Let a chase listen to a meeting."""
    source, judge = Source(), Judge(meeting)
    chase = source.chase
    for now_ns, message in meeting.sent(dice):
        times = dice.choices((0, 2, 1), (loss, loss, 1 - 2 * loss))[0]
        while (wake_ns := chase.next_wake_ns()) is not None and wake_ns <= now_ns:
            judge.told(chase.wake(wake_ns), wake_ns)
        source.now_ns = now_ns
        for _ in range(times):
            judge.told(source.send(message), now_ns)
        judge.look(chase, now_ns)
    judge.end(chase, source.now_ns)
    return judge


def held(meetings: int, loss: float, seed: int = 1) -> tuple[dict[str, Counter[str]], list[str]]:
    """How often what went wrong, by scene; and what was told wrong first in each meeting."""
    counts: dict[str, Counter[str]] = {scene: Counter() for scene in SCENES}
    news: list[str] = []
    for number in range(meetings):
        dice = random.Random(f"{seed}/{number}")
        meeting = Meeting(dice)
        judge = judged(meeting, loss, dice)
        counts[meeting.scene].update(("meetings", *judge.verdicts))
        news += [f"meeting {number}, {meeting.scene}: {line}" for line in judge.news[:1]]
    return counts, news


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--meetings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", type=float, nargs="+", default=LOSSES)
    options = parser.parse_args()
    failed = False
    for loss in options.loss:
        began_s = time.monotonic()
        counts, news = held(options.meetings, loss, options.seed)
        total = sum(counts.values(), Counter[str]())
        failed = failed or total["other"] > 0 or total["late"] > 0
        say(f"{loss:.1%} lost ({time.monotonic() - began_s:.0f} s)")
        say(f"    {'':<10}{'meetings':>10}" + "".join(f"{verdict:>10}" for verdict in VERDICTS))
        for scene, count in [*counts.items(), ("all", total)]:
            say(
                f"    {scene:<10}" + "".join(f"{count[key]:>10}" for key in ("meetings", *VERDICTS))
            )
        for line in news[:5]:
            say(f"    {line}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
