import pytest

from cuems.core.access import (
    FIRST_PAUSE_NS,
    LONGEST_PAUSE_NS,
    REMEMBERED_HOSTS,
    Grant,
    KeyKind,
    Keyring,
    NoSuchKeyError,
    Patience,
    Scope,
    TooManyGuessesError,
    new_key,
    new_token,
)

TABLET = new_key("tablet", KeyKind.TOKEN, Scope.CONTROL, "f00d" * 8)
CREW = new_key("crew", KeyKind.PASSCODE, Scope.EDIT, "4711", expires_s=100)
GUESTS = new_key("guests", KeyKind.ANYONE, Scope.VIEW, "")
RING = Keyring((TABLET, CREW, GUESTS))


def test_each_scope_covers_those_before_it() -> None:
    covered = {(a, b) for a in Scope for b in Scope if a.covers(b)}
    wanted = {("view", "view"), ("control", "view"), ("control", "control")}
    assert covered == wanted | {("edit", scope.value) for scope in Scope}


def test_a_secret_gives_what_its_key_says_and_no_other_secret_does() -> None:
    assert RING.token("f00d" * 8, 0) == Grant("tablet", Scope.CONTROL)
    assert RING.passcode("4711", 0) == Grant("crew", Scope.EDIT, 100)
    for wrong in ("", "4711", "f00d", "F00D" * 8, "\0", "\ud800"):
        assert RING.token(wrong, 0) is None
    for wrong in ("", "4712", "f00d" * 8):
        assert RING.passcode(wrong, 0) is None


def test_a_key_is_void_once_it_has_expired_or_is_revoked() -> None:
    grant = RING.passcode("4711", 99)
    assert grant is not None
    assert RING.still(grant, 99)
    assert not RING.still(grant, 100)
    assert RING.passcode("4711", 100) is None
    assert not RING.without("crew").still(grant, 0)


def test_a_revoked_name_made_again_is_another_key_only_if_it_gives_another_thing() -> None:
    again = RING.without("tablet").with_key(
        new_key("tablet", KeyKind.TOKEN, Scope.VIEW, "beef" * 8)
    )
    assert not again.still(TABLET.grant, 0)


def test_whoever_shows_nothing_has_the_widest_open_scope() -> None:
    assert Keyring((TABLET, CREW)).anyone(0) is None
    more = RING.with_key(new_key("party", KeyKind.ANYONE, Scope.CONTROL, "", expires_s=10))
    assert more.anyone(9) == Grant("party", Scope.CONTROL, 10)
    assert more.anyone(10) == Grant("guests", Scope.VIEW)


def test_no_secret_is_kept() -> None:
    token = new_token()
    assert len(bytes.fromhex(token)) == 16
    assert token not in repr(new_key("x", KeyKind.TOKEN, Scope.VIEW, token))
    crew = new_key("crew", KeyKind.PASSCODE, Scope.EDIT, "no hex")  # as salts and digests are
    assert "no hex" not in repr(crew)
    assert CREW.salt != new_key("crew", KeyKind.PASSCODE, Scope.EDIT, "4711").salt


def test_a_name_stands_for_one_key() -> None:
    with pytest.raises(NoSuchKeyError, match="'tablet': there is one of that name"):
        RING.with_key(TABLET)
    with pytest.raises(NoSuchKeyError, match="'ghost': there is none"):
        RING.without("ghost")


def test_each_wrong_guess_doubles_the_pause_up_to_a_limit() -> None:
    patience = Patience()
    now_ns, pauses = 0, []
    for _ in range(9):
        patience.begin("10.0.0.9", now_ns)
        patience.failed("10.0.0.9", now_ns)
        with pytest.raises(TooManyGuessesError) as caught:
            patience.begin("10.0.0.9", now_ns)
        pauses.append(caught.value.wait_ns)
        now_ns += caught.value.wait_ns
    assert pauses[:3] == [FIRST_PAUSE_NS, 2 * FIRST_PAUSE_NS, 4 * FIRST_PAUSE_NS]
    assert pauses[-1] == LONGEST_PAUSE_NS
    assert "wait 30 s" in str(caught.value)


def test_a_right_guess_ends_the_pauses_and_other_hosts_know_none() -> None:
    patience = Patience()
    patience.begin("10.0.0.9", 0)
    patience.begin("10.0.0.8", 0)
    patience.succeeded("10.0.0.9")
    patience.begin("10.0.0.9", 0)


def test_only_so_many_hosts_are_remembered() -> None:
    patience = Patience()
    for number in range(REMEMBERED_HOSTS + 1):
        patience.begin(str(number), 0)
    patience.begin("0", 0)
    with pytest.raises(TooManyGuessesError):
        patience.begin("2", 0)


def test_one_host_has_one_turn_at_a_time() -> None:
    patience = Patience()
    patience.begin("10.0.0.9", 0)
    with pytest.raises(TooManyGuessesError):
        patience.begin("10.0.0.9", FIRST_PAUSE_NS)
