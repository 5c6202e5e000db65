"""The answer to those who say hello: how the show stands, so that a node can take its place."""

from cuems.core import bus
from cuems.core.booth import Booth
from cuems.core.cues import NodeId
from cuems.core.desk import Welcome


class Greeter:
    """Welcomes for nodes, as soon as it is known how the show stands."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    def welcome_all(self) -> None:
        """Answer those who have said hello: how the show stands is known."""
        for node in self._booth.found.answer_all():
            self._booth.wanted.discard(node)
            self._welcome(node)

    def _welcome(self, node: NodeId) -> None:
        booth = self._booth
        show = booth.loaded
        unknown = show is None and booth.found.untouched
        booth.out.append(
            Welcome(
                bus.Snapshot(
                    node=node,
                    # Where a show is to be found yet, its stops are counted on from there.
                    stop_generation=0 if unknown else booth.stop_generation,
                    load=None if show is None else show.load,
                    empty=show is None and not unknown,
                    state=None if show is None else show.sequencer.state,
                    controls=tuple(booth.controls.values()),
                    welcome=booth.cluster.welcome(node),
                )
            )
        )
        if unknown and booth.found.silenced:
            booth.tell(bus.StopCommand(booth.stop_generation, only=(node,)))

    def legacy_came(self) -> None:
        """A node of the ecosystem came late: where that disturbs nobody, load for it again."""
        booth = self._booth
        show = booth.loaded
        if show is not None and not booth.announcer.running and booth.cluster.why_not_armed():
            booth.tell(show.load)
