"""The rules of identity, as pure functions."""

from collections.abc import Iterable

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.order import is_sorted
from consortia.exact.tally import quorum
from consortia.kernel.ports import Quota
from consortia.modules.identity.types import Algorithm, KeySpec, Kind, PossessionClaim, Proposal, Question

ALONE = frozenset({"node", "recovery", "worker", "consensus"})
"""Roles that a key has alone: what runs unattended decides nothing; what stays offline does nothing else."""

BY_ROTATION = frozenset({"node", "recovery", "consensus"})
"""Roles whose one key is only ever replaced."""

FULL_QUOTA = Quota(
    cost_per_block=4_000_000, cost_per_epoch=4_000_000_000, state_bytes=1 << 34, pending=10_000
)
"""The quota that tools propose when asked for nothing else: about one core, and 16 GiB of state.

Of a block it is no more than a member's share (`kernel.admission`), which the number of members decides.
"""

_CURVES = {
    "p256": (
        0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
        -3,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "secp256k1": (2**256 - 2**32 - 977, 0, 7),
}
"""Prime, a and b of y^2 = x^3 + ax + b (SEC 2, sections 2.4.1 and 2.4.2); the order is prime for both."""


def possession_message(network: bytes, name: str, keys: tuple[KeySpec, ...]) -> bytes:
    """What each new key signs: H("consortia/possession", network | claim), 32 bytes.

    The claim binds the member and the whole set, so a key cannot be carried into another one.
    """
    return tagged("consortia/possession", network + encode_record(PossessionClaim(name, keys)))


def proposal_id(kind: Kind, name: str, one: Proposal) -> bytes:
    """The id of a proposal, which says all but who approved it."""
    asked = Question(kind, name, one.proposer, one.proposed, one.expires, one.joiner, one.quota, one.power)
    return tagged("consortia/member-proposal", encode_record(asked))


def roles_in_order(roles: tuple[str, ...]) -> bool:
    """Whether roles stand once each in alphabetical order, and those that stand alone do."""
    return is_sorted(roles) and (len(roles) == 1 or not ALONE.intersection(roles))


def complete(keys: Iterable[KeySpec]) -> bool:
    """Whether a member can live with these keys: one node, one recovery, an admin, at most one consensus."""
    roles = [role for key in keys for role in key.roles]
    single = roles.count("node") == roles.count("recovery") == 1 and roles.count("consensus") <= 1
    return single and "admin" in roles


def raises(quota: Quota, before: Quota) -> bool:
    """Whether any part of `quota` is above that of `before`."""
    return any(getattr(quota, name) > getattr(before, name) for name in Quota.__struct_fields__)


def counted(approvals: Iterable[str], voters: Iterable[str]) -> int:
    """How many of the approvals are by members who have a say now."""
    return len(set(approvals).intersection(voters))


def decided(approvals: Iterable[str], voters: tuple[str, ...]) -> bool:
    """Whether more than two thirds of those who have a say approved."""
    return counted(approvals, voters) >= quorum(len(voters))


def is_der(data: bytes) -> bool:
    """Whether `data` is one DER SEQUENCE by its outer length (X.690, section 8.1.3), as a certificate is."""
    if len(data) < 2 or data[0] != 0x30:
        return False
    if data[1] < 0x80:
        return len(data) == 2 + data[1]
    width = data[1] - 0x80
    length = int.from_bytes(data[2 : 2 + width], "big")
    shortest = max(1, (length.bit_length() + 7) // 8)
    return length >= 0x80 and width == shortest and len(data) == 2 + width + length


def is_attestor_key(algorithm: Algorithm, public: bytes) -> bool:
    """Whether `public` is a compressed point (SEC 1, section 2.3.4) of the algorithm's curve."""
    prime, a, b = _CURVES[algorithm]
    x = int.from_bytes(public[1:], "big")
    if len(public) != 33 or public[0] not in (2, 3) or x >= prime:
        return False
    return pow((x * x * x + a * x + b) % prime, (prime - 1) // 2, prime) == 1
