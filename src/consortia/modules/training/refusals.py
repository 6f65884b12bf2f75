"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("training", number, name, meaning)


NAME_TAKEN = _refusal(1, "name_taken", "The proposer has a study of this name.")
TOO_MANY_STUDIES = _refusal(
    2, "too_many_studies", "The proposer has 32 studies that are proposed or running already."
)
BAD_STAGES = _refusal(
    3,
    "bad_stages",
    "Stages have different names and at most 10,000 rounds together, and a clip keeps six bits below its "
    "ring's sign.",
)
BAD_QUORUM = _refusal(4, "bad_quorum", "A masked sum is of three members or more.")
BAD_RULE = _refusal(
    5,
    "bad_rule",
    "A mean tolerates no bad member; a robust rule has vectors enough for those that it tolerates in the "
    "smallest cohort, sees them in open rounds or sums of three and more in masked ones, and takes no noise.",
)
BAD_PRIVACY = _refusal(
    6,
    "bad_privacy",
    "Noise is for masked rounds: one for each stage, with fewer assumed colluders than the quorum, and it "
    "fits the ring beside the members' clips.",
)
BAD_SCHEMA = _refusal(7, "bad_schema", "The schema hash is not that of the schema.")
BAD_PARAMETERS = _refusal(8, "bad_parameters", "The recipe's parameters are not the one encoding of a map.")
BAD_INVITATION = _refusal(
    9, "bad_invitation", "The invited are members, sorted, each once, and as many as the quorum or more."
)
UNKNOWN_MODEL = _refusal(10, "unknown_model", "There is no model with this id to start from.")
MODEL_FORBIDDEN = _refusal(
    11, "model_forbidden", "The proposer may not process the model it starts from for this purpose."
)
UNKNOWN_STUDY = _refusal(12, "unknown_study", "There is no study with this id.")
STUDY_OVER = _refusal(13, "study_over", "The study is finished or aborted.")
NOT_PROPOSED = _refusal(14, "not_proposed", "The study runs already.")
NOT_RUNNING = _refusal(15, "not_running", "The study does not run yet.")
JOINING_CLOSED = _refusal(16, "joining_closed", "The joining time is over.")
NOT_INVITED = _refusal(17, "not_invited", "The study invites other members only.")
NOT_PROPOSER = _refusal(
    18, "not_proposer", "Only the proposer cancels a study that is not stuck for want of members."
)
NOT_JOINED = _refusal(19, "not_joined", "The member takes no part in this study, or not in this round.")
ALREADY_JOINED = _refusal(20, "already_joined", "The member joined already.")
ALREADY_LEAVING = _refusal(21, "already_leaving", "The member leaves already.")
STUDY_FULL = _refusal(22, "study_full", "63 members joined already.")
UNKNOWN_DATASET = _refusal(23, "unknown_dataset", "There is no such version of a data set.")
NOT_OWNER = _refusal(24, "not_owner", "The data set belongs to another member.")
DATASET_CLOSED = _refusal(25, "dataset_closed", "The data set is withdrawn, or this version of it erased.")
PURPOSE_FORBIDDEN = _refusal(
    26, "purpose_forbidden", "The data set may not be processed for the study's purpose."
)
BAD_RECORDS = _refusal(27, "bad_records", "The data set has fewer records than the member would join with.")
BAD_LINEAGE = _refusal(
    28,
    "bad_lineage",
    "The data set's populations cannot be followed, or another member's data are of one of them.",
)
NO_POPULATION = _refusal(
    29, "no_population", "The data set was made from others: their budgets are its budget."
)
NEEDS_NOISE = _refusal(
    30, "needs_noise", "The data set's population has a privacy budget, and the study adds no noise."
)
OVER_BUDGET = _refusal(
    31,
    "over_budget",
    "The study, or this round of it, would cost more than is left of a population's budget.",
)
ONLY_LOWER = _refusal(32, "only_lower", "A privacy budget is only ever lowered, and not below what is spent.")
TOO_FEW_JOINED = _refusal(33, "too_few_joined", "Fewer members than the quorum joined.")
WRONG_ROUND = _refusal(34, "wrong_round", "This is not the round that the study is at.")
WRONG_STEP = _refusal(35, "wrong_step", "The round waits for another step.")
TOO_EARLY = _refusal(
    36,
    "too_early",
    "Members may still join, or may still do this step of the round; or a member that was waited for in vain "
    "before is waited for again only later.",
)
TOO_LATE = _refusal(37, "too_late", "The deadline of the step has passed.")
NOT_IN_ROUND = _refusal(
    38,
    "not_in_round",
    "The member is not in this round, or published no keys or dealt no shares in it in time.",
)
NOT_ABSENT = _refusal(39, "not_absent", "The member is waited for already.")
ALREADY_DONE = _refusal(40, "already_done", "The member has done this step already.")
BAD_KEYS = _refusal(
    41,
    "bad_keys",
    "A round's keys are two different X25519 keys that no other member has, each in its one spelling and of "
    "large order.",
)
OTHER_KEYS = _refusal(
    42, "other_keys", "The shares were dealt among other keys than those that count in this round."
)
BAD_SHARES = _refusal(
    43, "bad_shares", "Shares go to, and come from, the member's neighbours in the round, each once, sorted."
)
UNFOUNDED = _refusal(
    44,
    "unfounded",
    "No such complaint: one is of another dealer, of whom the complainer holds shares.",
)
NOT_AS_DEALT = _refusal(
    45, "not_as_dealt", "A share is not the one that was dealt, or of the kind that is kept secret."
)
BAD_SIZE = _refusal(46, "bad_size", "The blob has not the size of the stage's vector.")
TOO_FEW_HOLDERS = _refusal(
    47,
    "too_few_holders",
    "Holders of the blob are members of the round, sorted, each once, the submitter among them, and more "
    "than two thirds of the members.",
)
BAD_AVAILABILITY = _refusal(
    48, "bad_availability", "A signature is not that of the holder's node for this blob in this round."
)
NOT_COMMITTED = _refusal(49, "not_committed", "The member committed to no result in time.")
NOT_AS_COMMITTED = _refusal(50, "not_as_committed", "The opened result is not the one committed to.")
ROUNDS_LEFT = _refusal(51, "rounds_left", "Not every round is final.")
ONLY_RAISE = _refusal(
    52, "only_raise", "A proposal raises the limit of a budget that has one, and never lowers it."
)
OLD_VERSION = _refusal(53, "old_version", "The member brings this version of its data set, or a newer one.")
NO_CONSENT = _refusal(
    54, "no_consent", "It is not shown that everybody in this version consents to the purpose now."
)
NOT_SEALED = _refusal(
    55, "not_sealed", "The member sealed no update for this round in time, or its updates are not sealed."
)
NOT_AS_SEALED = _refusal(
    56, "not_as_sealed", "The update is not the one that the member sealed, or comes without the salt."
)

