"""What is done to identity, and what it answers."""

from consortia.base.keys import SigningKey
from consortia.kernel.ports import Quota
from consortia.modules.identity.messages import (
    Accept,
    AddAttestor,
    AddKey,
    ApproveMember,
    ApproveQuota,
    ApproveRemoval,
    Leave,
    NewKey,
    ProposeMember,
    ProposeQuota,
    ProposeRemoval,
    Recover,
    RevokeKey,
    RotateNodeKey,
    SetEndpoint,
    SetQuota,
    Withdraw,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import KEYS_MAX, PROPOSAL_MILLISECONDS_MAX, KeySpec, Role
from consortia.testing.machine import HOUR, Bench, Party, key_from, new_keys
from consortia.testing.scenarios import Scenario, Step, step

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


def recovered(bench: Bench, member: str) -> Recover:
    """The message that replaces all keys of a member."""
    keys = Party.named(member, generation=1).new_keys(bench.network)
    return Recover(keys, bench.covering())


def altered(key: NewKey, **fields: object) -> NewKey:
    """A new key with fields changed after its owner signed."""
    held = {name: getattr(key, name) for name in NewKey.__struct_fields__}
    return NewKey(**(held | fields))


def removal(bench: Bench, name: str, checkpoint: bytes | None = None) -> ProposeRemoval:
    """The proposal to remove a member."""
    return ProposeRemoval(name, bench.time + HOUR, checkpoint)


def _proposed(bench: Bench, *, approved_by: tuple[str, ...] = ()) -> Party:
    bench.ok("north", "admin", joining(bench))
    for name in approved_by:
        bench.ok(name, "admin", ApproveMember("harbour"))
    bench.parties["harbour"] = Party.named("harbour")
    return bench.parties["harbour"]


def _proposes_member(bench: Bench) -> Step:
    return step("north", "admin", joining(bench))


def _approves_member(bench: Bench) -> Step:
    _proposed(bench)
    return step("east", "admin", ApproveMember("harbour"))


def _accepts(bench: Bench) -> Step:
    _proposed(bench, approved_by=("east", "south"))
    return step("harbour", "admin", Accept("harbour", None))


def _accepts_second(bench: Bench) -> Step:
    bench.admit_member("valley")
    _proposed(bench, approved_by=("east", "south", "west"))
    return step("harbour", "admin", Accept("harbour", bench.covering()))


def _proposes_again_after_expiry(bench: Bench) -> Step:
    _proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", joining(bench))


def _proposes_removal(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "west"))


def _removes_at_once(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "east"))


def _decides_removal(bench: Bench) -> Step:
    bench.ok("north", "admin", removal(bench, "west"))
    bench.ok("east", "admin", ApproveRemoval("west", None))
    return step("south", "admin", ApproveRemoval("west", None))


def _approves_removal(bench: Bench) -> Step:
    bench.ok("north", "admin", removal(bench, "west"))
    return step("east", "admin", ApproveRemoval("west", None))


def _leaves(bench: Bench) -> Step:
    bench.ok("east", "admin", SetEndpoint("http://127.0.0.1:7001", None))
    return step("east", "admin", Leave(None))


def _proposes_quota(bench: Bench) -> Step:
    return step("north", "admin", ProposeQuota("east", SMALL, bench.time + HOUR))


def _approves_quota(bench: Bench) -> Step:
    bench.ok("north", "admin", ProposeQuota("east", SMALL, bench.time + HOUR))
    bench.ok("south", "admin", ApproveQuota("east"))
    return step("west", "admin", ApproveQuota("east"))


def _withdraws(bench: Bench) -> Step:
    _proposed(bench)
    return step("north", "admin", Withdraw("admission", "harbour"))


def _withdraws_expired(bench: Bench) -> Step:
    _proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", Withdraw("admission", "harbour"))


def _adds_key(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "admin", "analyst")[0])


