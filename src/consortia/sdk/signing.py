"""Requests to a node, signed by a key that the ledger knows.

The header is ``Authorization: Consortia KEY TIME NONCE SIGNATURE``: the key id, UTC milliseconds, 16
random bytes, and an Ed25519 signature, all but the time in hex. What is signed is the encoding of
``["consortia/request", network, method, target, SHA-256 of the body, time, nonce]``, `target` being the path
with its query as it stands in the request line. `docs/reference/http.md` is the specification.
"""

import re
from dataclasses import dataclass

from consortia.base.codec import Malformed, encode
from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey, verify

SCHEME = "Consortia"
NONCE_BYTES = 16
Request = tuple[str, str, bytes]
"""A request's method, its target (path and query as in the request line), and its body."""

_HEADER = re.compile(r"Consortia ([0-9a-f]{64}) ([0-9]{1,16}) ([0-9a-f]{32}) ([0-9a-f]{128})\Z")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A parsed header: key id (32 bytes), time in milliseconds, nonce (16 bytes), signature (64 bytes)."""

    key: bytes
    time: int
    nonce: bytes
    signature: bytes

    def valid(self, public: bytes, network: bytes, request: Request) -> bool:
        """Whether the signature is of this very request by the 32-byte key `public`."""
        return verify(public, _signed(network, request, self.time, self.nonce), self.signature)


def authorization(key: SigningKey, network: bytes, request: Request, *, time: int, nonce: bytes) -> str:
    """The header's value for a request at `time` in UTC milliseconds, with 16 random bytes."""
    signature = key.sign(_signed(network, request, time, nonce))
    return f"{SCHEME} {key.key_id.hex()} {time} {nonce.hex()} {signature.hex()}"


def parse_authorization(header: str) -> SignedRequest:
    """Parse the header's value; raises Malformed."""
    match = _HEADER.match(header)
    if match is None:
        raise Malformed("the header is not: Consortia KEY TIME NONCE SIGNATURE")
    return SignedRequest(
        bytes.fromhex(match[1]), int(match[2]), bytes.fromhex(match[3]), bytes.fromhex(match[4])
    )


def _signed(network: bytes, request: Request, time: int, nonce: bytes) -> bytes:
    method, target, body = request
    return encode(["consortia/request", network, method, target, sha256(body), time, nonce])
