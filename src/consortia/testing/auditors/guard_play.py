"""Random guards on a real machine, every answer and effect of which the auditor of the guard foretells.

    play = Watch(7)
    play.run(300)

What the members decide (network mandates) is carried out here by an administrator alone, so that a play
comes to suspensions; how members decide has a play of its own (`chamber`). Most moves are in good faith.
"""

import dataclasses
from collections import Counter
from functools import lru_cache
from random import Random

from msgspec import to_builtins

from consortia.app import application
from consortia.base.codec import Record
from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused
from consortia.kernel.application import Application
from consortia.kernel.block import OK
from consortia.kernel.context import Context
from consortia.kernel.module import Method
from consortia.kernel.store import Overlay
from consortia.modules.guard import messages as asked
from consortia.modules.guard.types import Bound, Finding, Opening, Rule, Verdict
from consortia.modules.predictions.messages import Act
from consortia.testing.auditors import Entries, Found, Moment, No, Said, plain
from consortia.testing.auditors.guard import DAY, HOUR, Guard, committed
from consortia.testing.machine import NAMES, Bench
from consortia.testing.scenarios.assets import blob, digest
from consortia.testing.scenarios.guard_parts import METHODS
from consortia.testing.scenarios.mandates_parts import account, agent, mandate

OFFICERS = ("admin", "analyst", "approver", "operator")
KINDS = ("transfer", "vote")
MODELS = (digest("models"), digest("other models"))
DECIDED = {"empower", "disempower"}
LEAPS = (0, 0, 0, HOUR, HOUR, 7 * HOUR, 24 * HOUR, 36 * HOUR)
DAYS_MAX = 85
"""A play's agents act for so long, and so long it lasts at most."""


@lru_cache(maxsize=1)
def decided() -> Application:
    """The application, where an administrator may do what the members otherwise decide."""
    whole = application()
    modules = tuple(
        dataclasses.replace(module, methods=tuple(_alone(method) for method in module.methods))
        if module.name == "guard"
        else module
        for module in whole.modules
    )
    return Application(modules, whole.keys, whole.stops)


def _alone(method: Method) -> Method:
    if method.name not in DECIDED:
        return method
    return dataclasses.replace(method, roles=frozenset({"admin"}), authority="")


