"""What identity refuses."""

from consortia.base.times import HOUR
from consortia.kernel.ports import Quota
from consortia.modules.identity.messages import (
    Accept,
    AddAttestor,
    AddKey,
    ApproveMember,
    ApproveRemoval,
    Leave,
    ProposeMember,
    ProposeQuota,
    RevokeKey,
    SetEndpoint,
    SetQuota,
    Withdraw,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import KEYS_MAX, PROPOSAL_MILLISECONDS_MAX, KeySpec
from consortia.testing.machine import Bench, Party, key_from, new_keys
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.identity_parts import (
    CERTIFICATE,
    SECP256K1,
    SMALL,
    SMALL_ORDER,
    added,
    altered,
    joining,
    proposed,
    recovered,
    removal,
)


def _gone(bench: Bench) -> Step:
    leaving = bench.sign("north", "admin", Leave(None))
    return Step("north", "admin", (SetQuota(SMALL),), before=(leaving,))


def _stolen(bench: Bench) -> Step:
    saving = bench.sign("north", "recovery", recovered(bench, "north"))
    return Step("north", "admin", (added(bench, "north", "admin")[0],), before=(saving,))


def _swapped(bench: Bench) -> Step:
    proposed(bench)
    key = Party.named("harbour").keys["admin"]
    other = joining(bench, "harbour", Party.named("harbour", generation=1))
    swapping = bench.sign("north", "admin", Withdraw("admission", "harbour"), other)
    return Step("harbour", "admin", (Accept("harbour", None),), key, before=(swapping,))


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
    return step("west", "admin", ApproveRemoval("west", bench.proposal("removal", "west"), None))


def _swapped_since(bench: Bench) -> Step:
    """North asks for harbour, takes it back, and asks for keys of its own under that name."""
    bench.ok("north", "admin", joining(bench))
    yes = ApproveMember("harbour", bench.proposal("admission", "harbour"))
    other = joining(bench, "harbour", Party.named("harbour", generation=1))
    bench.ok("north", "admin", Withdraw("admission", "harbour"), other)
    return step("east", "admin", yes)


def _no_proposal(_bench: Bench) -> Step:
    return step("north", "admin", ApproveMember("harbour", bytes(32)))


def _accepts_for_another(bench: Bench) -> Step:
    proposed(bench, approved_by=("east", "south"))
    return step("harbour", "admin", Accept("valley", None))


def _withdraws_nothing(_bench: Bench) -> Step:
    return step("north", "admin", Withdraw("quota", "east"))


def _proposed_twice(bench: Bench) -> Step:
    proposed(bench)
    return step("east", "admin", joining(bench))


def _approves_late(bench: Bench) -> Step:
    proposed(bench)
    bench.time += 48 * HOUR
    return step("east", "admin", ApproveMember("harbour", bench.proposal("admission", "harbour")))


def _expires_before(bench: Bench) -> Step:
    return step("north", "admin", ProposeQuota("east", SMALL, bench.time - 1))


def _expires_far(bench: Bench) -> Step:
    late = bench.time + PROPOSAL_MILLISECONDS_MAX + 1
    return step("north", "admin", ProposeQuota("east", SMALL, late))


def _withdraws_anothers(bench: Bench) -> Step:
    proposed(bench)
    return step("east", "admin", Withdraw("admission", "harbour"))


def _approves_twice(bench: Bench) -> Step:
    proposed(bench, approved_by=("east",))
    return step("east", "admin", ApproveMember("harbour", bench.proposal("admission", "harbour")))


def _accepts_too_early(bench: Bench) -> Step:
    proposed(bench, approved_by=("east",))
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
    proposed(bench)
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


def _address_of_no_machine(_bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("https://169.254.169.254/latest", CERTIFICATE))


def _plain_http_elsewhere(_bench: Bench) -> Step:
    return step("north", "node", SetEndpoint("http://north.example:7000", None))


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
    Scenario("a joiner whose keys were swapped accepts for the others", _swapped, "identity.signer_gone", 1),
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
    Scenario("an approval of what was swapped since", _swapped_since, "identity.no_proposal"),
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
    Scenario("an address that is no machine's", _address_of_no_machine, "identity.bad_endpoint"),
    Scenario("plain http on another machine", _plain_http_elsewhere, "identity.bad_endpoint"),
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
