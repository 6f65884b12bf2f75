"""The records of identity: what its state holds and what its events tell."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, PublicKey, Record, Text80
from consortia.base.times import DAY
from consortia.kernel.block import MEMBERS_MAX, MemberSet, Misdeed
from consortia.kernel.ports import Quota

KEYS_MAX = 64
"""A member has at most so many active keys."""

CERTIFICATE_BYTES_MAX = 2048
URL_CHARACTERS_MAX = 200
CHECKPOINT_BYTES_MAX = 32 * 1024
PROPOSAL_MILLISECONDS_MAX = 90 * DAY
"""A proposal expires at most so long after the block in which it is made: 90 days."""

POWER_MAX = 1000
"""A member's voting power in consensus is at most so much."""

POWER_OF_EACH = 1
"""The voting power of a member about which the members decided nothing else: one organisation, one vote."""

Role = Literal[
    "node", "admin", "operator", "analyst", "approver", "trustee", "worker", "recovery", "consensus"
]
"""What a key may do. `node` orders, cosigns and serves; `worker` does a node's share of the work;
`recovery` stays offline; `consensus` signs the votes of a consensus engine and nothing of the ledger's; the
others are officers'."""

JOINER = "joiner"
"""The role under which an administrator's key of a member-to-be is known, before it accepts."""

Roles = Annotated[tuple[Role, ...], Meta(min_length=1, max_length=9)]
Kind = Literal["admission", "removal", "quota", "power"]
Power = Annotated[int, Meta(ge=0, le=POWER_MAX)]
Algorithm = Literal["p256", "secp256k1"]
AttestorKey = Annotated[bytes, Meta(min_length=33, max_length=33)]
Certificate = Annotated[bytes, Meta(min_length=1, max_length=CERTIFICATE_BYTES_MAX)]
CheckpointBytes = Annotated[bytes, Meta(min_length=1, max_length=CHECKPOINT_BYTES_MAX)]
Url = Annotated[str, Meta(max_length=URL_CHARACTERS_MAX, pattern=r"^https?://[!-~]+\Z")]


class KeySpec(Record, frozen=True):
    """A key as its member wants it known: public key, roles in alphabetical order, and a label for people."""

    public: PublicKey
    roles: Roles
    label: Text80


