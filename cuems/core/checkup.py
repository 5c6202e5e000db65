"""What a look at a machine before the show comes to, and what helps.

An error means that the show would not run here, a warning that something of it would be missing or
late. What is not there may not be needed: a machine without a display plays no pictures.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

GIB = 1 << 30
LEAST_FREE_BYTES, ENOUGH_FREE_BYTES = GIB, 10 * GIB
LEAST_FILES, ENOUGH_FILES = 256, 1024
US_PER_MS = 1000
WORST_CLOCK_US = 100_000
REALTIME = 50  # of the priorities that a sound server wants

NOTHING = {
    "sound": "no sound device and no sound server: nothing sounds",
    "pictures": "no graphics device and no display: pictures are not shown",
}

# What is common on stages, as mpv's decoders have it.
CODECS: Mapping[str, str] = {
    "h264": "H.264",
    "hevc": "H.265",
    "prores": "ProRes",
    "mjpeg": "MJPEG",
    "hap": "HAP",
    "vp9": "VP9",
    "aac": "AAC",
    "mp3": "MP3",
    "flac": "FLAC",
    "opus": "Opus",
    "pcm_s24le": "24 bit PCM",
}


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is what to do where it is not well."""

    what: str
    verdict: Verdict
    text: str
    remedy: str = ""


def fine(what: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(what, Verdict.OK, text)


def doubtful(what: str, text: str, remedy: str) -> Finding:
    """The show runs without it, or later than it should."""
    return Finding(what, Verdict.WARNING, text, remedy)


def bad(what: str, text: str, remedy: str) -> Finding:
    """The show does not run like this."""
    return Finding(what, Verdict.ERROR, text, remedy)


def judge_room(what: str, place: str, free_bytes: int) -> Finding:
    """A disk."""
    text = f"{place}: {free_bytes / GIB:.1f} GiB free"
    if free_bytes < LEAST_FREE_BYTES:
        return bad(what, text, "make room: cuems deploy --gc --dry-run lists unused media")
    if free_bytes < ENOUGH_FREE_BYTES:
        return doubtful(what, text, "make room before more media comes")
    return fine(what, text)


def judge_files(most: int) -> Finding:
    """How many files a process may open."""
    text = f"{most} files may be open at once"
    remedy = "raise it: LimitNOFILE= of the unit, or ulimit -n"
    if most < LEAST_FILES:
        return bad("open files", text, remedy)
    if most < ENOUGH_FILES:
        return doubtful("open files", text, remedy)
    return fine("open files", text)


def judge_clock(error_us: int | None) -> Finding:
    """The wall clock; None: nobody keeps it. Shows do not run by it, opening hours and logs do."""
    if error_us is None:
        return doubtful("clock", "nobody keeps it right", "apt-get install systemd-timesyncd")
    text = f"right within {error_us / US_PER_MS:.1f} ms"
    if error_us > WORST_CLOCK_US:
        return doubtful("clock", text, "see why: timedatectl timesync-status")
    return fine("clock", text)


def judge_governor(governors: Collection[str]) -> Finding:
    """How the processors change their speed."""
    if not governors:
        return fine("processor", "its speed is not ours to set")
    slow = sorted(set(governors) & {"powersave", "conservative", "ondemand"})
    if slow:
        return doubtful("processor", f"speed is governed by {', '.join(slow)}: starts may be late",
                        "cpupower frequency-set --governor performance")  # fmt: skip
    return fine("processor", f"speed is governed by {', '.join(sorted(set(governors)))}")


def judge_realtime(priority: int) -> Finding:
    """What sound needs where JACK is used, and cues where players want every core."""
    if priority < REALTIME:
        return doubtful(
            "priority",
            f"real-time priority is limited to {priority}: under load sound may crackle and cues"
            " be late",
            "LimitRTPRIO=95 and LimitMEMLOCK=infinity of the unit, or the group audio and"
            " /etc/security/limits.d/audio.conf",
        )
    return fine("priority", f"real-time priority up to {priority}")


def judge_codecs(there: Collection[str]) -> Finding:
    """What mpv can decode."""
    missing = [name for codec, name in CODECS.items() if codec not in there]
    if missing:
        return doubtful("codecs", f"mpv cannot decode {', '.join(missing)}",
                        "convert such media, or install mpv of the distribution")  # fmt: skip
    return fine("codecs", f"mpv decodes {', '.join(CODECS.values())}")


def judge_midi(ports: Mapping[str, Collection[str]]) -> Finding:
    """MIDI, which carries timecode."""
    names = [f"{port} ({api})" for api, several in ports.items() for port in several]
    if not names:
        return doubtful("MIDI", "no port to read timecode from: it comes over the bus",
                        "start JACK, or modprobe snd-seq; or say so: --mtc bus")  # fmt: skip
    return fine("MIDI", "; ".join(names))


def judge_devices(kind: str, group: str, there: int, usable: int) -> Finding:
    """Devices that may be there, and not be ours to open."""
    if not there:
        return doubtful(kind, NOTHING[kind], "connect one, if this machine is to play such cues")
    if usable < there:
        return bad(kind, f"{there - usable} of {there} devices may not be opened",
                   f"usermod -aG {group} USER, then log in again")  # fmt: skip
    return fine(kind, f"{there} devices")


def worst(findings: Collection[Finding]) -> Verdict:
    """The verdict of all together."""
    verdicts = {finding.verdict for finding in findings}
    order = (Verdict.ERROR, Verdict.WARNING)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.OK)


def decoders(listing: str) -> Iterator[str]:
    """The codecs in what `mpv --vd=help --ad=help` prints: `  name - text`, or `name (codec)`."""
    for line in listing.splitlines():
        words = line.replace("(", " ").replace(")", " ").split()
        yield from words[:2]
