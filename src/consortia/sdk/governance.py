"""Deciding together, for programs: proposals, votes, execution, delegation, the charter.

proposal = ledger.governance.propose("routine", SetParameter("tariff", 50), title="A lower tariff")
ledger.governance.vote(proposal.id, "yes")
ledger.governance.close(proposal.id)
ledger.governance.execute(proposal.id)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from consortia.app import application
from consortia.base.codec import Malformed, Record, to_value
from consortia.kernel.block import Receipt
from consortia.modules.governance import messages as asked
from consortia.modules.governance import queries as views
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.rules import charter_fits
from consortia.modules.governance.types import Action, Charter, Choice, ProposalClass, Status
from consortia.sdk.access import Way
from consortia.sdk.errors import GovernanceError
from consortia.sdk.jsonform import from_json
from consortia.sdk.paging import PAGE, pages


class Governance:
    """How the members decide. A refusal is a `TransactionRefused` that carries its code."""

    def __init__(self, way: Way, member: str) -> None:
        self._way, self._member = way, member

    def charter(self, number: int | None = None) -> views.CharterView:
        """The charter in force, or that of a number."""
        return self._way.query("governance.charter", views.ByNumber(number), views.CharterView)

    def propose(self, kind: str, *actions: Record | Action, title: str, text: str = "") -> views.ProposalView:
        """Open a proposal of a class; actions are messages that the class may hold, in their order."""
        typed = tuple(one if isinstance(one, Action) else action_of(one) for one in actions)
        receipt = self._way.submit(asked.Propose(kind, title, text, typed))
        opened = [event.body for event in receipt.events if event.name == "governance.proposal_opened"]
        identity = opened[0]["proposal"]
        if not isinstance(identity, bytes):
            raise GovernanceError("the receipt names no proposal")
        return self.get(identity)

    def effects(self, *actions: Record | Action) -> views.Effects:
        """What actions would do now, before they are proposed."""
        typed = tuple(one if isinstance(one, Action) else action_of(one) for one in actions)
        return self._way.query("governance.try_actions", views.Try(typed), views.Effects)

    def effects_of(self, which: bytes | str) -> views.Effects:
        """What a proposal would do if it were carried out now."""
        return self._way.query("governance.effects", views.ById(self.find(which)), views.Effects)

    def list(self, status: Status | None = None) -> list[views.ProposalItem]:
        """All proposals, or those of a status, the newest first."""
        query = self._way.query
        asked = pages(
            query,
            "governance.proposals",
            lambda at: views.ListProposals(status, at, PAGE),
            views.ProposalPage,
        )
        found = [proposal for page in asked for proposal in page.proposals]
        return sorted(found, key=lambda one: (-one.time, one.id))

    def find(self, which: bytes | str) -> bytes:
        """The id of a proposal: its id in bytes or hex, or the first digits of it. Raises GovernanceError."""
        if isinstance(which, bytes):
            return which
        known = [one.id for one in self.list() if one.id.hex().startswith(which.lower())]
        if len(known) == 1 and which:
            return known[0]
        raise GovernanceError(f"{len(known)} proposals begin with {which!r}")

    def get(self, which: bytes | str) -> views.ProposalView:
        """A proposal with its rules, its progress, its electors and votes."""
        return self._way.query("governance.proposal", views.ById(self.find(which)), views.ProposalView)

    def tally(self, which: bytes | str) -> views.TallyView:
        """The votes so far, or as they were counted, and whether the proposal passes with them."""
        return self._way.query("governance.tally", views.ById(self.find(which)), views.TallyView)

    def vote(self, which: bytes | str, choice: Choice) -> Receipt:
        """Vote for the own member, on the content that the proposal has."""
        one = self.get(which).proposal
        return self._way.submit(asked.CastVote(one.id, one.content, self._member, choice))

    def vote_all(self, choices: Mapping[bytes, Choice]) -> Receipt:
        """Vote on several proposals, by their ids, in one transaction: all of the votes count, or none."""
        wanted = [(self.get(which).proposal, choice) for which, choice in choices.items()]
        return self._way.submit(
            *(asked.CastVote(one.id, one.content, self._member, choice) for one, choice in wanted)
        )

    def close(self, which: bytes | str) -> views.ProposalView:
        """Have the votes counted once voting is over, or put away what nobody executed in time."""
        self._way.submit(asked.Close(self.find(which)))
        return self.get(which)

    def execute(self, which: bytes | str) -> views.ProposalView:
        """Carry out a passed proposal; whether its actions were carried out stands in its progress."""
        one = self.get(which).proposal
        self._way.submit(asked.Execute(one.id, one.content))
        return self.get(one.id)

    def cancel(self, which: bytes | str) -> Receipt:
        """Take an own proposal back."""
        return self._way.submit(asked.Cancel(self.find(which)))

    def object_to(self, which: bytes | str, reason: str) -> Receipt:
        """Object for the own seat on the ethics board."""
        return self._way.submit(asked.Object(self.find(which), reason))

    def delegate(self, kind: str, to: str | None) -> Receipt:
        """Let another member vote in a class; with None, nobody any more."""
        return self._way.submit(asked.EndDelegation(kind) if to is None else asked.Delegate(kind, to))

    def delegations(self) -> Mapping[str, str]:
        """Who votes for the own member, by class."""
        found = self._way.query("governance.delegations", views.ByMember(self._member), views.DelegationList)
        return {one.kind: one.delegation.delegate for one in found.delegations}

    def decisions(self) -> views.Decisions:
        """What proposals have brought about: upgrades, releases, wanted members, parameters."""
        return self._way.query("governance.decisions", views.Nothing(), views.Decisions)

    def pauses(self) -> views.PauseList:
        """What the council said about methods."""
        return self._way.query("governance.pauses", views.Nothing(), views.PauseList)


def read_charter(value: object) -> Charter:
    """A charter in its JSON form, alone or as `charter` of an object; raises GovernanceError."""
    inner = value.get("charter", value) if isinstance(value, dict) else value
    try:
        charter = from_json(Charter, inner)
    except Malformed as error:
        raise GovernanceError(f"this is no charter: {error}") from None
    if not charter_fits(charter):
        raise GovernanceError(
            "this charter could not govern; docs/reference/governance.md says what it takes"
        )
    return charter


def action_of(message: Record) -> Action:
    """The action that carries a message to the module that declares it."""
    return Action(application().messages[type(message)], to_value(message))


def read_action(method: str, fields: Mapping[str, Any]) -> Action:
    """The action of a method with its fields in JSON form (bytes as hex). Raises GovernanceError."""
    bound = application().methods.get(method)
    if bound is None or bound.method.authority != "governance":
        allowed = sorted(
            n for n, one in application().methods.items() if one.method.authority == "governance"
        )
        raise GovernanceError(f"{method} is nothing that a proposal can do; there are: {', '.join(allowed)}")
    try:
        return Action(method, to_value(from_json(bound.method.message, dict(fields))))
    except Malformed as error:
        raise GovernanceError(f"{method}: {error}") from None


def usual_charter(members: Iterable[str]) -> Charter:
    """The charter that a network of these members starts with where its founders name no other."""
    return default_charter(members)


def quorum_of(one: ProposalClass) -> str:
    """How many have to vote on a proposal of a class, as a fraction: 2/3."""
    return f"{one.quorum.numerator}/{one.quorum.denominator}"


def passes_with(one: ProposalClass) -> str:
    """Which votes a proposal of a class passes with, in words."""
    whole = "of all" if one.of == "all" else "of votes cast"
    extra = ", no objection" if one.board else ", owner's yes" if one.owner else ""
    return f"> {one.yes.numerator}/{one.yes.denominator} {whole}{extra}" + (
        ", in secret" if one.secret else ""
    )
