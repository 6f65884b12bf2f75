"""What the scenarios of identity are put together from."""

from consortia.base.keys import SigningKey
from consortia.base.times import HOUR
from consortia.kernel.ports import Quota
from consortia.modules.identity.messages import (
    AddKey,
    ApproveMember,
    NewKey,
    ProposeMember,
    ProposeRemoval,
    Recover,
    RotateConsensusKey,
    RotateNodeKey,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import KeySpec, Role
from consortia.testing.machine import CONSENSUS, ROLES, Bench, Party, key_from, new_keys

SMALL = Quota(cost_per_block=10_000, cost_per_epoch=100_000, state_bytes=1_000_000, pending=10)
CERTIFICATE = bytes.fromhex("3003020100")
"""The smallest thing that is DER: a sequence of one integer."""

SECP256K1 = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
SMALL_ORDER = bytes(32)
"""The encoding of a point of order 4 (y = 0)."""


def joining(bench: Bench, name: str = "harbour", party: Party | None = None) -> ProposeMember:
    """The proposal to admit an organisation."""
    keys = (Party.named(name) if party is None else party).new_keys(bench.network)
    return ProposeMember(name, f"The organisation {name}", keys, FULL_QUOTA, bench.time + 24 * HOUR)


def added(bench: Bench, member: str, *roles: Role, word: str = "second") -> tuple[AddKey, SigningKey]:
    """The message that adds a key with these roles, and that key."""
    key = key_from(member, word)
    (new,) = new_keys(bench.network, member, [(KeySpec(key.public, roles, word), key)])
    return AddKey(new), key


def rotated(bench: Bench, member: str, word: str = "next") -> tuple[RotateNodeKey, SigningKey]:
    """The message that gives a member another node key, and that key."""
    message, key = added(bench, member, "node", word=word)
    return RotateNodeKey(message.key, bench.covering()), key


def seated(bench: Bench, member: str, word: str = "votes") -> tuple[RotateConsensusKey, SigningKey]:
    """The message that gives a member another consensus key, or its first, and that key."""
    message, key = added(bench, member, "consensus", word=word)
    return RotateConsensusKey(message.key), key


def recovered(bench: Bench, member: str) -> Recover:
    """The message that replaces all keys of a member."""
    keys = Party.named(member, generation=1).new_keys(bench.network)
    return Recover(keys, bench.covering())


def altered(key: NewKey, **fields: object) -> NewKey:
    """A new key with fields changed after its owner signed."""
    held = {name: getattr(key, name) for name in NewKey.__struct_fields__}
    return NewKey(**(held | fields))


def voter(name: str) -> Party:
    """An organisation that has a consensus key besides all others."""
    return Party.named(name, roles=(*ROLES, CONSENSUS))


def removal(bench: Bench, name: str) -> ProposeRemoval:
    """The proposal to remove a member."""
    return ProposeRemoval(name, bench.time + HOUR, None)


def proposed(bench: Bench, *, approved_by: tuple[str, ...] = ()) -> Party:
    """Have north propose harbour, and others approve it; harbour is a party from here on."""
    bench.ok("north", "admin", joining(bench))
    for name in approved_by:
        bench.ok(name, "admin", ApproveMember("harbour", bench.proposal("admission", "harbour")))
    bench.parties["harbour"] = Party.named("harbour")
    return bench.parties["harbour"]
