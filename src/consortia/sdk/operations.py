"""Operations for programs: commands within voted bounds, notices with answers due, unique claims.

    ledger.operations.command("crossing", [(1_000, {"green": 30, "phase": 1})], seen=digest)
    recall, salt = ledger.operations.notify("recall", b"lot 42", b"block it", to=["east", "west"], due=time)
    made = ledger.operations.open_register("lot 42, made", members=["east", "north"])
    ledger.operations.claim(made, tags(key, serials))

What a notice is about and what it says goes to the ledger as salted hashes: hand text and salt to those
whom it asks.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence

from consortia.base.commitments import record_leaf
from consortia.kernel.block import Receipt
from consortia.modules.operations import messages as asked
from consortia.modules.operations import queries as views
from consortia.modules.operations.queries import NamedControl
from consortia.modules.operations.types import ACTS_MAX, TAGS_MAX, Bound, Claimed, Control, Register
from consortia.sdk.access import Way
from consortia.sdk.errors import LedgerError

__all__ = ["Bound", "Control", "NamedControl", "Operations", "set_control", "tag_of"]

PAGE = 100


def tag_of(key: bytes, serial: str) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of a serial under the key that its lot's parties share: the thing's tag."""
    return hmac.new(key, serial.encode(), hashlib.sha256).digest()


def set_control(
    control: str,
    member: str,
    bounds: Mapping[str, tuple[int, int]],
    *,
    overseers: Iterable[str] = (),
    gap: int = 0,
) -> asked.SetControl:
    """The action of a proposal by which a member's programs command within bounds: least and most a field."""
    made = tuple(Bound(field, *bounds[field]) for field in sorted(bounds))
    return asked.SetControl(control, member, tuple(sorted(set(overseers))), made, gap)


