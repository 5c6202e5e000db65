"""rsync on the wire: the daemon's configuration, the client's arguments, what the client prints.

Source: rsync(1), rsyncd.conf(5) 3.2 to 3.5; the ecosystem's use of it is interop.md 9. Names are
relative to the library, with `/` between parts, and go over in a NUL-separated list: in a list of
lines rsync takes `#` and `;` for comments.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from cuems.core.errors import CuemsError

MODULE = "cuems"
MANIFESTS = "cuems-manifests"  # the module that serves them; only ours has it
USER = "cuems"
PARTIAL_DIR = ".rsync-partial"  # beside each target: what arrived of it before a transfer ended
CONNECT_TIMEOUT_S = 3  # an absent controller is named within this
# A sender that finds what the node has already tells so in 64 KiB of 4 bytes a block, silent
# between: with rsync's own choice of block 18 s for 8 GB on a disk of 40 MB/s, with this 3 s.
BLOCK_BYTES = 8192
DAEMON_TIMEOUT_S = 20  # the daemon's own patience with a client that takes nothing

# What a daemon says to an address it does not serve, before it has asked for anything.
REFUSAL = b"@RSYNCD: 31.0\n@ERROR: access denied to this address\n"
SECRET_LABEL = b"cuems rsync secret 1"


class RsyncNameError(CuemsError):
    """A file name or path that must not reach rsync."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"file name {name!r}: {expected}")
        self.name = name
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a library is served, and the credential that opens it."""

    host: str
    port: int
    secret: str = field(repr=False)
    user: str = USER
    module: str = MODULE

    @property
    def url(self) -> str:
        """The module's URL, without the secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rsync://{self.user}@{host}:{self.port}/{self.module}/"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one transfer is; files that were there already count only in the last 100 %."""

    bytes: int
    percent: int
    bytes_per_s: int
    eta_s: int


def derive_secret(cluster_key: bytes) -> str:
    """The daemon's password for a cluster: HMAC-SHA256 of a label, 64 hexadecimal digits."""
    return hmac.new(cluster_key, SECRET_LABEL, hashlib.sha256).hexdigest()


# ---- names


def check_name(name: str) -> str:
    """The name itself, if it names a file inside the library. Raises RsyncNameError."""
    if not name:
        raise RsyncNameError(name, "expected a name, found none")
    if any(character in name for character in "\0\n\r"):
        raise RsyncNameError(name, "expected one line without NUL")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise RsyncNameError(name, "expected text that UTF-8 can carry")
    if name.startswith("/"):
        raise RsyncNameError(name, "expected a path inside the library, found an absolute one")
    for part in name.split("/"):
        if part in {"", ".", ".."}:
            raise RsyncNameError(name, f"expected plain folder and file names, found {part!r}")
        if part.startswith("-"):
            raise RsyncNameError(name, "expected no leading '-'")
    return name


def file_list(names: Iterable[str]) -> bytes:
    """The `--files-from` text, each name checked. Raises RsyncNameError."""
    return b"".join(check_name(name).encode() + b"\0" for name in names)


# ---- the daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFiles:
    """What the daemon reads and writes of its own, all in one private folder."""

    configuration: PurePath
    secrets: PurePath
    log: PurePath
    manifests: PurePath


def daemon_configuration(
    library: PurePath,
    files: DaemonFiles,
    *,
    chroot_owner: tuple[int, int] | None,
) -> str:
    """The text of rsyncd.conf: projects and media of one library, and manifests, to be read only.

    `chroot_owner` is the (uid, gid) to serve as from inside a chroot, None where the daemon is
    not root. Which addresses are served is decided where they connect. Raises RsyncNameError.
    """
    privilege = ["use chroot = no"]
    if chroot_owner is not None:
        privilege = ["use chroot = yes", f"uid = {chroot_owner[0]}", f"gid = {chroot_owner[1]}"]
    lines = [
        f"log file = {_config_value(files.log)}",
        "reverse lookup = no",
        *privilege,
        "read only = yes",
        "list = no",
        f"auth users = {USER}",
        f"secrets file = {_config_value(files.secrets)}",
        "strict modes = yes",
        f"timeout = {DAEMON_TIMEOUT_S}",
        "refuse options = delete",
        f"[{MODULE}]",
        f"path = {_config_value(library)}",
        "include = /projects/ /projects/** /media/ /media/**",
        "exclude = /*",
        f"[{MANIFESTS}]",
        f"path = {_config_value(files.manifests)}",
    ]
    return "\n".join(lines) + "\n"


