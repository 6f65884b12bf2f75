"""Secret votes in a chamber: the class that asks for them, and what trustees and voters do about them."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.modules.ballots import messages as ask
from consortia.modules.governance.types import Charter, Secrecy
from consortia.modules.identity.types import Role
from consortia.testing.auditors.governance import Question
from consortia.testing.voting import Held

if TYPE_CHECKING:
    from consortia.testing.auditors.chamber import Chamber

SECOND = 1_000
CLOSED_KIND = "release"
ROLES: dict[str, Role] = {
    "commit": "trustee",
    "deal": "worker",
    "begin": "operator",
    "vote": "admin",
    "close": "operator",
    "open": "trustee",
    "end": "operator",
}
CHOSEN = (0, 0, 0, 1, 2)


def with_secret_class(charter: Charter, names: Sequence[str]) -> Charter:
    """A chamber's charter, in which models are released in secret."""
    secret = Secrecy(tuple(sorted(names)[:3]), 5 * SECOND, 8 * SECOND)
    kinds = (
        replace(one, secret=secret, extend_milliseconds=0, vote_milliseconds=10 * SECOND)
        if one.name == CLOSED_KIND
        else one
        for one in charter.classes
    )
    return replace(charter, classes=tuple(kinds))


class Urns:
    """Who does what next in the elections of a chamber: always what is due, by whom it is due."""

    def __init__(self, chamber: "Chamber", most: int) -> None:
        """In the first few elections of a chamber somebody does something; to the rest nobody comes."""
        self.chamber, self.most = chamber, most
        self.held: dict[bytes, Held] = {}

    def awaited(self) -> list[tuple[Question, str, str]]:
        """What is due now: the proposal, the step, and who may take it."""
        time, members = self.chamber.time, self.chamber.model.members
        return [
            (one, step, name)
            for one in self.chamber.model.questions.values()
            if one.urn is not None and one.record["height"] <= self.chamber.tip.height
            for step, name in one.urn.due(time, members)
            if step in ("begin", "close", "end") or self._attended(one)
        ]

    def coming(self) -> list[int]:
        """When the next steps begin of elections in which somebody does something."""
        return [
            end
            for one in self.chamber.model.questions.values()
            if one.urn is not None and one.urn.outcome is None and self._attended(one)
            for end in one.urn.ends
            if end > self.chamber.time
        ]

    def next(self, rng: Random) -> tuple[Question, str, str, int, Record] | None:
        """Something that is due, done: with what was chosen, and the message."""
        waiting = [each for each in self.awaited() if not self._done_in_this_block(each)]
        if not waiting:
            return None
        one, step, name = rng.choice(waiting[:4])
        election = one.record["election"]
        held = self.held.setdefault(election, Held(self.chamber.bench, election))
        chosen = rng.choice(CHOSEN)
        return one, step, name, chosen, _message(held, step, name, chosen)

    def _attended(self, one: Question) -> bool:
        elections = [each for each in self.chamber.model.questions.values() if each.urn is not None]
        return any(each is one for each in elections[: self.most])

    def _done_in_this_block(self, waiting: tuple[Question, str, str]) -> bool:
        """A message is made from the last block's state: a step that rests on another waits for its block."""
        one, step, _ = waiting
        return self.chamber.stepped.get(one.record["id"], step) != step


def _message(held: Held, step: str, name: str, chosen: int) -> Record:
    made: Record
    if step == "commit":
        made = held.commitment(name)
    elif step == "deal":
        made = held.dealing(name)
    elif step == "begin":
        made = ask.BeginVoting(held.id)
    elif step == "vote":
        held.trust.qualified = held.progress.key.qualified if held.progress.key else ()
        made = ask.Cast(held.id, held.ballot(name, chosen))
    elif step == "close":
        made = ask.CloseVoting(held.id)
    elif step == "open":
        made = held.decryption(name)
    else:
        made = ask.EndElection(held.id)
    return made
