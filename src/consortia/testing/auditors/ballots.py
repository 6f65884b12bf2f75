"""The auditor of ballots: who may do what when, what stands after it, and what the count must be.

It is written from the module's README and `docs/reference/ballots.md`. Whether a proof holds it never works
out: it knows how each message was made, by an honest hand or with one fault, and whatever it does not know is
refused as unproved. Sums of points are plain Edwards arithmetic; the count is that of the votes as meant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from msgspec import to_builtins

from consortia.base.codec import Record, encode
from consortia.base.hashing import tagged
from consortia.base.setcommit import root
from consortia.kernel.module import snake
from consortia.modules.ballots import messages as asked
from consortia.testing.auditors import No, Plain, refuse
from consortia.testing.curve import NEUTRAL, Point, decoded, encoded, plus

NOTHING = encoded(NEUTRAL)
DAYS_90 = 90 * 24 * 3600 * 1000
Made = dict[tuple[str, bytes], str]
"""How a message was made for its signer: with the fault that this word names, or honestly ("")."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who says something, in which transaction of which network, at which height and block time."""

    member: str
    transaction: bytes
    network: bytes
    height: int
    time: int


@dataclass
class Held:
    """One election as the auditor holds it."""

    fixed: Plain
    progress: Plain
    trustees: dict[str, Plain] = field(default_factory=dict)
    kept: dict[str, Plain] = field(default_factory=dict)
    seen: dict[bytes, str] = field(default_factory=dict)
    parts: dict[str, Plain] = field(default_factory=dict)

    @property
    def times(self) -> Plain:
        """When its steps end."""
        found: Plain = self.fixed["times"]
        return found

    @property
    def needed(self) -> int:
        """How many trustees it takes: more than two thirds."""
        return next(n for n in range(1, 99) if 3 * n > 2 * len(self.fixed["trustees"]))


