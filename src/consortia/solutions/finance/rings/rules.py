"""Rings of money launderers, found in transfers: by rules that say why, on accounts or on their pseudonyms.

No bank sees a ring whose accounts are at several banks: it sees its own accounts' transfers. Banks that blind
the accounts of their large transfers together (`engines.intersect`) can lay those side by side, and nobody
learns an account that it does not hold. The rules look at large transfers alone:

- *cycle*: money that comes back to where it began, over relays;
- *scatter-gather*: one account to another over three relays or more;
- *gather-scatter*: what comes in from three or more goes out to three or more at once;
- *bipartite*: two payers who pay the same three;
- *fan-in*, *fan-out*: like sums from, or to, five that never had to do with it before.

A relay passes on nearly all of what came, within three days.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from consortia.solutions.finance.rings.laundering import DAY, Transfer

LARGE = 100_000
"""Cents from which a transfer is looked at."""

WINDOW = 3 * DAY
KEPT_PERCENT = 80
"""A relay passes on at least so much of what came, and at most all."""

HOPS_MAX = 10
RELAYS_LEAST = MANY = 3
FAN_LEAST = 5
ALIKE_PERCENT = 20
"""Sums are alike within so much of their median."""

WEIGHTS = {
    "cycle": 6,
    "scatter-gather": 6,
    "gather-scatter": 5,
    "bipartite": 5,
    "fan-in": 3,
    "fan-out": 3,
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """An account or pseudonym, its score, and the rules that named it, the weightiest first."""

    account: bytes
    score: int
    reasons: tuple[str, ...]


def suspects(transfers: Iterable[Transfer]) -> list[Suspect]:
    """All accounts that a rule names, the most suspicious first; equal scores in the order of accounts."""
    found: defaultdict[bytes, set[str]] = defaultdict(set)
    moved: defaultdict[bytes, int] = defaultdict(int)
    graph = _Graph(sorted({one for one in transfers if one.amount >= LARGE and one.payer != one.payee}))
    for rule in (_cycles, _scatters, _gathers, _bipartites, _fans):
        for name, accounts in rule(graph):
            for account in accounts:
                found[account].add(name)
    for one in graph.transfers:
        moved[one.payer] += one.amount
        moved[one.payee] += one.amount
    named = [
        Suspect(
            account,
            sum(WEIGHTS[name] for name in names),
            tuple(sorted(names, key=lambda name: (-WEIGHTS[name], name))),
        )
        for account, names in found.items()
    ]
    return sorted(named, key=lambda one: (-one.score, -moved[one.account], one.account))


Named = Iterable[tuple[str, Iterable[bytes]]]


class _Graph:
    """Large transfers by payer, by payee and by pair, each in the order of time."""

    def __init__(self, transfers: Sequence[Transfer]) -> None:
        self.transfers = transfers
        self.out: defaultdict[bytes, list[Transfer]] = defaultdict(list)
        self.into: defaultdict[bytes, list[Transfer]] = defaultdict(list)
        self.pair: defaultdict[tuple[bytes, bytes], list[int]] = defaultdict(list)
        for one in transfers:
            self.out[one.payer].append(one)
            self.into[one.payee].append(one)
            self.pair[one.payer, one.payee].append(one.time)
        self._times = {account: [one.time for one in row] for account, row in self.out.items()}

    def relayed(self, one: Transfer) -> list[Transfer]:
        """The transfers by which a payee passes on what came."""
        row = self.out.get(one.payee)
        if not row:
            return []
        times = self._times[one.payee]
        later = row[bisect_right(times, one.time) : bisect_right(times, one.time + WINDOW)]
        low = one.amount * KEPT_PERCENT
        return [next_ for next_ in later if low <= next_.amount * 100 <= one.amount * 100]

    def new(self, one: Transfer) -> bool:
        """Whether the two had nothing to do with each other in large transfers but within the window."""
        times = self.pair[one.payer, one.payee]
        return times[-1] - times[0] <= WINDOW and (one.payee, one.payer) not in self.pair


def _cycles(graph: _Graph) -> Named:
    for one in graph.transfers:
        path = _back(graph, [one])
        if path:
            yield "cycle", [step.payer for step in path]


def _back(graph: _Graph, path: list[Transfer]) -> list[Transfer] | None:
    """A path of relays from its first payer back to it, or None; no account twice."""
    for step in graph.relayed(path[-1]):
        if step.payee == path[0].payer:
            return [*path, step] if len(path) > 1 else None
        if len(path) < HOPS_MAX and all(step.payee != before.payer for before in path):
            found = _back(graph, [*path, step])
            if found:
                return found
    return None


def _scatters(graph: _Graph) -> Named:
    ends: defaultdict[tuple[bytes, bytes], list[tuple[int, bytes]]] = defaultdict(list)
    for one in graph.transfers:
        for step in graph.relayed(one):
            if step.payee != one.payer:
                ends[one.payer, step.payee].append((one.time, one.payee))
    for (source, sink), relays in ends.items():
        for middles in _together(sorted(relays)):
            if len(middles) >= RELAYS_LEAST:
                yield "scatter-gather", [source, sink, *middles]


def _together(rows: Sequence[tuple[int, bytes]]) -> Iterable[frozenset[bytes]]:
    """The distinct accounts of every window that begins at a row."""
    times = [time for time, _ in rows]
    for at, time in enumerate(times):
        yield frozenset(account for _, account in rows[at : bisect_right(times, time + WINDOW)])


def _gathers(graph: _Graph) -> Named:
    for account, row in graph.into.items():
        out = [one for one in graph.out.get(account, []) if graph.new(one)]
        into = [one for one in row if graph.new(one)]
        times = [one.time for one in into]
        later = [one.time for one in out]
        for at, time in enumerate(times):
            came = into[at : bisect_right(times, time + WINDOW)]
            went = out[bisect_left(later, time) : bisect_right(later, time + WINDOW)]
            payers, payees = {one.payer for one in came}, {one.payee for one in went}
            gathered, scattered = (sum(one.amount for one in part) for part in (came, went))
            passed = gathered * KEPT_PERCENT <= scattered * 100 <= gathered * 100
            if len(payers) >= MANY and len(payees) >= MANY and passed:
                yield "gather-scatter", {account, *payers, *payees}


def _bipartites(graph: _Graph) -> Named:
    """Payers are compared where they have a payee in common; two that share three are named."""
    payees: dict[bytes, set[bytes]] = {}
    for account, row in graph.out.items():
        payees[account] = {one.payee for one in row if graph.new(one)}
    shared: defaultdict[tuple[bytes, bytes], int] = defaultdict(int)
    for row in graph.into.values():
        payers = sorted({one.payer for one in row if graph.new(one)})
        if len(payers) <= FAN_LEAST * MANY:
            for two in combinations(payers, 2):
                shared[two] += 1
    for (one, other), count in shared.items():
        if count >= MANY:
            yield "bipartite", {one, other, *(payees[one] & payees[other])}


def _fans(graph: _Graph) -> Named:
    for name, rows in (("fan-in", graph.into), ("fan-out", graph.out)):
        for account, row in rows.items():
            new = [one for one in row if graph.new(one)]
            times = [one.time for one in new]
            for at, time in enumerate(times):
                alike = _alike(new[at : bisect_right(times, time + WINDOW)])
                others = {one.payer if name == "fan-in" else one.payee for one in alike}
                if len(others) >= FAN_LEAST:
                    yield name, {account, *others}


def _alike(rows: Sequence[Transfer]) -> list[Transfer]:
    """The transfers of about the median's amount."""
    usual = sorted(one.amount for one in rows)[len(rows) // 2]
    return [one for one in rows if abs(one.amount - usual) * 100 <= usual * ALIKE_PERCENT]


def renamed(transfers: Iterable[Transfer], names: Mapping[bytes, bytes]) -> list[Transfer]:
    """Transfers with other names for their accounts, such as pseudonyms."""
    return [Transfer(one.time, names[one.payer], names[one.payee], one.amount) for one in transfers]
