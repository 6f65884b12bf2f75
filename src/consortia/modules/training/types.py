"""The nouns of the module: studies, who joined them, rounds and their results, and what happened."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, PublicKey, Record, Salt, Text80
from consortia.base.shares import SEALED_BYTES, SHARE_BYTES
from consortia.base.times import DAY
from consortia.exact.budget import Noise
from consortia.exact.robust import Rule

JOINED_MAX = 63
"""So many members may join a study: their sum fits the ring's headroom (2^6 words at the full clip), and
their data sets, with the model that the study started from, fit the lineage of one asset."""

STAGES_MAX = 16
ROUNDS_MAX = 10_000
LENGTH_MAX = 1 << 28
SCHEMA_BYTES_MAX = 16 * 1024
PARAMETERS_BYTES_MAX = 4 * 1024
RETRIES_MAX = 100
HEADROOM_BITS = 6
JOIN_MILLISECONDS_MAX = 90 * DAY
STEP_MILLISECONDS_MAX = 30 * DAY
COHORTS_MAX = 32
"""So many different sums may be asked for in one query."""

BACK_OFF_MAX = 20
"""A member that was waited for in vain this often, or oftener, has 2^20 deadlines to wait."""

OPEN_STUDIES_MAX = 32
"""So many studies of one proposer may be proposed or running at a time."""

Purpose = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$")]
"""What a study is for, in the same words as the purposes of the data sets' rights."""

Mode = Literal["open", "masked", "sealed"]
"""How a round shows its updates: `open`, to all members; `masked`, to nobody: only their sum is seen;
`sealed`, to all members, but only once everybody's is fixed."""

Step = Literal["keys", "shares", "seal", "submit", "reveal", "commit", "open"]
"""What a round waits for: keys, shares of the secrets that make the masks, seals of updates that nobody is
shown yet, every member's update, the shares that lift the masks from the sum, commitments to the result, the
opening of one."""

STEPS: dict[Mode, tuple[Step, ...]] = {
    "open": ("submit", "commit", "open"),
    "sealed": ("seal", "submit", "commit", "open"),
    "masked": ("keys", "shares", "submit", "reveal", "commit", "open"),
}
"""The steps of a round, in order, for each mode."""

OPEN_MIN = 2
MASKED_MIN = 3
"""A masked sum of fewer members would show each what the others sent."""

Status = Literal["proposed", "running", "finished", "aborted"]
RoundStatus = Literal["open", "final", "aborted", "disputed"]
Names = Annotated[tuple[Name, ...], Meta(max_length=JOINED_MAX)]
"""Members' names, each once, sorted."""

Attempt = Annotated[int, Meta(ge=0, le=RETRIES_MAX)]
StepMilliseconds = Annotated[int, Meta(ge=1, le=STEP_MILLISECONDS_MAX)]


class Stage(Record, frozen=True):
    """Rounds of one kind: `length` ring words of `ring_bits` bits a member, `rounds` times.

    A word w stands for w / 2^scale_bits; `clip` is the largest magnitude of a word that a member may
    submit. `weighting` sum: updates are sums over a member's records; records: each is scaled by the
    member's records over all joined records. `rule` says how updates become one outcome: `mean`, by their
    exact sum, or a robust rule that tolerates so many bad members: over updates that all see (`open`), or
    over the sums of groups of at least `group` members (`masked`; 0: all in one sum).
    """

    name: Name
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)]
    length: Annotated[int, Meta(ge=1, le=LENGTH_MAX)]
    ring_bits: Literal[32, 64]
    scale_bits: Annotated[int, Meta(ge=0, le=63)]
    clip: Annotated[int, Meta(ge=1, le=1 << 57)]
    weighting: Literal["sum", "records"]
    mode: Mode
    rule: Rule
    tolerated: Annotated[int, Meta(ge=0, le=JOINED_MAX)]
    group: Annotated[int, Meta(ge=0, le=JOINED_MAX)]