class PossessionClaim(Record, frozen=True):
    """What the owner of new keys signs with each of them: the member's name and the whole set of keys."""

    name: Name
    keys: Annotated[tuple[KeySpec, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class Member(Record, frozen=True):
    """An organisation, past or present. Its name is its id and is never given to another.

    `node` and `recovery` are the ids of its one node key and its one recovery key; `joined` and `left`
    are block times.
    """

    title: Text80
    quota: Quota
    node: Digest
    recovery: Digest
    joined: Milliseconds
    left: Milliseconds | None


class Key(Record, frozen=True):
    """A member's key. `since` and `revoked` are block times; it acts from the next block on."""

    public: PublicKey
    roles: Roles
    label: Text80
    since: Milliseconds
    revoked: Milliseconds | None


class Owner(Record, frozen=True):
    """Whose a key is, for ever; `joining` while that member has not accepted yet."""

    member: Name
    joining: bool


class Joiner(Record, frozen=True):
    """What a proposed member will be once it accepts."""

    title: Text80
    keys: Annotated[tuple[KeySpec, ...], Meta(min_length=1, max_length=KEYS_MAX)]
    quota: Quota


class Proposal(Record, frozen=True):
    """An open question about one member: its admission (`joiner`), `quota`, voting `power`, or its removal.

    `approvals` are the members that said yes, sorted; the proposer is the first of them to have done so. A
    removal that evidence opened has no proposer.
    """

    proposer: Name | None
    proposed: Milliseconds
    expires: Milliseconds
    approvals: Annotated[tuple[Name, ...], Meta(max_length=MEMBERS_MAX)]
    joiner: Joiner | None
    quota: Quota | None
    power: Power | None


class Question(Record, frozen=True):
    """What a proposal asks, whoever approved. Who says yes names its hash: nobody swaps it meanwhile."""

    kind: Kind
    name: Name
    proposer: Name | None
    proposed: Milliseconds
    expires: Milliseconds
    joiner: Joiner | None
    quota: Quota | None
    power: Power | None


class Seat(Record, frozen=True):
    """A member's seat in consensus: the id of its consensus key, if it has one, and its voting power.

    A member without a seat has no consensus key and the power of each.
    """

    consensus: Digest | None
    power: Power


class Offence(Record, frozen=True):
    """What a consensus key was convicted of by its own signatures; `time` is that of the block with them."""

    misdeed: Misdeed
    time: Milliseconds


class Endpoint(Record, frozen=True):
    """Where a member's node is reached, and the TLS certificate (DER) it shows; None for plain http."""

    url: Url
    certificate: Certificate | None


class Attestor(Record, frozen=True):
    """A member's key for other networks (33 bytes, compressed, SEC 1). It never authorises a transaction."""

    public: AttestorKey


class Change(Record, frozen=True):
    """A member set and the block that brought it into force.

    `first_leaf` is the size of the log before that block; `checkpoint` is the note that made the
    change before this one final, under the set before that. The first is the genesis.
    """

    height: U63
    time: Milliseconds
    first_leaf: U63
    members: MemberSet
    checkpoint: CheckpointBytes | None


class Latest(Record, frozen=True):
    """The number of the member set in force."""

    number: U63


class Settings(Record, frozen=True):
    """What holds for everybody: the quota by which a joiner's first transaction is admitted."""

    joiner_quota: Quota


class Agent(Record, frozen=True):
    """A program that signs for a member with the key `public`, bounded by the mandate with this id."""

    member: Name
    public: PublicKey
    mandate: Digest


class Founder(Record, frozen=True):
    """A founding member, as the genesis names it."""

    name: Name
    title: Text80
    keys: Annotated[tuple[KeySpec, ...], Meta(min_length=1, max_length=KEYS_MAX)]
    quota: Quota


class IdentityGenesis(Record, frozen=True):
    """Identity's part of the genesis: the founding members (often one) and the quota of joiners."""

    members: Annotated[tuple[Founder, ...], Meta(min_length=1, max_length=MEMBERS_MAX)]
    joiner_quota: Quota


class Proposed(Record, frozen=True):
    """Event: a member asked all others for a decision about `name`."""

    kind: Kind
    name: Name
    by: Name
    expires: Milliseconds


class Approved(Record, frozen=True):
    """Event: a member said yes; `approvals` of `needed` are there."""

    kind: Kind
    name: Name
    by: Name
    approvals: U63
    needed: U63


class Withdrawn(Record, frozen=True):
    """Event: a proposal is gone, undecided."""

    kind: Kind
    name: Name
    by: Name


class MemberAdmitted(Record, frozen=True):
    """Event: a joiner accepted and is a member."""

    name: Name


class MemberRemoved(Record, frozen=True):
    """Event: an organisation is no longer a member, by the others' decision or (`own`) its own."""

    name: Name
    own: bool


class MemberSetChanged(Record, frozen=True):
    """Event: from the next block the set with this number and member-set hash is in force."""

    number: U63
    members: Digest


class KeyAdded(Record, frozen=True):
    """Event: a member has a new key."""

    member: Name
    key: Digest
    roles: Roles


class KeyRevoked(Record, frozen=True):
    """Event: a key of a member acts no more."""

    member: Name
    key: Digest


class MemberRecovered(Record, frozen=True):
    """Event: a member's recovery key replaced all its keys."""

    name: Name


class EndpointSet(Record, frozen=True):
    """Event: a member's node is reached elsewhere or shows another certificate."""

    member: Name
    url: Url


class QuotaSet(Record, frozen=True):
    """Event: a member's quota changed."""

    member: Name
    quota: Quota


class SeatSet(Record, frozen=True):
    """Event: a member has another consensus key (None: no longer one) or another voting power."""

    member: Name
    key: Digest | None
    power: Power


class AttestorAdded(Record, frozen=True):
    """Event: a member named its key for another kind of network."""

    member: Name
    algorithm: Algorithm


EVENTS: tuple[type[Record], ...] = (
    Proposed,
    Approved,
    Withdrawn,
    MemberAdmitted,
    MemberRemoved,
    MemberSetChanged,
    KeyAdded,
    KeyRevoked,
    MemberRecovered,
    EndpointSet,
    QuotaSet,
    AttestorAdded,
    SeatSet,
)
