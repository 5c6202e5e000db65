"""Files on nodes: deploys that are asked for, what was hashed for them, and their pace."""

from dataclasses import replace
from typing import assert_never

from cuems.core.booth import Booth, RefusedError
from cuems.core.deploy_desk import CHANGING, VERBS, DeployDesk
from cuems.core.desk import DeployImpossible, DeployReady, PaceDeploy, PrepareDeploy, ProjectHashed
from cuems.core.status import Notice
from cuems.core.timecode import from_ms

YIELD_FLICKS = from_ms(10_000)  # transfers trickle this long before the next cue is due


class FileDesk:
    """What the operator wants of files, before and while the nodes report on it."""

    def __init__(self, booth: Booth) -> None:
        self._booth = booth
        self.deploys = DeployDesk(booth.publish, booth.tell)
        self._deploy_seq = booth.rules.first_seq
        self._trickle = False

    def deploy(self, verb: str, project: str) -> None:
        """An operator asks for files to be sent, or planned, or no more. Raises RefusedError."""
        if verb not in VERBS:
            raise RefusedError(f"{verb!r:.40}: expected one of {', '.join(sorted(VERBS))}")
        if verb in CHANGING:
            self._booth.locked_in_show("deploy")
        self._deploy_seq += 1
        self.deploys.begin(self._deploy_seq, verb, project)
        self._booth.out.append(PrepareDeploy(self._deploy_seq, verb, project))

    def hear(self, event: ProjectHashed | DeployReady | DeployImpossible) -> None:
        """Files were hashed, or could not be."""
        booth = self._booth
        match event:
            case ProjectHashed(load_seq, source, reason):
                if reason:
                    booth.publish(Notice(f"nodes get no files: {reason}"))
                    self.deploys.unprepared(reason)
                show = booth.loaded
                if source is not None and show is not None and show.load.load_seq == load_seq:
                    show.load = replace(show.load, source=source)
                    booth.tell(show.load)
            case DeployReady(deploy_seq, source, nodes, now_ns):
                there = booth.cluster.there()
                self.deploys.ask(deploy_seq, source, there, set(nodes), now_ns)
            case DeployImpossible(deploy_seq, reason):
                self.deploys.fail(deploy_seq, reason)
            case _:
                assert_never(event)

    def settle_pace(self) -> None:
        """Transfers yield to a show: to what plays, to what is due soon, to show mode."""
        trickle = self._booth.mode == "show" or self._plays_soon()
        if trickle != self._trickle:
            self._trickle = trickle
            self._booth.out.append(PaceDeploy(trickle))

    def _plays_soon(self) -> bool:
        booth = self._booth
        if booth.loaded is None:
            return False
        due = booth.loaded.sequencer.next_due()
        near = None if due is None or booth.line_at is None else due - booth.line_at
        return booth.loaded.tally.plays or (near is not None and near <= YIELD_FLICKS)
