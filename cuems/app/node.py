"""The node's tasks: one loop that decides, and around it those that hear, fetch and play.

What is heard waits in an inbox of its own (core/heard_inbox.py), all else that happens in another.
The two take turns, so that neither keeps the other waiting. Before each event the line is brought
up to now, so that what was due before it has happened before it.
"""

import logging
import secrets
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import assert_never

import anyio
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cuems.adapters.clock import Alarm, open_alarm, stand_until
from cuems.adapters.files import keep_term, read_term
from cuems.app.crew import Crew
from cuems.app.errands import Errands
from cuems.app.faders import Faders
from cuems.app.following import Following
from cuems.app.links import EVENTS, OUTBOX_MESSAGES, Called, NodeItem, Rang, bell, send_all
from cuems.app.midi_timecode import MidiTimecode
from cuems.app.node_parts import NodeParts
from cuems.app.presence import Introduction, Presence
from cuems.app.stage import Stage
from cuems.core import bus
from cuems.core.chase_news import ChaseNews
from cuems.core.delivery import Urgent
from cuems.core.effects import PlayerEffect, Start
from cuems.core.events import LineEvent
from cuems.core.follower import Follower, FollowerEffect, KeepTerm, SayHello
from cuems.core.foresight import Foresight
from cuems.core.health import Pulse, Queue
from cuems.core.heard_inbox import Heard, HeardInbox
from cuems.core.inbox import MOST_WAITING
from cuems.core.leader_line import LeaderLine
from cuems.core.line_wait import LineWatch
from cuems.core.node import Node
from cuems.core.node_desk import (
    AskIn,
    ClearStage,
    Control,
    Deploy,
    Fetch,
    LineMissed,
    Moved,
    NodeEffect,
    NodeEvent,
    OnLine,
    Play,
    Prepare,
    Say,
)
from cuems.core.players_first import players_first
from cuems.core.receipt import Term
from cuems.core.reports import (
    ArmedReport,
    ClockProbe,
    CueTimingReport,
    Heartbeat,
    NodeReport,
    NoticeReport,
)
from cuems.core.timecode import to_ns

LOOK_NS = 500_000_000  # MIDI rolls on without telling: this often it is looked where it is
NS_PER_US = 1000

log = logging.getLogger(__name__)


