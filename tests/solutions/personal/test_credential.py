"""A consent as a verifiable credential: signed by the person, for a service, a data set, purposes, a time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from consortia.base.keys import SigningKey
from consortia.modules.consent.types import Consent
from consortia.sdk.consent import ToPurpose
from consortia.solutions.personal.credential import (
    CREDENTIAL_CHARS_MAX,
    CredentialError,
    Wish,
    check,
    did_key,
    issue,
    key_of,
)
from consortia.solutions.personal.own import check_not_withdrawn

KEY = SigningKey(bytes(range(32)))
NOW = 1_700_000_000_000
SHOP = "did:web:shop.example"
WISH = Wish(SHOP, "shop/profiles", ["recommending"], NOW, NOW + 1_000_000)
MADE = issue(KEY, WISH)


def part(value):
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def opened(credential, at):
    text = credential.split(".")[at]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signed(body, header=None):
    """A credential of any body and header, signed with the key."""
    head = {**opened(MADE, 0), **(header or {})}
    text = f"{part(head)}.{part(body)}"
    return f"{text}.{urlsafe_b64encode(KEY.sign(text.encode())).rstrip(b'=').decode()}"


def with_body(**changes):
    return signed({**opened(MADE, 1), **changes})


def twice():
    """A signed credential that says to whom it is given, and then says it again."""
    other = json.dumps({"credentialSubject": {"id": "did:web:other.example"}})[:-1]
    raw = urlsafe_b64encode((other + "," + json.dumps(opened(MADE, 1))[1:]).encode()).rstrip(b"=").decode()
    text = f"{part(opened(MADE, 0))}.{raw}"
    return f"{text}.{urlsafe_b64encode(KEY.sign(text.encode())).rstrip(b'=').decode()}"


TWICE = twice()


def test_a_credential_says_who_consents_to_what_until_when():
    found = check(MADE, SHOP, NOW)
    assert found.person == did_key(KEY.public) == opened(MADE, 1)["issuer"]
    assert (found.service, found.dataset, found.purposes) == (SHOP, "shop/profiles", ("recommending",))
    assert (found.since, found.until) == (NOW, NOW + 1_000_000)
    assert opened(MADE, 1)["@context"][0] == "https://www.w3.org/ns/credentials/v2"


def test_a_credential_brings_back_nothing_that_its_person_withdrew_after_it_began():
    found = check(MADE, SHOP, NOW)

    def withdrawn(purpose, when):
        consent = Consent(NOW - 1, NOW + 1, bytes(32), when, own=False)
        return [ToPurpose(purpose, consent, stands=when is None)]

    check_not_withdrawn(found, [])
    check_not_withdrawn(found, withdrawn("recommending", None))
    check_not_withdrawn(found, withdrawn("recommending", NOW - 1))
    check_not_withdrawn(found, withdrawn("advertising", NOW + 1))
    for when in (NOW, NOW + 1):
        with pytest.raises(CredentialError, match="withdrew recommending on 2023-11-14"):
            check_not_withdrawn(found, withdrawn("recommending", when))


def test_the_key_of_the_methods_own_example_is_read():
    example = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    assert did_key(key_of(example)) == example


def test_a_did_on_the_web_is_checked_by_its_document():
    did = "did:web:ann.example"
    key = {"id": f"{did}#key", "publicKeyMultibase": did_key(KEY.public).removeprefix("did:key:")}
    document = {"id": did, "verificationMethod": [key], "assertionMethod": [f"{did}#key"]}
    made = issue(KEY, WISH, did)
    assert check(made, SHOP, NOW, {did: document}).person == did
    with pytest.raises(CredentialError, match="whose document is given"):
        check(made, SHOP, NOW)
    for broken in ({**document, "id": "did:web:eve.example"}, {**document, "verificationMethod": 1}):
        with pytest.raises(CredentialError, match="not that DID's"):
            check(made, SHOP, NOW, {did: broken})
    with pytest.raises(CredentialError, match="one key"):
        check(made, SHOP, NOW, {did: {**document, "verificationMethod": []}})
    for asserting in (None, [], [f"{did}#other"], f"{did}#key"):
        with pytest.raises(CredentialError, match="does not let its key"):
            check(made, SHOP, NOW, {did: {**document, "assertionMethod": asserting}})
    short = {**document, "verificationMethod": [{**key, "id": "#key"}], "assertionMethod": ["#key"]}
    assert check(made, SHOP, NOW, {did: short}).person == did


@pytest.mark.parametrize(
    ("credential", "why"),
    [
        ("a.b", "three parts"),
        (MADE + "x" * CREDENTIAL_CHARS_MAX, "three parts"),
        ("!." + MADE.partition(".")[2], "no base64url"),
        (part([1]) + "." + MADE.partition(".")[2], "header is no JSON object"),
        ("AAAA." + MADE.partition(".")[2], "header is no JSON"),
        (signed(opened(MADE, 1), {"alg": "none"}), "vc\\+jwt by EdDSA"),
        (signed(opened(MADE, 1), {"kid": "did:key:z6Mk"}), "another than its issuer"),
        (MADE[:-4] + ("AAAA" if MADE[-4:] != "AAAA" else "BBBB"), "signature is wrong|no base64url"),
        (with_body(issuer="did:key:z0"), "another than its issuer"),
        (with_body(**{"@context": ["https://www.w3.org/2018/credentials/v1"]}), "another version"),
        (with_body(type=["VerifiableCredential"]), "no ConsentCredential"),
        (with_body(credentialSubject={"id": "did:web:other.example"}), "not for did:web:shop.example"),
        (
            with_body(credentialSubject={"id": SHOP, "dataset": 1, "purpose": ["a"]}),
            "no data set and purposes",
        ),
        (
            with_body(credentialSubject={"id": SHOP, "dataset": "a", "purpose": []}),
            "no data set and purposes",
        ),
        (
            with_body(credentialSubject={"id": SHOP, "dataset": "a", "purpose": ["a", 1]}),
            "no data set and purposes",
        ),
        (signed(opened(MADE, 1), {"crit": ["b64"], "b64": False}), "has crit"),
        (with_body(credentialStatus={"type": "BitstringStatusListEntry"}), "credentialStatus"),
        (with_body(exp=NOW // 1000 - 1), "depends on its exp"),
        (TWICE, "stands twice in one object"),
        (with_body(validUntil="soon"), "validUntil is no time"),
        (with_body(validFrom="2020-01-01T00:00:00"), "validFrom has no time zone"),
        (with_body(validUntil="2020-01-01T00:00:00Z"), "not begun, or has ended"),
    ],
    ids=[
        "parts",
        "long",
        "letters",
        "list",
        "text",
        "algorithm",
        "signer",
        "signature",
        "issuer",
        "version",
        "type",
        "service",
        "dataset",
        "purpose",
        *("purposes", "critical", "status", "over", "twice"),
        "time",
        "zone",
        "ended",
    ],
)
def test_what_does_not_hold_is_refused_in_one_line(credential, why):
    with pytest.raises(CredentialError, match=why) as caught:
        check(credential, SHOP, NOW)
    assert "\n" not in str(caught.value)


def test_keys_that_are_none_are_refused():
    for did in ("did:key:z6Mk", "did:key:zO0", "did:key:" + "z" + "2" * 90, "did:other:1"):
        with pytest.raises(CredentialError):
            key_of(did)