def _revokes_key(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("north", "worker").key_id))


def _rotates(bench: Bench) -> Step:
    return step("north", "admin", rotated(bench, "north")[0])


def _recovers(bench: Bench) -> Step:
    return step("north", "recovery", recovered(bench, "north"))


def _adds_attestor(bench: Bench) -> Step:
    return step("north", "admin", AddAttestor("secp256k1", SECP256K1))


def _sets_endpoint(bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("https://north.example:7000", CERTIFICATE))


def _lowers_quota(bench: Bench) -> Step:
    return step("north", "admin", SetQuota(SMALL))


DONE = (
    Scenario("an administrator proposes a member", _proposes_member),
    Scenario("a member approves an admission", _approves_member),
    Scenario("the joiner accepts and is a member", _accepts),
    Scenario("a second joiner shows the checkpoint of the first", _accepts_second),
    Scenario("an expired proposal is made anew by another", _proposes_again_after_expiry),
    Scenario("a member proposes a removal", _proposes_removal),
    Scenario("a member approves a removal", _approves_removal),
    Scenario("one of two members removes the other", _removes_at_once, members=2),
    Scenario("the last approval needed removes the member", _decides_removal),
    Scenario("a member leaves", _leaves),
    Scenario("a member proposes a quota", _proposes_quota),
    Scenario("the only member sets a quota by itself", lambda bench: step(
        "north", "admin", ProposeQuota("north", SMALL, bench.time + HOUR)), members=1),
    Scenario("the last approval needed puts a quota in force", _approves_quota),
    Scenario("the proposer takes a proposal back", _withdraws),
    Scenario("anybody takes back an expired proposal", _withdraws_expired),
    Scenario("an administrator adds a key", _adds_key),
    Scenario("an administrator revokes a key", _revokes_key),
    Scenario("an administrator rotates the node key", _rotates),
    Scenario("the recovery key alone replaces all keys", _recovers),
    Scenario("a member names its attestor", _adds_attestor),
    Scenario("a node says where it is reached", _sets_endpoint),
    Scenario("a member lowers its quota", _lowers_quota),
)  # fmt: skip


def _gone(bench: Bench) -> Step:
    leaving = bench.sign("north", "admin", Leave(None))
    return Step("north", "admin", (SetQuota(SMALL),), before=(leaving,))


def _stolen(bench: Bench) -> Step:
    saving = bench.sign("north", "recovery", recovered(bench, "north"))
    return Step("north", "admin", (added(bench, "north", "admin")[0],), before=(saving,))


def _quota_of_nobody(bench: Bench) -> Step:
    return step("north", "admin", ProposeQuota("harbour", SMALL, bench.time + HOUR))


def _removal_of_nobody(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "harbour"))


def _name_taken(bench: Bench) -> Step:
    return step("north", "admin", joining(bench, "west", Party.named("west", generation=1)))


def _name_of_a_former_member(bench: Bench) -> Step:
    bench.ok("west", "admin", Leave(None))
    return step("north", "admin", joining(bench, "west", Party.named("west", generation=1)))


def _last_leaves(_bench: Bench) -> Step:
    return step("north", "admin", Leave(None))


def _last_removed(bench: Bench) -> Step:
    return step("north", "admin", removal(bench, "north"))


def _own_removal(bench: Bench) -> Step:
    bench.ok("north", "admin", removal(bench, "west"))
    return step("west", "admin", ApproveRemoval("west", None))


def _no_proposal(_bench: Bench) -> Step:
    return step("north", "admin", ApproveMember("harbour"))


def _accepts_for_another(bench: Bench) -> Step:
    _proposed(bench, approved_by=("east", "south"))
    return step("harbour", "admin", Accept("valley", None))


def _withdraws_nothing(_bench: Bench) -> Step:
    return step("north", "admin", Withdraw("quota", "east"))


def _proposed_twice(bench: Bench) -> Step:
    _proposed(bench)
    return step("east", "admin", joining(bench))


