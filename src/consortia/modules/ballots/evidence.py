"""A whole election in one record, from which anybody counts again, given a proof of the count's entry.

The entry is `progress` of the election. What is checked is numbered in `recount`. That each ballot was signed
by its voter's key is not shown again: more than two thirds of the members say so, who cosigned the entry.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Malformed, Name, Record
from consortia.base.order import is_sorted
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.ballot import Ballot
from consortia.exact.ceremony import Coefficients
from consortia.exact.decryption import Partial
from consortia.exact.elgamal import TRUSTEES_MAX, Unsound
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.module import Evidence
from consortia.kernel.table import Part
from consortia.modules.ballots import rules
from consortia.modules.ballots.state import PROGRESS
from consortia.modules.ballots.types import BALLOTS_MIN, Election, Key, Progress


class Dealer(Record, frozen=True):
    """What a qualified dealer opened."""

    name: Name
    coefficients: Coefficients


class Cast(Record, frozen=True):
    """The ballot of a voter that counts."""

    voter: Name
    ballot: Ballot


class Decrypted(Record, frozen=True):
    """A trustee's part of the decryption."""

    trustee: Name
    partial: Partial


class Count(Record, frozen=True):
    """An election with all that its count follows from, each sorted by name."""

    election: Election
    dealers: Annotated[tuple[Dealer, ...], Meta(max_length=TRUSTEES_MAX)]
    ballots: Annotated[tuple[Cast, ...], Meta(max_length=MEMBERS_MAX)]
    parts: Annotated[tuple[Decrypted, ...], Meta(max_length=TRUSTEES_MAX)]


def recount(network: bytes, progress: Progress, found: Count) -> str:
    """Count an election again, and say what came out; raises Malformed where it is not the entry's count.

    1. The terms are those of the entry, and the entry has a count.
    2. The qualified dealers know their coefficients, which add up to the key.
    3. Every ballot is of a voter, one each, and holds one choice.
    4. Their root, their number and their sums are the entry's, and so is the sum's name.
    5. Every part is of a trustee, one each, and was made with its secret; there are enough.
    6. The parts open the sum to the entry's counts.
    """
    election, key = found.election, progress.key
    if election.terms() != progress.terms:  # 1
        raise Malformed("the election is not the one that the entry is of")
    if key is None or progress.sum is None or progress.counts is None:
        raise Malformed("the election has no count")
    try:
        _dealers(election, key, found)  # 2
        _ballots(network, election, key, found)  # 3
        _sums(election, progress, found)  # 4
        parts = _parts(network, progress, key, found)  # 5
        counts = rules.counted(election, progress, parts)  # 6
    except Unsound as unsound:
        raise Malformed(str(unsound)) from None
    if counts != progress.counts:
        raise Malformed(f"the parts open the sum to {counts}, not to {progress.counts}")
    told = ", ".join(f"{name} {count}" for name, count in zip(election.choices, counts, strict=True))
    return f"counted again from {progress.ballots} ballots and {len(parts)} parts: {told}"


def _dealers(election: Election, key: Key, found: Count) -> None:
    if tuple(dealer.name for dealer in found.dealers) != key.qualified:
        raise Malformed("the dealers are not those that qualified")
    for dealer in found.dealers:
        ceremony.check_coefficients(election.id, dealer.name, dealer.coefficients, rules.needed(election))
    points = [[each.point for each in dealer.coefficients] for dealer in found.dealers]
    if ceremony.combined(points) != key.commitments:
        raise Malformed("the dealers' coefficients do not add up to the key")


def _ballots(network: bytes, election: Election, key: Key, found: Count) -> None:
    voters = [each.voter for each in found.ballots]
    if not is_sorted(voters) or not set(voters) <= set(election.voters):
        raise Malformed("the ballots are not of voters, one each")
    terms = rules.terms(network, election, key)
    for each in found.ballots:
        try:
            ballot.check_ballot(terms, each.voter, each.ballot)
        except Unsound as unsound:
            raise Malformed(f"the ballot of {each.voter}: {unsound}") from None


def _sums(election: Election, progress: Progress, found: Count) -> None:
    sums = tuple(rules.NOTHING for _ in election.choices)
    for each in found.ballots:
        sums = rules.replaced(sums, None, each.ballot)
    root = rules.ballots_root({each.voter: each.ballot.hash() for each in found.ballots})
    count = len(found.ballots)
    if (root, count, sums) != (progress.root, progress.ballots, progress.sums) or count < BALLOTS_MIN:
        raise Malformed("the ballots are not those of the entry, or too few")
    if decryption.aggregate_hash(election.id, count, root, sums) != progress.sum:
        raise Malformed("the entry names another sum")


def _parts(network: bytes, progress: Progress, key: Key, found: Count) -> Mapping[str, Partial]:
    election = found.election
    names = [each.trustee for each in found.parts]
    if not is_sorted(names) or not set(names) <= set(election.trustees):
        raise Malformed("the parts are not of trustees, one each")
    if len(names) < rules.needed(election):
        raise Malformed(f"{len(names)} parts, it takes {rules.needed(election)}")
    terms, pads = rules.terms(network, election, key), [each.pad for each in progress.sums]
    for each in found.parts:
        decryption.check_partial(
            terms,
            progress.sum or b"",
            each.trustee,
            key=rules.verification_key(election, key, each.trustee),
            pads=pads,
            partial=each.partial,
        )
    return {each.trustee: each.partial for each in found.parts}


def _check(network: bytes, parts: tuple[Part, ...], progress: Progress, found: Count) -> str:
    if parts != (found.election.id,):
        raise Malformed("the election is not the one that the entry is of")
    return recount(network, progress, found)


EVIDENCE = (
    Evidence(PROGRESS, Count, _check, "An election with all its ballots and parts, to count it again."),
)
