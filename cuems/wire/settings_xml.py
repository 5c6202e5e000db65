"""settings.xml of a host, and of a project ⇄ values. Source: interop.md 5.3 and 5.6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element

from cuems.core.cues import NodeId
from cuems.wire.xml_faults import Faults, RefusedError
from cuems.wire.xml_fields import FieldReader, Layout
from cuems.wire.xml_reader import Vocabulary, read_xml
from cuems.wire.xml_writer import XmlWriter

SETTINGS = Layout(
    (
        "conf_path",
        "library_path",
        "tmp_path",
        "database_name",
        "show_lock_file",
        "editor_url",
        "controller_url",
        "templates_path",
        "controller_interfaces_template",
        "node_interfaces_template",
        "controller_lock_file",
        "node",
    )
)
PLAYERS = ("videoplayer", "audioplayer", "audiomixer", "dmxplayer")
NODE = Layout(
    (
        "uuid",
        "mac",
        "osc_dest_host",
        "oscquery_ws_port",
        "oscquery_osc_port",
        "websocket_port",
        "load_timeout",
        "nodeconf_timeout",
        "discovery_timeout",
        "mtc_port",
        "osc_in_port_base",
        "nng_hub_port",
        "gradient_osc_port",
        *PLAYERS,
    ),
    frozenset(PLAYERS),
)
VIDEO_PLAYER = Layout(
    ("path", "args", "outputs", "osc_port", "output_latency_ms"),
    frozenset({"osc_port", "output_latency_ms"}),
)
AUDIO_PLAYER = Layout(
    ("path", "args", "audio_cards", "output_latency_ms"), frozenset({"output_latency_ms"})
)
AUDIO_MIXER = Layout(("path", "args"))
DMX_PLAYER = Layout(
    ("path", "args", "universes", "output_latency_ms"), frozenset({"output_latency_ms"})
)
PROJECT_SETTING = Layout(("name", "value"))

AUTO = "auto"
PORTS = (1024, 65535)
MAX_LATENCY_MS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlayerSettings:
    """How the video composer is run; a latency of None is the player's own."""

    path: str
    args: str = ""
    outputs: int = 2
    osc_port: int | None = None
    output_latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlayerSettings:
    """How audio players are run; a latency of None is what JACK says."""

    path: str
    args: str = ""
    audio_cards: int = 1
    output_latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioMixerSettings:
    """How the mixer is run."""

    path: str
    args: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmxPlayerSettings:
    """How the DMX player is run; a latency of None is the player's own."""

    path: str
    args: str = ""
    universes: int = 1
    output_latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What a host is in the cluster. `mtc_port` is read and, as upstream, overridden."""

    uuid: NodeId
    mac: str
    osc_dest_host: str = "localhost"
    oscquery_ws_port: int = 9190
    oscquery_osc_port: int = 9191
    websocket_port: int = 9092
    load_timeout_ms: int = 15000
    nodeconf_timeout_ms: int = 5000
    discovery_timeout_ms: int = 15000
    mtc_port: str = "Midi Through Port-0"
    osc_in_port_base: int = 7000
    nng_hub_port: int = 9093
    gradient_osc_port: int = 7100
    video_player: VideoPlayerSettings | None = None
    audio_player: AudioPlayerSettings | None = None
    audio_mixer: AudioMixerSettings | None = None
    dmx_player: DmxPlayerSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """A host's settings, with the values CUEMS ships where there are any."""

    node: NodeSettings
    conf_path: str = "/etc/cuems"
    library_path: str = "/opt/cuems_library"
    tmp_path: str = "/tmp/cuems"
    database_name: str = "project-manager.db"
    show_lock_file: str = "show.lock"
    editor_url: str = "formitgo.local"
    controller_url: str = "controller.local"
    templates_path: str = "/usr/share/cuems"
    controller_interfaces_template: str = "interfaces.controller"
    node_interfaces_template: str = "interfaces.node"
    controller_lock_file: str = "controller.lock"