def _approves_late(bench: Bench) -> Step:
    _proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", ApproveMember("harbour"))


def _expires_before(bench: Bench) -> Step:
    return step("north", "admin", ProposeQuota("east", SMALL, bench.time - 1))


def _expires_far(bench: Bench) -> Step:
    late = bench.time + PROPOSAL_MILLISECONDS_MAX + 1
    return step("north", "admin", ProposeQuota("east", SMALL, late))


def _withdraws_anothers(bench: Bench) -> Step:
    _proposed(bench)
    return step("east", "admin", Withdraw("admission", "harbour"))


def _approves_twice(bench: Bench) -> Step:
    _proposed(bench, approved_by=("east",))
    return step("east", "admin", ApproveMember("harbour"))


def _accepts_too_early(bench: Bench) -> Step:
    _proposed(bench, approved_by=("east",))
    return step("harbour", "admin", Accept("harbour", None))


def _proposes_into_full(bench: Bench) -> Step:
    return step("north", "admin", joining(bench, "one-more"))


def _adds_node_key(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "node")[0])


def _worker_with_more(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "operator", "worker")[0])


def _roles_out_of_order(bench: Bench) -> Step:
    return step("north", "admin", added(bench, "north", "operator", "admin")[0])


def _without_recovery(bench: Bench) -> Step:
    party = Party.named("harbour", roles=("admin", "node"))
    return step("north", "admin", joining(bench, "harbour", party))


def _two_node_keys(bench: Bench) -> Step:
    party = Party.named("harbour")
    spec = KeySpec(key_from("harbour", "other").public, ("node",), "other")
    pairs = [(held, party.keys[held.roles[0]]) for held in party.specs] + [
        (spec, key_from("harbour", "other"))
    ]
    keys = new_keys(bench.network, "harbour", pairs)
    return step("north", "admin", ProposeMember("harbour", "", keys, FULL_QUOTA, bench.time + HOUR))


def _too_many_keys(bench: Bench) -> Step:
    held = len(bench.query("identity.keys", name="north").keys)
    messages = [added(bench, "north", "operator", word=f"key {at}")[0] for at in range(held, KEYS_MAX)]
    for at in range(0, len(messages), 16):
        bench.ok("north", "admin", *messages[at : at + 16])
    return step("north", "admin", added(bench, "north", "operator")[0])


def _small_order(bench: Bench) -> Step:
    key = altered(added(bench, "north", "operator")[0].key, public=SMALL_ORDER)
    return step("north", "admin", AddKey(key))


def _known_key(bench: Bench) -> Step:
    key = bench.key("east", "worker")
    pairs = [(KeySpec(key.public, ("worker",), "theirs"), key)]
    return step("north", "admin", AddKey(*new_keys(bench.network, "north", pairs)))


def _revoked_key_returns(bench: Bench) -> Step:
    key = bench.key("north", "worker")
    bench.ok("north", "admin", RevokeKey(key.key_id))
    pairs = [(KeySpec(key.public, ("worker",), "back"), key)]
    return step("north", "admin", AddKey(*new_keys(bench.network, "north", pairs)))


def _key_twice(bench: Bench) -> Step:
    party = Party.named("harbour")
    party.keys["analyst"] = party.keys["admin"]
    return step("north", "admin", joining(bench, "harbour", party))


def _key_of_open_admission(bench: Bench) -> Step:
    _proposed(bench)
    party = Party("valley", Party.named("harbour").keys)
    return step("east", "admin", joining(bench, "valley", party))


def _not_possessed(bench: Bench) -> Step:
    key = added(bench, "east", "operator")[0].key
    return step("north", "admin", AddKey(key))


def _other_roles_than_signed(bench: Bench) -> Step:
    key = altered(added(bench, "north", "operator")[0].key, roles=("admin",))
    return step("north", "admin", AddKey(key))


