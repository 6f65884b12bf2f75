"""What is particular to masked rounds, as pure functions: who shares with whom, and what shares show.

Source: Bonawitz et al. 2017, "Practical secure aggregation", and Bell et al. 2020, with what makes it hold
without a server in the middle: every step stands on the ledger, and shares are committed to one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from msgspec.structs import replace

from consortia.base.codec import Malformed, encode
from consortia.base.hashing import tagged
from consortia.base.sealing import check_public, public_of
from consortia.base.shares import Kind, seed_hash, share_hash
from consortia.exact import graph as graphs
from consortia.exact.shamir import ShamirError, recover
from consortia.modules.training.types import (
    MASKED_MIN,
    Accusation,
    Cohort,
    Complaint,
    Dealing,
    Names,
    PlainShares,
    Revealed,
    Round,
    RoundKeys,
    SealedShares,
    Secret,
    Share,
)


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
    """Those of the names that can be summed; in a sum of fewer than three nobody.

    They are the most of whose neighbourhood t, the threshold, are among them too. With fewer holders a
    secret could not be had. And of a member of a cohort all masks are lifted but those with its neighbours
    in the cohort: with t - 1 of these, fewer colluders do not know them all.
    """
    given = frozenset(names)
    return tuple(sorted(name for each in sums(this) for name in _core(this, given.intersection(each))))


def _core(this: Round, left: frozenset[str]) -> frozenset[str]:
    """What is left of the members of one sum once nobody is left with too few of its neighbours."""
    while True:
        kept = frozenset(
            name
            for name in left
            if len(left.intersection(neighbourhood(this, name))) >= threshold(this, name)
        )
        if kept == left:
            return left if len(left) >= MASKED_MIN else frozenset()
        left = kept


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


def held(this: Round, holder: str) -> Names:
    """The dealers whose shares a holder holds, itself among them."""
    return tuple(name for name in neighbourhood(this, holder) if name in this.dealers)


def complaints_end(this: Round) -> int:
    """The block time until which holders may complain: half of the step."""
    return this.time + (this.deadline - this.time) // 2


def answers_end(this: Round) -> int:
    """The block time until which dealers may answer: then a quarter of the step is left to those answered."""
    return this.time + (this.deadline - this.time) * 3 // 4


def waiting(complaints: Mapping[Accusation, Complaint], submitted: Iterable[str]) -> tuple[Accusation, ...]:
    """The complaints that wait for an answer: of holders who have none, nor submitted all the same."""
    content = frozenset(submitted)
    return tuple(each for each, one in complaints.items() if one.answer is None and each[1] not in content)


def are_dealt(this: Round, entry: SealedShares, shares: PlainShares, dealer: str, holder: str) -> bool:
    """Whether both shares are those that their dealer committed to for this holder."""
    seed = share_hash(this.id, dealer, holder, "seed", salt=shares.seed_salt, share=shares.seed_share)
    key = share_hash(this.id, dealer, holder, "key", salt=shares.key_salt, share=shares.key_share)
    return (seed, key) == (entry.seed, entry.key)


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


@dataclass(frozen=True, slots=True)
class Told:
    """What the sums of a try are held against.

    `earlier` are the sums that were asked for in its query, by any study; `own` the earlier tries of its
    round whose cohort was fixed, in their order. `data` is the commitment to what each member trains on,
    `quorum` the study's, and `faulted` are those whose updates are protected no more.
    """

    earlier: tuple[Cohort, ...]
    own: tuple[Round, ...]
    data: Mapping[str, bytes]
    quorum: int
    faulted: Names


def asking(this: Round, cohort: Names, told: Told) -> tuple[Cohort, ...]:
    """What a cohort's sums are written down as: one entry for each.

    The members of a round in groups agreed to sums of three, those of any other to sums of the quorum.
    """
    chosen = frozenset(cohort)
    found = [tuple(name for name in each if name in chosen) for each in sums(this)]
    least = MASKED_MIN if this.group else told.quorum
    return tuple(
        Cohort(members, tuple(told.data[name] for name in members), least) for members in found if members
    )


def written(earlier: Iterable[Cohort], new: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """All sums of a query, each once, in the order in which they were first asked for."""
    found: dict[tuple[Names, tuple[bytes, ...]], Cohort] = {}
    for one in (*earlier, *new):
        before = found.get((one.members, one.data), one)
        found[one.members, one.data] = max(before, one, key=lambda each: each.quorum)
    return tuple(found.values())


def begun(own: Iterable[Round]) -> frozenset[str]:
    """The members of sums that a study asked for and may have to ask for again, from all of them.

    They are waited for though they were absent, as far as they come in a try: without one of them its sum
    could not be told.
    """
    return frozenset(name for one in own for name in one.cohort)


def repeated(this: Round, own: Iterable[Round]) -> Round | None:
    """The first try of this round over just the dealers of this one, or None: its sum is asked for once more.

    Its members then send again, byte for byte, what they sent: nothing new is told, and nothing charged.
    """
    if this.group:  # groups are drawn anew in every try
        return None
    return next((one for one in own if one.cohort == this.dealers), None)


def dealers_of(this: Round, dealt: Iterable[str], told: Told) -> Names | None:
    """Whose shares count of those who dealt; None where they are too few, or their sum may not be told.

    They are 1. just the cohort of an earlier try of the round: the same sum again; 2. all who can be summed,
    if their sum may be told; 3. just the cohort of an earlier sum of any study, over the same data. So
    whoever came back late does not stop a sum that was begun without it.
    """
    there = counted(this, dealt)
    again = _whole(this, there, told, (one.cohort for one in told.own))
    if again:
        return again[0]
    if len(there) >= told.quorum and not told_apart(told.earlier, asking(this, there, told), told.faulted):
        return there
    same = [one.members for one in told.earlier if one.data == tuple(map(told.data.get, one.members))]
    return next(iter(_whole(this, there, told, same)), None)


def _whole(this: Round, there: Names, told: Told, cohorts: Iterable[Names]) -> list[Names]:
    """The cohorts that are there as a whole, and can be summed by themselves; the largest first."""
    if this.group:
        return []
    found = sorted({one for one in cohorts if len(one) >= told.quorum}, key=lambda one: (-len(one), one))
    return [one for one in found if set(one) <= set(there) and counted(this, one) == one]


def told_apart(earlier: Iterable[Cohort], new: Iterable[Cohort], faulted: Names) -> Names:
    """Members, too few, whom new sums set apart beside the earlier ones of their query; none, if they may be.

    Whatever is added up or taken off from sums counts members alike who were always summed together. So
    nothing is told of fewer members than the smallest such group has; and new sums may leave none, split or
    new, that is below three, or below the quorum to which its members agreed. (Of two members each knows its
    own update, and so would the other's.) This holds twice over: with a member whose data changed as the same
    one, since little may have changed, and as another one, since what changed would be told. Faulted members
    do not count: what they falsified is kept from nobody.
    """
    old, after = tuple(earlier), tuple(new)
    whoever = [replace(one, data=(b"",) * len(one.data)) for one in (*old, *after)]
    return _apart(whoever, len(old), faulted) or _apart((*old, *after), len(old), faulted)


def _apart(cohorts: Sequence[Cohort], before: int, faulted: Names) -> Names:
    """As `told_apart`, with members that have different data as different ones; `before` sums are earlier."""
    known = frozenset(faulted)
    parts = [
        frozenset(part for part in zip(one.members, one.data, strict=True) if part[0] not in known)
        for one in cohorts
    ]
    groups: dict[tuple[int, ...], list[str]] = {}
    for part in sorted(frozenset().union(*parts)):
        among = tuple(at for at, one in enumerate(parts) if part in one)
        groups.setdefault(among, []).append(part[0])
    earlier = {among: tuple(at for at in among if at < before) for among in groups}
    for among, group in groups.items():
        changed = not earlier[among] or list(earlier.values()).count(earlier[among]) > 1
        if changed and len(group) < max(MASKED_MIN, *(cohorts[at].quorum for at in among)):
            return tuple(group)
    return ()
