"""What always holds of persons."""

from collections import Counter

from consortia.base.keys import key_id
from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.identity.mandate_state import AGENT_NAMES
from consortia.modules.identity.person_state import CROWDS, PERSON_KEYS, PERSONS
from consortia.modules.identity.person_types import Crowd
from consortia.modules.identity.state import AGENTS, MEMBERS, OWNERS, digest, text


def persons_hold_keys(ctx: Context, _ports: None) -> str | None:
    """A person's key stands under its id and is nobody else's; a label is no agent's, and a member's."""
    for (part,), held in PERSON_KEYS.scan(ctx):
        key = digest(part)
        if key != key_id(held.public) or OWNERS.has(ctx, key) or AGENTS.has(ctx, key):
            return f"the key of a person of {held.member} is another's"
        if not PERSONS.has(ctx, held.member, held.label):
            return f"a key of {held.member} is nobody's"
    for (member, label), person in PERSONS.scan(ctx):
        owner, name = text(member), text(label)
        its = PERSON_KEYS.get(ctx, person.key)
        if its is None or (its.member, its.label) != (owner, name):
            return f"a person of {owner} has another's key"
        if AGENT_NAMES.has(ctx, owner, name) or not MEMBERS.has(ctx, owner):
            return f"a person of {owner} has an agent's name, or nobody's"
    return None


def persons_are_counted(ctx: Context, _ports: None) -> str | None:
    """Labels are counted, and persons that were not released, member by member."""
    every = [(text(key[0]), person.released is None) for key, person in PERSONS.scan(ctx)]
    labels, here = Counter(member for member, _ in every), Counter(member for member, acts in every if acts)
    found = {member: Crowd(here[member], count) for member, count in labels.items()}
    kept = {text(key[0]): crowd for key, crowd in CROWDS.scan(ctx)}
    return None if kept == found else "the persons are not counted"


PERSON_INVARIANTS = (
    Invariant("persons_hold_keys", persons_hold_keys),
    Invariant("persons_are_counted", persons_are_counted),
)
