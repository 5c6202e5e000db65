"""When sound begins, on the recording: from a cue's due frame to its first sample at the desk.

    python -m tests.bench.bench_sound [--cues 100] [--together 50] [--kills 20]

A whole node in this process with real mpv, under a JACK server with the dummy driver; every cue
plays a sound whose samples say which they are (tests/marks.py), and a JACK client writes down what
arrives and when. First one cue per GO; then many in one chain, due in the same frame, each with
its mark 100 ms later than the one before; then a tone whose player is killed again and again.

Of a cue that is not heard from its first sample it is told why: the recorder missed cycles (without
a real-time kernel it does on a busy machine), or the cue came in later, which its second mark, its
echo, shows. One of which nothing comes at all is a defect, and the exit status 1.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import anyio

from cuems.adapters.memory_bus import open_memory_bus
from cuems.app.node import run_node
from cuems.app.node_parts import NodeParts
from cuems.app.workshop import workshop
from cuems.core import bus
from cuems.core.cues import AudioCue, AudioOutput, CueId, CueList, Media, PostGo, Show
from cuems.core.events import Go
from cuems.core.line import Line
from cuems.core.timecode import NS_PER_S, FrameRate, from_ms
from cuems.core.timekeeper import Timekeeper
from cuems.players import PlayerConfig
from cuems.wire.show_xml import write_show
from tests.bench.bench_cue import LEAD_FLICKS, NODE, Desk, nothing_to_bring
from tests.bench.figures import say, show
from tests.e2e.rig import Home
from tests.fakes.jack_recorder import Recorder, Recording, open_recorder
from tests.jack import open_jack
from tests.marks import MARKS, heard_marks, write_marks
from tests.media import RATE_HZ, write_wav

WRITTEN = "2026-01-01T00:00:00"
LOUD = 30_000
PERIOD = 256
APART_S = 0.1  # between the marks of cues that start together
CUE_S, TONE_S = 0.3, 20.0
ECHO_S = 0.1  # after its first mark a cue has another
EARLY_NS, WHOLE_NS = 10_000_000, 120_000_000  # round a due frame, within which a mark is to come
RECORDED = 0.9  # of that stretch: less, and a mark may have been missed
NEAR_NS = 300_000_000  # a mark this far from a moment belongs to another
BETWEEN_S = 0.3
BEFORE_KILL_S, AFTER_KILL_S = 0.5, 1.5
PATIENCE_S = 120
QUIET = 0.05


@dataclass
class Rig:
    """A node at work, its controller's end of the bus, and what its sound is recorded by."""

    desk: Desk
    timekeeper: Timekeeper
    recorder: Recorder
    home: Home

    async def load(self, cues: list[AudioCue]) -> None:
        contents = tuple(cues)
        listing = CueList(id=CueId(str(uuid4())), name="bench", contents=contents)
        written = Show(
            id=str(uuid4()), name="bench", created=WRITTEN, modified=WRITTEN, cue_list=listing
        )
        folder = self.home.library / "projects" / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "script.xml").write_bytes(write_show(written))
        await self.desk.say(bus.LoadCommand(project="bench", load_seq=self.desk.next_load()))

    async def go(self, run_seq: int, cue: CueId) -> int:
        """Fire; the moment it is due, ns."""
        at = self.desk.line.position_at(time.monotonic_ns()) + LEAD_FLICKS
        await self.desk.say(Go(run_seq=run_seq, cue=cue, at=at))
        due_ns = self.timekeeper.moment_of(at)
        assert due_ns is not None
        return due_ns


def cue(name: str, file: str, seconds: float, post_go: PostGo = PostGo.PAUSE) -> AudioCue:
    return AudioCue(
        id=CueId(str(uuid4())),
        name=name,
        post_go=post_go,
        media=Media(file_name=file, duration_flicks=from_ms(round(1000 * seconds))),
        outputs=(AudioOutput(output_name=f"{NODE}_desk:in"),),
    )


@asynccontextmanager
async def open_rig(folder: Path) -> AsyncIterator[Rig]:
    home = Home(folder)
    (home.library / "media").mkdir(parents=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_jack(PERIOD))
        recorder = await stack.enter_async_context(open_recorder(folder, "in"))
        line = Line(from_ms(1000), time.monotonic_ns(), rolling=True)
        near, far = await stack.enter_async_context(open_memory_bus())
        timekeeper = Timekeeper()
        config = PlayerConfig(node=NODE, video_output="null", audio_output="jack")
        parts = NodeParts(
            node=NODE,
            library=home.library,
            state=home.folder / "state",
            link=far,
            workshop=workshop(config, FrameRate.FPS_25, dict(os.environ)),
            same_clock=True,
            midi_port=None,
            files=nothing_to_bring(folder),
            timekeeper=timekeeper,
        )
        tasks = await stack.enter_async_context(anyio.create_task_group())
        desk = Desk(near, line)
        tasks.start_soon(desk.hear)
        tasks.start_soon(desk.tell_line)
        await tasks.start(run_node, parts)
        with anyio.fail_after(PATIENCE_S):
            while timekeeper.state != "internal":  # noqa: ASYNC110
                await anyio.sleep(0.05)
        yield Rig(desk, timekeeper, recorder, home)
        tasks.cancel_scope.cancel()


def late_ns(recording: Recording, due_ns: list[tuple[int, int]]) -> list[int]:
    """How long after its moment each mark began; those that were not heard are left out."""
    heard = list(heard_marks(recording))
    late = []
    for number, due in due_ns:
        near = [
            mark.start_ns - due
            for mark in heard
            if mark.number == number and abs(mark.start_ns - due) < NEAR_NS
        ]
        late += sorted(near, key=abs)[:1]
    return late


