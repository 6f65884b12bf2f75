"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("predictions", number, name, meaning)


NO_MODEL = _refusal(1, "no_model", "There is no model with this asset id.")
WITHDRAWN = _refusal(2, "withdrawn", "The model is withdrawn.")
WRONG_CONTENT = _refusal(3, "wrong_content", "The content is not that of the model's version in force.")
NOT_ALLOWED = _refusal(4, "not_allowed", "The member may not process the model for this purpose.")
REPEATED = _refusal(5, "repeated", "A batch with this root stands already.")
NOT_MANDATED = _refusal(6, "not_mandated", "The mandate does not name a method of an act that is to wait.")
TOO_COSTLY = _refusal(7, "too_costly", "An act that waits costs at most 2,000 units when it is carried out.")
NOTHING_WAITS = _refusal(8, "nothing_waits", "No act waits under this id.")
NOT_DUE = _refusal(9, "not_due", "The act has not waited as long as its mandate says.")
ONE_AT_A_TIME = _refusal(
    10, "one_at_a_time", "A transaction carries out one act that waited, as caps count what it spends as one."
)

REFUSALS = (
    *(NO_MODEL, WITHDRAWN, WRONG_CONTENT, NOT_ALLOWED, REPEATED),
    *(NOT_MANDATED, TOO_COSTLY, NOTHING_WAITS, NOT_DUE, ONE_AT_A_TIME),
)
