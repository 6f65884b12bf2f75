"""Masks: a member's vector that nobody can read, and a sum that everybody can.

Bonawitz et al. 2017, "Practical secure aggregation for privacy-preserving machine learning", without its
server: the ledger is the key directory, and whoever verifies adds up by itself. A member adds to its vector
one keystream of its own, and one for each partner, which the partner subtracts. In the sum the pairs cancel.
What is left are the members' own streams, and one end of each pair whose other end dropped out; the members
then reveal, by shares, just the secrets that give these streams, and the sum stands bare, exact to the bit.

- `keys`: a member's secrets of a round, what it publishes of them, and the keys of its streams;
- `dealing`: shares of its secrets for its neighbours, sealed, and committed to by salted hashes;
- `streams`: `masked` and `unmasked`, in one pass over blocks that stay in the cache, on several cores.

`reference` is the plain law of the streams; `docs/reference/masking.md` has every byte. The secrets of a
round serve for that round alone and are destroyed when it is final.

No claim is made that anything here takes the same time whatever its secrets are: Python's integers, in the
shares above all, do not. A member computes on its own machine, where whoever can measure that
precisely can read its records as well.
"""

from consortia.engines.mask.api import Dealt, Published, Secrets, Stream
from consortia.engines.mask.dealing import bundles, deal, open_share
from consortia.engines.mask.keys import dangling, own_stream, pair_streams, partners, publish
from consortia.engines.mask.streams import add_up, masked, unmasked

__all__ = [
    "Dealt",
    "Published",
    "Secrets",
    "Stream",
    "add_up",
    "bundles",
    "dangling",
    "deal",
    "masked",
    "open_share",
    "own_stream",
    "pair_streams",
    "partners",
    "publish",
    "unmasked",
]
