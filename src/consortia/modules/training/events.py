"""What happened to studies and rounds: the module's events."""

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.modules.training.types import Attempt, Names, Step


class StudyProposed(Record, frozen=True):
    """Event: a study may be joined until block time `join_until`."""

    study: Digest
    proposer: Name
    name: Name
    join_until: Milliseconds


class MemberJoined(Record, frozen=True):
    """Event: a member consented to take part with a version of a data set."""

    study: Digest
    member: Name
    dataset: Digest
    version: U32
    records: U63


class MemberLeaving(Record, frozen=True):
    """Event: a member takes no part after the round that is open now, if one is."""

    study: Digest
    member: Name


class MemberLeft(Record, frozen=True):
    """Event: from round `index` on a member takes no part: it left, or its data set or membership ended."""

    study: Digest
    member: Name
    index: U32


class StudyStarted(Record, frozen=True):
    """Event: a study runs, with so many members."""

    study: Digest
    members: U32


class RoundStarted(Record, frozen=True):
    """Event: a round waits for updates until block time `deadline`."""

    study: Digest
    round: Digest
    index: U32
    attempt: Attempt
    deadline: Milliseconds


class KeysPublished(Record, frozen=True):
    """Event: a member's keys for a masked round stand."""

    study: Digest
    round: Digest
    member: Name


class SharesDealt(Record, frozen=True):
    """Event: a member dealt shares of its secrets of a round."""

    study: Digest
    round: Digest
    member: Name


class SharesRevealed(Record, frozen=True):
    """Event: a member revealed, of each dealer, one kind of share."""

    study: Digest
    round: Digest
    member: Name


class DealerAccused(Record, frozen=True):
    """Event: a holder says that the shares which a dealer dealt to it do not open as committed."""

    study: Digest
    round: Digest
    dealer: Name
    holder: Name


class DealerAnswered(Record, frozen=True):
    """Event: a dealer showed the shares that it had dealt to a holder, and they are as committed."""

    study: Digest
    round: Digest
    dealer: Name
    holder: Name


class DealerSilent(Record, frozen=True):
    """Event: a dealer did not answer a complaint in time; it is out of this round's tries."""

    study: Digest
    round: Digest
    dealer: Name


class DealerFaulted(Record, frozen=True):
    """Event: what a dealer committed to is shown to be false; it is out of this round's tries."""

    study: Digest
    round: Digest
    dealer: Name


class BudgetLimited(Record, frozen=True):
    """Event: the sums over a population may cost so many nano-rho in all."""

    population: Digest
    limit: U63


class BudgetCharged(Record, frozen=True):
    """Event: a sum that was asked for cost a population so many nano-rho."""

    study: Digest
    round: Digest
    population: Digest
    cost: U63


class MemberReturned(Record, frozen=True):
    """Event: a member that others no longer waited for is there again."""

    study: Digest
    member: Name


class PartRenewed(Record, frozen=True):
    """Event: from a round on a member goes on with another version of its data set."""

    study: Digest
    member: Name
    version: U32
    records: U63
    index: U32


class UpdateSealed(Record, frozen=True):
    """Event: a member's update is fixed, and shown to nobody before all are."""

    study: Digest
    round: Digest
    member: Name


class UpdateSubmitted(Record, frozen=True):
    """Event: a member's update is fixed and held by enough members."""

    study: Digest
    round: Digest
    member: Name
    blob: Digest


class CohortFixed(Record, frozen=True):
    """Event: the updates of a round are those of all its members but the missing."""

    study: Digest
    round: Digest
    cohort: U32
    missing: Names


class ResultCommitted(Record, frozen=True):
    """Event: a member committed to its own result of a round."""

    study: Digest
    round: Digest
    member: Name


class ResultOpened(Record, frozen=True):
    """Event: a member opened the result that it had committed to."""

    study: Digest
    round: Digest
    member: Name
    sum: Digest
    state: Digest


class ResultDiffers(Record, frozen=True):
    """Event: a member had committed to another result than more than two thirds of the members."""

    study: Digest
    round: Digest
    member: Name


class ResultDisputed(Record, frozen=True):
    """Event: two thirds can no longer agree; `opened` are the members whose openings stand as evidence."""

    study: Digest
    round: Digest
    opened: Names


class RoundFinal(Record, frozen=True):
    """Event: more than two thirds of the members agree on the sum and the next state."""

    study: Digest
    round: Digest
    index: U32
    sum: Digest
    state: Digest


class RoundAborted(Record, frozen=True):
    """Event: a round is given up at `step` because the missing did not do it."""

    study: Digest
    round: Digest
    step: Step
    missing: Names


class RoundVoid(Record, frozen=True):
    """Event: more than two thirds of the members agree that a sum leads nowhere; somebody sent nonsense."""

    study: Digest
    round: Digest
    sum: Digest


class StudyFinished(Record, frozen=True):
    """Event: the model stands as an asset."""

    study: Digest
    model: Digest
    state: Digest


class StudyAborted(Record, frozen=True):
    """Event: a study ended without a model."""

    study: Digest
    reason: Text80


Event = (
    StudyProposed
    | MemberJoined
    | MemberLeaving
    | MemberLeft
    | StudyStarted
    | RoundStarted
    | KeysPublished
    | SharesDealt
    | SharesRevealed
    | DealerAccused
    | DealerAnswered
    | DealerSilent
    | DealerFaulted
    | MemberReturned
    | BudgetLimited
    | BudgetCharged
    | UpdateSealed
    | UpdateSubmitted
    | CohortFixed
    | ResultCommitted
    | ResultOpened
    | ResultDiffers
    | ResultDisputed
    | RoundFinal
    | RoundAborted
    | RoundVoid
    | StudyFinished
    | StudyAborted
)

EVENTS: tuple[type[Record], ...] = (
    StudyProposed,
    MemberJoined,
    MemberLeaving,
    MemberLeft,
    StudyStarted,
    RoundStarted,
    KeysPublished,
    SharesDealt,
    SharesRevealed,
    DealerAccused,
    DealerAnswered,
    DealerSilent,
    DealerFaulted,
    MemberReturned,
    PartRenewed,
    BudgetLimited,
    BudgetCharged,
    UpdateSealed,
    UpdateSubmitted,
    CohortFixed,
    ResultCommitted,
    ResultOpened,
    ResultDiffers,
    ResultDisputed,
    RoundFinal,
    RoundAborted,
    RoundVoid,
    StudyFinished,
    StudyAborted,
)
