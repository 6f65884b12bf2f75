"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("market", number, name, meaning)


NAME_TAKEN = _refusal(1, "name_taken", "A market of this name exists.")
UNKNOWN_UNIT = _refusal(
    2, "unknown_unit", "The unit does not exist, or is neither the market's base nor quote."
)
BAD_TERMS = _refusal(3, "bad_terms", "The terms do not fit together.")
UNKNOWN_MARKET = _refusal(4, "unknown_market", "There is no such market.")
NOT_OPERATOR = _refusal(5, "not_operator", "Only the market's operator may do this.")
HALTED = _refusal(6, "halted", "The market is halted.")
NOT_HALTED = _refusal(7, "not_halted", "The market is not halted.")
UNKNOWN_AUCTION = _refusal(8, "unknown_auction", "Nothing was handed in to such an auction.")
TOO_EARLY = _refusal(9, "too_early", "The auction has not come to this yet.")
TOO_LATE = _refusal(10, "too_late", "The auction is past this.")
STOPPED = _refusal(11, "stopped", "The account or the key was stopped in this market.")
NOT_STOPPED = _refusal(12, "not_stopped", "Nothing is stopped that could go on.")
UNKNOWN_KEY = _refusal(13, "unknown_key", "The member has no such key in this market.")
WRONG_ACCOUNT = _refusal(14, "wrong_account", "The account is not of this member, or not of this market.")
UNKNOWN_PLACE = _refusal(15, "unknown_place", "There is no such order in this auction's book.")
NOT_YOURS = _refusal(16, "not_yours", "The order was handed in by another key.")
ALREADY_OPEN = _refusal(17, "already_open", "The order was opened already.")
GONE = _refusal(18, "gone", "The order was cancelled.")
WRONG_COMMITMENT = _refusal(19, "wrong_commitment", "The order is not the one that was handed in.")
BOOK_FULL = _refusal(20, "book_full", "The auction takes no more orders.")
TOO_MANY = _refusal(21, "too_many", "The key or the account may hand in no more orders.")
OFF_TICK = _refusal(22, "off_tick", "The limit is no multiple of the market's tick.")
OUTSIDE_COLLAR = _refusal(23, "outside_collar", "The limit is too far from the reference price.")
TOO_LARGE = _refusal(24, "too_large", "The order is larger than the limits allow.")
POSITION = _refusal(25, "position", "The position could go beyond the limits.")
SELF_TRADE = _refusal(26, "self_trade", "The order could trade with another of the same account.")
NO_FUNDS = _refusal(27, "no_funds", "The account in the market does not hold so much that is free.")
WRONG_MARGIN = _refusal(28, "wrong_margin", "These are not the orders at the limit that is cut short.")
NOT_METERED = _refusal(29, "not_metered", "The market is not metered.")
METERED = _refusal(30, "metered", "The market, or the account, has what is asked for already.")
BAD_METERING = _refusal(
    31, "bad_metering", "The metering does not fit the market's terms, or the key is none of prime order."
)
NOT_GRID = _refusal(32, "not_grid", "Only the member that runs the grid may do this.")
NO_METER = _refusal(33, "no_meter", "The account has no meter that counts for this auction.")
OWING = _refusal(34, "owing", "The account owes the grid something.")
NOTHING_OWED = _refusal(35, "nothing_owed", "Nothing is owed that could be paid now.")
BEYOND_CAPACITY = _refusal(36, "beyond_capacity", "It is more than the account's meter lets through.")
UNKNOWN_BATCH = _refusal(37, "unknown_batch", "The member has no such record batch, or it is withdrawn.")
WRONG_BATCH = _refusal(38, "wrong_batch", "The readings are not the records of the batch.")
READ_ALREADY = _refusal(39, "read_already", "The meter was read for this auction.")
UNREAD = _refusal(40, "unread", "The meter is not read for an auction before this one.")
FORGED = _refusal(41, "forged", "The meter's key did not sign this reading.")

REFUSALS = (
    NAME_TAKEN,
    UNKNOWN_UNIT,
    BAD_TERMS,
    UNKNOWN_MARKET,
    NOT_OPERATOR,
    HALTED,
    NOT_HALTED,
    UNKNOWN_AUCTION,
    TOO_EARLY,
    TOO_LATE,
    STOPPED,
    NOT_STOPPED,
    UNKNOWN_KEY,
    WRONG_ACCOUNT,
    UNKNOWN_PLACE,
    NOT_YOURS,
    ALREADY_OPEN,
    GONE,
    WRONG_COMMITMENT,
    BOOK_FULL,
    TOO_MANY,
    OFF_TICK,
    OUTSIDE_COLLAR,
    TOO_LARGE,
    POSITION,
    SELF_TRADE,
    NO_FUNDS,
    WRONG_MARGIN,
    NOT_METERED,
    METERED,
    BAD_METERING,
    NOT_GRID,
    NO_METER,
    OWING,
    NOTHING_OWED,
    BEYOND_CAPACITY,
    UNKNOWN_BATCH,
    WRONG_BATCH,
    READ_ALREADY,
    UNREAD,
    FORGED,
)
