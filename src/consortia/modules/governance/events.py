"""What governance tells in receipts."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.kernel.transaction import MethodName
from consortia.modules.governance.types import ACTIONS_MAX, Choice, Payee, Status, Tally


class ProposalOpened(Record, frozen=True):
    """Event: a proposal is open for votes."""

    proposal: Digest
    author: Name
    kind: Name
    content: Digest
    closes: Milliseconds


class Voted(Record, frozen=True):
    """Event: a member voted, by the agent of a mandate where one did; voting is open until `closes`."""

    proposal: Digest
    member: Name
    agent: Digest | None
    choice: Choice
    closes: Milliseconds


class ProposalClosed(Record, frozen=True):
    """Event: the votes are counted, or the time for execution is over."""

    proposal: Digest
    status: Status
    tally: Tally | None


class ProposalCancelled(Record, frozen=True):
    """Event: its author took a proposal back."""

    proposal: Digest


class ProposalExecuted(Record, frozen=True):
    """Event: a proposal's actions were carried out: these methods."""

    proposal: Digest
    methods: Annotated[tuple[MethodName, ...], Meta(max_length=ACTIONS_MAX)]


class ProposalFailed(Record, frozen=True):
    """Event: a proposal's action met this code; nothing of the proposal was done."""

    proposal: Digest
    position: U32
    code: Text80


class Advised(Record, frozen=True):
    """Event: an agent said what it would vote; advice counts for nothing."""

    proposal: Digest
    member: Name
    mandate: Digest
    choice: Choice


class Suggested(Record, frozen=True):
    """Event: an agent thinks that the council should pause a method."""

    target: MethodName
    member: Name
    mandate: Digest


class EndAsked(Record, frozen=True):
    """Event: so many seats of those needed want a mandate ended; with enough of them it is."""

    mandate: Digest
    member: Name
    approvals: U32
    needed: U32


class Spent(Record, frozen=True):
    """Event: the members paid out of their treasury."""

    unit: Digest
    payee: Payee
    amount: U63


class Objected(Record, frozen=True):
    """Event: a seat of the ethics board objects; `stops` where that stops the proposal."""

    proposal: Digest
    member: Name
    stops: bool


class Delegated(Record, frozen=True):
    """Event: a member lets another vote for it in a class; nobody any more where `delegate` is None."""

    member: Name
    kind: Name
    delegate: Name | None


class PauseAsked(Record, frozen=True):
    """Event: so many seats of those needed want a target paused."""

    target: MethodName
    member: Name
    approvals: U32
    needed: U32


class Paused(Record, frozen=True):
    """Event: a target is paused until a block time."""

    target: MethodName
    until: Milliseconds


class PauseEnded(Record, frozen=True):
    """Event: a pause is over before its time, or is no longer asked for."""

    target: MethodName


class CharterSet(Record, frozen=True):
    """Event: a new charter is in force."""

    number: U32


class UpgradeScheduled(Record, frozen=True):
    """Event: an upgrade has a time."""

    number: U32
    time: Milliseconds


class ModelReleased(Record, frozen=True):
    """Event: a model is released."""

    model: Digest
    content: Digest


class MemberScheduled(Record, frozen=True):
    """Event: the members want a member admitted or removed."""

    change: Literal["admission", "removal"]
    name: Name


class ParameterSet(Record, frozen=True):
    """Event: a parameter has this value within these bounds."""

    name: Name
    low: U63
    high: U63
    value: U63


EVENTS: tuple[type[Record], ...] = (
    ProposalOpened,
    Voted,
    ProposalClosed,
    ProposalCancelled,
    ProposalExecuted,
    ProposalFailed,
    Advised,
    Suggested,
    EndAsked,
    Spent,
    Objected,
    Delegated,
    PauseAsked,
    Paused,
    PauseEnded,
    CharterSet,
    UpgradeScheduled,
    ModelReleased,
    MemberScheduled,
    ParameterSet,
)
