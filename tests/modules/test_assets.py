"""Rights combine as the law says, and the ledger answers what anyone may ask about an asset."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.store import Overlay
from consortia.modules import assets
from consortia.modules.assets import rules
from consortia.modules.assets.invariants import INVARIANTS
from consortia.modules.assets.messages import Grant, MarkErased, Revoke, Withdraw
from consortia.modules.assets.state import ASSETS, CHILDREN, NAMES, VERSIONS
from consortia.modules.assets.types import (
    MODEL_PARENTS_MAX,
    Asset,
    Child,
    Named,
    Parent,
    Permission,
    Right,
    Rights,
    Version,
)
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import blob, dataset, digest, later, registered, right

KEEPER = assets.Keeper()
MEMBERS = ("*", "east", "north", "south")
PURPOSES = ("*", "diagnosis", "marketing", "research")
RIGHT = st.lists(
    st.builds(
        Permission,
        grantee=st.sampled_from(MEMBERS),
        purposes=st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=3).map(tuple),
    ),
    max_size=5,
).map(tuple)
QUESTIONS = [(member, purpose) for member in MEMBERS for purpose in PURPOSES]


def process(held: Right) -> Rights:
    return Rights(held, ())


def named(held: Right) -> frozenset[str]:
    return frozenset(one.grantee for one in held) - {"*"}


def shared(held: Right) -> frozenset[str]:
    """The plain purposes that a right names for anyone, all of them for "*"."""
    purposes = frozenset(purpose for one in held for purpose in one.purposes)
    return frozenset(PURPOSES) if "*" in purposes else purposes


class TestAlgebra:
    @given(RIGHT, RIGHT)
    def test_what_is_made_from_two_may_be_used_as_far_as_both(self, one: Right, other: Right) -> None:
        met = rules.derive(process(one), process(other)).process
        for member, purpose in QUESTIONS:
            both = rules.allows(one, member, purpose) and rules.allows(other, member, purpose)
            assert rules.allows(met, member, purpose) == both
        assert rules.within(met, one)
        assert rules.within(met, other)

    @given(RIGHT, RIGHT)
    def test_a_sum_may_be_used_by_whom_any_names_for_what_all_share(self, one: Right, other: Right) -> None:
        summed = rules.aggregate(process(one), process(other)).process
        for member, purpose in QUESTIONS:
            if rules.allows(summed, member, purpose):
                assert rules.allows(one, member, purpose) or rules.allows(other, member, purpose)
                assert purpose in shared(one) & shared(other)
        assert named(summed) <= named(one) | named(other)
        for purpose in PURPOSES:
            open_to_all = rules.allows(one, "*", purpose) and rules.allows(other, "*", purpose)
            assert rules.allows(summed, "*", purpose) == open_to_all

    @given(RIGHT, RIGHT)
    def test_a_grant_adds_exactly_what_it_says(self, held: Right, more: Right) -> None:
        wide = rules.widen(held, more)
        for member, purpose in QUESTIONS:
            either = rules.allows(held, member, purpose) or rules.allows(more, member, purpose)
            assert rules.allows(wide, member, purpose) == either

    @given(RIGHT, RIGHT)
    def test_combining_does_not_depend_on_the_order(self, one: Right, other: Right) -> None:
        first, second = process(one), process(other)
        assert rules.derive(first, second) == rules.derive(second, first)
        assert rules.aggregate(first, second) == rules.aggregate(second, first)
        assert rules.widen(one, other) == rules.widen(other, one)

    @given(RIGHT)
    def test_no_right_leaves_its_owner_out(self, held: Right) -> None:
        owned = rules.owned(process(held), "west")
        assert rules.reach(owned.process, "west")
        assert rules.allows(owned.download, "west", "*")
        assert rules.owned(owned, "west") == owned

    def test_an_owner_is_bound_by_the_purposes_that_it_states(self) -> None:
        owned = rules.owned(process(right(("east", "diagnosis"))), "north")
        assert rules.allows(owned.process, "north", "diagnosis")
        assert not rules.allows(owned.process, "north", "marketing")

    def test_a_sum_of_four_hospitals_is_for_all_four_and_their_common_purpose(self) -> None:
        parts = [
            process(right((name, "diagnosis"), (name, f"own-{name}"))) for name in ("east", "north", "south")
        ]
        assert rules.aggregate(*parts).process == right(
            ("east", "diagnosis"), ("north", "diagnosis"), ("south", "diagnosis")
        )

    def test_a_purpose_is_taken_only_from_whoever_holds_it(self) -> None:
        held = (Permission("east", ("diagnosis", "research")),)
        assert rules.narrow(held, ["east"], ["research"]) == right(("east", "diagnosis"))
        assert rules.narrow(held, ["east"], None) == ()
        assert rules.narrow(held, ["east"], ["marketing"]) is None
        assert rules.narrow(held, ["north"], None) is None
        assert rules.narrow(right(("east", "*")), ["east"], ["research"]) is None

    def test_what_goes_beyond_the_limits_is_left_out_of_a_combination(self) -> None:
        many = tuple(Permission("east", (f"purpose-{at:02}",)) for at in range(20))
        assert not rules.small(rules.widen((), many))
        met = rules.derive(process(many), process(many)).process
        assert rules.small(met)
        assert rules.within(met, many)


def context(bench: Bench) -> Context:
    return Context(Overlay(bench.state), bench.network, bench.tip.height, bench.time, transaction=bytes(32))


def study(summed: list[bytes], started_from: list[bytes], name: str = "screen") -> assets.Made:
    return assets.Made(
        owner="north",
        name=name,
        title="Screening",
        content=digest("weights"),
        count=200,
        study=digest("study"),
        summed=tuple(Parent(one, 1) for one in summed),
        made_from=tuple(Parent(one, 1) for one in started_from),
    )


class TestKeeper:
    def hospitals(self, bench: Bench) -> list[bytes]:
        return [
            registered(bench, dataset(rights=process(right((name, "diagnosis")))), name)
            for name in ("north", "east")
        ]

    def test_a_studys_model_is_for_those_whose_data_it_learned_from(self) -> None:
        bench = Bench(4)
        parts = self.hospitals(bench)
        start = registered(bench, blob("start", rights=process(right(("*", "*")))), "south")
        ctx = context(bench)
        model = KEEPER.register_model(ctx, study(parts, [start]))
        made = KEEPER.get(ctx, model)
        assert made is not None
        assert (made.owner, made.name, made.kind, made.study) == ("north", "screen", "model", digest("study"))
        assert {parent.asset for parent in made.parents} == {*parts, start}
        assert KEEPER.content(ctx, model) == digest("weights")
        for member, purpose, expected in (
            ("north", "diagnosis", True),
            ("east", "diagnosis", True),
            ("east", "marketing", False),
            ("west", "diagnosis", False),
        ):
            assert KEEPER.may(ctx, member, model, "process", purpose) is expected

    def test_a_study_is_never_held_up_by_a_taken_name_or_a_withdrawal(self) -> None:
        bench = Bench(4)
        parts = self.hospitals(bench)
        registered(bench, blob("screen"))
        bench.ok("east", "operator", Withdraw(parts[1]))
        ctx = context(bench)
        model = KEEPER.register_model(ctx, study(parts, []))
        made = KEEPER.get(ctx, model)
        assert made is not None
        assert made.name == f"screen-{model.hex()[:8]}"
        assert KEEPER.by_name(ctx, "north", made.name) == made

    def test_a_model_needs_parents_that_are_there_once_each(self) -> None:
        bench = Bench(4)
        (part, _) = self.hospitals(bench)
        ctx = context(bench)
        for made, code in (
            (study([part], [part]), "assets.repeated_parent"),
            (study([digest("nothing")], []), "assets.unknown_parent"),
        ):
            with pytest.raises(Refused) as refused:
                KEEPER.register_model(ctx, made)
            assert refused.value.code == code
        for count in (0, MODEL_PARENTS_MAX + 1):
            with pytest.raises(ValueError, match="from 1 to 256"):
                KEEPER.register_model(ctx, study([part] * count, []))

    def test_what_may_go_into_something_new(self) -> None:
        bench = Bench(4)
        (part, other) = self.hospitals(bench)
        bench.ok("north", "operator", later(part), MarkErased(part, 1))
        bench.ok("east", "operator", Withdraw(other))
        ctx = context(bench)
        assert [KEEPER.is_usable(ctx, part, number) for number in (1, 2, 3)] == [False, True, False]
        assert not KEEPER.is_usable(ctx, other, 1)
        assert KEEPER.is_withdrawn(ctx, other)
        assert KEEPER.is_withdrawn(ctx, digest("nothing"))
        assert not KEEPER.may(ctx, "east", other, "process", "diagnosis")
        assert not KEEPER.may(ctx, "east", digest("nothing"), "process", "diagnosis")
        assert KEEPER.kind(ctx, part) == "dataset"
        assert KEEPER.kind(ctx, digest("nothing")) is None
        assert KEEPER.content(ctx, digest("nothing")) is None
        version = KEEPER.version_in_force(ctx, part)
        assert version is not None
        assert version.number == 2


class TestQueries:
    def test_an_asset_is_found_by_id_and_by_name(self) -> None:
        bench = Bench(4)
        asset = registered(bench, dataset())
        bench.ok("north", "operator", later(asset))
        found = bench.query("assets.asset", asset=asset)
        assert found == bench.query("assets.by_name", owner="north", name="patients")
        assert (found.asset.version, found.version.count) == (2, 110)
        assert bench.query("assets.asset", asset=digest("nothing")).asset is None

    def test_assets_come_a_page_at_a_time_by_owner_and_kind(self) -> None:
        bench = Bench(4)
        names = ["b", "aa", "c", "d", "ee"]
        for name in names:
            registered(bench, dataset(name))
        registered(bench, blob("model"))
        registered(bench, dataset("elsewhere"), "east")

        def every(**fields: object) -> list[str]:
            found, after = [], None
            while True:
                page = bench.query("assets.assets", after=after, limit=2, **fields)
                found += [asset.name for asset in page.assets]
                after = page.next
                if after is None:
                    return found

        assert sorted(every(owner="north", kind="dataset")) == sorted(names)
        assert every(owner="north", kind="model") == ["model"]
        assert sorted(every(owner=None, kind=None)) == sorted([*names, "model", "elsewhere"])

    def test_versions_come_oldest_first(self) -> None:
        bench = Bench(4)
        asset = registered(bench, dataset())
        for word in ("two", "three"):
            bench.ok("north", "operator", later(asset, word))
        page = bench.query("assets.versions", asset=asset, after=0, limit=2)
        assert [version.number for version in page.versions] == [1, 2]
        rest = bench.query("assets.versions", asset=asset, after=page.next, limit=2)
        assert ([version.number for version in rest.versions], rest.next) == ([3], None)
        assert bench.query("assets.versions", asset=digest("nothing"), after=0, limit=2).versions == ()

    def test_a_lineage_leads_from_the_data_to_what_was_made_of_them(self) -> None:
        bench = Bench(4)
        data = registered(bench, dataset())
        model = registered(bench, blob("screen", parents=(Parent(data, 1),)))
        better = registered(bench, blob("better", parents=(Parent(model, 1), Parent(data, 1))))

        def ask(asset: bytes, up: int, down: int) -> tuple[list[tuple[int, str]], bool]:
            found = bench.query("assets.lineage", asset=asset, up=up, down=down)
            return sorted((node.depth, node.asset.name) for node in found.nodes), found.cut

        whole = [(-1, "patients"), (0, "screen"), (1, "better")]
        assert ask(model, 8, 8) == (whole, False)
        assert ask(better, 8, 0) == ([(-1, "patients"), (-1, "screen"), (0, "better")], False)
        assert ask(data, 0, 1) == ([(0, "patients"), (1, "better"), (1, "screen")], False)
        assert ask(model, 0, 0) == ([(0, "screen")], True)
        assert ask(digest("nothing"), 8, 8) == ([], False)

    def test_whether_a_member_may_is_answered_as_the_law_stands_now(self) -> None:
        bench = Bench(4)
        asset = registered(bench, dataset())

        def may(member: str, purpose: str) -> bool:
            asked = {"member": member, "asset": asset, "right": "process", "purpose": purpose}
            return bool(bench.query("assets.right", **asked).allowed)

        assert may("north", "*")
        assert not may("east", "research")
        bench.ok("north", "admin", Grant(asset, "process", right(("east", "research"))))
        assert may("east", "research")
        assert not may("east", "*")
        bench.ok("north", "admin", Revoke(asset, "process", ("east",), None))
        assert not may("east", "research")
        bench.ok("north", "trustee", Withdraw(asset))
        assert not may("north", "research")


def test_two_assets_of_one_transaction_have_ids_of_their_own() -> None:
    bench = Bench(4)
    messages: list[Record] = [dataset("one"), dataset("two")]
    receipt = bench.ok("north", "operator", *messages)
    ids = {event.body["asset"] for event in receipt.events}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("names", lambda ctx, a: NAMES.put(ctx, Named(a.id, "model"), a.owner, a.name)),
        ("names", lambda ctx, a: NAMES.delete(ctx, a.owner, a.name)),
        ("versions", lambda ctx, a: VERSIONS.delete(ctx, a.id, 1)),
        ("versions", lambda ctx, a: ASSETS.delete(ctx, a.id)),
        ("rights", lambda ctx, a: ASSETS.put(ctx, replace(a, rights=Rights((), ())), a.id)),
        ("rights", lambda ctx, a: ASSETS.put(ctx, replace(a, bound=Rights((), ())), a.id)),
        ("lineage", lambda ctx, a: CHILDREN.delete(ctx, a.id, made_of(ctx, a))),
        ("lineage", lambda ctx, a: CHILDREN.put(ctx, Child(1), a.id, digest("nothing"))),
        ("lineage", lambda ctx, a: VERSIONS.put(ctx, replace(first(ctx, a), height=99), a.id, 1)),
    ],
)
def test_a_state_that_breaks_an_invariant_is_named(name: str, harm: Callable[..., None]) -> None:
    bench = Bench(4)
    data = registered(bench, dataset())
    registered(bench, blob("screen", parents=(Parent(data, 1),)))
    ctx = context(bench)
    asset = KEEPER.get(ctx, data)
    assert all(invariant.check(ctx, None) is None for invariant in INVARIANTS)
    harm(ctx, asset)
    assert name in {invariant.name for invariant in INVARIANTS if invariant.check(ctx, None) is not None}


def made_of(ctx: Context, asset: Asset) -> bytes:
    ((_, child), _), *_ = CHILDREN.scan(ctx, asset.id)
    return bytes(child)


def first(ctx: Context, asset: Asset) -> Version:
    return VERSIONS.get(ctx, asset.id, 1)
