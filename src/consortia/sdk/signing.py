"""Requests to a node, signed by a key that the ledger knows.

The header is ``Authorization: Consortia KEY AUDIENCE TIME NONCE SIGNATURE``: the key id, the name of the
member whose node is asked, UTC milliseconds, 16 random bytes, and an Ed25519 signature; key id, bytes and
signature in hex. What is signed is the encoding of
``["consortia/request", network, audience, method, target, SHA-256 of the body, time, nonce]``, `target` being
the path with its query as it stands in the request line. `docs/reference/http.md` is the specification.

The audience keeps the node that is asked from passing the request on to a third and reading the answer.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from consortia.base.codec import Malformed, encode
from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey, verify

SCHEME = "Consortia"
NONCE_BYTES = 16
Request = tuple[str, str, bytes]
"""A request's method, its target (path and query as in the request line), and its body."""

_HEADER = re.compile(
    r"Consortia ([0-9a-f]{64}) ([a-z0-9][a-z0-9-]{0,31}) ([0-9]{1,16}) ([0-9a-f]{32}) ([0-9a-f]{128})\Z"
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A parsed header.

    Key id (32 bytes), the member whose node is asked, time in milliseconds, nonce (16 bytes), signature
    (64 bytes).
    """

    key: bytes
    audience: str
    time: int
    nonce: bytes
    signature: bytes

    def valid(self, public: bytes, network: bytes, request: Request) -> bool:
        """Whether the signature is of this very request by the 32-byte key `public`."""
        signed = _signed(Addressed(network, self.audience), request, self.time, self.nonce)
        return verify(public, signed, self.signature)


class Addressed(NamedTuple):
    """Whom a request is for: the network's id, and the name of the member whose node is asked."""

    network: bytes
    audience: str


def authorization(key: SigningKey, to: Addressed, request: Request, *, time: int, nonce: bytes) -> str:
    """The header's value for a request at `time` in UTC milliseconds, with 16 random bytes."""
    signature = key.sign(_signed(to, request, time, nonce))
    return f"{SCHEME} {key.key_id.hex()} {to.audience} {time} {nonce.hex()} {signature.hex()}"


def parse_authorization(header: str) -> SignedRequest:
    """Parse the header's value; raises Malformed."""
    match = _HEADER.match(header)
    if match is None:
        raise Malformed("the header is not: Consortia KEY AUDIENCE TIME NONCE SIGNATURE")
    key, audience, time, nonce, signature = match.groups()
    return SignedRequest(
        bytes.fromhex(key), audience, int(time), bytes.fromhex(nonce), bytes.fromhex(signature)
    )


def _signed(to: Addressed, request: Request, time: int, nonce: bytes) -> bytes:
    method, target, body = request
    named = ["consortia/request", to.network, to.audience, method, target]
    return encode([*named, sha256(body), time, nonce])
