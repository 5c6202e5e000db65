"""The order in which a node does what it has decided: what is due before what is told of it.

A report takes a good part of a millisecond, and cues that start together are to start together.
"""

from collections.abc import Iterable, Iterator

from cuems.core.node_desk import NodeEffect, Play, Say


def players_first(effects: Iterable[NodeEffect]) -> Iterator[NodeEffect]:
    """The same, reports after what players are asked; all else keeps its place among them."""
    reports: list[Say] = []
    for effect in effects:
        match effect:
            case Say():
                reports.append(effect)
            case Play():
                yield effect
            case _:
                yield from reports
                reports.clear()
                yield effect
    yield from reports
