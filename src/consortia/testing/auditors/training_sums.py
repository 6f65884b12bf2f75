"""How the auditor of training knows who masks with whom, and which sums may be told."""

from collections.abc import Iterable
from itertools import combinations

from consortia.exact.graph import groups, neighbours
from consortia.testing.auditors import Plain
from consortia.testing.auditors.training_roll import Studies


class Sums(Studies):
    """Neighbourhoods, who counts, and what a cohort asks."""

    def sums(self, this: Plain) -> list[list[str]]:
        """The keyed members of each sum of a masked try: all, or the groups."""
        keyed = this["keyed"]
        if not this["group"]:
            return [keyed]
        drawn = groups(len(keyed), this["group"], this["graph"])
        return [[keyed[index] for index in sorted(group)] for group in drawn]

    def holders(self, this: Plain, dealer: str) -> list[str]:
        """The neighbourhood of a keyed member."""
        keyed = this["keyed"]
        if this["group"]:
            return next(group for group in self.sums(this) if dealer in group)
        drawn = neighbours(len(keyed), this["graph"])
        return [keyed[index] for index in drawn[keyed.index(dealer)]]

    def needed(self, this: Plain, dealer: str) -> int:
        """How many shares give a dealer's secret."""
        return 2 * len(self.holders(this, dealer)) // 3 + 1

    def counting(self, this: Plain, did: Iterable[str]) -> list[str]:
        """Who counts, of those who did a step: of each sum the largest part that may stand."""
        done, found = set(did), list[str]()
        for group in self.sums(this):
            there = [name for name in group if name in done]
            sizes = range(len(there), 2, -1)
            parts = (part for size in sizes for part in combinations(there, size))
            found += next((part for part in parts if self._may_stand(this, part)), ())
        return sorted(found)

    def _may_stand(self, this: Plain, part: Iterable[str]) -> bool:
        """Whether each of a part has as many neighbours in it, itself included, as give a secret."""
        among = set(part)
        return all(len(among & set(self.holders(this, name))) >= self.needed(this, name) for name in among)

    def asking(self, this: Plain, cohort: Iterable[str]) -> list[Plain]:
        """What a cohort asks, sum by sum."""
        quorum = 3 if this["group"] else self.studies[this["study"]]["terms"]["quorum"]
        chosen = set(cohort)
        sums = [[name for name in group if name in chosen] for group in self.sums(this)]
        entry = {"study": this["study"], "round": this["id"], "quorum": quorum}
        return [{**entry, "members": names} for names in sums if names]

    def repeats(self, this: Plain) -> bool:
        """Whether a try is over just the dealers of an earlier sum of its study."""
        asked = self.asked.get(self.query(this), [])
        own = [one["members"] for one in asked if one["study"] == this["study"]]
        return not this["group"] and this["dealers"] in own

    def dealers_of(self, this: Plain, did: Iterable[str]) -> list[str] | None:
        """Whose shares count, of those who dealt; None where there is no sum for them."""
        quorum: int = self.studies[this["study"]]["terms"]["quorum"]
        there, asked = self.counting(this, did), self.asked.get(self.query(this), [])
        whole = [] if this["group"] else [one for one in asked if set(one["members"]) <= set(there)]
        able = [
            one
            for one in whole
            if len(one["members"]) >= quorum and self.counting(this, one["members"]) == one["members"]
        ]
        able.sort(key=lambda one: (-len(one["members"]), one["members"]))
        own = [one for one in able if one["study"] == this["study"]]
        faulted = self.progress[this["study"]]["faulted"]
        all_of_them = len(there) >= quorum and not is_telling(asked, self.asking(this, there), faulted)
        if own or not all_of_them:
            first: list[str] | None = next((one["members"] for one in (*own, *able)), None)
            return first
        return there

    def concerned(self, this: Plain) -> list[str]:
        """The dealers of all sums that somebody in the cohort is in."""
        cohort = set(this["cohort"])
        found = [name for group in self.sums(this) if cohort & set(group) for name in group]
        return sorted(name for name in found if name in this["dealers"])


def is_telling(earlier: list[Plain], new: list[Plain], faulted: Iterable[str]) -> bool:
    """Whether new sums, beside the earlier ones, tell of too few members together."""
    known = set(faulted)
    sums = [set(one["members"]) - known for one in (*earlier, *new)]
    before = _classes(sums[: len(earlier)])
    for group in _classes(sums):
        quorums = [
            one["quorum"] for one, members in zip((*earlier, *new), sums, strict=True) if group <= members
        ]
        if group not in before and len(group) < max(3, *quorums):
            return True
    return False


def _classes(sums: list[set[str]]) -> list[frozenset[str]]:
    """The members of some sums, together with those who are in the same of them."""
    names = set().union(*sums)
    alike = {name: frozenset(at for at, members in enumerate(sums) if name in members) for name in names}
    return [frozenset(name for name in names if alike[name] == key) for key in set(alike.values())]
