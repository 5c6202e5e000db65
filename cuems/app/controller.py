"""The controller's tasks: one loop that decides, and around it those that hear and read.

The timecode line is the controller's own: told to the MIDI output, to every node and to its own
sequencer whenever it changes, and to the nodes once a second besides.
"""

import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import assert_never

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.clock import Alarm, open_alarm
from cuems.app.clerk import Clerk
from cuems.app.controller_parts import ControllerParts
from cuems.app.desk import ControlDesk
from cuems.app.hearing import hear_bus, hear_lane
from cuems.app.librarian import Librarian
from cuems.app.line_teller import LineTeller
from cuems.app.links import (
    OUTBOX_MESSAGES,
    Asker,
    Asks,
    AsksTogether,
    Caller,
    ControllerItem,
    Greets,
    NodeSaid,
    Rang,
    bell,
    send_all,
)
from cuems.app.messenger import Messenger
from cuems.app.show_log import ShowLog
from cuems.core import bus
from cuems.core.controller import Controller
from cuems.core.cues import CueId, NodeId
from cuems.core.desk import (
    AdoptLine,
    Answer,
    Asked,
    AskSign,
    ControllerEffect,
    ControllerEvent,
    DiedBefore,
    ForgetCues,
    HoldLine,
    KeepSetting,
    LineMoved,
    LoseNode,
    MessageFailed,
    ModifyNodelist,
    PaceDeploy,
    PrepareDeploy,
    Publish,
    ReadNodelist,
    ReadProject,
    Reported,
    RestartLine,
    Restore,
    RollLine,
    Send,
    StoodBefore,
    Tell,
    Welcome,
    Woke,
)
from cuems.core.events import Go, Intervene, LineEvent
from cuems.core.health import Pulse
from cuems.core.messages import Message
from cuems.core.operator import GoCue, LoadProject, PressGo
from cuems.core.reports import ClockProbe, Hello, Receipt
from cuems.core.settings import Resume, Settings
from cuems.core.settings_desk import settings_from
from cuems.core.status import Notice, Strangers
from cuems.core.timecode import to_ns

NODES_FIRST_NS = 1_500_000_000  # nodes are the truth for what plays: they dial within 0.2 s
OWN = ("127.", "::1")  # addresses that are this machine's alone