def _config_value(path: PurePath) -> str:
    text = str(path)
    if any(character in text for character in "\0\n\r") or text != text.strip():
        raise RsyncNameError(text, "expected a path of one line, without space at its ends")
    if text.endswith("\\"):
        raise RsyncNameError(text, "expected a path that does not end in a backslash")
    return text


def secrets_text(secret: str) -> str:
    """The text of the secrets file."""
    return f"{USER}:{secret}\n"


def daemon_arguments(configuration: PurePath) -> list[str]:
    """A daemon that serves the one connection it has as standard input."""
    return ["rsync", "--daemon", f"--config={configuration}"]


# ---- the client


def _client_arguments() -> list[str]:
    # The password comes by standard input: not in the arguments, the environment or a file.
    return [
        "rsync",
        "--times",
        "--omit-dir-times",
        "--8-bit-output",
        "--no-human-readable",
        "--no-motd",
        f"--contimeout={CONNECT_TIMEOUT_S}",
        "--password-file=-",
        "--from0",
    ]


def fetch_arguments(
    source: Source,
    list_file: PurePath,
    temp_dir: PurePath,
    library: PurePath,
    *,
    limit_kib_per_s: int,
) -> list[str]:
    """A client that brings the listed files; all of them appear at the end, at once.

    A limit of 0 is none.
    """
    return [
        *_client_arguments(),
        "--outbuf=N",
        "--info=progress2,flist2",
        "--delay-updates",
        f"--block-size={BLOCK_BYTES}",
        f"--bwlimit={limit_kib_per_s}",
        f"--partial-dir={PARTIAL_DIR}",
        f"--temp-dir={temp_dir}",
        f"--files-from={list_file}",
        source.url,
        f"{library}/",
    ]


def stage_arguments(
    source: Source,
    list_file: PurePath,
    temp_dir: PurePath,
    files: PurePath,
    library: PurePath,
    *,
    limit_kib_per_s: int,
) -> list[str]:
    """A client that brings the listed files to a stage, each as soon as it is whole.

    All of the listed are brought, whatever their times say; old ones in the library save bytes.
    """
    return [
        *_client_arguments(),
        "--outbuf=N",
        "--info=progress2,flist2,name1",
        "--ignore-times",
        f"--block-size={BLOCK_BYTES}",
        f"--bwlimit={limit_kib_per_s}",
        f"--partial-dir={PARTIAL_DIR}",
        f"--temp-dir={temp_dir}",
        f"--compare-dest={library}",
        f"--files-from={list_file}",
        source.url,
        f"{files}/",
    ]


def list_arguments(source: Source, list_file: PurePath, library: PurePath) -> list[str]:
    """A client that prints which of the listed files exist, and changes nothing."""
    return [
        *_client_arguments(),
        "--list-only",
        f"--files-from={list_file}",
        source.url,
        f"{library}/",  # not touched, but a list wants a destination
    ]


# ---- what the client prints

_PROGRESS = re.compile(
    r"\s*(?P<bytes>\d+)\s+(?P<percent>\d{1,3})%\s+(?P<rate>\d+(?:\.\d+)?)(?P<unit>[kMGT]?)B/s"
    r"\s+(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)(?:\s.*)?"
)
_UNIT_BYTES = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LISTED = re.compile(
    r"-\S{9,10}\s+(?P<bytes>[\d,.]+) \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?P<name>.+)", re.DOTALL
)
_SKIPPED = re.compile(r'skipping non-regular file "(?P<name>.*)"')


def read_progress(line: str) -> Progress | None:
    """A line of `--info=progress2`, None for any other."""
    found = _PROGRESS.fullmatch(line)
    if found is None:
        return None
    rate = float(found["rate"]) * _UNIT_BYTES[found["unit"]]
    hours, minutes, seconds = (int(found[part]) for part in ("hours", "minutes", "seconds"))
    return Progress(
        bytes=int(found["bytes"]),
        percent=min(int(found["percent"]), 100),
        bytes_per_s=round(rate),
        eta_s=(hours * 60 + minutes) * 60 + seconds,
    )


def read_listed(line: str) -> tuple[str, int] | None:
    """Name and size in bytes of a plain file that `--list-only` printed, None for other lines."""
    found = _LISTED.fullmatch(line)
    if found is None:
        return None
    return found["name"], int(re.sub(r"\D", "", found["bytes"]))


def read_skipped(line: str) -> str | None:
    """The name of a listed thing that is no plain file: rsync leaves it out and reports success."""
    found = _SKIPPED.fullmatch(line)
    return found["name"] if found else None