REFUSALS = (
    NAME_TAKEN,
    TOO_MANY_STUDIES,
    BAD_STAGES,
    BAD_QUORUM,
    BAD_RULE,
    BAD_PRIVACY,
    BAD_SCHEMA,
    BAD_PARAMETERS,
    BAD_INVITATION,
    UNKNOWN_MODEL,
    MODEL_FORBIDDEN,
    UNKNOWN_STUDY,
    STUDY_OVER,
    NOT_PROPOSED,
    NOT_RUNNING,
    JOINING_CLOSED,
    NOT_INVITED,
    NOT_PROPOSER,
    NOT_JOINED,
    ALREADY_JOINED,
    ALREADY_LEAVING,
    STUDY_FULL,
    UNKNOWN_DATASET,
    NOT_OWNER,
    DATASET_CLOSED,
    PURPOSE_FORBIDDEN,
    BAD_RECORDS,
    BAD_LINEAGE,
    NO_POPULATION,
    NEEDS_NOISE,
    OVER_BUDGET,
    ONLY_LOWER,
    TOO_FEW_JOINED,
    WRONG_ROUND,
    WRONG_STEP,
    TOO_EARLY,
    TOO_LATE,
    NOT_IN_ROUND,
    NOT_ABSENT,
    ALREADY_DONE,
    BAD_KEYS,
    OTHER_KEYS,
    BAD_SHARES,
    UNFOUNDED,
    NOT_AS_DEALT,
    BAD_SIZE,
    TOO_FEW_HOLDERS,
    BAD_AVAILABILITY,
    NOT_COMMITTED,
    NOT_AS_COMMITTED,
    ROUNDS_LEFT,
    ONLY_RAISE,
    OLD_VERSION,
    NO_CONSENT,
    NOT_SEALED,
    NOT_AS_SEALED,
)
