"""What is particular to masked rounds, as pure functions: who shares with whom, and what shares show.

Source: Bonawitz et al. 2017, "Practical secure aggregation", and Bell et al. 2020, with what makes it hold
without a server in the middle: every step stands on the ledger, and shares are committed to one by one.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache

from consortia.base.codec import Malformed, encode
from consortia.base.hashing import tagged
from consortia.base.sealing import agree, check_public, open_sealed, public_of
from consortia.base.shares import (
    Bundle,
    Kind,
    sealing_info,
    seed_hash,
    share_hash,
    unpack_bundle,
)
from consortia.exact import graph as graphs
from consortia.exact.shamir import ShamirError, recover
from consortia.modules.training.types import (
    MASKED_MIN,
    Cohort,
    Dealing,
    Names,
    Revealed,
    Round,
    RoundKeys,
    SealedShares,
    Secret,
    Share,
)

_ZERO = Fraction(0)


def graph_seed(round_id: bytes, keys: Mapping[str, RoundKeys]) -> bytes:
    """H("consortia/round-graph", encoded [round id, rows]), a row being [member, masking, sealing, seed]."""
    rows = [[name, one.masking, one.sealing, one.seed] for name, one in sorted(keys.items())]
    return tagged("consortia/round-graph", encode([round_id, rows]))


def neighbourhood(this: Round, member: str) -> Names:
    """Who holds shares of a member's secrets in a round, and whose it holds: itself among them, by name."""
    if this.graph is None or member not in this.keyed:
        return ()
    return tuple(this.keyed[index] for index in rows(this)[this.keyed.index(member)])


def rows(this: Round) -> tuple[tuple[int, ...], ...]:
    """For each of those with keys, by its place among them, its neighbourhood; of a round with a graph."""
    return () if this.graph is None else _rows(len(this.keyed), this.graph, this.group)


@lru_cache(maxsize=64)
def _rows(count: int, seed: bytes, group: int) -> tuple[tuple[int, ...], ...]:
    if not group:
        return graphs.neighbours(count, seed)
    within = {index: each for each in graphs.groups(count, group, seed) for index in each}
    return tuple(within[index] for index in range(count))


def sums(this: Round) -> tuple[Names, ...]:
    """The members whose updates make one sum: all with keys, or those of each group in the groups' order."""
    if this.graph is None or not this.group:
        return (this.keyed,)
    found = graphs.groups(len(this.keyed), this.group, this.graph)
    return tuple(tuple(this.keyed[index] for index in each) for each in found)


def point(this: Round, member: str) -> int:
    """Where a holder's shares lie on the dealers' polynomials: its place among those with keys, from 1."""
    return this.keyed.index(member) + 1


def threshold(this: Round, member: str) -> int:
    """How many holders' shares give a member's secret: floor(2k / 3) + 1 of k, the dealer among them."""
    return graphs.threshold(len(neighbourhood(this, member)))


def counted(this: Round, names: Iterable[str]) -> Names:
    """Those of the names that can be summed: of every sum with as many of them as recover its secrets.

    Fewer than that, or than three, are left out together.
    """
    given = frozenset(names)
    found: list[str] = []
    for members in sums(this):
        present = [name for name in members if name in given]
        if members and len(present) >= max(MASKED_MIN, threshold(this, members[0])):
            found += present
    return tuple(sorted(found))


def concerned(this: Round) -> Names:
    """The dealers whose secrets lift the masks: of every sum that somebody in the cohort is in."""
    summed = frozenset(name for each in sums(this) if set(each) & set(this.cohort) for name in each)
    return tuple(name for name in this.dealers if name in summed)


def keys_fit(masking: bytes, sealing: bytes, others: Iterable[RoundKeys] = ()) -> bool:
    """Whether both are X25519 keys in their one spelling, of large order, different, and nobody else's."""
    try:
        check_public(masking)
        check_public(sealing)
    except Malformed:
        return False
    taken = {key for one in others for key in (one.masking, one.sealing)}
    return masking != sealing and masking not in taken and sealing not in taken


def entry(this: Round, dealing: Dealing, dealer: str, holder: str) -> SealedShares:
    """What a dealer dealt to a holder."""
    return dealing.shares[neighbourhood(this, dealer).index(holder)]


def opened(
    this: Round,
    keys: Mapping[str, RoundKeys],
    entry: SealedShares,
    *,
    dealer: str,
    holder: str,
    private: bytes,
) -> Bundle | None:
    """A holder's bundle, opened with its private sealing key; None where the dealer is at fault.

    At fault is a dealer whose sealed shares do not open, or are not those that it committed to.
    """
    info = sealing_info(this.id, dealer, holder)
    try:
        bundle = unpack_bundle(open_sealed(agree(private, keys[dealer].sealing, info), entry.sealed, info))
    except Malformed:
        return None
    seed = share_hash(this.id, dealer, holder, "seed", salt=bundle.seed_salt, share=bundle.seed_share)
    key = share_hash(this.id, dealer, holder, "key", salt=bundle.key_salt, share=bundle.key_share)
    return bundle if (seed, key) == (entry.seed, entry.key) else None


