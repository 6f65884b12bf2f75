"""A person's consent as a W3C Verifiable Credential 2.0, signed by the person, bound to purpose and expiry.

The person is its issuer, as `did:key` (Ed25519) or `did:web`; the service is its subject. It is secured as a
JWT (`vc+jwt`, EdDSA): three parts in base64url with dots between. The ledger gets none of it: the service
checks it, records the consent under the person's salted key until the credential's end, and keeps it.

A `did:web` names a document on a web server. Nothing is fetched here: the document is given as a file and
must be that DID's.

Sources: W3C Verifiable Credentials Data Model 2.0; Securing Verifiable Credentials using JOSE and COSE; the
did:key method 0.9 (Ed25519, multicodec 0xed01); the did:web method; RFC 7515, 8037.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consortia.base.hashing import tagged
from consortia.base.keys import PUBLIC_BYTES, SigningKey, is_prime_order, verify
from consortia.engines.train.files import DataError, shown
from consortia.solutions.json_objects import said_once
from consortia.solutions.moments import instant

Json = dict[str, Any]
CONTEXT = "https://www.w3.org/ns/credentials/v2"
TYPES = ("VerifiableCredential", "ConsentCredential")
CREDENTIAL_CHARS_MAX = 16_384
CONDITIONS = frozenset({"aud", "credentialStatus", "exp", "nbf", "termsOfUse"})
"""What a credential may make itself depend on, and is not looked at here."""
_ED25519 = b"\xed\x01"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY, _WEB = "did:key:", "did:web:"


class CredentialError(DataError):
    """A credential that does not hold; the text is one line and says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person agrees to: a service's use of a data set for purposes, in milliseconds since 1970."""

    service: str
    dataset: str
    purposes: Sequence[str]
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Consented:
    """What a credential says once it is checked.

    `person` and `service` are DIDs; `digest` names the credential; times in milliseconds since 1970.
    """

    person: str
    service: str
    dataset: str
    purposes: tuple[str, ...]
    since: int
    until: int
    digest: bytes


def did_key(public: bytes) -> str:
    """The did:key of an Ed25519 key of 32 bytes."""
    return _KEY + "z" + _base58(_ED25519 + public)


def key_of(did: str, documents: Mapping[str, Json] | None = None) -> bytes:
    """The Ed25519 key of a DID; a did:web's from its document. Raises CredentialError."""
    if did.startswith(_KEY):
        return _multikey(did.removeprefix(_KEY))
    document = (documents or {}).get(did)
    if not did.startswith(_WEB) or document is None:
        raise CredentialError(f"{shown(did)}: neither a did:key nor a did:web whose document is given")
    methods = document.get("verificationMethod")
    if document.get("id") != did or not isinstance(methods, list):
        raise CredentialError(f"{shown(did)}: the document is not that DID's")
    keys = [one.get("publicKeyMultibase") for one in methods if isinstance(one, dict)]
    if len(keys) != 1 or not isinstance(keys[0], str):
        raise CredentialError(f"{shown(did)}: one key in publicKeyMultibase is wanted")
    name, asserting = methods[0].get("id"), document.get("assertionMethod")
    names = {name, str(name).removeprefix(did)}  # a document may leave the DID out before the #
    if not isinstance(name, str) or not isinstance(asserting, list) or not any(n in asserting for n in names):
        raise CredentialError(f"{shown(did)}: the document does not let its key make credentials")
    return _multikey(keys[0])


def issue(key: SigningKey, wish: Wish, did: str = "") -> str:
    """The credential with which a person consents; `did` where it is not the key's own did:key."""
    person = did or did_key(key.public)
    header = {"alg": "EdDSA", "typ": "vc+jwt", "kid": person}
    body = {
        "@context": [CONTEXT],
        "type": list(TYPES),
        "issuer": person,
        "validFrom": _instant(wish.since),
        "validUntil": _instant(wish.until),
        "credentialSubject": {
            "id": wish.service,
            "dataset": wish.dataset,
            "purpose": sorted(set(wish.purposes)),
        },
    }
    signed = f"{_part(header)}.{_part(body)}"
    return f"{signed}.{_text(key.sign(signed.encode()))}"


