"""mappings.xml and default_mappings.xml ⇄ what each node's outputs are. Source: interop.md 5.5."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from xml.etree.ElementTree import Element

from cuems.core.cues import CanvasRegion, NodeId
from cuems.wire.cue_parts_reader import read_canvas_region
from cuems.wire.cue_writer import write_canvas_region
from cuems.wire.xml_faults import Faults
from cuems.wire.xml_fields import FieldReader, Layout
from cuems.wire.xml_reader import Vocabulary, read_xml
from cuems.wire.xml_writer import XmlWriter

DEFAULTS = (
    "default_audio_input",
    "default_audio_output",
    "default_video_input",
    "default_video_output",
    "default_dmx_input",
    "default_dmx_output",
)
MAPPINGS = Layout(("number_of_nodes", *DEFAULTS, "nodes", "new_nodes"))
NODE = Layout(("uuid", "mac", "audio", "video", "dmx"), frozenset({"audio", "video", "dmx"}))
PORT = Layout(("id", "name", "mappings"))
VIDEO_PORT = Layout(("id", "name", "canvas_region", "mappings"), frozenset({"canvas_region"}))

Kind = Literal["audio", "video", "dmx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An output or an input: `mapped_to[0]` is its physical name, a JACK port or a connector.

    `canvas_region` is the editor's template for custom regions and does not lay anything out.
    """

    id: int
    name: str
    mapped_to: tuple[str, ...]
    canvas_region: CanvasRegion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a node has of one kind."""

    outputs: tuple[Port, ...] = ()
    inputs: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedNode:
    """A node's devices; None where it has none of a kind."""

    uuid: NodeId
    mac: str
    audio: Device | None = None
    video: Device | None = None
    dmx: Device | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """The nodes a project counts on, and those found since; defaults are output names or empty."""

    number_of_nodes: int
    default_audio_input: str = ""
    default_audio_output: str = ""
    default_video_input: str = ""
    default_video_output: str = ""
    default_dmx_input: str = ""
    default_dmx_output: str = ""
    nodes: tuple[MappedNode, ...] = ()
    new_nodes: tuple[MappedNode, ...] = ()

    def outputs(self, kind: Kind) -> dict[tuple[NodeId, int], str]:
        """The physical name of every output of a kind, by its node and its id."""
        return {
            (node.uuid, port.id): port.mapped_to[0]
            for node in self.nodes
            for port in _device(node, kind).outputs
        }


def _device(node: MappedNode, kind: Kind) -> Device:
    found = {"audio": node.audio, "video": node.video, "dmx": node.dmx}[kind]
    return Device() if found is None else found


def read_mappings(data: bytes, name: str) -> Mappings:
    """What the outputs are; raises ProjectFileError with every fault found."""
    faults = Faults(name)
    read = FieldReader(faults)
    vocabulary = Vocabulary(root="CuemsProjectMappings", begin=read.doc_version)
    return read_xml(data, faults, vocabulary, partial(_mappings, read))


def _mappings(read: FieldReader, root: Element) -> Mappings:
    number, *defaults, nodes, new_nodes = read.parts(root, MAPPINGS)
    found = read.items(nodes, ("node",))
    if nodes is not None and not found:
        read.report(nodes, "", "at least one <node>")
    return Mappings(
        number_of_nodes=read.integer(number, 0),
        nodes=_nodes(read, found),
        new_nodes=_nodes(read, read.items(new_nodes, ("node",))),
        **{tag: read.text(element) for tag, element in zip(DEFAULTS, defaults, strict=True)},
    )


def _nodes(read: FieldReader, elements: Sequence[Element]) -> tuple[MappedNode, ...]:
    nodes = tuple(_node(read, element) for element in elements)
    _unique(read, elements, [node.uuid for node in nodes], "node of a uuid")
    return nodes


def _unique(
    read: FieldReader, elements: Sequence[Element], keys: Sequence[object], what: str
) -> None:
    known: set[object] = set()
    for element, key in zip(elements, keys, strict=True):
        if key in known:
            read.report(element, str(key), f"one {what}")
        known.add(key)


def _node(read: FieldReader, element: Element) -> MappedNode:
    uuid, mac, audio, video, dmx = read.parts(element, NODE)
    screens = _device_of(read, video, VIDEO_PORT)
    regions = [] if video is None else list(video.iter("canvas_region"))
    for extra in regions[1:]:
        read.report(extra, "canvas_region", "at most one of them in a node")
    return MappedNode(
        uuid=NodeId(read.text(uuid, 1)),
        mac=read.text(mac, 1),
        audio=_device_of(read, audio, PORT),
        video=screens,
        dmx=_device_of(read, dmx, PORT),
    )


def _device_of(read: FieldReader, element: Element | None, layout: Layout) -> Device | None:
    if element is None:
        return None
    groups = read.items(element, ("outputs", "inputs"))
    tags = [group.tag for group in groups]
    if tags != sorted(tags, reverse=True):
        read.report(element, " ".join(tags), "<outputs> before <inputs>")
    return Device(
        outputs=_ports(read, element, "outputs", layout),
        inputs=_ports(read, element, "inputs", layout),
    )


def _ports(read: FieldReader, device: Element, group: str, layout: Layout) -> tuple[Port, ...]:
    tag = group.removesuffix("s")
    elements = [item for found in device.findall(group) for item in read.items(found, (tag,))]
    ports = tuple(_port(read, element, layout) for element in elements)
    _unique(read, elements, [port.id for port in ports], f"{tag} of an id")
    return ports


def _port(read: FieldReader, element: Element, layout: Layout) -> Port:
    port_id, name, *region, mappings = read.parts(element, layout)
    mapped_to = tuple(read.text(item, 1) for item in read.items(mappings, ("mapped_to",)))
    if mappings is not None and not mapped_to:
        read.report(mappings, "", "at least one <mapped_to>")
    return Port(
        id=read.integer(port_id, 0),
        name=read.text(name, 1),
        mapped_to=mapped_to,
        canvas_region=next((read_canvas_region(read, at) for at in region if at is not None), None),
    )


def write_mappings(mappings: Mappings) -> bytes:
    """A mappings.xml that reads as the same values."""
    xml = XmlWriter()
    with xml.root("CuemsProjectMappings", "project_mappings.xsd"):
        xml.leaf("number_of_nodes", mappings.number_of_nodes)
        for tag in DEFAULTS:
            xml.leaf(tag, getattr(mappings, tag))
        for tag, nodes in (("nodes", mappings.nodes), ("new_nodes", mappings.new_nodes)):
            with xml.element(tag):
                for node in nodes:
                    _write_node(xml, node)
    return xml.to_bytes()


def _write_node(xml: XmlWriter, node: MappedNode) -> None:
    with xml.element("node"):
        xml.leaf("uuid", node.uuid)
        xml.leaf("mac", node.mac)
        for tag, device in (("audio", node.audio), ("video", node.video), ("dmx", node.dmx)):
            if device is not None:
                with xml.element(tag):
                    _write_ports(xml, "output", device.outputs)
                    _write_ports(xml, "input", device.inputs)


def _write_ports(xml: XmlWriter, tag: str, ports: tuple[Port, ...]) -> None:
    if not ports:
        return
    with xml.element(f"{tag}s"):
        for port in ports:
            with xml.element(tag):
                xml.leaf("id", port.id)
                xml.leaf("name", port.name)
                if port.canvas_region is not None:
                    write_canvas_region(xml, port.canvas_region)
                with xml.element("mappings"):
                    for physical in port.mapped_to:
                        xml.leaf("mapped_to", physical)
