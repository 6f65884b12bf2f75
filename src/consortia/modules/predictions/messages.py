"""What a member may ask of the module."""

from consortia.base.codec import Digest, Record
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
