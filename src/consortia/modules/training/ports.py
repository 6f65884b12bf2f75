"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


@dataclass(frozen=True, slots=True)
class DataSet:
    """One version of a data set: its owner, its salted commitment (32 bytes) and its number of records.

    `usable` says whether it may go into something new: neither withdrawn nor erased.
    """

    owner: str
    commitment: bytes
    records: int
    usable: bool


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The model that a study leads to.

    It is registered for `owner` as `name`. `content` is its blob id, `records` how many it learned from.
    `summed` are the (data set, version) pairs whose members' updates were summed, `started_from` the
    model asset that the study started from, if any.
    """

    owner: str
    name: str
    title: str
    content: bytes
    records: int
    study: bytes
    summed: tuple[tuple[bytes, int], ...]
    started_from: bytes | None


class Assets(Protocol):
    """The data sets and models of the network."""

    def dataset(self, ctx: Context, asset: bytes, version: int) -> DataSet | None:
        """A version of a data set, or None when there is none of this id and number."""
        ...

    def populations(self, ctx: Context, asset: bytes) -> tuple[bytes, ...] | None:
        """The data sets that one was made from in the first place, itself if from none, sorted.

        None where its lineage is too wide to follow.
        """
        ...

    def is_model(self, ctx: Context, asset: bytes) -> bool:
        """Whether there is a model with this asset id."""
        ...

    def may_process(self, ctx: Context, member: str, asset: bytes, purpose: str) -> bool:
        """Whether `member` may compute on an asset for `purpose` now."""
        ...

    def consented(self, ctx: Context, asset: bytes, version: int, purpose: str) -> bool:
        """Whether everybody in a version of a data set consents to `purpose` now, as was shown."""
        ...

    def register(self, ctx: Context, model: TrainedModel) -> bytes:
        """Register a model with its lineage and give its asset id; raises Refused."""
        ...


class Members(Protocol):
    """Who belongs to the network, and the keys of their nodes."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        ...

    def witness(self, ctx: Context, name: str) -> bytes | None:
        """The public key (32 bytes) of a member's node, or None for a name that is no member."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    assets: Assets
    members: Members
