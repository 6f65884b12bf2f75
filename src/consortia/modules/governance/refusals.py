"""Why governance refuses, in order of precedence: where several reasons hold, the first one is given."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("governance", number, name, meaning)


PAUSED = _refusal(1, "paused", "The council paused this method; its clocks run on afterwards.")
UNKNOWN_PROPOSAL = _refusal(2, "unknown_proposal", "There is no proposal with this id.")
OTHER_CONTENT = _refusal(
    3, "other_content", "The content is not that of the proposal: it is another than was opened and voted on."
)
OTHER_MEMBER = _refusal(4, "other_member", "A key votes for its own member only.")
NOT_ELECTOR = _refusal(
    5, "not_elector", "The member was none when voting opened; the electorate is frozen then."
)
NOT_AUTHOR = _refusal(6, "not_author", "Only its author takes a proposal back.")
VOTING_CLOSED = _refusal(7, "voting_closed", "Voting is over.")
ALREADY_VOTED = _refusal(8, "already_voted", "The member has voted; a vote stands.")
TOO_EARLY = _refusal(9, "too_early", "Its time has not come: voting is open, or the lock holds.")
NOT_PASSED = _refusal(10, "not_passed", "The proposal did not pass, or is not counted yet.")
EXPIRED = _refusal(11, "expired", "The time for execution is over.")
ENDED = _refusal(12, "ended", "The proposal has come to its end already.")
UNKNOWN_CLASS = _refusal(13, "unknown_class", "The charter has no class of this name.")
TOO_MANY_OPEN = _refusal(14, "too_many_open", "The member has as many open proposals as the charter allows.")
SECRET_CLASS = _refusal(
    15, "secret_class", "Votes of this class are secret: each member casts a ballot, and for itself alone."
)
PEOPLE_ONLY = _refusal(16, "people_only", "In this class officers decide; an agent may advise.")
NOT_IN_MANDATE = _refusal(17, "not_in_mandate", "The agent's mandate does not name this class.")
ADVICE_ONLY = _refusal(18, "advice_only", "The agent was worse than always saying yes, and only advises.")
NOT_IN_CLASS = _refusal(19, "not_in_class", "The class may not hold this action.")
BAD_ACTION = _refusal(
    20,
    "bad_action",
    "The action's method does not exist, is not governance's to call, or its fields are wrong.",
)
TOO_COSTLY = _refusal(21, "too_costly", "The actions cost more than 4,000 units together.")
OVER_CAP = _refusal(22, "over_cap", "The proposal would spend more than its class allows one proposal.")
TOO_FEW = _refusal(
    23, "too_few", "A secret vote takes five members, and three of its class's trustees among them."
)
NOT_ON_BOARD = _refusal(
    24, "not_on_board", "The member has no seat on the ethics board, or the class has no board."
)
ALREADY_OBJECTED = _refusal(25, "already_objected", "The seat has objected already.")
BAD_DELEGATE = _refusal(26, "bad_delegate", "A vote is delegated to another member in force.")
NO_DELEGATION = _refusal(27, "no_delegation", "The member lets nobody vote for it in this class.")
NO_COUNCIL = _refusal(
    28,
    "no_council",
    "The council has no powers: the network or the council has fewer than three organisations.",
)
NOT_ON_COUNCIL = _refusal(29, "not_on_council", "The member has no seat on the council.")
NOT_PAUSABLE = _refusal(
    30,
    "not_pausable",
    "The method is never paused, as votes, trustees' duties, appeals, reveals, cancels, refunds, keys.",
)
PAUSE_TOO_LONG = _refusal(
    31, "pause_too_long", "A pause lasts a moment at least and no longer than the charter says."
)
PAUSE_OPEN = _refusal(32, "pause_open", "The method is paused, or the council is asked to already.")
COOLING = _refusal(33, "cooling", "The method was paused lately, whoever asked for it.")
NO_PAUSE = _refusal(34, "no_pause", "Nobody asks for this pause, or not any more.")
ALREADY_APPROVED = _refusal(35, "already_approved", "The seat has approved already.")
NOT_APPROVED = _refusal(36, "not_approved", "The seat has not approved this pause.")
NO_AGENT = _refusal(37, "no_agent", "There is no mandate with this id that is not over.")
BAD_CHARTER = _refusal(
    38,
    "bad_charter",
    "The charter could not govern: names out of order, a class without quorum, lock or majority, rules "
    "that fewer than two thirds of all could change, or no class that could change the charter.",
)
BAD_UPGRADE = _refusal(39, "bad_upgrade", "The upgrade's time has passed, or its modules are not in order.")
NO_MODEL = _refusal(40, "no_model", "There is no model with this id that is open to new use.")
WRONG_CONTENT = _refusal(41, "wrong_content", "The model's content is not the one that was voted on.")
BAD_CHANGE = _refusal(42, "bad_change", "Whom it concerns is a member already, or is none.")
BAD_BOUNDS = _refusal(43, "bad_bounds", "The bounds are empty, or the value lies outside them.")
NO_PARAMETER = _refusal(44, "no_parameter", "The members agreed on no parameter of this name.")

REFUSALS = (
    PAUSED,
    UNKNOWN_PROPOSAL,
    OTHER_CONTENT,
    OTHER_MEMBER,
    NOT_ELECTOR,
    NOT_AUTHOR,
    VOTING_CLOSED,
    ALREADY_VOTED,
    TOO_EARLY,
    NOT_PASSED,
    EXPIRED,
    ENDED,
    UNKNOWN_CLASS,
    TOO_MANY_OPEN,
    SECRET_CLASS,
    PEOPLE_ONLY,
    NOT_IN_MANDATE,
    ADVICE_ONLY,
    NOT_IN_CLASS,
    BAD_ACTION,
    TOO_COSTLY,
    OVER_CAP,
    TOO_FEW,
    NOT_ON_BOARD,
    ALREADY_OBJECTED,
    BAD_DELEGATE,
    NO_DELEGATION,
    NO_COUNCIL,
    NOT_ON_COUNCIL,
    NOT_PAUSABLE,
    PAUSE_TOO_LONG,
    PAUSE_OPEN,
    COOLING,
    NO_PAUSE,
    ALREADY_APPROVED,
    NOT_APPROVED,
    NO_AGENT,
    BAD_CHARTER,
    BAD_UPGRADE,
    NO_MODEL,
    WRONG_CONTENT,
    BAD_CHANGE,
    BAD_BOUNDS,
    NO_PARAMETER,
)
