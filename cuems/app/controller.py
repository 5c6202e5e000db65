"""The controller's tasks: one loop that decides, and around it those that hear and read.

The timecode line is the controller's own: told to the MIDI output, to every node and to its own
sequencer whenever it changes, and to the nodes once a second besides.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol, assert_never

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.clock import Alarm, open_alarm
from cuems.adapters.ipc import serve_requests
from cuems.adapters.lane import Lane
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.adapters.mtc_output import MtcOutput
from cuems.app.desk import ControlDesk
from cuems.app.health import Health
from cuems.app.leading import Leading
from cuems.app.links import (
    OUTBOX_MESSAGES,
    Asker,
    Asks,
    AsksTogether,
    Bus,
    Caller,
    ControllerItem,
    Greets,
    NodeSaid,
    Rang,
    send_all,
)
from cuems.app.messenger import Messenger
from cuems.app.nodelist import Nodelist
from cuems.app.project import load_show, project_folder
from cuems.app.recorder import Recorder
from cuems.app.serving import NotServedError, Served
from cuems.app.settings import SettingsKeeper
from cuems.app.show_log import ShowLog
from cuems.core import bus
from cuems.core.chased_line import ChasedLine
from cuems.core.controller import Controller
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import CueId, NodeId, Show
from cuems.core.desk import (
    AdoptLine,
    Answer,
    Asked,
    AskSign,
    ControllerEffect,
    ControllerEvent,
    DeployImpossible,
    DeployReady,
    DiedBefore,
    ForgetCues,
    HoldLine,
    KeepSetting,
    LineMoved,
    LoseNode,
    MessageFailed,
    ModifyNodelist,
    NodelistModified,
    NodelistRead,
    PaceDeploy,
    PrepareDeploy,
    ProjectHashed,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadNodelist,
    ReadProject,
    Reported,
    RestartLine,
    Restore,
    RollLine,
    Send,
    SettingKept,
    Tell,
    Welcome,
    Woke,
)
from cuems.core.errors import CuemsError
from cuems.core.events import LineEvent
from cuems.core.health import Pulse
from cuems.core.line import Line
from cuems.core.messages import Message
from cuems.core.midi_ports import MidiOpen, MidiState
from cuems.core.operator import GoCue, LoadProject, PressGo
from cuems.core.rules import Rules
from cuems.core.settings import Resume, Settings
from cuems.core.settings_desk import settings_from
from cuems.core.stands import Remembered
from cuems.core.status import Notice, Strangers
from cuems.core.timecode import from_ns, to_ns

NODES_FIRST_NS = 1_500_000_000  # nodes are the truth for what plays: they dial within 0.2 s
LINE_REPORT_NS = 1_000_000_000
OWN = ("127.", "::1")  # addresses that are this machine's alone
HASH_PATIENCE_S = 0.5  # most projects' files are known by then, and a load need not be told twice

log = logging.getLogger(__name__)


class ShowLine(Protocol):
    """The timecode line: our own (core/own_line.py), or one we chase (core/chased_line.py)."""

    def freewheel(self, frames: int) -> None:
        """Roll on so long when timecode is gone."""

    def begin(self) -> tuple[LineEvent, ...]:
        """What is known of it at the start."""

    def restart(self, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Put it to zero."""

    def adopt(self, position: int, now_ns: int, *, rolling: bool) -> tuple[LineEvent, ...]:
        """Take it up where it was found on a node."""

    def hold(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let it stand."""

    def roll(self, now_ns: int) -> tuple[LineEvent, ...]:
        """Let it roll on."""

    def wake(self, now_ns: int) -> tuple[LineEvent, ...]:
        """What time alone has brought."""

    def next_wake_ns(self) -> int | None:
        """When time alone would bring something."""

    def position_at(self, now_ns: int) -> int:
        """Where it is, flicks."""

    def moment_of(self, position: int) -> int | None:
        """When it gets somewhere."""

    def next_second_ns(self, now_ns: int) -> int | None:
        """When it gets to its next whole second."""

    def line_at(self, now_ns: int) -> Line | None:
        """What nodes are told of it."""

    @property
    def fault(self) -> str:
        """What is wrong with it ("": nothing)."""

    def why_not_go(self) -> str:
        """Why it is not to be fired by ("": it may)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerParts:
    """What a controller is made of.

    `links` are its ends of the bus, the nearest first; the line is told on the first
    `line_links` of them, and the first `near_links` are within this process. `midi` is what an
    outside line is heard on. `step_down` is called, in a thread, when another controller leads.
    `died` is what the process before this one died of.
    """

    sender: NodeId
    library: Path
    links: tuple[Bus, ...]
    rules: Rules
    nodelist: Nodelist
    served: Served
    line: ShowLine
    line_links: int
    midi: MidiInput | None
    mtc: MtcOutput | None
    remembered: Remembered | None
    recorder: Recorder
    settings: SettingsKeeper
    leading: Leading
    near_links: int
    load: str | None
    health: Health
    step_down: Callable[[], None]
    died: str = ""


async def run_controller(
    parts: ControllerParts,
    send: MemoryObjectSendStream[ControllerItem],
    inbox: MemoryObjectReceiveStream[ControllerItem],
    desk: ControlDesk,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Be the controller until cancelled."""

    def ring() -> None:
        with suppress(anyio.WouldBlock):  # a full inbox is being worked on: that looks at the clock
            send.send_nowait(Rang())

    health = parts.health
    async with AsyncExitStack() as resources:
        pulse = resources.enter_context(health.pulse("controller"))
        alarm = await resources.enter_async_context(open_alarm(ring, pulse.late))
        tg = await resources.enter_async_context(anyio.create_task_group())
        loop = ControllerLoop(parts, desk, alarm, send, tg, pulse)
        health.add_stream("controller's inbox", inbox)
        for number, link in enumerate(parts.links):
            outgoing, outbox = anyio.create_memory_object_stream[bytes](OUTBOX_MESSAGES)
            near = number < parts.near_links
            parts.leading.add_wire(outgoing, near=near)
            health.add_stream(f"bus {number}", outgoing, OUTBOX_MESSAGES)
            tg.start_soon(send_all, outbox, link)
            tg.start_soon(partial(_hear_bus, link, parts.leading, send, near=near))
        if parts.leading.lane is not None:
            tg.start_soon(_hear_lane, parts.leading.lane, parts.leading, send)
        tg.start_soon(loop.show_log.serve)
        tg.start_soon(loop.messenger.serve)
        task_status.started()
        await loop.decide(inbox)


@asynccontextmanager
async def open_outside_line(
    port: str, line: ChasedLine, send: MemoryObjectSendStream[ControllerItem]
) -> AsyncIterator[MidiInput]:
    """Let the line follow the timecode of a MIDI port, whenever that is there."""

    def changed(state: MidiState) -> None:
        if isinstance(state, MidiOpen):
            log.info("timecode comes from MIDI port %s (%s)", state.port, state.api)
        else:
            log.warning("no timecode from MIDI: %s", state.reason)

    def hear(received_ns: int, message: bytes) -> bool:
        if line.hear(message, received_ns):
            with suppress(anyio.WouldBlock):  # a full inbox is being worked on
                send.send_nowait(Rang())
        return line.is_steady

    async with open_midi_input(port, on_state=changed, on_message=hear) as midi:
        yield midi


async def _hear_bus(
    link: Bus, leading: Leading, send: MemoryObjectSendStream[ControllerItem], *, near: bool
) -> None:
    while True:
        data = await link.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_bus(data, near=near)
        if said is not None and isinstance(said.message, bus.NodeReport):
            await send.send(NodeSaid(said.sender, said.message, received_ns))


async def _hear_lane(
    lane: Lane, leading: Leading, send: MemoryObjectSendStream[ControllerItem]
) -> None:
    while True:
        data, address = await lane.receive()
        received_ns = time.monotonic_ns()
        said = leading.from_lane(data, address)
        if said is not None and isinstance(said.message, bus.NodeReport):
            await send.send(NodeSaid(said.sender, said.message, received_ns))


async def serve_lane_r(
    url: str,
    leading: Leading,
    send: MemoryObjectSendStream[ControllerItem],
    *,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Answer nodes that ask for themselves alone, until cancelled."""

    async def answer(data: bytes) -> bytes:
        return await leading.answer(data, send, time.monotonic_ns())

    await serve_requests(url, answer, task_status=task_status)


class ControllerLoop:
    """Decides, one event at a time."""

    def __init__(
        self,
        parts: ControllerParts,
        desk: ControlDesk,
        alarm: Alarm,
        send: MemoryObjectSendStream[ControllerItem],
        tasks: TaskGroup,
        pulse: Pulse,
    ) -> None:
        self._parts = parts
        self._pulse = pulse
        self._leading = parts.leading
        self._told_strangers = 0
        self._drawn = False  # until then our line is nobody's: nodes may be following another
        self._silenced = False
        self._desk = desk
        self._alarm = alarm
        self._send = send
        self._tasks = tasks
        self._controller = Controller(parts.rules)
        self._line = parts.line
        self._reading = anyio.CancelScope()
        self._preparing = anyio.CancelScope()
        self._report_due_ns = 0
        self._restore_due_ns: int | None = None
        self._told_fault = ""
        parts.served.admit(self._may_fetch)
        self.show_log = ShowLog()
        self.messenger = Messenger(self._message_failed)

    async def decide(self, inbox: MemoryObjectReceiveStream[ControllerItem]) -> None:
        """Apply what happens, in order, for ever."""
        begun = self._controller.begin()
        self._parts.recorder.begin(begun)
        await self._perform(begun)
        await self._apply(self._parts.settings.read())
        await self._moved(self._line.begin())
        if self._parts.died:
            await self._apply(DiedBefore(self._parts.died))
        if self._parts.remembered is not None:
            self._restore_due_ns = time.monotonic_ns() + NODES_FIRST_NS
        elif self._parts.load is not None:
            load = LoadProject(self._parts.load)
            await self._take(Asks(None, "--load", load), time.monotonic_ns())
        self._set_alarm(time.monotonic_ns())
        async for item in inbox:
            if self._parts.midi is not None:
                self._parts.midi.drain()
            now_ns = time.monotonic_ns()
            await self._moved(self._line.wake(now_ns))
            await self._take(item, now_ns)
            self._parts.served.look_again()
            await self._restore(now_ns)
            await self._keep_in_touch(now_ns)
            await self._tell_fault()
            self._desk.settle()
            if now_ns >= self._report_due_ns:
                await self._tell_line()
            self._set_alarm(now_ns)
            self._pulse.turned(now_ns)

    async def _take(self, item: ControllerItem, now_ns: int) -> None:
        match item:
            case Rang():
                await self._apply(Woke(now_ns))
            case Asks():
                await self._ask(item, now_ns)
            case AsksTogether(several):
                for asks in several:
                    await self._ask(asks, now_ns)
            case NodeSaid(node, bus.Receipt() as receipt, received_ns):
                for event in self._leading.receipt(node, receipt, received_ns):
                    await self._apply(event)
                await self._apply(Reported(node, receipt, received_ns))
            case NodeSaid(node, report, received_ns) | Greets(node, report, received_ns):
                if isinstance(report, bus.ClockProbe):
                    await self._answer_probe(node, report, received_ns)
                elif isinstance(report, bus.Hello):
                    self._report_due_ns = now_ns  # it need not wait for the next second
                await self._apply(Reported(node, report, received_ns))
            case _:
                await self._apply(item)

    async def _ask(self, asks: Asks, now_ns: int) -> None:
        asked = Asked(
            client=asks.client,
            address=asks.address,
            command=asks.command,
            now_ns=now_ns,
            position=self._line.position_at(now_ns),
        )
        refusal = self._line.why_not_go() if isinstance(asks.command, PressGo | GoCue) else ""
        if refusal:
            await self._perform((Answer(asked, refusal),))
        else:
            await self._apply(asked)

    async def _apply(self, event: ControllerEvent) -> None:
        effects = self._controller.handle(event)
        now_ns = time.monotonic_ns()
        position = self._line.position_at(now_ns)
        self._parts.recorder.take(event, effects, at_ns=now_ns, position=position)
        if effects:
            self._parts.recorder.stands(self._controller.stands)
        await self._perform(effects)

    async def _moved(self, events: Iterable[LineEvent]) -> None:
        for event in events:
            await self._apply(LineMoved(event))

    async def _restore(self, now_ns: int) -> None:
        """Go on from the journal, once nodes have had the time to say what they play."""
        remembered, due_ns = self._parts.remembered, self._restore_due_ns
        if remembered is not None and due_ns is not None and now_ns >= due_ns:
            self._restore_due_ns = None
            go_on = self._parts.settings.resolved.settings.resume == Resume.AUTO
            await self._apply(Restore(remembered, go_on, now_ns))

    def _set_alarm(self, now_ns: int) -> None:
        due = self._controller.next_due()
        moments = [
            None if due is None else self._line.moment_of(due),
            self._line.next_second_ns(now_ns),
            self._line.next_wake_ns(),
            self._controller.next_wake_ns(),
            self._leading.next_wake_ns(),
            self._report_due_ns,
            self._restore_due_ns,
        ]
        self._alarm.set(min(at for at in moments if at is not None))

    # ---- doing

    async def _perform(self, effects: Iterable[ControllerEffect]) -> None:
        for effect in effects:
            self.show_log.note(effect)
            match effect:
                case Tell(message):
                    await self._tell(message)
                case Send(cue, message):
                    await self._send_message(cue, message)
                case Publish(status):
                    self._desk.publish(status)
                case ForgetCues():
                    self._desk.forget_cues()
                case Answer(asked, reason):
                    self._answer(asked, reason)
                case ReadProject() | PrepareDeploy() | PaceDeploy():
                    self._see_to_files(effect)
                case RestartLine() | HoldLine() | RollLine() | AdoptLine():
                    await self._redraw(effect)
                case KeepSetting() | ReadNodelist() | ModifyNodelist():
                    self._begin(effect)
                case _:
                    await self._keep_up(effect)

    async def _send_message(self, cue: CueId, message: Message) -> None:
        problem = self.messenger.send(cue, message)
        if problem:
            await self._apply(MessageFailed(cue, problem))

    def _begin(self, effect: KeepSetting | ReadNodelist | ModifyNodelist) -> None:
        """Start what takes its time; the outcome comes through the inbox."""
        match effect:
            case KeepSetting():
                self._tasks.start_soon(self._keep, effect)
            case ReadNodelist():
                self._tasks.start_soon(self._read_nodelist)
            case ModifyNodelist(seq, node, adopt):
                self._tasks.start_soon(self._modify_nodelist, seq, node, adopt)
            case _:
                assert_never(effect)

    async def _message_failed(self, cue: CueId, reason: str) -> None:
        await self._send.send(MessageFailed(cue, reason))

    async def _keep(self, keep: KeepSetting) -> None:
        reason = await self._parts.settings.keep(keep.name, keep.value)
        await self._send.send(SettingKept(keep.seq, reason))

    def _see_to_files(self, effect: ReadProject | PrepareDeploy | PaceDeploy) -> None:
        match effect:
            case ReadProject(load_seq, project):
                self._reading.cancel()
                self._reading = anyio.CancelScope()
                self._tasks.start_soon(self._read, load_seq, project, self._reading)
            case PrepareDeploy():
                self._preparing.cancel()
                self._preparing = anyio.CancelScope()
                self._tasks.start_soon(self._prepare, effect, self._preparing)
            case PaceDeploy(trickle):
                self._parts.served.pace(trickle=trickle)

    async def _keep_up(self, effect: Welcome | LoseNode | AskSign) -> None:
        match effect:
            case Welcome(snapshot):
                line = self._line_name(time.monotonic_ns())
                await self._leading.welcome(replace(snapshot, line=line))
            case LoseNode(node):
                self._leading.sender.lose(node)
            case AskSign(node):
                await self._leading.ask_sign(node)
            case _:
                assert_never(effect)

    async def _keep_in_touch(self, now_ns: int) -> None:
        """Send again what was not answered, and let nodes know that we are there."""
        for event in await self._leading.wake(now_ns):
            await self._apply(event)
        if not self._controller.fenced:
            await self._leading.beat(now_ns, self._controller.wanted)
        elif not self._silenced:
            self._silenced = True
            await anyio.to_thread.run_sync(self._parts.step_down)
            await self._redraw(HoldLine())  # there is one timecode, and it is not ours
        if self._leading.strangers != self._told_strangers:
            self._told_strangers = self._leading.strangers
            self._desk.publish(Strangers(self._told_strangers))

    async def _redraw(self, effect: RestartLine | HoldLine | RollLine | AdoptLine) -> None:
        now_ns = time.monotonic_ns()
        self._drawn = True
        match effect:
            case AdoptLine(position, at_ns, rolling):
                position += from_ns(now_ns - at_ns) if rolling else 0
                events = self._line.adopt(position, now_ns, rolling=rolling)
            case RestartLine(rolling):
                events = self._line.restart(now_ns, rolling=rolling)
            case HoldLine():
                events = self._line.hold(now_ns)
            case RollLine():
                events = self._line.roll(now_ns)
        line = self._line.line_at(now_ns)
        if self._parts.mtc is not None and line is not None:
            self._parts.mtc.follow(line)
        await self._tell_line()
        await self._moved(events)

    async def _tell_line(self) -> None:
        now_ns = time.monotonic_ns()
        self._report_due_ns = now_ns + LINE_REPORT_NS
        if self._controller.fenced:
            return  # a node on its way to the other would take it that the show stands
        line = self._line.line_at(now_ns)
        if line is not None and (self._drawn or not self._parts.rules.options.own_line):
            report = bus.LineReport(line, now_ns, self._controller.stop_generation)
            await self._leading.tell_line(report, self._parts.line_links)

    async def _tell_fault(self) -> None:
        if self._line.fault != self._told_fault:
            self._told_fault = self._line.fault
            if self._told_fault:
                await self._perform((Publish(Notice(self._told_fault)),))

    async def _tell(self, message: bus.NodeCommand) -> None:
        if isinstance(message, bus.SettingsCommand):
            self._line.freewheel(settings_from(message, Settings()).freewheel_frames)
        now_ns = time.monotonic_ns()
        deadline_ns = None
        if isinstance(message, bus.GoCommand | bus.InterveneCommand):
            message = replace(message, line=self._line_name(now_ns))
        if isinstance(message, bus.GoCommand) and message.deadline is not None:
            patience = message.deadline - self._line.position_at(now_ns)
            deadline_ns = now_ns + to_ns(patience)
        await self._leading.tell(
            message,
            now_ns,
            deadline_ns=deadline_ns,
            stop_generation=self._controller.stop_generation,
        )

    def _line_name(self, now_ns: int) -> int:
        """When the line began, where all nodes are told of it; else 0."""
        line = self._line.line_at(now_ns)
        told = line is not None and self._drawn and self._parts.line_links >= len(self._parts.links)
        return line.began_ns if line is not None and told else 0

    async def _answer_probe(self, node: NodeId, probe: bus.ClockProbe, received_ns: int) -> None:
        replied_ns = time.monotonic_ns()
        reply = bus.ClockReply(
            node=node, sent_ns=probe.sent_ns, received_ns=received_ns, replied_ns=replied_ns
        )
        await self._leading.reply(node, reply)

    def _answer(self, asked: Asked, reason: str) -> None:
        match asked.client:
            case Caller(tell=tell):
                tell(asked.address, reason)
            case Asker() as asker:
                asker.answer(reason)
            case _:
                pass

    async def _read_nodelist(self) -> None:
        try:
            adopted = await self._parts.nodelist.adopted()
        except CuemsError as error:
            log.warning("who belongs to the rig cannot be read: %s", error)
            return
        await self._send.send(NodelistRead(adopted, time.monotonic_ns()))

    def _may_fetch(self, address: str) -> bool:
        """Whether files go to an address: this machine's, or one of a node that was adopted."""
        nodes = self._leading.nodes_at(address)
        return address.startswith(OWN) or any(self._controller.admits(node) for node in nodes)

    async def _modify_nodelist(self, seq: int, node: NodeId, adopt: bool) -> None:
        reason = ""
        try:
            await self._parts.nodelist.modify(node, adopt=adopt)
        except CuemsError as error:
            reason = str(error)
        await self._send.send(NodelistModified(seq, reason, time.monotonic_ns()))

    async def _read(self, load_seq: int, project: str, scope: anyio.CancelScope) -> None:
        """Read a project and then its files, unless a newer load has taken over."""
        served = self._parts.served
        with scope:
            try:
                show = await load_show(self._parts.library, project)
            except CuemsError as error:
                await self._send.send(ProjectUnreadable(load_seq, str(error)))
                return
            self.messenger.prepare(show)
            known = False
            with anyio.move_on_after(HASH_PATIENCE_S):
                hashed = await self._hashed(load_seq, project, show)
                known = True
            source = (hashed.source if known else None) or served.source
            script = project_folder(self._parts.library, project) / "script.xml"
            self._parts.recorder.keeps(load_seq, script)
            await self._send.send(ProjectRead(load_seq, show, source))
            if not known:
                hashed = await self._hashed(load_seq, project, show)
            if not known or hashed.reason:
                await self._send.send(hashed)

    async def _hashed(self, load_seq: int, project: str, show: Show) -> ProjectHashed:
        try:
            return ProjectHashed(load_seq, await self._parts.served.hashed(project, show))
        except CuemsError as error:
            return ProjectHashed(load_seq, None, str(error))

    async def _prepare(self, wanted: PrepareDeploy, scope: anyio.CancelScope) -> None:
        """Look at a project's files for a deploy, unless a newer one has taken over."""
        seq = wanted.deploy_seq
        with scope:
            result: ControllerEvent
            try:
                source, nodes = await self._source(wanted)
                result = DeployReady(seq, source, nodes, time.monotonic_ns())
            except CuemsError as error:
                result = DeployImpossible(seq, str(error))
            await self._send.send(result)

    async def _source(self, wanted: PrepareDeploy) -> tuple[bus.Source, tuple[NodeId, ...]]:
        served = self._parts.served
        if not wanted.project:
            return served.source, ()
        project_folder(self._parts.library, wanted.project)
        if wanted.verb == "rollback":
            await served.versions.go_back(wanted.project)
        show = await load_show(self._parts.library, wanted.project)
        if served.daemon is None:
            raise NotServedError("the controller serves no files: apt-get install rsync")
        return await served.hashed(wanted.project, show), tuple(sorted(RunningOrder(show).nodes()))