def read_settings(data: bytes, name: str) -> HostSettings:
    """The settings of a host; raises ProjectFileError with every fault found."""
    faults = Faults(name)
    reader = _SettingsReader(faults)
    vocabulary = Vocabulary(root="CuemsSettings", begin=reader.read.doc_version)
    return read_xml(data, faults, vocabulary, reader.host)


class _SettingsReader:
    def __init__(self, faults: Faults) -> None:
        self.read = FieldReader(faults)

    def host(self, root: Element) -> HostSettings:
        (settings,) = self.read.parts(root, Layout(("Settings",)))
        if settings is None:
            raise RefusedError
        *texts, node = self.read.parts(settings, SETTINGS)
        values = dict(zip(SETTINGS.tags, map(self._filled, texts), strict=False))
        if node is None:
            raise RefusedError
        return HostSettings(node=self._node(node), **values)

    def _filled(self, element: Element | None) -> str:
        return self.read.text(element, 1)

    def _port(self, element: Element | None) -> int:
        return self.read.integer(element, *PORTS)

    def _positive(self, element: Element | None) -> int:
        return self.read.integer(element, 1)

    def _node(self, element: Element) -> NodeSettings:
        parts = self.read.parts(element, NODE)
        uuid, mac, osc_host, query_port, query_osc_port, websocket_port, *parts = parts
        load, nodeconf, discovery, mtc_port, osc_base, hub_port, gradient_port, *players = parts
        video, audio, mixer, dmx = players
        return NodeSettings(
            uuid=NodeId(self._filled(uuid)),
            mac=self._filled(mac),
            osc_dest_host=self._filled(osc_host),
            oscquery_ws_port=self._port(query_port),
            oscquery_osc_port=self._port(query_osc_port),
            websocket_port=self._port(websocket_port),
            load_timeout_ms=self._positive(load),
            nodeconf_timeout_ms=self._positive(nodeconf),
            discovery_timeout_ms=self._positive(discovery),
            mtc_port=self._filled(mtc_port),
            osc_in_port_base=self._port(osc_base),
            nng_hub_port=self._port(hub_port),
            gradient_osc_port=self._port(gradient_port),
            video_player=None if video is None else self._video(video),
            audio_player=None if audio is None else self._audio(audio),
            audio_mixer=None if mixer is None else self._mixer(mixer),
            dmx_player=None if dmx is None else self._dmx(dmx),
        )

    def _video(self, element: Element) -> VideoPlayerSettings:
        path, args, outputs, osc_port, latency = self.read.parts(element, VIDEO_PLAYER)
        return VideoPlayerSettings(
            path=self._filled(path),
            args=self.read.text(args),
            outputs=self._positive(outputs),
            osc_port=None if osc_port is None else self._port(osc_port),
            output_latency_ms=self._latency(latency, auto=True),
        )

    def _audio(self, element: Element) -> AudioPlayerSettings:
        path, args, cards, latency = self.read.parts(element, AUDIO_PLAYER)
        return AudioPlayerSettings(
            path=self._filled(path),
            args=self.read.text(args),
            audio_cards=self._positive(cards),
            output_latency_ms=self._latency(latency, auto=True),
        )

    def _mixer(self, element: Element) -> AudioMixerSettings:
        path, args = self.read.parts(element, AUDIO_MIXER)
        return AudioMixerSettings(path=self._filled(path), args=self.read.text(args))

    def _dmx(self, element: Element) -> DmxPlayerSettings:
        path, args, universes, latency = self.read.parts(element, DMX_PLAYER)
        return DmxPlayerSettings(
            path=self._filled(path),
            args=self.read.text(args),
            universes=self._positive(universes),
            output_latency_ms=self._latency(latency, auto=False),
        )

    def _latency(self, element: Element | None, *, auto: bool) -> int | None:
        """Milliseconds; None for `auto`, which DMX has no way to measure, and where absent."""
        if element is None or (auto and element.text == AUTO):
            return None
        return self.read.integer(element, 0, MAX_LATENCY_MS)


