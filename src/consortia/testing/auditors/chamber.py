"""A chamber: random work and named attacks on governance, every answer and effect foretold by its auditor.

One seed is one network with its own charter, its own agents and its own taste for mischief. Time goes by
leaps, and often to the very moment at which something opens or ends.
"""

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from consortia.app import application
from consortia.base.codec import Record, to_value
from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused
from consortia.base.times import HOUR
from consortia.kernel.application import Application
from consortia.kernel.block import OK, Block
from consortia.kernel.context import Context
from consortia.kernel.machine import Machine, Tip
from consortia.kernel.store import Overlay
from consortia.kernel.transaction import sign_transaction
from consortia.modules.bank.messages import Transfer
from consortia.modules.governance.types import GovernanceGenesis
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Pin
from consortia.modules.identity.messages import Accept, ApproveMember, Leave, ProposeMember
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.predictions.messages import Act
from consortia.modules.training.messages import LimitBudget
from consortia.modules.training.state import BUDGETS
from consortia.testing.auditors import Found, No, plain
from consortia.testing.auditors.chamber_ballots import with_secret_class
from consortia.testing.auditors.chamber_moves import Drawn, Lots, drawn_charter
from consortia.testing.auditors.governance import Agent, Governance, Speaker, alive, voting
from consortia.testing.machine import NAMES, Bench, Party
from consortia.testing.scenarios.assets import blob, digest, registered
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.mandates_parts import account, agent, mandate
from consortia.testing.studies import dataset

METHODS = ("governance.advise", "governance.cast_vote", "governance.propose", "governance.suggest")
GUEST = "guest"
PROGRAMS = ("careful", "eager")
SECRET_MEMBERS, SECRET_OF = 4, 3
"""One seed of three with so many members has a class that votes in secret; among four it is too few."""

MOST = 12
"""A block holds at most so many transactions."""

LIMIT = 1_000
"""The first member's data set has this privacy limit, in nano-rho; the second's has none to raise."""

_ROOT = bytes(32)


@lru_cache(maxsize=1)
def chambered() -> Application:
    """The application, with one method under governance's authority that can be paused."""
    whole = application()
    modules = []
    for module in whole.modules:
        methods = tuple(
            dataclasses.replace(method, pausable=True)
            if (module.name, method.name) == ("governance", "set_bounds")
            else method
            for method in module.methods
        )
        modules.append(dataclasses.replace(module, methods=methods))
    return Application(tuple(modules), whole.keys, whole.stops)