async def run_controller(
    parts: ControllerParts,
    send: MemoryObjectSendStream[ControllerItem],
    inbox: MemoryObjectReceiveStream[ControllerItem],
    desk: ControlDesk,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Be the controller until cancelled."""
    health = parts.health
    async with AsyncExitStack() as resources:
        pulse = resources.enter_context(health.pulse("controller"))
        alarm = await resources.enter_async_context(open_alarm(bell(send), pulse.late))
        tg = await resources.enter_async_context(anyio.create_task_group())
        loop = ControllerLoop(parts, desk, alarm, send, tg, pulse)
        health.add_stream("controller's inbox", inbox)
        for number, link in enumerate(parts.links):
            outgoing, outbox = anyio.create_memory_object_stream[bytes](OUTBOX_MESSAGES)
            near = number < parts.near_links
            parts.leading.add_wire(outgoing, near=near)
            health.add_stream(f"bus {number}", outgoing, OUTBOX_MESSAGES)
            tg.start_soon(send_all, outbox, link)
            tg.start_soon(partial(hear_bus, link, parts.leading, send, near=near))
        if parts.leading.lane is not None:
            tg.start_soon(hear_lane, parts.leading.lane, parts.leading, send)
        tg.start_soon(loop.show_log.serve)
        tg.start_soon(loop.messenger.serve)
        task_status.started()
        await loop.decide(inbox)


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
        self._silenced = False
        self._desk = desk
        self._alarm = alarm
        self._send = send
        self._tasks = tasks
        self._controller = Controller(parts.rules)
        self._line = parts.line
        self._line_teller = LineTeller(parts, self._controller)
        self._restore_due_ns: int | None = None
        parts.served.admit(self._may_fetch)
        self.show_log = ShowLog()
        self.messenger = Messenger(self._message_failed)
        self._librarian = Librarian(
            library=parts.library,
            served=parts.served,
            recorder=parts.recorder,
            found=self.messenger.prepare,
            inbox=send,
        )
        self._clerk = Clerk(settings=parts.settings, nodelist=parts.nodelist, inbox=send)

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
            await self._apply(StoodBefore(self._parts.remembered.stands))
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
            if now_ns >= self._line_teller.due_ns:
                await self._line_teller.tell()
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
            case NodeSaid(node, Receipt() as receipt, received_ns):
                for event in self._leading.receipt(node, receipt, received_ns):
                    await self._apply(event)
                await self._apply(Reported(node, receipt, received_ns))
            case NodeSaid(node, ClockProbe() as probe, received_ns, by_bus):
                await self._answer_probe(node, probe, received_ns, by_bus=by_bus)
                await self._apply(Reported(node, probe, received_ns))
            case NodeSaid(node, report, received_ns) | Greets(node, report, received_ns):
                if isinstance(report, Hello):
                    self._line_teller.due_ns = now_ns  # it need not wait for the next second
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
            self._line_teller.due_ns,
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
                    self._librarian.see_to(effect, self._tasks)
                case RestartLine() | HoldLine() | RollLine() | AdoptLine():
                    await self._moved(await self._line_teller.redraw(effect))
                case KeepSetting() | ReadNodelist() | ModifyNodelist():
                    self._clerk.see_to(effect, self._tasks)
                case _:
                    await self._keep_up(effect)

    async def _send_message(self, cue: CueId, message: Message) -> None:
        problem = self.messenger.send(cue, message)
        if problem:
            await self._apply(MessageFailed(cue, problem))

    async def _message_failed(self, cue: CueId, reason: str) -> None:
        await self._send.send(MessageFailed(cue, reason))

    async def _keep_up(self, effect: Welcome | LoseNode | AskSign) -> None:
        match effect:
            case Welcome(snapshot):
                line = self._line_teller.name(time.monotonic_ns())
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
            # There is one timecode, and it is not ours.
            await self._moved(await self._line_teller.redraw(HoldLine()))
        if self._leading.strangers != self._told_strangers:
            self._told_strangers = self._leading.strangers
            self._desk.publish(Strangers(self._told_strangers))

    async def _tell_fault(self) -> None:
        fault = self._line_teller.new_fault()
        if fault:
            await self._perform((Publish(Notice(fault)),))

    async def _tell(self, message: bus.NodeCommand) -> None:
        if isinstance(message, bus.SettingsCommand):
            self._line.freewheel(settings_from(message, Settings()).freewheel_frames)
        now_ns = time.monotonic_ns()
        deadline_ns = None
        if isinstance(message, Go | Intervene):
            message = replace(message, line=self._line_teller.name(now_ns))
        if isinstance(message, Go) and message.deadline is not None:
            patience = message.deadline - self._line.position_at(now_ns)
            deadline_ns = now_ns + to_ns(patience)
        await self._leading.tell(
            message,
            now_ns,
            deadline_ns=deadline_ns,
            stop_generation=self._controller.stop_generation,
        )

    async def _answer_probe(
        self, node: NodeId, probe: ClockProbe, received_ns: int, *, by_bus: bool
    ) -> None:
        replied_ns = time.monotonic_ns()
        reply = bus.ClockReply(
            node=node, sent_ns=probe.sent_ns, received_ns=received_ns, replied_ns=replied_ns
        )
        await self._leading.reply(node, reply, by_bus=by_bus)

    def _answer(self, asked: Asked, reason: str) -> None:
        match asked.client:
            case Caller(tell=tell):
                tell(asked.address, reason)
            case Asker() as asker:
                asker.answer(reason)
            case _:
                pass

    def _may_fetch(self, address: str) -> bool:
        """Whether files go to an address: this machine's, or one of a node that was adopted."""
        nodes = self._leading.nodes_at(address)
        return address.startswith(OWN) or any(self._controller.admits(node) for node in nodes)
