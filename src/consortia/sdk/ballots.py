"""Secret ballots for programs: the elections of a network, the own ballot, the counts.

ledger.ballots.cast(proposal.id, "yes")
ledger.ballots.counts(proposal.id)
"""

from collections.abc import Mapping

from consortia.exact.ballot import make_ballot
from consortia.modules.ballots.messages import Cast
from consortia.modules.ballots.queries import ElectionPage, ElectionView, ListElections
from consortia.modules.ballots.rules import terms
from consortia.modules.ballots.types import Election, Progress
from consortia.sdk.access import Access, Way
from consortia.sdk.elections import draw_nonces
from consortia.sdk.errors import LedgerError
from consortia.sdk.paging import PAGE, pages


class Ballots:
    """Elections in which nobody sees who chose what. A refusal is a `TransactionRefused` with its code.

    An election is named by its id or by what it decides on: the id of a proposal whose class is secret.
    """

    def __init__(self, access: Access, member: str) -> None:
        self._access, self._member = access, member

    def list(self) -> list[ElectionView]:
        """All elections, by id."""
        return all_elections(self._access)

    def get(self, which: bytes) -> tuple[Election, Progress]:
        """An election and how far it is; raises LedgerError where there is none."""
        for view in self.list():
            one, progress = view.election, view.progress
            if one is not None and progress is not None and which in (one.id, one.subject):
                return one, progress
        raise LedgerError(f"there is no election {which.hex()}, nor one about it")

    def cast(self, which: bytes, choice: str) -> bytes:
        """Cast the member's ballot for a choice, in the place of an earlier one; gives the ballot's hash."""
        election, progress = self.get(which)
        if progress.key is None:
            raise LedgerError("the trustees have not made the key yet")
        if choice not in election.choices:
            raise LedgerError(f"there is no choice {choice!r}, but {', '.join(election.choices)}")
        bound = terms(self._access.network, election, progress.key)
        nonces = draw_nonces(len(election.choices))
        made = make_ballot(bound, self._member, election.choices.index(choice), nonces)
        self._access.submit(Cast(election.id, made))
        return made.hash()

    def counts(self, which: bytes) -> Mapping[str, int] | None:
        """The ballots for each choice; None while there is no count. Raises LedgerError where it failed."""
        election, progress = self.get(which)
        if progress.failure is not None:
            raise LedgerError(f"the election failed: {progress.failure}")
        if progress.counts is None:
            return None
        return dict(zip(election.choices, progress.counts, strict=True))


def all_elections(way: Way) -> list[ElectionView]:
    """All elections of the network, by id."""
    found = pages(way.query, "ballots.elections", lambda after: ListElections(after, PAGE), ElectionPage)
    return [election for page in found for election in page.elections]
