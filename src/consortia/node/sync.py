"""What nodes say to each other: one question, one answer, and the note that hands ordering over.

A node asks another with a `SyncRequest` and is answered with a `SyncReply`; everything that moves
between nodes (blocks, ledger checkpoints, cosignatures, urgent transactions, a longer history for an
orderer restored from a backup) travels in these two, so a member with outbound connections only
takes part in everything.

No block travels bare: a *head* is a ledger checkpoint signed by the orderer, and every block comes
with the path that shows the log after it to be a prefix of that head's. So whatever an orderer tells
a node is signed, and telling two nodes two things leaves two signatures.
"""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record, SignatureBytes, encode_record
from consortia.base.keys import SigningKey, verify
from consortia.base.note import NOTE_BYTES_MAX
from consortia.exact.tally import quorum
from consortia.kernel.block import BLOCK_BYTES_MAX, MemberSet
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX

BLOCKS_MAX = 256
"""At most so many blocks travel at once, and no more than `BLOCKS_BYTES_MAX` but for a single larger one."""

BLOCKS_BYTES_MAX = 4 << 20
NOTES_MAX = 32
URGENT_MAX = 64
MESSAGE_BYTES_MAX = BLOCK_BYTES_MAX + BLOCKS_BYTES_MAX + URGENT_MAX * TRANSACTION_BYTES_MAX
HAND_OVER_LABEL = b"consortia/hand-over"
HAND_OVER_SIGNATURES_MAX = 1024

NoteBytes = Annotated[bytes, Meta(max_length=NOTE_BYTES_MAX)]
BlockBytes = Annotated[bytes, Meta(max_length=BLOCK_BYTES_MAX)]
Path = Annotated[tuple[Digest, ...], Meta(max_length=128)]


class Vouched(Record, frozen=True):
    """A block, encoded, and the consistency path (RFC 9162) from the log after it to that of the head."""

    block: BlockBytes
    path: Path


class HandOver(Record, frozen=True):
    """From term `term` on `orderer` orders, after the block at `height`, whose log has `size` and `root`.

    Terms count from 0, the genesis order. Who signs one promises never again to cosign anything that
    an earlier term's orderer puts after that block.
    """

    network: Digest
    term: U63
    height: U63
    size: U63
    root: Digest
    orderer: Name

    def message(self) -> bytes:
        """The bytes that members sign."""
        return HAND_OVER_LABEL + encode_record(self)


class HandOverSignature(Record, frozen=True):
    """A member's signature of a hand-over, by its node key."""

    member: Name
    signature: SignatureBytes


class SignedHandOver(Record, frozen=True):
    """A hand-over with its signatures, sorted by member."""

    hand_over: HandOver
    signatures: Annotated[tuple[HandOverSignature, ...], Meta(max_length=HAND_OVER_SIGNATURES_MAX)]


class SyncRequest(Record, frozen=True):
    """What a node says of itself, and brings.

    `height` is that of its newest block and `head` the newest head that its blocks reach; `final` the
    size of its newest final checkpoint, `wanted` further sizes whose final checkpoint it lacks (they end
    blocks that changed the member set). It brings its cosignatures (`cosigned`: notes with one
    cosignature each), urgent transactions that the log lacks, the blocks that the last reply wanted, and asks
    for a `fresh` header when the newest one's time was not in time for it.
    `session` numbers the asker's lives, one for each start, and `seen` is that of the asked node as the asker
    last saw it: what an earlier life was told must not count in a later one.
    """

    network: Digest
    session: U63
    seen: U63
    term: U63
    height: U63
    head: NoteBytes | None
    final: U63
    wanted: Annotated[tuple[U63, ...], Meta(max_length=NOTES_MAX)]
    cosigned: Annotated[tuple[NoteBytes, ...], Meta(max_length=NOTES_MAX)]
    urgent: Annotated[tuple[bytes, ...], Meta(max_length=URGENT_MAX)]
    blocks: Annotated[tuple[Vouched, ...], Meta(max_length=BLOCKS_MAX)]
    fresh: bool


class SyncReply(Record, frozen=True):
    """The blocks after the asker's, vouched for by `head`; checkpoints to cosign; final ones it lacks.

    `height` is that of the answering node's newest block. `published` are the checkpoints not final yet,
    with the cosignatures gathered so far. `want` is the first height of which the answering orderer, behind
    the asker, wants the blocks (0: none). `hand_over` stands when the asker's term is behind. `session` is
    the answering node's life since its last start, `seen` the asker's.
    """

    network: Digest
    session: U63
    seen: U63
    term: U63
    orderer: Name
    height: U63
    blocks: Annotated[tuple[Vouched, ...], Meta(max_length=BLOCKS_MAX)]
    head: NoteBytes | None
    published: Annotated[tuple[NoteBytes, ...], Meta(max_length=NOTES_MAX)]
    finals: Annotated[tuple[NoteBytes, ...], Meta(max_length=NOTES_MAX + 1)]
    want: U63
    hand_over: SignedHandOver | None


class Evidence(Record, frozen=True):
    """What convicts: in words, the conflicting notes, and the blocks that belong to them."""

    text: Annotated[str, Meta(max_length=1000)]
    notes: tuple[NoteBytes, ...]
    blocks: tuple[BlockBytes, ...]


class BadHandOver(ValueError):
    """A hand-over that the members did not agree on; the text names what is wrong."""


def sign_hand_over(hand_over: HandOver, member: str, key: SigningKey) -> HandOverSignature:
    """The signature of `member`, by its node key. Only a `Witness` may call this: it is a promise."""
    return HandOverSignature(member, key.sign(hand_over.message()))


def gather(hand_over: HandOver, signatures: list[HandOverSignature]) -> SignedHandOver:
    """A hand-over with signatures gathered from members, in their one order."""
    unique = {signature.member: signature for signature in signatures}
    return SignedHandOver(hand_over, tuple(unique[member] for member in sorted(unique)))


def check_hand_over(signed: SignedHandOver, network: bytes, members: MemberSet) -> None:
    """Check that more than two thirds of `members` (the set after block `height`) handed ordering over.

    Raises BadHandOver: for another network, an orderer outside the set, signatures that are unsorted, unknown
    or wrong, or too few of them.
    """
    hand_over = signed.hand_over
    if hand_over.network != network:
        raise BadHandOver("the hand-over is of another network")
    keys = {member.name: (member.witness, member.recovery) for member in members.members}
    if hand_over.orderer not in keys:
        raise BadHandOver(f"{hand_over.orderer} is no member at height {hand_over.height}")
    names = [signature.member for signature in signed.signatures]
    if names != sorted(set(names)):
        raise BadHandOver("the signatures are not sorted by member, or one is there twice")
    for signature in signed.signatures:
        message, known = hand_over.message(), keys.get(signature.member, ())
        if not any(verify(public, message, signature.signature) for public in known):
            raise BadHandOver(f"the signature of {signature.member} is not that of a member's node key")
    needed = quorum(len(keys))
    if len(names) < needed:
        raise BadHandOver(f"{len(names)} of {len(keys)} members signed, {needed} are needed")