class Recipe(Record, frozen=True):
    """Which algorithm runs: its name, its parameters (canonical CBOR of a map) and its digest."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]
    parameters: Annotated[bytes, Meta(min_length=1, max_length=PARAMETERS_BYTES_MAX)]
    digest: Digest


class Deadlines(Record, frozen=True):
    """How long members have, in milliseconds of block time.

    `join`: from the proposal on. `submit`: for the update, local training included. `result`: for
    each step that needs no training.
    """

    join: Annotated[int, Meta(ge=1, le=JOIN_MILLISECONDS_MAX)]
    submit: StepMilliseconds
    result: StepMilliseconds


class Privacy(Record, frozen=True):
    """The privacy terms of a study: each stage's noise in order, and the delta that people read, in 10^-9.

    What every round costs each population of its cohort follows from them (`exact.budget`).
    """

    noises: Annotated[tuple[Noise, ...], Meta(min_length=1, max_length=STAGES_MAX)]
    delta_nano: Annotated[int, Meta(ge=1, le=10**9 - 1)]


class Terms(Record, frozen=True):
    """What a study fixes, and members agree to by joining.

    `model` is the model asset that it starts from, if any; `schema` the encoded table schema and
    `schema_hash` its H("consortia/schema", schema). `initial` is the blob id of the state that the first
    round starts from. `invited` are the members who may join; none means every member. `quorum` is the
    smallest cohort of a round. A round is tried again at most `retries` times. With `privacy` terms
    every sum is noisy and charged. The finished model is registered for the proposer as `model_name`.
    """

    name: Name
    title: Text80
    purpose: Purpose
    model: Digest | None
    schema: Annotated[bytes, Meta(min_length=1, max_length=SCHEMA_BYTES_MAX)]
    schema_hash: Digest
    recipe: Recipe
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1, max_length=STAGES_MAX)]
    initial: Digest
    invited: Names
    quorum: Annotated[int, Meta(ge=OPEN_MIN, le=JOINED_MAX)]
    retries: Attempt
    deadlines: Deadlines
    privacy: Privacy | None
    model_name: Name
    model_title: Text80


class Study(Record, frozen=True):
    """A study as it was proposed: its id, who proposed it when, and its terms."""

    id: Digest
    proposer: Name
    height: U63
    time: Milliseconds
    join_until: Milliseconds
    terms: Terms


class Progress(Record, frozen=True):
    """How far a study is.

    `state` is the blob id of the state that round `index` starts from, and of the model once every round is
    final. `round` is the id of the open round, `attempt` its number. `contributors` are the members
    whose updates are in a final round. `history` chains every final round (see `rules.chained`), `sums` their
    sums alone: what the next round's sum depends on (see `rules.query`). `model` is
    the asset of the finished model; `reason` says why a study was aborted, to people: rounds and tries
    in it are counted from 1. `excluded` are in no
    further try of this round: they are `faulted`, shown to have dealt falsely in one of its tries, or did
    not answer a complaint. `charged` is what the study's sums have cost, in nano-rho, a population that was
    in all of them.
    """

    status: Status
    state: Digest
    index: U32
    attempt: Attempt
    round: Digest | None
    contributors: Names
    excluded: Names
    faulted: Names
    history: Digest
    sums: Digest
    charged: U63
    model: Digest | None
    reason: Text80 | None


class Joined(Record, frozen=True):
    """A member's part in a study: a version of one of its data sets, and how many of its records.

    From round `until` on it no longer takes part; `leaving` says that this is so from the next round.
    `absent` says that it missed a step and has not said since that it is there: nobody waits for it, though
    it may still be in time. It missed steps `missed` times while it was waited for, and may not be waited for
    again before block time `back_from` (see `rules.back_from`).
    """

    dataset: Digest
    version: U32
    commitment: Digest
    records: Annotated[int, Meta(ge=1, le=(1 << 40))]
    time: Milliseconds
    leaving: bool
    until: U32 | None
    absent: bool
    missed: U32
    back_from: Milliseconds


class Brought(Record, frozen=True):
    """What a member brings to a study from a round on: a version of its data set, and how many records."""

    version: U32
    commitment: Digest
    records: Annotated[int, Meta(ge=1, le=(1 << 40))]


NO_STATE = bytes(32)
"""Stands for the next state where a sum has none: no lawful updates add up to it, or no step can be taken."""


class Outcome(Record, frozen=True):
    """What a round led to: the blob ids of the exact sum and of the next state, or NO_STATE."""

    sum: Digest
    state: Digest


class Round(Record, frozen=True):
    """One try of one round.

    `members` are those who had joined when it began; `records` are all records of those who had when the
    first try of the round began, by which updates are weighed. `state` is the state that it starts
    from. While it is `open` it waits for `step`, which began in block `height` at block time `time` and is
    refused from `deadline` on. In a masked round `keyed` are the members whose keys count, `graph` is the
    seed of who shares with whom (in groups of `group` or more, or 0), and `dealers` are those whose shares
    count: the masks are between them. `cohort` are the members whose updates count, with `cohort_records`
    records. At its end `outcome` is what more than two thirds of the members agree on, `differing` are
    those who had committed to something else, and `missing` those for whom it was given up, or who were
    not in the cohort.
    """

    id: Digest
    study: Digest
    stage: U32
    index: U32
    attempt: Attempt
    members: Names
    records: U63
    state: Digest
    status: RoundStatus
    step: Step
    height: U63
    time: Milliseconds
    deadline: Milliseconds
    keyed: Names
    graph: Digest | None
    group: Annotated[int, Meta(ge=0, le=JOINED_MAX)]
    dealers: Names
    cohort: Names
    cohort_records: U63
    outcome: Outcome | None
    differing: Names
    missing: Names


class Submission(Record, frozen=True):
    """A member's update in a round: its blob, and the members who signed that they hold it."""

    blob: Digest
    size: U63
    holders: Names


