"""The auditor of governance: what the members decided, written from the page and not from the handlers.

A slow and plain model of one chamber: dictionaries and sentences. It reads no state of the machine and calls
none of its rules; what is hashed is hashed here again. `chamber.Chamber` plays random work against it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from consortia.base.codec import encode, to_value
from consortia.base.hashing import tagged
from consortia.modules.governance import messages as asked
from consortia.modules.governance.types import Charter
from consortia.testing.auditors import Plain, refuse
from consortia.testing.auditors.governance_acts import Deeds
from consortia.testing.auditors.governance_ballots import Urn, count_urn, sides, urn
from consortia.testing.auditors.governance_council import Council

VOTES_UNITS = 6


@dataclass(slots=True)
class Agent:
    """A program with a mandate: its owner, its content, the classes it may speak in, and its end."""

    id: bytes
    owner: str
    content: bytes
    classes: tuple[str, ...]
    over: int | None = None


@dataclass(slots=True)
class Question:
    """A proposal: what was opened, and how far it is."""

    record: Plain
    rules: Plain
    council: Plain
    electors: dict[str, Plain]
    progress: Plain
    votes: dict[str, Plain] = field(default_factory=dict)
    acts: dict[str, Plain] = field(default_factory=dict)
    advice: dict[bytes, Plain] = field(default_factory=dict)
    objections: dict[str, Plain] = field(default_factory=dict)
    pledges: dict[bytes, int] = field(default_factory=dict)
    urn: Urn | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and when: the member, its key, the agent if it is one, the transaction, the block."""

    member: str
    key: bytes
    agent: Agent | None
    stated: int
    transaction: bytes
    call: int
    time: int
    height: int


