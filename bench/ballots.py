"""ballots.cast and ballots.tally: a ballot of 3 choices made and checked; 1,000 counted by a stranger.

The tally is what `consortia verify` computes at step 7: the dealers' proofs, every ballot, the sums,
five parts of seven trustees, the counts. A network has at most 128 members, so the transcript of 1,000
voters is one that no ledger holds; it is checked by the same function. Beside both stands the same
ballot checked by plain Edwards arithmetic in Python integers, the tests' second implementation. The
bound is the scalar multiplications alone.
"""

import random
import statistics
import time

from consortia.base.codec import to_value
from consortia.base.group import ORDER, multiply, times_base
from consortia.base.hashing import tagged
from consortia.exact.ballot import check_ballot, electorate_root, make_ballot, nonces_needed
from consortia.exact.decryption import aggregate_hash
from consortia.modules.ballots.evidence import Cast, Count, Dealer, Decrypted, recount
from consortia.modules.ballots.rules import ballots_root
from consortia.modules.ballots.types import Election, Key, Progress, Times
from consortia.testing import plain_ballots
from consortia.testing.elections import Trust, summed

CHOICES = ("yes", "no", "abstain")
TRUSTEES = tuple(f"trustee-{number}" for number in range(1, 8))
DECRYPTING = TRUSTEES[1:6]
VOTERS = 1_000
ELECTION, NETWORK, SUBJECT = (tagged("consortia/vector", each) for each in (b"bench", b"network", b"subject"))
CAST_BAR, TALLY_BAR = 5.0, 5.0


def seconds(function, times=1):
    """CPU seconds of a call: other processes of a busy machine do not count."""
    begin = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - begin) / times


def election(voters):
    """An election of so many voters with all that its count follows from, and its progress at the end."""
    draw = random.Random(7)
    names = tuple(f"voter-{number:04}" for number in range(voters))
    trust = Trust(ELECTION, TRUSTEES)
    terms = trust.terms(NETWORK, SUBJECT, names, CHOICES)
    votes = [draw.randrange(3) for _ in names]
    nonces = lambda: [draw.randrange(1, ORDER) for _ in range(nonces_needed(3))]  # noqa: E731
    made = [make_ballot(terms, name, vote, nonces()) for name, vote in zip(names, votes, strict=True)]
    known = Election(ELECTION, SUBJECT, "", None, names, TRUSTEES, CHOICES, Times(1, 2, 3, 4, 5), 1, 1)
    root = ballots_root({name: one.hash() for name, one in zip(names, made, strict=True)})
    sums = summed(made)
    name = aggregate_hash(ELECTION, voters, root, sums)
    progress = Progress(
        terms=known.terms(),
        status="decided",
        key=Key(trust.commitments, TRUSTEES),
        ballots=voters,
        sums=sums,
        root=root,
        sum=name,
        closed=1,
        counts=tuple(votes.count(choice) for choice in range(3)),
        failure=None,
        absent=None,
        over=None,
    )
    count = Count(
        known,
        tuple(Dealer(each, trust.coefficients(each)) for each in TRUSTEES),
        tuple(Cast(voter, one) for voter, one in zip(names, made, strict=True)),
        tuple(Decrypted(each, trust.partial(terms, name, each, sums)) for each in DECRYPTING),
    )
    return terms, progress, count


def plain_seconds(terms, voter, one):
    """The same ballot by plain arithmetic."""
    told = {
        name: getattr(terms, name)
        for name in ("network", "election", "subject", "electorate", "key", "choices")
    }
    return seconds(lambda: plain_ballots.check_ballot(told, voter, to_value(one)))


def run():
    """Two rows: milliseconds to make and to check a ballot, seconds to count 1,000 of them again."""
    terms, progress, count = election(VOTERS)
    assert terms.electorate == electorate_root(count.election.voters)
    draw = random.Random(8)
    nonces = [draw.randrange(1, ORDER) for _ in range(nonces_needed(3))]
    voter, one = count.ballots[0].voter, count.ballots[0].ballot
    make = (
        statistics.median(seconds(lambda: make_ballot(terms, voter, 1, nonces), 20) for _ in range(15)) * 1e3
    )
    check = statistics.median(seconds(lambda: check_ballot(terms, voter, one), 20) for _ in range(15)) * 1e3
    plain = plain_seconds(terms, voter, one) * 1e3
    point, number = times_base(5), ORDER - 2
    once = statistics.median(seconds(lambda: multiply(number, point), 200) for _ in range(9)) * 1e3
    whole = statistics.median(seconds(lambda: recount(NETWORK, progress, count)) for _ in range(3))
    bound = VOTERS * 21 * once / 1e3
    return [
        {
            "id": "ballots.cast",
            "value": round(check, 2),
            "unit": "ms",
            "peer": "plain Edwards arithmetic in Python",
            "peer_value": round(plain, 1),
            "ratio": round(plain / check, 1),
            "bar": "make and prove <= 5, verify <= 5",
            "met": make <= CAST_BAR and check <= CAST_BAR,
            "note": f"3 choices; to verify; made and proved in {make:.2f} ms; a scalar multiplication takes "
            f"{once * 1e3:.0f} us, and the verification has 21 of them besides those of the base point",
        },
        {
            "id": "ballots.tally",
            "value": round(whole, 2),
            "unit": "s",
            "peer": "plain Edwards arithmetic in Python, its ballots alone",
            "peer_value": round(VOTERS * plain / 1e3, 1),
            "ratio": round(VOTERS * plain / 1e3 / whole, 1),
            "bar": "<= 5",
            "met": whole <= TALLY_BAR,
            "note": f"{VOTERS} ballots of 3 choices, {len(DECRYPTING)} trustees of {len(TRUSTEES)}, CPU time "
            f"of one core; the ballots' multiplications alone take {bound:.2f} s",
        },
    ]
