"""Whose a quarter-frame is where two senders are heard: what a line that is locked sends now.

Once pieces are lost, their order does not tell two senders apart any more. But a line that is
locked says which piece is due, and every digit of it. Another's piece agrees with that now and
then; all eight digits do only where the line's own sender goes on.
"""

from cuems.core.chase_line import RollingLine
from cuems.core.mtc import PIECES, PIECES_PER_FRAME, Running, quarter_frame
from cuems.core.timecode import Timecode

PROVED_PIECES = 4 * PIECES  # each of the eight digits must have been heard within these
EARLY_PIECES = 2  # so many more than the time allows may come of a jump
UNREAD_PIECES = 32  # one sender alone is read within so many
EXTRA_FAULT, EXTRA_MOST = 12, 32  # pieces too many, less pieces that were not


class OwnPieces:
    """The pieces of a line that rolls forward, by their number: quarter-frames since zero."""

    def __init__(self, running: Running, position: int) -> None:
        """Eight in a row were right, and the last, `running`, at `position`."""
        self._quarter = running.rate.flicks_per_frame // PIECES_PER_FRAME
        self._last = position // self._quarter
        self._heard = [self._last] * PIECES
        self.spelled_as(running)

    def spelled_as(self, running: Running) -> None:
        """Addresses begin at every other frame: at which, a piece says."""
        self._first = (running.position // self._quarter - running.piece) % PIECES

    def went_on(self, line: RollingLine) -> bool:
        """Whether pieces of the line came since the last doubtful one: all of them, without gap."""
        last = line.position // self._quarter
        if last == self._last:
            return False
        for number in range(max(self._last, last - PIECES) + 1, last + 1):
            self._heard[number % PIECES] = number
        self._last = last
        return True

    def take(
        self,
        line: RollingLine,
        message: bytes,
        received_ns: int,
        between: int,
        *,
        anew: bool,
        located: bool,
    ) -> Running | None:
        """A quarter-frame that may be the line's, after so many in `between` that were not.

        If no more came than are missing, then none was lost: the sender went elsewhere, or a piece
        is damaged. None at all is a mere gap; but where one `located` elsewhere, more must be too
        many than a sender that jumps may send early, to show that it was another. Where the line
        had fallen silent a whole address in a row must prove it `anew`.
        """
        piece = message[1] >> 4
        here = line.position_at(received_ns)
        number = self._nearest(here, piece)
        missed = number - self._last - 1
        if missed < 0 or abs(number * self._quarter - here) > self._quarter:
            return None
        if missed and 2 * (here - line.position) < 3 * self._quarter:
            return None  # what seems to be missing may still come
        if not anew and (between or located) and between - missed <= EARLY_PIECES * located:
            return None
        address = Timecode((number - piece) // PIECES_PER_FRAME, line.rate).within_day
        if quarter_frame(address, piece) != message:
            return None
        self._heard[number % PIECES] = number
        if number - min(self._heard) >= (PIECES if anew else PROVED_PIECES):
            return None
        self._last = number
        position = address.flicks + piece * self._quarter
        return Running(line.rate, piece, True, position, missed, max(between - missed, 0))

    def _nearest(self, position: int, piece: int) -> int:
        """The number of that one of the pieces called `piece` that is nearest to a position."""
        ahead = position // self._quarter - self._first - piece + PIECES // 2
        return ahead - ahead % PIECES + self._first + piece


class Company:
    """Who else is heard besides the sender of the line."""

    def __init__(self) -> None:
        self.extra = 0
        self.between = 0  # pieces since the line's last; one that comes twice counts once
        self._unread = 0  # of these, those since any that could be read
        self._hold_ns = 0

    @property
    def is_known(self) -> bool:
        """Whether there are two, or one that comes twice."""
        return self.extra >= EXTRA_FAULT

    def holds(self, now_ns: int) -> bool:
        """Whether two are known of, and nothing is to be believed but the line."""
        return now_ns < self._hold_ns

    def is_gone(self) -> None:
        """Only the line's own pieces came lately."""
        self.between = 0

    def meet(self, received_ns: int, hold_for_ns: int) -> None:
        """A piece that is not the line's, and that nothing could be made of."""
        self.between += 1
        self._unread += 1
        both_lately = received_ns < self._hold_ns + hold_for_ns
        if both_lately and self._unread > UNREAD_PIECES:
            self.extra = EXTRA_MOST
            self._hold_ns = received_ns + hold_for_ns

    def count(
        self, running: Running, received_ns: int, hold_for_ns: int, *, elsewhere: bool = False
    ) -> None:
        """A piece that was read, of the line or `elsewhere`: how many too many came with it."""
        self.extra = min(self.extra + 2 * running.extra, EXTRA_MOST)
        if running.extra and self._unread and self.is_known:
            self._hold_ns = received_ns + hold_for_ns
        self._unread = 0
        if elsewhere:
            self.between += 1
            return
        self.between = 0
        self.extra = max(self.extra - 1, 0)
        if not self.is_known:  # the line's own pieces came alone for a while
            self._hold_ns = 0
