"""Web requests: commands as `POST /go`, the namespace, and what a show stands at."""

from collections.abc import Awaitable, Callable

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cuems.adapters.clients import ClientId
from cuems.app.gate import Gate
from cuems.app.guests import refusal
from cuems.app.links import Asker, Asks, ControllerItem
from cuems.core.access import Grant, Scope
from cuems.core.errors import CuemsError
from cuems.core.operator import OperatorCommand
from cuems.wire import bridge
from cuems.wire.control import ControlError, Request, request
from cuems.wire.namespace import Namespace
from cuems.wire.osc import OscArgument
from cuems.wire.oscquery import OscDoor, Page, page
from cuems.wire.web import WebRequest

ANSWERED_WITHIN_S = 5.0
METRICS = "/metrics"


class Posts:
    """Answers web requests, each by the key that it shows itself."""

    def __init__(
        self, send: MemoryObjectSendStream[ControllerItem], gate: Gate, space: Namespace
    ) -> None:
        self._send = send
        self._gate = gate
        self._space = space
        self.metrics: Callable[[], Awaitable[Page]] | None = None
        self.osc: OscDoor | None = None  # where OSC goes beside the WebSocket

    async def answer(self, asked: WebRequest) -> Page:
        """What becomes of it."""
        try:
            grant = await self._grant(ClientId(0, asked.peer).host, asked.secret)
        except CuemsError as error:
            return bridge.unauthorized(str(error))
        if asked.method == "POST":
            return await self._command(grant, asked.target)
        denied = refusal(grant, Scope.VIEW)
        if denied:
            return bridge.unauthorized(denied)
        path = asked.target.partition("?")[0]
        if path == METRICS and self.metrics is not None:
            return await self.metrics()
        if path == bridge.STATUS:
            return bridge.status(self._fact)
        return page(self._space, asked.target, self.osc)

    async def _grant(self, host: str, secret: str) -> Grant | None:
        return await self._gate.grant(host, secret) if secret else self._gate.unasked(host)

    async def _command(self, grant: Grant | None, target: str) -> Page:
        if grant is None:
            return bridge.unauthorized(refusal(grant, Scope.CONTROL))
        try:
            asked = request(bridge.read_post(target))
        except (ControlError, bridge.PostError) as error:
            return bridge.malformed(str(error))
        denied = refusal(grant, asked.scope)
        return bridge.refused(denied) if denied else await self._done(asked)

    async def _done(self, asked: Request) -> Page:
        """Have it done; the page says what became of it."""
        assert isinstance(asked.command, OperatorCommand)
        asker = Asker()
        with anyio.move_on_after(ANSWERED_WITHIN_S):
            await self._send.send(Asks(asker, asked.address, asked.command))
            reason = await asker.answered()
            return bridge.refused(reason) if reason else bridge.done()
        return bridge.no_answer()

    def _fact(self, name: str) -> OscArgument:
        method = self._space.method(f"/engine/status/{name}")
        return method.args[0] if method is not None and method.args else ""
