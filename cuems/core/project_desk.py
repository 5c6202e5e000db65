"""Which project is loaded: by an operator, as found on a node, or as the journal has it."""

from dataclasses import replace

from cuems.core import bus
from cuems.core.body import length_flicks
from cuems.core.booth import Booth, LoadedShow, RefusedError
from cuems.core.chains import Scope
from cuems.core.cuelist import RunningOrder, has_player, kind, output_names
from cuems.core.desk import (
    AdoptLine,
    Answer,
    Asked,
    ForgetCues,
    ProjectRead,
    ProjectUnreadable,
    Publish,
    ReadProject,
    RestartLine,
    Restore,
    StoodBefore,
)
from cuems.core.found import JOURNAL
from cuems.core.greeter import Greeter
from cuems.core.operator import LoadProject
from cuems.core.played import PlayedBefore, ShowAsFound
from cuems.core.reports import Hello
from cuems.core.sequencer import Sequencer
from cuems.core.show_state import ShowState
from cuems.core.stands import Stands, mixers
from cuems.core.status import (
    CueEnabled,
    CueKind,
    CueName,
    Loaded,
    ModeIs,
    NodeWaived,
    Notice,
)
from cuems.core.tally import Tally

ProjectNews = ProjectRead | ProjectUnreadable | StoodBefore | Restore | PlayedBefore

NUMBERED = 4096  # so many words of the controller before may have left nothing but their numbers


