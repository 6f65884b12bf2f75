"""The Merkle log agrees with the published test vectors, with pymerkle, and with itself."""

import random
from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base import merkle

# The log of the first test vectors of the RFC 6962 reference implementation.
RFC_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(count: int) -> list[bytes]:
    return [merkle.leaf_hash(b"leaf %d" % number) for number in range(count)]


def complete_nodes(leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    nodes = {(0, index): digest for index, digest in enumerate(leaves)}
    nodes.update({(level, index): digest for level, index, digest in merkle.Frontier().extend(leaves)})
    return nodes


def test_roots_agree_with_the_published_vectors() -> None:
    frontier = merkle.Frontier()
    leaves = [merkle.leaf_hash(leaf) for leaf in RFC_LEAVES]
    for size, expected in enumerate(RFC_ROOTS, start=1):
        frontier.append(leaves[size - 1])
        assert frontier.root().hex() == expected
        assert merkle.root(leaves[:size]).hex() == expected


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    assert merkle.root([]) == merkle.EMPTY_ROOT == sha256(b"").digest() == merkle.Frontier().root()


def test_roots_and_paths_agree_with_pymerkle() -> None:
    peer = pymerkle.InmemoryTree(algorithm="sha256")
    leaves = []
    for number in range(70):
        data = b"entry %d" % number
        peer.append_entry(data)
        leaves.append(merkle.leaf_hash(data))
        assert merkle.root(leaves) == peer.get_root()
    for index in range(70):
        theirs = peer.prove_inclusion(index + 1).serialize()["path"]
        ours = [leaves[index], *merkle.inclusion_path(leaves, index)]
        assert sorted(theirs) == sorted(step.hex() for step in ours)
    for old in range(1, 70):
        path = merkle.consistency_path(leaves, old)
        merkle.verify_consistency(old, peer.get_root(old), 70, peer.get_root(), path)


def test_every_leaf_of_every_small_log_is_included() -> None:
    for size in range(1, 34):
        leaves = hashes(size)
        for index in range(size):
            path = merkle.inclusion_path(leaves, index)
            assert merkle.root_from_path(leaves[index], index, size, path) == merkle.root(leaves)


def test_every_small_log_is_consistent_with_all_its_prefixes() -> None:
    leaves = hashes(33)
    for size in range(34):
        for old in range(size + 1):
            path = merkle.consistency_path(leaves[:size], old)
            old_root, new_root = merkle.root(leaves[:old]), merkle.root(leaves[:size])
            merkle.verify_consistency(old, old_root, size, new_root, path)


@given(st.integers(1, 3000), st.data())
def test_paths_from_stored_nodes_are_the_plain_paths(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    nodes = complete_nodes(leaves)
    reads = []

    def node(level: int, index: int) -> bytes:
        reads.append((level, index))
        return nodes[level, index]

    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root = merkle.root(leaves)
    assert merkle.root_at(node, size) == root
    reads.clear()
    path = merkle.read_inclusion_path(node, index, size)
    assert merkle.root_from_path(leaves[index], index, size, path) == root
    merkle.verify_consistency(
        old, merkle.root_at(node, old), size, root, merkle.read_consistency_path(node, old, size)
    )
    assert len(reads) <= 8 * size.bit_length() + 8


@given(st.integers(1, 40), st.integers(0, 39), st.data())
def test_a_path_of_another_length_place_or_content_is_refused(
    size: int, index: int, data: st.DataObject
) -> None:
    leaves = hashes(size)
    index %= size
    path = merkle.inclusion_path(leaves, index)
    with pytest.raises(merkle.PathError):
        merkle.root_from_path(leaves[index], index, size, [*path, bytes(32)])
    if path:
        with pytest.raises(merkle.PathError):
            merkle.root_from_path(leaves[index], index, size, path[:-1])
        at = data.draw(st.integers(0, len(path) - 1))
        wrong = [*path[:at], sha256(path[at]).digest(), *path[at + 1 :]]
        assert merkle.root_from_path(leaves[index], index, size, wrong) != merkle.root(leaves)
    with pytest.raises(merkle.PathError):
        merkle.root_from_path(leaves[index], size, size, path)


def test_an_inconsistent_history_is_refused() -> None:
    leaves = hashes(21)
    new_root = merkle.root(leaves)
    for old in range(1, 21):
        path = merkle.consistency_path(leaves, old)
        old_root = merkle.root(leaves[:old])
        rewritten = merkle.root([*leaves[: old - 1], bytes(32)])
        for bad in (
            (old, rewritten, 21, new_root, path),
            (old, old_root, 21, bytes(32), path),
            (old, old_root, 21, new_root, [*path, bytes(32)]),
            (old, old_root, 21, new_root, path[:-1]),
            (old, old_root, 21, new_root, []),
        ):
            with pytest.raises(merkle.PathError):
                merkle.verify_consistency(*bad)


def test_the_borders_of_consistency() -> None:
    leaves = hashes(5)
    root = merkle.root(leaves)
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, root, [])
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, [])
    merkle.verify_consistency(5, root, 5, root, [])
    for bad in (
        (0, root, 5, root, []),
        (0, merkle.EMPTY_ROOT, 0, root, []),
        (0, merkle.EMPTY_ROOT, 5, root, [root]),
        (5, root, 5, bytes(32), []),
        (5, root, 5, root, [root]),
        (6, root, 5, root, []),
        (-1, root, 5, root, []),
    ):
        with pytest.raises(merkle.PathError):
            merkle.verify_consistency(*bad)
    with pytest.raises(merkle.PathError):
        merkle.read_inclusion_path(merkle.reader(leaves), 5, 5)
    with pytest.raises(merkle.PathError):
        merkle.read_consistency_path(merkle.reader(leaves), 6, 5)


@given(st.integers(0, 200), st.integers(0, 50))
def test_a_frontier_survives_its_encoding(size: int, more: int) -> None:
    leaves = hashes(size + more)
    frontier = merkle.Frontier()
    frontier.extend(leaves[:size])
    copy = merkle.Frontier.decode(frontier.encode())
    assert copy == frontier
    assert copy.copy().peaks == frontier.peaks
    assert copy.extend(leaves[size:]) == frontier.extend(leaves[size:])
    assert copy.root() == merkle.root(leaves)
    assert copy.size == size + more


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(7),
        bytes(9),
        bytes(40),
        (1).to_bytes(8, "big"),
        (3).to_bytes(8, "big") + bytes(32),
        (1 << 63).to_bytes(8, "big") + bytes(32),
    ],
)
def test_anything_else_is_not_a_frontier(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"peaks|frontier"):
        merkle.Frontier.decode(data)


def test_a_frontier_has_no_hash_and_takes_only_digests() -> None:
    with pytest.raises(TypeError):
        hash(merkle.Frontier())
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.Frontier(1, [b"short"])
    assert merkle.Frontier() != 0


def test_completed_nodes_are_each_reported_once_and_right() -> None:
    leaves = hashes(random.Random(5).randrange(500, 600))
    nodes = merkle.Frontier().extend(leaves)
    assert len({(level, index) for level, index, _ in nodes}) == len(nodes)
    assert len(nodes) == len(leaves) - len(leaves).bit_count()
    for level, index, digest in nodes:
        assert digest == merkle.root(leaves[index << level : (index + 1) << level])
