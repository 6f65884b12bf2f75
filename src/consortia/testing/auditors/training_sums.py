"""How the auditor of training knows who masks with whom, and which sums may be told."""

from collections.abc import Iterable
from itertools import combinations

from consortia.exact.graph import groups, neighbours
from consortia.testing.auditors import Plain
from consortia.testing.auditors.training_roll import Studies

Unit = tuple[str, bytes]
"""A member, and its data where these tell it apart from itself with others."""


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
        data = {name: part["commitment"] for name, part in self.parts[this["study"]].items()}
        return [
            {"members": names, "data": [data[name] for name in names], "quorum": quorum}
            for names in sums
            if names
        ]

    def begun(self, this: Plain) -> list[list[str]]:
        """The cohorts of the masked tries of a round before this one."""
        key = this["study"], this["index"]
        tries = [self.rounds[*key, attempt] for attempt in range(this["attempt"])]
        return [one["cohort"] for one in tries if one["cohort"] and one["graph"] is not None]

    def paid(self, study: bytes, index: int, attempt: int) -> set[str]:
        """Who is in a sum of a round that its study asked for and may ask for again."""
        return {
            name
            for cohort in self.begun({"study": study, "index": index, "attempt": attempt})
            for name in cohort
        }

    def repeats(self, this: Plain) -> bool:
        """Whether a try is over just the dealers of an earlier sum of its round."""
        return not this["group"] and this["dealers"] in self.begun(this)

    def dealers_of(self, this: Plain, did: Iterable[str]) -> list[str] | None:
        """Whose shares count, of those who dealt; None where there is no sum for them."""
        quorum: int = self.studies[this["study"]]["terms"]["quorum"]
        there, asked = self.counting(this, did), self.asked.get(self.query(this), [])
        faulted = self.progress[this["study"]]["faulted"]

        def largest(cohorts: Iterable[list[str]]) -> list[str] | None:
            whole = [one for one in cohorts if set(one) <= set(there) and len(one) >= quorum]
            able = [one for one in whole if self.counting(this, one) == one and not this["group"]]
            return min(able, key=lambda one: (-len(one), one), default=None)

        again = largest(self.begun(this))
        if again is not None:
            return again
        if len(there) >= quorum and not is_telling(asked, self.asking(this, there), faulted):
            return there
        parts = self.parts[this["study"]]
        same = [
            one["members"]
            for one in asked
            if all(
                name in parts and parts[name]["commitment"] == data
                for name, data in zip(one["members"], one["data"], strict=True)
            )
        ]
        return largest(same)

    def concerned(self, this: Plain) -> list[str]:
        """The dealers of all sums that somebody in the cohort is in."""
        cohort = set(this["cohort"])
        found = [name for group in self.sums(this) if cohort & set(group) for name in group]
        return sorted(name for name in found if name in this["dealers"])


def is_telling(earlier: list[Plain], new: list[Plain], faulted: Iterable[str]) -> bool:
    """Whether new sums, beside the earlier ones, tell of too few members together.

    Whether a member with other data is another one or still itself: neither may be told.
    """
    known = set(faulted)
    return any(_tells(earlier, new, known, apart=apart) for apart in (False, True))


def _tells(earlier: list[Plain], new: list[Plain], known: set[str], *, apart: bool) -> bool:
    sums = [_units(one, apart=apart, known=known) for one in (*earlier, *new)]
    before = _classes(sums[: len(earlier)])
    for group in _classes(sums):
        quorums = [one["quorum"] for one, units in zip((*earlier, *new), sums, strict=True) if group <= units]
        if group not in before and len(group) < max(3, *quorums):
            return True
    return False


def _units(one: Plain, *, apart: bool, known: set[str]) -> set[Unit]:
    """What of a sum is told of as one: members, or members with their data."""
    pairs = zip(one["members"], one["data"], strict=True)
    return {(name, data if apart else b"") for name, data in pairs if name not in known}


def _classes(sums: list[set[Unit]]) -> list[frozenset[Unit]]:
    """The units of some sums, together with those that are in the same of them."""
    units = set[Unit]().union(*sums)
    alike = {unit: frozenset(at for at, there in enumerate(sums) if unit in there) for unit in units}
    return [frozenset(unit for unit in units if alike[unit] == key) for key in set(alike.values())]
