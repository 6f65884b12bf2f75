# Long because every refusal of identity has a sentence of its own here
"""Members, their keys, and changes of the set: stories that the rows of the scenario table do not tell."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from consortia.base.note import parse_note
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.exact.tally import quorum
from consortia.kernel.block import OK
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.ports import Quota
from consortia.kernel.table import Table
from consortia.modules import identity
from consortia.modules.identity import rules
from consortia.modules.identity.invariants import INVARIANTS
from consortia.modules.identity.mandate_invariants import MANDATE_INVARIANTS
from consortia.modules.identity.messages import (
    Accept,
    AddAttestor,
    AddKey,
    ApproveMember,
    ApprovePower,
    ApproveQuota,
    ApproveRemoval,
    Leave,
    ProposeMember,
    ProposePower,
    ProposeQuota,
    Recover,
    RevokeKey,
    RotateNodeKey,
    SetEndpoint,
    SetQuota,
    Withdraw,
)
from consortia.modules.identity.person_invariants import PERSON_INVARIANTS
from consortia.modules.identity.refusals import REFUSALS
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.state import CHANGES, KEYS, LATEST, MEMBERS, OWNERS, PROPOSALS, SEATS
from consortia.modules.identity.types import KeySpec, Latest, Owner, Seat
from consortia.testing.machine import Bench, Party, key_from, new_keys
from consortia.testing.scenarios.identity_parts import (
    SECP256K1,
    SMALL,
    SMALL_ORDER,
    added,
    altered,
    joining,
    recovered,
    removal,
    rotated,
)

KEEPER = identity.Keeper()


def refused(bench, member, role, *messages):
    receipt = bench.run(member, role, *messages)
    assert receipt.code.startswith("identity.")
    return receipt.code.removeprefix("identity.")


def test_the_readme_lists_the_refusals_in_order():
    readme = (Path(identity.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = [f"{refusal.number}. `{refusal.name}`: {refusal.meaning}" for refusal in REFUSALS]
    assert "\n".join(rows) in readme


# Members


def test_a_network_grows_from_one_founder_and_each_newcomer_has_a_say():
    bench = Bench(1)
    for count, name in enumerate(("east", "south", "west", "harbour"), 2):
        bench.admit_member(name)
        assert KEEPER.count(bench.context()) == count
    assert KEEPER.members(bench.context()) == ("east", "harbour", "north", "south", "west")


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5)])
def test_an_admission_needs_more_than_two_thirds(members, needed):
    bench = Bench(members)
    names = list(bench.parties)
    party = bench.parties["newcomer"] = Party.named("newcomer")
    bench.ok("north", "admin", joining(bench, "newcomer", party))
    for approvals in range(1, needed):
        assert refused(bench, "newcomer", "admin", Accept("newcomer", None)) == "not_approved"
        yes = ApproveMember("newcomer", bench.proposal("admission", "newcomer"))
        bench.ok(names[approvals], "admin", yes)
    assert not KEEPER.is_member(bench.context(), "newcomer")
    bench.ok("newcomer", "admin", Accept("newcomer", None))
    assert KEEPER.is_member(bench.context(), "newcomer")


@pytest.mark.parametrize(("members", "needed"), [(2, 1), (3, 2), (4, 3), (5, 3), (6, 4), (7, 5)])
def test_a_removal_counts_all_members_but_the_one_concerned(members, needed):
    bench = Bench(members)
    *others, last = bench.parties
    bench.ok(others[0], "admin", removal(bench, last))
    for name in others[1:needed]:
        assert KEEPER.is_member(bench.context(), last)
        bench.ok(name, "admin", ApproveRemoval(last, bench.proposal("removal", last), None))
    assert not KEEPER.is_member(bench.context(), last)
    assert KEEPER.count(bench.context()) == members - 1


def test_a_removal_that_its_proposer_alone_decides_shows_the_checkpoint_of_a_change():
    bench = Bench(2)
    early = replace(removal(bench, "east"), checkpoint=bench.checkpoint())
    assert refused(bench, "north", "admin", early) == "checkpoint_unexpected"
    bench.ok("north", "admin", removal(bench, "east"))
    assert KEEPER.count(bench.context()) == 1


def test_approvals_of_members_that_left_do_not_count():
    bench = Bench(5)
    party = bench.parties["valley"] = Party.named("valley")
    bench.ok("north", "admin", joining(bench, "valley", party))
    for name in ("east", "south"):
        bench.ok(name, "admin", ApproveMember("valley", bench.proposal("admission", "valley")))
    bench.ok("south", "admin", Leave(None))
    assert refused(bench, "valley", "admin", Accept("valley", bench.covering())) == "not_approved"
    bench.ok("west", "admin", ApproveMember("valley", bench.proposal("admission", "valley")))
    bench.ok("valley", "admin", Accept("valley", bench.covering()))


def test_the_proposals_query_names_who_approved_and_who_is_awaited():
    bench = Bench(4)
    bench.ok("north", "admin", joining(bench))
    bench.ok("east", "admin", removal(bench, "west"))
    admission, asked = bench.query("identity.proposals").proposals
    assert (admission.kind, admission.name, admission.needed) == ("admission", "harbour", 3)
    assert (admission.proposal.approvals, admission.awaited) == (("north",), ("east", "south", "west"))
    assert (asked.kind, asked.needed, asked.awaited) == ("removal", 3, ("north", "south"))
    ends, later = asked.proposal.expires, admission.proposal.expires
    for time, left in (
        (ends, (admission, asked)),
        (ends + 1, (admission,)),
        (later, (admission,)),
        (later + 1, ()),
    ):
        bench.time = time
        bench.ok("north", "admin", SetEndpoint(f"http://127.0.0.1:{time % 9_999}", None))
        assert bench.query("identity.proposals").proposals == left


def test_a_withdrawn_admission_frees_its_keys_and_its_joiner():
    bench = Bench(2)
    party = bench.parties["harbour"] = Party.named("harbour")
    bench.ok("north", "admin", joining(bench))
    accept = bench.sign_with(party.keys["admin"], Accept("harbour", None), sequence=0)
    assert bench.admission_code(accept) == OK
    bench.ok("north", "admin", Withdraw("admission", "harbour"))
    assert bench.admission_code(accept) == "kernel.unknown_key"
    assert bench.ok("east", "admin", joining(bench)).code == OK


def test_keys_of_an_expired_admission_can_join_under_another_name():
    bench = Bench(1)
    bench.ok("north", "admin", joining(bench))
    bench.time += 48 * HOUR
    party = Party("valley", Party.named("harbour").keys)
    bench.ok("north", "admin", joining(bench, "valley", party))
    bench.ok("north", "admin", Withdraw("admission", "harbour"))
    bench.parties["valley"] = party
    bench.ok("valley", "admin", Accept("valley", None))
    assert KEEPER.owner_of(bench.context(), party.keys["admin"].key_id) == "valley"


def test_what_was_open_about_a_member_ends_with_its_membership():
    bench = Bench(4)
    bench.ok("north", "admin", removal(bench, "west"))
    bench.ok("north", "admin", ProposeQuota("west", SMALL, bench.time + HOUR))
    bench.ok("west", "node", SetEndpoint("http://127.0.0.1:7001", None))
    bench.ok("west", "admin", Leave(None))
    assert bench.query("identity.proposals").proposals == ()
    west = bench.query("identity.member", name="west")
    assert (west.left, west.endpoint) == (bench.tip.time, None)
    assert [member.name for member in bench.query("identity.members").members] == [
        "east",
        "north",
        "south",
        "west",
    ]


# Keys


def test_a_key_is_found_by_its_id_with_its_history():
    bench = Bench(2)
    message, key = added(bench, "north", "analyst")
    bench.ok("north", "admin", message)
    since = bench.tip.time
    bench.ok("north", "admin", RevokeKey(key.key_id))
    found = bench.query("identity.key", key=key.key_id)
    assert (found.member, found.key.roles) == ("north", ("analyst",))
    assert (found.key.since, found.key.revoked) == (since, bench.tip.time)
    assert found in bench.query("identity.keys", name="north").keys
    with pytest.raises(Refused, match=r"identity\.no_key"):
        bench.query("identity.key", key=bytes(32))
    with pytest.raises(Refused, match=r"identity\.not_a_member"):
        bench.query("identity.member", name="nobody")


def test_the_keeper_knows_keys_witnesses_endpoints_and_quotas():
    bench = Bench(2)
    ctx = bench.context()
    operator = bench.key("north", "operator")
    assert KEEPER.witness(ctx, "north") == bench.key("north", "node").public
    assert KEEPER.witness(ctx, "nobody") is None
    assert KEEPER.key_of(ctx, operator.key_id).public == operator.public
    assert KEEPER.key_of(ctx, bytes(32)) is None
    assert KEEPER.owner_of(ctx, bytes(32)) is None
    assert KEEPER.endpoint(ctx, "north") is None
    assert KEEPER.quota(ctx, "nobody") == FULL_QUOTA
    bench.ok("north", "admin", SetQuota(SMALL))
    assert KEEPER.quota(bench.context(), "north") == SMALL


def test_before_the_genesis_nobody_is_anybody():
    bench = Bench(1)
    bench.state.update(dict.fromkeys(bench.state.entries()))
    ctx = bench.context()
    assert KEEPER.member_set(ctx).members == ()
    assert KEEPER.quota(ctx, "north") == Quota(0, 0, 0, 0)
    assert KEEPER.set_changes(ctx) == ()


def test_an_admin_key_may_be_revoked_while_another_stands():
    bench = Bench(2)
    message, second = added(bench, "north", "admin")
    bench.ok("north", "admin", message)
    bench.ok("north", "admin", RevokeKey(bench.key("north", "admin").key_id))
    bench.parties["north"].keys["admin"] = second
    assert refused(bench, "north", "admin", RevokeKey(second.key_id)) == "last_admin"


def test_a_rotated_node_key_witnesses_from_the_next_block():
    bench = Bench(2)
    message, key = rotated(bench, "north")
    old = bench.key("north", "node")
    bench.ok("north", "admin", message)
    assert KEEPER.witness(bench.context(), "north") == key.public
    endpoint = SetEndpoint("http://127.0.0.1:1", None)
    assert bench.admission_code(bench.sign_with(old, endpoint)) == "kernel.revoked_key"
    assert bench.admission_code(bench.sign_with(key, endpoint)) == OK


def test_a_recovery_ends_every_key_there_was():
    bench = Bench(2)
    before = dict(bench.parties["north"].keys)
    bench.ok("north", "recovery", recovered(bench, "north"))
    bench.parties["north"] = Party.named("north", generation=1)
    for key in before.values():
        raw = bench.sign_with(key, SetEndpoint("http://127.0.0.1:1", None))
        assert bench.admission_code(raw) == "kernel.revoked_key"
    bench.ok("north", "admin", SetQuota(SMALL))
    assert KEEPER.members(bench.context()) == ("east", "north")


def test_a_network_of_two_survives_the_loss_of_a_node_key():
    """Both must cosign the block of the recovery: the recovery key does it for the lost node key."""
    bench = Bench(2)
    offline = bench.key("north", "recovery")
    bench.ok("north", "recovery", recovered(bench, "north"))
    bench.parties["north"] = Party.named("north", generation=1)
    both = {"east": bench.key("east", "node"), "north": offline}
    without = bench.checkpoint(signers={"east": both["east"]})
    assert refused(bench, "east", "admin", Leave(without)) == "checkpoint_not_final"
    size = bench.size_at(1)
    bench.ok("east", "admin", Leave(bench.checkpoint(size, both)))
    assert KEEPER.members(bench.context()) == ("north",)


def test_a_member_that_lost_every_node_key_recovers_alone():
    bench = Bench(1)
    offline = bench.key("north", "recovery")
    bench.ok("north", "recovery", recovered(bench, "north"))
    bench.parties["north"] = Party.named("north", generation=1)
    note = bench.checkpoint(signers={"north": offline})
    message, _ = added(bench, "north", "node", word="third")
    bench.ok("north", "admin", RotateNodeKey(message.key, note))


def test_node_and_recovery_key_of_one_member_count_once():
    bench = Bench(2)
    north, east = bench.parties["north"], bench.parties["east"]
    members = KEEPER.member_set(bench.context())
    note = parse_note(bench.checkpoint(signers={"north": north.keys["node"]}))
    twice = note.with_signatures(
        parse_note(
            bench.checkpoint(signers={"north": north.keys["recovery"]}, log=north.keys["node"])
        ).signatures
    )
    with pytest.raises(NotFinal, match="north cosigned twice"):
        check_final(twice, bench.network, members)
    good = bench.checkpoint(signers={"north": north.keys["recovery"], "east": east.keys["node"]})
    assert check_final(parse_note(good), bench.network, members) == ["east", "north"]


# The member set


def test_sets_can_be_followed_from_the_genesis_by_one_checkpoint_a_change():
    bench = Bench(2)
    for name in ("harbour", "valley"):
        bench.admit_member(name)
    message, key = rotated(bench, "east")
    bench.ok("east", "admin", message)
    bench.parties["east"].keys["node"] = key
    bench.ok("valley", "admin", Leave(bench.covering()))
    view = bench.query("identity.set_changes", first=0)
    assert view.total == len(view.changes) == 5
    in_force = view.changes[0].members
    for change, following in zip(view.changes[1:], [*view.changes[2:], None], strict=True):
        note = parse_note(bench.covering() if following is None else following.checkpoint)
        check_final(note, bench.network, in_force)
        assert note.checkpoint.size > change.first_leaf
        in_force = change.members
    newest = bench.query("identity.member_set")
    assert (newest.number, newest.members, newest.hash) == (4, in_force, in_force.hash())
    assert newest.quorum == quorum(3) == 3
    assert [step.members for step in KEEPER.set_changes(bench.context())] == [
        change.members for change in view.changes[1:]
    ]
    assert bench.query("identity.set_changes", first=4).changes == view.changes[4:]
    assert bench.query("identity.set_changes", first=9).changes == ()


def test_the_first_of_two_changes_in_one_block_stands():
    bench = Bench(4)
    raws = [bench.sign(name, "admin", Leave(None)) for name in ("north", "east")]
    assert [receipt.code for receipt in bench.block(*raws)] == [OK, "identity.checkpoint_required"]


def test_a_joiner_and_a_leaver_do_not_change_the_set_in_one_transaction_twice():
    bench = Bench(2)
    rotations = [rotated(bench, "north", word)[0] for word in ("one", "two")]
    assert refused(bench, "north", "admin", *rotations) == "checkpoint_required"
    assert KEEPER.witness(bench.context(), "north") == bench.key("north", "node").public


# Precedence


def test_the_first_refusal_in_order_is_given():
    bench = Bench(3)
    bench.ok("north", "admin", joining(bench))
    past = bench.time - 1

    def proposing(name, keys, expires):
        return ProposeMember(name, "", keys, FULL_QUOTA, expires)

    good = Party.named("valley").new_keys(bench.network)
    unpossessed = tuple(altered(key, possession=bytes(64)) for key in good)
    small = tuple(altered(key, public=SMALL_ORDER) for key in unpossessed)
    incomplete = small[:1]
    disordered = (altered(small[0], roles=("worker", "admin")),)
    rows = [
        ("name_taken", proposing("east", disordered, past)),
        ("proposal_open", proposing("harbour", disordered, past)),
        ("bad_expiry", proposing("valley", disordered, past)),
        ("bad_roles", proposing("valley", disordered, bench.time + HOUR)),
        ("bad_key_set", proposing("valley", incomplete, bench.time + HOUR)),
        ("small_order", proposing("valley", small, bench.time + HOUR)),
        ("bad_possession", proposing("valley", unpossessed, bench.time + HOUR)),
    ]
    assert [refused(bench, "north", "admin", message) for _, message in rows] == [name for name, _ in rows]


# Genesis


def test_a_founder_with_a_key_of_small_order_founds_nothing(monkeypatch):
    specs = Party.named("north").specs
    bad = tuple(
        KeySpec(SMALL_ORDER, spec.roles, spec.label) if "admin" in spec.roles else spec for spec in specs
    )
    monkeypatch.setattr(Party, "specs", property(lambda _self: bad))
    with pytest.raises(InvalidBlock, match=r"identity\.small_order"):
        Bench(1)


def test_two_founders_do_not_share_a_key(monkeypatch):
    specs = Party.named("north").specs
    monkeypatch.setattr(Party, "specs", property(lambda _self: specs))
    with pytest.raises(InvalidBlock, match=r"identity\.key_known"):
        Bench(2)


# Rules


def test_der_is_told_by_its_outer_length():
    assert rules.is_der(bytes.fromhex("3000"))
    assert rules.is_der(bytes.fromhex("308180") + bytes(128))
    assert rules.is_der(bytes.fromhex("30820100") + bytes(256))
    for wrong in ("", "30", "3001", "3100", "30800000", "30817f" + "00" * 127, "3082" + "0080" + "00" * 128):
        assert not rules.is_der(bytes.fromhex(wrong))


@pytest.mark.parametrize(("name", "curve"), [("p256", ec.SECP256R1()), ("secp256k1", ec.SECP256K1())])
def test_attestor_keys_are_the_points_that_another_library_takes(name, curve):
    for secret in range(1, 20):
        public = ec.derive_private_key(secret, curve).public_key()
        compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        assert rules.is_attestor_key(name, compressed)
        assert not rules.is_attestor_key(name, b"\x04" + compressed[1:])
        assert not rules.is_attestor_key(name, compressed[:-1])
    assert not rules.is_attestor_key(name, b"\x02" + b"\xff" * 32)
    off = 0
    for x in range(40):
        wrong = b"\x02" + x.to_bytes(32, "big")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(curve, wrong)
        except ValueError:
            off += 1
            assert not rules.is_attestor_key(name, wrong)
        else:
            assert rules.is_attestor_key(name, wrong)
    assert off


def test_attestors_are_shown_with_the_member_one_for_each_algorithm():
    bench = Bench(1)
    bench.ok("north", "admin", AddAttestor("secp256k1", SECP256K1))
    bench.ok("north", "admin", AddAttestor("secp256k1", b"\x03" + SECP256K1[1:]))
    ((algorithm, attestor),) = bench.query("identity.member", name="north").attestors
    assert (algorithm, attestor.public[0]) == ("secp256k1", 3)


def test_any_part_of_a_quota_above_the_old_one_is_a_raise():
    for name in Quota.__struct_fields__:
        more = {field: getattr(SMALL, field) + (field == name) for field in Quota.__struct_fields__}
        assert rules.raises(Quota(**more), SMALL)
    assert not rules.raises(SMALL, SMALL)
    assert not rules.raises(Quota(0, 0, 0, 0), SMALL)


# Invariants: each tells what was broken behind its back


BREAKS = {
    "members_can_act": [
        lambda c: KEYS.put(c, revoked(c, "node"), "north", MEMBERS.get(c, "north").node),
        lambda c: KEYS.put(c, revoked(c, "admin"), "north", Party.named("north").keys["admin"].key_id),
    ],
    "keys_have_one_owner": [
        lambda c: OWNERS.put(c, Owner("east", joining=False), MEMBERS.get(c, "north").node),
        lambda c: OWNERS.put(c, Owner("north", joining=False), bytes(32)),
        lambda c: OWNERS.put(c, Owner("valley", joining=True), bytes(32)),
    ],
    "set_is_derived": [lambda c: MEMBERS.delete(c, "north"), LATEST.delete],
    "changes_are_covered": [
        lambda c: CHANGES.put(c, CHANGES.get(c, 0), 1),
        lambda c: CHANGES.put(c, CHANGES.get(c, 0), 7),
        lambda c: LATEST.put(c, Latest(3)),
    ],
    "proposals_are_whole": [
        lambda c: PROPOSALS.put(c, proposal(c), "quota", "north"),
        lambda c: PROPOSALS.put(c, proposal(c), "admission", "north"),
        lambda c: PROPOSALS.put(c, replace(proposal(c), proposer=None), "admission", "harbour"),
    ],
    "seats_are_held": [
        lambda c: SEATS.put(c, Seat(None, 1), "harbour"),
        lambda c: SEATS.put(c, Seat(bytes(32), 1), "north"),
    ],
}


def revoked(ctx, role):
    key = Party.named("north").keys[role].key_id
    record = KEYS.get(ctx, "north", key)
    return type(record)(record.public, record.roles, record.label, record.since, 1)


def proposal(ctx):
    return PROPOSALS.get(ctx, "admission", "harbour")


@pytest.mark.parametrize(
    "invariant",
    [each for each in INVARIANTS if each not in MANDATE_INVARIANTS + PERSON_INVARIANTS],
    ids=lambda each: each.name,
)
def test_a_broken_invariant_is_told(invariant):
    for broken in BREAKS[invariant.name]:
        bench = Bench(2)
        bench.ok("north", "admin", joining(bench))
        ctx = bench.context()
        assert invariant.check(ctx, None) is None
        broken(ctx)
        assert invariant.check(ctx, None) is not None


def test_every_table_has_its_own_prefix():
    prefixes = [kept.prefix for kept in identity.module().tables]
    assert len(set(prefixes)) == len(prefixes)
    assert all(isinstance(kept, Table) for kept in identity.module().tables)


def test_a_quota_in_force_binds_the_next_transaction():
    bench = Bench(1)
    bench.ok("north", "admin", ProposeQuota("north", Quota(160, 1 << 40, 1 << 30, 1), bench.time + HOUR))
    assert bench.admission_code(bench.sign("north", "admin", SetQuota(SMALL))) == "kernel.block_full"


def test_the_joiners_quota_lets_the_acceptance_in():
    bench = Bench(1, quota=FULL_QUOTA)
    party = bench.parties["harbour"] = Party.named("harbour")
    tight = Quota(1 << 30, 1 << 40, 100, 1)
    keys = party.new_keys(bench.network)
    bench.ok("north", "admin", ProposeMember("harbour", "", keys, tight, bench.time + HOUR))
    assert bench.run("harbour", "admin", Accept("harbour", None)).code == "kernel.state_full"


def test_votes_are_by_organisation_whoever_of_it_signs():
    bench = Bench(3)
    message, second = added(bench, "north", "admin")
    bench.ok("north", "admin", message)
    bench.ok("north", "admin", ProposeQuota("east", SMALL, bench.time + HOUR))
    (receipt,) = bench.block(bench.sign_with(second, ApproveQuota("east", bench.proposal("quota", "east"))))
    assert receipt.code == "identity.already_approved"


def test_a_key_set_is_possessed_as_a_whole():
    """A key that its owner signed into one set cannot be taken into another."""
    bench = Bench(1)
    alone = new_keys(
        bench.network, "harbour", [(KeySpec(key_from("x").public, ("admin",), "x"), key_from("x"))]
    )
    rest = [(spec, Party.named("harbour").keys[spec.roles[0]]) for spec in Party.named("harbour").specs]
    mixed = (*alone, *new_keys(bench.network, "harbour", rest))
    proposal = ProposeMember("harbour", "", mixed, FULL_QUOTA, bench.time + HOUR)
    assert refused(bench, "north", "admin", proposal) == "bad_possession"
    assert refused(bench, "north", "admin", AddKey(alone[0])) == "bad_possession"
    assert refused(bench, "north", "recovery", Recover(mixed, None)) == "bad_possession"


def test_a_yes_is_of_what_was_seen_and_of_nothing_that_was_swapped_in_since():
    """One member asks for harbour, then for keys of its own, or for more power, under the same name."""
    bench = Bench(4)
    bench.ok("north", "admin", joining(bench))
    seen = bench.proposal("admission", "harbour")
    other = joining(bench, "harbour", Party.named("harbour", generation=1))
    bench.ok("north", "admin", Withdraw("admission", "harbour"), other)
    assert bench.proposal("admission", "harbour") not in {seen, bytes(32)}
    for name in ("east", "south", "west"):
        assert refused(bench, name, "admin", ApproveMember("harbour", seen)) == "no_proposal"
    assert bench.query("identity.proposals").proposals[0].proposal.approvals == ("north",)
    bench.ok("north", "admin", ProposePower("north", 1, bench.time + HOUR))
    seen = bench.proposal("power", "north")
    bench.ok("north", "admin", Withdraw("power", "north"), ProposePower("north", 1_000, bench.time + HOUR))
    assert refused(bench, "east", "admin", ApprovePower("north", seen)) == "no_proposal"
