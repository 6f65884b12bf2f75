"""The rules of governance, as pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from consortia.base.codec import Record, encode_record
from consortia.base.hashing import tagged
from consortia.base.order import is_sorted
from consortia.modules.governance.types import (
    ORGANISATIONS_MIN,
    SECRET_MILLISECONDS_MAX,
    SECRET_TRUSTEES_MIN,
    UNITS,
    Action,
    Charter,
    Choice,
    ProposalClass,
    Secrecy,
    Share,
    Tally,
)

CHANGES_RULES = frozenset({"governance.set_charter", "governance.schedule_upgrade"})
"""What a class may hold only if it takes more than two thirds of all, after a lock, and no agent's vote."""

OWNERS_OWN = frozenset({"training.raise_budget"})
"""What a class may hold only if it takes the yes of whose data it is: nobody is outvoted about its own."""

AGENT_PARTS = 3
FAMILY_PARTS = 6
"""All agents together count for a third of all votes at most, those of one family for a sixth."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What counts for one elector: weight, choice, and the family of the agent that chose, if one did."""

    weight: int
    choice: Choice
    family: bytes | None


class _Whole(Record, frozen=True):
    """What is hashed as a proposal's content."""

    kind: str
    actions: tuple[Action, ...]


def content_hash(kind: str, actions: tuple[Action, ...]) -> bytes:
    """H("consortia/actions", the class and the actions), 32 bytes: what is voted on and executed."""
    return tagged("consortia/actions", encode_record(_Whole(kind, actions)))


def proposal_id(network: bytes, transaction: bytes, call: int) -> bytes:
    """H("consortia/proposal", network | transaction | call as 8 bytes)."""
    return tagged("consortia/proposal", network + transaction + call.to_bytes(8, "big"))


def tally(casts: Iterable[Cast], units: int) -> Tally:
    """Count votes, in units of six a vote; `units` is what all electors have together.

    1. An officer's vote counts whole.
    2. Agents of one family count together at most a sixth of all units (with E votes of weight one: E units).
       Beyond that each of their choices is scaled down alike, by floor.
    3. All agents count together at most a third (2 E units), scaled once more in the same way.
    """
    people: dict[Choice, int] = {"yes": 0, "no": 0, "abstain": 0}
    families: dict[bytes, dict[Choice, int]] = {}
    for cast in casts:
        side = people if cast.family is None else families.setdefault(cast.family, _none())
        side[cast.choice] += cast.weight * UNITS
    agents = _none()
    for _, family in sorted(families.items()):
        for choice, count in _scaled(family, units // FAMILY_PARTS).items():
            agents[choice] += count
    agents = _scaled(agents, units // AGENT_PARTS)
    return Tally(
        yes=people["yes"] + agents["yes"],
        no=people["no"] + agents["no"],
        abstain=people["abstain"] + agents["abstain"],
        agents=sum(agents.values()),
        person=people["yes"] > 0,
    )


def passes(kind: ProposalClass, count: Tally, units: int) -> bool:
    """Whether a proposal of a class passes: a quorum, enough units for it, and at least one officer's yes."""
    cast = count.yes + count.no + count.abstain
    whole = units if kind.of == "all" else count.yes + count.no
    return count.person and _reaches(cast, units, kind.quorum) and _exceeds(count.yes, whole, kind.yes)


def council_quorum(seats: int) -> int:
    """How many of the council's seats pause something: two thirds, and at least three."""
    return max(ORGANISATIONS_MIN, -(-2 * seats // 3))


def board_quorum(seats: int) -> int:
    """How many of the ethics board's seats stop a proposal: more than half."""
    return seats // 2 + 1


def charter_fits(charter: Charter) -> bool:
    """Whether a charter can govern.

    1. Classes, weights and seats stand once each, in the order of their names, and so do a class's methods.
    2. Every class has votes to wait for and a lock, a quorum of at least a half, and passes with more than a
       half.
    3. A class that changes the rules takes more than two thirds of all, and no agent's vote.
    4. Some class that votes openly can change the charter.
    5. A secret class is for officers alone, whose own yes nobody has to see and who get no more time late; it
       has three trustees or more, a time for each of their steps, and is over within 90 days.
    6. A class that raises privacy budgets takes the owner's yes.
    """
    names = [one.name for one in charter.classes]
    lists = (names, [one.member for one in charter.weights], charter.council, charter.ethics)
    if not all(is_sorted(each) for each in lists):
        return False
    if not any("governance.set_charter" in one.methods and one.secret is None for one in charter.classes):
        return False
    return all(map(_class_fits, charter.classes))


def _class_fits(kind: ProposalClass) -> bool:
    strict = kind.of == "all" and _at_least(kind.yes, 2, 3) and kind.agents != "vote"
    changes = bool(CHANGES_RULES.intersection(kind.methods))
    return (
        is_sorted(kind.methods)
        and min(kind.vote_milliseconds, kind.lock_milliseconds, kind.expire_milliseconds) > 0
        and _proper(kind.quorum)
        and _proper(kind.yes)
        and (strict or not changes)
        and (kind.owner or not OWNERS_OWN.intersection(kind.methods))
        and (kind.secret is None or _secret_fits(kind, kind.secret))
    )


def _secret_fits(kind: ProposalClass, secret: Secrecy) -> bool:
    """5."""
    steps = (secret.step_milliseconds, secret.decrypt_milliseconds)
    whole = 3 * steps[0] + kind.vote_milliseconds + steps[1]
    return (
        is_sorted(secret.trustees)
        and len(secret.trustees) >= SECRET_TRUSTEES_MIN
        and min(steps) > 0
        and whole <= SECRET_MILLISECONDS_MAX
        and kind.agents == "advise"
        and kind.extend_milliseconds == 0
        and not kind.owner
    )


def _proper(share: Share) -> bool:
    return _at_least(share, 1, 2) and share.numerator <= share.denominator


def _at_least(share: Share, numerator: int, denominator: int) -> bool:
    return share.numerator * denominator >= numerator * share.denominator


def _reaches(count: int, whole: int, share: Share) -> bool:
    return count * share.denominator >= whole * share.numerator


def _exceeds(count: int, whole: int, share: Share) -> bool:
    return count * share.denominator > whole * share.numerator


def _none() -> dict[Choice, int]:
    return {"yes": 0, "no": 0, "abstain": 0}


def _scaled(counts: dict[Choice, int], most: int) -> dict[Choice, int]:
    total = sum(counts.values())
    if total <= most:
        return counts
    return {choice: count * most // total for choice, count in counts.items()}
