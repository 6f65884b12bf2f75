"""A yard: random acts of programs, people and forgers, each held to the auditor of operations."""

from collections.abc import Callable
from random import Random

from consortia.base.codec import Record
from consortia.modules.governance.messages import Execute
from consortia.modules.operations import messages as asked
from consortia.modules.operations.state import (
    ANSWERS,
    AWAITED,
    CLAIMS,
    CONTROLS,
    NOTICES,
    OPEN,
    REGISTERS,
)
from consortia.modules.operations.types import Bound
from consortia.testing.auditors import Found, No
from consortia.testing.auditors.operations import DAY, Auditor, By, Steered, Voted
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import GENESIS, MEMBERS, ready

CONTROL_NAMES = ("crossing", "crossing", "crossing", "valve", "tariff")
BOUNDS = (("green", 10, 60), ("phase", 0, 3))
THINGS = 40


class Yard:
    """One seed's network, what is done in it, and the auditor beside."""

    def __init__(self, seed: int) -> None:
        """A crossing of east's, overseen by south, is voted already."""
        self.rng, self.bench, self.moves = Random(seed), Bench(genesis=GENESIS), 0
        self.codes = set[str]()
        self.model = Auditor(MEMBERS)
        self.ids = {"nothing": digest("nothing")}
        self._set("crossing", Voted("east", ["south"], list(BOUNDS), 5_000))

    def play(self, moves: int) -> None:
        """Make so many moves; raises Found where the machine does otherwise than foretold."""
        steering = (self.command, self.command, self.command, self.take_over, self.hand_back)
        asking = (self.notify, self.reply, self.reply, self.close_notice)
        claiming = (self.open_register, self.claim, self.claim, self.claim, self.close_register)
        for _ in range(moves):
            self.moves += 1
            chance = self.rng.random()
            if chance < 0.03:
                self.vote()
            elif chance < 0.05:
                self.flood()
            elif chance < 0.08:
                self.bench.time += self.rng.choice((1_000, DAY))
            else:
                self.rng.choice((*steering, *asking, *claiming))()

    def vote(self) -> None:
        """The members vote a control, or an end of one."""
        name = self.rng.choice(CONTROL_NAMES)
        if self._often(0.2):
            self._vote(asked.EndControl(name), lambda: self.model.end_control(name))
            return
        member = self.rng.choice((*MEMBERS, *MEMBERS, "forest"))
        overseers = list(self.rng.choice((("south",), ("south", "west"), ("west", "south"), ("forest",), ())))
        bounds = list(BOUNDS if self._often(0.8) else BOUNDS[::-1])
        if self._often(0.25):
            member, overseers, bounds = "west", [], [("level", 5, 4)]
        gap = self.rng.choice((0, 5_000))
        self._set(name, Voted(member, overseers, bounds, gap))

    def _set(self, name: str, voted: Voted) -> None:
        bounds = tuple(Bound(*each) for each in voted.bounds)
        message = asked.SetControl(name, voted.member, tuple(voted.overseers), bounds, voted.gap)
        self._vote(message, lambda: self.model.set_control(name, voted, self.bench.time))

    def command(self) -> None:
        """Somebody commands, mostly as it should be."""
        name, found = self._control()
        version = (found.version if found else 1) + self.rng.choice((0, 0, 0, 0, 1, -1))
        holder = found.taken if found and found.taken else found.member if found else "east"
        usual = "operator" if found and found.taken else "worker"
        member = holder if self._often(0.8) else self.rng.choice(MEMBERS)
        role = usual if self._often(0.8) else self.rng.choice(("worker", "operator", "admin"))
        at = ((found.last if found else 0) or 0) + self.rng.choice((5_000, 5_000, 5_000, 4_999, 0))
        at = self.bench.time + DAY + self.rng.choice((0, 1)) if self._often(0.03) else at
        acts = []
        for _ in range(self.rng.choice((1, 1, 3))):
            values = [self.rng.choice((10, 30, 60, 30, 60, 61, 9)), self.rng.choice((0, 1, 2, 3, 3, 3, 4))]
            acts.append((max(at, 0), values[: self.rng.choice((1, 2, 2, 2, 2, 2))]))
            at += self.rng.choice((5_000, 5_000, 5_000, 4_999, 0))
        sent = tuple(asked.Act(when, tuple(values)) for when, values in acts)
        message = asked.Command(name, max(version, 0), sent, digest("seen"))
        by = By(member, role, self.bench.time)
        self._try(by, message, lambda: self.model.command(by, name, max(version, 0), acts))

    def take_over(self) -> None:
        """Somebody takes over."""
        by, (name, _) = self._by("operator", "admin"), self._control()
        message = asked.TakeOver(name, digest("reasons"))
        self._try(by, message, lambda: self.model.take_over(by, name))

    def hand_back(self) -> None:
        """Somebody hands back."""
        by, (name, _) = self._by("operator", "admin"), self._control()
        self._try(by, asked.HandBack(name), lambda: self.model.hand_back(by, name))

    def notify(self) -> None:
        """Somebody asks others."""
        by = self._by("operator", "admin")
        to = list(self.rng.choice((("east", "west"), ("east",), ("west", "east"), ("east", "forest"))))
        due = by.time + self.rng.choice((0, 1, 1_000, DAY, DAY, 366 * DAY, 367 * DAY))
        self._notify(by, to, due)

    def flood(self) -> None:
        """North asks more and more."""
        for _ in range(17):
            by = By("north", "operator", self.bench.time)
            self._notify(by, ["west"], by.time + DAY)

    def _notify(self, by: By, to: list[str], due: int) -> None:
        message, name = asked.Notify("recall", digest("lot"), digest("text"), tuple(to), due), self._new()
        self._make(by, message, name, lambda: self.model.notify(by, name, to, due))

    def reply(self) -> None:
        """Somebody answers, mostly what is open."""
        by, name, number = (
            self._by("worker", "operator"),
            self._pick(self.model.notices),
            self.rng.randrange(9),
        )
        message = asked.Reply(self.ids[name], number, digest("rest"))
        self._try(by, message, lambda: self.model.reply(by, name, number))

    def close_notice(self) -> None:
        """Somebody closes a notice."""
        by, name = self._by("operator"), self._pick(self.model.notices)
        if name in self.model.notices and self._often(0.7):
            by = By(self.model.notices[name].author, "operator", by.time)
        message = asked.CloseNotice(self.ids[name])
        self._try(by, message, lambda: self.model.close_notice(by, name))

    def open_register(self) -> None:
        """Somebody opens a register."""
        by, name = self._by("operator"), self._new()
        members = list(
            self.rng.choice((("east", "north"), ("east", "north", "west"), ("north", "east"), ("forest",)))
        )
        after = self.rng.choice((None, self._pick(self.model.rolls)))
        before = None if after is None else self.ids[after]
        message = asked.OpenRegister(name, tuple(members), before)
        self._make(by, message, name, lambda: self.model.open_register(by, name, members, after))

    def claim(self) -> None:
        """Somebody claims things."""
        by, name = self._by("worker", "operator"), self._pick(self.model.rolls)
        things = sorted(self.rng.sample(range(THINGS), self.rng.choice((1, 1, 2, 3))), key=_tag)
        in_order = not (self._often(0.1) and len(things) > 1)
        things = things if in_order else things[::-1]
        message = asked.Claim(self.ids[name], tuple(_tag(each) for each in things))
        self._try(by, message, lambda: self.model.claim(by, name, things, in_order=in_order))

    def close_register(self) -> None:
        """Somebody closes a register, seldom the owner."""
        by, name = self._by("operator"), self._pick(self.model.rolls)
        message = asked.CloseRegister(self.ids[name])
        self._try(by, message, lambda: self.model.close_register(by, name))

    def _often(self, chance: float) -> bool:
        return self.rng.random() < chance

    def _new(self) -> str:
        return f"made by move {self.moves} at {self.bench.time}"

    def _control(self) -> tuple[str, Steered | None]:
        name = self.rng.choice(CONTROL_NAMES)
        return name, self.model.controls.get(name)

    def _pick(self, known: object) -> str:
        names = list(known)[-3:] if isinstance(known, dict) else []
        chosen: str = self.rng.choice([*names, *names, "nothing"])
        return chosen

    def _by(self, *roles: str) -> By:
        return By(self.rng.choice(MEMBERS), self.rng.choice(roles), self.bench.time)

    def _foretell(self, act: Callable[[], None]) -> str:
        try:
            act()
        except No as no:
            return f"operations.{no.reason}"
        return "ok"

    def _vote(self, message: Record, act: Callable[[], None]) -> None:
        """Have the members vote it, and hold what execution comes to to what the auditor says."""
        proposal, said = ready(self.bench, "charter", message), self._foretell(act)
        receipt = self.bench.ok("west", "operator", Execute(proposal.id, proposal.content))
        failed = [
            event.body["code"] for event in receipt.events if event.name == "governance.proposal_failed"
        ]
        self._judge(str(failed[0]) if failed else "ok", said, message)

    def _make(self, by: By, message: Record, name: str, act: Callable[[], None]) -> None:
        """Do what makes something, and learn its id."""
        said, receipt = self._foretell(act), self.bench.run(by.member, by.role, message)
        if receipt.code == "ok":
            body = receipt.events[0].body
            made = body.get("notice", body.get("register"))
            self.ids[name] = made if isinstance(made, bytes) else b""
        self._judge(receipt.code, said, message)

    def _try(self, by: By, message: Record, act: Callable[[], None]) -> None:
        said = self._foretell(act)
        self._judge(self.bench.run(by.member, by.role, message).code, said, message)

    def _judge(self, code: str, said: str, message: Record) -> None:
        what = type(message).__name__
        self.codes.add(code)
        if code != said:
            raise Found(f"move {self.moves}, {what}: the machine said {code}, the auditor {said}")
        if self._held() != self._foretold():
            raise Found(f"move {self.moves}, {what}: the tables are not as foretold")

    def _held(self) -> set[object]:
        ctx = self.bench.context()
        found = set[object]()
        for (name,), one in CONTROLS.scan(ctx):
            bounds = tuple((each.field, each.least, each.most) for each in one.bounds)
            last = one.last if one.acts else None
            state = (one.version, one.taken, one.acts, last, one.ended is not None)
            found.add(("control", name, one.member, one.overseers, bounds, one.gap, *state))
        for key, each in NOTICES.scan(ctx):
            found.add(("notice", *key, each.author, each.to, each.due, each.answers, each.closed))
        found |= {("answer", *key, one.number, one.time, one.late) for key, one in ANSWERS.scan(ctx)}
        found |= {("owed", *key, one.due) for key, one in AWAITED.scan(ctx)}
        found |= {("open", *key, one.open) for key, one in OPEN.scan(ctx) if one.open}
        for key, roll in REGISTERS.scan(ctx):
            found.add(("register", *key, roll.owner, roll.members, roll.after, roll.claims, roll.closed))
        return found | {("claim", *key, one.member, one.time) for key, one in CLAIMS.scan(ctx)}

    def _foretold(self) -> set[object]:
        found, opened = set[object](), dict[str, int]()
        for name, one in self.model.controls.items():
            bounds = tuple((each, low, high) for each, (low, high) in one.bounds.items())
            last = one.times[-1] if one.times else None
            state = (one.version, one.taken, len(one.times), last, one.ended)
            found.add(("control", name, one.member, tuple(one.overseers), bounds, one.gap, *state))
        for name, each in self.model.notices.items():
            id_, counts = self.ids[name], len(each.answers)
            found.add(("notice", id_, each.author, tuple(each.to), each.due, counts, each.closed))
            found |= {("answer", id_, member, *given) for member, given in each.answers.items()}
            if each.closed is None:
                found |= {("owed", member, id_, each.due) for member in each.to if member not in each.answers}
                opened[each.author] = opened.get(each.author, 0) + 1
        found |= {("open", member, count) for member, count in opened.items()}
        for name, roll in self.model.rolls.items():
            id_, after = self.ids[name], None if roll.after is None else self.ids[roll.after]
            found.add(
                ("register", id_, roll.owner, tuple(roll.members), after, len(roll.claims), roll.closed)
            )
            found |= {("claim", id_, _tag(thing), *who) for thing, who in roll.claims.items()}
        return found


def _tag(thing: int) -> bytes:
    return digest(f"serial {thing}")
