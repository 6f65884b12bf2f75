"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Name, Record, Text80
from consortia.modules.assets.types import (
    PARENTS_MAX,
    PERMISSIONS_MAX,
    Form,
    Grantee,
    Kind,
    Parent,
    Purposes,
    Right,
    RightName,
    Rights,
)


class Register(Record, frozen=True):
    """Register an asset under a name of the signer's member.

    `rights` None means: what the parents allow, or without parents every purpose for the owner
    alone. Rights that do not name the owner get it added. `parents` are versions that it was made from.
    """

    name: Name
    kind: Kind
    title: Text80
    form: Form
    commitment: Digest
    count: U63
    subjects: U63 | None
    schema: Digest | None
    parents: Annotated[tuple[Parent, ...], Meta(max_length=PARENTS_MAX)]
    rights: Rights | None


class NewVersion(Record, frozen=True):
    """Register the next version of the signer's data set: rows were added, changed or erased."""

    asset: Digest
    commitment: Digest
    count: U63
    subjects: U63 | None
    schema: Digest | None


class Grant(Record, frozen=True):
    """Add permissions to a right; what the grantees hold already stays."""

    asset: Digest
    right: RightName
    permissions: Annotated[Right, Meta(min_length=1)]


class Revoke(Record, frozen=True):
    """Take purposes of a right, or with None the whole permission, from grantees other than the owner."""

    asset: Digest
    right: RightName
    grantees: Annotated[tuple[Grantee, ...], Meta(min_length=1, max_length=PERMISSIONS_MAX)]
    purposes: Purposes | None


class Withdraw(Record, frozen=True):
    """Close an asset to every new use, for good. What was made from it keeps its lineage."""

    asset: Digest


class MarkErased(Record, frozen=True):
    """State that the salts and records behind a version are destroyed. The mark stands for good."""

    asset: Digest
    version: U32
