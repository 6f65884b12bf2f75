"""The codes with which a node itself turns something away; the ledger's own are declared by its modules.

`docs/reference/http.md` lists them.
"""

from consortia.base.refusals import Refusal
from consortia.drivers.mempool import POOL_FULL

STOPPED = Refusal("node", 2, "stopped", "The node has stopped: it holds evidence against the orderer.")
OTHER_AUDIENCE = Refusal("node", 3, "other_audience", "The request was signed for another member's node.")

REFUSALS = (POOL_FULL, STOPPED, OTHER_AUDIENCE)
"""All of them, by number."""
