"""The tables of persons."""

from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.identity.person_types import Crowd, Person, PersonKey

PERSONS = Table("identity", "persons", Person, (str, str), "a member's person, by member and label")
PERSON_KEYS = Table("identity", "person_keys", PersonKey, (bytes,), "whose a person's key is, by key id")
CROWDS = Table("identity", "crowds", Crowd, (str,), "how many persons a member has, and had")

PERSON_TABLES = (PERSONS, PERSON_KEYS, CROWDS)


def crowd(ctx: Context, member: str) -> Crowd:
    """How many persons a member has now, and how many labels it ever gave."""
    return CROWDS.get(ctx, member) or Crowd(0, 0)
