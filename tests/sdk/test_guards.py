"""The door of a guard: whose a key is, by the ledger of now."""

from consortia.base.keys import key_id
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.modules.identity.messages import Accept, ApproveMember, ProposeMember
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.guards import ClientGuardDoor
from consortia.testing.machine import Bench, Party
from consortia.testing.scenarios.persons_parts import enrolled, person
from tests.sdk.test_meters import Way


class Asking(Way):
    """The way to a ledger in memory that refuses as a node's client does."""

    network = bytes(32)
    next_sequence = None

    def query(self, name, arguments, kind):
        try:
            return super().query(name, arguments, kind)
        except Refused as refused:
            raise TransactionRefused(refused.code, refused.detail) from None


def test_a_key_that_was_a_joiners_when_it_was_first_seen_is_known_when_it_is_a_members():
    """Whoever sent something that is refused before it joined would else never be seen."""
    bench, party = Bench(), Party.named("valley")
    asking = Asking(bench, "north")
    door = ClientGuardDoor(asking, asking, "north", bench.key("north", "operator"))
    keys = party.new_keys(bench.network)
    bench.ok("north", "admin", ProposeMember("valley", "Valley", keys, FULL_QUOTA, bench.time + 24 * HOUR))
    yes = ApproveMember("valley", bench.proposal("admission", "valley"))
    bench.block(*[bench.sign(name, "admin", yes) for name in ("east", "south", "west")])
    bench.parties["valley"] = party
    key = key_id(party.keys["admin"].public)
    assert door.who(key) is None
    bench.ok("valley", "admin", Accept("valley", bench.covering()))
    assert door.who(key).member == "valley"


def test_what_a_person_signs_is_seen_as_its_members():
    bench = Bench()
    asking = Asking(bench, "north")
    door = ClientGuardDoor(asking, asking, "north", bench.key("north", "operator"))
    assert door.who(person().key_id) is None
    enrolled(bench, "east")
    assert (door.who(person().key_id).member, door.who(person().key_id).agent) == ("east", "")
