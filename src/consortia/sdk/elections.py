"""Secret elections from outside: a ballot made, an election counted again, a count in one proof file."""

import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec.structs import replace

from consortia.base.codec import U32, Digest, Malformed, Name, R, Record, encode_record
from consortia.base.group import ORDER, read_scalar, write_scalar
from consortia.exact.ballot import Ballot, Terms, make_ballot, nonces_needed
from consortia.exact.elgamal import Element, Scalar
from consortia.kernel.proof import Proof, parse_proof
from consortia.modules.ballots.evidence import Cast, Count, Dealer, Decrypted
from consortia.modules.ballots.queries import BallotsView, ById, ElectionView, TrusteesView
from consortia.modules.ballots.state import PROGRESS
from consortia.modules.ballots.types import Choices


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


class Challenged(Record, frozen=True):
    """A ballot that was made and never cast, with all that it was made from: anybody can make it again."""

    network: Digest
    election: Digest
    subject: Digest
    electorate: Digest
    key: Element
    choices: Choices
    voter: Name
    chosen: U32
    nonces: tuple[Scalar, ...]
    ballot: Ballot


def challenged(terms: Terms, voter: str, chosen: int, nonces: Sequence[int], made: Ballot) -> Challenged:
    """What a client gives when its ballot is challenged."""
    return Challenged(
        network=terms.network,
        election=terms.election,
        subject=terms.subject,
        electorate=terms.electorate,
        key=terms.key,
        choices=terms.choices,
        voter=voter,
        chosen=chosen,
        nonces=tuple(write_scalar(each) for each in nonces),
        ballot=made,
    )


def check_challenged(found: Challenged) -> str:
    """The choice that a challenged ballot holds; raises Malformed where it is not made of what it shows."""
    bound = (found.network, found.election, found.subject, found.electorate, found.key)
    terms = Terms(*bound, choices=found.choices)
    try:
        nonces = [read_scalar(each) for each in found.nonces]
        made = make_ballot(terms, found.voter, found.chosen, nonces)
    except ValueError as error:
        raise Malformed(f"no ballot can be made from this: {error}") from None
    if made != found.ballot:
        raise Malformed("the ballot is not the one that its choice and its nonces make: this client cheats")
    return found.choices[found.chosen]
