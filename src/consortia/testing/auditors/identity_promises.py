"""What identity promises of every block: sentences about two states, whatever the messages between them."""

from collections import Counter
from collections.abc import Iterator

from consortia.testing.auditors import Entries, Plain


def broken(before: Entries, after: Entries) -> Iterator[str]:
    """The promises that do not hold of `after`, or of the step from `before` to it."""
    yield from _names(before, after)
    yield from _keys(before, after)
    yield from _acting(after)
    yield from _sets(before, after)
    yield from _seats(before, after)
    yield from _proposals(after)
    yield from _persons(before, after)


def of(entries: Entries, table: str) -> dict[tuple[object, ...], Plain]:
    """The entries of one table, by the parts of their keys."""
    return {key[1:]: entry for key, entry in entries.items() if key[0] == table}


def _names(before: Entries, after: Entries) -> Iterator[str]:
    """A name is a member's once and for ever; who has left stays out."""
    members = of(after, "members")
    for (name,), member in of(before, "members").items():
        now = members.get((name,))
        if now is None or now["joined"] != member["joined"]:
            yield f"{name} is another than it was"
        elif member["left"] is not None and now != member:
            yield f"{name} changed after it had left"
    if not any(member["left"] is None for member in members.values()):
        yield "nobody is left"


def _keys(before: Entries, after: Entries) -> Iterator[str]:
    """A key belongs to one member for ever; what is revoked stays revoked; nothing of it changes."""
    keys = of(after, "keys")
    for place, key in of(before, "keys").items():
        now = keys.get(place)
        if now is None or any(now[part] != key[part] for part in ("public", "roles", "label", "since")):
            yield "a key is another than it was"
        elif key["revoked"] is not None and now["revoked"] != key["revoked"]:
            yield "a revoked key is revoked at another time"
    owned = Counter(id_ for _, id_ in keys)
    if owned and max(owned.values()) > 1:
        yield "a key belongs to two members"
    owners = {id_: owner["member"] for (id_,), owner in of(after, "owners").items() if not owner["joining"]}
    if owners != {id_: name for name, id_ in keys}:
        yield "the owners of keys are not those that hold them"


def _acting(after: Entries) -> Iterator[str]:
    """Every member has one node key, one recovery key, an admin, and no more keys than 64."""
    keys = of(after, "keys")
    for (name,), member in of(after, "members").items():
        held = {id_: key for (owner, id_), key in keys.items() if owner == name and key["revoked"] is None}
        single = {role: [id_ for id_, key in held.items() if role in key["roles"]] for role in _SINGLE}
        if single != {role: [member[role]] for role in _SINGLE}:
            yield f"{name} has another node or recovery key than one"
        if not any("admin" in key["roles"] for key in held.values()) or len(held) > 64:
            yield f"{name} cannot act, or has too many keys"
        if any(
            len(key["roles"]) > 1 and {"node", "recovery", "worker", "consensus"} & set(key["roles"])
            for key in held.values()
        ):
            yield f"{name} has a key that acts unattended and for a person"


def _sets(before: Entries, after: Entries) -> Iterator[str]:
    """Sets are kept, one a block, each vouched for by the one before; the newest is that of the members."""
    changes, kept = of(after, "changes"), len(of(before, "changes"))
    sets = [changes[number,] for number in range(len(changes))]
    if len(sets) > kept + 1 or any(
        after[key] != entry for key, entry in before.items() if key[0] == "changes"
    ):
        yield "a member set of the past is another, or two came in one block"
    leaves = [change["first_leaf"] for change in sets]
    if leaves != sorted(set(leaves)) or any(change["checkpoint"] is None for change in sets[2:]):
        yield "a member set stands without the checkpoint of the one before"
    present = sorted(str(name) for (name,), member in of(after, "members").items() if member["left"] is None)
    if [one["name"] for one in sets[-1]["members"]["members"]] != present or len(present) > 128:
        yield "the member set in force is not that of the members"


def _seats(before: Entries, after: Entries) -> Iterator[str]:
    """A seat is a member's and has its one consensus key; who votes is never nobody again."""
    keys, members, seats = of(after, "keys"), of(after, "members"), of(after, "seats")
    for (name,), member in members.items():
        here = member["left"] is None
        held = [
            id_
            for (owner, id_), key in keys.items()
            if here and owner == name and key["revoked"] is None and "consensus" in key["roles"]
        ]
        seat = seats.get((name,))
        if held != ([] if seat is None or seat["consensus"] is None else [seat["consensus"]]):
            yield f"{name} votes with another key than its consensus key"
    if any(members[place]["left"] is not None for place in seats):
        yield "who has left has a seat"
    if _votes(before) and not _votes(after):
        yield "nobody votes any more"
    if any(after.get(key) != entry for key, entry in before.items() if key[0] == "offences"):
        yield "an offence is forgotten"


def _votes(entries: Entries) -> bool:
    return any(seat["consensus"] is not None and seat["power"] for seat in of(entries, "seats").values())


def _proposals(after: Entries) -> Iterator[str]:
    """Nobody is asked about a member that is in, nor about the removal of one that is out."""
    members = of(after, "members")
    for (kind, name), proposal in of(after, "proposals").items():
        member = members.get((name,))
        inside = member is not None and member["left"] is None
        if inside is (kind == "admission") or (kind == "admission" and member is not None):
            yield f"the {kind} of {name} concerns nobody"
        if proposal["approvals"] != sorted(set(proposal["approvals"])):
            yield f"somebody approved the {kind} of {name} twice"
        if kind == "removal" and name in proposal["approvals"]:
            yield f"{name} has a say in its own removal"


def _persons(before: Entries, after: Entries) -> Iterator[str]:
    """A person stays whose it was, and once released stays so; a key is one person's, for ever."""
    persons, keys = of(after, "persons"), of(after, "person_keys")
    for place, person in of(before, "persons").items():
        now = persons.get(place)
        if now is None or now["since"] != person["since"]:
            yield "a person is another than it was"
        elif person["released"] is not None and now != person:
            yield "a released person is another than it was"
    if any(keys.get(id_) != held for id_, held in of(before, "person_keys").items()):
        yield "a person's key is another's"
    if not keys.keys().isdisjoint([*of(after, "owners"), *of(after, "agents")]):
        yield "a person's key is a member's or an agent's"
    if not persons.keys().isdisjoint(of(after, "agent_names")):
        yield "a person and an agent have one account"


_SINGLE = ("node", "recovery")
