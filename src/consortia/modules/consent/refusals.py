"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("consent", number, name, meaning)


UNKNOWN_DATASET = _refusal(1, "unknown_dataset", "There is no data set with this id.")
NOT_REQUIRED = _refusal(2, "not_required", "The data set does not stand under consent.")
NOT_OWNER = _refusal(3, "not_owner", "The data set belongs to another member.")
NO_SUBJECTS = _refusal(4, "no_subjects", "The data set is not committed by subject.")
REQUIRED = _refusal(5, "required", "The data set stands under consent already.")
UNSORTED = _refusal(6, "unsorted", "Subjects and purposes stand sorted, each once.")
BAD_TERM = _refusal(7, "bad_term", "A consent ends in the future, within ten years.")
SHORTER = _refusal(8, "shorter", "A consent that stands is prolonged or withdrawn, never shortened.")
OTHER_SLIP = _refusal(9, "other_slip", "A consent that stands keeps its slip.")
NOT_GIVEN = _refusal(10, "not_given", "No such consent stands.")
NOT_YOURS = _refusal(
    11,
    "not_yours",
    "Only the owner, or the person, withdraws a consent; only the person agrees itself, or anew once it "
    "withdrew by its key.",
)
UNKNOWN_VERSION = _refusal(12, "unknown_version", "The data set has no such version that is open to use.")
COVERED = _refusal(13, "covered", "The version is covered for this purpose.")
WRONG_PART = _refusal(14, "wrong_part", "This is not the next part of the version's set.")
NO_RIGHT = _refusal(15, "no_right", "The member may not have these records for this purpose.")
NO_CONSENT = _refusal(16, "no_consent", "A person does not consent to this purpose now.")
UNKNOWN_PERSON = _refusal(17, "unknown_person", "Nobody under this key was ever asked.")
UNREVIEWED = _refusal(18, "unreviewed", "Eight emergencies of the member wait for their review.")
NO_EMERGENCY = _refusal(19, "no_emergency", "No emergency at this place waits for its review.")
FOUR_EYES = _refusal(20, "four_eyes", "Another key than the one that broke the glass reviews it.")

REFUSALS = (
    *(UNKNOWN_DATASET, NOT_REQUIRED, NOT_OWNER, NO_SUBJECTS, REQUIRED, UNSORTED, BAD_TERM, SHORTER),
    *(
        OTHER_SLIP,
        NOT_GIVEN,
        NOT_YOURS,
        UNKNOWN_VERSION,
        COVERED,
        WRONG_PART,
        NO_RIGHT,
        NO_CONSENT,
        UNKNOWN_PERSON,
    ),
    *(UNREVIEWED, NO_EMERGENCY, FOUR_EYES),
)
