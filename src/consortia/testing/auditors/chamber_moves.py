# Long because every kind of move stands beside the chance that it is drawn by.
"""What members, their agents, seats and attackers try in a chamber."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from consortia.base.codec import Record, to_value
from consortia.base.keys import SigningKey
from consortia.kernel.genesis import ModuleVersion
from consortia.modules.governance import messages as asked
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.types import Action, Charter, Choice, ProposalClass, Share, Weight
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.messages import Accept, Leave
from consortia.modules.training.messages import RaiseBudget
from consortia.testing.auditors.chamber_ballots import ROLES, Urns
from consortia.testing.auditors.governance import Agent, Question, alive, voting
from consortia.testing.auditors.governance_ballots import Urn
from consortia.testing.scenarios.assets import blob, digest

if TYPE_CHECKING:
    from consortia.testing.auditors.chamber import Chamber

T = TypeVar("T")
SECOND = 1_000
URNS = 2
"""In so many elections of a chamber somebody does something: each costs as much as hundreds of moves."""

TARGETS = ("assets.register", "governance.set_bounds", "governance.set_bounds", "governance.cast_vote")
PARAMETERS = ("tariff", "quota")
TASTES = ("anything", "anything", "business", "council", "agents", "board", "charters", "budgets")
PRESSED: dict[str, dict[str, float]] = {
    "anything": {},
    "business": {"vote": 3, "go_on": 3, "cancel": 0.1, "object": 0.3},
    "council": {"pause": 8, "register": 2, "vote": 4, "go_on": 4, "cancel": 0.1},
    "charters": {"propose": 2, "vote": 6, "go_on": 4, "cancel": 0.1},
    "budgets": {"propose": 2, "vote": 6, "go_on": 4, "cancel": 0.1},
    "board": {"object": 3, "propose": 2, "vote": 4, "go_on": 4},
    "secret": {"propose": 2, "vote": 0.5, "go_on": 4, "cancel": 0.1, "object": 0.1, "join_or_leave": 0.1},
    "agents": {"agent_votes": 6, "advise": 3, "vote": 3, "go_on": 3, "end_mandate": 0.2, "end_agent": 0.2},
}
"""What a chamber is busy with, so that what takes many hands comes about too."""

BUSY_WITH = {
    "business": "routine",
    "agents": "routine",
    "council": "routine",
    "board": "release",
    "charters": "charter",
    "budgets": "budget",
    "secret": "release",
}
SHARES = (Share(1, 2), Share(2, 3), Share(3, 4))
CHOICES = (("yes", "yes", "yes", "yes", "yes", "yes", "no", "abstain"), ("yes", "yes", "no", "abstain"))
STATED = ((300_000, 300_000, 900_000), (0, 300_000, 900_000, 1_000_000))
"""In parts per million; in a chamber that is busy with agents they are mostly too modest."""

OFFICERS = ("admin", "approver")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What somebody tries: the judge's method, who signs, for which member, and the agent's statement.

    In an election (`urn`) the name is that of the step, and `stated` what is chosen.
    """

    name: str
    message: Record
    member: str
    key: SigningKey
    agent: Agent | None = None
    stated: int = 0
    urn: Urn | None = None


def drawn_charter(rng: Random, names: Sequence[str]) -> Charter:
    """A charter that fits, of one seed's taste."""
    law = default_charter(names)
    wanted = ("budget", "charter", "members", "release", "routine", "spending", "upgrade")
    return replace(
        law,
        classes=tuple(_drawn_class(rng, one) for one in law.classes if one.name in wanted),
        weights=tuple(Weight(name, rng.randint(1, 3)) for name in sorted(names) if rng.random() < 0.2),
        council=tuple(sorted(name for name in names if rng.random() < 0.9)),
        ethics=tuple(sorted(name for name in names if rng.random() < 0.6)),
        open_max=rng.choice((1, 2, 3, 6)),
        pause_milliseconds=rng.choice((20, 40)) * SECOND,
        cooling_milliseconds=rng.choice((0, 30)) * SECOND,
    )


def _drawn_class(rng: Random, one: ProposalClass) -> ProposalClass:
    easy = one.name in ("release", "routine")
    methods = one.methods
    if one.name == "routine":
        methods = tuple(sorted({*methods, "governance.set_bounds", "assets.register"}))
    vote = rng.choice((20, 40)) * SECOND
    return replace(
        one,
        methods=methods,
        quorum=rng.choice(SHARES[:2]) if easy else one.quorum,
        yes=rng.choice(SHARES) if easy else one.yes,
        of=rng.choice(("all", "cast")) if easy else one.of,
        vote_milliseconds=vote,
        lock_milliseconds=rng.choice((5, 15)) * SECOND,
        extend_milliseconds=rng.choice((0, 10 * SECOND, vote)),
        expire_milliseconds=rng.choice((15, 60)) * SECOND,
        spend_max=500 if one.name == "routine" else one.spend_max,
    )


