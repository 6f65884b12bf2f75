"""Elections for tests, vectors and benchmarks: trustees whose secrets are hashes of names, and voters.

    trust = Trust(election, ("east", "north", "south"))
    terms = trust.terms(network, subject, voters, ("yes", "no"))
    ballot = cast(terms, "east", 1)

Everything follows from the election's id and the names, so a run replays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from consortia.base.group import ORDER, write_scalar
from consortia.base.hashing import tagged
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.elgamal import Ciphertext, Proof, sum_of, threshold


def number(*parts: object) -> int:
    """A scalar that stands for a random one, always the same for the same parts."""
    text = "/".join(each.hex() if isinstance(each, bytes) else str(each) for each in parts)
    return 1 + int.from_bytes(tagged("consortia/vector", text.encode()), "big") % (ORDER - 1)


def numbers(count: int, *parts: object) -> list[int]:
    """So many of them."""
    return [number(*parts, place) for place in range(count)]


@dataclass
class Trust:
    """The trustees of one election and all their secrets. `qualified` are the dealers that count."""

    election: bytes
    trustees: tuple[str, ...]
    qualified: tuple[str, ...] = ()
    silent: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """All who are not silent qualify, unless it is said who does."""
        heard = tuple(name for name in self.trustees if name not in self.silent)
        self.qualified = self.qualified or heard

    @property
    def needed(self) -> int:
        """The threshold."""
        return threshold(len(self.trustees))

    def index(self, name: str) -> int:
        """A trustee's index, from 1."""
        return self.trustees.index(name) + 1

    def sealing_secret(self, name: str) -> int:
        """The secret of a trustee's sealing key."""
        return number(self.election, "seal", name)

    def sealing(self, name: str) -> tuple[bytes, Proof]:
        """A trustee's sealing key with its proof."""
        return ceremony.sealing_key(
            self.election, name, self.sealing_secret(name), number(self.election, "w", name)
        )

    def polynomial(self, name: str) -> list[int]:
        """A dealer's secret coefficients."""
        return numbers(self.needed, self.election, "poly", name)

    def coefficients(self, name: str) -> tuple[ceremony.Coefficient, ...]:
        """A dealer's commitments to them."""
        nonces = numbers(self.needed, self.election, "poly-w", name)
        return ceremony.coefficients(self.election, name, self.polynomial(name), nonces)

    def commitment(self, name: str) -> bytes:
        """What a dealer commits to first."""
        return ceremony.dealing_hash(self.election, name, self.coefficients(name))

    def share(self, dealer: str, holder: str) -> int:
        """The share that a dealer owes a holder."""
        return ceremony.share_at(self.polynomial(dealer), self.index(holder))

    def sealed(self, dealer: str, holder: str, *, wrong: bool = False) -> ceremony.SealedShare:
        """That share, sealed; a wrong one from a dishonest dealer."""
        return ceremony.seal_share(
            self.election,
            dealer,
            holder,
            key=self.sealing(holder)[0],
            share=(self.share(dealer, holder) + wrong) % ORDER,
            nonce=number(self.election, "share", dealer, holder),
        )

    def complaint(self, dealer: str, holder: str, sealed: ceremony.SealedShare) -> tuple[bytes, Proof]:
        """A holder's complaint about a share."""
        return ceremony.complaint(
            self.election,
            dealer,
            holder,
            secret=self.sealing_secret(holder),
            sealed=sealed,
            nonce=number(self.election, "complaint", dealer, holder),
        )

    @cached_property
    def commitments(self) -> tuple[bytes, ...]:
        """The qualified dealers' commitments, added up."""
        dealings = [[each.point for each in self.coefficients(name)] for name in self.qualified]
        return ceremony.combined(dealings)

    def secret(self, name: str) -> int:
        """A trustee's secret: its shares of the qualified dealers, added up."""
        return sum(self.share(dealer, name) for dealer in self.qualified) % ORDER

    def verification_key(self, name: str) -> bytes:
        """What a trustee's decryptions are checked under."""
        return ceremony.evaluated(self.commitments, self.index(name))

    def terms(
        self, network: bytes, subject: bytes, voters: Sequence[str], choices: Sequence[str]
    ) -> ballot.Terms:
        """What ballots are bound to."""
        root = ballot.electorate_root(voters)
        return ballot.Terms(network, self.election, subject, root, self.commitments[0], tuple(choices))

    def partial(
        self, terms: ballot.Terms, aggregate: bytes, name: str, sums: Sequence[Ciphertext]
    ) -> decryption.Partial:
        """A trustee's part of the decryption."""
        return decryption.make_partial(
            terms,
            aggregate,
            name,
            secret=self.secret(name),
            pads=[each.pad for each in sums],
            nonce=number(aggregate, "decrypt", name),
        )


def cast(terms: ballot.Terms, voter: str, chosen: int, salt: object = 0) -> ballot.Ballot:
    """A ballot; another `salt` gives another one for the same choice."""
    nonces = numbers(ballot.nonces_needed(len(terms.choices)), terms.key, voter, chosen, salt)
    return ballot.make_ballot(terms, voter, chosen, nonces)


def summed(ballots: Sequence[ballot.Ballot]) -> tuple[Ciphertext, ...]:
    """The sum of ballots, choice by choice."""
    found = [each.ciphertext for each in ballots[0].choices]
    for one in ballots[1:]:
        found = [sum_of(kept, each.ciphertext) for kept, each in zip(found, one.choices, strict=True)]
    return tuple(found)


def forged(terms: ballot.Terms, voter: str, votes: Sequence[int]) -> ballot.Ballot:
    """A ballot that holds other numbers than one 1, proved as far as a cheat can: all but the sum is true."""
    nonces = numbers(ballot.nonces_needed(len(votes)), terms.key, voter, "forged")
    return ballot.seal_votes(terms, voter, votes, nonces)


def respelt(data: bytes) -> bytes:
    """A scalar plus the group's order: what a lenient library takes for the same."""
    return (int.from_bytes(data, "little") + ORDER).to_bytes(32, "little")


ZERO = bytes(32)
UNREDUCED = write_scalar(1)[:31] + b"\x80"
"""One, with the top bit set that lenient libraries ignore."""

TORSION = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
"""A point of order 8."""
