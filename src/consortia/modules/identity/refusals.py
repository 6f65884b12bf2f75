"""Why identity refuses, in order of precedence: where several reasons hold, the first one is given."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("identity", number, name, meaning)


SIGNER_GONE = _refusal(
    1, "signer_gone", "The signing key, or its member, was put out of force earlier in this block."
)
NOT_A_MEMBER = _refusal(2, "not_a_member", "The member is not, or no longer, in the network.")
NAME_TAKEN = _refusal(3, "name_taken", "The name is or was a member's; names are never given twice.")
LAST_MEMBER = _refusal(4, "last_member", "The last member cannot leave or be removed.")
OWN_CASE = _refusal(5, "own_case", "A member has no say in its own removal; it may leave.")
NO_PROPOSAL = _refusal(6, "no_proposal", "There is no such proposal.")
PROPOSAL_OPEN = _refusal(7, "proposal_open", "There is such a proposal already.")
PROPOSAL_EXPIRED = _refusal(8, "proposal_expired", "The proposal expired before this block.")
BAD_EXPIRY = _refusal(9, "bad_expiry", "The expiry lies before this block, or more than 90 days after it.")
NOT_PROPOSER = _refusal(10, "not_proposer", "Only the proposer takes back a proposal that has not expired.")
ALREADY_APPROVED = _refusal(11, "already_approved", "The member has approved already.")
NOT_APPROVED = _refusal(12, "not_approved", "Not more than two thirds of the members have approved.")
NETWORK_FULL = _refusal(13, "network_full", "The network has 128 members already.")
BAD_ROLES = _refusal(
    14,
    "bad_roles",
    "Roles stand once each in alphabetical order; node, recovery, worker and consensus stand alone; "
    "node, consensus and recovery keys are not added but rotated or recovered.",
)
BAD_KEY_SET = _refusal(
    15,
    "bad_key_set",
    "A member has exactly one node key, exactly one recovery key, at least one admin, and at most one "
    "consensus key.",
)
TOO_MANY_KEYS = _refusal(16, "too_many_keys", "The member has 64 active keys already.")
SMALL_ORDER = _refusal(17, "small_order", "The public key is not a point of prime order in its one encoding.")
KEY_KNOWN = _refusal(18, "key_known", "The key is or was somebody's already, or stands twice in the set.")
BAD_POSSESSION = _refusal(
    19, "bad_possession", "The signature does not show that the owner of the new key holds it."
)
NO_KEY = _refusal(20, "no_key", "The member has no such key.")
KEY_REVOKED = _refusal(21, "key_revoked", "The key is revoked already.")
NEEDS_ROTATION = _refusal(
    22,
    "needs_rotation",
    "Node and consensus keys are replaced by rotation and a recovery key by recovery, never revoked.",
)
LAST_ADMIN = _refusal(23, "last_admin", "The member's last admin key cannot be revoked.")
BAD_ENDPOINT = _refusal(
    24,
    "bad_endpoint",
    "A node's address is https with a certificate in DER, or plain http on the machine itself with none; "
    "it names a host that others can reach, maybe a port and a path, and nothing else.",
)
BAD_ATTESTOR = _refusal(25, "bad_attestor", "The attestor key is not a compressed point of its curve.")
QUOTA_RAISED = _refusal(26, "quota_raised", "A member lowers its own quota; only all members raise it.")
CHECKPOINT_UNEXPECTED = _refusal(
    27, "checkpoint_unexpected", "No change of the member set went before, so there is no checkpoint to show."
)
CHECKPOINT_REQUIRED = _refusal(
    28,
    "checkpoint_required",
    "A change of the member set went before: the final checkpoint that covers it is needed.",
)
CHECKPOINT_NOT_FINAL = _refusal(
    29,
    "checkpoint_not_final",
    "The checkpoint is not one that the member set before the last change made final.",
)
CHECKPOINT_TOO_EARLY = _refusal(
    30, "checkpoint_too_early", "The checkpoint does not cover the last change of the member set."
)
CHECKPOINT_TOO_LATE = _refusal(
    31, "checkpoint_too_late", "The checkpoint covers more than the log had before this block."
)
LAST_VALIDATOR = _refusal(
    32, "last_validator", "No other member has a consensus key and voting power: blocks would stop."
)
NO_MANDATE = _refusal(33, "no_mandate", "The member has granted no such mandate.")
MANDATE_OVER = _refusal(
    34, "mandate_over", "The mandate was ended, has expired, or its owner is no longer in the network."
)
BAD_MANDATE = _refusal(
    35,
    "bad_mandate",
    "Methods (no accounts), classes and units of caps stand once each in order; "
    "no act's cap is above its window's.",
)
TOO_MANY_AGENTS = _refusal(36, "too_many_agents", "The member has 64 agents already.")
AGENT_ACTS = _refusal(37, "agent_acts", "The agent has a mandate that is in force; end it first.")
UNIT_NOT_MANDATED = _refusal(38, "unit_not_mandated", "The mandate has no cap for this unit, so none of it.")
OVER_ACT_CAP = _refusal(39, "over_act_cap", "The act would spend more than the mandate allows one act.")
OVER_WINDOW_CAP = _refusal(
    40, "over_window_cap", "The owner's agents would spend more than the mandate allows in its window."
)
NO_PERSON = _refusal(
    41, "no_person", "The member has no such person, it was released, or another person asks."
)
LABEL_TAKEN = _refusal(
    42, "label_taken", "The label is or was a person's, or the name an agent's: both name an account."
)
TOO_MANY_PERSONS = _refusal(
    43,
    "too_many_persons",
    "The member has 100,000 persons already, or half of its quota for an epoch leaves less than 2,000 to "
    "each label that it ever gave.",
)

REFUSALS = (
    SIGNER_GONE,
    NOT_A_MEMBER,
    NAME_TAKEN,
    LAST_MEMBER,
    OWN_CASE,
    NO_PROPOSAL,
    PROPOSAL_OPEN,
    PROPOSAL_EXPIRED,
    BAD_EXPIRY,
    NOT_PROPOSER,
    ALREADY_APPROVED,
    NOT_APPROVED,
    NETWORK_FULL,
    BAD_ROLES,
    BAD_KEY_SET,
    TOO_MANY_KEYS,
    SMALL_ORDER,
    KEY_KNOWN,
    BAD_POSSESSION,
    NO_KEY,
    KEY_REVOKED,
    NEEDS_ROTATION,
    LAST_ADMIN,
    BAD_ENDPOINT,
    BAD_ATTESTOR,
    QUOTA_RAISED,
    CHECKPOINT_UNEXPECTED,
    CHECKPOINT_REQUIRED,
    CHECKPOINT_NOT_FINAL,
    CHECKPOINT_TOO_EARLY,
    CHECKPOINT_TOO_LATE,
    LAST_VALIDATOR,
    NO_MANDATE,
    MANDATE_OVER,
    BAD_MANDATE,
    TOO_MANY_AGENTS,
    AGENT_ACTS,
    UNIT_NOT_MANDATED,
    OVER_ACT_CAP,
    OVER_WINDOW_CAP,
    NO_PERSON,
    LABEL_TAKEN,
    TOO_MANY_PERSONS,
)
