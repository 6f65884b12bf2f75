"""Studies on a bench: their terms, and the ways to each step of a round."""

from msgspec.structs import replace

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.modules.assets.messages import Register
from consortia.modules.assets.types import Permission, Rights
from consortia.modules.training import rules
from consortia.modules.training.messages import (
    Availability,
    Close,
    CommitResult,
    Join,
    OpenResult,
    Propose,
    Seal,
    Start,
    Submit,
    Unseal,
)
from consortia.modules.training.types import (
    Deadlines,
    Outcome,
    Recipe,
    Round,
    Stage,
    Terms,
)
from consortia.testing.machine import Bench

PURPOSE = "DUO:0000007"
SCHEMA = b"what the columns mean"
STAGE = Stage("sums", 2, 4, 64, 0, 1 << 57, "sum", "open", "mean", 0, 0)
TERMS = Terms(
    name="heart",
    title="A study of hearts",
    purpose=PURPOSE,
    model=None,
    schema=SCHEMA,
    schema_hash=rules.schema_hash(SCHEMA),
    recipe=Recipe("statistics", encode({}), tagged("consortia/testing", b"recipe")),
    stages=(STAGE,),
    initial=tagged("consortia/testing", b"initial"),
    invited=(),
    quorum=3,
    retries=1,
    deadlines=Deadlines(600_000, 100_000, 50_000),
    privacy=None,
    model_name="heart",
    model_title="A model of hearts",
)
SEALED = replace(TERMS, stages=(replace(STAGE, mode="sealed"),))
SALT = tagged("consortia/testing", b"the salt of seals")
MEMBERS = ("north", "east", "south", "west")
GOOD = Outcome(tagged("consortia/testing", b"sum"), tagged("consortia/testing", b"state"))
BAD = Outcome(tagged("consortia/testing", b"false sum"), tagged("consortia/testing", b"false state"))


def dataset(bench: Bench, member: str, *, purpose: str = "*", kind: str = "dataset") -> bytes:
    """Register a data set of ten records for a member, and give its id."""
    word = f"rows of {member}".encode()
    rights = None if purpose == "*" else Rights((Permission(member, (purpose,)),), ())
    form = "batch" if kind == "dataset" else "blob"
    commitment = tagged("consortia/testing", word)
    message = Register(f"rows-{kind}", kind, "Rows", form, commitment, 10, None, None, (), rights)  # type: ignore[arg-type]
    receipt = bench.ok(member, "operator", message)
    found = receipt.events[0].body["asset"]
    return found if isinstance(found, bytes) else b""


def proposed(bench: Bench, terms: Terms = TERMS) -> bytes:
    """Let north propose a study, and give its id."""
    bench.ok("north", "analyst", Propose(terms))
    found: bytes = bench.query("training.find", proposer="north", name=terms.name).study
    return found


def joined(bench: Bench, members: tuple[str, ...] = MEMBERS, terms: Terms = TERMS) -> bytes:
    """A proposed study that these members joined."""
    study = proposed(bench, terms)
    for name in members:
        bench.ok(name, "operator", Join(study, dataset(bench, name), 1, 10))
    return study


def running(bench: Bench, terms: Terms = TERMS) -> Round:
    """A study that all four joined and that runs: its first round."""
    study = joined(bench, terms=terms)
    bench.ok("north", "analyst", Start(study))
    return current(bench, study)


def current(bench: Bench, study: bytes) -> Round:
    """The newest try of the round that a study is at."""
    view = bench.query("training.study", study=study)
    found: Round = bench.query("training.round", study=study, index=view.progress.index, attempt=None).round
    return found


def update(
    bench: Bench, this: Round, member: str, holders: tuple[str, ...] | None = None, size: int = 32
) -> Submit:
    """A member's update, held by these members, all by default."""
    blob = tagged("consortia/testing", f"update of {member}".encode())
    signed = rules.availability(bench.network, this.study, this.id, member=member, blob=blob, size=size)
    names = tuple(sorted(this.members)) if holders is None else holders
    held = tuple(Availability(name, bench.key(name, "node").sign(signed)) for name in names)
    return Submit(this.study, this.id, blob, size, held)


def seal(bench: Bench, this: Round, member: str, blob: bytes | None = None) -> Seal:
    """A member's seal of its update."""
    of = update(bench, this, member).blob if blob is None else blob
    return Seal(this.study, this.id, rules.seal(rules.first_try(this), member, of, SALT))


def sealed(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS) -> Round:
    """The round once these members have sealed; where one is missing, the deadline has passed."""
    bench.block(*[bench.sign(name, "worker", seal(bench, this, name)) for name in members])
    return ended(bench, this) if len(members) < len(this.members) else current(bench, this.study)


def unsealed(message: Submit, salt: bytes = SALT) -> Unseal:
    """An update as a sealed round takes it."""
    return Unseal(message.study, message.round, message.blob, message.size, salt, message.availability)


def submitted(bench: Bench, this: Round, members: tuple[str, ...] = MEMBERS) -> Round:
    """The round once these members have submitted; where one is missing, the deadline has passed."""
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in members])
    return ended(bench, this) if len(members) < len(this.members) else current(bench, this.study)


def ended(bench: Bench, this: Round) -> Round:
    """The study's round once the deadline of its step has passed and north closed it."""
    bench.time = max(bench.time, this.deadline)
    bench.ok("north", "worker", Close(this.study, this.id))
    return current(bench, this.study)


def committed(this: Round, member: str, outcome: Outcome = GOOD) -> CommitResult:
    """A member's commitment."""
    return CommitResult(this.study, this.id, rules.commitment(this.id, member, outcome))


def all_committed(bench: Bench, this: Round, *, lying: tuple[str, ...] = ()) -> Round:
    """The round once everybody committed; each who lies, to a result of its own."""
    calls = []
    for name in MEMBERS:
        outcome = falsehood(name) if name in lying else GOOD
        calls.append(bench.sign(name, "worker", committed(this, name, outcome)))
    bench.block(*calls)
    return current(bench, this.study)


def falsehood(member: str) -> Outcome:
    """The false result of a member."""
    return Outcome(BAD.sum, tagged("consortia/testing", member.encode()))


def opened(this: Round, outcome: Outcome = GOOD) -> OpenResult:
    """The opening of an outcome."""
    return OpenResult(this.study, this.id, outcome.sum, outcome.state)


def opening(bench: Bench, *, lying: tuple[str, ...] = ()) -> Round:
    """The first round at its last step."""
    return all_committed(bench, submitted(bench, running(bench)), lying=lying)


def all_final(bench: Bench) -> bytes:
    """A study whose two rounds are final."""
    this = opening(bench)
    bench.ok("north", "worker", opened(this))
    this = all_committed(bench, submitted(bench, current(bench, this.study)))
    bench.ok("south", "worker", opened(this))
    return this.study
