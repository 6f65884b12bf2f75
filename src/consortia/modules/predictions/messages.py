"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Record
from consortia.kernel.transaction import CALLS_MAX, Call
from consortia.modules.predictions.types import Account, Count, Purpose


class RecordBatch(Record, frozen=True):
    """Put a batch of prediction records on the ledger: one salted root for `count` of them.

    `content` names the version of the model that answered and must be the one in force. The fields
    are those of `types.Batch`.
    """

    model: Digest
    content: Digest
    purpose: Purpose
    policy: Digest
    root: Digest
    count: Count
    opened: Digest | None


class Act(Record, frozen=True):
    """Account for the calls that follow: what every transaction of an agent begins with."""

    account: Account


class Defer(Record, frozen=True):
    """Account for calls that are to be carried out after the mandate's delay; signed by an agent."""

    account: Account
    calls: Annotated[tuple[Call, ...], Meta(min_length=1, max_length=CALLS_MAX)]


class Perform(Record, frozen=True):
    """Carry out the calls of an act that has waited long enough; anybody may ask."""

    deed: Digest
