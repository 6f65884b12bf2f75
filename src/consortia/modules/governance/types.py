"""The records of governance: the charter, proposals, votes, delegations, pauses."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Text80, Text1000
from consortia.base.times import DAY, HOUR
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.genesis import ModuleVersion
from consortia.kernel.transaction import MethodName

SPAN_DAYS_MAX = 366
CLASSES_MAX = 32
METHODS_MAX = 64
ACTIONS_MAX = 16
SEATS_MAX = 32
OPEN_MAX = 16
WEIGHT_MAX = 100
EMERGENCY = "emergency"
"""The class in which the council acts, and agents suggest; it holds no proposals."""

UNITS = 6
"""A vote counts so many units for each of its weight: a third and a sixth of all are whole numbers then."""

COST_MAX = 4_000
"""A proposal's actions cost at most so many units together; who executes it pays for as many."""

PAUSE_MILLISECONDS_MAX = 72 * HOUR
SECRET_VOTERS_MIN = 5
"""Among fewer than five members no vote is secret."""

SECRET_TRUSTEES_MIN = 3
SECRET_MILLISECONDS_MAX = 90 * DAY
"""A secret vote takes at most so long, from its opening to the last part of its count."""

CHOICES = ("yes", "no", "abstain")
"""The choices of a secret vote, in the order of its counts."""

ORGANISATIONS_MIN = 3
"""With fewer organisations a council has no powers, and no fewer of them pause anything."""

Span = Annotated[int, Meta(ge=0, le=SPAN_DAYS_MAX * DAY)]
"""A time in milliseconds of block time, 366 days at most."""

Part = Annotated[int, Meta(ge=1, le=1000)]
Choice = Literal["yes", "no", "abstain"]
Agents = Literal["vote", "advise"]
"""What an agent may do in a class: propose and vote, or only say what it would vote."""

Status = Literal[
    "voting", "passed", "rejected", "stopped", "executed", "failed", "expired", "cancelled", "void"
]
"""How far a proposal is; it is void where its secret vote came to no count."""

Seats = Annotated[tuple[Name, ...], Meta(max_length=SEATS_MAX)]
Methods = Annotated[tuple[MethodName, ...], Meta(min_length=1, max_length=METHODS_MAX)]

Payee = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}([/:][a-z0-9][a-z0-9-]{0,63})?\Z")]
"""An account, as the bank has it: a member's name, or with a slash and a label; a module's, with a colon."""


class Share(Record, frozen=True):
    """A part of a whole: `numerator` of `denominator`."""

    numerator: Part
    denominator: Part


class Secrecy(Record, frozen=True):
    """How the votes of a class are kept secret.

    The members that are `trustees` make a key in three steps of `step_milliseconds` each; then the class's
    time for votes begins; then they have `decrypt_milliseconds` to open the count, and nothing but the count.
    """

    trustees: Seats
    step_milliseconds: Span
    decrypt_milliseconds: Span


class ProposalClass(Record, frozen=True):
    """The rules of one class of proposals.

    `methods` are what its proposals may hold, sorted. At least `quorum` of all units must be cast; a proposal
    passes with more than `yes` of the units cast for or against (`of` "cast") or of all there are ("all").
    Voting takes `vote_milliseconds`, and `extend_milliseconds` more, once, when a vote in the last
    `extend_milliseconds` of it turns the outcome; then `lock_milliseconds` pass before execution, for which
    there are `expire_milliseconds`. `board`: the ethics board may object. `owner`: a member whose data an
    action is about must vote yes. `secret`: officers cast ballots, of equal weight, each member for itself.
    `spend_max`: what one proposal may spend, in the smallest part of its unit.
    """

    name: Name
    methods: Methods
    quorum: Share
    yes: Share
    of: Literal["cast", "all"]
    vote_milliseconds: Span
    lock_milliseconds: Span
    extend_milliseconds: Span
    expire_milliseconds: Span
    agents: Agents
    secret: Secrecy | None
    board: bool
    owner: bool
    spend_max: U63


class Weight(Record, frozen=True):
    """How many votes a member has; one where the charter says nothing."""

    member: Name
    weight: Annotated[int, Meta(ge=1, le=WEIGHT_MAX)]


class Charter(Record, frozen=True):
    """What the members agreed on how they decide.

    `classes`, `weights` and the seats of `council` and `ethics` are sorted by name. A member has at most
    `open_max` proposals open. A pause lasts at most `pause_milliseconds`, and its target then has
    `cooling_milliseconds` of peace.
    """

    classes: Annotated[tuple[ProposalClass, ...], Meta(min_length=1, max_length=CLASSES_MAX)]
    weights: Annotated[tuple[Weight, ...], Meta(max_length=MEMBERS_MAX)]
    council: Seats
    ethics: Seats
    open_max: Annotated[int, Meta(ge=1, le=OPEN_MAX)]
    pause_milliseconds: Annotated[int, Meta(ge=1, le=PAUSE_MILLISECONDS_MAX)]
    cooling_milliseconds: Span