class Lots:
    """Draws moves: every seed has its own taste, and its own share of mischief."""

    def __init__(self, chamber: "Chamber") -> None:
        """Draw for a chamber."""
        self.chamber, self.rng = chamber, chamber.rng
        self.urns = Urns(chamber, URNS)
        self.taste = self.rng.choice(TASTES)
        if chamber.secret and self.rng.random() < 0.5:
            self.taste = "secret"
        busy = self.taste == "anything"
        self.wrong = self.rng.choice((0.03, 0.1, 0.3)) if busy else 0.02
        self.spoil = self.rng.choice((0.1, 0.4))
        self.target = self.pick(TARGETS)
        self.acts: tuple[Callable[[], Drawn | None], ...] = (
            *(self.propose, self.vote, self.vote, self.vote, self.agent_votes, self.advise),
            *(self.go_on, self.go_on, self.cancel, self.object, self.delegate, self.end_delegation),
            *(self.pause, self.pause, self.suggest, self.end_agent, self.end_mandate, self.register),
            *(self.join_or_leave, self.agent_proposes),
        )
        usual = (8, 8, 8, 8, 6, 2, 10, 10, 1, 2, 3, 1, 2, 2, 1, 0.3, 0.2, 1, 0.5, 3)
        pressed = PRESSED[self.taste]
        self.weights = [
            weight * self.rng.choice((0.5, 1, 2)) * pressed.get(act.__name__, 1)
            for weight, act in zip(usual, self.acts, strict=True)
        ]
        if chamber.secret:
            self.acts, self.weights = (*self.acts, self.ballots), [*self.weights, 60]

    def draw(self) -> Drawn:
        """Somebody's move."""
        while True:
            drawn = self.rng.choices(self.acts, self.weights)[0]()
            if drawn is not None:
                return drawn

    # Chance.

    def pick(self, choices: Sequence[T]) -> T:
        """One of these."""
        return self.rng.choice(choices)

    def slip(self) -> bool:
        """Whether something is wrong this time."""
        return self.rng.random() < self.wrong

    def spoils(self) -> bool:
        """Whether an action is wrong this time."""
        return self.rng.random() < self.spoil

    def member(self) -> str:
        """A member."""
        return self.pick(sorted(self.chamber.model.members))

    def question(self, test: Callable[[Question], bool] = alive) -> Question | None:
        """A proposal of which something holds; now and then any."""
        every = list(self.chamber.model.questions.values())
        fitting = every if self.slip() else [one for one in every if test(one)]
        if self.taste != "anything" and fitting and not self.slip():
            return fitting[0]
        return self.pick(fitting[-6:]) if fitting else None

    def said(self, name: str, message: Record, member: str | None = None) -> Drawn:
        """A person's move."""
        who = member or self.member()
        parties = self.chamber.bench.parties
        return Drawn(name, message, who, parties[who].keys[self.pick(OFFICERS)])

    def told(self, name: str, message: Callable[[str], Record], agents: Sequence[Agent]) -> Drawn | None:
        """An agent's move."""
        if not agents:
            return None
        one = agents[0] if self.taste == "agents" and not self.slip() else self.pick(agents)
        key, stated = (
            self.chamber.keys[one.id],
            self.pick(STATED[self.taste == "anything"]),
        )
        return Drawn(name, message(one.owner), one.owner, key, one, stated)

    def agents(self) -> list[Agent]:
        """Agents that act, or acted until a moment ago."""
        every = self.chamber.model.agents.values()
        return [one for one in every if one.over in (None, self.chamber.time)]

    # Moves.

    def propose(self) -> Drawn:
        """Open a proposal."""
        return self.said("propose", self._proposal())

    def agent_proposes(self) -> Drawn | None:
        """An agent opens one."""
        return self.told("propose", lambda _owner: self._proposal(routine=True), self.agents())

    def vote(self) -> Drawn | None:
        """A person votes, mostly who has not."""
        one = self.question(lambda each: voting(each, self.chamber.time))
        if one is None:
            return None
        waiting = [
            name for name in one.electors if name not in one.votes and name in self.chamber.model.members
        ]
        member = self.pick(waiting) if waiting and not self.slip() else self.member()
        named = self.member() if self.slip() else member
        return self.said("cast_vote", self._ballot(one, named), member)

    def agent_votes(self) -> Drawn | None:
        """An agent votes for its owner."""
        one = self.question(lambda each: voting(each, self.chamber.time) and each.rules["agents"] == "vote")
        if one is None:
            return None
        return self.told("cast_vote", lambda owner: self._ballot(one, owner), self.agents())

    def advise(self) -> Drawn | None:
        """An agent advises."""
        one = self.question(lambda each: voting(each, self.chamber.time))
        if one is None:
            return None
        choice: Choice = "yes" if self.rng.random() < 0.5 else "no"
        record = one.record
        return self.told(
            "advise", lambda _owner: asked.Advise(record["id"], self._content(one), choice), self.agents()
        )

    def go_on(self) -> Drawn | None:
        """Count what is due, carry out what may be; now and then too early."""
        time = self.chamber.time
        due = self.question(lambda one: alive(one) and not voting(one, time))
        one = due or self.question()
        if one is None:
            return None
        record = one.record
        if (one.progress["status"] == "passed") != self.slip() and self.rng.random() < 0.9:
            return self.said("execute", asked.Execute(record["id"], self._content(one)))
        return self.said("close", asked.Close(digest("x") if self.slip() else record["id"]))

    def cancel(self) -> Drawn | None:
        """An author takes its proposal back; or another does."""
        one = self.question()
        if one is None or one.record["author"] not in self.chamber.model.members:
            return None
        by = self.member() if self.slip() else one.record["author"]
        return self.said("cancel", asked.Cancel(one.record["id"]), by)

    def object(self) -> Drawn | None:
        """A seat of the board objects."""
        one = self.question(lambda each: alive(each) and each.rules["board"])
        if one is None:
            return None
        seats = sorted(set(one.council["ethics"]) & self.chamber.model.members)
        again = sorted(set(one.objections) & self.chamber.model.members)
        names = again if again and self.rng.random() < 0.2 else seats
        by = None if self.slip() or not names else self.pick(names)
        return self.said("object", asked.Object(one.record["id"], "no"), by)

    def delegate(self) -> Drawn:
        """A member lets another vote."""
        to = "nobody" if self.slip() else self.member()
        return self.said("delegate", asked.Delegate(self._kind(), to))

    def end_delegation(self) -> Drawn:
        """A member takes its voice back."""
        held = sorted(
            place for place in self.chamber.model.delegations if place[1] in self.chamber.model.members
        )
        if held and not self.slip():
            kind, member = self.pick(held)
            return self.said("end_delegation", asked.EndDelegation(kind), member)
        return self.said("end_delegation", asked.EndDelegation(self._kind()))

    def pause(self) -> Drawn:
        """A seat asks for a pause, approves one, or takes it back."""
        target = self.pick(TARGETS) if self.slip() else self.target
        length = self.pick((0, 41, 20)) if self.slip() else self.pick((10, 20))
        message, name = self.pick(
            (
                (asked.AskPause(target, length * SECOND, "a breach"), "ask_pause"),
                (asked.ApprovePause(target), "approve_pause"),
                (asked.ApprovePause(target), "approve_pause"),
                (asked.ApprovePause(target), "approve_pause"),
                (asked.WithdrawPause(target), "withdraw_pause"),
            )
        )
        return self.said(name, message)

    def suggest(self) -> Drawn | None:
        """An agent suggests a pause."""
        target = self.pick(TARGETS)
        return self.told("suggest", lambda _owner: asked.Suggest(target, "odd"), self.agents())

    def end_agent(self) -> Drawn | None:
        """A seat wants an agent ended; the same one is asked about until it is."""
        known = sorted(self.chamber.model.agents)
        begun = sorted(self.chamber.model.endings)
        id_ = digest("x") if self.rng.random() < 0.1 else self.pick(begun or known)
        return self.said("end_agent", asked.EndAgent(id_)) if known else None

    def end_mandate(self) -> Drawn | None:
        """An owner ends its agent."""
        live = [one for one in self.chamber.model.agents.values() if one.over is None]
        if not live:
            return None
        one = self.pick(live)
        return self.said("end_mandate", EndMandate(one.id), one.owner)

    def register(self) -> Drawn:
        """Somebody registers a model."""
        member = self.member()
        key = self.chamber.bench.parties[member].keys["operator"]
        return Drawn("register", blob(f"model-{self.chamber.moves}"), member, key)

    def join_or_leave(self) -> Drawn | None:
        """The one change of the members that a chamber sees."""
        change, parties = self.chamber.change, self.chamber.bench.parties
        if change == "join":
            guest = self.chamber.guest
            return Drawn("accept", Accept(guest.name, None), guest.name, guest.keys["admin"])
        if change == "leave" and len(self.chamber.model.members) > 1:
            name = self.member()
            return Drawn("leave", Leave(None), name, parties[name].keys["admin"])
        return None

    def ballots(self) -> Drawn | None:
        """A trustee or a voter does what is due in an election."""
        found = self.urns.next(self.rng)
        if found is None:
            return None
        one, step, name, chosen, message = found
        self.chamber.stepped[one.record["id"]] = step
        key = self.chamber.bench.parties[name].keys[ROLES[step]]
        return Drawn(step, message, name, key, stated=chosen, urn=one.urn)

    # Parts.

    def _kind(self) -> str:
        kinds = [one["name"] for one in self.chamber.model.charter["classes"]]
        if self.taste in BUSY_WITH and self.rng.random() < 0.8:
            return BUSY_WITH[self.taste]
        return "whim" if self.slip() else self.pick(kinds)

    def _content(self, one: Question) -> bytes:
        content: bytes = one.record["content"]
        return digest("swapped") if self.slip() else content

    def _ballot(self, one: Question, member: str) -> asked.CastVote:
        choice = self.pick(CHOICES[self.taste == "anything"])
        return asked.CastVote(one.record["id"], self._content(one), member, choice)  # type: ignore[arg-type]

    def _proposal(self, *, routine: bool = False) -> asked.Propose:
        kind = "routine" if routine and not self.slip() else self._kind()
        count = self.pick((1, 1, 1, 2, 3))
        actions = [self._action(kind) for _ in range(count)]
        if self.slip():
            actions = actions[:1] * self.pick((9, 14, 16))
        return asked.Propose(kind, "a question", "", tuple(actions))

    def _action(self, kind: str) -> Action:
        if self.slip():
            kind = self.pick(("budget", "charter", "release", "routine", "spending", "upgrade"))
        if self.slip():
            return self.pick(
                (
                    Action("assets.register", {}),
                    Action("governance.set_bounds", {"nobody_asked": 1}),
                    Action("governance.fly", {}),
                )
            )
        message = self._message(kind)
        name = type(message).__name__
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        module = "training" if isinstance(message, RaiseBudget) else "governance"
        return Action(f"{module}.{words[1:]}", to_value(message))

    def _message(self, kind: str) -> Record:
        model, time = self.chamber.model, self.chamber.time
        value, name = self.rng.randint(0, 120), self.pick(PARAMETERS)
        match kind:
            case "budget":
                data = digest("x") if self.spoils() else self.pick(sorted(model.owners))
                limit = model.limits.get(data, 1_000)
                return RaiseBudget(data, limit if self.spoils() else limit + 500)
            case "charter":
                if self.rng.random() < (0.8 if self.taste == "charters" else 0.5):
                    return asked.SetCharter(self._another())
                return asked.SetBounds(name, 10, 100, value)
            case "release":
                known = self.pick(sorted(model.models))
                identity = digest("x") if self.spoils() else known
                content = digest("swapped") if self.spoils() else model.models[known]
                return asked.ReleaseModel(identity, content)
            case "members":
                return asked.ScheduleMember(
                    self.pick(("admission", "removal")), self.pick((*sorted(model.members), "guest"))
                )
            case "upgrade":
                modules = (ModuleVersion("assets", 2), ModuleVersion("bank", 2))
                order = modules[::-1] if self.spoils() else modules
                return asked.ScheduleUpgrade(
                    order, digest("software"), time + self.pick((10, 100, 900)) * SECOND
                )
            case "spending":
                return self._spending((100, 400, 900))
        if self.rng.random() < 0.3:
            return self._spending((10, 200, 300))
        if self.rng.random() < (0.9 if self.taste == "council" else 0.4):
            return asked.SetBounds(name, 10, 100, value)
        return asked.SetParameter(name, value)

    def _spending(self, amounts: Sequence[int]) -> asked.Spend:
        unit = next(iter(self.chamber.model.treasury))
        return asked.Spend(unit, self.member(), self.pick(amounts))

    def _another(self) -> Charter:
        """Another charter; now and then one that could not govern."""
        law = drawn_charter(self.rng, sorted(self.chamber.model.members))
        if not self.spoils():
            return law
        budget, first, *others = law.classes
        spoiled = self.pick(
            (
                replace(first, lock_milliseconds=0),
                replace(first, vote_milliseconds=0),
                replace(first, quorum=Share(1, 3)),
                replace(first, yes=Share(1, 2)),
                replace(first, of="cast"),
                replace(first, agents="vote"),
                replace(first, methods=("governance.set_bounds",)),
                replace(first, methods=("governance.set_charter", "training.raise_budget")),
            )
        )
        return replace(law, classes=(budget, spoiled, *others))
