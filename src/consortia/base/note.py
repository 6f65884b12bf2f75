"""Signed notes, ledger checkpoints and cosignatures, as C2SP defines them.

Sources: C2SP signed-note, tlog-checkpoint and tlog-cosignature. The formats leave some freedom
(order of signature lines, spare base64 bits); here there is one spelling: signature lines stand in
the order of their key ids, then names, none twice, and base64 is canonical. Anything else is refused.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from consortia.base.codec import Malformed
from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey, verify

TYPE_LOG = 0x01
TYPE_COSIGNATURE = 0x04
NOTE_BYTES_MAX = 1 << 16
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin line, its size in leaves, and its RFC 6962 root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The note text that is signed, with its final newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True, order=True)
class NoteSignature:
    """One signature line: the 4-byte key id, the key's name, and the signature's bytes."""

    key_hash: bytes
    name: str
    signature: bytes

    def line(self) -> str:
        """The line's one spelling, without newline."""
        return f"\u2014 {self.name} {b64encode(self.key_hash + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint with its signature lines, sorted."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note's one spelling."""
        lines = "".join(signature.line() + "\n" for signature in self.signatures)
        return self.checkpoint.body() + b"\n" + lines.encode()

    def with_signatures(self, more: "tuple[NoteSignature, ...] | list[NoteSignature]") -> "Note":
        """The same checkpoint with further signature lines, the first of each key kept."""
        kept = {(signature.key_hash, signature.name): signature for signature in reversed(tuple(more))}
        kept.update({(signature.key_hash, signature.name): signature for signature in self.signatures})
        return Note(self.checkpoint, tuple(sorted(kept.values())))


def key_hash(name: str, kind: int, public: bytes) -> bytes:
    """The 4-byte key id of a note key: SHA-256(name | newline | type | public)[:4]."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def sign_log(checkpoint: Checkpoint, key: SigningKey) -> NoteSignature:
    """The log's own signature line, named after the origin (signed-note type 0x01)."""
    name = checkpoint.origin
    return NoteSignature(key_hash(name, TYPE_LOG, key.public), name, key.sign(checkpoint.body()))


def cosign(checkpoint: Checkpoint, name: str, key: SigningKey, seconds: int) -> NoteSignature:
    """A witness's cosignature line at POSIX time `seconds` (tlog-cosignature, type 0x04)."""
    stamp = seconds.to_bytes(8, "big")
    signature = key.sign(_cosigned(checkpoint, seconds))
    return NoteSignature(key_hash(name, TYPE_COSIGNATURE, key.public), name, stamp + signature)


def is_log_signature(signature: NoteSignature, checkpoint: Checkpoint, public: bytes) -> bool:
    """Whether the line is a valid log signature of `checkpoint` by the 32-byte key `public`."""
    name = checkpoint.origin
    if signature.name != name or signature.key_hash != key_hash(name, TYPE_LOG, public):
        return False
    return verify(public, checkpoint.body(), signature.signature)


def is_cosignature(signature: NoteSignature, checkpoint: Checkpoint, name: str, public: bytes) -> bool:
    """Whether the line is a valid cosignature of `checkpoint` by the witness `name` with key `public`."""
    if signature.name != name or signature.key_hash != key_hash(name, TYPE_COSIGNATURE, public):
        return False
    if len(signature.signature) != 72:
        return False
    seconds = int.from_bytes(signature.signature[:8], "big")
    return verify(public, _cosigned(checkpoint, seconds), signature.signature[8:])


def _cosigned(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + checkpoint.body()


def parse_note(data: bytes) -> Note:
    """Parse a signed checkpoint in its one spelling; raises Malformed. No signature is checked here."""
    if len(data) > NOTE_BYTES_MAX:
        raise Malformed(f"a checkpoint of {len(data)} bytes, at most {NOTE_BYTES_MAX} are allowed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a checkpoint is UTF-8 text") from None
    body, separator, tail = text.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or not lines[0] or not _SIZE.match(lines[1]):
        raise Malformed("a checkpoint has an origin, a size and a root line, an empty line, then signatures")
    checkpoint = Checkpoint(lines[0], int(lines[1]), _base64(lines[2], 32))
    note = Note(checkpoint, tuple(_signature(line) for line in tail.split("\n")[:-1]))
    keys = [(signature.key_hash, signature.name) for signature in note.signatures]
    if keys != sorted(set(keys)) or note.encode() != data:
        raise Malformed("the checkpoint's signature lines are not in their one order and spelling")
    return note


def _signature(line: str) -> NoteSignature:
    match = _LINE.match(line)
    if match is None:
        raise Malformed("a signature line is an em dash, a name and base64")
    data = _base64(match[2], None)
    if len(data) < 4 + 64:
        raise Malformed("a signature line is too short")
    return NoteSignature(data[:4], match[1], data[4:])


def _base64(text: str, size: int | None) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Malformed("not base64") from None
    if b64encode(data).decode() != text or (size is not None and len(data) != size):
        raise Malformed("not the one base64 spelling of the right length")
    return data
