"""Robust rules: one exact vector from the vectors of members of whom some may lie.

For open rounds, where members see one another's updates, and over the sums of masked groups. They bound what
bad members can do; they also discard what is true and rare (see `docs/explanation/robust-rules.md`).
"""

from consortia.engines.robust.api import aggregate
from consortia.engines.robust.groups import per_joined
from consortia.exact.robust import RULES, RobustError, Rule, check

__all__ = ["RULES", "RobustError", "Rule", "aggregate", "check", "per_joined"]
