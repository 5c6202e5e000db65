"""A headless Chromium page, driven over the DevTools protocol."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
from anyio.streams.text import TextReceiveStream
from websockets.asyncio.client import ClientConnection, connect

SIZES = {"desktop": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}
FOUND = "new Promise(done => {{ const look = () => {{ const found = {0}; if (found) done(found); \
else setTimeout(look, 20); }}; look(); }})"


class Page:
    """One tab. Values are what JSON can carry."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._session: dict[str, str] = {}

    async def call(self, method: str, **params: Any) -> dict[str, Any]:  # Any: the protocol's own
        """One DevTools command and its result."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": params} | self._session
        await self._connection.send(json.dumps(asked))
        while True:
            told = json.loads(await self._connection.recv())
            if told.get("id") == number:
                assert "error" not in told, told
                return dict(told["result"])

    async def open(self, url: str) -> None:
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = {"sessionId": attached["sessionId"]}
        await self.resize("desktop")
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def resize(self, size: str) -> None:
        width, height = SIZES[size]
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=size == "phone",
        )  # fmt: skip

    async def value(self, script: str) -> Any:
        """What an expression is worth; a promise is awaited."""
        told = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script: str) -> Any:
        """Wait until an expression is true."""
        return await self.value(FOUND.format(script))

    async def text(self, selector: str) -> str:
        return str(await self.value(f"document.querySelector({selector!r}).innerText"))

    async def key(self, key: str, kind: str, *, repeat: bool = False) -> None:
        """Press (`keyDown`) or let go of (`keyUp`) a key."""
        await self.call(
            "Input.dispatchKeyEvent",
            type=kind, key=key, text=key if kind == "keyDown" and len(key) == 1 else "",
            code={" ": "Space"}.get(key, key), autoRepeat=repeat,
            windowsVirtualKeyCode={" ": 32, "Escape": 27, "Enter": 13, "Tab": 9}.get(key, 0),
        )  # fmt: skip

    async def click(self, selector: str) -> None:
        spot = await self.value(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView("
            "{block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=spot[0], y=spot[1], button="left", clickCount=1,
            )  # fmt: skip

    async def screenshot(self, path: Path) -> None:
        told = await self.call("Page.captureScreenshot", format="png")
        await anyio.Path(path).write_bytes(base64.b64decode(told["data"]))


@asynccontextmanager
async def open_page(url: str, profile: Path) -> AsyncIterator[Page]:
    """A new browser with one tab at `url`; it is gone on leaving."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
               "--disable-dev-shm-usage", "--disable-background-networking", "--mute-audio",
               "--remote-debugging-port=0", f"--user-data-dir={profile}"]  # fmt: skip
    async with await anyio.open_process(command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE) as run:
        assert run.stderr is not None
        try:
            heard = ""
            async for part in TextReceiveStream(run.stderr, errors="replace"):
                heard += part
                if "listening on ws://" in heard and heard.endswith("\n"):
                    break
            devtools = heard.partition("listening on ")[2].split()[0]
            async with anyio.create_task_group() as tg:
                tg.start_soon(_drain, TextReceiveStream(run.stderr, errors="replace"))
                async with connect(devtools, compression=None, proxy=None, max_size=None) as link:
                    page = Page(link)
                    await page.open(url)
                    yield page
                tg.cancel_scope.cancel()
        finally:
            run.kill()


async def _drain(stream: TextReceiveStream) -> None:
    async for _ in stream:
        pass
