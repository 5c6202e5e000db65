"""Why rsync ended: its exit code and error text, in one line with a remedy.

Source: rsync(1) EXIT VALUES; the texts are those of rsync 3.2 to 3.5 under LC_ALL=C.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cuems.core.errors import CuemsError


class DeployError(CuemsError):
    """A transfer to `node` failed: what happened, to which file if to one, and what helps."""

    def __init__(self, *, node: str, what: str, remedy: str, file: str | None = None) -> None:
        subject = f"{node}: {file}" if file else node
        super().__init__(f"deploy to node {subject}: {what}; {remedy}")
        self.node = node
        self.file = file
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why rsync ended, which file is concerned if one is, and what helps."""

    what: str
    remedy: str
    file: str | None = None


_FAILURE = re.compile(
    r'rsync: (?:\[\w+\] )?(?P<doing>[^"]*)"(?P<name>.+)"(?P<there> \(in \w+\))?'
    r'(?: failed)?: (?P<reason>[^:"]+) \(\d+\)'
)
_ABSENT = {"No such file or directory", "Not a directory"}


def missing_names(stderr: str) -> tuple[str, ...] | None:
    """The files that are not at the source; None if anything else went wrong as well."""
    names = []
    for line in stderr.splitlines():
        failure = _FAILURE.fullmatch(line)
        if failure and failure["doing"].startswith("link_stat") and failure["reason"] in _ABSENT:
            names.append(failure["name"].removeprefix("/"))
        elif line and not line.startswith("rsync error:"):
            return None
    return tuple(names)


_MEANINGS = {
    1: ("rsync did not take its arguments", "install rsync 3.2 or newer"),
    2: ("the two rsyncs do not speak one protocol", "install rsync 3.2 or newer on both sides"),
    3: ("rsync could not use the library folder", "check that it exists and may be written"),
    4: ("rsync lacks a feature", "install rsync 3.2 or newer"),
    5: ("the controller's rsync refused the session", "see the controller's rsync log"),
    10: ("no rsync answers there", "check that the controller runs and its deploy port is open"),
    11: ("reading or writing failed", "check free space and permissions of the library"),
    12: ("the connection broke", "check the network and load again"),
    13: ("rsync could not report", "load again"),
    14: ("rsync could not start its second process", "check memory and process limits"),
    20: ("rsync was stopped from outside", "load again"),
    22: ("rsync ran out of memory", "free some memory and load again"),
    23: ("some files could not be transferred", "see the controller's rsync log"),
    24: ("files vanished from the controller during the transfer", "load again"),
    30: ("the controller stopped sending", "check the network and load again"),
    35: ("no rsync answers there in time", "check that the controller is up and reachable"),
    127: ("rsync is not installed", "apt-get install rsync"),
}
_PHRASES = {
    "@ERROR: auth failed": (
        "the controller refused the credential",
        "give node and controller the same cluster key",
    ),
    "@ERROR: access denied": (
        "the controller serves no files to this address",
        "adopt the node; if it is, let its datagrams (UDP) through to the controller",
    ),
    "@ERROR: Unknown module": (
        "the controller serves no library",
        "check address and port of its rsync",
    ),
    "rather than greeting": ("what answers there is no rsync", "check address and port"),
    "No space left on device": ("the disk is full", "free some space in the library"),
}


def diagnose(exit_code: int, stderr: str) -> Diagnosis:
    """What a failed client's exit code and error text mean, in one line with a remedy."""
    failure = _first_failure(stderr)
    file = _failed_file(failure) if failure else None
    for phrase, (what, remedy) in _PHRASES.items():
        if phrase in stderr:
            return Diagnosis(what, remedy, file)
    missing = missing_names(stderr)
    if missing:
        return missing_diagnosis(missing)
    if exit_code < 0:
        return Diagnosis(f"rsync was killed by signal {-exit_code}", "load again")
    what, remedy = _MEANINGS.get(exit_code, (f"rsync ended with code {exit_code}", "load again"))
    return Diagnosis(f"{what} ({failure['reason']})" if failure else what, remedy, file)


def missing_diagnosis(names: Sequence[str]) -> Diagnosis:
    """What to say of files that are not at the source; `names` is not empty."""
    more = f" (nor are {len(names) - 1} more)" if len(names) > 1 else ""
    return Diagnosis(
        f"not in the controller's library{more}", "put it there and load again", names[0]
    )


def _first_failure(stderr: str) -> re.Match[str] | None:
    matches = (_FAILURE.fullmatch(line) for line in stderr.splitlines())
    return next((failure for failure in matches if failure), None)


def _failed_file(failure: re.Match[str]) -> str:
    name = failure["name"]
    return name.removeprefix("/") if failure["there"] else name
