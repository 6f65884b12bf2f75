"""What a transaction may ask of governance, and what its proposals may hold."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80, Text1000
from consortia.kernel.genesis import ModuleVersion
from consortia.kernel.transaction import MethodName
from consortia.modules.governance.types import METHODS_MAX, Actions, Charter, Choice, Payee, Span

Amount = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class Propose(Record, frozen=True):
    """Open a proposal of a class: an ordered list of actions, which nobody can change from here on."""

    kind: Name
    title: Text80
    text: Text1000
    actions: Actions


class CastVote(Record, frozen=True):
    """Vote for the own member on a proposal with this content. A vote stands; it is cast once."""

    proposal: Digest
    content: Digest
    member: Name
    choice: Choice


class Advise(Record, frozen=True):
    """Say, as an agent, what one would vote; where agents may not vote, or no more."""

    proposal: Digest
    content: Digest
    choice: Choice


class Suggest(Record, frozen=True):
    """Suggest, as an agent, that the council pause a method."""

    target: MethodName
    reason: Text80


class EndAgent(Record, frozen=True):
    """Have, as a seat of the council, an agent's mandate ended; with enough seats it is, at once."""

    mandate: Digest


class Close(Record, frozen=True):
    """Count the votes once voting is over, or put away a passed proposal that nobody executed in time."""

    proposal: Digest


class Execute(Record, frozen=True):
    """Carry out a passed proposal with this content, from the end of its lock on."""

    proposal: Digest
    content: Digest


class Cancel(Record, frozen=True):
    """Take an own proposal back while it is in voting."""

    proposal: Digest


class Object(Record, frozen=True):
    """Object as a seat of the ethics board; more than half of the seats stop the proposal."""

    proposal: Digest
    reason: Text80


class Delegate(Record, frozen=True):
    """Let another member vote for the own one in a class, in proposals opened from here on."""

    kind: Name
    to: Name


class EndDelegation(Record, frozen=True):
    """Let nobody vote for the own member in a class any more, open proposals included."""

    kind: Name


class AskPause(Record, frozen=True):
    """Ask, as a seat of the council, that a method be paused for so long; the own approval counts."""

    target: MethodName
    milliseconds: Span
    reason: Text80


class ApprovePause(Record, frozen=True):
    """Approve, as a seat of the council, that a method be paused; with enough of them it is, at once."""

    target: MethodName


class WithdrawPause(Record, frozen=True):
    """Take back the own approval; a pause with too few of them ends."""

    target: MethodName


class SetCharter(Record, frozen=True):
    """Put a new charter in force, for proposals opened from here on."""

    charter: Charter


class ScheduleUpgrade(Record, frozen=True):
    """Have new versions of modules in force from a block time on, in software with this digest."""

    modules: Annotated[tuple[ModuleVersion, ...], Meta(min_length=1, max_length=METHODS_MAX)]
    software: Digest
    time: Milliseconds


class ReleaseModel(Record, frozen=True):
    """Release a model with this content, and no other."""

    model: Digest
    content: Digest


class ScheduleMember(Record, frozen=True):
    """Put on record that a member is to be admitted or removed; the members' own approvals do it."""

    change: Literal["admission", "removal"]
    name: Name


class Spend(Record, frozen=True):
    """Pay out of the members' treasury, the account `governance:treasury`, to an account of a member."""

    unit: Digest
    payee: Payee
    amount: Amount


class SetBounds(Record, frozen=True):
    """Agree on a parameter: the bounds within which it may be set, and its value now."""

    name: Name
    low: U63
    high: U63
    value: U63


class SetParameter(Record, frozen=True):
    """Set a parameter to a value within its bounds."""

    name: Name
    value: U63
