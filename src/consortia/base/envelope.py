"""The signed envelope: COSE_Sign1 (RFC 9052, section 4.2) with one fixed shape.

An envelope is the untagged array ``[protected, {}, payload, signature]``. The protected header is
the fixed map ``{1: -8, 4: kid}`` (algorithm EdDSA, key id of 32 bytes), the unprotected header is
empty, and the signature covers ``Sig_structure = ["Signature1", protected, external_aad, payload]``.
As the shape is fixed, an envelope has one spelling.
"""

from msgspec import Struct

from consortia.base.codec import BYTES, Malformed, encode, head
from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey, verify

_PROTECTED = bytes.fromhex("a2012704" + "5820")
START = bytes.fromhex("84" + "5826") + _PROTECTED
"""How an envelope begins, before the key id."""

_KID_AT = len(START)
_EMPTY_AT = _KID_AT + 32
SIGNATURE_HEAD = bytes.fromhex("5840")
_TAIL = 2 + 64
_WIDTHS = {24: 1, 25: 2, 26: 4}
SIGNED_START = bytes.fromhex("84") + encode("Signature1") + bytes.fromhex("5826") + _PROTECTED


class Envelope(Struct, frozen=True):
    """A parsed envelope: the key id it names (32 bytes), its payload, and a signature not yet checked."""

    kid: bytes
    payload: bytes
    signature: bytes

    def sig_structure(self, aad: bytes) -> bytes:
        """The bytes that the signature covers, under the external data `aad`."""
        return _sig_structure(self.kid, self.payload, aad)

    def verified(self, public: bytes, aad: bytes) -> bool:
        """Whether the signature is valid for `public`, which `kid` names, under `aad`."""
        return verify(public, self.sig_structure(aad), self.signature)


def _sig_structure(kid: bytes, payload: bytes, aad: bytes) -> bytes:
    parts = SIGNED_START, kid, head(BYTES, len(aad)), aad, head(BYTES, len(payload)), payload
    return b"".join(parts)


def content_id(tag: str, sig_structure: bytes) -> bytes:
    """The id of what was signed, H(tag, Sig_structure): one id whatever the signature's bytes."""
    return tagged(tag, sig_structure)


def seal(payload: bytes, key: SigningKey, aad: bytes) -> bytes:
    """The envelope of `payload`, signed by `key` under the external data `aad`."""
    signature = key.sign(_sig_structure(key.key_id, payload, aad))
    return assemble(key.key_id, payload, signature)


def assemble(kid: bytes, payload: bytes, signature: bytes) -> bytes:
    """The envelope's bytes from its parts."""
    return START + kid + b"\xa0" + encode(payload) + SIGNATURE_HEAD + signature


def kid_of(data: bytes) -> bytes | None:
    """The key id in what begins like an envelope, or None: a hint, for those who will open it later."""
    return data[_KID_AT:_EMPTY_AT] if data.startswith(START) and len(data) > _EMPTY_AT else None


def open_envelope(data: bytes, *, size_max: int) -> Envelope:
    """Parse an envelope of at most `size_max` bytes; raises Malformed for any other shape or spelling."""
    if len(data) > size_max:
        raise Malformed(f"an envelope of {len(data)} bytes, at most {size_max} are allowed")
    if len(data) < _EMPTY_AT + 2 + _TAIL or not data.startswith(START) or data[_EMPTY_AT] != 0xA0:
        raise Malformed("not a signed envelope of the fixed shape")
    start = _EMPTY_AT + 2 + _WIDTHS.get(data[_EMPTY_AT + 1] & 0x1F, 0)
    payload = data[start:-_TAIL]
    if data[_EMPTY_AT + 1 : start] != head(BYTES, len(payload)) or data[-_TAIL:-64] != SIGNATURE_HEAD:
        raise Malformed("not the one spelling of a signed envelope")
    return Envelope(data[_KID_AT:_EMPTY_AT], payload, data[-64:])
