"""The codes with which a node itself turns something away; the ledger's own are declared by its modules.

`docs/reference/http.md` lists them.
"""

from consortia.base.refusals import Refusal
from consortia.drivers.mempool import POOL_FULL

STOPPED = Refusal("node", 2, "stopped", "The node has stopped: it holds evidence against the orderer.")
OTHER_AUDIENCE = Refusal("node", 3, "other_audience", "The request was signed for another member's node.")
REQUESTS_FULL = Refusal("node", 4, "requests_full", "Too many signed requests of the member within a minute.")
BLOBS_FULL = Refusal(
    "node", 5, "blobs_full", "What this node keeps of the member's blobs, or its disk, is full."
)
HINDERED = Refusal(
    "node", 6, "hindered", "The node cannot go on: its disk takes nothing, or its clock leapt."
)
TOO_OLD = Refusal(
    "node",
    7,
    "too_old",
    "The node stops: its software lacks rules that the members agreed on for the next block.",
)
TOKEN_OVER = Refusal("node", 8, "token_over", "The token is over, was ended, or was never made here.")
OUT_OF_SCOPE = Refusal("node", 9, "out_of_scope", "The token does not open this, or only to read.")

REFUSALS = (
    POOL_FULL,
    STOPPED,
    OTHER_AUDIENCE,
    REQUESTS_FULL,
    BLOBS_FULL,
    HINDERED,
    TOO_OLD,
    TOKEN_OVER,
    OUT_OF_SCOPE,
)
"""All of them, by number."""
