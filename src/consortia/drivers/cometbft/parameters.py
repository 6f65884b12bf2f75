"""The consensus parameters that the genesis of a chain of CometBFT's and the answer to InitChain share."""

from typing import Final

BLOCK_BYTES: Final = 4 << 20
EVIDENCE_BLOCKS: Final = 100_000
EVIDENCE_SECONDS: Final = 48 * 3600
"""Evidence counts until its block is older than both."""
