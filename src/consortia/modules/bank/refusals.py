"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("bank", number, name, meaning)


UNKNOWN_UNIT = _refusal(1, "unknown_unit", "There is no unit with this id.")
UNKNOWN_ESCROW = _refusal(2, "unknown_escrow", "There is no escrow with this id.")
CLOSED = _refusal(3, "closed", "The escrow is released or refunded already.")
SCORED = _refusal(4, "scored", "The study was scored already.")
CONFIRMED = _refusal(5, "confirmed", "The member confirmed already.")
WRONG_KIND = _refusal(6, "wrong_kind", "This is not how an escrow of its kind is released.")
NOT_ISSUER = _refusal(7, "not_issuer", "The unit is issued by another member.")
NOT_YOURS = _refusal(8, "not_yours", "The account, or what is held of it, belongs to somebody else.")
NOT_ATTESTER = _refusal(9, "not_attester", "Another member has to attest to it.")
NOT_PAYEE = _refusal(10, "not_payee", "The offer is to somebody else.")
UNKNOWN_ACCOUNT = _refusal(
    11,
    "unknown_account",
    "The account is of no member, and not the common treasury.",
)
SAME_ACCOUNT = _refusal(12, "same_account", "The account would pay itself.")
PAID_SCORER = _refusal(13, "paid_scorer", "Whoever scores a study takes no part in it.")
BAD_SUPPLY = _refusal(
    14,
    "bad_supply",
    "A cap stands exactly with the rule capped and is not below what is issued at once; a fixed unit "
    "issues all of itself at once.",
)
BAD_CONDITION = _refusal(
    15,
    "bad_condition",
    "The condition does not name exactly what its kind needs, or a study that is not there; a price "
    "is in another unit.",
)
MASKED_STUDY = _refusal(
    16,
    "masked_study",
    "Under masks the sum of a coalition would show what one member sent: value is measured over open rounds.",
)
BAD_DEADLINE = _refusal(
    17,
    "bad_deadline",
    "The deadline does not lie ahead, or lies more than a year ahead.",
)
CODE_TAKEN = _refusal(18, "code_taken", "The member issues a unit of this code.")
NO_HOLD = _refusal(19, "no_hold", "The member has no such rule to end.")
FIXED_SUPPLY = _refusal(20, "fixed_supply", "Of a unit whose supply is fixed there is never more nor less.")
BEYOND_CAP = _refusal(21, "beyond_cap", "There would be more of the unit than its cap.")
OVERFLOW = _refusal(22, "overflow", "There would be more than 2^63-1 parts of the unit.")
NOT_HELD = _refusal(23, "not_held", "The escrow is not held by a rule of its payer's.")
SAME_PERSON = _refusal(
    24,
    "same_person",
    "A second officer has to agree, with a key of its own that was known when it was asked.",
)
TOO_LATE = _refusal(25, "too_late", "The deadline has come: the escrow can only be refunded.")
TOO_EARLY = _refusal(26, "too_early", "The deadline has not come: the escrow can only be released.")
NOT_MET = _refusal(27, "not_met", "What the escrow waits for is not on the ledger.")
NOT_COMMITTED = _refusal(
    28,
    "not_committed",
    "This opens another commitment than was made before the first round.",
)
COPIED = _refusal(29, "copied", "Two members sent one and the same update, so that its worth is nobody's.")
BAD_COUNTS = _refusal(30, "bad_counts", "The counts are not those of the coalitions of the members.")
MET = _refusal(31, "met", "The condition was met before the deadline: the escrow can only be released.")
HELD_BACK = _refusal(32, "held_back", "Two officers of the payer have to approve first.")
OVER_HOLD = _refusal(
    33,
    "over_hold",
    "Above the limit of the member's hold rule only a transfer, an escrow or an offer is made.",
)
SHORT_BALANCE = _refusal(34, "short_balance", "The account holds less than that.")
UNSEALED_STUDY = _refusal(
    35,
    "unsealed_study",
    "Whoever sends its update last has seen the others': value is measured over rounds that seal all first.",
)

REFUSALS = (
    UNKNOWN_UNIT,
    UNKNOWN_ESCROW,
    CLOSED,
    SCORED,
    CONFIRMED,
    WRONG_KIND,
    NOT_ISSUER,
    NOT_YOURS,
    NOT_ATTESTER,
    NOT_PAYEE,
    UNKNOWN_ACCOUNT,
    SAME_ACCOUNT,
    PAID_SCORER,
    BAD_SUPPLY,
    BAD_CONDITION,
    MASKED_STUDY,
    BAD_DEADLINE,
    CODE_TAKEN,
    NO_HOLD,
    FIXED_SUPPLY,
    BEYOND_CAP,
    OVERFLOW,
    NOT_HELD,
    SAME_PERSON,
    TOO_LATE,
    TOO_EARLY,
    NOT_MET,
    NOT_COMMITTED,
    COPIED,
    BAD_COUNTS,
    MET,
    HELD_BACK,
    OVER_HOLD,
    SHORT_BALANCE,
    UNSEALED_STUDY,
)