def _revokes_anothers(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("east", "worker").key_id))


def _revokes_twice(bench: Bench) -> Step:
    key = bench.key("north", "worker").key_id
    bench.ok("north", "admin", RevokeKey(key))
    return step("north", "admin", RevokeKey(key))


def _revokes_node_key(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("north", "node").key_id))


def _revokes_recovery_key(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("north", "recovery").key_id))


def _revokes_last_admin(bench: Bench) -> Step:
    return step("north", "admin", RevokeKey(bench.key("north", "admin").key_id))


def _https_without_certificate(_bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("https://north.example", None))


def _certificate_not_der(_bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("https://north.example", CERTIFICATE + b"\x00"))


def _bad_attestor(_bench: Bench) -> Step:
    return step("north", "admin", AddAttestor("p256", SECP256K1))


def _raises_quota(_bench: Bench) -> Step:
    more = Quota(FULL_QUOTA.cost_per_block, FULL_QUOTA.cost_per_epoch, FULL_QUOTA.state_bytes + 1, 1)
    return step("north", "admin", SetQuota(more))


def _needless_checkpoint(bench: Bench) -> Step:
    return step("north", "admin", Leave(bench.checkpoint()))


def _without_checkpoint(bench: Bench) -> Step:
    bench.admit_member("harbour")
    return step("north", "admin", Leave(None))


def _two_changes_in_one_block(bench: Bench) -> Step:
    bench.admit_member("harbour")
    first = bench.sign("east", "admin", Leave(bench.covering()))
    return Step("north", "admin", (Leave(bench.covering()),), before=(first,))


def _one_cosignature_short(bench: Bench) -> Step:
    bench.admit_member("harbour")
    signers = {name: bench.key(name, "node") for name in ("north", "east")}
    return step("north", "admin", Leave(bench.checkpoint(signers=signers)))


def _cosigned_by_the_joiner(bench: Bench) -> Step:
    bench.admit_member("harbour")
    signers = {name: bench.key(name, "node") for name in ("north", "east", "harbour")}
    return step("north", "admin", Leave(bench.checkpoint(signers=signers)))


def _not_a_checkpoint(bench: Bench) -> Step:
    bench.admit_member("harbour")
    return step("north", "admin", Leave(b"final, believe me\n"))


def _early_checkpoint(bench: Bench) -> Step:
    before = bench.tip.size
    bench.admit_member("harbour")
    signers = {name: bench.key(name, "node") for name in ("north", "east", "south", "west")}
    return step("north", "admin", Leave(bench.checkpoint(before, signers)))


def _checkpoint_of_tomorrow(bench: Bench) -> Step:
    bench.admit_member("harbour")
    signers = {name: bench.key(name, "node") for name in ("north", "east", "south", "west")}
    return step("north", "admin", Leave(bench.checkpoint(bench.tip.size + 1, signers)))


