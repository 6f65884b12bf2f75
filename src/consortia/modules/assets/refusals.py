"""The module's refusals, in their order of precedence."""

from consortia.base.refusals import Refusal


def _refusal(number: int, name: str, meaning: str) -> Refusal:
    return Refusal("assets", number, name, meaning)


UNKNOWN_ASSET = _refusal(1, "unknown_asset", "There is no asset with this id.")
NOT_OWNER = _refusal(2, "not_owner", "The asset belongs to another member.")
UNKNOWN_VERSION = _refusal(3, "unknown_version", "The asset has no version of this number.")
WITHDRAWN = _refusal(4, "withdrawn", "The asset is withdrawn.")
ALREADY_ERASED = _refusal(5, "already_erased", "The version is already marked as erased.")
WRONG_FORM = _refusal(
    6,
    "wrong_form",
    "The commitment does not fit the asset: models and functions are blobs, record batches are batches, "
    "and a number of subjects, not above that of records, stands exactly with a set.",
)
FIXED = _refusal(7, "fixed", "Only a data set has further versions; register anything else anew.")
UNCHANGED = _refusal(8, "unchanged", "The new version commits to what the present one does.")
NAME_TAKEN = _refusal(9, "name_taken", "The member has an asset of this name.")
UNKNOWN_MEMBER = _refusal(10, "unknown_member", "A permission is for a name that is no member.")
UNKNOWN_PARENT = _refusal(11, "unknown_parent", "A parent, or this version of it, does not exist.")
REPEATED_PARENT = _refusal(12, "repeated_parent", "An asset is named twice among the parents.")
PARENT_CLOSED = _refusal(13, "parent_closed", "A parent is withdrawn or its version erased.")
PARENT_FORBIDDEN = _refusal(14, "parent_forbidden", "The member may not process a parent for any purpose.")
OWNER_LOCKED_OUT = _refusal(15, "owner_locked_out", "An owner's own permission cannot be revoked.")
NOT_GRANTED = _refusal(16, "not_granted", "A grantee does not hold what would be revoked.")
EXCEEDS_PARENTS = _refusal(17, "exceeds_parents", "The rights go beyond what the parents allow.")
TOO_MANY_PERMISSIONS = _refusal(
    18, "too_many_permissions", "A right has at most 256 permissions of at most 16 purposes."
)

REFUSALS = (
    UNKNOWN_ASSET,
    NOT_OWNER,
    UNKNOWN_VERSION,
    WITHDRAWN,
    ALREADY_ERASED,
    WRONG_FORM,
    FIXED,
    UNCHANGED,
    NAME_TAKEN,
    UNKNOWN_MEMBER,
    UNKNOWN_PARENT,
    REPEATED_PARENT,
    PARENT_CLOSED,
    PARENT_FORBIDDEN,
    OWNER_LOCKED_OUT,
    NOT_GRANTED,
    EXCEEDS_PARENTS,
    TOO_MANY_PERMISSIONS,
)
