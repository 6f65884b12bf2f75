"""An honest election counts right whoever dealt and decrypts; whatever is not honest is refused by name."""

import random

import pytest
from msgspec.structs import replace

from consortia.base.group import GENERATOR, NEUTRAL, ORDER, add, multiply, times_base
from consortia.base.hashing import tagged
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.elgamal import Ciphertext, Unsound, difference, sum_of, threshold
from consortia.testing import plain_ballots
from consortia.testing.elections import Trust, cast, forged, number, numbers, summed

NETWORK, SUBJECT = tagged("consortia/vector", b"n"), tagged("consortia/vector", b"s")
CHOICES = ("yes", "no", "abstain")


def election(seed, trustees=4, silent=()):
    names = tuple(f"t{place}" for place in range(trustees))
    trust = Trust(tagged("consortia/vector", bytes([seed])), names, silent=frozenset(silent))
    voters = tuple(f"v{place}" for place in range(8))
    return trust, trust.terms(NETWORK, SUBJECT, voters, CHOICES), voters


@pytest.mark.parametrize(("seed", "trustees", "silent"), [(1, 3, ()), (2, 4, ("t1",)), (3, 7, ("t0", "t6"))])
def test_any_threshold_of_trustees_counts_what_was_voted(seed, trustees, silent):
    trust, terms, voters = election(seed, trustees, silent)
    rng = random.Random(seed)
    votes = [rng.randrange(3) for _ in voters]
    ballots = [cast(terms, voter, vote) for voter, vote in zip(voters, votes, strict=True)]
    for voter, one in zip(voters, ballots, strict=True):
        ballot.check_ballot(terms, voter, one)
    sums, name = summed(ballots), tagged("consortia/vector", b"sum")
    parts = {}
    for trustee in rng.sample(trust.trustees, trust.needed):
        part = trust.partial(terms, name, trustee, sums)
        key, pads = trust.verification_key(trustee), [each.pad for each in sums]
        decryption.check_partial(terms, name, trustee, key=key, pads=pads, partial=part)
        parts[trust.index(trustee)] = part
    assert decryption.counted(sums, parts, len(voters)) == tuple(votes.count(choice) for choice in range(3))


def test_a_holder_opens_its_share_and_nobody_elses():
    trust, _, _ = election(4)
    for dealer in trust.trustees:
        commitments = [each.point for each in trust.coefficients(dealer)]
        for holder in trust.trustees:
            sealed = trust.sealed(dealer, holder)
            share = ceremony.open_share(
                trust.election, dealer, holder, secret=trust.sealing_secret(holder), sealed=sealed
            )
            assert ceremony.fits(share, trust.index(holder), commitments)
            assert not ceremony.fits(share, trust.index(holder) % 4 + 1, commitments)
            assert not ceremony.fits(bytes(32), trust.index(holder), commitments)
            assert plain_ballots.fits(share, trust.index(holder), commitments)


def test_a_complaint_convicts_a_dealer_that_lied_and_acquits_one_that_did_not():
    trust, _, _ = election(5)
    commitments = [each.point for each in trust.coefficients("t0")]
    for wrong in (False, True):
        sealed = trust.sealed("t0", "t2", wrong=wrong)
        shown = trust.complaint("t0", "t2", sealed)
        share = ceremony.check_complaint(
            trust.election, "t0", "t2", key=trust.sealing("t2")[0], sealed=sealed, shown=shown
        )
        assert ceremony.fits(share, 3, commitments) is not wrong


def test_a_dealers_share_that_is_none_at_all_convicts_it_too():
    trust, _, _ = election(6)
    good = trust.sealed("t0", "t1")
    for noise in (b"\xff" * 32, bytes(32)):
        sealed = replace(good, share=noise)
        shown = trust.complaint("t0", "t1", sealed)
        share = ceremony.check_complaint(
            trust.election, "t0", "t1", key=trust.sealing("t1")[0], sealed=sealed, shown=shown
        )
        assert not ceremony.fits(share, 2, [each.point for each in trust.coefficients("t0")])


def test_the_last_ballot_counts_when_the_earlier_is_subtracted():
    _, terms, _ = election(7)
    first, second = (cast(terms, "v0", choice).choices[0].ciphertext for choice in (0, 1))
    assert difference(sum_of(first, second), first) == second
    nothing = difference(first, first)
    assert nothing == Ciphertext(NEUTRAL, NEUTRAL)


def test_no_cheat_makes_a_ballot_of_two_votes_or_of_none():
    _, terms, _ = election(8)
    for votes in ((1, 1, 0), (0, 0, 0), (1, 1, 1)):
        with pytest.raises(Unsound) as refused:
            ballot.check_ballot(terms, "v0", forged(terms, "v0", votes))
        assert refused.value.reason == "bad_proof"


def test_a_ballot_of_two_halves_or_of_two_and_minus_one_is_none():
    """Ciphertexts that sum to one vote, each of another number: the disjunction must catch them."""
    _, terms, _ = election(9)
    one = cast(terms, "v0", 0)
    moved = tuple(
        replace(each, body=add(each.body, multiply(shift, GENERATOR)))
        for each, shift in zip(one.choices, (1, ORDER - 1, 0), strict=True)
    )
    with pytest.raises(Unsound) as refused:
        ballot.check_ballot(terms, "v0", replace(one, choices=moved))
    assert refused.value.reason == "bad_proof"


def test_a_rerandomised_ballot_of_another_voter_is_none():
    _, terms, _ = election(10)
    one = cast(terms, "v0", 0)
    r = number("again")
    again = tuple(
        replace(each, pad=add(each.pad, times_base(r)), body=add(each.body, multiply(r, terms.key)))
        for each in one.choices
    )
    for voter in ("v0", "v1"):
        with pytest.raises(Unsound):
            ballot.check_ballot(terms, voter, replace(one, choices=again))


def test_every_bit_of_a_ballot_counts():
    _, terms, _ = election(11)
    rng, one = random.Random(11), cast(terms, "v0", 2)
    for _ in range(40):
        place, field = rng.randrange(3), rng.choice(("pad", "body", "challenge", "zero", "one"))
        data = bytearray(getattr(one.choices[place], field))
        data[rng.randrange(32)] ^= 1 << rng.randrange(8)
        changed = replace(one.choices[place], **{field: bytes(data)})
        choices = (*one.choices[:place], changed, *one.choices[place + 1 :])
        with pytest.raises(Unsound):
            ballot.check_ballot(terms, "v0", replace(one, choices=choices))


def test_nonces_are_the_callers_and_each_must_be_there():
    _, terms, _ = election(12)
    assert cast(terms, "v0", 0) == cast(terms, "v0", 0) != cast(terms, "v0", 0, salt=1)
    for bad in (numbers(12), [*numbers(12), 0], [*numbers(12), ORDER]):
        with pytest.raises(ValueError, match="nonce"):
            ballot.make_ballot(terms, "v0", 0, bad)
    with pytest.raises(ValueError, match="no choice 3"):
        ballot.make_ballot(terms, "v0", 3, numbers(13))


def test_the_threshold_is_more_than_two_thirds():
    assert [threshold(k) for k in (3, 4, 5, 6, 7, 32)] == [3, 3, 4, 5, 5, 22]


def test_fewer_than_the_threshold_read_nothing():
    trust, terms, voters = election(13)
    ballots = [cast(terms, voter, 0) for voter in voters]
    sums, name = summed(ballots), bytes(32)
    parts = {trust.index(each): trust.partial(terms, name, each, sums) for each in ("t0", "t1")}
    with pytest.raises(Unsound):
        decryption.counted(sums, parts, len(voters))
