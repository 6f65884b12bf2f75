"""The guard at work: it follows its node's final blocks, judges what happened, and raises the best of it.

    block -> events -> vectors -> verdicts -> waiting -> signed -> evidence kept -> ledger

What it must not forget is one file that is written whole: the place in the ledger, the states of observer and
watcher, what waits for its turn, and the alert that is signed and not answered yet. A block is taken in
together with what was found in it, and an alert is handed in again byte for byte until the ledger has
answered or can take it no more: so a guard that was killed loses no alert and raises none twice. What was
raised before is read from the ledger, by the evidence that is kept at home.
"""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
from msgspec import Meta

from consortia.base.codec import (
    I64,
    Digest,
    Malformed,
    Name,
    Record,
    Text80,
    decode_record,
    encode_record,
)
from consortia.base.hashing import tagged
from consortia.engines.watch import Event, Watcher
from consortia.engines.watch.features import SCHEMA as VECTORS
from consortia.engines.watch.features import STATE_BYTES_MAX, StateError
from consortia.kernel.block import OK, Whole
from consortia.modules.guard.queries import Filed, Standing
from consortia.modules.guard.types import Finding, Opening, Policy
from consortia.workers import files
from consortia.workers.agent import LATER, OVER, MandateOver
from consortia.workers.guarding import Drawer, Fact, GuardError, Models, Shown, finding_of
from consortia.workers.judging import Candidate, Judge, candidate_of, chosen, may_raise, merged
from consortia.workers.observing import Observer, Who

SCHEMA = "guard/1"
FILE = "place-{}"
"""The file of the place of a guard by a policy."""

BLOCKS_MAX = 256
"""So many blocks are taken in between two writes of the place."""

REMEMBERED = 4_096
"""How many actors, pairs and targets the watcher remembers, each: what keeps the state small."""

RECENT = 600
"""So many alerts are looked at for what was raised of late: more than the law lets stand in the last days."""

AGAIN = LATER | {"guard.flood"}
"""Refusals after which a candidate waits for another turn."""

GRACE_MILLISECONDS = 60_000
"""So long after its expiry no node's clock lets a transaction into a block any more."""


class Signed(Record, frozen=True):
    """A transaction that raises an alert: its bytes, its id, which of its calls it is, when it expires."""

    raw: bytes
    transaction: Digest
    call: I64
    expires: I64


class Pending(Record, frozen=True):
    """An alert that is signed and not answered yet."""

    candidate: Candidate
    signed: Signed


class Place(Record, frozen=True):
    """Where a guard is in the ledger, and all that it must not forget."""

    schema: Text80
    network: Digest
    policy: Name
    version: I64
    height: I64
    observer: Annotated[bytes, Meta(max_length=STATE_BYTES_MAX)]
    watcher: Annotated[bytes, Meta(max_length=STATE_BYTES_MAX)]
    waiting: tuple[Candidate, ...]
    pending: Pending | None


class GuardDoor(Protocol):
    """The member's own node, as its guard sees it. Every method may raise DoorClosed."""

    @property
    def network(self) -> bytes:
        """The network id."""

    @property
    def who(self) -> Who:
        """Whose a key is."""

    def first(self) -> int:
        """The height of the oldest block that the node has."""

    def final(self) -> int:
        """The height of the newest block that a final checkpoint covers; -1 before the first."""

    def whole(self, height: int) -> Whole:
        """A block with all that came of it."""

    def standing(self) -> Standing:
        """How the member's guard stands."""

    def alert(self, alert: bytes) -> Filed | None:
        """An alert with its case, or None."""

    def newest(self, most: int = RECENT) -> tuple[Filed, ...]:
        """The member's newest alerts, `most` of them; by default all of the last days."""

    def now(self) -> tuple[int, int]:
        """The block time of the tip, and the node's clock, in milliseconds."""

    def sign(self, finding: Finding, candidate: Candidate) -> Signed:
        """A signed transaction that raises an alert."""

    def hand_in(self, signed: Signed) -> tuple[str, bool]:
        """Hand it in: the code that it met, and whether it stands in a block."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What a guard did with a candidate: the alert's id, why, and the code that the ledger met it with."""

    alert: bytes
    code: str
    reason: str
    kind: str


