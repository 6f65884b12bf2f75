"""Secret elections from outside: a ballot made, an election counted again, a count in one proof file."""

import secrets
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from consortia.base.codec import R, Record, encode_record
from consortia.base.group import ORDER
from consortia.exact.ballot import nonces_needed
from consortia.kernel.proof import Proof, parse_proof
from consortia.modules.ballots.evidence import Cast, Count, Dealer, Decrypted
from consortia.modules.ballots.queries import BallotsView, ById, ElectionView, TrusteesView
from consortia.modules.ballots.state import PROGRESS


class Ask(Protocol):
    """Asks a node, such as `Client.query`."""

    def __call__(self, name: str, arguments: Record, kind: type[R], /) -> R:
        """The answer to `module.query`."""
        ...


def draw_nonces(choices: int, draw: Callable[[int], int] = secrets.randbelow) -> list[int]:
    """Fresh nonces for one ballot of so many choices; `draw(n)` gives a uniform number below n."""
    return [1 + draw(ORDER - 1) for _ in range(nonces_needed(choices))]


def gathered(ask: Ask, election: bytes) -> Count:
    """All that an election's count follows from. Raise LookupError when there is no count yet."""
    view = ask("ballots.election", ById(election), ElectionView)
    if view.election is None or view.progress is None or view.progress.counts is None:
        raise LookupError(f"election {election.hex()} has no count, or not yet")
    key = view.progress.key
    made = ask("ballots.trustees", ById(election), TrusteesView)
    cast = ask("ballots.ballots", ById(election), BallotsView)
    qualified = () if key is None else key.qualified
    return Count(
        election=view.election,
        dealers=tuple(
            Dealer(each.name, each.trustee.dealing.coefficients)
            for each in made.trustees
            if each.trustee.dealing is not None and each.name in qualified
        ),
        ballots=tuple(Cast(each.voter, each.kept.ballot) for each in cast.ballots),
        parts=tuple(Decrypted(each.name, each.part.partial) for each in made.parts),
    )


def count_key(election: bytes) -> bytes:
    """The state key of the entry that a proof of a count is of."""
    return PROGRESS.state_key(election)


def with_count(proof: bytes, found: Count) -> bytes:
    """The proof of a count's entry with all that the count follows from, as one file."""
    bare = parse_proof(proof)
    extra = replace(bare.extra, evidence=encode_record(found))
    return Proof(extra, bare.index, bare.path, bare.note).encode()
