"""The controller's health on its control surface: status rows once a minute, and `/metrics`."""

from collections import Counter
from http import HTTPStatus

import cuems
from cuems.adapters.clients import OUTBOX_FRAMES
from cuems.adapters.journal import Journal
from cuems.app.front import Front
from cuems.app.health import Health
from cuems.core.health import Queue
from cuems.core.status import ChaseHealth, NodeHealth, OwnHealth, Strangers
from cuems.wire.metrics import CONTENT_TYPE, exposition
from cuems.wire.oscquery import Page

JOURNAL_LINES = 50_000  # 8 MiB of them are kept while the disk takes none


def show_health(health: Health, front: Front, journal: Journal) -> None:
    """Say where a controller's figures are, and answer for them."""
    board = front.desk.board
    health.timecode = lambda: Counter(chase.state for chase in board.of(ChaseHealth))
    health.nodes = lambda: Counter(node.state for node in board.of(NodeHealth))
    health.queues += [
        lambda: Queue(name="clients", waiting=front.clients.waiting, room=OUTBOX_FRAMES,
                      dropped=front.clients.cut),
        lambda: Queue(name="journal", waiting=journal.appended - journal.synced,
                      room=JOURNAL_LINES, dropped=journal.state.lost_lines),
        lambda: Queue(name="strangers", waiting=0, room=1,
                      dropped=sum(each.messages for each in board.of(Strangers))),
    ]  # fmt: skip

    async def metrics() -> Page:
        text = exposition(await health.figures(), cuems.__version__)
        return Page(HTTPStatus.OK, CONTENT_TYPE, (text.encode(),))

    front.desk.posts.metrics = metrics


async def tell_health(front: Front, line: str, wrong: str) -> None:
    """Let every client know."""
    front.desk.publish(OwnHealth(line, wrong))