class Governance(Council, Deeds):
    """Everything that governance knows, in plain values."""

    def __init__(self, network: bytes, charter: Charter, members: set[str]) -> None:
        """Begin with a charter and the founders."""
        super().__init__()
        self.network, self.members = network, members
        self.charters: list[Plain] = [to_value(charter)]
        self.questions: dict[bytes, Question] = {}
        self.delegations: dict[tuple[str, str], Plain] = {}
        self.agents: dict[bytes, Agent] = {}
        self.tracks: dict[tuple[str, bytes], list[int]] = {}

    # The life of a proposal.

    def propose(self, by: Speaker, m: asked.Propose) -> None:
        """Open a proposal."""
        law = self.charter
        rules = next((one for one in law["classes"] if one["name"] == m.kind), None)
        if rules is None:
            return refuse("unknown_class", when=True)
        own = [one for one in self.questions.values() if one.record["author"] == by.member]
        refuse("too_many_open", when=sum(map(alive, own)) >= law["open_max"])
        self._may_decide(by, rules)
        self.check_actions(rules, m.actions)
        secret = rules["secret"]
        if secret:
            holding = set(secret["trustees"]) & self.members
            refuse("too_few", when=len(self.members) < 5 or len(holding) < 3)
        weights = {one["member"]: one["weight"] for one in law["weights"]}
        electors: dict[str, Plain] = {}
        for name in sorted(self.members):
            held = self.delegations.get((m.kind, name))
            electors[name] = {"weight": weights.get(name, 1), "delegate": held and held["delegate"]}
            if secret:
                electors[name] = {"weight": 1, "delegate": None}
        place = self.network + by.transaction + by.call.to_bytes(8, "big")
        listed = [{"method": one.method, "args": one.args} for one in m.actions]
        record = {
            "id": tagged("consortia/proposal", place),
            "author": by.member,
            "agent": by.agent and by.agent.id,
            "election": secret and tagged("consortia/election", place),
            **{name: getattr(m, name) for name in ("kind", "title", "text")},
            "actions": listed,
            "content": tagged("consortia/actions", encode({"kind": m.kind, "actions": listed})),
            "charter": len(self.charters) - 1,
            "units": VOTES_UNITS * sum(one["weight"] for one in electors.values()),
            "height": by.height,
            "time": by.time,
        }
        progress = dict.fromkeys(("closed", "tally", "ready", "until", "position", "code", "executed"))
        box = urn(secret, by.time, rules["vote_milliseconds"], self.members) if secret else None
        closes = box.ends[3] if box else by.time + rules["vote_milliseconds"]
        begun = {"status": "voting", "closes": closes, "extended": False}
        opened = Question(record, rules, law, electors, {**begun, **progress}, urn=box)
        self.questions[record["id"]] = opened
        return None

    def cast_vote(self, by: Speaker, m: asked.CastVote) -> None:
        """A member votes, or its agent does."""
        one = self._question(m.proposal)
        refuse("other_content", when=m.content != one.record["content"])
        refuse("other_member", when=m.member != by.member)
        refuse("not_elector", when=by.member not in one.electors)
        refuse("voting_closed", when=not voting(one, by.time))
        refuse("already_voted", when=by.member in one.votes)
        refuse("secret_class", when=one.rules["secret"] is not None)
        self._may_decide(by, one.rules)
        before = one.acts.get(by.member)
        closes = one.progress["closes"]
        standing = before is not None and self._stands(before["mandate"], closes)
        refuse("already_voted", when=by.agent is not None and standing)
        would = self._passes(one)
        if by.agent is None:
            one.votes[by.member] = {"choice": m.choice, "key": by.key, "time": by.time}
        else:
            one.acts[by.member] = self._act(by, m.choice)
            one.pledges[by.agent.id] = by.stated
        self._turned(one, by.time, would=would)

    def advise(self, by: Speaker, m: asked.Advise) -> None:
        """An agent says what it would vote."""
        one = self._question(m.proposal)
        refuse("other_content", when=m.content != one.record["content"])
        refuse("not_elector", when=by.member not in one.electors)
        refuse("voting_closed", when=not voting(one, by.time))
        if by.agent is None or one.record["kind"] not in by.agent.classes:
            return refuse("not_in_mandate", when=True)
        one.advice[by.agent.id] = self._act(by, m.choice)
        one.pledges[by.agent.id] = by.stated
        return None

    def close(self, by: Speaker, m: asked.Close) -> None:
        """Votes are counted, or a passed proposal is put away."""
        one = self._question(m.proposal)
        now = one.progress
        refuse("ended", when=not alive(one))
        early = one.urn is None and by.time < now["closes"]
        refuse("too_early", when=now["status"] == "voting" and early)
        refuse("too_early", when=now["status"] == "passed" and not self._expired(one, by.time))
        if now["status"] == "passed":
            now["status"] = "expired"
            return
        if one.urn is not None:
            count_urn(one.urn, now, by.height)
        if now["status"] == "void":
            one.pledges.clear()
            return
        now["closed"], now["tally"] = by.height, self.tally(one)
        author = one.record["agent"]
        if author is not None and not self._stands(author, now["closes"]):
            now["status"] = "cancelled"
            one.pledges.clear()
            return
        passed = self._passes(one)
        now["status"] = "passed" if passed else "rejected"
        for mandate, stated in one.pledges.items():
            self._score(mandate, stated, passed=passed)
        one.pledges.clear()
        if passed:
            opened = one.urn.ends[4] if one.urn else now["closes"]
            now["ready"] = opened + one.rules["lock_milliseconds"]
            now["until"] = now["ready"] + one.rules["expire_milliseconds"]

    def execute(self, by: Speaker, m: asked.Execute) -> None:
        """A passed proposal is carried out whole, or not at all."""
        one = self._question(m.proposal)
        now = one.progress
        methods = [each["method"] for each in one.record["actions"]]
        refuse("paused", when=any(self.is_paused(method, by.time) for method in methods))
        refuse("other_content", when=m.content != one.record["content"])
        refuse("ended", when=not alive(one))
        refuse("not_passed", when=now["status"] != "passed")
        refuse("too_early", when=by.time < now["ready"] or by.height <= now["closed"])
        refuse("expired", when=self._expired(one, by.time))
        position, code = self.carry_out(one.record["actions"], by.time)
        now["status"] = "executed" if code == "ok" else "failed"
        now["position"], now["code"] = position, code
        now["executed"] = by.time if code == "ok" else None

    def cancel(self, by: Speaker, m: asked.Cancel) -> None:
        """An author takes its proposal back."""
        one = self._question(m.proposal)
        refuse("not_author", when=one.record["author"] != by.member)
        refuse("ended", when=one.progress["status"] != "voting")
        refuse("voting_closed", when=not voting(one, by.time))
        one.progress["status"] = "cancelled"
        one.pledges.clear()

    # Voices.

    def object(self, by: Speaker, m: asked.Object) -> None:
        """A seat of the ethics board objects."""
        one = self._question(m.proposal)
        refuse("ended", when=not alive(one))
        board = one.council["ethics"]
        refuse("not_on_board", when=not one.rules["board"] or by.member not in board)
        refuse("already_objected", when=by.member in one.objections)
        one.objections[by.member] = {"reason": m.reason, "time": by.time}
        if 2 * len(one.objections) > len(board):
            one.progress["status"] = "stopped"
            one.pledges.clear()

    def delegate(self, by: Speaker, m: asked.Delegate) -> None:
        """Another member votes, from the next proposal on."""
        known = {one["name"]: one for one in self.charter["classes"]}
        refuse("unknown_class", when=m.kind not in known)
        refuse("secret_class", when=known[m.kind]["secret"] is not None)
        refuse("bad_delegate", when=m.to == by.member or m.to not in self.members)
        self.delegations[m.kind, by.member] = {"delegate": m.to, "time": by.time}
        self._let_go(by, m.kind, keep=m.to)

    def end_delegation(self, by: Speaker, m: asked.EndDelegation) -> None:
        """Nobody else votes any more."""
        refuse("no_delegation", when=(m.kind, by.member) not in self.delegations)
        del self.delegations[m.kind, by.member]
        self._let_go(by, m.kind, keep=None)

    # What counts.

    def tally(self, one: Question) -> Plain:
        """The count: people whole, families at a sixth, agents at a third."""
        if one.urn is not None:
            cast = sides(one.urn)
            return {**cast, "agents": 0, "person": cast["yes"] > 0}
        people = {"yes": 0, "no": 0, "abstain": 0}
        families: dict[bytes, dict[str, int]] = {}
        for name, elector in one.electors.items():
            vote, units = one.votes.get(name), VOTES_UNITS * elector["weight"]
            act = one.acts.get(name)
            if vote is None and act is not None and self._stands(act["mandate"], one.progress["closes"]):
                side = families.setdefault(act["family"], dict.fromkeys(people, 0))
                side[act["choice"]] += units
                continue
            chosen = vote or (
                one.votes.get(elector["delegate"]) if elector["delegate"] in one.electors else None
            )
            if chosen is not None:
                people[chosen["choice"]] += units
        person = people["yes"] > 0
        capped = [_at_most(one.record["units"] // 6, family) for family in families.values()]
        agents = _at_most(
            one.record["units"] // 3, {side: sum(each[side] for each in capped) for side in people}
        )
        whole = {side: people[side] + agents[side] for side in people}
        return {**whole, "agents": sum(agents.values()), "person": person}

    def _passes(self, one: Question) -> bool:
        count, rules, units = self.tally(one), one.rules, one.record["units"]
        cast = count["yes"] + count["no"] + count["abstain"]
        base = units if rules["of"] == "all" else count["yes"] + count["no"]
        quorum, share = rules["quorum"], rules["yes"]
        reached = cast * quorum["denominator"] >= units * quorum["numerator"]
        more = count["yes"] * share["denominator"] > base * share["numerator"]
        return bool(count["person"] and reached and more and self._owners_agree(one))

    def _owners_agree(self, one: Question) -> bool:
        """Whether whoever has the data that actions are about said yes itself, where the class asks it."""
        about = [each["args"]["dataset"] for each in one.record["actions"] if "dataset" in each["args"]]
        yes = {name for name, vote in one.votes.items() if vote["choice"] == "yes"}
        return not one.rules["owner"] or all(self.owners.get(data) in yes for data in about)

    def _may_decide(self, by: Speaker, rules: Plain) -> None:
        if by.agent is None:
            return
        refuse("people_only", when=rules["agents"] != "vote")
        refuse("not_in_mandate", when=rules["name"] not in by.agent.classes)
        track = self.tracks.get((by.agent.owner, by.agent.content), [0, 0, 0])
        refuse("advice_only", when=track[0] >= 8 and track[1] > track[2])

    def _score(self, mandate: bytes, stated: int, *, passed: bool) -> None:
        agent = self.agents[mandate]
        track = self.tracks.setdefault((agent.owner, agent.content), [0, 0, 0])
        for place, said in ((1, stated), (2, 1_000_000)):
            error = said - 1_000_000 if passed else said
            track[place] += (error * error + 500_000) // 1_000_000
        track[0] += 1

    def _stands(self, mandate: bytes, closes: int) -> bool:
        over = self.agents[mandate].over
        return over is None or over >= closes

    def _act(self, by: Speaker, choice: str) -> Plain:
        if by.agent is None:
            raise TypeError("a person does not act as an agent")
        pin = by.agent.content
        return {"choice": choice, "mandate": by.agent.id, "content": pin, "family": pin, "time": by.time}

    def _expired(self, one: Question, time: int) -> bool:
        ready, until = one.progress["ready"], one.progress["until"]
        still = [self.stood_still(each["method"], ready, time) for each in one.record["actions"]]
        return bool(time > until + max(still))

    def _let_go(self, by: Speaker, kind: str, keep: str | None) -> None:
        for one in self.questions.values():
            elector = one.electors.get(by.member)
            if (
                one.record["kind"] == kind
                and voting(one, by.time)
                and elector
                and elector["delegate"] != keep
            ):
                would = self._passes(one)
                elector["delegate"] = None
                self._turned(one, by.time, would=would)

    def _turned(self, one: Question, time: int, *, would: bool) -> None:
        """A vote that stands otherwise than it would, late, closes later, once."""
        now, more = one.progress, one.rules["extend_milliseconds"]
        if not now["extended"] and time >= now["closes"] - more and self._passes(one) != would:
            now["closes"] += more
            now["extended"] = True

    def _question(self, identity: bytes) -> Question:
        one = self.questions.get(identity)
        if one is None:
            refuse("unknown_proposal", when=True)
            raise LookupError
        return one

    def entries(self) -> Iterator[tuple[tuple[Any, ...], Plain]]:
        """All tables, as they should be."""
        yield ("in_force",), {"number": len(self.charters) - 1}
        for number, charter in enumerate(self.charters):
            yield ("charters", number), charter
        for identity, one in self.questions.items():
            yield ("proposals", identity), one.record
            yield ("progress", identity), one.progress
            if alive(one):
                yield ("open", one.record["author"], identity), {"time": one.record["time"]}
            parts = {"electors": one.electors, "votes": one.votes, "agent_votes": one.acts}
            for table, rows in {**parts, "objections": one.objections}.items():
                for name, row in rows.items():
                    yield (table, identity, name), row
            for mandate, row in one.advice.items():
                yield ("advice", identity, mandate), row
        for place, row in self.delegations.items():
            yield ("delegations", *place), row
        yield from self.council_entries()
        yield from self.deed_entries()


def alive(one: Question) -> bool:
    """Whether a proposal has no end yet."""
    return one.progress["status"] in ("voting", "passed")


def voting(one: Question, time: int) -> bool:
    """Whether votes are taken."""
    return bool(one.progress["status"] == "voting" and time < one.progress["closes"])


def _at_most(most: int, counts: dict[str, int]) -> dict[str, int]:
    total = sum(counts.values())
    return counts if total <= most else {side: count * most // total for side, count in counts.items()}
