"""The kernel's own refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("kernel", number, name, meaning)


OVERSIZE = _refusal(1, "oversize", "The transaction has more than 64 KiB.")
MALFORMED = _refusal(2, "malformed", "The bytes are not the one encoding of a transaction.")
WRONG_NETWORK = _refusal(3, "wrong_network", "The transaction was signed for another network.")
UNKNOWN_METHOD = _refusal(4, "unknown_method", "No module has this method.")
BAD_ARGUMENTS = _refusal(
    5,
    "bad_arguments",
    "The arguments are not the method's message: a field is missing, unknown or beyond its limit.",
)
UNKNOWN_KEY = _refusal(6, "unknown_key", "The ledger does not know the key that signed.")
REVOKED_KEY = _refusal(
    7, "revoked_key", "The key that signed is revoked, its member has left, or its mandate is over."
)
WRONG_ROLE = _refusal(8, "wrong_role", "The key's roles do not allow this method.")
NO_ACT = _refusal(
    9,
    "no_act",
    "An agent's transaction begins with the act that it accounts for, and holds one of them; a released "
    "person's is one withdrawal of consent.",
)
OUTSIDE_MANDATE = _refusal(10, "outside_mandate", "The agent's mandate does not name this method.")
EXPIRED = _refusal(11, "expired", "The transaction's expiry lies before the block's time.")
REPLAYED = _refusal(12, "replayed", "The sequence was used before in this lane.")
OUT_OF_ORDER = _refusal(13, "out_of_order", "The sequence is not the next one of this lane.")
OVER_QUOTA = _refusal(
    14, "over_quota", "The member's quota of cost for the epoch, or its person's part of that, is used up."
)
BLOCK_FULL = _refusal(15, "block_full", "The block holds no more; the transaction waits for the next.")
BAD_SIGNATURE = _refusal(16, "bad_signature", "The signature is not valid for the key under ZIP-215.")
STATE_FULL = _refusal(17, "state_full", "The member's quota of state bytes is used up.")
OUT_OF_RANGE = _refusal(18, "out_of_range", "A sum or another field of a record would pass its limit.")
INTERNAL = _refusal(
    19, "internal", "The machine failed in an unforeseen way; nothing changed, and an alarm was raised."
)

REFUSALS = (
    OVERSIZE,
    MALFORMED,
    WRONG_NETWORK,
    UNKNOWN_METHOD,
    BAD_ARGUMENTS,
    UNKNOWN_KEY,
    REVOKED_KEY,
    WRONG_ROLE,
    NO_ACT,
    OUTSIDE_MANDATE,
    EXPIRED,
    REPLAYED,
    OUT_OF_ORDER,
    OVER_QUOTA,
    BLOCK_FULL,
    BAD_SIGNATURE,
    STATE_FULL,
    OUT_OF_RANGE,
    INTERNAL,
)
