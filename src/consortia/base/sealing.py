"""Keys that two members agree on, and what one seals for the other.

X25519 (RFC 7748), HKDF-SHA256 (RFC 5869) and ChaCha20-Poly1305 (RFC 8439), each through `cryptography`.
Nothing here is random: private keys come from the caller, so the ledger computes what members compute. What
is wrong raises Malformed.

**One spelling.** RFC 7748, section 5, lets a reader ignore the top bit of a public key and reduce what is
left modulo 2^255-19, so one point has several spellings. Here a public key is a little-endian number below
2^255-19, and anything else is refused. So are the five points whose order divides 8: they agree on
zero with everybody (RFC 7748, section 6.1).

**One message a key.** `seal` takes no nonce: it is always zero. That is safe only because no key seals two
messages: whoever calls derives the key from a pair of key pairs made for one round, that round's id, and
the direction from dealer to holder (`shares.sealing_info`).
"""

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consortia.base.codec import Malformed

KEY_BYTES = 32
TAG_BYTES = 16
PLAINTEXT_BYTES_MAX = 1 << 16
INFO_BYTES_MAX = 1 << 10

_PRIME = (1 << 255) - 19
_NONCE = bytes(12)
_SMALL_ORDER = tuple(
    bytes.fromhex(each)
    for each in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def public_of(private: bytes) -> bytes:
    """The X25519 public key (32 bytes) of a private key: any 32 bytes, clamped as RFC 7748, section 5, says.

    Raises Malformed when the private key has not 32 bytes.
    """
    return _private(private).public_key().public_bytes_raw()


def check_public(public: bytes) -> None:
    """Raises Malformed when `public` is no X25519 key, not its one spelling, or a point of small order."""
    if len(public) != KEY_BYTES:
        raise Malformed(f"an X25519 key has {KEY_BYTES} bytes, not {len(public)}")
    if int.from_bytes(public, "little") >= _PRIME:
        raise Malformed("an X25519 key that is not the one spelling of its point")
    if public in _SMALL_ORDER:
        raise Malformed("an X25519 key of small order agrees on zero with everybody")


def agree(private: bytes, public: bytes, info: bytes) -> bytes:
    """The 32-byte key that the owners of two X25519 key pairs share for the purpose `info`.

    It is `derive(X25519(private, public), info)`, the same from either side. Raises Malformed as `public_of`
    and `check_public` do.
    """
    return agree_all(private, ((public, info),))[0]


def agree_all(private: bytes, peers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """`agree` with many peers, each as (public key, info), in their order; raises Malformed as it does."""
    mine = _private(private)
    keys = []
    for public, info in peers:
        check_public(public)
        # Never zero: a clamped private key is a multiple of 8 and of no larger factor of a point's order.
        keys.append(derive(mine.exchange(X25519PublicKey.from_public_bytes(public)), info))
    return keys


def derive(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 of a 32-byte secret: no salt, `info` as given, 32 bytes (RFC 5869).

    Raises Malformed when the secret has another length or `info` more than 1,024 bytes.
    """
    if len(secret) != KEY_BYTES:
        raise Malformed(f"a secret has {KEY_BYTES} bytes, not {len(secret)}")
    if len(info) > INFO_BYTES_MAX:
        raise Malformed(f"the purpose of a key has {len(info)} bytes, at most {INFO_BYTES_MAX} are allowed")
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """`plaintext` under ChaCha20-Poly1305 with a zero nonce, its 16-byte tag behind it; `aad` is bound to it.

    A key seals one message, ever (see above). Raises Malformed when the key has not 32 bytes or the
    plaintext more than 65,536.
    """
    if len(plaintext) > PLAINTEXT_BYTES_MAX:
        raise Malformed(f"{len(plaintext)} bytes to seal, at most {PLAINTEXT_BYTES_MAX} are allowed")
    return _cipher(key).encrypt(_NONCE, plaintext, aad)


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext of what `seal` made with this key and `aad`; raises Malformed for anything else."""
    if not TAG_BYTES <= len(sealed) <= PLAINTEXT_BYTES_MAX + TAG_BYTES:
        raise Malformed(f"{len(sealed)} bytes are no sealed message")
    try:
        return _cipher(key).decrypt(_NONCE, sealed, aad)
    except InvalidTag:
        raise Malformed("what was sealed was sealed with another key, or changed since") from None


def _private(private: bytes) -> X25519PrivateKey:
    if len(private) != KEY_BYTES:
        raise Malformed(f"an X25519 private key has {KEY_BYTES} bytes, not {len(private)}")
    return X25519PrivateKey.from_private_bytes(private)


def _cipher(key: bytes) -> ChaCha20Poly1305:
    if len(key) != KEY_BYTES:
        raise Malformed(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
    return ChaCha20Poly1305(key)
