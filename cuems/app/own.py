"""What a process has for itself, whichever role it plays."""

from dataclasses import dataclass

from cuems.adapters.mailbox import Mailbox
from cuems.app.health import Health
from cuems.app.survivors import Survivors


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Hang-ups, health, and what players go on without us.

    `died` is what the one before it died of ("": it has ended as it should).
    """

    hangups: Mailbox[None]
    health: Health
    survivors: Survivors | None
    died: str
