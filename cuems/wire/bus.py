"""The node bus on the wire: messages to and from JSON.

Source: interop.md 3 (the ecosystem's five keys), cluster.md 2 (our one key `x`). One JSON object:
`{"type": T, "action": A, "sender": S, "target": G, "data": D, "x": X}`. Upstream receivers read
the first five and drop a message of a type or action they do not know, so we never invent one:

- what upstream says too has upstream's form, with what is ours in `x`;
- what only we say is a `status` of a target upstream ignores, its data the value's own fields;
- panic and unload are a `stop` with `x.do`: an upstream node can do no better than stop;
- pause and resume are commands upstream logs as unhandled: its players follow timecode, which
  stands while we pause;
- "not armed" has a target of its own, so that nobody who only looks at the target hears "ready".
"""

import json

import msgspec
from msgspec import UNSET

from cuems.core.bus import BusMessage, Envelope
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.bus_form import EXTRA_VERSION, Hub, Operation, Outgoing
from cuems.wire.bus_read import to_message
from cuems.wire.bus_write import to_form

EXCERPT_BYTES = 120
REASON_CHARACTERS = 200


class BusDecodeError(CuemsError):
    """What arrived on the bus is no message we know; `reason` says what is wrong with it."""

    def __init__(self, reason: str, data: bytes) -> None:
        shown = (letter if letter.isprintable() else " " for letter in reason[:REASON_CHARACTERS])
        self.reason = "".join(shown)
        self.excerpt = data[:EXCERPT_BYTES]
        cut = "…" if len(data) > EXCERPT_BYTES else ""
        super().__init__(f"bus message refused: {self.reason}, in {self.excerpt!r}{cut}")


def encode(sender: NodeId, message: BusMessage) -> bytes:
    """A message as the bus carries it. Of text that is no Unicode, "?" is left."""
    form = to_form(message)
    outgoing = Outgoing(form.kind, form.action, sender, form.target, form.data, form.x)
    try:
        return msgspec.json.encode(outgoing)
    except UnicodeEncodeError:  # a file name in another encoding, in a reason
        text = json.dumps(msgspec.to_builtins(outgoing), ensure_ascii=False)
        return text.encode(errors="replace")


def decode(data: bytes) -> Envelope:
    """What a message says and who says it; raises only BusDecodeError, whatever arrives."""
    try:
        operation = msgspec.json.decode(data, type=Operation)
        _check_version(operation)
        return Envelope(NodeId(operation.sender), to_message(operation))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BusDecodeError(str(error), data) from error
    except RecursionError as error:
        raise BusDecodeError("nested too deep", data) from error


def _check_version(operation: Operation) -> None:
    if operation.x is not UNSET and operation.x.v > EXTRA_VERSION:
        raise msgspec.ValidationError(
            f"it is of version {operation.x.v}, this member speaks {EXTRA_VERSION}"
        )


def hub_message(data: bytes) -> Hub | None:
    """A keep-alive below the operations: a ping wants `hub_pong`, a pong nothing; None: neither."""
    if b'"__type__"' not in data:
        return None
    try:
        return msgspec.json.decode(data, type=Hub)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def hub_pong(ping: Hub, timestamp: str) -> bytes:
    """The answer to a hub-level ping; `timestamp` is ISO 8601 wall-clock text."""
    return msgspec.json.encode(Hub("pong", timestamp, ping.timestamp))
