"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("operations", number, name, meaning)


UNKNOWN_CONTROL = _refusal(1, "unknown_control", "The members voted no control of this name, or ended it.")
UNKNOWN_NOTICE = _refusal(2, "unknown_notice", "There is no notice with this id.")
UNKNOWN_REGISTER = _refusal(3, "unknown_register", "There is no register with this id.")
UNSORTED = _refusal(4, "unsorted", "Names, fields and tags stand sorted, each once.")
UNKNOWN_MEMBER = _refusal(5, "unknown_member", "Somebody named is no member now.")
BAD_BOUNDS = _refusal(6, "bad_bounds", "The least is more than the most.")
NOT_OPERATOR = _refusal(7, "not_operator", "Another member commands this, and nobody else.")
TAKEN_OVER = _refusal(8, "taken_over", "Officers have taken it over; programs command nothing.")
NOT_TAKEN = _refusal(9, "not_taken", "The member has not taken it over.")
NOT_OVERSEER = _refusal(10, "not_overseer", "The member may not take it over.")
OLD_VERSION = _refusal(11, "old_version", "The members voted other bounds since.")
OUT_OF_BOUNDS = _refusal(12, "out_of_bounds", "An act is outside the bounds that the members voted.")
TOO_SOON = _refusal(13, "too_soon", "An act comes before the last one, or sooner after it than the gap.")
NOT_YOURS = _refusal(14, "not_yours", "It belongs to another member.")
BAD_DUE = _refusal(15, "bad_due", "An answer is due in the future, within 366 days.")
TOO_MANY_OPEN = _refusal(16, "too_many_open", "Sixteen notices of the member are open.")
CLOSED = _refusal(17, "closed", "It is closed.")
NOT_ASKED = _refusal(18, "not_asked", "The notice does not ask this member.")
ANSWERED = _refusal(19, "answered", "The member has answered; an answer stands.")
STILL_AWAITED = _refusal(20, "still_awaited", "Answers are awaited, and their time is not over.")
NOT_IN_REGISTER = _refusal(21, "not_in_register", "The register does not name this member.")
UNCLAIMED = _refusal(22, "unclaimed", "What has to come before was never claimed for this thing.")
CLAIMED = _refusal(23, "claimed", "This thing is claimed already.")
TOO_FAR = _refusal(24, "too_far", "An act lies more than a day ahead of its block.")

REFUSALS = (
    *(UNKNOWN_CONTROL, UNKNOWN_NOTICE, UNKNOWN_REGISTER, UNSORTED, UNKNOWN_MEMBER, BAD_BOUNDS, NOT_OPERATOR),
    *(TAKEN_OVER, NOT_TAKEN, NOT_OVERSEER, OLD_VERSION, OUT_OF_BOUNDS, TOO_SOON, NOT_YOURS, BAD_DUE),
    *(TOO_MANY_OPEN, CLOSED, NOT_ASKED, ANSWERED, STILL_AWAITED, NOT_IN_REGISTER, UNCLAIMED, CLAIMED),
    TOO_FAR,
)