async def run_node(
    parts: NodeParts, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Be a node until cancelled."""
    send, inbox = anyio.create_memory_object_stream[NodeItem](EVENTS)
    outgoing, outbox = anyio.create_memory_object_stream[bytes](OUTBOX_MESSAGES)
    ring = bell(send)
    async with (
        send,
        inbox,
        outgoing,
        outbox,
        AsyncExitStack() as resources,
    ):
        if parts.workshop.survivors is not None:
            await resources.enter_async_context(parts.workshop.survivors.open())
        pulse = Pulse()
        if parts.health is not None:
            pulse = resources.enter_context(parts.health.pulse("node"))
            parts.health.add_stream("node's inbox", inbox)
            parts.health.add_stream("node's bus", outgoing, OUTBOX_MESSAGES)
        alarm = await resources.enter_async_context(open_alarm(ring, pulse.late))
        tg = await resources.enter_async_context(anyio.create_task_group())
        term = await anyio.to_thread.run_sync(read_term, parts.state)
        loop = NodeLoop(parts, alarm, send, outgoing, tg, term, pulse)
        tg.start_soon(send_all, outbox, parts.link)
        tg.start_soon(loop.following.hear_bus, parts.link, loop.hear)
        if parts.lane is not None:
            tg.start_soon(loop.following.hear_lane, parts.lane, loop.hear)
        tg.start_soon(loop.following.serve, loop.hear)
        if parts.workshop.patchbay is not None:
            tg.start_soon(parts.workshop.patchbay.serve)
        if parts.workshop.residents is not None:
            tg.start_soon(parts.workshop.residents.serve, log.warning)
        tg.start_soon(loop.presence.greet)
        tg.start_soon(loop.presence.keep_in_touch)
        if parts.health is not None:
            parts.health.queues += (loop.midi.queue, loop.heard_queue)
        if parts.health is not None and parts.lane is not None:
            loop.presence.show_in(parts.health)
            tg.start_soon(parts.health.watch, loop.presence.tell_health)
        if parts.midi_port is not None:
            tg.start_soon(loop.midi.read, parts.midi_port, ring)
        task_status.started()
        await loop.decide(inbox)


class NodeLoop:
    """Decides, one event at a time."""

    def __init__(
        self,
        parts: NodeParts,
        alarm: Alarm,
        send: MemoryObjectSendStream[NodeItem],
        outgoing: MemoryObjectSendStream[bytes],
        tasks: TaskGroup,
        term: Term,
        pulse: Pulse,
    ) -> None:
        self._parts = parts
        self._pulse = pulse
        self._alarm = alarm
        self._send = send
        self._tasks = tasks
        self._heard = HeardInbox()
        self._node = Node(parts.node)
        self._follower = Follower(parts.node, self._node, term)
        introduction = Introduction(
            parts=parts, boot=secrets.token_hex(4), node=self._node, follower=self._follower
        )
        self.following = Following(
            me=parts.node,
            boot=introduction.boot,
            outgoing=outgoing,
            follower=self._follower,
            hello=introduction.hello,
            bus_urls=parts.bus_urls,
            led_from=parts.led_from,
            redial=parts.redial,
            lane=parts.lane,
            trust=parts.trust,
        )
        self._time = parts.timekeeper
        self.midi = MidiTimecode(self._time)
        self._leader_line = LeaderLine(
            parts.node, self._follower, self._time, same_clock=parts.same_clock
        )
        self._line_watch = LineWatch()
        self._foresight = Foresight()
        self._turn_ns = 0
        self._chase_news = ChaseNews(self._time)
        self.presence = Presence(
            parts=parts,
            node=self._node,
            follower=self._follower,
            following=self.following,
            chase_news=self._chase_news,
            say=self._say,
        )
        self._errands = Errands(
            files=parts.files,
            library=parts.library,
            say=self._say,
            say_if_free=self.following.say_if_free,
            inbox=send,
        )
        self._faders = Faders(parts.workshop.residents)
        self._crew = Crew(parts=parts, faders=self._faders, inbox=send, notice=self._notice)
        self._stage: Stage | None = None
        self._timings: list[tuple[CueTimingReport, int]] = []  # when; not told yet

    async def decide(self, inbox: MemoryObjectReceiveStream[NodeItem]) -> None:
        """Apply what happens, for ever: what was heard and all else in turns."""
        async for item in inbox:
            await self._turn(item)
            while (heard := self._heard.take()) is not None:
                await self._turn(heard)
                if inbox.statistics().current_buffer_used:
                    await self._turn(inbox.receive_nowait())
                await anyio.lowlevel.checkpoint()  # a stop may be about to be heard

    async def _turn(self, item: NodeItem | Heard) -> None:
        if isinstance(item, Called):
            return
        self.midi.drain()
        rang = isinstance(item, Rang)
        now_ns = self._turn_ns = self._foresight.turn(time.monotonic_ns(), rang=rang)
        # What was heard before now comes before what is due by now.
        await self._moved((*self.midi.news.take(), *self._time.wake(now_ns)))
        await self._take(item, now_ns)
        await self._look_at_line(now_ns)
        await self._tell_chase(now_ns)
        self.following.look_after_link(now_ns)
        self._parts.on_rest(not self._node.plays)
        stand_until(now_ns)
        self._set_alarm(now_ns)
        self._pulse.turned(now_ns)

    async def _take(self, item: NodeEvent | Rang | Heard, now_ns: int) -> None:
        match item:
            case Rang():
                pass
            case Heard(said, received_ns):
                await self._hear(said, received_ns, now_ns)
            case _:
                await self._perform(self._node.handle(item))

    async def _look_at_line(self, now_ns: int) -> None:
        """Let go of what waits for its line as soon as we stand on that, or never will."""
        line = self._time.line_at(now_ns)
        if self._line_watch.news(line):
            await self._perform(self._node.handle(OnLine(line)))
        if self._line_watch.missed(now_ns, waits=self._node.waits_for_line):
            await self._perform(self._node.handle(LineMissed()))

    async def hear(self, said: bus.Envelope, received_ns: int) -> None:
        """Take what a controller has said, whichever way it came; nothing here waits for a turn."""
        refused = self._heard.put(Heard(said, received_ns))
        with suppress(anyio.WouldBlock):  # a full inbox is being worked on
            self._send.send_nowait(Called())
        if refused is not None:
            await self._say(refused)
        if self._heard.take_missed():
            await self._ask_in()

    def heard_queue(self) -> Queue:
        """What was heard and waits, and what found no room."""
        waiting = self._heard.waiting
        return Queue(name="heard", waiting=len(waiting), room=MOST_WAITING, dropped=waiting.dropped)

    async def _hear(self, said: bus.Envelope, received_ns: int, now_ns: int) -> None:
        match said.message:
            case bus.LineReport() | bus.ClockReply():
                await self._follow_line(self._leader_line.hear(said, received_ns))
            case message:
                if not isinstance(message, bus.Beat):
                    log.debug("told %s", message)
                if isinstance(message, Urgent) and not self._follower.fences_off(said):
                    self._crew.end_survivors(message, self._tasks)
                position = self._time.position_at(now_ns)
                if self._parts.recorder is not None:
                    self._parts.recorder.told(message, position or 0)
                for effect in self._follower.hear(said, position):
                    await self._follow(effect)
                self._learn(said)
                if self._leader_line.is_led_anew():
                    self._tasks.start_soon(self.presence.learn_clock)
                    await self._follow_line(self._leader_line.catch_up(now_ns))

    def _learn(self, said: bus.Envelope) -> None:
        """What is not only for the node's own machine."""
        match said.message:
            case bus.SettingsCommand():
                self._time.freewheel(self._node.settings.freewheel_frames)
            case bus.DeployTurn() as turn if self._follower.follows(said):
                self._parts.files.told_turn(turn)
            case _:
                pass

    async def _follow(self, effect: FollowerEffect) -> None:
        match effect:
            case KeepTerm(term):
                await anyio.to_thread.run_sync(keep_term, self._parts.state, term)
            case SayHello():
                await self.following.say_hello()
            case _:
                await self._perform((effect,))

    async def _follow_line(self, effects: Iterable[FollowerEffect | LineEvent]) -> None:
        for effect in effects:
            if isinstance(effect, LineEvent):
                await self._moved((effect,))
            else:
                await self._follow(effect)

    async def _tell_chase(self, now_ns: int) -> None:
        """Report how timecode is followed: every change, and now and then how well."""
        report = self._chase_news.take(now_ns)
        if report is not None:
            await self._say(report)

    async def _moved(self, events: Iterable[LineEvent]) -> None:
        for event in events:
            await self._perform(self._node.handle(Moved(event)))

    def _set_alarm(self, now_ns: int) -> None:
        due = self._node.next_due()
        due_ns = None if due is None else self._time.moment_of(due)
        begin_ns = self._foresight.look_at(due_ns if self._node.next_is_exact else None)
        moments = (
            due_ns if begin_ns is None else begin_ns,
            self._time.next_wake_ns(),
            self._time.next_line_ns(),
            self._line_watch.next_wake_ns(),
        )
        self._alarm.set(min(at for at in (now_ns + LOOK_NS, *moments) if at is not None))

    # ---- doing

    async def _perform(self, effects: tuple[NodeEffect, ...]) -> None:
        if effects:
            stand_until(self._turn_ns)
        for effect in players_first(effects):
            if isinstance(effect, Play):
                self._play(effect.effect)
            else:
                await self._tell_timings()
                await self._see_to(effect)
        await self._tell_timings()

    async def _see_to(
        self, effect: Say | Fetch | Deploy | Prepare | ClearStage | Control | AskIn
    ) -> None:
        match effect:
            case Say(report):
                await self._say(report)
                if isinstance(report, ArmedReport) and report.armed:
                    await self._crew.tell_survivors(self._node.load_seq)
            case Fetch() | Deploy():
                self._errands.run(effect, self._tasks)
            case Prepare(order):
                self._stage = self._crew.set_stage(order, self._tasks)
            case ClearStage():
                self._errands.stop_fetching()
                self._crew.strike()
                self._stage = None
            case Control(command):
                self._faders.obey(command, self._parts.node, self._stage)
            case AskIn():
                await self._ask_in()
            case _:
                assert_never(effect)

    def _play(self, effect: PlayerEffect) -> None:
        if self._stage is not None:
            self._stage.perform(effect)
            if isinstance(effect, Start):
                self._note_timing(effect)

    async def _ask_in(self) -> None:
        if self._follower.led:
            await self.following.say_hello()

    async def _say(self, report: NodeReport) -> None:
        if not isinstance(report, Heartbeat | ClockProbe):
            log.debug("says %s", report)
        await self.following.say(report)
        if self._parts.recorder is not None:
            position = self._time.position_at(time.monotonic_ns())
            self._parts.recorder.said(report, position or 0)

    def _note_timing(self, played: Start) -> None:
        """When a player was told to start: the moment at hand, not the one that was due."""
        now_ns = time.monotonic_ns()
        position = self._time.position_at(now_ns)
        if position is not None:
            joined = played.elapsed > played.late
            late = 0 if joined else position - played.start
            timing = CueTimingReport(
                cue=played.cue,
                run_seq=played.run_seq,
                start=played.start,
                late_us=to_ns(late) // NS_PER_US,
                joined=joined,
            )
            self._timings.append((timing, now_ns))

    async def _tell_timings(self) -> None:
        """Report starts, once all of them have reached their players, and other engines' theirs."""
        if not self._timings:
            return
        timings, self._timings = self._timings, []
        await anyio.lowlevel.checkpoint()
        self._parts.give_way()
        for timing, started_ns in timings:
            log.debug("run %d was started at %d ns", timing.run_seq, started_ns)
            await self._say(timing)

    async def _notice(self, text: str) -> None:
        await self._say(NoticeReport(text))