REFUSED = (
    Scenario("a member that left in this block does no more", _gone, "identity.signer_gone"),
    Scenario("a stolen key adds no other after the recovery", _stolen, "identity.signer_gone"),
    Scenario("a quota for nobody", _quota_of_nobody, "identity.not_a_member"),
    Scenario("a removal of nobody", _removal_of_nobody, "identity.not_a_member"),
    Scenario("an admission under a member's name", _name_taken, "identity.name_taken"),
    Scenario("an admission under a former member's name", _name_of_a_former_member, "identity.name_taken"),
    Scenario("the last member leaves", _last_leaves, "identity.last_member", members=1),
    Scenario("the last member removes itself", _last_removed, "identity.last_member", members=1),
    Scenario("a member proposes its own removal", lambda b: step("north", "admin", removal(b, "north")),
             "identity.own_case"),
    Scenario("a member approves its own removal", _own_removal, "identity.own_case"),
    Scenario("an approval of what nobody proposed", _no_proposal, "identity.no_proposal"),
    Scenario("a joiner accepts for another", _accepts_for_another, "identity.no_proposal"),
    Scenario("a withdrawal of what nobody proposed", _withdraws_nothing, "identity.no_proposal"),
    Scenario("an admission proposed twice", _proposed_twice, "identity.proposal_open"),
    Scenario("an approval after the expiry", _approves_late, "identity.proposal_expired"),
    Scenario("a proposal that has expired when made", _expires_before, "identity.bad_expiry"),
    Scenario("a proposal that expires in a hundred days", _expires_far, "identity.bad_expiry"),
    Scenario("another's proposal taken back", _withdraws_anothers, "identity.not_proposer"),
    Scenario("a second approval by one member", _approves_twice, "identity.already_approved"),
    Scenario("an acceptance with half of the approvals", _accepts_too_early, "identity.not_approved"),
    Scenario("a proposal to a network of 128 members", _proposes_into_full, "identity.network_full",
             members=128),
    Scenario("a second node key", _adds_node_key, "identity.bad_roles"),
    Scenario("a worker key that does more", _worker_with_more, "identity.bad_roles"),
    Scenario("roles out of order", _roles_out_of_order, "identity.bad_roles"),
    Scenario("a joiner without a recovery key", _without_recovery, "identity.bad_key_set"),
    Scenario("a joiner with two node keys", _two_node_keys, "identity.bad_key_set"),
    Scenario("a sixty-fifth key", _too_many_keys, "identity.too_many_keys", members=1),
    Scenario("a key of small order", _small_order, "identity.small_order"),
    Scenario("a key of another member", _known_key, "identity.key_known"),
    Scenario("a revoked key comes back", _revoked_key_returns, "identity.key_known"),
    Scenario("one key twice in a set", _key_twice, "identity.key_known"),
    Scenario("the keys of an open admission under another name", _key_of_open_admission,
             "identity.key_known"),
    Scenario("a key whose owner signed for another member", _not_possessed, "identity.bad_possession"),
    Scenario("a key with other roles than its owner signed", _other_roles_than_signed,
             "identity.bad_possession"),
    Scenario("another member's key revoked", _revokes_anothers, "identity.no_key"),
    Scenario("a key revoked twice", _revokes_twice, "identity.key_revoked"),
    Scenario("the node key revoked", _revokes_node_key, "identity.needs_rotation"),
    Scenario("the recovery key revoked", _revokes_recovery_key, "identity.needs_rotation"),
    Scenario("the last admin key revoked", _revokes_last_admin, "identity.last_admin"),
    Scenario("an https address without certificate", _https_without_certificate, "identity.bad_endpoint"),
    Scenario("a certificate with a byte behind it", _certificate_not_der, "identity.bad_endpoint"),
    Scenario("an attestor key off its curve", _bad_attestor, "identity.bad_attestor"),
    Scenario("a member raises its own quota", _raises_quota, "identity.quota_raised"),
    Scenario("a checkpoint where none is due", _needless_checkpoint, "identity.checkpoint_unexpected"),
    Scenario("a second change without a checkpoint", _without_checkpoint, "identity.checkpoint_required"),
    Scenario("two changes of the set in one block", _two_changes_in_one_block,
             "identity.checkpoint_too_early"),
    Scenario("a checkpoint one cosignature short", _one_cosignature_short, "identity.checkpoint_not_final"),
    Scenario("a checkpoint cosigned by the joiner", _cosigned_by_the_joiner,
             "identity.checkpoint_not_final"),
    Scenario("a text that is no checkpoint", _not_a_checkpoint, "identity.checkpoint_not_final"),
    Scenario("a checkpoint from before the change", _early_checkpoint, "identity.checkpoint_too_early"),
    Scenario("a checkpoint of a log longer than this one", _checkpoint_of_tomorrow,
             "identity.checkpoint_too_late"),
)  # fmt: skip

SCENARIOS = DONE + REFUSED
