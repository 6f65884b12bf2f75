"""The overlay behaves like a plain dict that can be copied at every mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.kernel.store import MemoryReader, Overlay, prefix_end

KEYS = st.binary(min_size=1, max_size=3) | st.sampled_from([b"a/1", b"a/2", b"a/\xff", b"b/1", b"\xff\xff"])
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.binary(max_size=2)),
        st.tuples(st.just("delete"), KEYS, st.just(b"")),
        st.tuples(st.just("scan"), st.binary(max_size=2), st.just(b"") | KEYS),
        st.tuples(st.sampled_from(["begin", "commit", "rollback"]), st.just(b""), st.just(b"")),
    ),
    max_size=60,
)


def matching(model: dict[bytes, bytes], prefix: bytes, after: bytes) -> list[tuple[bytes, bytes]]:
    return sorted((key, value) for key, value in model.items() if key.startswith(prefix) and key > after)


@given(st.dictionaries(KEYS, st.binary(max_size=2)), MOVES)
def test_any_sequence_of_moves_matches_the_plain_model(
    start: dict[bytes, bytes], moves: list[tuple[str, bytes, bytes]]
) -> None:
    overlay = Overlay(MemoryReader(start))
    model, saved = dict(start), list[dict[bytes, bytes]]()
    for move, key, value in moves:
        if move == "put":
            overlay.put(key, value)
            model[key] = value
        elif move == "delete":
            overlay.delete(key)
            model.pop(key, None)
        elif move == "scan":
            assert list(overlay.scan(key, value)) == matching(model, key, value)
        elif move == "begin":
            overlay.begin()
            saved.append(dict(model))
        elif saved:
            getattr(overlay, move)()
            before = saved.pop()
            model = before if move == "rollback" else model
        assert overlay.depth == len(saved)
        assert overlay.get(key) == model.get(key)
    while overlay.depth:
        overlay.commit()
    after = MemoryReader(start)
    after.update(overlay.changes())
    assert after.entries() == model
    assert list(overlay.changes()) == sorted(overlay.changes())


def test_a_rolled_back_call_leaves_no_trace() -> None:
    overlay = Overlay(MemoryReader({b"kept": b"1"}))
    overlay.begin()
    overlay.put(b"new", b"2")
    overlay.delete(b"kept")
    overlay.rollback()
    assert overlay.changes() == {}
    assert list(overlay.scan(b"")) == [(b"kept", b"1")]


def test_a_deletion_hides_the_key_until_it_is_put_again() -> None:
    overlay = Overlay(MemoryReader({b"key": b"1"}))
    overlay.delete(b"key")
    assert overlay.get(b"key") is None
    assert overlay.changes() == {b"key": None}
    overlay.put(b"key", b"2")
    assert overlay.get(b"key") == b"2"


def test_a_scan_puts_changes_before_among_and_behind_what_stands() -> None:
    overlay = Overlay(MemoryReader({b"b": b"1", b"d": b"2", b"f": b"3", b"h": b"4"}))
    for key in (b"a", b"c", b"d", b"i"):
        overlay.put(key, b"new")
    for key in (b"b", b"e", b"g", b"j"):
        overlay.delete(key)
    found = {b"a": b"new", b"c": b"new", b"d": b"new", b"f": b"3", b"h": b"4", b"i": b"new"}
    assert list(overlay.scan(b"")) == sorted(found.items())


def test_writing_while_scanning_does_not_disturb_the_scan() -> None:
    overlay = Overlay(MemoryReader({b"a": b"1", b"b": b"2"}))
    overlay.put(b"c", b"3")
    seen = []
    for key, _ in overlay.scan(b""):
        overlay.delete(key)
        overlay.put(key + b"!", b"")
        seen.append(key)
    assert seen == [b"a", b"b", b"c"]


def test_many_new_keys_between_scans_are_found_in_order() -> None:
    overlay = Overlay(MemoryReader())
    for number in range(200):
        overlay.put(b"%d" % (number * 7919 % 1000), b"")
        if number in (3, 60, 61):
            assert [key for key, _ in overlay.scan(b"")] == sorted(overlay._top.values)
    assert [key for key, _ in overlay.scan(b"1")] == sorted(
        k for k in overlay._top.values if k.startswith(b"1")
    )


def test_marks_must_be_paired() -> None:
    overlay = Overlay(MemoryReader())
    for unpaired in (overlay.commit, overlay.rollback):
        with pytest.raises(RuntimeError, match="no mark"):
            unpaired()
    overlay.begin()
    with pytest.raises(RuntimeError, match="1 marks are open"):
        overlay.changes()


def test_the_end_of_a_prefix() -> None:
    assert prefix_end(b"a") == b"b"
    assert prefix_end(b"a\xff") == b"b"
    assert prefix_end(b"\xff") is None
    assert prefix_end(b"") is None


def test_growth_counts_what_changed_since_the_last_mark() -> None:
    overlay = Overlay(MemoryReader({b"kept": b"12", b"gone": b"1234"}))
    overlay.put(b"below", b"1")
    overlay.begin()
    assert overlay.growth() == 0
    overlay.put(b"kept", b"123")
    overlay.put(b"below", b"")
    overlay.put(b"new", b"1234567")
    assert overlay.growth() == 1 - 1 + 10
    overlay.delete(b"gone")
    overlay.delete(b"never")
    overlay.delete(b"below")
    assert overlay.growth() == 1 - 6 + 10 - 8


def test_a_key_that_no_store_could_hold_is_refused_before_it_is_written() -> None:
    overlay = Overlay(MemoryReader())
    overlay.put(b"k" * 511, b"")
    for key in (b"", b"k" * 512):
        with pytest.raises(ValueError, match="1 to 511 bytes"):
            overlay.put(key, b"")
    assert list(overlay.changes()) == [b"k" * 511]
