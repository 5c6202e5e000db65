"""The journal of an active controller on its standby, on a real disk."""

import zlib
from dataclasses import replace
from pathlib import Path

import anyio.to_thread
import pytest

from cuems.adapters.journal import open_journal
from cuems.adapters.journal_files import runs
from cuems.adapters.journal_reader import Run, read_run
from cuems.app.followed_journal import FollowedJournal
from cuems.core.bus import PlayerControlCommand
from cuems.core.cues import NodeId
from cuems.core.desk import LineMoved, Publish
from cuems.core.events import Locate
from cuems.core.journal import Happened, Record, ShowKept
from cuems.core.show_state import ShowState
from cuems.core.stands import Stands
from cuems.core.status import Loaded
from cuems.wire.journal import encode

STANDS = Stands(project="play", load_seq=1, stop_generation=0, state=ShowState())


def line(number: int, what: Happened, *told: Publish) -> str:
    record = Record(number=number, at_ns=number, position=10 * number, what=what, effects=told)
    return encode(record).decode()


def kept(folder: Path) -> list[Run]:
    return [read_run(path) for path in runs(folder)]


async def test_every_line_is_kept_and_how_the_show_stood_is_known(tmp_path: Path) -> None:
    script = tmp_path / "library" / "projects" / "play" / "script.xml"
    script.parent.mkdir(parents=True)
    script.write_text("<show/>")
    async with open_journal(tmp_path / "journal", lambda _: None) as journal:
        followed = FollowedJournal(journal, tmp_path / "library")
        assert not followed.take(["theirs"])
        assert followed.remembered is None
        assert followed.take(["theirs", line(1, LineMoved(Locate(0))), "torn\n", line(3, STANDS)])
        assert (followed.run, followed.number) == ("theirs", 3)
        assert followed.take(["theirs", line(4, LineMoved(Locate(7)))])
        loaded = Publish(Loaded("play"))
        assert followed.take(["another", line(1, ShowKept(1, "show-1.xml", None), loaded)])
        remembered = followed.remembered
    one, other = await anyio.to_thread.run_sync(kept, tmp_path / "journal")
    assert [record.number for record in one.records] == [1, 3, 4]
    shown = await anyio.to_thread.run_sync((other.path / "show-1.xml").read_text)
    assert shown == "<show/>"
    assert remembered is not None
    assert (remembered.stands, remembered.position) == (STANDS, 10)


FADER = PlayerControlCommand("/n/audio/mixer/0/1/volume", (0.5,))
MOVED = replace(STANDS, controls=(FADER,), waived=(NodeId("n"),))
NEWER = line(2, STANDS).replace("stands.Stands", "stands.Qqqqqq")


def of_another_version(text: str) -> str:
    body = text.rpartition(',"len":')[0].encode()
    return f'{body.decode()},"len":{len(body)},"crc":"{zlib.crc32(body):08x}"}}\n'


async def test_a_line_in_pieces_is_a_line(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal", lambda _: None) as journal:
        followed = FollowedJournal(journal, tmp_path)
        told = line(1, MOVED)
        assert followed.take(["theirs", told[:100], told[100:]])
        assert followed.remembered is not None
        assert followed.remembered.stands == MOVED


@pytest.mark.parametrize(
    "later", [line(3, LineMoved(Locate(0))), of_another_version(NEWER)], ids=["lost", "newer"]
)
async def test_where_a_line_is_missing_faders_heard_of_before_are_not_told(
    tmp_path: Path, later: str
) -> None:
    async with open_journal(tmp_path / "journal", lambda _: None) as journal:
        followed = FollowedJournal(journal, tmp_path)
        assert followed.take(["theirs", line(1, MOVED)])
        assert followed.take(["theirs", later])
        assert followed.remembered is not None
        assert followed.remembered.stands == STANDS
        assert followed.take(["theirs", line(4, MOVED)])
        assert followed.remembered.stands == MOVED


async def test_a_line_that_is_not_understood_is_asked_for_once(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal", lambda _: None) as journal:
        followed = FollowedJournal(journal, tmp_path)
        assert followed.take(["theirs", line(1, STANDS)])
        assert followed.take(["theirs", of_another_version(NEWER)])
        assert followed.number == 2
        assert not followed.take(["theirs", "torn\n"])