class Seal(Record, frozen=True):
    """What a member committed to send in a round, before anybody was shown an update: see `rules.seal`."""

    commitment: Digest


class Result(Record, frozen=True):
    """What a member committed to in a round, and the outcome if it opened it."""

    commitment: Digest
    opened: Outcome | None


class Named(Record, frozen=True):
    """What a name of a proposer stands for."""

    study: Digest


class RoundKeys(Record, frozen=True):
    """A member's keys for one masked round: X25519 for masking and for sealing, and the hash of its seed."""

    masking: PublicKey
    sealing: PublicKey
    seed: Digest


class SealedShares(Record, frozen=True):
    """What a dealer gives to one holder: the salted hash of each share, and both shares sealed to it."""

    seed: Digest
    key: Digest
    sealed: Annotated[bytes, Meta(min_length=SEALED_BYTES, max_length=SEALED_BYTES)]


class Dealing(Record, frozen=True):
    """A dealer's shares, one entry for each of its holders in the order of their names, itself among them."""

    shares: Annotated[tuple[SealedShares, ...], Meta(min_length=1, max_length=JOINED_MAX)]


class Share(Record, frozen=True):
    """A share of a dealer's secret, with the salt under which it was committed to."""

    dealer: Name
    share: Annotated[bytes, Meta(min_length=SHARE_BYTES, max_length=SHARE_BYTES)]
    salt: Salt


class PlainShares(Record, frozen=True):
    """Both shares that a dealer dealt to one holder, in the clear, with the salts of their hashes."""

    seed_share: Annotated[bytes, Meta(min_length=SHARE_BYTES, max_length=SHARE_BYTES)]
    key_share: Annotated[bytes, Meta(min_length=SHARE_BYTES, max_length=SHARE_BYTES)]
    seed_salt: Salt
    key_salt: Salt


class Complaint(Record, frozen=True):
    """A holder's complaint of a dealer, from block `height`, and the dealer's answer once it gave one."""

    height: U63
    answer: PlainShares | None


Accusation = tuple[str, str]
"""A dealer, and the holder who complains of it."""


class Revealed(Record, frozen=True):
    """What a holder revealed: of each dealer one share, of its seed or of its masking key."""

    shares: Annotated[tuple[Share, ...], Meta(max_length=JOINED_MAX)]


class Secret(Record, frozen=True):
    """A dealer's secret as the revealed shares give it: its seed if it is in the cohort, else its key."""

    kind: Literal["seed", "key"]
    value: Digest


class Cohort(Record, frozen=True):
    """The members of a sum that was asked for, and the commitment to the data that each brought.

    `quorum` is the largest with which this sum was asked for, if several studies did.
    """

    members: Names
    data: Annotated[tuple[Digest, ...], Meta(max_length=JOINED_MAX)]
    quorum: Annotated[int, Meta(ge=OPEN_MIN, le=JOINED_MAX)]


class Asked(Record, frozen=True):
    """The cohorts whose sums were asked for in one query, each once, whichever studies asked."""

    cohorts: Annotated[tuple[Cohort, ...], Meta(max_length=COHORTS_MAX)]


class Budget(Record, frozen=True):
    """What the sums over a population have cost in all, in nano-rho, and the most that they may cost.

    A population is a data set that was made from no other; data sets made from it are of it too. Without a
    `limit` everything is allowed, and counted all the same.
    """

    limit: U63 | None
    spent: U63