class Ballots:
    """All elections of one network, and what is known of how messages were made."""

    def __init__(self, members: tuple[str, ...]) -> None:
        """Start with none, among these members."""
        self.members = tuple(sorted(members))
        self.held: dict[bytes, Held] = {}
        self.open: dict[str, int] = {}
        self.made: Made = {}
        self.spoilt: dict[bytes, str] = {}
        self.votes: dict[bytes, int] = {}

    def judge(self, call: Call, message: Record) -> str:
        """The code that a message meets, "ok" or a refusal's; what it does is done here too."""
        act: Callable[[Call, Any], None] = getattr(self, snake(type(message).__name__))
        try:
            act(call, message)
        except No as no:
            return f"ballots.{no.reason}"
        return "ok"

    def entries(self) -> dict[tuple[object, ...], Plain]:
        """All tables, as they should be."""
        found: dict[tuple[object, ...], Plain] = {
            ("open", name): {"count": n} for name, n in self.open.items()
        }
        for id_, one in self.held.items():
            found["elections", id_] = one.fixed
            found["progress", id_] = one.progress
            for table, rows in (("trustees", one.trustees), ("ballots", one.kept), ("parts", one.parts)):
                found |= {(table, id_, name): row for name, row in rows.items()}
            found |= {("seen", id_, each): {"voter": voter} for each, voter in one.seen.items()}
        return found

    # ------------------------------------------------------------------ the steps

    def open_election(self, call: Call, m: asked.OpenElection) -> None:
        """A member asks for an election."""
        times = plain(m.times)
        ends = [call.time, *(times[name] for name in ("commit", "open", "complain", "vote", "decrypt"))]
        refuse("too_many", when=self.open.get(call.member, 0) >= 8)
        refuse("bad_choices", when=len(set(m.choices)) < len(m.choices))
        rising = all(one < other for one, other in pairwise(ends))
        refuse("bad_times", when=not rising or ends[-1] > call.time + DAYS_90)
        refuse("bad_voters", when=len(self.members) < 5)
        known = [name for name in self.members if name in m.trustees]
        refuse("bad_trustees", when=known != list(m.trustees))
        id_ = tagged("consortia/election", call.network + call.transaction + bytes(8))
        fixed = {
            "id": id_,
            **plain(m),
            "opener": call.member,
            "voters": list(self.members),
            "height": call.height,
            "time": call.time,
        }
        self.open[call.member] = self.open.get(call.member, 0) + 1
        zero = [{"pad": NOTHING, "body": NOTHING} for _ in m.choices]
        nothing = ("key", "root", "sum", "closed", "counts", "failure", "absent", "over")
        progress = {"terms": tagged("consortia/election-terms", encode(fixed)), "status": "preparing"}
        self.held[id_] = Held(fixed, {**progress, "ballots": 0, "sums": zero, **dict.fromkeys(nothing)})

    def commit_key(self, call: Call, m: asked.CommitKey) -> None:
        """A trustee commits."""
        one = self._find(m.election)
        refuse("too_late", when=call.time >= one.times["commit"])
        self._trustee(one, call)
        refuse("already_done", when=call.member in one.trustees)
        self._sound(call, m)
        one.trustees[call.member] = {
            "sealing": m.sealing,
            "committed": m.dealing,
            "dealing": None,
            "accuser": None,
            "height": call.height,
        }

    def open_key(self, call: Call, m: asked.OpenKey) -> None:
        """A trustee opens and deals."""
        one = self._find(m.election)
        refuse("too_early", when=call.time < one.times["commit"])
        refuse("too_late", when=call.time >= one.times["open"])
        self._trustee(one, call)
        refuse("not_committed", when=call.member not in one.trustees)
        own = one.trustees[call.member]
        refuse("already_done", when=own["dealing"] is not None)
        refuse("wrong_shape", when=len(m.shares) != len(one.trustees))
        self._sound(call, m)
        told = plain(m)
        opened = encode([m.election, call.member, told["coefficients"]])
        refuse("not_as_committed", when=tagged("consortia/trustee-dealing", opened) != own["committed"])
        own["dealing"] = {"coefficients": told["coefficients"], "shares": told["shares"]}
        own["height"] = call.height

    def complain(self, call: Call, m: asked.Complain) -> None:
        """A holder shows its share."""
        one = self._find(m.election)
        refuse("too_early", when=call.time < one.times["open"])
        refuse("too_late", when=call.time >= one.times["complain"])
        self._trustee(one, call)
        accused = one.trustees.get(m.dealer)
        refuse("no_share", when=accused is None or call.member not in one.trustees)
        if accused is None or accused["dealing"] is None:
            raise No("no_share")
        refuse("already_done", when=accused["accuser"] is not None)
        self._sound(call, m)
        accused["accuser"], accused["height"] = call.member, call.height

    def begin_voting(self, call: Call, m: asked.BeginVoting) -> None:
        """Complaints are over."""
        one = self._find(m.election)
        refuse("too_early", when=call.time < one.times["complain"])
        refuse("already_done", when=one.progress["status"] != "preparing")
        able = {
            name: [each["point"] for each in own["dealing"]["coefficients"]]
            for name, own in sorted(one.trustees.items())
            if own["dealing"] is not None and own["accuser"] is None
        }
        if len(able) < one.needed:
            self._fail(one, "no_key", call)
            return
        sums = [total(column) for column in zip(*able.values(), strict=True)]
        one.progress["status"] = "voting"
        one.progress["key"] = {"commitments": sums, "qualified": list(able)}

    def cast(self, call: Call, m: asked.Cast) -> None:
        """A member votes."""
        one = self._find(m.election)
        over = one.progress["status"] not in {"preparing", "voting"}
        refuse("too_late", when=over or call.time >= one.times["vote"])
        refuse("too_early", when=one.progress["key"] is None)
        refuse("not_a_voter", when=call.member not in one.fixed["voters"])
        told = plain(m.ballot)
        pairs = [
            tagged("consortia/ballot-ciphertext", each["pad"] + each["body"]) for each in told["choices"]
        ]
        refuse("repeated", when=any(pair in one.seen for pair in pairs))
        self._sound(call, m)
        before = one.kept.get(call.member)
        name = tagged("consortia/ballot", encode(told))
        one.seen |= dict.fromkeys(pairs, call.member)
        one.kept[call.member] = {
            "ballot": told,
            "hash": name,
            "transaction": call.transaction,
            "casts": 1 if before is None else before["casts"] + 1,
            "time": call.time,
        }
        ballots = [kept["ballot"]["choices"] for kept in one.kept.values()]
        one.progress["ballots"] = len(ballots)
        one.progress["sums"] = [
            {part: total([choice[place][part] for choice in ballots]) for part in ("pad", "body")}
            for place in range(len(told["choices"]))
        ]

    def close_voting(self, call: Call, m: asked.CloseVoting) -> None:
        """The time for voting is over."""
        one = self._find(m.election)
        early = call.time < one.times["vote"] or one.progress["status"] == "preparing"
        refuse("too_early", when=early)
        refuse("already_done", when=one.progress["status"] != "voting")
        leaves = {tagged("consortia/voter", name.encode()): kept["hash"] for name, kept in one.kept.items()}
        count, sums = len(one.kept), one.progress["sums"]
        one.progress |= {"status": "opening", "root": root(leaves), "closed": call.height}
        if count < 5:
            self._fail(one, "too_few_ballots", call)
            return
        parts = [m.election, count, one.progress["root"], sums]
        one.progress["sum"] = tagged("consortia/ballot-sum", encode(parts))

    def decrypt(self, call: Call, m: asked.Decrypt) -> None:
        """A trustee decrypts."""
        one = self._find(m.election)
        late = call.time >= one.times["decrypt"] or one.progress["failure"] is not None
        refuse("too_late", when=late)
        refuse("too_early", when=one.progress["sum"] is None)
        self._trustee(one, call)
        refuse("already_done", when=call.member in one.parts)
        refuse("other_sum", when=m.sum != one.progress["sum"])
        self._sound(call, m)
        one.parts[call.member] = {"partial": plain(m.partial), "height": call.height}
        if len(one.parts) == one.needed:
            votes = [self.votes[kept["hash"]] for kept in one.kept.values()]
            counts = [votes.count(place) for place in range(len(one.fixed["choices"]))]
            one.progress |= {"status": "decided", "counts": counts}

    def end_election(self, call: Call, m: asked.EndElection) -> None:
        """The time for decrypting is over."""
        one = self._find(m.election)
        early = call.time < one.times["decrypt"] or one.progress["status"] in {"preparing", "voting"}
        refuse("too_early", when=early)
        refuse("already_done", when=one.progress["over"] is not None)
        one.progress["absent"] = [name for name in one.fixed["trustees"] if name not in one.parts]
        if one.progress["counts"] is None:
            self._fail(one, "too_few_parts", call)
        else:
            self._end(one, call)

    def broken(self, before: dict[tuple[object, ...], Plain]) -> Iterator[str]:
        """Promises that the step from `before` breaks."""
        for key, row in before.items():
            now = self.entries().get(key)
            if now is None or (key[0] in {"elections", "seen", "parts"} and now != row):
                yield f"an entry of {key[0]} is gone, or another"
            elif key[0] == "progress" and row["counts"] is not None and now["counts"] != row["counts"]:
                yield "a count changed"

    # ------------------------------------------------------------------ small things

    def _find(self, election: bytes) -> Held:
        refuse("no_election", when=election not in self.held)
        return self.held[election]

    def _trustee(self, one: Held, call: Call) -> None:
        refuse("not_a_trustee", when=call.member not in one.fixed["trustees"])

    def _sound(self, call: Call, message: Record) -> None:
        """Refuse for the fault that a message was made with; what nobody made is not proved."""
        data = encode(message)
        fault = self.made.get((call.member, data), self.spoilt.get(data, "bad_proof"))
        refuse(fault, when=fault)

    def _fail(self, one: Held, why: str, call: Call) -> None:
        one.progress |= {"status": "failed", "failure": why}
        self._end(one, call)

    def _end(self, one: Held, call: Call) -> None:
        one.progress["over"] = call.height
        self.open[one.fixed["opener"]] -= 1


def plain(record: Record) -> Plain:
    """A record as plain values, every sequence a list."""
    found: Plain = listed(to_builtins(record, builtin_types=(bytes,)))
    return found


def listed(value: Any) -> Any:  # noqa: ANN401 (any plain value)
    """Plain values with every sequence a list."""
    if isinstance(value, dict):
        return {name: listed(each) for name, each in value.items()}
    return [listed(each) for each in value] if isinstance(value, list | tuple) else value


def total(points: "list[bytes] | tuple[bytes, ...]") -> bytes:
    """The sum of encoded points, by plain arithmetic."""
    found: Point = NEUTRAL
    for each in points:
        one = decoded(each)
        if one is None:
            raise ValueError("not a point")
        found = plus(found, one)
    return encoded(found)
