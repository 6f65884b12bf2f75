"""The nouns of the module: assets, their versions, rights, lineage, and what happened to them."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Text80

EVERYONE = "*"
"""The grantee that stands for everybody, member or not."""

ANY = "*"
"""The purpose that stands for all purposes."""

PERMISSIONS_MAX = 256
PURPOSES_MAX = 16
PARENTS_MAX = 64
"""As many parents a member may name; a study of many members may give a model more."""

MODEL_PARENTS_MAX = 256

Kind = Literal["batch", "dataset", "function", "model"]
Form = Literal["batch", "blob", "set"]
"""What a commitment is: a batch root, a blob's address, or the set hash of rows by subject."""

RightName = Literal["download", "process"]
Grantee = Annotated[str, Meta(pattern=r"^(\*|[a-z0-9][a-z0-9-]{0,31})\Z")]
Purpose = Annotated[str, Meta(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9:._-]{0,63})\Z")]
"""A purpose's name, of the consortium's own choice or a GA4GH DUO term such as ``DUO:0000007``."""

Purposes = Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=PURPOSES_MAX)]


class Permission(Record, frozen=True):
    """For what a grantee (a member, or "*" for everyone) may use a right."""

    grantee: Grantee
    purposes: Purposes


Right = Annotated[tuple[Permission, ...], Meta(max_length=PERMISSIONS_MAX)]
"""Who may do one thing, and for what: permissions sorted by grantee, purposes sorted."""


class Rights(Record, frozen=True):
    """Who may compute on an asset (`process`) and who may have its bytes (`download`)."""

    process: Right
    download: Right


class Parent(Record, frozen=True):
    """One version of an asset that another asset was made from."""

    asset: Digest
    version: U32


class Version(Record, frozen=True):
    """What an asset holds from one height on.

    `commitment` is its salted commitment or content address, `count` the number of its records,
    `subjects` the number of those they are about where it is committed by subject, `schema` the hash of
    its schema. When `erased` is a block time, the owner has destroyed the salts and records by then:
    nothing under the commitment can be opened any more.
    """

    number: U32
    commitment: Digest
    count: U63
    subjects: U63 | None
    schema: Digest | None
    height: U63
    time: Milliseconds
    erased: Milliseconds | None


class Asset(Record, frozen=True):
    """A data set, model, function or record batch.

    `version` is the number of its newest version. `bound` is what its parents allowed when it was made,
    beyond which its rights never go; None without parents. `study` is the study that made it. From
    the block time `withdrawn` on it is open to no new use.
    """

    id: Digest
    owner: Name
    name: Name
    kind: Kind
    title: Text80
    form: Form
    rights: Rights
    bound: Rights | None
    parents: Annotated[tuple[Parent, ...], Meta(max_length=MODEL_PARENTS_MAX)]
    study: Digest | None
    height: U63
    time: Milliseconds
    version: U32
    withdrawn: Milliseconds | None


class Named(Record, frozen=True):
    """What a name of an owner stands for."""

    asset: Digest
    kind: Kind


class Child(Record, frozen=True):
    """That an asset was made from a version of another."""

    version: U32


class Registered(Record, frozen=True):
    """An asset came to be."""

    asset: Digest
    owner: Name
    name: Name
    kind: Kind
    commitment: Digest
    count: U63


class Versioned(Record, frozen=True):
    """A data set has a new version."""

    asset: Digest
    version: U32
    commitment: Digest
    count: U63


class Granted(Record, frozen=True):
    """An owner gave permissions."""

    asset: Digest
    right: RightName
    permissions: Right


class Revoked(Record, frozen=True):
    """An owner took purposes, or with None the whole permission, from grantees."""

    asset: Digest
    right: RightName
    grantees: Annotated[tuple[Grantee, ...], Meta(max_length=PERMISSIONS_MAX)]
    purposes: Purposes | None


class Withdrawn(Record, frozen=True):
    """An asset is open to no new use."""

    asset: Digest


class Erased(Record, frozen=True):
    """An owner destroyed what opens a version."""

    asset: Digest
    version: U32


EVENTS: tuple[type[Record], ...] = (Registered, Versioned, Granted, Revoked, Withdrawn, Erased)
"""Everything that the module tells in receipts."""
