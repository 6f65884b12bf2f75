"""Who may have which blob: what the ledger's rights say."""

from consortia.node.auth import Caller
from consortia.node.http_answers import HttpProblem
from consortia.node.service import Service

ROUND_BLOB_BYTES_MAX = 2 << 30
"""A round's blob has at most so many bytes: 2^28 words of 8 bytes."""


def may_keep(service: Service, caller: Caller, size: int) -> None:
    """Let a member of the network leave a round's blob of `size` bytes here; raises HttpProblem."""
    if caller.member not in {member.name for member in service.ledger.members().members}:
        raise HttpProblem(403, "only members leave blobs here")
    if size > ROUND_BLOB_BYTES_MAX:
        raise HttpProblem(413, f"a round's blob has at most {ROUND_BLOB_BYTES_MAX} bytes")


def may_read(service: Service, caller: Caller, blob: bytes) -> bool:
    """Whether a member's program may have a blob."""
    return False
