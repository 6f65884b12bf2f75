"""A busy consortium with attackers in it: typed events with the truth beside them.

Twelve threats among honest life that now and then looks like them. For measuring what a guard finds; its
output, the same bytes everywhere, is frozen by a test, so that no detector was tuned on a moving mark.
"""

from consortia.testing.hostile.ledger import Hostile, Settings, digest, generate
from consortia.testing.hostile.threats import THREATS

__all__ = ["THREATS", "Hostile", "Settings", "digest", "generate"]
