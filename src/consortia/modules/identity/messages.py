"""What a transaction may ask of identity. Every message is signed by a key of the member it acts for."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Milliseconds, Name, PublicKey, Record, SignatureBytes, Text80
from consortia.kernel.ports import Quota
from consortia.modules.identity.types import (
    KEYS_MAX,
    Algorithm,
    AttestorKey,
    Certificate,
    CheckpointBytes,
    KeySpec,
    Kind,
    Power,
    Roles,
    Url,
)


class NewKey(Record, frozen=True):
    """A key with the proof that its owner holds it: its signature of the possession claim."""

    public: PublicKey
    roles: Roles
    label: Text80
    possession: SignatureBytes

    @property
    def spec(self) -> KeySpec:
        """The key without the proof."""
        return KeySpec(self.public, self.roles, self.label)


NewKeys = Annotated[tuple[NewKey, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class ProposeMember(Record, frozen=True):
    """Ask all members to admit an organisation, with these keys and this quota, before `expires`."""

    name: Name
    title: Text80
    keys: NewKeys
    quota: Quota
    expires: Milliseconds


class ApproveMember(Record, frozen=True):
    """Say yes to the admission of `name`, as the `proposal` of this id has it."""

    name: Name
    proposal: Digest


class Accept(Record, frozen=True):
    """Become a member: signed by an administrator's key of the proposed member, once enough said yes."""

    name: Name
    checkpoint: CheckpointBytes | None


class ProposeRemoval(Record, frozen=True):
    """Ask the other members to remove `name` before `expires`. `checkpoint` is read if this decides it."""

    name: Name
    expires: Milliseconds
    checkpoint: CheckpointBytes | None


class ApproveRemoval(Record, frozen=True):
    """Say yes to the removal of `name`, by the proposal's id. `checkpoint` is read if this decides it."""

    name: Name
    proposal: Digest
    checkpoint: CheckpointBytes | None


class ProposeQuota(Record, frozen=True):
    """Ask all members to give `name` this quota, before `expires`."""

    name: Name
    quota: Quota
    expires: Milliseconds


class ApproveQuota(Record, frozen=True):
    """Say yes to the proposed quota of `name`, as the `proposal` of this id has it."""

    name: Name
    proposal: Digest


class ProposePower(Record, frozen=True):
    """Ask all members to give `name` this voting power in consensus, before `expires`."""

    name: Name
    power: Power
    expires: Milliseconds


class ApprovePower(Record, frozen=True):
    """Say yes to the proposed voting power of `name`, as the `proposal` of this id has it."""

    name: Name
    proposal: Digest


class Withdraw(Record, frozen=True):
    """Take back an own proposal; an expired one may be taken back by anybody."""

    kind: Kind
    name: Name


class Leave(Record, frozen=True):
    """Leave the network."""

    checkpoint: CheckpointBytes | None


class AddKey(Record, frozen=True):
    """Add a key to the own member; no node, recovery or consensus key."""

    key: NewKey


class RevokeKey(Record, frozen=True):
    """Revoke an own key, at once."""

    key: Digest


class RotateNodeKey(Record, frozen=True):
    """Replace the node key, with which the member's node cosigns."""

    key: NewKey
    checkpoint: CheckpointBytes | None


class RotateConsensusKey(Record, frozen=True):
    """Replace the consensus key, or name the first: with it the member's consensus engine votes."""

    key: NewKey


class Recover(Record, frozen=True):
    """Replace all the member's keys: signed by the recovery key alone."""

    keys: NewKeys
    checkpoint: CheckpointBytes | None


class AddAttestor(Record, frozen=True):
    """Name the member's key for other networks (one for each algorithm; a new one replaces the old)."""

    algorithm: Algorithm
    public: AttestorKey


class SetEndpoint(Record, frozen=True):
    """Say where the own node is reached and which TLS certificate (DER) it shows."""

    url: Url
    certificate: Certificate | None


class SetQuota(Record, frozen=True):
    """Lower the own quota."""

    quota: Quota
