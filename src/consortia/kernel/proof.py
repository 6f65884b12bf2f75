"""Proof files: one fact of the ledger, checkable by anyone who knows the network's hash.

A `.proof` is a C2SP tlog-proof of a block's header leaf. Its `extra` line holds, canonically encoded,
the genesis, every change of the member set with the checkpoint that vouches for it, the header,
and the claim: a receipt in the same log, or a state entry present or absent under the header's state
root, and optionally the opening of one record, or of one subject's rows, that the entry commits to, or
evidence from which the entry can be computed anew.
`docs/reference/proof.md` is the specification. A proof has one valid spelling.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Malformed, Record, Salt, decode_record, encode_record
from consortia.base.note import Note, parse_note
from consortia.base.setcommit import SetPath
from consortia.kernel.block import MemberSet

PROOF_BYTES_MAX = 4 << 20
LEAF_BYTES_MAX = 1 << 20
EVIDENCE_BYTES_MAX = 5 << 19
_FIRST_LINE = "c2sp.org/tlog-proof@v1"

LogPath = Annotated[tuple[Digest, ...], Meta(max_length=64)]
LeafBytes = Annotated[bytes, Meta(max_length=LEAF_BYTES_MAX)]
EvidenceBytes = Annotated[bytes, Meta(max_length=EVIDENCE_BYTES_MAX)]
NoteBytes = Annotated[bytes, Meta(max_length=1 << 16)]


class SetChange(Record, frozen=True):
    """A change of the member set: the set after it, and the header leaf that names it.

    `note` is a checkpoint, final under the set before the change; `index` and `path` place `header` in it.
    """

    members: MemberSet
    header: LeafBytes
    index: U63
    path: LogPath
    note: NoteBytes


class ReceiptClaim(Record, frozen=True):
    """A receipt leaf at `index` of the log, with its path to the proof's checkpoint."""

    receipt: LeafBytes
    index: U63
    path: LogPath


class StateClaim(Record, frozen=True):
    """A state entry under the header's state root: present with `value`, or absent when `value` is null."""

    key: Annotated[bytes, Meta(max_length=1024)]
    value: LeafBytes | None
    path: SetPath


class RecordOpening(Record, frozen=True):
    """One record of a batch: the entry's `root` field is the RFC 6962 root over salted leaves."""

    record: LeafBytes
    salt: Salt
    index: U63
    count: U63
    path: LogPath


class SubjectOpening(Record, frozen=True):
    """One subject of a data set: its rows and their salt, or null twice to show that it is absent."""

    subject: LeafBytes
    salt: Salt
    rows: LeafBytes | None
    rows_salt: Salt | None
    path: SetPath


class Since(Record, frozen=True):
    """The consistency path from a checkpoint that the verifier already trusts."""

    size: U63
    root: Digest
    path: LogPath


class Extra(Record, frozen=True):
    """What stands on the `extra` line; exactly one of `receipt` and `state` is the claim.

    At most one of `record`, `subject` and `evidence` stands; `evidence` is a record that the entry's module
    knows, encoded.
    """

    genesis: LeafBytes
    changes: Annotated[tuple[SetChange, ...], Meta(max_length=256)]
    header: LeafBytes
    receipt: ReceiptClaim | None
    state: StateClaim | None
    record: RecordOpening | None
    subject: SubjectOpening | None
    evidence: EvidenceBytes | None
    since: Since | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A parsed proof: the extra data, the header leaf's index and path, and the final checkpoint's note."""

    extra: Extra
    index: int
    path: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """The proof's one spelling."""
        extra = b64encode(encode_record(self.extra))
        return b"%b\nextra %b\n%b" % (_FIRST_LINE.encode(), extra, _tail(self.index, self.path, self.note))


@lru_cache(maxsize=16)
def _tail(index: int, path: tuple[bytes, ...], note: Note) -> bytes:
    """What stands behind the extra line, which all proofs under one checkpoint share."""
    lines = [f"index {index}", *[b64encode(digest).decode() for digest in path], "\n"]
    return "\n".join(lines).encode() + note.encode()


def parse_proof(data: bytes) -> Proof:
    """Parse a proof in its one spelling; raises Malformed. Nothing is verified here."""
    if len(data) > PROOF_BYTES_MAX:
        raise Malformed(f"a proof of {len(data)} bytes, at most {PROOF_BYTES_MAX} are allowed")
    head, separator, tail = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("a proof starts with lines of ASCII") from None
    if not separator or len(lines) < 3 or lines[0] != _FIRST_LINE:
        raise Malformed("not a tlog-proof")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Malformed("a proof has an extra line, then an index line")
    index = lines[2].removeprefix("index ")
    if not index.isdecimal() or len(index) > 19:
        raise Malformed("the index is a decimal number")
    extra = decode_record(Extra, _base64(lines[1].removeprefix("extra ")), size_max=PROOF_BYTES_MAX)
    if (extra.receipt is None) == (extra.state is None):
        raise Malformed("a proof has one claim: a receipt or a state entry")
    path = tuple(_base64(line) for line in lines[3:])
    proof = Proof(extra, int(index), path, parse_note(tail))
    if any(len(digest) != 32 for digest in path) or proof.encode() != data:
        raise Malformed("not the one spelling of a proof")
    return proof


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise Malformed("a line of the proof is not base64") from None
