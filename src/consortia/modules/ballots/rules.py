"""The rules of an election as pure functions of its records."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from consortia.base.group import NEUTRAL
from consortia.base.hashing import tagged
from consortia.base.setcommit import root
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.elgamal import Ciphertext, difference, sum_of, threshold
from consortia.modules.ballots.types import (
    BALLOTS_MIN,
    DURATION_MILLISECONDS_MAX,
    VOTER_TAG,
    Election,
    Kept,
    Key,
    Progress,
    Times,
    Trustee,
)

NOTHING = Ciphertext(NEUTRAL, NEUTRAL)
"""The sum of no ciphertexts."""


def are_times(times: Times, now: int) -> bool:
    """Whether times rise from now on, and do not reach too far."""
    ends = (now, *times.rising())
    return all(one < other for one, other in pairwise(ends)) and ends[-1] <= now + DURATION_MILLISECONDS_MAX


def needed(election: Election) -> int:
    """How many trustees it takes."""
    return threshold(len(election.trustees))


def index(election: Election, trustee: str) -> int:
    """A trustee's index, from 1."""
    return election.trustees.index(trustee) + 1


def begun(election: Election, trustees: Mapping[str, Trustee]) -> Key | None:
    """The key of the dealers that opened and were not disqualified, or None where they are too few."""
    dealings = {
        name: [each.point for each in trustee.dealing.coefficients]
        for name, trustee in trustees.items()
        if trustee.dealing is not None and trustee.accuser is None
    }
    if len(dealings) < needed(election):
        return None
    commitments = ceremony.combined(list(dealings.values()))
    return None if commitments[0] == NEUTRAL else Key(commitments, tuple(dealings))


def terms(network: bytes, election: Election, key: Key) -> ballot.Terms:
    """What ballots and decryptions are bound to."""
    return ballot.Terms(
        network=network,
        election=election.id,
        subject=election.subject,
        electorate=ballot.electorate_root(election.voters),
        key=key.commitments[0],
        choices=election.choices,
    )


def replaced(
    sums: Sequence[Ciphertext], earlier: ballot.Ballot | None, later: ballot.Ballot
) -> tuple[Ciphertext, ...]:
    """The sums with a voter's later ballot in the place of the earlier one."""
    if earlier is not None:
        pairs = zip(sums, earlier.choices, strict=True)
        sums = [difference(one, each.ciphertext) for one, each in pairs]
    return tuple(sum_of(one, each.ciphertext) for one, each in zip(sums, later.choices, strict=True))


def ballots_root(hashes: Mapping[str, bytes]) -> bytes:
    """The set hash over H("consortia/voter", name) -> ballot's hash."""
    return root({tagged(VOTER_TAG, voter.encode()): one for voter, one in hashes.items()})


def closed_sum(
    election: Election, progress: Progress, kept: Mapping[str, Kept]
) -> tuple[bytes, bytes | None]:
    """The ballots' root, and the name of the sum to decrypt: None with fewer than five ballots."""
    ballots = ballots_root({voter: one.hash for voter, one in kept.items()})
    if len(kept) < BALLOTS_MIN:
        return ballots, None
    return ballots, decryption.aggregate_hash(election.id, len(kept), ballots, progress.sums)


def verification_key(election: Election, key: Key, trustee: str) -> bytes:
    """What a trustee's part is checked under."""
    return ceremony.evaluated(key.commitments, index(election, trustee))


def counted(
    election: Election, progress: Progress, parts: Mapping[str, decryption.Partial]
) -> tuple[int, ...] | None:
    """The counts, once a threshold of trustees gave their parts; None before."""
    if len(parts) < needed(election):
        return None
    used = {index(election, name): parts[name] for name in sorted(parts)[: needed(election)]}
    return decryption.counted(progress.sums, used, progress.ballots)
