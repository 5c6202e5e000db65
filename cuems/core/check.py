"""What of a show will not happen as its author meant it, found before the night.

References, chains and actions are judged here; other fields in core/check_fields.py, media files in
core/check_media.py, outputs in core/check_outputs.py, what a player cannot do in players/limits.py.
"""

from collections.abc import Iterator

from cuems.core.body import body_flicks, plays
from cuems.core.cuelist import RunningOrder
from cuems.core.cues import (
    Action,
    ActionCue,
    AnyCue,
    AudioCue,
    CueId,
    CueList,
    FadeCue,
    PostGo,
    VideoCue,
)
from cuems.core.findings import REPEAT_MARK, Finding, Script, Severity, authored_id, kind
from cuems.core.levels import parameter_of
from cuems.core.validation import ShowProblem, problems

ENDING = frozenset({Action.STOP, Action.FADE_OUT, Action.DEVAMP})


def check_script(script: Script) -> Iterator[Finding]:
    """What is wrong with a show in itself, whatever it is played with."""
    order = RunningOrder(script.show)
    yield from _repeated_ids(script)
    yield from _problems(script, order)
    ended = _ended_by_others(script, order)
    for cue in script.cues():
        yield from _never_followed(script, order, cue, ended)
        yield from _vain_actions(script, order, cue)


# ---- references and chains


def _repeated_ids(script: Script) -> Iterator[Finding]:
    first: dict[CueId, AnyCue] = {}
    for cue in (script.show.cue_list, *script.cues()):
        if REPEAT_MARK not in cue.id:
            first[cue.id] = cue
            continue
        taken = first[authored_id(cue.id)]
        yield script.finding(
            cue,
            Severity.ERROR,
            "duplicate-id",
            field="id",
            value=authored_id(cue.id),
            text=f"id {authored_id(cue.id)} is that of {taken.name!r} on line"
            f" {script.lines.get(taken.id)} already: expected an id no other cue has",
            remedy="delete one of the two in the editor and make it anew",
        )


def _problems(script: Script, order: RunningOrder) -> Iterator[Finding]:
    for problem in problems(script.show):
        yield _of_problem(script, order, problem)


def _of_problem(script: Script, order: RunningOrder, problem: ShowProblem) -> Finding:
    cue = order[problem.cue]
    code, text, remedy = _explained(order, problem)
    return script.finding(
        cue,
        Severity.ERROR,
        code,
        field=problem.field,
        value=problem.value,
        text=text,
        remedy=remedy,
    )


def _explained(order: RunningOrder, problem: ShowProblem) -> tuple[str, str, str]:
    """Code, text and remedy of a problem."""
    known = CueId(problem.value) in order
    match problem.field:
        case "action_target" if not problem.value:
            return "no-action-target", "it acts on no cue", "choose its target in the editor"
        case "action_target":
            text = f"it acts on cue {problem.value}, which is not in this show"
            return "unknown-action-target", text, "choose another target in the editor"
        case "target" if not known and problem.value != "next":
            text = f"its target is cue {problem.value}, which is not in this show"
            remedy = "choose another target, or none to go on with the next cue"
            return "unknown-target", text, remedy
        case "loop":
            text = "a list of cues that take no time would loop for ever at one moment: expected"
            return "endless-chain", f"{text} loop {problem.expected}", "give one of them a wait"
        case _:
            text = "the chain comes back to this cue without any time passing, and would never end"
            remedy = "give a cue of the circle a wait, or let one stand by for GO"
            return "endless-chain", text, remedy


def _ended_by_others(script: Script, order: RunningOrder) -> frozenset[CueId]:
    """The cues that an action cue may end, and all that is in them."""
    targets = {
        cue.action_target
        for cue in script.cues()
        if isinstance(cue, ActionCue) and cue.action in ENDING and cue.action_target is not None
    }
    return frozenset(
        cue for cue in order if cue in targets or not targets.isdisjoint(order.lists_around(cue))
    )


def _never_followed(
    script: Script, order: RunningOrder, cue: AnyCue, ended: frozenset[CueId]
) -> Iterator[Finding]:
    follower = order.successor(cue.id)
    endless = plays(cue.loop) is None if isinstance(cue, CueList) else body_flicks(cue) is None
    follows = cue.post_go is PostGo.GO_AT_END and follower is not None and follower in order
    if endless and follows and follower is not None and cue.id not in ended:
        yield script.finding(
            cue,
            Severity.WARNING,
            "never-followed",
            field="loop",
            value=cue.loop,
            text=f"it loops until stopped, so {order[follower].name!r}, which is to follow at its"
            " end, never comes by itself",
            remedy="add an action cue that devamps it, or give its loop a number",
        )


def _vain_actions(script: Script, order: RunningOrder, cue: AnyCue) -> Iterator[Finding]:
    if not isinstance(cue, ActionCue | FadeCue):
        return
    if cue.action_target is None or cue.action_target not in order:
        return
    target = order[cue.action_target]
    why = _why_vain(cue, target)
    if why:
        yield script.finding(
            cue,
            Severity.WARNING,
            "vain-action",
            field="action_target",
            value=cue.action_target,
            text=f"it does nothing: its target {target.name!r} {why}",
            remedy="choose another target, or another action",
        )


def _why_vain(cue: ActionCue | FadeCue, target: AnyCue) -> str:
    fades = isinstance(cue, FadeCue) or cue.action is Action.FADE_OUT
    if fades and not isinstance(target, CueList) and parameter_of(target) is None:
        return f"is {kind(target)}, which has no level to fade"
    if isinstance(cue, FadeCue):
        return ""
    if cue.action is Action.FADE_ACTION:
        return "can only be faded by a fade cue"
    if cue.action is Action.DEVAMP and not _loops(target):
        return "does not loop"
    if cue.action in (Action.PLAY, Action.FADE_IN) and not target.enabled:
        return "is disabled, unless it is enabled during the show"
    return ""


def _loops(cue: AnyCue) -> bool:
    regions = isinstance(cue, AudioCue | VideoCue) and cue.media is not None and cue.media.regions
    return cue.loop != 1 or any(region.loop != 1 for region in regions or ())