def check(credential: str, service: str, now: int, documents: Mapping[str, Json] | None = None) -> Consented:
    """What a credential says to a service now; raises CredentialError.

    1. Three parts in base64url of a vc+jwt by EdDSA, without an extension that would have to be understood;
    2. signed with the key of its issuer; 3. a credential of version 2.0 of our type, which depends on nothing
    that is not looked at; 4. for this service; 5. begun, and not ended.
    """
    parts = credential.strip().split(".")
    if len(credential) > CREDENTIAL_CHARS_MAX or len(parts) != 3:  # 1
        raise CredentialError("no credential: three parts with dots between are wanted")
    header, body = _object(parts[0], "header"), _object(parts[1], "body")
    if (header.get("alg"), header.get("typ")) != ("EdDSA", "vc+jwt"):
        raise CredentialError("no credential that is secured as vc+jwt by EdDSA")
    if "crit" in header:
        raise CredentialError("the credential's header has crit, an extension that is not known here")
    person = body.get("issuer")
    if not isinstance(person, str) or str(header.get("kid", "")).partition("#")[0] != person:
        raise CredentialError("the credential is signed by another than its issuer")
    if not verify(key_of(person, documents), f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2])):  # 2
        raise CredentialError("the credential's signature is wrong")
    context, types = body.get("@context"), body.get("type")
    if not isinstance(context, list) or context[:1] != [CONTEXT]:  # 3
        raise CredentialError(f"a credential of another version: {CONTEXT} comes first in its context")
    said = body.get("credentialSubject")
    if not isinstance(types, list) or not set(TYPES) <= set(map(str, types)) or not isinstance(said, dict):
        raise CredentialError("the credential is no ConsentCredential")
    if asks := sorted(body.keys() & CONDITIONS):
        raise CredentialError(f"the credential depends on its {asks[0]}, which is not looked at here")
    if said.get("id") != service:  # 4
        raise CredentialError(f"the credential is for {shown(str(said.get('id')))}, not for {shown(service)}")
    dataset, purposes = _wanted(said)
    since, until = _millis(body, "validFrom"), _millis(body, "validUntil")
    if not since <= now < until:  # 5
        raise CredentialError("the credential has not begun, or has ended")
    digest = tagged("consortia/credential", credential.strip().encode())
    return Consented(person, service, dataset, purposes, since, until, digest)


def _wanted(said: Json) -> tuple[str, tuple[str, ...]]:
    """The data set and the purposes that a credential's subject names; raises CredentialError."""
    dataset, purposes = said.get("dataset"), said.get("purpose")
    named = [one for one in purposes if isinstance(one, str)] if isinstance(purposes, list) else []
    if not isinstance(dataset, str) or not named or named != purposes:
        raise CredentialError("the credential names no data set and purposes")
    return dataset, tuple(sorted(named))


def _multikey(text: str) -> bytes:
    raw = _unbase58(text[1:]) if text.startswith("z") else b""
    key = raw.removeprefix(_ED25519)
    if raw[:2] != _ED25519 or len(key) != PUBLIC_BYTES or not is_prime_order(key):
        raise CredentialError(f"{shown(text)}: no Ed25519 key in base58")
    return key


def _base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = _ALPHABET[rest] + text
    return text  # our bytes never begin with a zero


def _unbase58(text: str) -> bytes:
    number = 0
    for letter in text[:100]:
        at = _ALPHABET.find(letter)
        if at < 0:
            return b""
        number = number * 58 + at
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _part(value: Json) -> str:
    return _text(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(part: str) -> bytes:
    try:
        data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        data = b""
    if _text(data) != part:  # the decoder skips what is no base64url
        raise CredentialError("a part of the credential is no base64url")
    return data


def _object(part: str, what: str) -> Json:
    data = _bytes(part)
    try:
        found = json.loads(data, object_pairs_hook=said_once)
    except DataError as error:
        raise CredentialError(f"the credential's {what}: {error}") from None
    except (ValueError, RecursionError):
        raise CredentialError(f"the credential's {what} is no JSON") from None
    if not isinstance(found, dict):
        raise CredentialError(f"the credential's {what} is no JSON object")
    return found


def _instant(millis: int) -> str:
    return datetime.fromtimestamp(millis // 1000, UTC).isoformat().replace("+00:00", "Z")


def _millis(body: Json, name: str) -> int:
    try:
        return int(instant(body.get(name)).timestamp()) * 1000
    except DataError as error:
        raise CredentialError(f"the credential's {name} {error}") from None
