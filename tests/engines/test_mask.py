"""Masked sums equal plain sums bit for bit, whoever drops out, and a masked vector looks like chance."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged
from consortia.base.shares import Bundle
from consortia.engines import mask
from consortia.engines.mask import reference, streams
from consortia.exact.fixed import FixedError
from consortia.exact.graph import threshold
from consortia.exact.ring import RingError, add_all
from consortia.exact.shamir import ShamirError
from tests.engines import masked_round
from tests.engines.masked_round import KEYS, NEVER, REVEAL, SHARES, SUBMIT, play

RINGS = [32, 64]
KEY = st.binary(min_size=32, max_size=32)
STREAM = st.tuples(st.sampled_from([1, -1]), KEY)


def words(ring_bits):
    edge = 1 << (ring_bits - 1)
    return st.integers(-edge, edge - 1) | st.sampled_from([-edge, edge - 1, -1, 0, 1])


def ring(values, ring_bits):
    return np.array(values, dtype=f"<i{ring_bits // 8}")


# ------------------------------------------------------------------ streams against the plain version


@pytest.mark.parametrize("ring_bits", RINGS)
@given(data=st.data(), own=KEY, pairs=st.lists(STREAM, max_size=4))
def test_masks_are_added_and_taken_away_as_the_reference_does(ring_bits, data, own, pairs):
    vector = data.draw(st.lists(words(ring_bits), max_size=20))
    there = mask.masked(ring(vector, ring_bits), ring_bits, own, pairs)
    assert there.tolist() == reference.masked(vector, ring_bits, own, pairs)
    assert there.dtype == ring([], ring_bits).dtype
    back = mask.unmasked(there, ring_bits, [own], pairs)
    assert back.tolist() == vector == reference.unmasked(there.tolist(), ring_bits, [own], pairs)


@pytest.mark.parametrize("ring_bits", RINGS)
@pytest.mark.parametrize("threads", [None, 1, 2, 3])
def test_blocks_and_threads_do_not_show(ring_bits, threads, monkeypatch):
    monkeypatch.setattr(streams, "_BLOCK_BYTES", 256)
    vector = np.arange(2_003, dtype=f"<i{ring_bits // 8}")
    pairs = [(1, tagged("test", b"1")), (-1, tagged("test", b"2"))]
    there = mask.masked(vector, ring_bits, bytes(32), pairs, threads=threads)
    assert there.tolist() == reference.masked(vector.tolist(), ring_bits, bytes(32), pairs)
    assert (mask.unmasked(there, ring_bits, [bytes(32)], pairs, threads=threads) == vector).all()


def test_a_vector_of_several_real_blocks_is_masked_as_one_stream():
    length = streams._BLOCK_BYTES // 4 * 2 + 5
    there = mask.masked(np.zeros(length, dtype=np.int32), 32, b"\x05" * 32, [])
    assert there.tolist() == [reference.signed(w, 32) for w in reference.keystream(b"\x05" * 32, 32, length)]


def test_a_vector_is_copied_unless_it_is_to_be_overwritten():
    vector = np.arange(100, dtype=np.int32)
    there = mask.masked(vector, 32, bytes(32), [])
    assert vector.tolist() == list(range(100))
    assert mask.masked(vector, 32, bytes(32), [], in_place=True) is vector
    assert (vector == there).all()
    mask.unmasked(vector, 32, [bytes(32)], [], in_place=True)
    assert vector.tolist() == list(range(100))


def test_wider_integers_that_fit_the_ring_are_masked_like_its_own():
    vector = np.array([1, -2, (1 << 31) - 1])
    narrow = mask.masked(vector.astype(np.int32), 32, bytes(32), [])
    assert (mask.masked(vector, 32, bytes(32), []) == narrow).all()
    assert (mask.masked(vector.astype(">i4"), 32, bytes(32), []) == narrow).all()


READ_ONLY = np.zeros(4, dtype=np.int32)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: mask.masked(np.array([1 << 31]), 32, bytes(32), []), RingError),
        (lambda: mask.masked(np.zeros(3), 32, bytes(32), []), RingError),
        (lambda: mask.masked(np.zeros((2, 2), dtype=np.int32), 32, bytes(32), []), RingError),
        (lambda: mask.masked(np.zeros(3, dtype=np.int64), 32, bytes(32), [], in_place=True), RingError),
        (lambda: mask.masked(READ_ONLY, 32, bytes(32), [], in_place=True), RingError),
        (lambda: mask.masked(np.zeros(8, np.int32)[::2], 32, bytes(32), [], in_place=True), RingError),
        (lambda: mask.masked(np.zeros(3, dtype=np.int32), 31, bytes(32), []), FixedError),
        (lambda: mask.masked(np.zeros(3, dtype=np.int32), 32, bytes(31), []), Malformed),
        (lambda: mask.unmasked(np.zeros(3, dtype=np.int32), 32, [], [(1, bytes(16))]), Malformed),
        (lambda: mask.add_up([], 32, 3), RingError),
        (lambda: mask.add_up([bytes(12), bytes(16)], 32, 3), RingError),
    ],
)
def test_what_is_not_of_the_ring_is_not_masked(wrong, error):
    with pytest.raises(error):
        wrong()


# ------------------------------------------------------------------ whole rounds


def vectors_of(data, count, ring_bits, length=3):
    rows = data.draw(
        st.lists(st.lists(words(ring_bits), min_size=length, max_size=length), min_size=count, max_size=count)
    )
    return [ring(row, ring_bits) for row in rows]


def enough(this):
    """Whether every secret that the sum needs has its threshold of shares."""
    for dealer in this.dealt:
        holders = this.holders(dealer)
        needed = dealer in this.blobs or any(name in this.blobs for name in this.partners(dealer))
        if needed and len(set(holders) & set(this.revealing)) < threshold(len(holders)):
            return False
    return True


def check(this):
    """The sum is exact when there are shares enough, and otherwise there is none."""
    if not this.blobs:
        return
    if enough(this):
        plain = add_all([this.plain[name] for name in sorted(this.blobs)])
        assert (masked_round.unmasked(this) == plain).all()
    else:
        with pytest.raises(ShamirError, match="fewer than the threshold"):
            masked_round.unmasked(this)


@pytest.mark.parametrize("ring_bits", RINGS)
@given(data=st.data())
def test_a_masked_sum_is_the_plain_sum_whoever_drops_out_where(ring_bits, data):
    count = data.draw(st.integers(3, 7))
    drops = data.draw(
        st.lists(
            st.sampled_from([KEYS, SHARES, SUBMIT, REVEAL, NEVER, NEVER, NEVER]),
            min_size=count,
            max_size=count,
        )
    )
    check(play(vectors_of(data, count, ring_bits), drops, ring_bits=ring_bits))


@pytest.mark.parametrize("ring_bits", RINGS)
@pytest.mark.parametrize("drop", [KEYS, SHARES, SUBMIT, REVEAL])
@pytest.mark.parametrize("count", [4, 5, 10])
def test_one_of_four_five_or_ten_may_drop_at_any_step(ring_bits, drop, count):
    vectors = [ring([i - 2, (i << 20) - 1], ring_bits) for i in range(count)]
    for who in (0, count // 2, count - 1):
        this = play(vectors, [drop if i == who else NEVER for i in range(count)], ring_bits=ring_bits)
        assert enough(this)
        check(this)


@pytest.mark.parametrize("drop", [SUBMIT, REVEAL])
def test_of_three_none_may_drop_once_shares_are_dealt(drop):
    this = play([ring([i], 32) for i in range(3)], [drop, NEVER, NEVER], ring_bits=32)
    assert not enough(this)
    check(this)


@settings(max_examples=12)
@pytest.mark.slow
@given(data=st.data(), count=st.integers(38, 45), degree=st.sampled_from([5, 6, 9, 20]))
def test_a_masked_sum_over_a_regular_graph_is_the_plain_sum(data, count, degree):
    ring_bits = data.draw(st.sampled_from(RINGS))
    drops = [NEVER] * count
    for who in data.draw(st.lists(st.integers(0, count - 1), max_size=5)):
        drops[who] = data.draw(st.sampled_from([KEYS, SHARES, SUBMIT, REVEAL]))
    vectors = [ring([i, -i], ring_bits) for i in range(count)]
    this = play(vectors, drops, ring_bits=ring_bits, degree=degree)
    assert max(len(near) for near in this.graph) < len(this.keyed)
    check(this)


@pytest.mark.slow
def test_ten_of_a_hundred_may_drop_wherever_they_stand_in_the_graph():
    count = 100
    drops = [SUBMIT if i % 10 == 3 else NEVER for i in range(count)]
    this = play([ring([i, 7], 32) for i in range(count)], drops, ring_bits=32)
    assert {len(near) for near in this.graph} == {32}
    assert enough(this)
    check(this)


def test_the_reference_masks_and_unmasks_a_whole_round_alike():
    vectors = [ring([i, -i, 1 << 30], 32) for i in range(4)]
    this = play(vectors, [NEVER, NEVER, SUBMIT, NEVER], ring_bits=32)
    for name, blob in this.blobs.items():
        plainly = masked_round.masked(this, name, this.plain[name].tolist(), reference.masked)
        assert np.frombuffer(blob, dtype="<i4").tolist() == plainly
    assert masked_round.unmasked(this, lambda total, *rest: reference.unmasked(total.tolist(), *rest)) == (
        reference.added([this.plain[name].tolist() for name in this.blobs], 32)
    )


def test_without_one_members_secrets_the_sum_stays_covered():
    vectors = [ring([5] * 64, 32) for _ in range(4)]
    this = play(vectors, [NEVER] * 4, ring_bits=32)
    owns = [mask.own_stream(this.id, n, this.secrets[n].seed) for n in sorted(this.blobs)]
    total = mask.add_up(this.blobs.values(), 32, 64)
    assert set(mask.unmasked(total, 32, owns, []).tolist()) == {20}
    assert len(set(mask.unmasked(total, 32, owns[1:], []).tolist())) > 60


def test_the_same_vector_in_another_round_is_masked_otherwise():
    vectors = [ring([5] * 8, 32) for _ in range(3)]
    one, other = (play(vectors, [NEVER] * 3, ring_bits=32, round_id=bytes([i]) * 32) for i in range(2))
    again = play(vectors, [NEVER] * 3, ring_bits=32)
    assert one.blobs == again.blobs
    assert not set(one.blobs.values()) & set(other.blobs.values())


# ------------------------------------------------------------------ what a masked vector shows


def chi_square(data):
    """Of the 256 byte values against evenness: 255 on average, deviation 22.6."""
    counts = np.bincount(np.frombuffer(data, dtype=np.uint8), minlength=256)
    even = len(data) / 256
    return float(((counts - even) ** 2 / even).sum())


@pytest.mark.parametrize("ring_bits", RINGS)
@pytest.mark.parametrize("word", [0, 1, -1, 12345])
def test_a_masked_vector_looks_like_chance_whatever_it_holds(ring_bits, word):
    """With these keys, always the same, every statistic lies within five deviations."""
    vector = np.full(200_000, word, dtype=f"<i{ring_bits // 8}")
    secrets = masked_round.drawn(bytes(32), "east")
    peers = {
        name: mask.publish(bytes(32), name, masked_round.drawn(bytes(32), name)).masking
        for name in ("north", "west")
    }
    pairs = mask.pair_streams(bytes(32), "east", secrets.masking, peers)
    there = mask.masked(vector, ring_bits, mask.own_stream(bytes(32), "east", secrets.seed), pairs)
    assert chi_square(vector.tobytes()) > 100_000
    for seen in (there, np.diff(there), there ^ np.roll(there, 1)):
        data = seen.tobytes()
        assert abs(chi_square(data) - 255) < 5 * 22.6
        ones = int(np.unpackbits(np.frombuffer(data, dtype=np.uint8)).sum())
        assert abs(ones - 4 * len(data)) < 5 * np.sqrt(2 * len(data))


# ------------------------------------------------------------------ shares

ROUND = tagged("test", b"round")
NAMES = ("east", "north", "south", "west")
SECRETS = {name: masked_round.drawn(ROUND, name) for name in NAMES}
PUBLISHED = {name: mask.publish(ROUND, name, SECRETS[name]) for name in NAMES}
SEALING = {name: PUBLISHED[name].sealing for name in NAMES}
DEALT = {each.holder: each for each in mask.deal(ROUND, "east", SECRETS["east"], SEALING, NAMES)}


def opened(
    *,
    round_id=ROUND,
    holder="west",
    sealing=SECRETS["west"].sealing,
    dealt=DEALT["west"],
    dealer="east",
    public=SEALING["east"],
):
    return mask.open_share(round_id, holder, sealing, dealt, dealer=dealer, public=public)


def test_every_holder_opens_its_own_shares_the_dealer_too():
    for name in NAMES:
        bundle = opened(holder=name, sealing=SECRETS[name].sealing, dealt=DEALT[name])
        assert isinstance(bundle, Bundle)


def test_a_dealing_is_the_same_again_and_another_in_another_round():
    again = mask.deal(ROUND, "east", SECRETS["east"], SEALING, NAMES)
    assert again == tuple(DEALT.values())
    other = mask.deal(bytes(32), "east", SECRETS["east"], SEALING, NAMES)
    assert not {each.sealed for each in other} & {each.sealed for each in again}
    assert not {each.seed for each in other} & {each.seed for each in again}


def changed(**parts):
    return replace(DEALT["west"], **parts)


@pytest.mark.parametrize(
    "changes",
    [
        {"round_id": bytes(32)},
        {"holder": "south"},
        {"holder": "south", "dealt": changed(holder="south")},
        {"sealing": SECRETS["south"].sealing},
        {"dealt": DEALT["south"]},
        {"dealer": "north"},
        {"public": SEALING["north"]},
        {"public": bytes(32)},
        {"dealt": changed(sealed=DEALT["west"].sealed[:-1])},
        {"dealt": changed(sealed=bytes(len(DEALT["west"].sealed)))},
        {"dealt": changed(seed=DEALT["west"].key)},
        {"dealt": changed(key=DEALT["south"].key)},
    ],
)
def test_a_share_that_is_not_the_one_dealt_is_refused(changes):
    with pytest.raises(Malformed):
        opened(**changes)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mask.deal(ROUND, "east", SECRETS["east"], SEALING, ("north", "south", "west")),
        lambda: mask.deal(ROUND, "east", SECRETS["east"], SEALING, ("east", "nowhere")),
        lambda: mask.deal(ROUND, "east", SECRETS["east"], {**SEALING, "west": bytes(32)}, NAMES),
        lambda: mask.Secrets.of(bytes(127)),
        lambda: mask.Secrets.of(bytes(128)),
        lambda: mask.Secrets(b"a", b"b", b"c", b"d"),
        lambda: mask.own_stream(ROUND, "east", b"short"),
        lambda: mask.own_stream(ROUND[1:], "east", bytes(32)),
        lambda: mask.own_stream(ROUND, "\N{LATIN SMALL LETTER E WITH ACUTE}", bytes(32)),
        lambda: mask.pair_streams(ROUND, "east", bytes(32), {"east": SEALING["east"]}),
        lambda: mask.pair_streams(ROUND, "east", bytes(32), {"west": bytes(32)}),
    ],
)
def test_what_makes_no_shares_or_streams_is_malformed(wrong):
    with pytest.raises(Malformed):
        wrong()


def test_secrets_do_not_show_themselves():
    assert repr(SECRETS["east"]) == "Secrets()"


def test_the_first_name_of_a_pair_adds_and_the_other_subtracts():
    (one,) = mask.pair_streams(ROUND, "east", SECRETS["east"].masking, {"west": PUBLISHED["west"].masking})
    (other,) = mask.pair_streams(ROUND, "west", SECRETS["west"].masking, {"east": PUBLISHED["east"].masking})
    assert (one[0], other[0]) == (1, -1)
    assert one[1] == other[1]
    left = mask.dangling(ROUND, "east", SECRETS["east"].masking, {"west": PUBLISHED["west"].masking})
    assert left == [other]


def test_partners_are_neighbours_whose_shares_count():
    graph = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))
    assert mask.partners("east", NAMES, graph, NAMES) == ("north", "south")
    assert mask.partners("west", NAMES, graph, {"west", "south"}) == ("south",)
    with pytest.raises(ValueError, match="not in"):
        mask.partners("nowhere", NAMES, graph, NAMES)
