"""Robust rules by name, and the settings in which they can keep what they promise.

What the rules compute is `engines.robust`; the law holds a study's terms to `check`.
"""

from typing import Literal, get_args

Rule = Literal[
    "mean",
    "trimmed_mean",
    "median",
    "krum",
    "multi_krum",
    "centred_clipping",
    "nnm+trimmed_mean",
    "nnm+median",
    "nnm+krum",
    "nnm+multi_krum",
    "nnm+centred_clipping",
    "bucketing+trimmed_mean",
    "bucketing+median",
    "bucketing+krum",
    "bucketing+multi_krum",
    "bucketing+centred_clipping",
]
"""The rules by name; `nnm+` (nearest-neighbour mixing) and `bucketing+` are steps before the rule."""

RULES: tuple[Rule, ...] = get_args(Rule)

MEMBERS_MAX = 63
BUCKET = 2
"""So many members to a bucket."""
GROUP_MIN = 3
"""The fewest members whose masked sum hides each of them from the others."""


class RobustError(ValueError):
    """Settings that no rule can keep, or vectors that it cannot take; the text says why."""


def split(rule: str) -> tuple[str, str]:
    """The pre-step (`nnm`, `bucketing` or empty) and the rule after it; raises RobustError for others."""
    if rule not in RULES:
        raise RobustError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    before, _, after = rule.rpartition("+")
    return before, after


def check(rule: str, members: int, tolerated: int, *, group: int = 1) -> None:
    """Raises RobustError, with the reason, when no guarantee holds for these settings.

    `members` vectors of which `tolerated` may be anything. With `group` > 1 each vector is the sum over a
    group of so many members or more, and every bad member may spoil another group.

    1. the rule exists, the numbers are not negative and at most 63; 2. groups have at least three members and
    f+2, and there are enough for 2f+1 of them; 3. a mean tolerates nobody; 4. Krum and multi-Krum need
    2f+3 vectors, the others 2f+1: the members, the groups or the buckets.
    """
    before, after = split(rule)
    if not 1 <= members <= MEMBERS_MAX:
        raise RobustError(f"{members} members; a rule takes 1 to {MEMBERS_MAX}")
    if tolerated < 0:
        raise RobustError(f"{tolerated} bad members cannot be tolerated")
    if group < 1 or 1 < group < GROUP_MIN:
        raise RobustError(
            f"groups of {group}: the sum of fewer than {GROUP_MIN} shows its members to one another"
        )
    if 1 < group < tolerated + 2:
        raise RobustError(
            f"groups of {group} that tolerate {tolerated} bad members: so many in one group, where they may "
            f"choose to be, have the update of the last one in it; groups of {tolerated + 2} leave them a sum"
        )
    if group > 1 and members < group * (2 * tolerated + 1):
        raise RobustError(
            f"groups of {group} that tolerate {tolerated} bad members need {group * (2 * tolerated + 1)} "
            f"members, not {members}: each bad member may spoil another group, and most must be clean"
        )
    if after == "mean" and tolerated:
        raise RobustError("a mean tolerates no bad member: one alone moves it anywhere")
    vectors = members // group
    what = "members" if group == 1 else "groups"
    if before == "bucketing":
        vectors, what = -(-vectors // BUCKET), f"buckets of {BUCKET}"
    margin = 3 if after in ("krum", "multi_krum") else 1
    if vectors < 2 * tolerated + margin:
        raise RobustError(
            f"{rule} that tolerates {tolerated} needs {2 * tolerated + margin} {what}, there are {vectors}"
        )
