"""Datagrams between a controller and a node: genuine, new, and of this session, or refused."""

from cuems.wire.lane import (
    DATAGRAM_MAX_BYTES,
    HEADER_BYTES,
    WINDOW,
    Direction,
    Session,
    session_of,
)

ID, KEY = bytes(range(8)), b"key of the session"


def ends(key: bytes = KEY) -> tuple[Session, Session]:
    return Session(ID, key, Direction.DOWN), Session(ID, key, Direction.UP)


def sealed(session: Session, message: bytes) -> bytes:
    datagram = session.seal(message)
    assert datagram is not None
    return datagram


def test_a_message_arrives_as_it_was_sent_each_way() -> None:
    controller, node = ends()
    assert node.open(sealed(controller, b"go")) == b"go"
    assert controller.open(sealed(node, b"done")) == b"done"
    assert session_of(sealed(controller, b"go")) == ID


def test_a_recorded_datagram_is_refused_and_counted() -> None:
    controller, node = ends()
    recorded = sealed(controller, b"go")
    assert node.open(recorded) == b"go"
    assert node.open(recorded) is None
    assert (node.refused.replayed, node.refused.forged) == (1, 0)


def test_one_that_overtakes_is_taken_and_so_is_the_one_it_overtook() -> None:
    controller, node = ends()
    first, second = sealed(controller, b"1"), sealed(controller, b"2")
    assert [node.open(second), node.open(first), node.open(first)] == [b"2", b"1", None]


def test_one_from_before_the_window_is_refused() -> None:
    controller, node = ends()
    old = sealed(controller, b"old")
    for _ in range(WINDOW):
        assert node.open(sealed(controller, b"new")) == b"new"
    assert node.open(old) is None


def test_what_was_changed_on_its_way_or_written_with_another_key_is_refused() -> None:
    controller, node = ends()
    stranger, _ = ends(b"another key")
    good = sealed(controller, b"go")
    for at in range(len(good)):
        assert node.open(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]) is None
    assert node.open(sealed(stranger, b"go")) is None
    assert node.open(good) == b"go"


def test_what_a_node_sent_cannot_be_sent_back_to_it() -> None:
    _, node = ends()
    assert node.open(sealed(node, b"done")) is None


def test_anything_at_all_is_no_datagram_of_ours() -> None:
    _, node = ends()
    for data in (b"", b"cx1", bytes(HEADER_BYTES), b"cx1" + bytes(2000)):
        assert node.open(data) is None


def test_a_message_that_is_too_long_is_left_to_the_bus() -> None:
    controller, _ = ends()
    longest = DATAGRAM_MAX_BYTES - HEADER_BYTES
    assert len(sealed(controller, bytes(longest))) == DATAGRAM_MAX_BYTES
    assert controller.seal(bytes(longest + 1)) is None


def test_a_double_is_genuine_and_was_heard_before() -> None:
    controller, node = ends()
    first, second = sealed(controller, b"1"), sealed(controller, b"2")
    assert not node.is_double(first)
    assert node.open(first) == b"1"
    assert node.is_double(first)
    assert not node.is_double(second)
    assert not node.is_double(first[:-1] + b"x")