class Chamber:
    """One seed's network, and the auditor beside it. `block` plays some moves; raises Found."""

    def __init__(self, seed: int) -> None:
        """Found the network, grant its agents their mandates, fill its treasury."""
        self.rng = Random(seed)
        self.names = NAMES[: self.rng.choice((1, 2, 3, 4, 4, 5, 6))]
        charter = drawn_charter(self.rng, self.names)
        self.secret = len(self.names) >= SECRET_MEMBERS and seed % SECRET_OF == 0
        if self.secret:
            charter = with_secret_class(charter, self.names)
        self.bench = Bench(self.names, app=chambered(), genesis={"governance": GovernanceGenesis(charter)})
        self.parties = dict(self.bench.parties)
        self.model = Governance(self.bench.network, charter, set(self.names))
        self.keys: dict[bytes, SigningKey] = {}
        self._furnish()
        bench = self.bench
        self.machine = Machine(bench.app, bench.genesis, bench.network, _alarm)
        self.tip, self.time = bench.tip, bench.time
        self.moves, self.codes = 0, set[str]()
        self.stepped: dict[bytes, str] = {}
        self.lots = Lots(self)
        self._compare()

    def block(self) -> None:
        """Play some moves, and hold what came of them to what the auditor says."""
        machine, state = self.machine, self.bench.state
        fold = machine.admission(state, self.tip, self.time)
        present = set(self.model.members)
        admitted, foretold = [], []
        self.stepped = {}
        for _ in range(self.rng.randint(1, MOST)):
            drawn = self.lots.draw()
            self.moves += 1
            raw = self._signed(drawn, fold.next_sequence(drawn.key.key_id, 0))
            try:
                one = fold.admit(raw, lambda *_: True)
            except Refused as refused:
                self._not_admitted(drawn, refused.code, present)
                continue
            admitted.append(one)
            foretold.append((drawn, self._foretell(drawn, one.parsed.id)))
        block = Block(self.tip.height + 1, self.time, tuple(one.parsed.raw for one in admitted))
        result = machine.run(state, self.tip, block, fold, tuple(admitted), root_of=lambda _changes: _ROOT)
        for receipt, (drawn, code) in zip(result.receipts, foretold, strict=True):
            self.codes.add(receipt.code)
            self.codes.update(
                str(event.body["code"])
                for event in receipt.events
                if event.name == "governance.proposal_failed"
            )
            if receipt.code != code:
                raise Found(
                    f"move {self.moves}, {drawn}: the machine said {receipt.code}, the auditor {code}"
                )
        state.update(result.changes)
        self.tip = Tip(block.height, block.time, self.tip.size + len(result.leaves), _ROOT, _ROOT)
        self.time = self._later()
        self._compare()

    def _furnish(self) -> None:
        bench = self.bench
        for name in self.names:
            for word in PROGRAMS:
                drawn = self.rng.sample(("emergency", "release", "routine"), k=2)
                classes = tuple(sorted({*drawn, "routine"} if word == PROGRAMS[0] else drawn))
                pin = Pin(None, digest(word))
                id_ = mandate(bench, name, word, methods=METHODS, classes=classes, pin=pin)
                self.model.agents[id_] = Agent(id_, name, digest(word), classes)
                self.keys[id_] = agent(name, word)
        for word in ("screen", "triage"):
            self.model.models[registered(bench, blob(word))] = digest(word)
        unit = made(bench)
        bench.ok(self.names[0], "operator", Transfer(self.names[0], "governance:treasury", unit, 800))
        self.model.treasury[unit] = 800
        for name in self.names[:2]:
            data = dataset(bench, name)
            self.model.owners[data] = name
            if name == self.names[0]:
                bench.ok(name, "analyst", LimitBudget(data, LIMIT))
                self.model.limits[data] = LIMIT
        self.guest = Party.named(GUEST)
        self.change: str | None = self.rng.choice(("join", "leave", None))
        if self.change == "join":
            keys = self.guest.new_keys(bench.network)
            asked = ProposeMember(GUEST, "A guest", keys, FULL_QUOTA, bench.time + 24 * HOUR)
            bench.ok(self.names[0], "admin", asked)
            yes = ApproveMember(GUEST, bench.proposal("admission", GUEST))
            bench.block(*[bench.sign(name, "admin", yes) for name in self.names[1:]])
            bench.parties[GUEST] = self.guest

    def _signed(self, drawn: Drawn, sequence: int) -> bytes:
        messages: tuple[Record, ...] = (drawn.message,)
        if drawn.agent is not None:
            word = f"{self.moves}"
            messages = (Act(account(word, stated=drawn.stated)), drawn.message)
        calls = tuple(self.bench.call(message) for message in messages)
        expires = self.time + HOUR
        return sign_transaction(drawn.key, self.bench.network, calls, sequence=sequence, expires=expires)

    def _not_admitted(self, drawn: Drawn, code: str, present: set[str]) -> None:
        """Only keys of those who are gone, or not there yet, are turned away, and ended agents'."""
        gone = drawn.member not in present or drawn.agent is not None
        if not gone or code not in ("kernel.revoked_key", "kernel.wrong_role", "kernel.unknown_key"):
            raise Found(f"move {self.moves}, {drawn}: not admitted, {code}")

    def _foretell(self, drawn: Drawn, transaction: bytes) -> str:
        by = Speaker(
            member=drawn.member,
            key=drawn.key.key_id,
            agent=drawn.agent,
            stated=drawn.stated,
            transaction=transaction,
            call=0 if drawn.agent is None else 1,
            time=self.time,
            height=self.tip.height + 1,
        )
        if drawn.agent is not None and drawn.agent.over is not None:
            return "identity.mandate_over"
        if isinstance(drawn.message, Accept | Leave | EndMandate):
            return self._member_moves(drawn)
        if drawn.urn is not None:
            drawn.urn.do(drawn.name, drawn.member, drawn.stated)
            return OK
        if drawn.name == "register":
            return "governance.paused" if self.model.is_paused("assets.register", self.time) else OK
        try:
            getattr(self.model, drawn.name)(by, drawn.message)
        except No as no:
            return f"governance.{no.reason}"
        return OK

    def _member_moves(self, drawn: Drawn) -> str:
        """What identity does here: one member joins or leaves, and owners end their agents."""
        if isinstance(drawn.message, EndMandate):
            self.model.agents[drawn.message.mandate].over = self.time
            return OK
        self.change = None
        if isinstance(drawn.message, Accept):
            self.model.members.add(drawn.member)
            return OK
        self.model.members.discard(drawn.member)
        for one in self.model.agents.values():
            if one.owner == drawn.member and one.over is None:
                one.over = self.time
        return OK

    def _later(self) -> int:
        ends: list[int] = [
            moment + nudge
            for one in self.model.questions.values()
            if alive(one)
            for moment in (one.progress["closes"], one.progress["ready"], one.progress["until"])
            if moment is not None
            for nudge in (-1, 0, 1)
        ]
        ends += [end for one in self.model.questions.values() if one.urn for end in one.urn.ends]
        ends += [stop["until"] for stops in self.model.stops.values() for stop in stops]
        coming = [moment for moment in ends if moment > self.time]
        pressing = self.lots.urns.coming()
        if self.lots.taste == "secret" and pressing and self.rng.random() < 0.98:
            return self.time + self.rng.choice((0, 1_000)) if self.lots.urns.awaited() else min(pressing)
        if self.lots.taste != "anything" and self._awaited() and self.rng.random() < 0.9:
            return self.time + self.rng.choice((0, 1_000))
        if coming and self.rng.random() < 0.4:
            return min(coming) if self.rng.random() < 0.5 else self.rng.choice(coming)
        return self.time + self.rng.choice((0, 1_000, 1_000, 5_000, 20_000))

    def _awaited(self) -> bool:
        """Whether the oldest vote that is open still lacks officers' votes."""
        for one in self.model.questions.values():
            if one.urn is None and voting(one, self.time):
                return any(name in self.model.members for name in set(one.electors) - set(one.votes))
        return False

    def _compare(self) -> None:
        foretold = dict(self.model.entries())
        found = self._entries()
        if found != foretold:
            keys = [key for key in {**found, **foretold} if found.get(key) != foretold.get(key)]
            told = f"{found.get(keys[0])}, foretold {foretold.get(keys[0])}"
            raise Found(f"after move {self.moves}, {keys[0]}: {told}")
        spent = {unit: 800 - held for unit, held in self.model.treasury.items()}
        if any(not 0 <= each <= 800 for each in spent.values()):
            raise Found(f"after move {self.moves}: the treasury paid {spent}")
        limits = {data: budget.limit for (data,), budget in BUDGETS.scan(self._context())}
        if limits != self.model.limits:
            raise Found(f"after move {self.moves}: the limits are {limits}, foretold {self.model.limits}")

    def _context(self) -> Context:
        return Context(Overlay(self.bench.state), self.bench.network, self.tip.height, self.time)

    def _entries(self) -> Mapping[tuple[Any, ...], Any]:
        ctx = self._context()
        (module,) = (one for one in self.bench.app.modules if one.name == "governance")
        return {
            (table.name, *key): _cached(record) for table in module.tables for key, record in table.scan(ctx)
        }


def _alarm(_transaction: bytes, error: BaseException) -> None:
    raise Found(f"kernel.internal: {error!r}") from error


_PLAIN: dict[int, tuple[Record, Any]] = {}


def _cached(record: Record) -> Any:  # noqa: ANN401 (plain values)
    """A record as plain values; equal bytes give the same record, which is turned only once."""
    known = _PLAIN.get(id(record))
    if known is not None and known[0] is record:
        return known[1]
    if len(_PLAIN) > 20_000:
        _PLAIN.clear()
    turned = listed(plain(record))
    _PLAIN[id(record)] = (record, turned)
    return turned


def listed(value: object) -> Any:  # noqa: ANN401 (plain values)
    """Plain values with every sequence a list."""
    if isinstance(value, dict):
        return {name: listed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [listed(each) for each in value]
    return listed(to_value(value)) if isinstance(value, Record) else value
