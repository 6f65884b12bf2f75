"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("guard", number, name, meaning)


NO_POLICY = _refusal(1, "no_policy", "The member has no policy of this name.")
NOT_PINNED = _refusal(
    2, "not_pinned", "The reason is none of the policy's rules, or the model not the one it pins."
)
FLOOD = _refusal(3, "flood", "The member has raised as many alerts today as its policy or the law lets it.")
NO_ALERT = _refusal(4, "no_alert", "There is no alert with this id.")
NOT_YOURS = _refusal(5, "not_yours", "The alert or the suspension is another member's.")
NO_PERSON = _refusal(6, "no_person", "The key is not in force, or no officer's of the member.")
NOT_ASSIGNED = _refusal(7, "not_assigned", "The alert is given to nobody, or to somebody else.")
LABELLED = _refusal(8, "labelled", "Two officers have labelled the alert already.")
FOUR_EYES = _refusal(9, "four_eyes", "The second label is due from another officer.")
NOT_HONEST = _refusal(
    10, "not_honest", "Two officers must have called the alert honest before its like passes."
)
TOO_LONG = _refusal(11, "too_long", "It would last longer than the law allows, or is over already.")
NO_MEMBER = _refusal(12, "no_member", "There is no member of this name.")
NO_MANDATE = _refusal(
    13, "no_mandate", "The member has no network mandate in force, or lost it by suspensions overturned."
)
WRONG_OPENING = _refusal(14, "wrong_opening", "The opening is not what the alert commits to.")
ITSELF = _refusal(15, "itself", "A guard does not suspend its own member.")
NOT_CERTAIN = _refusal(
    16,
    "not_certain",
    "By itself a guard suspends for an exact rule, or with a model that was right 95 times of 100; "
    "otherwise two officers must have called the alert hostile.",
)
SUSPENDED = _refusal(17, "suspended", "The member is suspended now and starts nothing new.")
COOLING = _refusal(18, "cooling", "The last suspension of this member ended less than 72 hours ago.")
TOO_MANY = _refusal(19, "too_many", "A third of the members would be suspended.")
NOT_SUSPENDED = _refusal(20, "not_suspended", "The member is not suspended, and its appeal is over.")
APPEALED = _refusal(21, "appealed", "The appeal stands already.")
NO_APPEAL = _refusal(22, "no_appeal", "The member has not appealed.")
NO_JUDGE = _refusal(23, "no_judge", "The author and the target of a suspension do not judge its appeal.")
JUDGED = _refusal(24, "judged", "The member has judged the appeal already.")
USED = _refusal(25, "used", "The alert has suspended its member once, and does so no more.")

REFUSALS = (
    *(NO_POLICY, NOT_PINNED, FLOOD, NO_ALERT, NOT_YOURS, NO_PERSON, NOT_ASSIGNED, LABELLED, FOUR_EYES),
    *(NOT_HONEST, TOO_LONG, NO_MEMBER, NO_MANDATE, WRONG_OPENING, ITSELF, NOT_CERTAIN, SUSPENDED, COOLING),
    *(TOO_MANY, NOT_SUSPENDED, APPEALED, NO_APPEAL, NO_JUDGE, JUDGED, USED),
)
