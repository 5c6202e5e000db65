"""The console page in a real browser, against the real control port and a stage that obeys."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import anyio
import pytest

from cuems.adapters.clients import ClientId, Clients
from cuems.adapters.control import read_console, serve_control
from cuems.core import status as st
from cuems.core.cues import CueId, NodeId
from cuems.core.operator import (
    EnableCue,
    LoadProject,
    MoveStandby,
    OperatorCommand,
    PauseCue,
    Ping,
    PressGo,
    PressPanic,
    PressPause,
    PressResume,
    PressStop,
    ResumeCue,
    SetMixerVolume,
    StopCue,
    WaiveNode,
)
from cuems.core.status_board import StatusBoard
from cuems.core.timecode import from_ms
from cuems.wire import oscquery
from cuems.wire.control import ControlError, messages, reply
from cuems.wire.control import request as requested
from cuems.wire.osc import Osc, decode, encode
from cuems.wire.web import WebRequest
from tests.e2e.browser import SIZES, Page, open_page

pytestmark = pytest.mark.slow

CUES = [CueId(f"3f0f3d1e-8f5b-4a6e-9c55-{number:012d}") for number in range(1, 9)]
NODE = NodeId("6c7b0e0a-1111-4222-8333-abcdefabcdef")

# A link that is back at once is dead for less time than a browser may take to answer.
WATCH_LINK = (
    "void new MutationObserver(() => {"
    " window.died ||= document.documentElement.dataset.link === 'dead' })"
    ".observe(document.documentElement, { attributes: true })"
)


class Stage:
    """A surface with a status board; remembers what it was asked."""

    def __init__(self) -> None:
        self.clients = Clients()
        self.board = StatusBoard()
        self.commands: list[OperatorCommand] = []
        self.refusal: str | None = None
        self.silent = False
        self.newest = ClientId(0, "")

    def connected(self, client: ClientId) -> Iterable[tuple[str, bytes]]:
        self.newest = client
        for status in self.board.dump():
            for osc in messages(status):
                yield osc.address, encode(osc)

    async def received(self, client: ClientId, data: bytes) -> None:
        osc = decode(data)
        assert isinstance(osc, Osc)
        if self.silent:
            return
        try:
            asked = requested(osc).command
        except ControlError as error:
            answer = reply(osc.address, str(error))
        else:
            answer = reply(osc.address, None if isinstance(asked, Ping) else self.refusal)
            if not isinstance(asked, Ping):
                assert isinstance(asked, OperatorCommand)
                self.commands.append(asked)
        self.clients.send(client, answer.address, encode(answer))

    def disconnected(self, client: ClientId, reason: str) -> None:
        """Nothing to do."""

    def asked(self, client: ClientId, text: str) -> None:
        """The console sends no text frames."""
        raise AssertionError(text)

    async def page(self, request: WebRequest) -> oscquery.Page:
        """The console asks for nothing but its files."""
        return oscquery.Page(HTTPStatus.NOT_FOUND, "text/plain", (b"",))

    def refused(self, peer: str, reason: str) -> None:
        """Nothing to do."""

    def tell(self, *statuses: st.Status) -> None:
        for status in statuses:
            self.board.put(status)
            for osc in messages(status):
                self.clients.publish(osc.address, encode(osc))


def loaded(stage: Stage) -> None:
    """A show that stands by, in the order of interop.md 2.7."""
    stage.tell(st.Running(value=None), st.Armed(value=False), st.NextCue(None))
    stage.tell(*(st.CuePlay(cue, 0) for cue in CUES))
    stage.tell(*(st.CueEnabled(cue, enabled=True) for cue in CUES))
    stage.tell(st.Loaded("the_tempest"), st.NodeHealth(NODE, "ok"), st.ChaseHealth(NODE, "locked"))
    stage.tell(st.Armed(value=True), st.NextCue(CUES[0]), st.ShowTimecode(from_ms(3_723_000)))


@asynccontextmanager
async def standing(stage: Stage, profile: Path) -> AsyncIterator[Page]:
    """The page, connected to the stage."""
    console = await anyio.to_thread.run_sync(read_console)
    serve = partial(serve_control, console=console, surface=stage, clients=stage.clients)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tg:
            port = await tg.start(partial(serve, ("127.0.0.1", 0)))
            async with open_page(f"http://127.0.0.1:{port}/", profile) as page:
                await page.until("document.documentElement.dataset.link === 'alive'")
                yield page
            tg.cancel_scope.cancel()


def row(cue: CueId) -> str:
    return f'[data-cue="{cue}"]'


async def asked(stage: Stage, page: Page, wanted: list[OperatorCommand]) -> None:
    """Wait until the stage heard exactly that."""
    while len(stage.commands) < len(wanted):
        await page.value("new Promise(done => setTimeout(done, 10))")
    assert stage.commands == wanted
    stage.commands.clear()


async def test_the_page_shows_the_show_and_works_it(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        await page.until("document.querySelectorAll('.cue').length === 8")
        assert await page.text("#project") == "the_tempest"
        assert await page.text("#lamps") == "armed\nstopped"
        stage.tell(st.ShowTimecode(from_ms(3_724_000)))
        await page.until("document.getElementById('timecode').innerText === '01:02:04'")
        assert await page.value(f"'standby' in document.querySelector('{row(CUES[0])}').dataset")

        await page.click("#go")
        await asked(stage, page, [PressGo()])
        stage.tell(st.Running(value=True), st.CuePlay(CUES[0], 42), st.NextCue(CUES[1]))
        await page.until(f"document.querySelector('{row(CUES[0])}').innerText.includes('42 %')")
        assert await page.text("#lamps") == "armed\nrunning"
        await page.click(f"{row(CUES[0])} .one")
        await asked(stage, page, [PauseCue(CUES[0])])
        stage.tell(st.CueHeld(CUES[0], held=True))
        await page.until(f"document.querySelector('{row(CUES[0])}').dataset.state === 'paused'")
        await page.click(f"{row(CUES[0])} .one")
        await page.click(f"{row(CUES[0])} .one + .one")
        await asked(stage, page, [ResumeCue(CUES[0]), StopCue(CUES[0])])

        stage.tell(st.CuePlay(CUES[1], -1), st.CueReason(CUES[1], "rain.wav is missing"))
        await page.until(f"document.querySelector('{row(CUES[1])}').dataset.state === 'failed'")
        assert "rain.wav is missing" in await page.text(row(CUES[1]))

        await page.click(f"{row(CUES[4])} .pick")
        await page.click(f"{row(CUES[5])} input")
        await page.click("#pause")
        await asked(
            stage, page, [MoveStandby(CUES[4]), EnableCue(CUES[5], enabled=False), PressPause()]
        )
        # Shown is what the server says, not what was clicked.
        await page.until(f"document.querySelector('{row(CUES[5])} input').checked")
        stage.tell(st.CueEnabled(CUES[5], enabled=False), st.Paused(value=True))
        await page.until(f"!document.querySelector('{row(CUES[5])} input').checked")
        await page.click("#resume")
        await page.click("#stop")
        await asked(stage, page, [PressResume(), PressStop()])

        await page.click("#load-name")
        for letter in "a b":
            await page.key(letter, "keyDown")
            await page.key(letter, "keyUp")
        await page.key("Enter", "keyDown")
        await page.value("document.getElementById('load-form').requestSubmit()")
        await asked(stage, page, [LoadProject("a b")])


async def test_space_is_go_once_for_each_press_wherever_the_focus_is(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        await page.until("!document.getElementById('go').disabled")
        for focus in ("#stop", f"{row(CUES[0])} input", "#go"):
            await page.value(f"document.querySelector({focus!r}).focus()")
            await page.key(" ", "keyDown")
            for _ in range(5):
                await page.key(" ", "keyDown", repeat=True)
            await page.key(" ", "keyDown")  # bounced: there was no key-up
            await page.key(" ", "keyUp")
        await page.value(f"document.querySelector('{row(CUES[0])} input').focus()")
        await page.key("Enter", "keyDown")  # space would be GO
        await page.key("Enter", "keyUp")
        for _ in range(2):  # twice stops at once
            await page.key("Escape", "keyDown")
            await page.key("Escape", "keyUp")
        off = EnableCue(CUES[0], enabled=False)
        await asked(stage, page, [*[PressGo()] * 3, off, *[PressPanic()] * 2])


async def test_a_wait_counts_down_and_stands_while_the_show_is_paused(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    second = from_ms(3_723_000)
    async with standing(stage, tmp_path) as page:
        await page.until("document.querySelectorAll('.cue').length === 8")
        stage.tell(st.ShowTimecode(second))
        stage.tell(st.CueStart(CUES[0], second + from_ms(9_500)), st.CuePlay(CUES[0], 1))
        await page.until(f"document.querySelector('{row(CUES[0])} .state').innerText === 'in 9 s'")
        stage.tell(st.ShowTimecode(second + from_ms(6_000)), st.Paused(value=True))
        await page.until(f"document.querySelector('{row(CUES[0])} .state').innerText === 'in 4 s'")
        stage.tell(st.Paused(value=False), st.ShowTimecode(second + from_ms(10_000)))
        await page.until(f"document.querySelector('{row(CUES[0])} .state').innerText === '1 %'")


async def test_after_a_go_the_guard_is_shown_until_the_next_one_would_be_taken(
    tmp_path: Path,
) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        stage.tell(st.GoGuard(60_000), st.Running(value=True))
        await page.until("document.getElementById('go').hasAttribute('data-guarded')")
        stage.tell(st.GoGuard(1), st.Running(value=True))
        await page.until("!document.getElementById('go').hasAttribute('data-guarded')")


async def test_faders_follow_what_is_told_and_ask_for_what_the_hand_does(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    stage.tell(st.NodeName(NODE, "left"), st.MixerVolume(NODE, "0", "1", 0.5))
    fader = f"document.querySelector('[data-fader=\"{NODE}/0/{{}}\"]')"
    async with standing(stage, tmp_path) as page:
        await page.until(f"{fader.format('1')}?.innerText.includes('-6.0 dB')")
        master = fader.format("master")
        assert await page.value(f"{master}.querySelector('input').value") == "1"
        await page.value(
            f"(() => {{ const input = {master}.querySelector('input'); input.value = 0.25;"
            " input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change'));"
            " })()"
        )
        moved = SetMixerVolume(node=NODE, output="0", channel="master", value=0.25)
        await asked(stage, page, [moved])


async def test_a_node_that_fetches_shows_how_far_it_is_and_how_it_follows_timecode(
    tmp_path: Path,
) -> None:
    stage = Stage()
    loaded(stage)
    bar = f"document.querySelector('[data-node=\"{NODE}\"] progress')"
    async with standing(stage, tmp_path) as page:
        await page.until("document.getElementById('chase').innerText === 'locked'")
        assert await page.value(f"{bar}.hidden")
        stage.tell(st.DeployProgress(NODE, 40, "rain.wav"), st.ChaseHealth(NODE, "lost"))
        await page.until(f"!{bar}.hidden && {bar}.value === 40")
        assert "rain.wav" in await page.text(f'[data-node="{NODE}"]')
        assert await page.text("#chase") == "lost"
        stage.tell(st.DeployProgress(NODE, 100))
        await page.until(f"{bar}.hidden")


async def test_what_a_crew_must_know_of_the_rig_stands_above_the_cues(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    other = NodeId("6c7b0e0a-1111-4222-8333-abcdefabcde0")
    async with standing(stage, tmp_path) as page:
        stage.tell(st.BusWarning("the node bus is open to everybody"))
        stage.tell(st.Leadership(role="standby", detail="of ws://foh:9190"))
        stage.tell(st.NodeHealth(other, "lost"), st.NodeWaived(other, waived=True))
        await page.until(f"document.querySelector('[data-node=\"{other}\"] button')?.innerText")
        told = await page.text("#news")
        assert "the node bus is open to everybody" in told
        assert "This controller is standby: of ws://foh:9190" in told
        assert await page.text(f'[data-node="{other}"] button') == "needed again"
        await page.click(f'[data-node="{other}"] button')
        await asked(stage, page, [WaiveNode(other, waived=False)])
        stage.tell(st.Leadership(role="active"), st.BusWarning(""))
        await page.until("document.getElementById('news').innerText === ''")


async def test_a_key_is_asked_for_where_one_is_needed(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    stage.refusal = "denied: this needs scope control"
    async with standing(stage, tmp_path) as page:
        await page.until("!document.getElementById('go').disabled")
        assert await page.value("document.getElementById('key-form').hidden")
        await page.click("#go")
        await page.until("!document.getElementById('key-form').hidden")
        assert "denied" in await page.text("#reply")


async def test_what_is_refused_is_said_and_an_unarmed_show_cannot_be_fired(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    stage.refusal = "too soon after the last GO"
    async with standing(stage, tmp_path) as page:
        await page.until("!document.getElementById('go').disabled")
        await page.click("#go")
        await page.until("document.getElementById('reply').innerText !== ''")
        assert await page.text("#reply") == "go: too soon after the last GO"
        stage.commands.clear()
        stage.tell(st.Armed(value=False), st.WaitingFor("node stage-left"))
        await page.until("document.getElementById('go').disabled")
        assert await page.text("#waiting") == "Waiting: node stage-left"
        await page.key(" ", "keyDown")
        assert await page.text("#reply") == "go: node stage-left"
        await page.click("#stop")
        await asked(stage, page, [PressStop()])


async def test_a_silent_link_greys_the_page_until_somebody_answers(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        await page.until("!document.getElementById('go').disabled")
        stage.silent = True  # the socket stays open: only the missing answers tell
        await page.until("document.documentElement.dataset.link === 'dead'")
        assert await page.value("document.getElementById('go').disabled")
        assert await page.value("getComputedStyle(document.querySelector('main')).opacity < 0.5")
        stage.silent = False
        await page.until("document.documentElement.dataset.link === 'alive'")
        await page.until("!document.getElementById('go').disabled")


async def test_a_lost_link_comes_back_with_the_state_of_now(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        await page.until("document.querySelectorAll('.cue').length === 8")
        stage.board.forget_cues()
        stage.board.put(st.CuePlay(CUES[0], 100))
        stage.board.put(st.Loaded("hamlet"))
        await page.value(WATCH_LINK)
        stage.clients.drop(stage.newest, "as a test")
        await page.until("window.died")
        await page.until("document.documentElement.dataset.link === 'alive'")
        await page.until("document.getElementById('project').innerText === 'hamlet'")
        assert await page.value("document.querySelectorAll('.cue').length") == 1
        assert await page.text(row(CUES[0])) != ""


async def test_another_project_replaces_the_cues(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        await page.until("document.querySelectorAll('.cue').length === 8")
        other = CueId("11111111-8f5b-4a6e-9c55-000000000001")
        stage.tell(st.Armed(value=False), st.NextCue(None))
        stage.tell(*(st.CuePlay(cue, 0) for cue in (CUES[3], other, CUES[1])), st.Loaded("hamlet"))
        await page.until("document.querySelectorAll('.cue').length === 3")
        order = "[...document.querySelectorAll('.cue')].map(item => item.dataset.cue)"
        assert await page.value(order) == [CUES[3], other, CUES[1]]


async def test_words_from_outside_are_shown_as_words(tmp_path: Path) -> None:
    stage = Stage()
    loaded(stage)
    async with standing(stage, tmp_path) as page:
        evil = "<img src=x onerror=\"document.title='hit'\">"
        stage.tell(st.Notice(evil), st.Loaded(evil))
        await page.until("document.getElementById('notice').innerText !== ''")
        assert await page.text("#notice") == evil
        assert await page.value("document.title") == "cuems"


@pytest.mark.parametrize("size", SIZES)
async def test_the_page_fits_every_screen(tmp_path: Path, size: str) -> None:
    stage = Stage()
    loaded(stage)
    stage.tell(st.CuePlay(CUES[0], 42), st.CuePlay(CUES[1], -1), st.NextCue(CUES[2]))
    stage.tell(st.CueReason(CUES[1], "rain.wav is missing"), st.Running(value=True))
    stage.tell(st.Notice("stage-left did not answer for 3 s"))
    kinds = ("audio", "video", "list", "audio", "fade", "action", "dmx", "audio")
    names = ("Rain", "Moon", "Storm", "Thunder", "Rain away", "Hush", "Dawn", "Birds")
    for cue, kind, name in zip(CUES, kinds, names, strict=True):
        stage.tell(st.CueKind(cue, kind, int(name in ("Thunder", "Rain away"))))
        stage.tell(st.CueName(cue, name))
    stage.tell(st.NodeName(NODE, "stage-left"), st.DeployProgress(NODE, 40, "rain.wav"))
    other = NodeId("6c7b0e0a-1111-4222-8333-abcdefabcde0")
    stage.tell(st.NodeName(other, "foh"), st.NodeHealth(other, "lost", "silent for 3100 ms"))
    async with standing(stage, tmp_path) as page:
        await page.resize(size)
        await page.until("document.querySelectorAll('.cue').length === 8")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        await page.screenshot(tmp_path / f"{size}.png")
        assert not await page.value(wide)
        small = (
            "[...document.querySelectorAll('button, #load-name, .toggle, .fader input')].filter("
            "item => item.getClientRects().length && item.getBoundingClientRect().height < 44)"
            ".map(item => item.id || item.className)"
        )
        assert await page.value(small) == []
        for button in ("go", "panic", "stop"):
            bottom = f"document.getElementById('{button}').getBoundingClientRect().bottom"
            assert await page.value(f"{bottom} <= innerHeight")
