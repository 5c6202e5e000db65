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
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from cuems.core.bus import BusMessage, Envelope, Stamp
from cuems.core.cues import NodeId
from cuems.core.errors import CuemsError
from cuems.wire.auth import Anyone, Peer, Rights, Stranger, Trust, canonical, identify, signed
from cuems.wire.bus_form import EXTRA_VERSION, Extra, Hub, Operation, Outgoing
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


class StrangerError(BusDecodeError):
    """Whoever wrote this does not belong to the rig; `sender` is only what it calls itself."""

    def __init__(self, stranger: Stranger, data: bytes) -> None:
        super().__init__(f"from {stranger.name[:40]!r}: {stranger.reason}", data)
        self.sender = stranger.name


@dataclass(slots=True)
class Pen:
    """How a member signs what it says on one lane: who, since which start, the how manieth.

    `key` is the rig's (None: nothing is proved).
    """

    sender: NodeId
    boot: str
    key: bytes | None = field(default=None, repr=False)
    number: int = 0

    def write(self, message: BusMessage, stamp: Stamp | None = None) -> bytes:
        """The next message, as the bus carries it."""
        self.number += 1
        return encode(self.sender, message, self._extra(stamp), self.key)

    def _extra(self, stamp: Stamp | None) -> Extra:
        if stamp is None:
            return Extra(EXTRA_VERSION, boot=self.boot, n=self.number)
        return Extra(
            EXTRA_VERSION,
            k="cmd",
            boot=stamp.boot,
            n=self.number,
            ep=stamp.epoch,
            sq=stamp.seq,
            lo=stamp.floor,
            stop=stamp.stop_generation,
        )


def encode(
    sender: NodeId, message: BusMessage, also: Extra | None = None, key: bytes | None = None
) -> bytes:
    """A message as the bus carries it. Of text that is no Unicode, "?" is left."""
    form = to_form(message)
    extra = form.x if also is None else _merged(form.x, also)
    outgoing = Outgoing(form.kind, form.action, sender, form.target, form.data, extra)
    try:
        plain = msgspec.json.encode(outgoing)
    except UnicodeEncodeError:  # a file name in another encoding, in a reason
        text = json.dumps(msgspec.to_builtins(outgoing), ensure_ascii=False)
        plain = text.encode(errors="replace")
    return plain if key is None else msgspec.json.encode(signed(json.loads(plain), key))


def _merged(own: Extra | msgspec.UnsetType, also: Extra) -> Extra:
    if own is UNSET:
        return also
    return msgspec.structs.replace(
        own, k=also.k, boot=also.boot, n=also.n, ep=also.ep, sq=also.sq, lo=also.lo, stop=also.stop
    )


def decode(data: bytes, trust: Trust | None = None) -> Envelope:
    """What a message says and who says it; raises only BusDecodeError, whatever arrives.

    StrangerError where `trust` (None: anyone) does not reach to its sender.
    """
    try:
        if trust is not None and not isinstance(trust, Anyone):
            data = _vouched_for(data, trust)
        operation = msgspec.json.decode(data, type=Operation)
        _check_version(operation)
        return _envelope(operation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BusDecodeError(str(error), data) from error
    except RecursionError as error:
        raise BusDecodeError("nested too deep", data) from error


def _vouched_for(data: bytes, trust: Trust) -> bytes:
    """The message as its proof is over it; of those who prove nothing, without what is ours."""
    message = msgspec.json.decode(data)
    if not isinstance(message, dict):
        raise msgspec.ValidationError("expected an object")
    match identify(message, trust):
        case Peer(_, Rights.MEMBER):
            return canonical(message)
        case Peer():
            return msgspec.json.encode({key: message[key] for key in message if key != "x"})
        case stranger:
            raise StrangerError(stranger, data)


def _envelope(operation: Operation) -> Envelope:
    sender, message, x = NodeId(operation.sender), to_message(operation), operation.x
    if x is UNSET:
        return Envelope(sender, message)
    stamp = None
    if x.k == "cmd" and x.sq is not None:
        stamp = Stamp(epoch=x.ep, boot=x.boot, seq=x.sq, floor=x.lo, stop_generation=x.stop)
    return Envelope(sender, message, stamp, x.boot, x.n)


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
