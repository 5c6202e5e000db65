"""A run: resources, then the one root task group, then signals; nothing else."""

import logging
import os
import signal
from collections.abc import AsyncIterator, Callable

import anyio

from cuems.adapters.crash_file import open_last_words
from cuems.adapters.files import only_one
from cuems.adapters.mailbox import Mailbox
from cuems.adapters.process import watch_without_threads
from cuems.app.config import Role, RunConfig
from cuems.app.controller_role import be_controller
from cuems.app.health import open_health
from cuems.app.node_role import be_node
from cuems.app.obituary import Obituary
from cuems.app.own import Own
from cuems.app.survivors import Survivors

log = logging.getLogger(__name__)


async def run(config: RunConfig) -> int:
    """Run a role until a signal ends it; the exit status: 130 after SIGINT, else 0.

    Raises CuemsError when it cannot start.
    """
    watch_without_threads()
    ended_by: list[signal.Signals] = []
    survivors = Survivors(config.state / "players") if config.players_survive else None
    role = be_controller if config.role is Role.CONTROLLER else be_node
    disks = {"library": config.library, "state": config.state}
    with (
        only_one(config.state, config.role),
        open_last_words(config.state / f"last-words-{config.role}") as words,
        Obituary(words),
        open_health(os.environ, disks) as health,
        anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals,
    ):
        own = Own(hangups=Mailbox[None](1), health=health, survivors=survivors, died=words.before)
        async with anyio.create_task_group() as watching:
            running = anyio.CancelScope()

            def end(number: signal.Signals) -> None:
                ended_by.append(number)
                health.notifier.stopping()
                if survivors is not None and number is signal.SIGTERM and not config.stop_on_exit:
                    survivors.leave()
                running.cancel()

            watching.start_soon(_end_on_signal, signals, end, own.hangups)
            with running:
                await role(config, own)
            watching.cancel_scope.cancel()
    if survivors is not None and survivors.are_left:
        logging.shutdown()
        os._exit(0)  # what goes on would be killed by asyncio as it is taken down
    return 130 if ended_by[:1] == [signal.SIGINT] else 0


async def _end_on_signal(
    signals: AsyncIterator[signal.Signals],
    end: Callable[[signal.Signals], None],
    hangups: Mailbox[None],
) -> None:
    """End at the first signal; at a second one leave as we are: the children die with us.

    A hang-up ends nothing: what can be set is read again.
    """
    ending = False
    async for number in signals:
        if number is signal.SIGHUP:
            hangups.put(None)
            continue
        if ending:
            log.warning("%s again: leaving at once", number.name)
            os._exit(128 + number)
        log.info("%s: stopping", number.name)
        ending = True
        end(number)
