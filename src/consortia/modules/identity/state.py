"""The tables of identity: `key -> record`."""

from consortia.kernel.table import Part, Table
from consortia.modules.identity.types import (
    Agent,
    Attestor,
    Change,
    Endpoint,
    Key,
    Latest,
    Member,
    Offence,
    Owner,
    Proposal,
    Seat,
    Settings,
)

MEMBERS = Table("identity", "members", Member, (str,), "a member, past or present, by name")
KEYS = Table("identity", "keys", Key, (str, bytes), "a key of a member, by member and key id")
OWNERS = Table("identity", "owners", Owner, (bytes,), "whose a key is, by key id")
PROPOSALS = Table("identity", "proposals", Proposal, (str, str), "an open proposal, by kind and member")
ENDPOINTS = Table("identity", "endpoints", Endpoint, (str,), "where a member's node is reached")
ATTESTORS = Table(
    "identity", "attestors", Attestor, (str, str), "a key for other networks, by member and kind"
)
CHANGES = Table("identity", "changes", Change, (int,), "every member set there was, by number from 0")
LATEST = Table("identity", "latest", Latest, (), "the number of the member set in force")
SETTINGS = Table("identity", "settings", Settings, (), "what holds for everybody")
SEATS = Table("identity", "seats", Seat, (str,), "a member's consensus key and voting power, by name")
OFFENCES = Table(
    "identity", "offences", Offence, (str, bytes, int), "a convicted consensus key, by member, id and height"
)
AGENTS = Table("identity", "agents", Agent, (bytes,), "an agent, by its key id")

TABLES = (
    *(MEMBERS, KEYS, OWNERS, PROPOSALS, ENDPOINTS, ATTESTORS, CHANGES, LATEST, SETTINGS, SEATS, OFFENCES),
    AGENTS,
)


def text(part: Part) -> str:
    """A key part that is text."""
    if not isinstance(part, str):
        raise TypeError("a part of the key is not text")
    return part


def digest(part: Part) -> bytes:
    """A key part that is a key id."""
    if not isinstance(part, bytes):
        raise TypeError("a part of the key is not bytes")
    return part
