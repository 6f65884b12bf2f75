"""Noise, clipping and accounts: exact laws, held to slow plain ones, exact probabilities and an oracle."""

import math
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chi2, kstest, norm

from consortia.engines.privacy import account, gaussian, reference
from consortia.engines.privacy.clip import clip_rows, clip_vector, squared_norm
from consortia.engines.privacy.gaussian import discrete_gaussian
from consortia.engines.privacy.interval import exp_bounds, happens
from consortia.engines.privacy.noise import noise_key, noised
from consortia.engines.privacy.stream import Stream
from consortia.exact.budget import NANO, VARIANCE_MAX
from consortia.exact.fixed import from_integers

LIKELY = 1e-4
"""A test of chance fails an honest sampler once in ten thousand seeds; the seeds are fixed."""


def key(seed):
    return seed.to_bytes(32, "big")


def law(variance, reach):
    """The exact probabilities of -reach..reach, and of what lies beyond, as floats."""
    with localcontext() as context:
        context.prec = 40
        far = reach + 60 * (1 + math.isqrt(variance))
        weights = {x: (-Decimal(x * x) / (2 * variance)).exp() for x in range(-far, far + 1)}
        total = sum(weights.values())
        near = {x: float(weights[x] / total) for x in range(-reach, reach + 1)}
    return near, 1 - sum(near.values())


def fits(draws, variance):
    """The chance that an honest sampler deviates so much from the law, by chi-square."""
    reach = 3 * (1 + math.isqrt(variance))
    near, beyond = law(variance, reach)
    counts = Counter(draws)
    pairs = [(counts.pop(x, 0), chance * len(draws)) for x, chance in near.items()]
    pairs.append((sum(counts.values()), beyond * len(draws)))
    pooled, rest = [], [0, 0.0]
    for seen, wanted in pairs:
        if wanted >= 5:
            pooled.append((seen, wanted))
        else:
            rest = [rest[0] + seen, rest[1] + wanted]
    if rest[1] >= 5:
        pooled.append(tuple(rest))
    statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in pooled)
    return chi2.sf(statistic, len(pooled) - 1)


# ------------------------------------------------------------------ the sampler


@pytest.mark.parametrize("variance", [1, 2, 5, 9, 40, 63, 64, 1_000])
def test_the_noise_has_the_discrete_gaussian_law(variance):
    draws = discrete_gaussian(key(variance), variance, 200_000).tolist()
    assert fits(draws, variance) > LIKELY


@pytest.mark.parametrize("variance", [1, 5, 40])
def test_the_plain_sampler_has_the_same_law(variance):
    stream = Stream(key(100 + variance))
    draws = [reference.discrete_gaussian(stream, variance) for _ in range(4_000)]
    assert fits(draws, variance) > LIKELY


@pytest.mark.parametrize("variance", [10**6, 3 * 10**11, VARIANCE_MAX])
def test_wide_noise_is_a_rounded_gaussian_as_far_as_anyone_can_see(variance):
    draws = discrete_gaussian(key(7), variance, 200_000) / math.sqrt(variance)
    assert kstest(draws, norm.cdf).pvalue > LIKELY


