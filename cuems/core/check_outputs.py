"""Whether the outputs that cues name are there: in the mappings, and in the cluster."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from cuems.core.cuelist import nodes_of, output_names
from cuems.core.cues import UUID_LENGTH, AnyCue, AudioCue, DmxCue, NodeId, VideoCue
from cuems.core.findings import KINDS, Finding, Script, Severity, named, worst_for

CUSTOM = "custom_"  # a region of the canvas instead of an output; interop.md 5.2

OutputCue = AudioCue | VideoCue | DmxCue


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a node by its id in the mappings, and what it is physically."""

    id: str
    physical: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutputs:
    """What a node has, in the mappings' order."""

    audio: tuple[Output, ...] = ()
    video: tuple[Output, ...] = ()
    dmx: tuple[Output, ...] = ()

    def of(self, cue: OutputCue) -> tuple[Output, ...]:
        """The outputs a cue's kind can use."""
        match cue:
            case AudioCue():
                return self.audio
            case VideoCue():
                return self.video
            case DmxCue():
                return self.dmx
            case _:
                assert_never(cue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The nodes of the mappings in `file`, and of the network map: adopted or not.

    `network` is None where there is no network map; `here` is this machine, where it is known.
    """

    file: str
    nodes: Mapping[NodeId, NodeOutputs]
    network: Mapping[NodeId, bool] | None = None
    here: NodeId | None = field(default=None)


def output_ids(cue: AnyCue, node: NodeId) -> tuple[str, ...]:
    """The ids of the outputs a cue names on a node, in file order."""
    return tuple(
        name[UUID_LENGTH + 1 :] for name in output_names(cue) if name[:UUID_LENGTH] == node
    )


def _short(node: NodeId) -> str:
    """Enough of a node's uuid for people; all of it is the finding's value."""
    return f"{node[:8]}…" if len(node) == UUID_LENGTH else node


def check_outputs(script: Script, rig: Rig) -> Iterator[Finding]:
    """What cues name that is not there, each once, at the first cue that names it."""
    cues = [cue for cue in script.cues() if isinstance(cue, OutputCue)]
    by_node: dict[NodeId, list[OutputCue]] = defaultdict(list)
    for cue in cues:
        for node in sorted(nodes_of(cue)):
            by_node[node].append(cue)
    for node, users in by_node.items():
        if node in rig.nodes:
            yield from _unknown_outputs(script, rig, node, users)
        else:
            yield _unknown_node(script, rig, node, users)
        yield from _not_in_network(script, rig, node, users)
    yield from _played_everywhere(script, rig, cues)
    yield from _nothing_here(script, rig, by_node)


def _unknown_node(script: Script, rig: Rig, node: NodeId, users: list[OutputCue]) -> Finding:
    known = ", ".join(map(_short, rig.nodes)) or "none"
    return script.finding(
        users[0],
        worst_for(users),
        "unknown-node",
        field="output_name",
        value=node,
        text=f"node {_short(node)} is not in {rig.file}, so nobody plays {named(users)};"
        f" nodes there: {known}",
        remedy="choose outputs of a node that is there, or add the node to the project",
    )


def _unknown_outputs(
    script: Script, rig: Rig, node: NodeId, users: Iterable[OutputCue]
) -> Iterator[Finding]:
    by_output: dict[tuple[type[OutputCue], str], list[OutputCue]] = defaultdict(list)
    for cue in users:
        for output in output_ids(cue, node):
            if not _is_there(cue, output, rig.nodes[node].of(cue)):
                by_output[type(cue), output].append(cue)
    for (kind, output), cues in by_output.items():
        there = ", ".join(f"{out.id} ({out.physical})" for out in rig.nodes[node].of(cues[0]))
        word = KINDS[kind].removesuffix(" cue")
        what = f"{word} output {output!r}" if output else f"{word} output"
        users_told = f", named by {named(cues)}" if len(cues) > 1 else ""
        yield script.finding(
            cues[0],
            worst_for(cues),
            "unknown-output",
            field="output_name",
            value=f"{node}_{output}" if output else node,
            text=f"node {_short(node)} has no {what} in {rig.file}{users_told};"
            f" its {word} outputs: {there or 'none'}",
            remedy="choose an output that is there, or map it in the node's settings",
        )


def _is_there(cue: OutputCue, output: str, outputs: tuple[Output, ...]) -> bool:
    if isinstance(cue, DmxCue) or output.startswith(CUSTOM):
        return bool(outputs)
    by_port = isinstance(cue, AudioCue)  # old scripts name the JACK port
    return any(output == out.id or (by_port and output == out.physical) for out in outputs)


def _not_in_network(
    script: Script, rig: Rig, node: NodeId, users: list[OutputCue]
) -> Iterator[Finding]:
    if rig.network is None or rig.network.get(node, False):
        return
    found = "not adopted" if node in rig.network else "not in network_map.xml"
    yield script.finding(
        users[0],
        Severity.WARNING,
        "not-adopted",
        field="output_name",
        value=node,
        text=f"node {_short(node)} is {found}: a CUEMS controller does not wait for it, and may"
        f" start without {named(users)}",
        remedy="switch the node on and adopt it in the editor",
    )


def _played_everywhere(script: Script, rig: Rig, cues: Iterable[OutputCue]) -> Iterator[Finding]:
    everywhere = [cue for cue in cues if not cue.outputs and not isinstance(cue, DmxCue)]
    if everywhere and len(rig.nodes) > 1:
        yield script.finding(
            everywhere[0],
            Severity.ADVICE,
            "no-output",
            field="outputs",
            text=f"{named(everywhere)} name{'s' if len(everywhere) == 1 else ''} no output:"
            f" all {len(rig.nodes)} nodes play it at once",
            remedy="choose outputs, unless that is meant",
        )


def _nothing_here(
    script: Script, rig: Rig, by_node: Mapping[NodeId, list[OutputCue]]
) -> Iterator[Finding]:
    if rig.here is None or not by_node or rig.here in by_node:
        return
    first = next(iter(by_node.values()))[0]
    yield script.finding(
        first,
        Severity.ADVICE,
        "nothing-here",
        field="output_name",
        value=rig.here,
        text=f"no cue names an output of this machine, which is node {_short(rig.here)}: here it"
        " stays silent",
        remedy="choose outputs of this node, or run the nodes that the show names",
    )