def is_key(private: bytes, public: bytes) -> bool:
    """Whether a private X25519 key is that of a public one."""
    return public_of(private) == public


def kind_due(this: Round, dealer: str) -> Kind:
    """Which of a dealer's secrets is revealed: its seed when its update is in the cohort, else its key."""
    return "seed" if dealer in this.cohort else "key"


def is_dealt(this: Round, entry: SealedShares, share: Share, holder: str) -> bool:
    """Whether a revealed share is the one that its dealer committed to for this holder, of the kind due."""
    kind = kind_due(this, share.dealer)
    committed = entry.seed if kind == "seed" else entry.key
    found = share_hash(this.id, share.dealer, holder, kind, salt=share.salt, share=share.share)
    return found == committed


def enough(this: Round, revealed: Mapping[str, Revealed]) -> bool:
    """Whether of every dealer concerned as many shares are revealed as give its secret."""
    counts = dict.fromkeys(this.dealers, 0)
    for one in revealed.values():
        for share in one.shares:
            counts[share.dealer] += 1
    return all(counts[name] >= threshold(this, name) for name in concerned(this))


def secrets(
    this: Round, keys: Mapping[str, RoundKeys], revealed: Mapping[str, Revealed]
) -> dict[str, Secret | None]:
    """The secret of each dealer concerned from the revealed shares; None where its keys fixed another."""
    shares: dict[str, dict[int, bytes]] = {name: {} for name in this.dealers}
    for holder, one in revealed.items():
        for share in one.shares:
            shares[share.dealer][point(this, holder)] = share.share
    return {name: _secret(this, name, keys[name], shares[name]) for name in concerned(this)}


def _secret(this: Round, dealer: str, keys: RoundKeys, shares: Mapping[int, bytes]) -> Secret | None:
    kind = kind_due(this, dealer)
    try:
        value = recover(shares, threshold(this, dealer))
    except ShamirError:
        return None
    held = seed_hash(this.id, dealer, value) == keys.seed if kind == "seed" else is_key(value, keys.masking)
    return Secret(kind, value) if held else None


def asking(this: Round, cohort: Names) -> tuple[Cohort, ...]:
    """What a cohort's sums are written down as: one entry for each."""
    chosen = frozenset(cohort)
    found = [tuple(name for name in each if name in chosen) for each in sums(this)]
    return tuple(Cohort(this.study, this.id, members) for members in found if members)


def repeated(this: Round, earlier: tuple[Cohort, ...]) -> Cohort | None:
    """The sum that a try asks for once more: an earlier one of the same study over just its dealers, or None.

    Its members then send again, byte for byte, what they sent: nothing new is told, and nothing charged.
    """
    if this.group:  # groups are drawn anew in every try
        return None
    return next((one for one in earlier if one.study == this.study and one.members == this.dealers), None)


def singled_out(sums: Iterable[Names], known: Names) -> str | None:
    """A member whose update follows from sums over these members and from the updates of `known`, or None.

    Sums and differences of what was summed give just the rational combinations of the cohorts' vectors of
    zeros and ones; a member's update is among them where its unit vector is a row of their reduced form.
    """
    rows: dict[str, dict[str, Fraction]] = {}
    for members in (*((name,) for name in known), *sums):
        _reduce_in(rows, dict.fromkeys(members, Fraction(1)))
    return next((name for name, row in rows.items() if len(row) == 1 and name not in known), None)


def _reduce_in(rows: dict[str, dict[str, Fraction]], row: dict[str, Fraction]) -> None:
    """Take a row into a reduced form, in which each row leads with a 1 that stands in no other."""
    for lead in [name for name in row if name in rows]:
        row = _less(row, rows[lead], row[lead])
    if not row:
        return
    lead = min(row)
    inverse = Fraction(row[lead].denominator, row[lead].numerator)
    row = {name: value * inverse for name, value in row.items()}
    for other, one in rows.items():
        if lead in one:
            rows[other] = _less(one, row, one[lead])
    rows[lead] = row


def _less(row: dict[str, Fraction], other: dict[str, Fraction], times: Fraction) -> dict[str, Fraction]:
    found = {name: row.get(name, _ZERO) - times * other.get(name, _ZERO) for name in {**row, **other}}
    return {name: value for name, value in found.items() if value}