class Watch:
    """One seed's members and their guards."""

    def __init__(self, seed: int) -> None:
        """Found a network and give each member's agent a mandate."""
        self.rng = Random(seed)
        self.names = NAMES[: self.rng.choice((3, 4, 4, 5, 7))]
        self.bench = Bench(self.names, app=decided())
        self.auditor = Guard({})
        self.auditor.members = set(self.names)
        self.end = self.bench.time + DAYS_MAX * DAY
        self.openings: dict[bytes, tuple[bytes, Opening]] = {}
        self.moves, self.codes, self.words = 0, Counter[str](), 0
        self._before: Entries = {}
        for name in self.names:
            keys = self.bench.parties[name].keys
            self.auditor.people[name] = {keys[role].key_id for role in OFFICERS}
            self.auditor.programs.add(agent(name).key_id)
            mandate(self.bench, name, methods=METHODS, classes=(), expires=self.end + 2 * DAY)
        for name in self.names[: self.rng.randint(1, 3)]:
            self._policy(name, "cards")
            self._empower(name)

    def run(self, moves: int) -> None:
        """So many moves; raises Found where the machine does otherwise than foretold."""
        ways = (
            *((self._raise, 6), (self._label, 8), (self._suspend, 6), (self._appeal, 3), (self._judge, 5)),
            *((self._assign, 1), (self._answer, 2), (self._allow, 2), (self._lift, 1), (self._start, 3)),
            *((self._policy, 1), (self._empower, 1), (self._disempower, 1)),
        )
        for _ in range(moves):
            leap = self.rng.choice(LEAPS)
            if self.bench.time + leap < self.end:
                self.bench.time += leap
            self._at_an_end()
            (move,) = self.rng.choices([way for way, _ in ways], [weight for _, weight in ways])
            move()

    def _at_an_end(self) -> None:
        """Now and then come to the very moment at which something ends."""
        ends = [row["until"] for row in self.auditor.suspensions.values()]
        ends += [end + 72 * HOUR for end in ends]
        ends += [row["expires"] for row in self.auditor.mandates.values()]
        ends += [row["day"] + DAY for row in self.auditor.tallies.values()]
        coming = [end for end in ends if self.bench.time < end < self.end]
        if coming and self.rng.random() < 0.15:
            self.bench.time = min(coming)

    # Moves --------------------------------------------------------------------------------

    def _policy(self, name: str | None = None, called: str | None = None) -> None:
        rules = tuple(
            Rule(f"rule.{kind}", kind, (Bound("amount", 1, None),), 30)
            for kind in KINDS
            if self.rng.random() < 0.8
        )
        model = self.rng.choice((*MODELS, None))
        daily = self.rng.choice((1, 3, 9, 200))
        policy = called or self.rng.choice(("cards", "votes"))
        self._try(name or self._name(), "admin", asked.SetPolicy(policy, "watch/2", rules, model, daily))

    def _raise(self) -> None:
        name, kind = self._guarding(), self.rng.choice(KINDS)
        salt = self.rng.randbytes(32)
        opening = Opening(self.rng.choice((*self.names, *self.names, "nobody")), "somebody")
        policy = self.auditor.policies.get((name, "cards"), {"model": None})
        learned = policy["model"] if self.rng.random() < 0.4 else None
        if self.rng.random() < 0.1:
            learned = self.rng.choice(MODELS)
        finding = Finding(
            policy=self.rng.choice(("cards",) * 9 + ("votes",)),
            kind=kind,
            code=f"learned.{kind}" if learned and self.rng.random() < 0.9 else f"rule.{kind}",
            model=learned,
            population=digest("days"),
            state=digest("before"),
            target=committed(salt, opening),
            score=digest("score"),
            evidence=digest("vector"),
        )
        role = self.rng.choice(("operator", "worker", "agent"))
        known = len(self.auditor.raised[name])
        self._try(name, role, asked.RaiseAlert(finding))
        if len(self.auditor.raised[name]) > known:
            self.openings[self.auditor.raised[name][-1]] = (salt, opening)

    def _label(self) -> None:
        label: Verdict = self.rng.choice(("hostile", "hostile", "honest", "unclear"))
        name, alert = self._alert()
        case = self.auditor.cases.get(alert)
        if case is not None and case["label"] is not None and self.rng.random() < 0.8:
            label = case["label"]
        self._try(name, self.rng.choice(OFFICERS), asked.LabelAlert(alert, label))

    def _assign(self) -> None:
        name, alert = self._alert()
        role = self.rng.choice((*OFFICERS, "worker"))
        whose = name if self.rng.random() < 0.8 else self._name()
        self._try(name, self.rng.choice(OFFICERS), asked.Assign(alert, self.bench.key(whose, role).key_id))

    def _answer(self) -> None:
        given = [alert for alert, case in self.auditor.cases.items() if case["assigned"]]
        name, alert = self._alert(given if self.rng.random() < 0.8 else None)
        keys = self.bench.parties[name].keys
        wanted = self.auditor.cases.get(alert, {"assigned": None})["assigned"]
        role = next((role for role in OFFICERS if keys[role].key_id == wanted), self.rng.choice(OFFICERS))
        if self.rng.random() < 0.2:
            role = self.rng.choice(OFFICERS)
        self._try(name, role, asked.Answer(alert, digest(f"answer {self.moves}")))

    def _allow(self) -> None:
        honest = [each for each in self.auditor.alerts if self.auditor.standing_label(each) == "honest"]
        name, alert = self._alert(honest if self.rng.random() < 0.7 else None)
        until = self.bench.time + self.rng.choice((-HOUR, 0, 1, DAY, 90 * DAY, 90 * DAY + 1))
        self._try(name, self.rng.choice(OFFICERS), asked.Allow(alert, until))

    def _empower(self, name: str | None = None) -> None:
        expires = self.bench.time + self.rng.choice((0, 1, *(40 * DAY,) * 8, 90 * DAY, 90 * DAY + 1))
        precision = self.rng.choice((949_999, 950_000, 990_000))
        member = name or self.rng.choice((*self.names, "nobody"))
        model = self.rng.choice((*MODELS, None))
        self._try("north", "admin", asked.Empower(member, model, precision, digest("report"), expires))

    def _disempower(self) -> None:
        if self.rng.random() < 0.3:
            self._try("north", "admin", asked.Disempower(self._name()))

    def _suspend(self) -> None:
        ripe = [each for each in self.openings if self._is_ripe(each)]
        name, alert = self._alert(ripe if ripe and self.rng.random() < 0.8 else None)
        salt, opening = self.openings.get(alert, (bytes(32), Opening("south", "somebody")))
        if self.rng.random() < 0.05:
            opening = Opening(self._name(), opening.subject)
        for_so_long = self.rng.choice((1, HOUR, 24 * HOUR, 72 * HOUR, 72 * HOUR, 72 * HOUR + 1))
        role = self.rng.choice(("admin", "approver", "agent"))
        self._try(name, role, asked.Suspend(alert, salt, opening, for_so_long))

    def _is_ripe(self, alert: bytes) -> bool:
        found = self.auditor.alerts[alert]
        fits = self.auditor.standing_label(alert) == "hostile" or found["exact"] or found["finding"]["model"]
        return bool(fits and found["member"] in self.auditor.mandates)

    def _lift(self) -> None:
        target = self._name()
        found = self.auditor.suspensions.get(target)
        name = found["by"] if found is not None and self.rng.random() < 0.7 else self._name()
        self._try(name, self.rng.choice(("admin", "approver", "agent")), asked.Lift(target))

    def _appeal(self) -> None:
        name = self._name(self.auditor.suspensions)
        self._try(name, self.rng.choice(OFFICERS), asked.Appeal(digest(f"reasons {self.moves}")))

    def _judge(self) -> None:
        target = self._name({n: 1 for n, row in self.auditor.suspensions.items() if row["appeal"]})
        message = asked.JudgeAppeal(target, self.rng.random() < 0.8)
        self._try(self._name(), self.rng.choice(("admin", "approver")), message)

    def _start(self) -> None:
        """A member begins something new, which a suspended one may not."""
        name = self._name(self.auditor.suspensions)
        self.words += 1
        self._try(name, "operator", blob(f"thing-{self.words}"))

    def _name(self, among: object = None) -> str:
        known = sorted(among) if isinstance(among, dict) else []
        name: str = self.rng.choice(known if known and self.rng.random() < 0.8 else self.names)
        return name

    def _guarding(self) -> str:
        known = sorted({member for member, _ in self.auditor.policies})
        return self.rng.choice(known) if known and self.rng.random() < 0.9 else self._name()

    def _alert(self, among: list[bytes] | None = None) -> tuple[str, bytes]:
        """An alert, mostly one of the newest, and who speaks about it: mostly its author."""
        known = among or list(self.auditor.alerts)[-6:]
        if not known or self.rng.random() < 0.03:
            return self._name(), digest("no alert")
        alert = self.rng.choice(known)
        name: str = self.auditor.alerts[alert]["member"]
        return (name if self.rng.random() < 0.92 else self._name()), alert

    # The machine --------------------------------------------------------------------------

    def _try(self, member: str, role: str, message: Record) -> None:
        """Put one message into a block of its own, and compare all that comes of it."""
        self.moves += 1
        bench = self.bench
        records: tuple[Record, ...] = (message,)
        key: SigningKey = agent(member) if role == "agent" else bench.key(member, role)
        if role == "agent":
            records = (Act(account(f"act {self.moves}")), message)
        raw = bench.sign_with(key, *records)
        moment = Moment(bench.network, bench.tip.height + 1, bench.time, bench.tip.size)
        id_ = bench.machine.admission(bench.state, bench.tip, bench.time).admit(raw).parsed.id
        said = Said(key.key_id, member, id_, len(records) - 1, moment)
        self.auditor.now = bench.time
        foretold, told = self._foretell(said, message)
        what = f"move {self.moves}, {type(message).__name__}"
        try:
            (receipt,) = bench.block(raw)
        except Refused as refused:
            raise Found(f"{what}: {refused}") from None
        bench.time -= 1_000
        self.codes[receipt.code] += 1
        if receipt.code != foretold:
            raise Found(f"{what}: the machine said {receipt.code}, the auditor {foretold}")
        events = [(event.name, to_builtins(event.body, builtin_types=(bytes,))) for event in receipt.events]
        mine = [(name, fields) for name, fields in events if name.startswith("guard.")]
        if mine != list(told):
            raise Found(f"{what}: the events are {mine}, foretold {told}")
        self._compare(what)

    def _foretell(self, said: Said, message: Record) -> tuple[str, tuple[object, ...]]:
        if not type(message).__module__.startswith("consortia.modules.guard"):
            stopped = self.auditor.is_suspended(said.member, said.at.time)
            return ("guard.suspended" if stopped else OK), ()
        try:
            return OK, self.auditor.judge(said, message)
        except No as no:
            return f"guard.{no.reason}", ()

    def _compare(self, what: str) -> None:
        """Every entry is as foretold, and every promise holds."""
        now, foretold = self._entries(), self.auditor.entries()
        for key in {**now, **foretold}:
            if now.get(key) != foretold.get(key):
                raise Found(f"{what}: {key} is {now.get(key)}, foretold {foretold.get(key)}")
        for promise in self.auditor.broken(self._before, now):
            raise Found(f"{what}: {promise}")
        self._before = now

    def _entries(self) -> Entries:
        bench = self.bench
        ctx = Context(Overlay(bench.state), bench.network, bench.tip.height, bench.time)
        module = next(one for one in bench.app.modules if one.name == "guard")
        return {
            (table.name, *key): plain(record) for table in module.tables for key, record in table.scan(ctx)
        }
