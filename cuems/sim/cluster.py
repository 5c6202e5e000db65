"""A rig on a virtual clock: the real controller, real nodes, and a bus that may delay and lose.

One node and nothing lost: the node is in the controller's process, as `cuems run` has it, and
neither a lead nor a delay applies. Otherwise GO is stamped ahead by the controller's lead (two
frames, so that rehearsals compare) and travels a modelled TCP connection (sim/transport.py). Where
something can be lost it goes by lane X besides, and again until it is answered (core/delivery.py).

With drop-outs the nodes chase MIDI timecode alone, as under a foreign source: the controller's
line over the bus, which steps in on a real rig, is left out, so that what the drop does is seen.

Heartbeats and the line's report every second are simulated where something can be lost.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from cuems.core import bus
from cuems.core.controller import Controller
from cuems.core.cuelist import RunningOrder, output_names
from cuems.core.cues import UUID_LENGTH, NodeId, Show
from cuems.core.delivery import Numbered, Sender
from cuems.core.desk import (
    AdoptLine,
    Answer,
    Asked,
    AskSign,
    ControllerEffect,
    ControllerEvent,
    ForgetCues,
    HoldLine,
    KeepSetting,
    LineMoved,
    LoseNode,
    ModifyNodelist,
    PaceDeploy,
    PrepareDeploy,
    ProjectRead,
    Publish,
    ReadNodelist,
    ReadProject,
    Reported,
    RestartLine,
    RollLine,
    Send,
    Tell,
    Undelivered,
    Welcome,
    Woke,
)
from cuems.core.events import Advance, Go, Intervene, Locate, SetNextCue
from cuems.core.line import Line
from cuems.core.node_desk import Say
from cuems.core.operator import LoadProject, OperatorCommand
from cuems.core.reports import Heartbeat, Receipt
from cuems.core.rules import Rules
from cuems.core.show_state import ShowState
from cuems.core.timecode import FLICKS_PER_S, from_ms, to_ns
from cuems.sim.diary import Diary
from cuems.sim.log import Verb
from cuems.sim.node import Done, SimulatedNode
from cuems.sim.post import Letter, Post, Way
from cuems.sim.setup import Setup
from cuems.sim.source import MidiSource

HEARTBEAT_NS, LINE_REPORT_NS = 250_000_000, 1_000_000_000
LEAD_FLICKS = from_ms(80)
READY_WITHIN_NS = 120_000_000_000  # a rig that is not armed by then is rehearsed as it is
AGREED = bus.LoadCommand | Go | bus.LineReport | SetNextCue
CONTROLLER, BOOT = NodeId("controller"), "1"
LANE_X = Receipt | Heartbeat
EXTRA_NODE = "00000000-0000-4000-8000-{:012d}"


def nodes_of_rig(order: RunningOrder, at_least: int) -> tuple[NodeId, ...]:
    """The nodes the show names, in running order, and then as many more as are wanted."""
    named = (name[:UUID_LENGTH] for cue in order for name in output_names(order[cue]))
    own = [NodeId(node) for node in dict.fromkeys(named)]
    more = max(at_least, 1) - len(own)
    return (*own, *(NodeId(EXTRA_NODE.format(number + 1)) for number in range(more)))


class Rig:
    """A loaded rig, stepped from moment to moment. Moments are ns since it was switched on."""

    def __init__(self, show: Show, setup: Setup, diary: Diary | None = None) -> None:
        order = RunningOrder(show)
        ids = nodes_of_rig(order, setup.nodes)
        local = len(ids) == 1 and not setup.loss
        self.now_ns = 0
        self.diary = diary or Diary(order)
        self._show = show
        self._setup = setup
        self._controller = Controller(
            Rules(
                local_node=ids[0] if local else None,
                lead_flicks=LEAD_FLICKS,
                options=setup.options,
            )
        )
        self._sender = Sender(1, BOOT)
        self.nodes = {
            node: SimulatedNode(node, show, order, setup, steady=not setup.loss) for node in ids
        }
        self.mail = Post(ids, seed=setup.seed, loss=setup.loss, perfect=local)
        self.has_bus = not local
        self._midi = MidiSource(setup.drop_outs) if setup.drop_outs else None
        self._line = Line(setup.start, 0, rolling=self._midi is not None)
        self._touch_ns = 0
        # While every replica of the show has heard the same, the controller's due moments are
        # those of all: the nodes' own are many more, for their percentages.
        self._alike = not setup.loss and not setup.drop_outs
        self._dues: dict[NodeId, int | None] = {}  # when nodes look at their clocks, where known
        self._zero_ns: int | None = None
        self._switch_on()

    def _switch_on(self) -> None:
        """Let the nodes say hello, load, wait until the rig is armed, and let the line roll."""
        self._at(0)
        self._perform(self._controller.begin())
        for name, node in self.nodes.items():
            self._done(name, [Say(node.hello())])
        while self.mail.under_way:
            self._step_on()
        self.ask(LoadProject(self._show.name))
        while not self.diary.armed and self.now_ns < READY_WITHIN_NS and self._step_on():
            pass
        if self._midi is not None:
            second = -(-self.position // FLICKS_PER_S) * FLICKS_PER_S
            self.run_to(self._line.moment_of(second) or self.now_ns)
        self._zero_ns = self.now_ns
        self.diary.begin()
        self._draw(self._line.rolled(self.now_ns))
        self.run_to(self.now_ns)

    def _step_on(self) -> bool:
        moment = self.next_ns()
        if moment is not None:
            self.step(moment)
        return moment is not None

    # ---- what others may ask and do

    @property
    def into_ns(self) -> int:
        """How long the rehearsal lasts by now."""
        return 0 if self._zero_ns is None else self.now_ns - self._zero_ns

    @property
    def position(self) -> int:
        """Where the line is."""
        return self._line.position_at(self.now_ns)

    def moment_ns(self, into_ns: int) -> int:
        """The moment at which the rehearsal will last so long."""
        return (self._zero_ns or 0) + into_ns

    def idle(self) -> bool:
        """Whether nothing more will happen by itself, with any amount of time."""
        if self.mail.under_way or (self._line.rolling and self._anything_due()):
            return False
        return self._midi is None or self.into_ns >= self._midi.settled_ns()

    def _anything_due(self) -> bool:
        return self._controller.next_due() is not None or any(
            node.next_due() is not None for node in self.nodes.values()
        )

    def next_ns(self) -> int | None:
        """The next moment at which anything happens."""
        due = self.diary.next_due(self._controller.next_due())
        moments = [
            None if due is None else self._line.moment_of(due),
            self.mail.next_ns(),
            self._touch_ns if self._setup.loss else None,
            self._sender.next_wake_ns() if self._setup.loss else None,
            self._controller.next_wake_ns() if self._setup.loss else None,
        ]
        if not self._alike:
            moments += [self._due_ns(name) for name in self.nodes]
        following = min((moment for moment in moments if moment is not None), default=None)
        if following is None and self._midi is not None:
            following = self._midi.next_ns()
        return None if following is None else max(self.now_ns, following)

    def _due_ns(self, name: NodeId) -> int | None:
        """When a node looks at its clock. What it hears by MIDI it hears at any time."""
        if self._midi is not None:
            heard = self._line.rolling and not self._midi.silent
            return self.nodes[name].next_ns(heard=heard)
        if name not in self._dues:
            self._dues[name] = self.nodes[name].next_ns(heard=not self._setup.loss)
        return self._dues[name]

    def run_to(self, moment_ns: int) -> None:
        """Let time pass, with all that happens on the way and at that very moment."""
        while True:
            following = self.next_ns()
            if following is not None and following <= moment_ns:
                self.step(following)
                continue
            self._at(self._hear_timecode(max(self.now_ns, moment_ns)))
            if self.now_ns >= moment_ns:
                return

    def step(self, moment_ns: int) -> None:
        """Let happen what is due at a moment, or before it by timecode that is heard till then."""
        self._at(self._hear_timecode(moment_ns))
        due = self.diary.next_due(self._controller.next_due())
        if due is not None and due <= self.position:
            self._bring_up()
        self._wake_nodes()
        if self._setup.loss and self._touch_ns <= self.now_ns:
            self._keep_in_touch()
        if self._setup.loss:
            if _is_over(self._controller.next_wake_ns(), self.now_ns):
                self._handle(Woke(self.now_ns))
            if _is_over(self._sender.next_wake_ns(), self.now_ns):
                self._send_again()
            self._see_to_given_up()
        while (letter := self.mail.take(self.now_ns)) is not None:
            self._deliver(letter)

    def _wake_nodes(self) -> None:
        for name, node in self.nodes.items():
            if self._alike or self._midi is not None or _is_over(self._due_ns(name), self.now_ns):
                self._dues.pop(name, None)
                self._done(name, node.wake(self.now_ns))

    def ask(self, command: OperatorCommand) -> None:
        """The operator asks for something."""
        self._bring_up()
        position = self.position
        self.diary.asked(command)
        self._handle(
            Asked(client=None, address="", command=command, now_ns=self.now_ns, position=position)
        )

    @property
    def state(self) -> ShowState:
        """The show as the controller has it."""
        return self._controller.stands.state

    def jump(self, position: int) -> None:
        """The timecode line jumps."""
        self._bring_up()
        self.diary.note(Verb.JUMPS)
        self._draw(self._line.located(position, self.now_ns))
        self._handle(LineMoved(Locate(position)))

    # ---- the line

    def _at(self, moment_ns: int) -> None:
        self.now_ns = moment_ns
        self.diary.at(self.into_ns, self._line.position_at(moment_ns))
        if self._midi is not None:
            self.diary.timecode(self._timecode())

    def _bring_up(self) -> None:
        """What is due on the controller by now has happened before anything else does."""
        position = self.position
        self._handle(LineMoved(Advance(position)))
        self.diary.advance(position)

    def _draw(self, line: Line) -> None:
        self._line = line
        self._at(self.now_ns)
        if self._midi is not None:
            self._midi.follow(line, self.now_ns)
        else:
            self._tell(self._line_report())

    def _line_report(self) -> bus.LineReport:
        return bus.LineReport(self._line, self.now_ns, self._controller.stop_generation)

    def _hear_timecode(self, until_ns: int) -> int:
        """Play MIDI timecode until then, or until it is of any consequence: that moment."""
        midi = self._midi
        while midi is not None and (at_ns := midi.next_ns()) is not None and at_ns <= until_ns:
            self.now_ns = max(self.now_ns, at_ns)
            messages = midi.take(self.now_ns, into_ns=self.into_ns)
            if self._is_news(messages) or midi.silent:
                return self.now_ns
        return until_ns

    def _is_news(self, messages: list[bytes]) -> bool:
        """Let every node hear; whether one of them did something, or follows otherwise."""
        news = False
        for message in messages:
            for name, node in self.nodes.items():
                done = node.hear_midi(message, self.now_ns)
                if done:
                    self._at(self.now_ns)
                    self._done(name, done)
                    news = True
        return news or self.diary.follows_otherwise(self._timecode())

    def _timecode(self) -> str:
        """How timecode is followed: all nodes hear the same."""
        return next(iter(self.nodes.values())).timecode

    def _keep_in_touch(self) -> None:
        if self._touch_ns % LINE_REPORT_NS == 0 and self._midi is None:
            self._tell(self._line_report())
        beat = bus.Beat(epoch=1, boot=BOOT, wanted=self._controller.wanted)
        for name in self.nodes:
            self.mail.cast(Letter(name, Way.DOWN, beat), self.now_ns)
            if self._midi is None:
                self.mail.cast(Letter(name, Way.DOWN, self._line_report()), self.now_ns)
            self.mail.cast(Letter(name, Way.UP, self.nodes[name].heartbeat()), self.now_ns)
        self._touch_ns += HEARTBEAT_NS

    def _send_again(self) -> None:
        for resend in self._sender.wake(self.now_ns):
            self.mail.cast(Letter(resend.node, Way.DOWN, resend.command, resend.stamp), self.now_ns)

    def _see_to_given_up(self) -> None:
        for given_up in self._sender.take_given_up():
            self._handle(Undelivered(given_up.node, given_up.command, given_up.reason))

    # ---- who says what to whom

    def _tell(self, command: bus.NodeCommand) -> None:
        self._alike = self._alike and isinstance(command, AGREED)
        if isinstance(command, Go | Intervene) and self._midi is None:
            command = replace(command, line=self._line.began_ns)
        stamp = self._stamp(command) if isinstance(command, Numbered) else None
        for node in self.nodes:
            letter = Letter(node, Way.DOWN, command, stamp)
            self.mail.post(letter, self.now_ns)
            if stamp is not None and self._setup.loss:
                again = replace(letter, stamp=self._sender.stamp_for(node, stamp))
                self.mail.cast(again, self.now_ns)

    def _stamp(self, command: Numbered) -> bus.Stamp:
        deadline_ns = None
        if isinstance(command, Go) and command.deadline is not None:
            deadline_ns = self.now_ns + to_ns(command.deadline - self.position)
        return self._sender.post(
            command,
            self.now_ns,
            deadline_ns=deadline_ns,
            stop_generation=self._controller.stop_generation,
        )

    def _done(self, node: NodeId, done: Iterable[Done]) -> None:
        for each in done:
            self.diary.done(node, each)
            if isinstance(each, Say):
                letter = Letter(node, Way.UP, each.report)
                if isinstance(each.report, LANE_X) and self._setup.loss:
                    self.mail.cast(letter, self.now_ns)
                else:
                    self.mail.post(letter, self.now_ns)

    def _deliver(self, letter: Letter) -> None:
        node = self.nodes[letter.node]
        message = letter.message
        self._dues.pop(letter.node, None)
        said = bus.Envelope(CONTROLLER, message, letter.stamp, BOOT)
        if isinstance(message, bus.LineReport):
            self._done(letter.node, node.hear_line(said, message, self.now_ns))
        elif isinstance(message, bus.NodeCommand):
            self._done(letter.node, node.tell(said, self.now_ns))
        elif isinstance(message, Receipt):
            if not message.nak:
                self._sender.answered(letter.node, message.seq, self.now_ns)
        else:
            self._bring_up()
            self._handle(Reported(letter.node, message, self.now_ns))

    def _handle(self, event: ControllerEvent) -> None:
        self._perform(self._controller.handle(event))

    def _perform(self, effects: Iterable[ControllerEffect]) -> None:
        for effect in effects:
            match effect:
                case Tell(message):
                    self._tell(message)
                case Publish(status):
                    self.diary.published(status)
                case Answer(asked, reason):
                    self.diary.answered(asked.command, reason)
                case ReadProject(load_seq):
                    self._handle(ProjectRead(load_seq, self._show, None))
                case RestartLine() | HoldLine() | RollLine():
                    self._redraw(effect)
                case AskSign() | Welcome() | LoseNode():
                    self._keep_up(effect)
                case (
                    ForgetCues()
                    | AdoptLine()
                    | Send()
                    | KeepSetting()
                    | ReadNodelist()
                    | ModifyNodelist()
                ):
                    pass  # a simulated rig has no nodes but its own, and no other equipment
                case PrepareDeploy() | PaceDeploy():
                    pass  # nor files
                case _:
                    assert_never(effect)

    def _welcome(self, snapshot: bus.Snapshot) -> None:
        next_seq = self._sender.join(snapshot.node)
        answer = replace(snapshot, epoch=1, boot=BOOT, next_seq=next_seq)
        self.mail.post(Letter(snapshot.node, Way.DOWN, answer), self.now_ns)

    def _keep_up(self, effect: AskSign | Welcome | LoseNode) -> None:
        match effect:
            case AskSign(node):
                beat = bus.Beat(epoch=1, boot=BOOT, asks=True)
                self.mail.cast(Letter(node, Way.DOWN, beat), self.now_ns)
            case Welcome(snapshot):
                self._welcome(snapshot)
            case LoseNode(node):
                self._sender.lose(node)

    def _redraw(self, effect: RestartLine | HoldLine | RollLine) -> None:
        match effect:
            case RestartLine():
                before_zero = self._zero_ns is None
                position = self._setup.start if before_zero else 0
                rolling = effect.rolling and (not before_zero or self._midi is not None)
                self._draw(Line(position, self.now_ns, rolling, began_ns=self.now_ns))
                self._handle(LineMoved(Locate(position)))
            case HoldLine():
                self._draw(self._line.stopped(self.now_ns))
            case RollLine():
                self._draw(self._line.rolled(self.now_ns))


def _is_over(moment_ns: int | None, now_ns: int) -> bool:
    return moment_ns is not None and moment_ns <= now_ns