class ProjectDesk:
    """Loads that are asked for and answered, and shows that are taken up."""

    def __init__(self, booth: Booth, greeter: Greeter) -> None:
        self._booth = booth
        self._greeter = greeter
        self._loading: dict[int, Asked] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is loaded, nor asked for."""
        return self._booth.loaded is None and not self._loading

    def load(self, asked: Asked, project: str) -> None:
        """An operator asks for a project; answered when it is read. Raises RefusedError."""
        booth = self._booth
        booth.locked_in_show("load")
        if booth.announcer.running:
            raise RefusedError("a show is running: stop it first")
        booth.load_seq += 1
        booth.found.hello = None
        self._greeter.welcome_all()
        self.give_up(f"given up for {project!r}, asked for later")
        self._loading[booth.load_seq] = asked
        booth.out.append(ReadProject(booth.load_seq, project))

    def give_up(self, reason: str) -> None:
        """Nothing comes of the loads that were asked for."""
        for load_seq in list(self._loading):
            self._answer_load(load_seq, reason)

    def unload(self) -> None:
        """No project any more. Raises RefusedError."""
        booth = self._booth
        booth.locked_in_show("unload")
        if booth.announcer.running:
            raise RefusedError("a show is running: stop it first")
        self.give_up("given up: unloaded")
        booth.announcer.start_over()
        booth.loaded = None
        booth.stop_generation += 1
        booth.cluster.loads(0, frozenset(), everyone=False)
        booth.tell(bus.UnloadCommand(booth.stop_generation))
        booth.out.append(ForgetCues())
        booth.out.append(RestartLine(rolling=False))
        booth.publish(Loaded(""))

    def hear(self, event: ProjectNews) -> None:
        """A project was read, or what is to be taken up is known."""
        booth = self._booth
        match event:
            case ProjectRead():
                self._project_read(event)
            case ProjectUnreadable(load_seq, reason):
                self._unreadable(load_seq, reason)
            case StoodBefore(stands):
                self._stand_as_before(stands)
            case Restore():
                self._restore(event)
                booth.tell_played(booth.played.remembers(event.remembered.stands))
            case PlayedBefore():
                booth.tell_played(booth.played.remembers(event))

    def _project_read(self, read: ProjectRead) -> None:
        booth = self._booth
        found = booth.found.hello
        if found is not None and read.load_seq == found.load_seq:
            self._take_up(read, found)
            return
        asked = self._loading.get(read.load_seq)
        if asked is None or not isinstance(asked.command, LoadProject):
            return
        if booth.announcer.running:
            self._answer_load(read.load_seq, "a show is running: stop it first")
            return
        project = asked.command.project
        booth.announcer.start_over()
        show = self._set_up(project, read)
        booth.tell(replace(show.load, only=booth.adoption.only))
        booth.take(show.sequencer.begin())
        booth.out.append(RestartLine(rolling=True))
        booth.publish(Notice(""))
        self._answer_load(read.load_seq, "")

    def _unreadable(self, load_seq: int, reason: str) -> None:
        booth = self._booth
        found = booth.found.hello
        if found is not None and found.load_seq == load_seq:
            booth.found.hello = None
            booth.publish(Notice(f"what was found is not here: {reason.splitlines()[0]}"))
            self._greeter.welcome_all()
        self._answer_load(load_seq, reason)

    def _restore(self, event: Restore) -> None:
        """Take a show up as the journal has it, unless a node has it, or somebody has asked."""
        booth = self._booth
        stands = event.remembered.stands
        if booth.loaded is not None:
            return
        if not booth.found.remembers(event.remembered, event.now_ns, go_on=event.go_on):
            return
        booth.out.append(ReadProject(stands.load_seq, stands.project))

    def _stand_as_before(self, stands: Stands) -> None:
        """What no node knows, whoever has the show: moved faders, the mode, who is done without."""
        booth = self._booth
        for control in stands.controls:
            booth.controls[control.address] = control
            booth.out += map(Publish, mixers(control))
        for node in stands.waived:
            booth.cluster.waive(node, waived=True)
            booth.publish(NodeWaived(node, waived=True))
        if stands.mode != booth.mode:
            booth.mode = stands.mode
            booth.publish(ModeIs(stands.mode))

    def _take_up(self, read: ProjectRead, found: Hello) -> None:
        """A show was found running on a node, by a controller that has just started: lead it on."""
        booth = self._booth
        state = booth.found.taken_up(found)
        self.give_up(f"{found.project!r} was found on a node, and is led on")
        booth.announcer.start_over()
        show = self._set_up(found.project, read)
        booth.load_seq = read.load_seq
        # Never back: who has been told the number of our own start obeys no lower one.
        booth.stop_generation = max(booth.stop_generation, found.stop_generation)
        booth.take(show.sequencer.begin())
        if state is None:
            booth.out.append(RestartLine(rolling=True))
        else:
            booth.out.append(AdoptLine(found.position or 0, booth.found.found_ns, found.rolling))
            booth.take(show.sequencer.restore(state))
            booth.run_seq = max([booth.run_seq, *(t.run_seq for t in state.triggers)]) + NUMBERED
            as_found = ShowAsFound(found.project, found.load_seq, found.stop_generation)
            booth.tell_played(booth.played.takes_up(as_found))
        if state is not None and state.triggers:
            booth.announcer.run()
        booth.wanted = {node for node in booth.cluster.nodes() if booth.cluster.is_member(node)}
        booth.publish(Notice(_where_found(found, state)))
        self._greeter.welcome_all()

    def _set_up(self, project: str, read: ProjectRead) -> LoadedShow:
        """Have a project loaded here, and say so to clients."""
        booth = self._booth
        order = RunningOrder(read.show)
        unowned = frozenset(cue for cue in order if not has_player(order[cue]))
        sequencer = Sequencer(order, Scope(frozenset(), unowned), booth.rules.options)
        load = bus.LoadCommand(project=project, load_seq=read.load_seq, source=read.source)
        show = booth.loaded = LoadedShow(load, order, sequencer, Tally(frozenset(order)))
        booth.late.clear()
        booth.played.loads(order)
        booth.out.append(ForgetCues())
        booth.reset_statuses(show)
        for cue in order:
            booth.publish(CueName(cue, order[cue].name))
            depth = len(tuple(order.lists_around(cue)))
            booth.publish(CueKind(cue, kind(order[cue]), depth, length_flicks(order[cue])))
            booth.publish(CueEnabled(cue, order[cue].enabled))
        booth.publish(Loaded(project, read.show.id))
        everyone = any(has_player(order[c]) and not output_names(order[c]) for c in order)
        booth.cluster.loads(read.load_seq, order.nodes(), everyone=everyone)
        return show

    def _answer_load(self, load_seq: int, reason: str) -> None:
        asked = self._loading.pop(load_seq, None)
        if asked is None:
            return
        if reason:
            self._booth.publish(Notice(reason.splitlines()[0]))
        self._booth.out.append(Answer(asked, reason))


def _where_found(found: Hello, state: ShowState | None) -> str:
    """What the operator is told of a show that was taken up."""
    where = "in the journal" if found.name == JOURNAL else f"on {found.name}"
    if state is None:
        return f"{found.project} was found {where}, and is stopped"
    stays = "stands where it was: resume, or stop"
    return f"{found.project} was found {where}, and {stays if state.paused else 'is led on'}"