class GovernanceGenesis(Record, frozen=True):
    """Governance's part of the genesis: the first charter."""

    charter: Charter


class CharterInForce(Record, frozen=True):
    """The number of the charter in force, from 0."""

    number: U32


class Action(Record, frozen=True):
    """One thing to be done: a method's full name and its message's fields."""

    method: MethodName
    args: dict[str, Any]


Actions = Annotated[tuple[Action, ...], Meta(min_length=1, max_length=ACTIONS_MAX)]


class Proposal(Record, frozen=True):
    """What was proposed, for ever as it was opened.

    `content` is the hash of the actions: votes and the execution name it. `charter` is the number of the
    charter whose rules hold for it, `units` what all its electors have together, `agent` the mandate under
    which a program proposed it, if one did, `election` where its ballots are cast, if its class is secret.
    """

    id: Digest
    author: Name
    agent: Digest | None
    election: Digest | None
    kind: Name
    title: Text80
    text: Text1000
    actions: Actions
    content: Digest
    charter: U32
    units: U63
    height: U63
    time: Milliseconds


class Tally(Record, frozen=True):
    """Units for, against and abstaining, `agents` of them cast by programs; whether an officer said yes."""

    yes: U63
    no: U63
    abstain: U63
    agents: U63
    person: bool


class Progress(Record, frozen=True):
    """How far a proposal is.

    Voting is open until `closes`; `closed` is the height at which it was counted. Execution is possible from
    `ready` to `until`, and was done at the block time `executed`. `position` and `code` say which action met
    what, once they were carried out; of a void proposal `code` says why its election failed.
    """

    status: Status
    closes: Milliseconds
    extended: bool
    closed: U63 | None
    tally: Tally | None
    ready: Milliseconds | None
    until: Milliseconds | None
    position: U32 | None
    code: Text80 | None
    executed: Milliseconds | None


class Elector(Record, frozen=True):
    """A member that may vote on a proposal, and whom it let vote for it when voting opened."""

    weight: Annotated[int, Meta(ge=1, le=WEIGHT_MAX)]
    delegate: Name | None


class Vote(Record, frozen=True):
    """An officer's vote for its member."""

    choice: Choice
    key: Digest
    time: Milliseconds


class AgentVote(Record, frozen=True):
    """A program's vote for its owner, or its advice: under which mandate, and of which family its model is.

    It counts as long as the mandate stands, and until an officer of the owner votes.
    """

    choice: Choice
    mandate: Digest
    content: Digest
    family: Digest
    time: Milliseconds


class Suggestion(Record, frozen=True):
    """An agent thinks that the council should pause a method."""

    mandate: Digest
    reason: Text80
    time: Milliseconds


class Ending(Record, frozen=True):
    """The seats of the council that want a mandate ended, since the first of them said so.

    What they said lapses as a request for a pause does.
    """

    approvals: Seats
    opened: Milliseconds


class Opened(Record, frozen=True):
    """A proposal that its author has open."""

    time: Milliseconds


class Delegation(Record, frozen=True):
    """Who votes for a member in a class, where it does not itself."""

    delegate: Name
    time: Milliseconds


class Objection(Record, frozen=True):
    """A member of the ethics board objects."""

    reason: Text80
    time: Milliseconds


class Pause(Record, frozen=True):
    """What the council said about one target: who wants it paused, for how long, and when it was.

    `since` and `until` are the pause's block times once enough have approved; `number` counts the target's
    pauses.
    """

    by: Name
    reason: Text80
    milliseconds: Span
    opened: Milliseconds
    approvals: Seats
    since: Milliseconds | None
    until: Milliseconds | None
    number: U32


class Stopped(Record, frozen=True):
    """A time during which a target was stopped."""

    since: Milliseconds
    until: Milliseconds


class Upgrade(Record, frozen=True):
    """New versions of modules from a block time on, in software with this digest."""

    modules: Annotated[tuple[ModuleVersion, ...], Meta(min_length=1, max_length=METHODS_MAX)]
    software: Digest
    time: Milliseconds


class Release(Record, frozen=True):
    """A model that the members released: the content that they voted on."""

    content: Digest
    time: Milliseconds


class Scheduled(Record, frozen=True):
    """A change of the member set that the members want; their approvals bring it about."""

    time: Milliseconds


class Parameter(Record, frozen=True):
    """A number that the members agreed on, and the bounds within which a routine proposal may set it."""

    low: U63
    high: U63
    value: U63
