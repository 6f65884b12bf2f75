"""Who asks a node, and who only says so."""

import pytest

from consortia.base.keys import SigningKey
from consortia.kernel.context import Signer
from consortia.kernel.ports import KeyState
from consortia.node.auth import WINDOW_MILLISECONDS, Gate, Means, Presented, Unauthorised
from consortia.node.refusals import OTHER_AUDIENCE
from consortia.sdk.signing import Addressed, authorization

NETWORK = bytes(32)
KEY, GONE, STRANGER, OTHER = (SigningKey(bytes([n]) * 32) for n in (1, 2, 3, 4))
HERE = Addressed(NETWORK, "home-member")
NOW = 1_700_000_000_000
REQUEST = ("GET", "/v1/status?x=1", b"body")


def state(key_id):
    keys = {KEY.key_id: (KEY, True), GONE.key_id: (GONE, False)}
    if key_id not in keys:
        return None
    key, active = keys[key_id]
    return KeyState(Signer(key.key_id, key.public, "clinic-a", frozenset({"node"})), active)


def with_a_person(key_id):
    if key_id != OTHER.key_id:
        return state(key_id)
    return KeyState(Signer(OTHER.key_id, OTHER.public, "home-member", frozenset({"person"})), active=True)


def two_members(key_id):
    if key_id == OTHER.key_id:
        return KeyState(Signer(OTHER.key_id, OTHER.public, "clinic-b", frozenset({"admin"})), active=True)
    return state(key_id)


@pytest.fixture
def gate():
    return Gate(NETWORK, "home-member", "the-token", state)


def header(key=KEY, request=REQUEST, time=NOW, nonce=b"n" * 16, to=HERE):
    return authorization(key, to, request, time=time, nonce=nonce)


def ask(gate, text, request=REQUEST, *, now=NOW, loopback=False, certified=None):
    return gate.caller(Presented(text, loopback, certified), request, now)


def test_a_signed_request_shows_key_member_and_roles(gate):
    caller = ask(gate, header())
    assert (caller.means, caller.member, caller.key) == (Means.KEY, "clinic-a", KEY.key_id)
    assert caller.roles == {"node"}


def test_a_persons_key_opens_nothing_of_its_members():
    gate = Gate(NETWORK, "home-member", "the-token", with_a_person)
    assert ask(gate, header()).known
    with pytest.raises(Unauthorised, match="a person's key"):
        ask(gate, header(OTHER))


def test_a_request_is_taken_once(gate):
    ask(gate, header())
    with pytest.raises(Unauthorised, match="sent before"):
        ask(gate, header())
    assert ask(gate, header(nonce=b"m" * 16)).known


@pytest.mark.parametrize(
    "changed", [("POST", *REQUEST[1:]), ("GET", "/v1/status", b"body"), (*REQUEST[:2], b"")]
)
def test_a_signature_is_of_one_method_target_and_body(gate, changed):
    with pytest.raises(Unauthorised, match="not of this request"):
        ask(gate, header(), changed)


def test_a_signature_is_of_one_network(gate):
    with pytest.raises(Unauthorised, match="not of this request"):
        ask(gate, header(to=Addressed(b"x" * 32, "home-member")))


def test_a_request_for_another_node_is_refused_by_a_stable_code(gate):
    with pytest.raises(Unauthorised, match="signed for the node of clinic-b") as caught:
        ask(gate, header(to=Addressed(NETWORK, "clinic-b")))
    assert caught.value.code == OTHER_AUDIENCE.code == "node.other_audience"


def test_a_request_whose_audience_was_changed_on_the_way_is_not_the_one_signed(gate):
    with pytest.raises(Unauthorised, match="not of this request"):
        ask(gate, header(to=Addressed(NETWORK, "clinic-b")).replace("clinic-b", "home-member"))


@pytest.mark.parametrize("key", [GONE, STRANGER])
def test_a_revoked_or_unknown_key_opens_nothing(gate, key):
    with pytest.raises(Unauthorised, match="no active key"):
        ask(gate, header(key))


@pytest.mark.parametrize("away", [-WINDOW_MILLISECONDS - 1, WINDOW_MILLISECONDS + 1])
def test_a_request_is_of_this_minute(gate, away):
    with pytest.raises(Unauthorised, match="clock"):
        ask(gate, header(time=NOW + away))


def test_one_member_who_asks_too_much_turns_away_no_other(monkeypatch):
    monkeypatch.setattr("consortia.node.auth.REMEMBERED_MAX", 3)
    gate = Gate(NETWORK, "home-member", "the-token", two_members)
    for number in range(3):
        ask(gate, header(nonce=bytes([number]) * 16))
    with pytest.raises(Unauthorised, match="clinic-a sent more than 3") as caught:
        ask(gate, header())
    assert caught.value.code == "node.requests_full"
    assert ask(gate, header(OTHER)).member == "clinic-b"
    with pytest.raises(Unauthorised, match="sent before"):
        ask(gate, header(nonce=bytes(16)))
    later = NOW + WINDOW_MILLISECONDS + 1
    assert ask(gate, header(time=later), now=later).member == "clinic-a"


def test_an_old_request_stays_refused_when_it_is_forgotten(gate):
    ask(gate, header())
    later = NOW + WINDOW_MILLISECONDS + 1
    ask(gate, header(time=later, nonce=b"m" * 16), now=later)
    with pytest.raises(Unauthorised, match="clock"):
        ask(gate, header(), now=later)


def test_the_homes_token_is_for_its_own_machine(gate):
    assert ask(gate, "Bearer the-token", loopback=True).means is Means.OWNER
    with pytest.raises(Unauthorised, match="this machine"):
        ask(gate, "Bearer the-token")
    with pytest.raises(Unauthorised, match="not the home's token"):
        ask(gate, "Bearer another", loopback=True)


def test_a_registered_certificate_shows_its_member(gate):
    assert ask(gate, "", certified="clinic-b").member == "clinic-b"


@pytest.mark.parametrize("text", ["Basic eDp5", "Consortia", "Consortia x y", "Consortia " + "0" * 300])
def test_any_other_header_is_refused(gate, text):
    with pytest.raises(Unauthorised):
        ask(gate, text)


def test_nobody_is_nobody(gate):
    assert not ask(gate, "").known


def test_a_key_put_out_of_force_may_bring_its_last_cosignature_and_nothing_else():
    sync = ("POST", "/v1/sync?wait=5", b"body")
    gate = Gate(NETWORK, "home-member", "the-token", state, awaited=lambda public: public == GONE.public)
    assert ask(gate, header(GONE, sync), sync).member == "clinic-a"
    with pytest.raises(Unauthorised):
        ask(gate, header(GONE, nonce=b"m" * 16))
    settled = Gate(NETWORK, "home-member", "the-token", state)
    with pytest.raises(Unauthorised):
        ask(settled, header(GONE, sync), sync)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Basic eDp5",
        "Bearer guess",
        "Consortia nonsense",
        header(STRANGER),
        header(to=Addressed(NETWORK, "clinic-b")),
    ],
)
def test_a_stranger_is_known_for_one_before_a_body_is_read(gate, text):
    assert not gate.plausible(Presented(text, loopback=True, certified=None), NOW)


def test_who_has_a_key_the_token_or_a_certificate_is_read(gate):
    assert gate.plausible(Presented(header(), loopback=False, certified=None), NOW)
    assert gate.plausible(Presented("Bearer the-token", loopback=True, certified=None), NOW)
    assert not gate.plausible(Presented("Bearer the-token", loopback=False, certified=None), NOW)
    assert gate.plausible(Presented("", loopback=False, certified="clinic-a"), NOW)
