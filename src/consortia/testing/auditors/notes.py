"""What a checkpoint note must be to be final, read line by line as the C2SP pages have it.

Signatures are checked with another library than the ledger's own.
"""

from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DASH = "\u2014"

Set = dict[str, tuple[bytes, bytes]]
"""Members of a set: name -> (witness key, recovery key)."""


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature (RFC 8032) is valid."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def final_size(note: bytes, network: bytes, members: Set) -> int | None:
    """The size that a note makes final for `members`, or None where it makes none final."""
    try:
        body, tail = note.decode("utf-8").split("\n\n", 1)
        origin, size, root = body.split("\n")
        lines = [_line(line) for line in tail.removesuffix("\n").split("\n")]
        known = len(b64decode(root, validate=True)) == 32 and _spelled(root)
        known = known and size.isdigit() and size == str(int(size))
    except ValueError:
        return None
    in_order = [line[:2] for line in lines] == sorted({line[:2] for line in lines})
    if not known or not in_order or origin != f"consortia/{network.hex()}" or not tail.endswith("\n"):
        return None
    text = f"{body}\n".encode()
    logs = [line for line in lines if line[1] == origin]
    if len(logs) != 1 or not any(_logged(logs[0], text, key) for keys in members.values() for key in keys):
        return None
    said_yes = [_cosigner(line, text, network, members) for line in lines if line[1] != origin]
    names = {name for name in said_yes if name is not None}
    if len(names) != len(said_yes) or 3 * len(names) <= 2 * len(members):
        return None
    return int(size)


def _line(text: str) -> tuple[bytes, str, bytes]:
    """Key hash, name and signature of a signature line; raises ValueError."""
    dash, name, data = text.split(" ")
    found = b64decode(data, validate=True)
    if dash != DASH or not _spelled(data) or len(found) < 68:
        raise ValueError("not a signature line")
    return found[:4], name, found[4:]


def _spelled(text: str) -> bool:
    """Whether base64 stands in its one spelling."""
    return b64encode(b64decode(text)).decode() == text


def _hash(name: str, kind: bytes, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def _logged(line: tuple[bytes, str, bytes], text: bytes, public: bytes) -> bool:
    key, name, signature = line
    return key == _hash(name, b"\x01", public) and signed(public, text, signature)


def _cosigner(line: tuple[bytes, str, bytes], text: bytes, network: bytes, members: Set) -> str | None:
    """The member whose valid cosignature the line is, or None."""
    key, name, data = line
    member = name.removesuffix(f".consortia/{network.hex()[:16]}")
    if member not in members or member == name or len(data) != 72:
        return None
    stamped = f"cosignature/v1\ntime {int.from_bytes(data[:8], 'big')}\n".encode() + text
    for public in members[member]:
        if key == _hash(name, b"\x04", public) and signed(public, stamped, data[8:]):
            return member
    return None