def echo(number: int) -> int:
    """The second mark of a cue."""
    return (number + MARKS // 2) % MARKS


def was_recorded(recording: Recording, due_ns: int) -> bool:
    """Whether the recorder kept up round that moment."""
    begin, end = due_ns - EARLY_NS, due_ns + WHOLE_NS
    cycles = sum(begin < cycle.heard_ns < end for cycle in recording.cycles)
    return cycles * PERIOD / RATE_HZ > RECORDED * (end - begin) / NS_PER_S


def account(recording: Recording, due_ns: list[tuple[int, int]]) -> int:
    """Tell how all were heard; the number of those of which nothing came."""
    late = late_ns(recording, due_ns)
    unheard = [(number, due) for number, due in due_ns if not late_ns(recording, [(number, due)])]
    echo_ns = round(ECHO_S * NS_PER_S)
    later = [at for at in unheard if late_ns(recording, [(echo(at[0]), at[1] + echo_ns)])]
    missed = [at for at in unheard if at not in later and not was_recorded(recording, at[1])]
    never = len(unheard) - len(later) - len(missed)
    say(
        f"{len(due_ns)} cues, one GO each; {len(late)} were heard from their first sample,"
        f" {len(later)} later, {len(missed)} were due when the recorder stood still, {never} never"
    )
    show("cue's due frame -> its first sample", late)
    return never


async def one_by_one(rig: Rig, count: int) -> int:
    media = rig.home.library / "media"
    for number in range(MARKS):
        write_marks(media / f"{number}.wav", 1.0, {0.0: number, ECHO_S: echo(number)})
    cues = [cue(f"mark {number}", f"{number % MARKS}.wav", CUE_S) for number in range(count)]
    await rig.load(cues)
    due_ns = []
    for number, each in enumerate(cues):
        await rig.desk.armed(number)
        await anyio.sleep(random.random() * BETWEEN_S)
        due_ns.append((number % MARKS, await rig.go(number + 1, each.id)))
    await rig.desk.armed(count)
    return account(rig.recorder.read(), due_ns)


async def together(rig: Rig, count: int) -> int:
    cues = []
    whole_s = count * APART_S + 1
    for number in range(count):
        name = f"{number}.wav"
        write_marks(rig.home.library / "media" / name, whole_s, {number * APART_S: number})
        post_go = PostGo.GO if number + 1 < count else PostGo.PAUSE
        cues.append(cue(f"mark {number}", name, whole_s, post_go))
    begun_s = time.monotonic()
    await rig.load(cues)
    await rig.desk.armed(0)
    say(f"arming {count} cues: {time.monotonic() - begun_s:.1f} s, {players_mb():.0f} MB")
    due_ns = await rig.go(1000, cues[0].id)
    await rig.desk.armed(count)
    apart_ns = round(APART_S * NS_PER_S)
    late = late_ns(
        rig.recorder.read(), [(number, due_ns + number * apart_ns) for number in range(count)]
    )
    say(f"{count} cues in one frame; {len(late)} were heard")
    show("due frame -> first sample", late)
    say(f"spread, first to last: {(max(late) - min(late)) / 1e6:.1f} ms")
    return 0


def players() -> list[int]:
    """Our children that are mpv."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if "mpv" in Path(f"/proc/{pid}/comm").read_text()]


def players_mb() -> float:
    """Their memory, shared pages shared out."""
    kb = 0
    for pid in players():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kb += int(line.split()[1])
    return kb / 1024


async def killed(rig: Rig, kills: int) -> int:
    samples = [LOUD, LOUD, -LOUD, -LOUD] * int(RATE_HZ * TONE_S / 4)
    write_wav(rig.home.library / "media" / "tone.wav", samples=samples)
    tone = cue("tone", "tone.wav", TONE_S)
    gaps = []
    await rig.load([tone])
    for number in range(kills):
        await rig.desk.armed(0)
        await rig.go(number + 1, tone.id)
        await anyio.sleep(BEFORE_KILL_S)
        since = len(rig.recorder.read().channels[0]) - RATE_HZ // 10
        os.kill(players()[0], signal.SIGKILL)
        await anyio.sleep(AFTER_KILL_S)
        gaps += gaps_ns(rig.recorder.read(), since)[:1]
        rig.desk.forget_armed()
        await rig.desk.say(bus.StopCommand(number + 1))
    show(f"silence after each of {kills} SIGKILLs ({len(gaps)} gaps)", gaps)
    return 0


def gaps_ns(recording: Recording, since: int) -> list[int]:
    """Silences longer than 5 ms."""
    gaps, quiet = [], 0
    for value in recording.channels[0][since:]:
        if abs(value) < QUIET:
            quiet += 1
            continue
        if quiet > RATE_HZ // 200:
            gaps.append(quiet * NS_PER_S // RATE_HZ)
        quiet = 0
    return gaps


async def measure(cues: int, count: int, kills: int) -> int:
    silent = 0
    for number, step in ((cues, one_by_one), (count, together), (kills, killed)):
        if number:
            with tempfile.TemporaryDirectory() as folder:
                async with open_rig(Path(folder)) as rig:
                    silent += await step(rig, number)
    return silent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", type=int, default=100)
    parser.add_argument("--together", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    silent = anyio.run(measure, options.cues, options.together, options.kills)
    sys.exit(1 if silent else 0)


if __name__ == "__main__":
    main()
