"""Proposals of a class whose votes are secret: how they are decided, why they are void, what is refused."""

from consortia.base.codec import Record
from consortia.base.times import SECOND
from consortia.kernel.block import OK
from consortia.modules.governance import messages as asked
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.types import Charter, GovernanceGenesis, Proposal, Secrecy
from consortia.modules.predictions.messages import Act
from consortia.testing.machine import NAMES, Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.governance_parts import (
    executes,
    opened,
    propose,
    release,
    short,
    vote,
    with_class,
)
from consortia.testing.scenarios.mandates_parts import account, agent, mandate
from consortia.testing.voting import Held

MEMBERS = NAMES[:5]
TRUSTEES = tuple(sorted(MEMBERS[:4]))
SECRECY = Secrecy(TRUSTEES, step_milliseconds=10 * SECOND, decrypt_milliseconds=20 * SECOND)
KIND = "release"


def secret(charter: Charter, secrecy: Secrecy = SECRECY) -> Charter:
    """A charter with secret votes on the release of models."""
    return with_class(KIND, charter, secret=secrecy, extend_milliseconds=0)


CHARTER = secret(short(default_charter(MEMBERS)))
GENESIS: dict[str, Record] = {"governance": GovernanceGenesis(CHARTER)}


def asked_in_secret(bench: Bench) -> tuple[Proposal, Held]:
    """The release of a model, and the election that decides on it."""
    proposal = opened(bench, KIND, release(bench))
    if proposal.election is None:
        raise LookupError("its votes are open")
    return proposal, Held(bench, proposal.election)


def decided(bench: Bench, *chosen: int) -> Proposal:
    """Such a proposal, after these ballots: 0 for yes, 1 for no, 2 for neither."""
    proposal, held = asked_in_secret(bench)
    held.prepare()
    held.vote(*chosen)
    held.close()
    held.decrypt("east", "north", "south")
    return proposal


def counts(proposal: Proposal) -> Step:
    """Anyone has a proposal counted."""
    return step("west", "worker", asked.Close(proposal.id))


def _opens(bench: Bench) -> Step:
    return step("north", "operator", propose(bench, KIND, release(bench)))


def _passes(bench: Bench) -> Step:
    return counts(decided(bench, 0, 0, 0, 1, 2))


def _is_rejected(bench: Bench) -> Step:
    return counts(decided(bench, 0, 0, 1, 1, 1))


def _at(bench: Bench, end: str, nudge: int) -> Step:
    """A secret decision is carried out at one end of the time for it, or a moment beside."""
    proposal = decided(bench, 0, 0, 0, 1, 2)
    bench.ok("west", "operator", asked.Close(proposal.id))
    progress = bench.query("governance.proposal", proposal=proposal.id).progress
    bench.time = getattr(progress, end) + nudge
    return executes(proposal)


def _executes(bench: Bench) -> Step:
    return _at(bench, "ready", 0)


def _lock_holds(bench: Bench) -> Step:
    return _at(bench, "ready", -1)


def _too_late(bench: Bench) -> Step:
    return _at(bench, "until", 1)


def _too_few_ballots(bench: Bench) -> Step:
    proposal, held = asked_in_secret(bench)
    held.prepare()
    held.vote(0, 0, 0, 0)
    held.close()
    return counts(proposal)


def _no_key(bench: Bench) -> Step:
    proposal, held = asked_in_secret(bench)
    held.prepare("east", "north")
    return counts(proposal)


def _trustees_absent(bench: Bench) -> Step:
    proposal, held = asked_in_secret(bench)
    held.prepare()
    held.vote(0, 0, 0, 0, 0)
    held.close()
    held.decrypt("east", "north")
    held.end()
    return counts(proposal)


def _counts_early(bench: Bench) -> Step:
    proposal, held = asked_in_secret(bench)
    held.prepare()
    held.vote(0, 0, 0, 0, 0)
    held.close()
    held.decrypt("east", "north")
    return counts(proposal)


def _votes_openly(bench: Bench) -> Step:
    proposal, _ = asked_in_secret(bench)
    return step("east", "approver", vote(proposal, "east"))


def _delegates(bench: Bench) -> Step:
    return step("south", "admin", asked.Delegate(KIND, "east"))


def _agent_proposes(bench: Bench) -> Step:
    mandate(bench, "north", "clerk", methods=("governance.propose",), classes=(KIND,))
    messages = (Act(account("question")), propose(bench, KIND, release(bench)))
    return Step("north", "agent", messages, agent("north", "clerk"))


def _row(name: str, setup: object, code: str = OK, members: int = 5) -> Scenario:
    return Scenario(name, setup, code, members, GENESIS)  # type: ignore[arg-type]


DONE = (
    _row("a member proposes what is voted on in secret", _opens),
    _row("three of five ballots say yes", _passes),
    _row("two of five ballots say yes", _is_rejected),
    _row("what was decided in secret is carried out", _executes),
    _row("a secret vote of four ballots is void", _too_few_ballots),
    _row("a secret vote without a key is void", _no_key),
    _row("a secret vote whose trustees are absent is void", _trustees_absent),
)
REFUSED = (
    _row("a secret vote is counted before its trustees are done", _counts_early, "governance.too_early"),
    _row("an open vote where votes are secret", _votes_openly, "governance.secret_class"),
    _row("a delegation where votes are secret", _delegates, "governance.secret_class"),
    _row("an agent proposes where votes are secret", _agent_proposes, "governance.people_only"),
    _row("a secret vote among four members", _opens, "governance.too_few", members=4),
    _row("an execution of a secret decision while the lock holds", _lock_holds, "governance.too_early"),
    _row("an execution of a secret decision after its time", _too_late, "governance.expired"),
)
