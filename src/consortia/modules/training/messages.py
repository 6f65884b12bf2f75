"""What a transaction may ask of training. Every message is signed by a key of the member it acts for."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Name, PublicKey, Record, Salt, SignatureBytes, Text80
from consortia.modules.training.types import JOINED_MAX, PlainShares, SealedShares, Share, Terms


class Propose(Record, frozen=True):
    """Propose a study on these terms; members join it until the joining time is over."""

    terms: Terms


class Join(Record, frozen=True):
    """Take part with `records` records of a version of an own data set. Joining is consent."""

    study: Digest
    dataset: Digest
    version: U32
    records: Annotated[int, Meta(ge=1, le=1 << 40)]


class Leave(Record, frozen=True):
    """Take no part any more: at once before the study runs, otherwise from the next round on."""

    study: Digest


class LimitBudget(Record, frozen=True):
    """Limit what the sums over an own data set may cost in all, in nano-rho; a limit is only ever lowered.

    The data set is one that was made from no other: its budget is that of all that is made from it.
    """

    dataset: Digest
    limit: U63


class RaiseBudget(Record, frozen=True):
    """Raise the limit of a data set's budget, in nano-rho: what a proposal does, with its owner's yes."""

    dataset: Digest
    limit: U63


class Renew(Record, frozen=True):
    """Go on with a newer version of one's data set from the next round on, with so many of its records.

    So a study goes on without somebody who withdrew consent: the round that has begun is finished as it is.
    `records` are at most those joined with: nobody's weight grows in a study that the others agreed to.
    """

    study: Digest
    version: U32
    records: Annotated[int, Meta(ge=1, le=1 << 40)]


class Start(Record, frozen=True):
    """Begin the rounds: from the end of the joining time on, or once every invited member joined.

    The proposer may begin as soon as a quorum has joined.
    """

    study: Digest


class Cancel(Record, frozen=True):
    """Abort a study: its proposer at any time, anybody when too few had joined in time."""

    study: Digest
    reason: Text80


class Return(Record, frozen=True):
    """Say that one is there again, after having missed a step: from now on the others wait for one."""

    study: Digest


class PublishKeys(Record, frozen=True):
    """Publish the own keys for a masked round: the open one, or already the one after it.

    `masking` and `sealing` are X25519 public keys of this round alone, `seed` is the hash of the own seed
    (`base.shares.seed_hash`).
    """

    study: Digest
    round: Digest
    masking: PublicKey
    sealing: PublicKey
    seed: Digest


class DealShares(Record, frozen=True):
    """Deal shares of the own seed and masking key: one entry a holder, in the order of their names.

    `graph` is the round's, so of the keys among which they are dealt: in a history with other keys they count
    for nothing.
    """

    study: Digest
    round: Digest
    graph: Digest
    shares: Annotated[tuple[SealedShares, ...], Meta(min_length=1, max_length=JOINED_MAX)]


class Complain(Record, frozen=True):
    """Say that a dealer's shares for oneself do not open, or are not those it committed to.

    Nothing is shown, so nothing is given away. Complaints are taken in the first half of the step, answers
    until three quarters of it are over.
    """

    study: Digest
    round: Digest
    dealer: Name


class Answer(Record, frozen=True):
    """Show everybody the shares that one dealt to a holder who complains, as one committed to them."""

    study: Digest
    round: Digest
    holder: Name
    shares: PlainShares


class Reveal(Record, frozen=True):
    """Reveal one kind of share of each dealer whose shares one holds, sorted by dealer.

    Of its seed if its update is in the cohort, of its masking key if not.
    """

    study: Digest
    round: Digest
    shares: Annotated[tuple[Share, ...], Meta(min_length=1, max_length=JOINED_MAX)]


class Availability(Record, frozen=True):
    """The signature by which a member's node says that it holds and has checked a round's blob.

    Made with the node key over `rules.availability(...)`.
    """

    member: Name
    signature: SignatureBytes


class Submit(Record, frozen=True):
    """Fix the own update of a round: the blob's id and size, and who holds it, sorted by member."""

    study: Digest
    round: Digest
    blob: Digest
    size: U63
    availability: Annotated[tuple[Availability, ...], Meta(min_length=1, max_length=JOINED_MAX)]


class Seal(Record, frozen=True):
    """Commit to the own update of a sealed round: `rules.seal(...)`. No node is given its blob yet."""

    study: Digest
    round: Digest
    commitment: Digest


class Unseal(Record, frozen=True):
    """Submit the update that one sealed, as `Submit` does, with the salt that it was sealed with."""

    study: Digest
    round: Digest
    blob: Digest
    size: U63
    salt: Salt
    availability: Annotated[tuple[Availability, ...], Meta(min_length=1, max_length=JOINED_MAX)]


class Close(Record, frozen=True):
    """End the step whose deadline has passed. A step that everybody has done ends by itself."""

    study: Digest
    round: Digest


class CommitResult(Record, frozen=True):
    """Commit to the own result of a round: `rules.commitment(round, member, sum, state)`."""

    study: Digest
    round: Digest
    commitment: Digest


class OpenResult(Record, frozen=True):
    """Open the own commitment: the blob ids of the exact sum and of the next state."""

    study: Digest
    round: Digest
    sum: Digest
    state: Digest


class Finish(Record, frozen=True):
    """Register the model once every round is final."""

    study: Digest
