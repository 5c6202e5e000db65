"""The node's tasks: one loop that decides, and around it those that hear, fetch and play.

Everything that happens goes through one ordered inbox. Before each event the line is brought up
to now, so that what was due before it has happened before it.
"""

import logging
import platform
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, assert_never

import anyio
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

import cuems
from cuems.adapters.clock import Alarm, open_alarm
from cuems.adapters.files import keep_term, read_term
from cuems.adapters.lane import Lane
from cuems.adapters.midi import MidiInput, open_midi_input
from cuems.app.faders import Faders
from cuems.app.following import Following
from cuems.app.health import Health
from cuems.app.links import EVENTS, OUTBOX_MESSAGES, Bus, Rang, send_all
from cuems.app.project import load_show
from cuems.app.stage import Stage
from cuems.app.workshop import Workshop
from cuems.core import bus
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId
from cuems.core.delivery import Urgent
from cuems.core.effects import PlayerEffect, Start
from cuems.core.errors import CuemsError
from cuems.core.events import LineEvent, PlayerEvent
from cuems.core.follower import Follower, FollowerEffect, KeepTerm, SayHello
from cuems.core.health import Pulse, Queue
from cuems.core.line_news import LineNews
from cuems.core.line_wait import LineWatch
from cuems.core.midi_ports import MidiOpen, MidiState
from cuems.core.node import (
    AskIn,
    ClearStage,
    Control,
    Deploy,
    Fetch,
    Fetched,
    FetchFailed,
    LineMissed,
    Moved,
    Node,
    NodeEffect,
    NodeEvent,
    OnLine,
    Play,
    Prepare,
    Proved,
    Say,
)
from cuems.core.players_first import players_first
from cuems.core.receipt import Term
from cuems.core.timecode import to_ns
from cuems.core.timekeeper import Timekeeper
from cuems.players.surface import CannotSetError, path_for, setting
from cuems.wire.auth import Anyone, Trust

HEARTBEAT_S = 0.25
PROBE_EVERY = 2  # heartbeats
FIRST_PROBES = 8  # on a new link, so that the controller's clock is known at once
FIRST_PROBES_S = 0.02
LOOK_NS = 500_000_000  # MIDI rolls on without telling: this often it is looked where it is
QUALITY_NS = 5_000_000_000
NS_PER_US = 1000

log = logging.getLogger(__name__)

OnReport = Callable[[bus.DeployReport | bus.DeployPlanReport], None]


class Files(Protocol):
    """How a project's files come to this node (app/fetching.py)."""

    async def fetch(self, load: bus.LoadCommand, report: OnReport) -> None:
        """Bring what a load needs; raises CuemsError."""

    async def obey(self, command: bus.DeployCommand, report: OnReport) -> bus.DeployReport:
        """Do what is asked; what is to be told at the end."""

    def told_turn(self, turn: bus.DeployTurn) -> None:
        """The controller says who may transfer."""


class Records(Protocol):
    """Where a node's own record goes (app/node_recorder.py). Nothing of it waits."""

    def told(self, message: bus.BusMessage, position: int) -> None:
        """The controller said something."""

    def said(self, report: bus.NodeReport, position: int) -> None:
        """The node said something."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the controller, and when it came."""

    said: bus.Envelope
    received_ns: int


Item = NodeEvent | Heard | Rang


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """What a node is made of.

    `same_clock`: the controller reads the very clock we do. `midi_port` is the port to read
    timecode from, "" for whichever there is, None for no MIDI. `files` brings a project's files.
    `timekeeper` is new, and the node's alone to change. `state` is where it keeps whom it follows,
    `lane` its end of lane X (None: its controller is in this process). `recorder` keeps its own
    record, and `on_rest` hears whether nothing plays. `died` is what the process before this one
    died of. `give_way` lets others of this machine whose cue is due as well go before our reports.
    """

    node: NodeId
    library: Path
    link: Bus
    workshop: Workshop
    same_clock: bool
    midi_port: str | None
    files: Files
    timekeeper: Timekeeper
    state: Path
    trust: Trust = field(default_factory=Anyone)
    lane: Lane | None = None
    bus_urls: Callable[[], tuple[str, ...]] | None = None
    led_from: Callable[[str], None] = lambda _: None
    redial: Callable[[], None] = lambda: None
    recorder: Records | None = None
    on_rest: Callable[[bool], None] = lambda _: None
    health: Health | None = None
    died: str = ""
    give_way: Callable[[], None] = lambda: None