def write_settings(settings: HostSettings) -> bytes:
    """A settings.xml that reads as the same values."""
    xml = XmlWriter()
    with xml.root("CuemsSettings", "settings.xsd"), xml.element("Settings"):
        for tag in SETTINGS.tags[:-1]:
            xml.leaf(tag, getattr(settings, tag))
        _write_node(xml, settings.node)
    return xml.to_bytes()


def _write_node(xml: XmlWriter, node: NodeSettings) -> None:
    with xml.element("node"):
        xml.leaf("uuid", node.uuid)
        xml.leaf("mac", node.mac)
        xml.leaf("osc_dest_host", node.osc_dest_host)
        xml.leaf("oscquery_ws_port", node.oscquery_ws_port)
        xml.leaf("oscquery_osc_port", node.oscquery_osc_port)
        xml.leaf("websocket_port", node.websocket_port)
        xml.leaf("load_timeout", node.load_timeout_ms)
        xml.leaf("nodeconf_timeout", node.nodeconf_timeout_ms)
        xml.leaf("discovery_timeout", node.discovery_timeout_ms)
        xml.leaf("mtc_port", node.mtc_port)
        xml.leaf("osc_in_port_base", node.osc_in_port_base)
        xml.leaf("nng_hub_port", node.nng_hub_port)
        xml.leaf("gradient_osc_port", node.gradient_osc_port)
        _write_players(xml, node)


def _write_players(xml: XmlWriter, node: NodeSettings) -> None:
    if (video := node.video_player) is not None:
        rest = {"outputs": video.outputs, "osc_port": video.osc_port}
        _write_player(xml, "videoplayer", video, rest, video.output_latency_ms)
    if (audio := node.audio_player) is not None:
        cards = {"audio_cards": audio.audio_cards}
        _write_player(xml, "audioplayer", audio, cards, audio.output_latency_ms)
    if (mixer := node.audio_mixer) is not None:
        _write_player(xml, "audiomixer", mixer, {}, None)
    if (dmx := node.dmx_player) is not None:
        _write_player(xml, "dmxplayer", dmx, {"universes": dmx.universes}, dmx.output_latency_ms)


def _write_player(
    xml: XmlWriter,
    tag: str,
    player: VideoPlayerSettings | AudioPlayerSettings | AudioMixerSettings | DmxPlayerSettings,
    rest: Mapping[str, int | None],
    latency_ms: int | None,
) -> None:
    with xml.element(tag):
        xml.leaf("path", player.path)
        xml.leaf("args", player.args)
        for name, value in (*rest.items(), ("output_latency_ms", latency_ms)):
            if value is not None:
                xml.leaf(name, value)


def read_project_settings(data: bytes, name: str) -> tuple[tuple[str, str], ...]:
    """A project's settings by name, in file order; raises ProjectFileError with every fault."""
    faults = Faults(name)
    read = FieldReader(faults)
    vocabulary = Vocabulary(root="CuemsProjectSettings", begin=read.doc_version)
    return read_xml(data, faults, vocabulary, partial(_project_settings, read))


def _project_settings(read: FieldReader, root: Element) -> tuple[tuple[str, str], ...]:
    settings: list[tuple[str, str]] = []
    for item in read.items(root, ("setting",)):
        name, value = read.parts(item, PROJECT_SETTING)
        settings.append((read.text(name, 1), read.text(value)))
    return tuple(settings)


def write_project_settings(settings: Sequence[tuple[str, str]]) -> bytes:
    """A project's settings.xml that reads as the same values."""
    xml = XmlWriter()
    with xml.root("CuemsProjectSettings", "project_settings.xsd"):
        for name, value in settings:
            with xml.element("setting"):
                xml.leaf("name", name)
                xml.leaf("value", value)
    return xml.to_bytes()
