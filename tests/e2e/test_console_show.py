"""The operator's page, a real browser, a real controller and a real node: a whole evening."""

import signal
from pathlib import Path

import anyio
import pytest

from cuems.core.cuelist import RunningOrder
from cuems.core.cues import NodeId
from cuems.demo.show import demo_show
from tests.e2e.browser import SIZES, Page, open_page
from tests.e2e.rig import Home, open_program

pytestmark = pytest.mark.slow

GONG, CHIME, DRONE, BARS, PAD, FADE, STOP = RunningOrder(demo_show(NodeId("x")))
ARMED = "document.documentElement.dataset.armed === '{}'"


DEPLOY = "document.getElementById('deploying').dataset.state === '{}'"


def state(cue: str, state: str) -> str:
    return f"document.querySelector('[data-cue=\"{cue}\"]')?.dataset.state === '{state}'"


def stands_by(cue: str) -> str:
    return f"document.querySelector('[data-cue=\"{cue}\"]')?.hasAttribute('data-standby')"


async def shot(page: Page, folder: Path, name: str) -> None:
    for size in SIZES:
        await page.resize(size)
        await page.screenshot(folder / f"{name}-{size}.png")
    await page.resize("desktop")


async def load(page: Page, project: str) -> None:
    await page.value(f"document.getElementById('load-name').value = '{project}'")
    await page.value("document.getElementById('load-form').requestSubmit()")


async def test_load_go_pause_stop_deploy_and_a_node_that_is_lost_and_comes_back(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    other = str(tmp_path / "other")
    controlling = ("run", "--role", "controller", "--no-local-node", "--mtc", "internal")
    playing = ("run", "--role", "node", "--library", other, "--mtc", "bus")
    with anyio.fail_after(60):
        async with open_program(home, *controlling) as controller:
            await controller.says("ready: control surface")
            async with open_page(f"http://{home.control}/", tmp_path / "profile") as page:
                await page.until("document.documentElement.dataset.link === 'alive'")
                await page.until("document.getElementById('waiting').innerText.includes('missing')")
                async with open_program(home, *playing) as node:
                    await page.until("document.querySelector('.node progress')?.value === 100")
                    await page.until(ARMED.format("yes"))
                    await load(page, "nowhere")
                    await page.until("document.getElementById('reply').innerText !== ''")
                    assert "nowhere" in await page.text("#reply")
                    await page.until("!document.getElementById('notice').hidden")
                    await load(page, "demo")
                    await page.until("document.getElementById('notice').hidden")
                    await page.until(stands_by(GONG))
                    await page.until(ARMED.format("yes"))
                    await page.click("#go")
                    await page.until(state(GONG, "playing"))
                    await page.click("#pause")
                    await page.until("document.documentElement.dataset.paused === 'yes'")
                    await shot(page, tmp_path, "paused")
                    await page.click("#resume")
                    await page.until(state(CHIME, "played"))
                    await page.until(stands_by(DRONE))
                    await page.key(" ", "keyDown")
                    await page.key(" ", "keyUp")
                    await page.until(state(DRONE, "playing"))
                    node.process.send_signal(signal.SIGKILL)
                    await page.until("document.querySelector('.node').dataset.state === 'lost'")
                    await page.until(ARMED.format("no"))
                    assert await page.value("document.getElementById('go').disabled")
                    await shot(page, tmp_path, "lost")
                async with open_program(home, *playing):
                    await page.until("document.querySelector('.node').dataset.state === 'ok'")
                    await page.until(ARMED.format("yes"))
                    await page.click("#stop")
                    await page.until("document.documentElement.dataset.running === 'no'")
                    await page.until(stands_by(GONG))
                    await page.until(ARMED.format("yes"))
                    await shot(page, tmp_path, "stopped")
                    await page.value("document.getElementById('load-name').value = 'nowhere'")
                    await page.click("#deploy")
                    await page.until(DEPLOY.format("failed"))
                    assert "no such file" in await page.text("#deploying")
                    await page.value("document.getElementById('load-name').value = 'demo'")
                    await page.click("#deploy")
                    await page.until(DEPLOY.format("done"))
                    assert await page.text("#deploying") == "Deploy demo: done"
                    await shot(page, tmp_path, "deployed")
