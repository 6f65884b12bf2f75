"""An election on a bench, step by step: trustees, voters and the time that each step needs.

held = Held.opened(bench)
held.prepare()
held.vote(0, 0, 1, 2, 0)
held.close()
held.decrypt("east", "north", "south")
"""

from dataclasses import dataclass, field

from consortia.base.hashing import tagged
from consortia.exact.ballot import Ballot, Terms
from consortia.exact.decryption import Partial
from consortia.kernel.block import Receipt
from consortia.modules.ballots import messages as ask
from consortia.modules.ballots.queries import ElectionView
from consortia.modules.ballots.rules import terms
from consortia.modules.ballots.types import Election, Progress, Times
from consortia.testing.elections import Trust, cast
from consortia.testing.machine import Bench

CHOICES = ("yes", "no", "abstain")
TRUSTEES = ("east", "harbour", "north", "south")
SUBJECT = tagged("consortia/vector", b"what is decided")
STEP_MILLISECONDS = 60_000


def times_from(now: int, step: int = STEP_MILLISECONDS) -> Times:
    """Five steps of equal length from now on."""
    return Times(*(now + step * number for number in range(1, 6)))


def asking(bench: Bench, **changes: object) -> ask.OpenElection:
    """The usual election: three choices, four trustees, a minute a step."""
    usual: dict[str, object] = {
        "subject": SUBJECT,
        "title": "Shall the model be released?",
        "choices": CHOICES,
        "trustees": TRUSTEES,
        "times": times_from(bench.time),
    }
    return ask.OpenElection(**(usual | changes))  # type: ignore[arg-type]


@dataclass
class Held:
    """One election on a bench, and the secrets of its trustees."""

    bench: Bench
    id: bytes
    wrong: set[tuple[str, str]] = field(default_factory=set)
    trust: Trust = field(init=False)

    def __post_init__(self) -> None:
        """Know the trustees' secrets."""
        self.trust = Trust(self.id, self.election.trustees)

    @classmethod
    def opened(cls, bench: Bench, **changes: object) -> "Held":
        """Open the usual election, asked for by the bench's first member."""
        first = next(iter(bench.parties))
        receipt = bench.ok(first, "admin", asking(bench, **changes))
        election = receipt.events[0].body["election"]
        if not isinstance(election, bytes):
            raise TypeError("no election was opened")
        return cls(bench, election)

    @property
    def view(self) -> ElectionView:
        """The election and how far it is."""
        found: ElectionView = self.bench.query("ballots.election", election=self.id)
        return found

    @property
    def election(self) -> Election:
        """What it is."""
        found = self.view.election
        if found is None:
            raise LookupError("there is no such election")
        return found

    @property
    def progress(self) -> Progress:
        """How far it is."""
        found = self.view.progress
        if found is None:
            raise LookupError("there is no such election")
        return found

    @property
    def terms(self) -> Terms:
        """What ballots are bound to."""
        key = self.progress.key
        if key is None:
            raise LookupError("there is no key yet")
        return terms(self.bench.network, self.election, key)

    def at(self, moment: int) -> None:
        """Let the time come, if it has not."""
        self.bench.time = max(self.bench.time, moment)

    # ------------------------------------------------------------------ messages

    def commitment(self, name: str) -> ask.CommitKey:
        """A trustee's first message."""
        key, proof = self.trust.sealing(name)
        return ask.CommitKey(self.id, key, proof, self.trust.commitment(name))

    def dealing(self, name: str, holders: tuple[str, ...] | None = None) -> ask.OpenKey:
        """A trustee's second message, with a share for each of the holders that committed."""
        shares = tuple(
            self.trust.sealed(name, holder, wrong=(name, holder) in self.wrong)
            for holder in (self.committed if holders is None else holders)
        )
        return ask.OpenKey(self.id, self.trust.coefficients(name), shares)

    def complaint(self, dealer: str, holder: str) -> ask.Complain:
        """A holder's complaint about what a dealer dealt it."""
        sealed = self.trust.sealed(dealer, holder, wrong=(dealer, holder) in self.wrong)
        return ask.Complain(self.id, dealer, *self.trust.complaint(dealer, holder, sealed))

    def ballot(self, voter: str, chosen: int, salt: object = 0) -> Ballot:
        """A voter's ballot."""
        return cast(self.terms, voter, chosen, salt)

    def part(self, name: str) -> Partial:
        """A trustee's part of the decryption."""
        progress = self.progress
        return self.trust.partial(self.terms, progress.sum or bytes(32), name, progress.sums)

    def decryption(self, name: str) -> ask.Decrypt:
        """A trustee's last message."""
        return ask.Decrypt(self.id, self.progress.sum or bytes(32), self.part(name))

    @property
    def committed(self) -> tuple[str, ...]:
        """The trustees that committed, sorted."""
        found = self.bench.query("ballots.trustees", election=self.id).trustees
        return tuple(each.name for each in found)

    # ------------------------------------------------------------------ steps

    def all(self, role: str, messages: dict[str, object]) -> tuple[Receipt, ...]:
        """One block of a message each."""
        raws = [self.bench.sign(name, role, message) for name, message in messages.items()]  # type: ignore[arg-type]
        return self.bench.block(*raws)

    def commit(self, *names: str) -> None:
        """Let trustees commit, all by default, and the time go on."""
        self.all("trustee", {name: self.commitment(name) for name in names or self.election.trustees})
        self.at(self.election.times.commit)

    def deal(self, *names: str) -> None:
        """Let trustees open and deal, all that committed by default, and the time go on."""
        self.all("trustee", {name: self.dealing(name) for name in names or self.committed})
        self.at(self.election.times.open)

    def begin(self) -> Receipt:
        """Begin the voting when complaints are over."""
        self.at(self.election.times.complain)
        receipt = self.bench.run(self.election.trustees[0], "worker", ask.BeginVoting(self.id))
        key = self.progress.key
        if key is not None:
            self.trust = Trust(self.id, self.election.trustees, key.qualified)
        return receipt

    def prepare(self, *names: str) -> None:
        """The whole ceremony, by all trustees or those named."""
        self.commit(*names)
        self.deal(*names)
        self.begin()

    def vote(self, *chosen: int) -> None:
        """Let the voters choose, in their order."""
        pairs = zip(self.election.voters, chosen, strict=False)
        ballots = {voter: ask.Cast(self.id, self.ballot(voter, one)) for voter, one in pairs}
        self.all("admin", dict(ballots))

    def close(self) -> Receipt:
        """Close the voting when its time is over."""
        self.at(self.election.times.vote)
        return self.bench.run(self.election.voters[0], "node", ask.CloseVoting(self.id))

    def decrypt(self, *names: str) -> tuple[Receipt, ...]:
        """Let trustees decrypt."""
        return self.all("trustee", {name: self.decryption(name) for name in names})

    def end(self) -> Receipt:
        """End it when its time is over."""
        self.at(self.election.times.decrypt)
        return self.bench.run(self.election.voters[0], "operator", ask.EndElection(self.id))
