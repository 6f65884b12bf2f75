"""The fast state tree keeps the plain law's root and paths, at its newest and at recent heights."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base import setcommit
from consortia.base.hashing import sha256, tagged
from consortia.kernel import tree as tree_module
from consortia.kernel.buckets import Batch, lay
from consortia.kernel.tree import Plan, Tree, TreeError, bucket_name, hashed, key_hash, value_hash

Changes = dict[bytes, bytes | None]


class Shelf:
    """Tree records in a dict."""

    def __init__(self) -> None:
        self.height = 0
        self.records = dict[bytes, bytes]()
        self.deltas = dict[int, bytes]()

    def bucket(self, name: bytes) -> bytes | None:
        return self.records.get(name)

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self.records.items())

    def delta(self, height: int) -> bytes | None:
        return self.deltas.get(height)

    def commit(self, plan: Plan) -> None:
        for name, packed in plan.buckets.items():
            if packed is None:
                self.records.pop(name, None)
            else:
                self.records[name] = packed
        self.height = plan.height
        self.deltas[plan.height] = plan.delta
        self.deltas.pop(plan.forget, None)


def grow(tree: Tree, shelf: Shelf, changes: Changes) -> None:
    plan = tree.plan(shelf, changes)
    shelf.commit(plan)
    tree.adopt(plan)


def after(entries: dict[bytes, bytes], changes: Changes) -> dict[bytes, bytes]:
    merged = {**entries, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def near(number: int) -> bytes:
    """A key hash: every fourth number shares its first 28 bits with the others of its kind, most do not."""
    digest = sha256(b"%d" % number)
    return digest if number % 4 else b"\xab\xcd\xef" + bytes([digest[0] & 15 | 0x70]) + digest[4:]


NUMBERS = st.integers(0, 150)
CHANGES = st.dictionaries(
    NUMBERS.map(near), st.integers(0, 3).map(lambda n: bytes([n]) * 32) | st.none(), max_size=90
)


@given(st.lists(CHANGES, max_size=8), st.integers(0, 4), st.integers(0, 200))
def test_every_batch_gives_the_root_and_paths_of_the_law(
    batches: list[Changes], history: int, remembered: int
) -> None:
    tree, shelf, states = Tree(history=history), Shelf(), [dict[bytes, bytes]()]
    for changes in batches:
        grow(tree, shelf, changes)
        states.append(after(states[-1], changes))
        assert tree.root == setcommit.root(states[-1])
        assert tree.count == len(states[-1])
        while tree._recent_halves > remembered:
            tree._recent_halves -= len(tree._recent.popleft()[0])
    assert Tree.open(shelf, tree.root).root == tree.root
    keys = [near(number) for number in range(0, 150, 13)]
    for height in range(max(0, len(batches) - history), len(batches) + 1):
        assert tree.root_at(shelf, height) == setcommit.root(states[height])
        for key in keys:
            assert tree.path(shelf, key, height) == setcommit.path(states[height], key)
    assert sorted(shelf.deltas) == list(range(max(1, len(batches) - history + 1), len(batches) + 1))


@given(st.sets(NUMBERS, max_size=150), st.randoms(use_true_random=False))
def test_the_root_and_the_records_do_not_depend_on_history(numbers: set[int], order: random.Random) -> None:
    target = {near(number): sha256(near(number)) for number in numbers}
    at_once, shelf = Tree(), Shelf()
    grow(at_once, shelf, dict(target))
    detour, other = Tree(), Shelf()
    steps: list[tuple[bytes, bytes | None]] = [(near(number), bytes(32)) for number in range(151)]
    order.shuffle(steps)
    settled: list[tuple[bytes, bytes | None]] = [(key, target.get(key)) for key, _ in steps]
    order.shuffle(settled)
    for at in range(0, 151, 30):
        grow(detour, other, dict(steps[at : at + 30]))
    for at in range(0, 151, 50):
        grow(detour, other, dict(settled[at : at + 50]))
    assert detour.root == at_once.root == setcommit.root(target)
    assert other.records == shelf.records


@pytest.mark.parametrize("count", [0, 1, 16, 17, 150])
def test_entries_laid_at_once_or_half_by_half_give_the_records_of_a_grown_tree(count: int) -> None:
    entries = {near(number): sha256(near(number)) for number in range(count)}
    tree, shelf = Tree(), Shelf()
    grow(tree, shelf, dict(entries))
    root, buckets = lay(setcommit.pack(sorted(entries.items())), 1)
    assert root == tree.root == setcommit.root(entries)
    assert {bucket_name(place): packed for place, packed in buckets.items()} == shelf.records
    low, high = ([each for each in sorted(entries.items()) if each[0][0] >> 7 == bit] for bit in (0, 1))
    if count > setcommit.LEAF_ENTRIES_MAX:
        (left, below), (right, beside) = lay(setcommit.pack(low), 2), lay(setcommit.pack(high), 3)
        assert tree._halves[1] == count.to_bytes(8, "big") + left + right
        assert below | beside == buckets


def test_a_block_without_effect_plans_nothing() -> None:
    tree, shelf = Tree(), Shelf()
    grow(tree, shelf, {near(n): bytes(32) for n in range(50)})
    root = tree.root
    plan = tree.plan(shelf, {near(1): bytes(32), near(999): None})
    assert (plan.root, plan.count, plan.buckets, plan.halves) == (root, 50, {}, {})
    grow(tree, shelf, {})
    assert (tree.root, tree.height) == (root, 2)


def test_a_plan_changes_nothing_until_it_is_adopted() -> None:
    tree, shelf = Tree(), Shelf()
    grow(tree, shelf, {near(n): bytes(32) for n in range(100)})
    before = tree.root, tree.count, tree.height, dict(tree._halves), dict(shelf.records)
    tree.plan(shelf, {near(n): None for n in range(60)} | {near(n): sha256(b"") for n in range(60, 140)})
    assert before == (tree.root, tree.count, tree.height, dict(tree._halves), dict(shelf.records))


def test_only_the_next_plan_can_be_adopted() -> None:
    tree, shelf = Tree(), Shelf()
    plan = tree.plan(shelf, {near(1): bytes(32)})
    tree.adopt(plan)
    with pytest.raises(TreeError, match="does not follow"):
        tree.adopt(plan)
    with pytest.raises(TreeError, match="the records are of height 0"):
        tree.plan(shelf, {})


def test_large_blocks_over_many_heights_keep_their_past() -> None:
    draw = random.Random(7)
    tree, shelf, states = Tree(history=6), Shelf(), [dict[bytes, bytes]()]
    for _ in range(10):
        changes: Changes = {sha256(b"%d" % draw.randrange(3000)): draw.randbytes(32) for _ in range(800)}
        changes.update({sha256(b"%d" % draw.randrange(3000)): None for _ in range(300)})
        grow(tree, shelf, changes)
        states.append(after(states[-1], changes))
    reopened = Tree.open(shelf, setcommit.root(states[-1]), history=6)
    for height in range(4, 11):
        root = setcommit.root(states[height])
        for number in range(0, 3000, 97):
            key = sha256(b"%d" % number)
            path = tree.path(shelf, key, height)
            assert reopened.path(shelf, key, height) == path
            if key in states[height]:
                setcommit.verify_presence(root, key, states[height][key], path)
            else:
                setcommit.verify_absence(root, key, path)
    for height in (3, 11):
        with pytest.raises(TreeError, match="out of reach"):
            tree.path(shelf, key, height)


def test_the_past_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "RECENT_HALVES_MAX", 50)
    tree, shelf = Tree(), Shelf()
    for step in range(20):
        grow(tree, shelf, {near(n): bytes([step]) * 32 for n in range(120)})
        assert tree._recent_halves <= 50
    assert tree.path(shelf, near(1), 3) == setcommit.path(
        {near(n): bytes([2]) * 32 for n in range(120)}, near(1)
    )


def test_changed_records_are_found_at_opening() -> None:
    tree, shelf = Tree(), Shelf()
    grow(tree, shelf, {near(n): bytes(32) for n in range(200)})
    for name, packed in list(shelf.records.items()):
        wrongs = {packed[:-1] + b"\x01", packed[:-64], packed + packed[-64:], packed[64:] + packed[:64]}
        for wrong in wrongs - {packed}:
            shelf.records[name] = wrong
            with pytest.raises(TreeError, match="committed root"):
                Tree.open(shelf, tree.root)
        del shelf.records[name]
        with pytest.raises(TreeError, match="committed root"):
            Tree.open(shelf, tree.root)
        shelf.records[name] = packed
    assert Tree.open(shelf, tree.root).count == 200


def test_changed_records_are_found_when_a_path_is_made() -> None:
    tree, shelf = Tree(history=5), Shelf()
    grow(tree, shelf, {near(n): bytes(32) for n in range(200)})
    grow(tree, shelf, {near(1): sha256(b"")})
    for name in shelf.records:
        shelf.records[name] = bytes(64)
    with pytest.raises(TreeError, match="not the one the state tree expects"):
        tree.path(shelf, near(1))
    tree._recent.clear()
    shelf.deltas.clear()
    with pytest.raises(TreeError, match="leads back from height 2 is missing"):
        tree.path(shelf, near(1), 1)


def test_halves_that_are_missing_are_an_error() -> None:
    tree, shelf = Tree(), Shelf()
    grow(tree, shelf, {near(n): bytes(32) for n in range(200)})
    batch = Batch({1: tree._halves[1]}.get, lambda _place: b"")
    with pytest.raises(TreeError, match="halves of place 2 are missing"):
        batch._raise({4: (bytes(32), 0)})


def test_keys_and_values_are_hashed_under_their_tags() -> None:
    changes = {b"a": b"1", b"b": None}
    assert hashed(changes) == {key_hash(b"a"): value_hash(b"1"), key_hash(b"b"): None}
    assert key_hash(b"a") == tagged("consortia/state/key", b"a")
    assert value_hash(b"1") == tagged("consortia/state/value", b"1")


def test_only_digests_are_taken() -> None:
    for bad in ({b"short": bytes(32)}, {bytes(32): b"short"}):
        with pytest.raises(ValueError, match="32 bytes"):
            Tree().plan(Shelf(), bad)


def test_the_empty_tree() -> None:
    tree, shelf = Tree(), Shelf()
    assert tree.root == setcommit.EMPTY_ROOT
    assert Tree.open(shelf, setcommit.EMPTY_ROOT).count == 0
    setcommit.verify_absence(tree.root, bytes(32), tree.path(shelf, bytes(32)))