class Guard:
    """One member's guard, by one of its policies."""

    def __init__(self, door: GuardDoor, folder: Path, policy: str, models: Models | None = None) -> None:
        """`folder` is the home's private one. Raises GuardError for a place that is another's."""
        self._door, self._policy_name, self._models = door, policy, models
        self._drawer = Drawer(folder)
        self._path = folder / "guard" / FILE.format(policy)
        self._observer, self._watcher = Observer(), Watcher(REMEMBERED)
        self._height, self._version = -1, 0
        self._waiting: list[Candidate] = []
        self._pending: Pending | None = None
        self._judge: Judge | None = None
        self._raised: dict[tuple[str, str], int] = {}
        self._allowed: dict[tuple[str, str], bytes] = {}
        self._restore()
        self._remember_raised()

    @property
    def height(self) -> int:
        """The newest block that was taken in."""
        return self._height

    def work(self, blocks_max: int = BLOCKS_MAX) -> tuple[bool, list[Raised]]:
        """Take in what is new and raise what is due: whether there is more to take in, and what was done.

        Raises MandateOver once the ledger takes nothing more from this key, GuardError for models or a policy
        that do not fit, DoorClosed while the node is away.
        """
        policy = self._in_force()
        done = self._settle()
        last = self._door.final()
        more = self._follow(policy, min(last, self._height + blocks_max)) and self._height < last
        while self._pending is None and not more:
            one = self._next(policy)
            if one is None:
                break
            self._sign(policy, one)
            done += self._settle()
            if done and done[-1].code != OK:
                break  # what waits, waits for the next look
        return more, done

    def _in_force(self) -> Policy:
        """The policy as it stands now; what waits is judged anew by another version."""
        standing = self._door.standing()
        policy = next((one for one in standing.policies if one.name == self._policy_name), None)
        if policy is None:
            raise GuardError(f"there is no policy {self._policy_name}: consortia guard policy NAME sets one")
        if policy.schema != VECTORS:
            raise GuardError(f"the policy is for vectors {policy.schema!r}; this program makes {VECTORS!r}")
        if self._judge is None or policy.version != self._version:
            at_hand = None if self._models is None else self._models.digest()
            if policy.model is not None and policy.model != at_hand:
                here = "none are at hand" if at_hand is None else f"those at hand are {at_hand.hex()[:16]}"
                raise GuardError(f"the policy pins the models {policy.model.hex()[:16]}; {here}")
            self._judge = Judge(policy, self._models if policy.model is not None else None)
            if self._version not in {0, policy.version}:
                anew = [self._judge.again(one) for one in self._waiting]
                self._waiting = [one for one in anew if one is not None]
            self._version = policy.version
        return policy

    def _follow(self, policy: Policy, last: int) -> bool:
        """Take in the blocks up to a height, with what is found in them; whether there were any."""
        first = max(self._height + 1, self._door.first())
        if last < first:
            return False
        found: list[Candidate] = []
        for height in range(first, last + 1):
            whole = self._door.whole(height)
            found += self._found(policy, self._observer.block(whole, self._door.who))
            time = whole.header.time
        self._waiting = merged(self._waiting, found, time)
        self._height = last
        self._save()
        return True

    def _found(self, policy: Policy, seen: list[tuple[Event, Opening]]) -> list[Candidate]:
        """What is worth an alert among the next events, each with the state before it."""
        facts: dict[str, list[tuple[Fact, Opening]]] = defaultdict(list)
        rows: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for event, opening in seen:
            prior = self._watcher.excerpt(event)
            rows[event.kind].append(self._watcher.vector(event))
            fact = Fact(policy.schema, event.time, event.kind, event.actor, event.target, event.values, prior)
            facts[event.kind].append((fact, opening))
        if self._judge is None:
            raise GuardError("no policy is in force")
        found = []
        for kind, vectors in rows.items():
            verdicts = self._judge.verdicts(kind, np.array(vectors, dtype=np.int64))
            for verdict, (fact, opening) in zip(verdicts, facts[kind], strict=True):
                if verdict is not None:
                    found.append(candidate_of(verdict, opening, fact))
        return found

    def _next(self, policy: Policy) -> Candidate | None:
        """The candidate that is due, if one is; what officers let pass is dropped."""
        tip, clock = self._door.now()
        now = max(tip, clock)
        if not may_raise(policy, self._door.standing().tally, now):
            return None
        while (one := chosen(self._waiting, self._raised, now)) is not None:
            last = self._allowed.get(one.who)
            filed = None if last is None else self._door.alert(last)
            if filed is None or filed.case.allowed is None or filed.case.allowed <= tip:
                return one
            self._waiting.remove(one)
        return None

    def _sign(self, policy: Policy, one: Candidate) -> None:
        """Sign an alert and keep what opens it, before anything of it is told."""
        finding, shown = finding_of(policy, one.reason, one.fact, one.opening)
        signed = self._door.sign(finding, one)
        self._drawer.keep(alert_id(self._door.network, signed), shown)
        self._waiting.remove(one)
        self._pending = Pending(one, signed)
        self._save()

    def _settle(self) -> list[Raised]:
        """Hand in what is signed, and go on once the ledger has it or can take it no more."""
        pending = self._pending
        if pending is None:
            return []
        one, signed = pending.candidate, pending.signed
        alert = alert_id(self._door.network, signed)
        code, stands = self._door.hand_in(signed)
        filed = self._door.alert(alert)
        if filed is not None:
            self._know(filed, self._drawer.read(alert))
            code = OK
        elif not stands and code not in OVER and not self._is_late(signed):
            return []  # the next look hands it in again
        if filed is None:
            self._drawer.forget(alert)
            if code in AGAIN or not stands:
                self._waiting = merged(self._waiting, [one], one.fact.time)
        self._pending = None
        self._save()
        if code in OVER:
            raise MandateOver(code)
        return [Raised(alert, code, one.code, one.fact.kind)]

    def _is_late(self, signed: Signed) -> bool:
        """Whether no block can take a transaction any more."""
        tip, clock = self._door.now()
        return max(tip, clock - GRACE_MILLISECONDS) > signed.expires

    def _remember_raised(self) -> None:
        """What was raised before, by the ledger and the evidence at home."""
        for filed in self._door.newest():
            with suppress(GuardError):  # damaged evidence: `consortia alert check` names the file
                self._know(filed, self._drawer.read(filed.alert.id))

    def _know(self, filed: Filed, shown: Shown | None) -> None:
        if shown is not None:
            who = shown.fact.kind, shown.fact.actor
            self._raised[who] = max(self._raised.get(who, 0), filed.alert.time)
            self._allowed[who] = filed.alert.id

    def _save(self) -> None:
        place = Place(
            SCHEMA,
            self._door.network,
            self._policy_name,
            self._version,
            self._height,
            self._observer.save(),
            self._watcher.save(),
            tuple(self._waiting),
            self._pending,
        )
        files.write(self._path, encode_record(place))

    def _restore(self) -> None:
        """Go on from the saved place, or start where the ledger does."""
        if not self._path.exists():
            return
        place = read_place(self._path)
        if place.network != self._door.network or place.policy != self._policy_name:
            raise GuardError(f"{self._path} is the place of policy {place.policy} of another guard: move it")
        final = self._door.final()
        if place.height > final:
            raise GuardError(
                f"{self._path} is at block {place.height}, and the ledger is final up to {final}: "
                "wait until the node has caught up, or move the file to start anew"
            )
        try:
            self._observer = Observer.load(place.observer)
            self._watcher = Watcher.load(place.watcher, REMEMBERED)
        except StateError as error:
            raise GuardError(f"{self._path}: {error}; move the file to start anew") from None
        self._height, self._version = place.height, place.version
        self._waiting, self._pending = list(place.waiting), place.pending


def read_place(path: Path) -> Place:
    """A saved place; raises GuardError for another version or a damaged file, naming it."""
    try:
        place = decode_record(Place, path.read_bytes(), size_max=2 * STATE_BYTES_MAX)
    except (OSError, Malformed) as error:
        raise GuardError(f"{path}: no place of a guard: {error}; move the file to start anew") from None
    if place.schema != SCHEMA:
        raise GuardError(f"{path}: a place of version {place.schema!r}; this program reads {SCHEMA!r}")
    return place


def alert_id(network: bytes, signed: Signed) -> bytes:
    """The id that the alert of a signed transaction has once it stands on the ledger."""
    return tagged("consortia/guard", network + signed.transaction + signed.call.to_bytes(8, "big"))
