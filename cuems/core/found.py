"""The show that a controller finds when it starts: on a node that plays it, or in the journal.

What plays on nodes goes before what the journal remembers of it, also where the node is heard of
later. Nodes that say hello while a show is being read are answered when that is done. A stop that
is pressed meanwhile holds for whatever is found.
"""

from dataclasses import replace

from cuems.core.cues import NodeId
from cuems.core.desk import Asked
from cuems.core.operator import Ping, PressPanic, PressStop
from cuems.core.reports import Hello
from cuems.core.show_state import ShowState
from cuems.core.stands import Remembered, Stands

JOURNAL = "the journal"


class Found:
    """What is to be taken up, and who waits for that. `hello` is who has it, while it is read."""

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.found_ns = 0
        self.untouched = True  # nothing but a stop was asked for since this controller has started
        self.silenced = False  # that was
        self._from_journal: Stands | None = None
        self._waiting: list[NodeId] = []

    def asked(self, asked: Asked) -> None:
        """Something was asked for, and done."""
        if isinstance(asked.command, Ping) or asked.client is None:
            return
        self._from_journal = None
        if isinstance(asked.command, PressStop | PressPanic):
            self.silenced = self.silenced or self.untouched
        else:
            self.untouched = self.silenced = False

    def finds(self, hello: Hello, now_ns: int, *, idle: bool) -> bool:
        """Whether a node is in a show that is now to be taken up; `idle`: none is loaded here."""
        if self.hello is not None or hello.state is None:
            return False
        plays = bool(hello.state.triggers) and not self.silenced
        is_it = self._is_remembered(hello) if self._from_journal else self.untouched
        if not is_it or not (plays or (idle and self.untouched)):
            return False
        self.hello, self.found_ns = hello, now_ns
        return True

    def _is_remembered(self, hello: Hello) -> bool:
        """Whether a node has the very show that was taken up from the journal."""
        known = self._from_journal
        return known is not None and (
            (hello.project, hello.load_seq, hello.stop_generation)
            == (known.project, known.load_seq, known.stop_generation)
        )

    def remembers(self, remembered: Remembered, now_ns: int, *, go_on: bool) -> bool:
        """The journal has a show; whether it is to be taken up: not over one that nodes have."""
        if self.hello is not None or not self.untouched:
            return False
        stands = remembered.stands
        stays = stands.state.paused or (remembered.in_the_middle and not go_on)
        self._from_journal = None if self.silenced else stands
        self.found_ns = now_ns
        self.hello = Hello(
            boot="",
            version="",
            name=JOURNAL,
            project=stands.project,
            load_seq=stands.load_seq,
            stop_generation=stands.stop_generation,
            state=replace(stands.state, paused=stays),
            position=remembered.position,
            rolling=not stays,
        )
        return True

    def taken_up(self, hello: Hello) -> ShowState | None:
        """A found show is led from now on; how it stands (None: at its beginning)."""
        self.hello, self.untouched = None, False
        if hello.name != JOURNAL:
            self._from_journal = None
        silenced, self.silenced = self.silenced, False
        return None if silenced else hello.state

    def waits(self, node: NodeId) -> None:
        """A node has said hello, and is to be answered."""
        self._waiting.append(node)

    def answer_all(self) -> tuple[NodeId, ...]:
        """Who is to be answered, each once."""
        waiting, self._waiting = dict.fromkeys(self._waiting), []
        return tuple(waiting)