class Operations:
    """What is steered, asked and claimed, for one member. A refusal is a `TransactionRefused`."""

    def __init__(self, access: Way, member: str) -> None:
        """Speak for `member`."""
        self._access, self._member = access, member

    def control(self, name: str) -> Control:
        """What is steered under a name; raises LedgerError where the members never voted on it."""
        found = self._access.query("operations.control", views.ByControl(name), views.MaybeControl).control
        if found is None:
            raise LedgerError(f"the members voted no control {name!r}")
        return found

    def controls(self) -> tuple[NamedControl, ...]:
        """All that is steered, by name."""
        found: list[NamedControl] = []
        while True:
            after = found[-1].name if found else ""
            question = views.ControlsAfter(after, PAGE)
            page = self._access.query("operations.controls", question, views.ControlPage).controls
            found += page
            if len(page) < PAGE:
                return tuple(found)

    def command(self, name: str, acts: Sequence[tuple[int, Mapping[str, int]]], *, seen: bytes) -> Receipt:
        """Command acts: an event time in milliseconds each, and a value for each field; 64 at most.

        `seen` is the salted hash of what led to them. Raises LedgerError for fields that the bounds do not
        have, and TransactionRefused, `operations.out_of_bounds` for values that they do not allow.
        """
        found = self.control(name)
        fields = [each.field for each in found.bounds]
        if len(acts) > ACTS_MAX:
            raise LedgerError(f"a command holds {ACTS_MAX} acts at most")
        for _, values in acts:
            if sorted(values) != fields:
                raise LedgerError(f"{name} has the fields {', '.join(fields)}")
        told = tuple(asked.Act(at, tuple(values[field] for field in fields)) for at, values in acts)
        return self._access.submit(asked.Command(name, found.version, told, seen))

    def take_over(self, name: str, reasons: str) -> bytes:
        """Take a control over from the programs; gives the salt of the reasons' hash."""
        salt = os.urandom(32)
        self._access.submit(asked.TakeOver(name, record_leaf(salt, reasons.encode())))
        return salt

    def hand_back(self, name: str) -> None:
        """Let the programs command again."""
        self._access.submit(asked.HandBack(name))

    def notify(
        self, kind: str, subject: bytes, content: bytes, *, to: Iterable[str], due: int
    ) -> tuple[bytes, bytes]:
        """Ask members for an answer by block time `due`; gives the notice's id and the salt of its hashes."""
        salt = os.urandom(32)
        hashes = (record_leaf(salt, subject), record_leaf(salt, content))
        receipt = self._access.submit(asked.Notify(kind, *hashes, tuple(sorted(set(to))), due))
        return _made(receipt, "notice"), salt

    def reply(self, notice: bytes, number: int, content: bytes = b"") -> bytes:
        """Answer a notice; gives the salt of the content's hash."""
        salt = os.urandom(32)
        self._access.submit(asked.Reply(notice, number, record_leaf(salt, content)))
        return salt

    def close_notice(self, notice: bytes) -> views.NoticeView:
        """Close an own notice that everybody answered, or whose time is over."""
        self._access.submit(asked.CloseNotice(notice))
        return self.notice(notice)

    def notice(self, notice: bytes) -> views.NoticeView:
        """A notice, and everybody that it asks."""
        return self._access.query("operations.notice", views.ByNotice(notice), views.NoticeView)

    def notices(self) -> tuple[views.IssuedNotice, ...]:
        """All notices, oldest first."""
        found: dict[bytes, views.IssuedNotice] = {}
        since = 0
        while True:
            page = self._notices(since, PAGE)
            found |= {one.id: one for one in page}
            if len(page) < PAGE:
                return tuple(found.values())
            last = page[-1].notice.since
            since = last if last > since else last + 1  # of one moment a page is told, no more

    def any_notices(self) -> bool:
        """Whether anything was ever asked of anybody."""
        return bool(self._notices(0, 1))

    def _notices(self, since: int, most: int) -> tuple[views.IssuedNotice, ...]:
        question = views.NoticesFrom(since, most)
        return self._access.query("operations.notices", question, views.NoticePage).notices

    def awaited(self, member: str | None = None) -> tuple[views.Owed, ...]:
        """The answers that a member (this one by default) owes."""
        question = views.OfMember(member or self._member)
        return self._access.query("operations.awaited", question, views.OwedPage).owed

    def open_register(self, name: str, *, members: Iterable[str], after: bytes | None = None) -> bytes:
        """Have these members claim things once, and only those that the register `after` holds; the id."""
        message = asked.OpenRegister(name, tuple(sorted(set(members))), after)
        return _made(self._access.submit(message), "register")

    def claim(self, register: bytes, tags: Iterable[bytes]) -> int:
        """Claim things by their tags; gives how many.

        Raises TransactionRefused: `operations.claimed` for a copy, `operations.unclaimed` for a thing that
        never was where it has to come from. What stood before it in other calls of 256 things is claimed.
        """
        ordered = sorted(set(tags))
        for start in range(0, len(ordered), TAGS_MAX):
            self._access.submit(asked.Claim(register, tuple(ordered[start : start + TAGS_MAX])))
        return len(ordered)

    def close_register(self, register: bytes) -> None:
        """Have nothing more claimed in an own register."""
        self._access.submit(asked.CloseRegister(register))

    def register(self, register: bytes) -> Register:
        """A register of claims; raises LedgerError where there is none."""
        question = views.ByRegister(register)
        found = self._access.query("operations.register", question, views.MaybeRegister).register
        if found is None:
            raise LedgerError(f"there is no register {register.hex()}")
        return found

    def claimed(self, register: bytes, tag: bytes) -> Claimed | None:
        """Who claimed a thing, or None."""
        return self._access.query(
            "operations.claimed", views.ByTag(register, tag), views.MaybeClaimed
        ).claimed


def _made(receipt: Receipt, field: str) -> bytes:
    found = receipt.events[0].body[field]
    if not isinstance(found, bytes):
        raise LedgerError(f"the receipt names no {field}")
    return found
