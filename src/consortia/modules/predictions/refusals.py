"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("predictions", number, name, meaning)


NO_MODEL = _refusal(1, "no_model", "There is no model with this asset id.")
WITHDRAWN = _refusal(2, "withdrawn", "The model is withdrawn.")
WRONG_CONTENT = _refusal(3, "wrong_content", "The content is not that of the model's version in force.")
NOT_ALLOWED = _refusal(4, "not_allowed", "The member may not process the model for this purpose.")
REPEATED = _refusal(5, "repeated", "A batch with this root stands already.")

REFUSALS = (NO_MODEL, WITHDRAWN, WRONG_CONTENT, NOT_ALLOWED, REPEATED)
