"""The module's refusals, in their order of precedence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from consortia.base.refusals import Refusal, Refused
from consortia.exact.elgamal import Reason, Unsound


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("ballots", number, name, meaning)


NO_ELECTION = _refusal(1, "no_election", "There is no election with this id.")
TOO_MANY = _refusal(2, "too_many", "The member has too many elections that are not over.")
BAD_CHOICES = _refusal(3, "bad_choices", "A choice stands twice.")
BAD_TIMES = _refusal(4, "bad_times", "The times do not rise from now on, or reach too far.")
BAD_VOTERS = _refusal(5, "bad_voters", "The voters are not sorted, or fewer than a count may tell.")
BAD_TRUSTEES = _refusal(6, "bad_trustees", "The trustees are not sorted, or one is no voter.")
TOO_EARLY = _refusal(7, "too_early", "The step has not come yet.")
TOO_LATE = _refusal(8, "too_late", "The step is over.")
NOT_A_TRUSTEE = _refusal(9, "not_a_trustee", "The member is no trustee of this election.")
NOT_A_VOTER = _refusal(10, "not_a_voter", "The member is not among the voters.")
ALREADY_DONE = _refusal(11, "already_done", "The trustee, or anyone for all, has done this already.")
NOT_COMMITTED = _refusal(12, "not_committed", "The trustee has committed to nothing.")
NO_SHARE = _refusal(13, "no_share", "The dealer has dealt this trustee no share.")
OTHER_SUM = _refusal(14, "other_sum", "This is not the sum that the close named.")
REPEATED = _refusal(15, "repeated", "A ciphertext stood in this election before.")
WRONG_SHAPE = _refusal(16, "wrong_shape", "There are too few or too many parts.")
BAD_POINT = _refusal(17, "bad_point", "A point is not of prime order, or not in its one spelling.")
BAD_SCALAR = _refusal(18, "bad_scalar", "A scalar is not in its one spelling.")
ZERO_SCALAR = _refusal(19, "zero_scalar", "A scalar is zero.")
BAD_PROOF = _refusal(20, "bad_proof", "A proof does not hold.")
NOT_AS_COMMITTED = _refusal(21, "not_as_committed", "The coefficients are not those committed to.")
SHARE_FITS = _refusal(22, "share_fits", "The share that is complained about fits.")

REFUSALS = (
    NO_ELECTION,
    TOO_MANY,
    BAD_CHOICES,
    BAD_TIMES,
    BAD_VOTERS,
    BAD_TRUSTEES,
    TOO_EARLY,
    TOO_LATE,
    NOT_A_TRUSTEE,
    NOT_A_VOTER,
    ALREADY_DONE,
    NOT_COMMITTED,
    NO_SHARE,
    OTHER_SUM,
    REPEATED,
    WRONG_SHAPE,
    BAD_POINT,
    BAD_SCALAR,
    ZERO_SCALAR,
    BAD_PROOF,
    NOT_AS_COMMITTED,
    SHARE_FITS,
)

_UNSOUND: Mapping[Reason, Refusal] = {
    "wrong_shape": WRONG_SHAPE,
    "bad_point": BAD_POINT,
    "bad_scalar": BAD_SCALAR,
    "zero_scalar": ZERO_SCALAR,
    "repeated": REPEATED,
    "bad_proof": BAD_PROOF,
}


@contextmanager
def named() -> Iterator[None]:
    """Refuse what the arithmetic finds unsound, by the code of its reason."""
    try:
        yield
    except Unsound as unsound:
        raise Refused(_UNSOUND[unsound.reason], str(unsound)) from None