def test_a_sampler_that_is_a_hundredth_too_narrow_would_be_seen():
    draws = discrete_gaussian(key(8), 10_000, 200_000)
    assert fits((draws * 99 // 100).tolist(), 10_000) < LIKELY


def test_low_bits_of_wide_noise_are_uniform():
    draws = discrete_gaussian(key(9), 1 << 50, 200_000)
    counts = np.bincount(draws & 15, minlength=16)
    assert chi2.sf(float(((counts - 12_500) ** 2 / 12_500).sum()), 15) > LIKELY


def test_draws_are_independent_of_their_neighbours():
    draws = discrete_gaussian(key(10), 400, 100_000)
    one, next_one = draws[:-1].astype(float), draws[1:].astype(float)
    assert abs(np.corrcoef(one, next_one)[0, 1]) < 4 / math.sqrt(len(one))
    assert abs(np.corrcoef(one**2, next_one**2)[0, 1]) < 4 / math.sqrt(len(one))


def test_the_same_key_gives_the_same_noise_and_another_key_another():
    assert discrete_gaussian(key(1), 50, 1000).tolist() == discrete_gaussian(key(1), 50, 1000).tolist()
    assert discrete_gaussian(key(1), 50, 1000).tolist() != discrete_gaussian(key(2), 50, 1000).tolist()


def test_the_noise_of_a_key_is_pinned():
    assert discrete_gaussian(key(3), 10**6, 6).tolist() == [-115, 465, 7, -2070, -1169, -1228]


@pytest.mark.parametrize("variance", [1, 3, 100, 10**9, VARIANCE_MAX])
def test_floats_decide_as_integers_do(variance, monkeypatch):
    """With a margin so wide that integers decide everything, the noise is the same."""
    quick = discrete_gaussian(key(11), variance, 300)
    monkeypatch.setattr(gaussian, "_MARGIN", 1e9)
    assert discrete_gaussian(key(11), variance, 300).tolist() == quick.tolist()


@pytest.mark.parametrize("variance", [1, 2, 15, 16, 63, 64, 100, 10**6, 10**13, VARIANCE_MAX])
def test_a_proposal_is_never_less_likely_than_what_it_covers(variance):
    """Keeping with probability exp(...) * K / n is possible: at the start of each block it is at most 1."""
    table = gaussian._table(variance)
    assert sum(table.counts) == 1 << 12 == len(table.block)
    assert np.bincount(table.block).tolist() == list(table.counts)
    for q, count in enumerate(table.counts[:-1]):
        low, _ = exp_bounds(Fraction((q << table.shift) ** 2, 2 * variance), 64)
        assert low * table.scale <= count << 64
    assert (64 << table.shift) ** 2 >= 64 * variance  # the tail begins beyond eight deviations
    for further in range(40):
        _, high = exp_bounds(Fraction(((64 + further) << table.shift) ** 2, 2 * variance), 300)
        assert high * table.scale * (2 << further) <= table.counts[-1] << 300
        assert high * table.scale * (2 << further) <= 1 << 270


def test_the_tail_is_kept_as_often_as_it_should_be():
    """Beyond the table the decision is exact: fed with uniform bits it keeps each magnitude by the law."""
    table = gaussian._Table(0, np.zeros(1, np.uint8), (*([1] * 64), 1), 1)
    stream, trials, variance = Stream(key(12)), 20_000, 445
    kept = Counter(gaussian._decide(table, variance, 64, stream.bits(64), stream) for _ in range(trials))
    for beyond in range(3):
        # A proposal of half the weight each time, kept twice as often: the weight cancels.
        wanted = math.exp(-((64 + beyond) ** 2) / (2 * variance)) * trials
        assert abs(kept[64 + beyond] - wanted) < 4 * math.sqrt(wanted)


@pytest.mark.parametrize("variance", [0, -1, VARIANCE_MAX + 1])
def test_a_variance_out_of_range_is_refused(variance):
    with pytest.raises(ValueError, match="variance"):
        discrete_gaussian(key(1), variance, 1)


# ------------------------------------------------------------------ exponentials and bits


@given(st.fractions(0, 200), st.integers(1, 200))
def test_bounds_of_an_exponential_enclose_it_closely(power, bits):
    low, high = exp_bounds(power, bits)
    with localcontext() as context:
        context.prec = 150
        true = (-Decimal(power.numerator) / Decimal(power.denominator)).exp() * (1 << bits)
    assert low <= true <= high
    assert high - low <= 2


def test_a_decision_draws_more_bits_only_when_it_must():
    def none(count):
        raise AssertionError(count)

    assert happens(0, 8, Fraction(1), Fraction(1), none)
    assert not happens(255, 8, Fraction(1), Fraction(1), none)
    assert happens(255, 8, Fraction(0), Fraction(1), none)
    prefix = int(math.exp(-1) * 256)
    drawn = []

    def more(count):
        drawn.append(count)
        return 0

    assert happens(prefix, 8, Fraction(1), Fraction(1), more)
    assert drawn == [64]


def test_a_stream_is_the_keystream_of_its_key():
    first = Stream(bytes(32)).take(16)
    assert first.hex() == "dc95c078a2408989ad48a21492842087"  # AES-256 of zero under zero (SP 800-38A's way)
    stream = Stream(bytes(32))
    assert stream.words(2).tobytes() == Stream(bytes(32)).take(16)
    assert all(0 <= stream.below(7) < 7 for _ in range(100))
    assert stream.below(1) == 0
    with pytest.raises(ValueError, match="32 bytes"):
        Stream(b"short")


# ------------------------------------------------------------------ a member's noise

VECTOR = from_integers([5, -7, 1 << 40])


def test_a_retry_of_the_same_charge_sends_the_same_bytes():
    terms = {"variance": 100, "secret": key(1), "ring_bits": 64}
    assert noised(VECTOR, charge=b"1", **terms).tobytes() == noised(VECTOR, charge=b"1", **terms).tobytes()


def test_another_charge_vector_or_secret_has_noise_of_its_own():
    keys = {
        noise_key(key(1), b"1", VECTOR),
        noise_key(key(2), b"1", VECTOR),
        noise_key(key(1), b"2", VECTOR),
        noise_key(key(1), b"1", VECTOR + 1),
    }
    assert len(keys) == 4


def test_noise_wraps_in_the_ring_and_is_never_cut():
    edge = from_integers([(1 << 31) - 1] * 100)
    sent = noised(edge, variance=10**6, secret=key(1), charge=b"", ring_bits=32)
    assert sent.dtype == np.dtype("<i4")
    assert (sent < 0).any()
    noise = discrete_gaussian(noise_key(key(1), b"", edge), 10**6, 100)
    assert ((sent.astype(np.int64) - edge - noise) % (1 << 32) == 0).all()


def test_a_secret_of_another_size_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        noise_key(b"short", b"", VECTOR)


# ------------------------------------------------------------------ clipping

rows = hnp.arrays(
    np.int64, st.tuples(st.integers(0, 6), st.integers(1, 8)), elements=st.integers(-(1 << 20), 1 << 20)
)


@given(rows, st.integers(1, 1 << 24))
def test_a_clipped_row_is_within_the_bound_and_close_to_the_true_one(matrix, bound):
    clipped = clip_rows(matrix, bound)
    for row, short in zip(matrix.tolist(), clipped.tolist(), strict=True):
        square = sum(word * word for word in row)
        assert sum(word * word for word in short) <= bound * bound
        if square <= bound * bound:
            assert short == row
            continue
        true = [word * bound / math.sqrt(square) for word in row]
        assert all(abs(a) <= abs(b) + 1e-6 and abs(a - b) < 2.1 for a, b in zip(short, true, strict=True))


@given(
    hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(-(1 << 57), 1 << 57)),
    st.integers(1, 1 << 57),
)
def test_a_clipped_vector_is_within_the_bound(vector, bound):
    assert squared_norm(vector) == sum(word * word for word in vector.tolist())
    assert squared_norm(vector << 6) == sum(word * word << 12 for word in vector.tolist())
    clipped = clip_vector(vector, bound)
    assert sum(word * word for word in clipped.tolist()) <= bound * bound
    if squared_norm(vector) <= bound * bound:
        assert clipped.tolist() == vector.tolist()


def test_a_clipped_vector_keeps_its_direction():
    vector = np.random.default_rng(2).integers(-(1 << 25), 1 << 25, 10_000)
    clipped = clip_vector(vector, 1 << 28)
    assert squared_norm(clipped) > ((1 << 28) * 0.9999) ** 2
    assert np.abs(clipped - vector * ((1 << 28) / math.sqrt(squared_norm(vector)))).max() < 1.1


def test_a_bound_that_is_none_is_refused():
    for clip in (clip_rows, clip_vector):
        with pytest.raises(ValueError, match="not positive"):
            clip(from_integers([1, 2]).reshape(1, 2), 0)


def test_rows_beyond_64_bits_are_refused():
    with pytest.raises(ValueError, match="64 bits"):
        clip_rows(from_integers([1 << 30]).reshape(1, 1), 5)


# ------------------------------------------------------------------ what people read


@pytest.mark.parametrize("cost", [10_000, 10**7, 40_632_749, NANO // 2, 3 * NANO])
@pytest.mark.parametrize("delta", [1e-3, 1e-4, 1e-6, 1e-9])
def test_epsilon_is_the_oracles(cost, delta):
    from dp_accounting.rdp import compute_epsilon

    orders = [1 + math.exp(x / 20) for x in range(-160, 260)]
    theirs, _ = compute_epsilon(orders, [cost / NANO * order for order in orders], delta)
    ours = account.epsilon(cost, delta)
    assert theirs * 0.999 - 1e-9 <= ours <= theirs + 1e-9


def test_epsilon_is_above_what_the_exact_gaussian_gives():
    """The exact curve of one Gaussian (Balle and Wang 2018) is a floor: rho forgets a little."""
    from dp_accounting import GaussianDpEvent
    from dp_accounting.pld import PLDAccountant

    accountant = PLDAccountant(value_discretization_interval=1e-3)
    accountant.compose(GaussianDpEvent(3.5), 1)
    exact = accountant.get_epsilon(1e-4)
    ours = account.epsilon(math.ceil(NANO / (2 * 3.5**2)), 1e-4)
    assert exact < ours < 1.2 * exact


@given(st.floats(0.01, 20), st.sampled_from([1e-3, 1e-5, 1e-8]))
def test_the_cost_for_an_epsilon_is_the_most_that_keeps_it(wanted, delta):
    cost = account.cost_for(wanted, delta)
    assert account.epsilon(cost, delta) <= wanted < account.epsilon(cost + 1 + cost // 10**6, delta)


def test_nothing_spent_tells_nothing():
    assert account.epsilon(0, 1e-6) == 0.0
    assert account.advantage(0) == 0.0
    assert account.cost_for(1e-9, 1e-9) == 0


def test_the_advantage_over_chance_is_bounded_by_the_cost():
    assert account.advantage(2 * NANO) == 1.0
    # Two Gaussians of deviation 5, one apart, differ in no event by more than this.
    true = norm.cdf(0.1) - norm.cdf(-0.1)
    assert true <= account.advantage(NANO // 50) <= 1.3 * true


@pytest.mark.parametrize(("cost", "delta"), [(1, 0.0), (1, 1.0), (-1, 0.5)])
def test_no_epsilon_for_what_is_no_delta_or_cost(cost, delta):
    with pytest.raises(ValueError, match="no epsilon"):
        account.epsilon(cost, delta)
