"""Any threshold of shares gives the secret, fewer give nothing, and wrong shares have a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.shamir import PRIME, ShamirError, combine, lagrange, recover, split

SECRET = st.binary(min_size=32, max_size=32)
NUMBER = st.integers(0, PRIME - 1)


@st.composite
def dealings(draw):
    points = draw(st.lists(st.integers(1, 65535), min_size=1, max_size=40, unique=True))
    threshold = draw(st.integers(1, len(points)))
    coefficients = draw(st.lists(NUMBER, min_size=threshold - 1, max_size=threshold - 1))
    return draw(SECRET), threshold, points, coefficients


@given(dealings(), st.randoms(use_true_random=False))
def test_any_threshold_of_shares_recovers_the_secret(dealing, random):
    secret, threshold, points, coefficients = dealing
    dealt = list(zip(points, split(secret, threshold, points, coefficients), strict=True))
    assert all(len(share) == 66 for _, share in dealt)
    some = random.sample(dealt, random.randint(threshold, len(dealt)))
    assert recover(some, threshold) == recover(dict(some), threshold) == secret


@given(dealings())
def test_a_share_is_the_polynomials_value(dealing):
    secret, threshold, points, coefficients = dealing
    shares = split(secret, threshold, points, coefficients)
    terms = [int.from_bytes(secret, "big"), *coefficients]
    for point, share in zip(points, shares, strict=True):
        value = sum(term * pow(point, power, PRIME) for power, term in enumerate(terms))
        assert int.from_bytes(share, "big") == value % PRIME


@given(SECRET, SECRET, st.lists(NUMBER, min_size=2, max_size=2))
def test_two_shares_of_three_fit_every_secret(secret, another, coefficients):
    """Whatever two holders have, another secret would have given them the same: they know nothing."""
    shares = split(secret, 3, [1, 2, 3], coefficients)
    constant = int.from_bytes(another, "big")
    y1, y2 = (int.from_bytes(share, "big") - constant for share in shares[:2])
    half = pow(2, -1, PRIME)
    a2 = (y2 * half - y1) % PRIME
    a1 = (y1 - a2) % PRIME
    assert split(another, 3, [1, 2, 3], [a1, a2])[:2] == shares[:2]


def test_weights_serve_every_secret_of_their_points():
    points = [2, 3, 5, 7]
    weights = lagrange(points)
    for secret in (bytes(32), b"\xff" * 32, bytes(range(32))):
        assert combine(weights, split(secret, 4, points, [1, PRIME - 1, 12345])) == secret
    assert lagrange([9]) == (1,)


def test_more_shares_than_needed_give_what_the_smallest_points_give():
    """So everyone who sees the same shares, a false one among them, recovers the same."""
    shares = dict(zip([1, 2, 3], split(b"\x05" * 32, 2, [1, 2, 3], [77]), strict=True))
    shares[3] = bytes(66)
    assert recover(shares, 2) == b"\x05" * 32


def test_a_false_share_shows_when_the_result_is_no_secret():
    shares = dict(zip([1, 2], split(b"\x05" * 32, 2, [1, 2], [77]), strict=True))
    shares[2] = (1 << 300).to_bytes(66, "big")
    with pytest.raises(ShamirError, match="do not add up"):
        recover(shares, 2)


GOOD = split(bytes(32), 2, [1, 2, 3], [5])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: recover([(1, GOOD[0])], 2), "fewer than the threshold"),
        (lambda: recover([], 1), "fewer than the threshold"),
        (lambda: recover([(1, GOOD[0]), (1, GOOD[0])], 2), "repeated"),
        (lambda: recover([(1, GOOD[0]), (1, GOOD[1]), (2, GOOD[1])], 2), "repeated"),
        (lambda: recover([(0, GOOD[0]), (1, GOOD[0])], 2), "not in 1..65535"),
        (lambda: recover([(-1, GOOD[0]), (1, GOOD[0])], 2), "not in 1..65535"),
        (lambda: recover([(65536, GOOD[0]), (1, GOOD[0])], 2), "not in 1..65535"),
        (lambda: recover([(1, GOOD[0]), (2, GOOD[1][1:])], 2), "66 bytes"),
        (lambda: recover([(1, GOOD[0]), (2, PRIME.to_bytes(66, "big"))], 2), "one spelling"),
        (lambda: recover([(1, GOOD[0]), (2, GOOD[1]), (3, b"\xff" * 66)], 2), "one spelling"),
        (lambda: recover([(1, GOOD[0])], 0), "shares no secret"),
        (lambda: lagrange([]), "fewer than"),
        (lambda: lagrange([PRIME]), "not in 1..65535"),
        (lambda: combine(lagrange([1, 2]), GOOD), "3 shares for 2 weights"),
        (lambda: split(bytes(31), 1, [1], []), "32 bytes"),
        (lambda: split(bytes(32), 0, [1], []), "shares no secret"),
        (lambda: split(bytes(32), 3, [1, 2], [1, 1]), "fewer than the threshold"),
        (lambda: split(bytes(32), 2, [1, 1], [1]), "repeated"),
        (lambda: split(bytes(32), 2, [1, 2], [1, 1]), "coefficients"),
        (lambda: split(bytes(32), 2, [1, 2], [PRIME]), "not in 0"),
        (lambda: split(bytes(32), 2, [1, 2], [-1]), "not in 0"),
    ],
)
def test_what_is_wrong_is_refused(wrong, says):
    with pytest.raises(ShamirError, match=says):
        wrong()