async def run_node(
    parts: NodeParts, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Be a node until cancelled."""
    send, inbox = anyio.create_memory_object_stream[Item](EVENTS)
    outgoing, outbox = anyio.create_memory_object_stream[bytes](OUTBOX_MESSAGES)

    def ring() -> None:
        with suppress(anyio.WouldBlock):  # a full inbox is being worked on: that looks at the clock
            send.send_nowait(Rang())

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
        tg.start_soon(_hear_bus, parts.link, loop.following, send)
        if parts.lane is not None:
            tg.start_soon(_hear_lane, parts.lane, loop.following, send)
        tg.start_soon(loop.following.serve, loop.hear)
        if parts.workshop.patchbay is not None:
            tg.start_soon(parts.workshop.patchbay.serve)
        if parts.workshop.residents is not None:
            tg.start_soon(parts.workshop.residents.serve, log.warning)
        tg.start_soon(loop.greet)
        tg.start_soon(loop.keep_in_touch)
        if parts.health is not None:
            parts.health.queues.append(loop.midi_queue)
        if parts.health is not None and parts.lane is not None:
            loop.show_health(parts.health)
            tg.start_soon(parts.health.watch, loop.tell_health)
        if parts.midi_port is not None:
            tg.start_soon(loop.read_midi, parts.midi_port, ring)
        task_status.started()
        await loop.decide(inbox)


async def _hear_bus(link: Bus, following: Following, send: MemoryObjectSendStream[Item]) -> None:
    while True:
        data = await link.receive()
        received_ns = time.monotonic_ns()
        said = following.from_bus(data)
        if said is not None:
            await send.send(Heard(said, received_ns))


async def _hear_lane(lane: Lane, following: Following, send: MemoryObjectSendStream[Item]) -> None:
    while True:
        data, _ = await lane.receive()
        received_ns = time.monotonic_ns()
        said = following.from_lane(data)
        if said is not None:
            await send.send(Heard(said, received_ns))


class NodeLoop:
    """Decides, one event at a time."""

    def __init__(
        self,
        parts: NodeParts,
        alarm: Alarm,
        send: MemoryObjectSendStream[Item],
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
        self._node = Node(parts.node)
        self._follower = Follower(parts.node, self._node, term)
        self._boot = secrets.token_hex(4)
        self.following = Following(
            me=parts.node,
            boot=self._boot,
            outgoing=outgoing,
            follower=self._follower,
            hello=self._hello,
            bus_urls=parts.bus_urls,
            led_from=parts.led_from,
            redial=parts.redial,
            lane=parts.lane,
            trust=parts.trust,
        )
        self._time = parts.timekeeper
        self._news = LineNews()
        self._line_watch = LineWatch()
        self._midi: MidiInput | None = None
        self._stage: Stage | None = None
        self._staging = anyio.CancelScope()
        self._fetching = anyio.CancelScope()
        self._deploying = anyio.CancelScope()
        self._told_chase: tuple[str, str, str] | None = None
        self._quality_due_ns = 0
        self._told_survivors = 0  # the load at which it was told of players left playing
        self._timings: list[tuple[bus.CueTimingReport, int]] = []  # when; not told yet
        self._faders = Faders(parts.workshop.residents)

    async def decide(self, inbox: MemoryObjectReceiveStream[Item]) -> None:
        """Apply what happens, in order, for ever."""
        async for item in inbox:
            if self._midi is not None:
                self._midi.drain()
            now_ns = time.monotonic_ns()
            # What was heard before now comes before what is due by now.
            await self._moved((*self._news.take(), *self._time.wake(now_ns)))
            await self._take(item, now_ns)
            await self._look_at_line(now_ns)
            await self._tell_chase(now_ns)
            self.following.look_after_link(now_ns)
            self._parts.on_rest(not self._node.plays)
            self._set_alarm(now_ns)
            self._pulse.turned(now_ns)

    async def _take(self, item: Item, now_ns: int) -> None:
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
        """Take what was said elsewhere than on the bus."""
        await self._send.send(Heard(said, received_ns))

    async def _hear(self, said: bus.Envelope, received_ns: int, now_ns: int) -> None:
        match said.message:
            case bus.LineReport(line, _) as report:
                if self._follower.follows(said):
                    for effect in self._follower.hear_line(report):
                        await self._follow(effect)
                    same = self._parts.same_clock
                    hear = self._time.hear_line if same else self._time.hear_report
                    await self._moved(hear(line, received_ns))
            case bus.ClockReply() as reply:
                if self._follower.follows(said):
                    await self._hear_clock(reply, received_ns)
            case message:
                if not isinstance(message, bus.Beat):
                    log.debug("told %s", message)
                if isinstance(message, Urgent) and not self._follower.fences_off(said):
                    self._end_survivors(message)
                position = self._time.position_at(now_ns)
                if self._parts.recorder is not None:
                    self._parts.recorder.told(message, position or 0)
                for effect in self._follower.hear(said, position):
                    await self._follow(effect)
                self._learn(said)

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

    def _end_survivors(self, told: Urgent) -> None:
        """What the engine before left playing ends with the show, whatever is loaded here."""
        survivors = self._parts.workshop.survivors
        is_meant = not isinstance(told, bus.StopCommand) or self._parts.node in (
            told.only or (self._parts.node,)
        )
        if survivors is not None and is_meant:
            self._tasks.start_soon(survivors.end)

    async def _hear_clock(self, reply: bus.ClockReply, received_ns: int) -> None:
        if reply.node == self._parts.node and not self._parts.same_clock:
            probe = (reply.sent_ns, reply.received_ns, reply.replied_ns, received_ns)
            await self._moved(self._time.hear_probe(*probe))

    async def _tell_chase(self, now_ns: int) -> None:
        """Report how timecode is followed: every change, and now and then how well."""
        state = (self._time.state, self._time.source, self._time.fault)
        if state == self._told_chase and now_ns < self._quality_due_ns:
            return
        quality = self._time.quality(now_ns)
        self._told_chase = state
        self._quality_due_ns = now_ns + QUALITY_NS
        await self._say(
            bus.ChaseReport(
                self._time.state,
                source=quality.source,
                fault=self._time.fault,
                missed_pieces=quality.missed_pieces,
                jitter_us=quality.jitter_ns // NS_PER_US,
                rate_error_ppm=quality.rate_error_ppm,
                clock_error_us=_to_us(quality.clock_error_ns),
                round_trip_us=_to_us(quality.round_trip_ns),
            )
        )

    async def _moved(self, events: Iterable[LineEvent]) -> None:
        for event in events:
            await self._perform(self._node.handle(Moved(event)))

    def _set_alarm(self, now_ns: int) -> None:
        due = self._node.next_due()
        moments = (
            None if due is None else self._time.moment_of(due),
            self._time.next_wake_ns(),
            self._time.next_line_ns(),
            self._line_watch.next_wake_ns(),
        )
        self._alarm.set(min(at for at in (now_ns + LOOK_NS, *moments) if at is not None))

    # ---- doing

    async def _perform(self, effects: Iterable[NodeEffect]) -> None:
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
                if isinstance(report, bus.ArmedReport) and report.armed:
                    await self._tell_survivors()
            case Fetch() | Deploy():
                self._see_to_files(effect)
            case Prepare(order):
                self._set_stage(order)
            case ClearStage():
                self._fetching.cancel()
                self._staging.cancel()
                self._stage = None
            case Control(control):
                self._control(control)
            case AskIn():
                await self._ask_in()
            case _:
                assert_never(effect)

    def _play(self, effect: PlayerEffect) -> None:
        if self._stage is not None:
            self._stage.perform(effect)
            if isinstance(effect, Start):
                self._note_timing(effect)

    def _see_to_files(self, effect: Fetch | Deploy) -> None:
        self._deploying.cancel()  # a load is more urgent, and so is a newer deploy
        match effect:
            case Fetch(load):
                self._fetching.cancel()
                self._fetching = anyio.CancelScope()
                self._tasks.start_soon(self._fetch, load, self._fetching)
            case Deploy(command):
                self._deploying = anyio.CancelScope()
                self._tasks.start_soon(self._deploy, command, self._deploying)

    async def _ask_in(self) -> None:
        if self._follower.led:
            await self.following.say_hello()

    def _control(self, command: bus.PlayerControlCommand) -> None:
        """Set something of this node's players."""
        path = path_for(self._parts.node, command.address)
        if path is None:
            return  # for another node
        try:
            self._faders.set(path, setting(path, command.values), self._stage)
        except CannotSetError as error:
            log.warning("%s", error)

    async def _say(self, report: bus.NodeReport) -> None:
        if not isinstance(report, bus.Heartbeat | bus.ClockProbe):
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
            timing = bus.CueTimingReport(
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

    def _hello(self) -> bus.Hello:
        now_ns, last = time.monotonic_ns(), self._time.last_line
        position = self._time.position_at(now_ns)
        rolling = self._time.moment_of(position or 0) is not None
        if position is None and last is not None:  # a controller that was away takes it up here
            position, rolling = last.position_at(now_ns), last.rolling
        return bus.Hello(
            boot=self._boot,
            version=cuems.__version__,
            name=platform.node(),
            project=self._node.project,
            load_seq=self._node.load_seq,
            stop_generation=self._node.stop_generation,
            missing=self._parts.workshop.missing,
            led_by=self._follower.boot,
            state=self._node.state if self._parts.lane is not None else None,
            position=position,
            rolling=rolling,
            caps=("x1",) if self._parts.lane is not None else (),
            project_hash=self._node.project_hash,
        )

    def _set_stage(self, order: RunningOrder) -> None:
        self._staging.cancel()
        self._staging = anyio.CancelScope()
        if self._parts.workshop.residents is not None:
            self._parts.workshop.residents.begin_show()
        self._stage = Stage(
            {cue: order[cue] for cue in order},
            self._parts.library,
            self._parts.workshop,
            report=self._proved,
            master=self._faders.master,
            line=self._time.position_at,
            notice=lambda cue, text: self._notice(f"{order[cue].name}: {text}"),
            say=lambda cue, line: log.info("%s", line, extra={"cue": order[cue].name}),
        )
        self._tasks.start_soon(self._serve_stage, self._stage, self._staging)

    @staticmethod
    async def _serve_stage(stage: Stage, scope: anyio.CancelScope) -> None:
        with scope:
            await stage.serve()

    async def _proved(self, event: PlayerEvent) -> None:
        await self._send.send(Proved(event))

    async def _tell_survivors(self) -> None:
        """Once for each load: what was told before it was cleared by it."""
        survivors = self._parts.workshop.survivors
        if survivors is None or self._told_survivors == self._node.load_seq:
            return
        self._told_survivors = self._node.load_seq
        if survivors.names:
            cues = ", ".join(survivors.names)
            await self._notice(f"{cues}: playing on since the engine before; STOP ends that")

    async def _notice(self, text: str) -> None:
        await self._say(bus.NoticeReport(text))

    async def _fetch(self, load: bus.LoadCommand, scope: anyio.CancelScope) -> None:
        """Get a project, unless a newer load has taken over."""
        with scope:
            result: NodeEvent
            try:
                await self._parts.files.fetch(load, self._report)
                result = Fetched(load, await load_show(self._parts.library, load.project))
            except CuemsError as error:
                log.warning("project %s cannot be loaded: %s", load.project, error)
                await self._say(bus.DeployReport(0, str(error), "failed"))
                result = FetchFailed(load, str(error))
            await self._send.send(result)

    async def _deploy(self, command: bus.DeployCommand, scope: anyio.CancelScope) -> None:
        """Do something about files, unless a newer command or a load has taken over."""
        ended = bus.DeployReport(0, "given up for a newer one", "failed", command.deploy_seq)
        with scope:
            ended = await self._parts.files.obey(command, self._report)
        await self._say(ended)

    def _report(self, report: bus.DeployReport | bus.DeployPlanReport) -> None:
        with suppress(anyio.WouldBlock):  # only the newest progress matters
            self.following.say_if_free(report)

    # ---- hearing

    async def greet(self) -> None:
        """Say who we are on every new link."""
        while True:
            peers = await self._parts.link.peers_changed()
            if peers.now:
                self.following.linked()
                self._node.relinked()
                self._time.forget_clock()
                self._told_chase = None
                await self.following.say_hello()
                if self._node.armed is not None:
                    await self._say(self._node.armed)
                await self._learn_clock()
            else:
                log.warning("no controller on %s", self._parts.link.url)

    async def _learn_clock(self) -> None:
        if not self._parts.same_clock:
            for _ in range(FIRST_PROBES):
                await self._say(bus.ClockProbe(time.monotonic_ns()))
                await anyio.sleep(FIRST_PROBES_S)

    async def keep_in_touch(self) -> None:
        """Say that we are alive, and ask the controller for its clock."""
        if self._parts.same_clock:
            return  # in one process nobody is missed
        beats, died = 0, self._parts.died
        while True:
            if beats % PROBE_EVERY == 0:
                await self._say(bus.ClockProbe(time.monotonic_ns()))
            await self._say(bus.Heartbeat(armed=self._node.armed))
            if died and self._follower.led:
                await self._say(bus.CrashReport(died))
                died = ""
            await anyio.sleep(HEARTBEAT_S)
            beats += 1

    def show_health(self, health: Health) -> None:
        """What there is to say of this loop."""
        health.timecode = lambda: Counter((self._time.state,))
        health.nodes = lambda: Counter(("led" if self._follower.led else "not led",))

    def midi_queue(self) -> Queue:
        """What of the MIDI port's messages found no room."""
        dropped = 0 if self._midi is None else self._midi.dropped_messages
        return Queue(name="midi", waiting=0, room=1, dropped=dropped)

    async def tell_health(self, line: str, wrong: str) -> None:
        """Have the controller know how this process gets on."""
        await self._say(bus.HealthReport(line, wrong))

    async def read_midi(self, port: str, ring: Callable[[], None]) -> None:
        """Read timecode from a MIDI port, whenever it is there, and ring when there is news."""

        def changed(state: MidiState) -> None:
            if isinstance(state, MidiOpen):
                log.info("timecode from MIDI port %s (%s)", state.port, state.api)
            else:
                log.info("no MIDI timecode: %s", state.reason)

        def hear(received_ns: int, message: bytes) -> bool:
            # A hundred times a second: only news goes through the inbox.
            if self._news.put(self._time.hear_midi(message, received_ns)):
                ring()
            return self._time.is_steady

        async with open_midi_input(port, on_state=changed, on_message=hear) as self._midi:
            await anyio.sleep_forever()


def _to_us(ns: int | None) -> int | None:
    return None if ns is None else ns // NS_PER_US
