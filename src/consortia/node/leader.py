"""The orderer's part of a node: it gathers, appends, publishes, and first hears what its followers hold."""

from consortia.base.note import Note
from consortia.drivers.embedded import Embedded, Outcome
from consortia.exact.tally import quorum
from consortia.kernel.admission import Check
from consortia.kernel.ledger import Prepared
from consortia.node.chain import KeyFor
from consortia.node.checkpoints import Checkpoints
from consortia.node.finals import Finals
from consortia.node.records import Settings


class Leader:
    """Orders blocks once it knows that no follower holds a longer history of its own making.

    It is ready when every other member has answered, or when `recovery_ms` have passed and those who
    answered are, with itself, more than two thirds of the members: so everything final is among what
    they hold. A member alone is ready at once. While it knows of a head of its own beyond its newest block,
    it waits.
    """

    def __init__(
        self, finals: Finals, member: str, key_for: KeyFor, settings: Settings, check: Check
    ) -> None:
        """Publish anew the checkpoints of changes of the set that are not final yet."""
        self.finals, self.member = finals, member
        self.chain = chain = finals.chain
        self.ledger = chain.ledger
        self.driver = Embedded(chain.ledger, check, settings.grouping)
        self.checkpoints = Checkpoints(chain, key_for, settings.publish_ms, finals.newest)
        for size in sorted(finals.wanted):
            self.checkpoints.restore(size)
        self.ready = False
        self.prompt = False
        self._recovery_ms = settings.recovery_ms
        self._answered: set[str] = set()
        self._began: int | None = None

    def others(self) -> list[str]:
        """The other members, sorted."""
        members = self.chain.set_after(self.ledger.tip.height).members
        return [member.name for member in members if member.name != self.member]

    def heard(self, member: str) -> None:
        """A follower showed that it holds nothing longer than what is here."""
        self._answered.add(member)

    def behind(self) -> None:
        """A follower holds a longer history that this node signed: ordering waits until it is adopted."""
        self.ready = False

    def review(self, now: int, *, longer: bool) -> bool:
        """Whether ordering may go on; `longer` says that a head beyond the newest block is known."""
        if self._began is None or self._began > now:
            self._began = now
        if longer:
            self.ready = False
        elif not self.ready:
            others = self.others()
            answered = sum(name in self._answered for name in others)
            waited = now - self._began >= self._recovery_ms
            self.ready = answered == len(others) or (waited and answered + 1 >= quorum(len(others) + 1))
        return self.ready

    def start_at_once(self) -> None:
        """Skip the waiting: a hand-over fixed where this node begins."""
        self.ready = True

    def step(self, now: int) -> Outcome:
        """Close the gathered block when it is due."""
        outcome = self.driver.step(now)
        self.prompt = self.prompt or outcome.prompt
        return outcome

    def header(self, now: int, old_ms: int) -> Prepared | None:
        """An empty block, when the newest one is older than `old_ms` and nothing waits; otherwise None."""
        if not self.ready or self.driver.due() is not None or now - self.ledger.tip.time <= old_ms:
            return None
        return self.driver.header(now)

    def publish(self, now: int) -> Note | None:
        """Publish the newest size if that is due."""
        due = self.checkpoints.due(prompt=self.prompt)
        if due is None or now < due:
            return None
        self.prompt = False
        return self.checkpoints.publish(now)

    def head(self, end: int, after: int) -> Note | None:
        """What vouches for the blocks above `after` up to `end`, to whoever knows the set up to there.

        That is this orderer's signature; where it was no member yet, the checkpoint that was final then.
        """
        if end <= after and end != self.ledger.tip.height:
            return None
        try:
            return self.checkpoints.head(end)
        except LookupError:
            return self.finals.next_after(after)

    def wake(self) -> int | None:
        """The clock time at which this part has something to do next, or None."""
        times = [self.driver.due() if self.ready else None, self.checkpoints.due(prompt=self.prompt)]
        return min((time for time in times if time is not None), default=None)
