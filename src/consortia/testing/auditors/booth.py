# Long because the good faith of each step stands beside its attacks
"""A booth: random elections and named attacks on a real machine, every answer and effect foretold.

    booth = Booth(7)
    while booth.moves < 200:
        booth.move()

`press` names a refusal whose attacks are tried above all others; with `at`, only while that step is due, and
all before it is done in good faith.
"""

from collections.abc import Callable
from copy import deepcopy
from random import Random

from msgspec.structs import replace

from consortia.base.codec import Record, encode
from consortia.base.group import GENERATOR, add, write_scalar
from consortia.exact.elgamal import Proof
from consortia.kernel.block import Block
from consortia.kernel.machine import Tip
from consortia.modules.ballots import messages as ask
from consortia.modules.ballots.state import TABLES
from consortia.modules.ballots.types import Times
from consortia.testing.auditors import Found
from consortia.testing.auditors.ballots import Ballots, Call, Held, listed, plain
from consortia.testing.elections import TORSION, ZERO, Trust, cast, forged, respelt
from consortia.testing.machine import Bench

STEP = 30_000
_ROOT = bytes(32)
PLAIN_FAULTS = frozenset({"bad_point", "bad_scalar", "zero_scalar", "wrong_shape", "repeated"})
"""What is seen before a proof is looked at, whoever signs."""

ANY_ROLE = ("node", "operator", "analyst", "worker", "trustee")
Move = tuple[str, str, Record]
"""Who, in which role, says what."""


class Booth:
    """One seed's elections."""

    def __init__(self, seed: int, press: str = "", at: str = "") -> None:
        """Found a network of five to seven, now and then of four, who can hold no election."""
        self.rng, self.press, self.at, self._hot = Random(seed), press, at, True
        few = press == "bad_voters" or self.rng.random() < 0.03
        self.bench = Bench(4 if few else self.rng.choice((5, 5, 6, 7)))
        self.names = tuple(sorted(self.bench.parties))
        self.auditor = Ballots(self.names)
        self.moves, self.codes = 0, set[str]()
        self._before = self.auditor.entries()
        self._salt = 0
        self._lies: set[tuple[bytes, str, str]] = set()
        self._decided: set[tuple[bytes, str]] = set()
        self._past: list[Move] = []

    def move(self) -> None:
        """Try one move, and compare the answer and all that came of it."""
        who, role, message = self._draw()
        self._past.append((who, role, message))
        bench = self.bench
        raw = bench.sign(who, role, message)
        block = Block(bench.tip.height + 1, bench.time, (raw,))
        result = bench.machine.execute(bench.state, bench.tip, block, lambda _changes: _ROOT)
        bench.state.update(result.changes)
        bench.tip = Tip(block.height, block.time, bench.tip.size + len(result.leaves), _ROOT, _ROOT)
        bench._signed.clear()  # noqa: SLF001 (a bench without roots)
        (receipt,) = result.receipts
        call = Call(who, receipt.transaction, bench.network, block.height, block.time)
        foretold = self.auditor.judge(call, message)
        self.moves += 1
        self.codes.add(receipt.code)
        if receipt.code != foretold:
            what = type(message).__name__
            raise Found(f"move {self.moves}, {what} of {who}: {receipt.code}, foretold {foretold}")
        self._compare()
        self._go_on()

    def _compare(self) -> None:
        now: dict[tuple[object, ...], object] = {}
        ctx = self.bench.context()
        for table in TABLES:
            for key, record in table.scan(ctx):
                now[table.name, *key] = plain(record)
        foretold = {key: listed(row) for key, row in self.auditor.entries().items()}
        if now != foretold:
            keys = [key for key in {**now, **foretold} if now.get(key) != foretold.get(key)]
            raise Found(
                f"after move {self.moves}, {keys[0]}: {now.get(keys[0])}, not {foretold.get(keys[0])}"
            )
        for promise in self.auditor.broken(self._before):
            raise Found(f"after move {self.moves}: {promise}")
        if self.moves % 20 == 0:
            for violation in self.bench.machine.violations(self.bench.state, self.bench.tip):
                raise Found(f"after move {self.moves}: {violation}")
        self._before = deepcopy(foretold)

    def _go_on(self) -> None:
        """Let some time pass: to the very end of a step, to just before it, or a little."""
        now = self.bench.time
        ends = sorted({end for one in self.auditor.held.values() for end in one.times.values() if end > now})
        live = [one for one in self.auditor.held.values() if one.progress["over"] is None]
        idle = bool(live) and all(self._is_done(one) for one in live)
        hasty = 0.07 if not self.at or self.press in {"not_committed", "no_share"} else 0.01
        if ends and self.rng.random() < (0.6 if idle else hasty):
            self.bench.time = ends[0] - self.rng.choice((0, 0, 0, 1))
        else:
            self.bench.time = now + self.rng.choice((0, 1, 10))

    def _is_done(self, one: Held) -> bool:
        """Whether everybody has done what is due now."""
        dealt = [own for own in one.trustees.values() if own["dealing"] is not None]
        left = {
            "commit": len(one.fixed["trustees"]) - len(one.trustees),
            "open": len(one.trustees) - len(dealt),
            "vote": len(one.fixed["voters"]) - len(one.kept),
            "decrypt": len(one.fixed["trustees"]) - len(one.parts),
        }
        due = self._due(one)
        return due == "complain" or (due in left and left[due] <= 0)

    # ------------------------------------------------------------------ moves

    def _draw(self) -> Move:
        if self._past and self._hot and self.rng.random() < (0.5 if self.press == "already_done" else 0.04):
            who, role, message = self.rng.choice(self._past[-12:])
            return (self.rng.choice(self.names) if self.rng.random() < 0.4 else who), role, message
        live = [one for one in self.auditor.held.values() if one.progress["over"] is None]
        if live and len(self.names) >= 5 and "meadow" not in self.names and self._often("not_a_voter", 0.01):
            self._admit("meadow")
        if self._often("no_election", 0.02):
            kinds = (ask.BeginVoting, ask.CloseVoting, ask.EndElection)
            return self._step(self.rng.choice(kinds)(bytes(32)))
        room = 9 if self.press == "too_many" else 2
        if not live or (len(live) < room and self.rng.random() < (0.9 if room == 9 else 0.08)):
            return self._open()
        over = [one for one in self.auditor.held.values() if one.progress["over"] is not None]
        one = self.rng.choice(over) if over and self.rng.random() < 0.06 else self.rng.choice(live)
        acts: dict[str, Callable[[Held], Move]] = {
            "commit": self._commit,
            "open": self._deal,
            "complain": self._complain,
            "begin": lambda held: self._step(ask.BeginVoting(held.fixed["id"])),
            "vote": self._vote,
            "close": lambda held: self._step(ask.CloseVoting(held.fixed["id"])),
            "decrypt": self._decrypt,
            "end": lambda held: self._step(ask.EndElection(held.fixed["id"])),
        }
        due = self._due(one)
        self._hot = self.at in {"", due} or self.press in {"too_early", "too_late"}
        odd = 0.5 if self.press in {"too_early", "too_late", "already_done", "no_share"} else 0.1
        step = self.rng.choice(list(acts)) if self._hot and self.rng.random() < odd else due
        return acts[self.at if step != due and self.at and self.rng.random() < 0.5 else step](one)

    def _due(self, one: Held) -> str:
        now, times, status = self.bench.time, one.times, one.progress["status"]
        if status == "preparing":
            for name in ("commit", "open", "complain"):
                if now < times[name]:
                    return name
            return "begin"
        if status == "voting":
            return "vote" if now < times["vote"] else "close"
        return "decrypt" if now < times["decrypt"] else "end"

    def _fault(self, *faults: str) -> str:
        """One of these faults: often what is pressed for, mostly none."""
        if not self._hot:
            return ""
        pressed = [fault for fault in faults if fault.split("/")[0] == self.press]
        if pressed and self.rng.random() < 0.5:
            return self.rng.choice(pressed)
        return self.rng.choice(faults) if self.rng.random() < 0.15 else ""

    def _often(self, refusal: str, seldom: float) -> bool:
        """Whether it happens this time: often where that refusal is pressed for."""
        return self.rng.random() < (0.3 if self.press == refusal else seldom)

    def _admit(self, name: str) -> None:
        """Let an organisation join, who is no voter of what is open already."""
        self.bench.admit_member(name)
        self.names = tuple(sorted((*self.names, name)))
        self.auditor.members = self.names

    def _know(self, who: str, message: Record, fault: str) -> Record:
        word = fault.split("/", maxsplit=1)[0]
        self.auditor.made[who, encode(message)] = word
        if word in PLAIN_FAULTS:
            self.auditor.spoilt[encode(message)] = word
        return message

    def _open(self) -> Move:
        rng, now = self.rng, self.bench.time
        fault = self._fault(
            "bad_choices",
            "bad_times/past",
            "bad_times/still",
            "bad_times/far",
            "bad_trustees/order",
            "bad_trustees/nobody",
        )
        count = rng.choice((3, 4, 4))
        trustees = sorted(rng.sample(self.names, min(count, len(self.names))))
        choices = ("yes", "no", "abstain")[: rng.choice((2, 3))]
        ends = [now + STEP * number for number in range(1, 6)]
        match fault:
            case "bad_choices":
                choices = (*choices, "yes")
            case "bad_times/past":
                ends = [end - STEP for end in ends]
            case "bad_times/still":
                ends[3] = ends[2]
            case "bad_times/far":
                ends[4] = now + 90 * 24 * 3600 * 1000 + 1
            case "bad_trustees/order":
                trustees.reverse()
            case "bad_trustees/nobody":
                trustees[-1] = "zebra"
        about = bytes([rng.randrange(256)]) * 32
        who = self.names[0] if self.press == "too_many" else rng.choice(self.names)
        return who, "admin", ask.OpenElection(about, "Shall we?", choices, tuple(trustees), Times(*ends))

    def _trust(self, one: Held) -> Trust:
        key = one.progress["key"]
        return Trust(
            one.fixed["id"], tuple(one.fixed["trustees"]), () if key is None else tuple(key["qualified"])
        )

    def _member(self, one: Held, *, done: object = ()) -> str:
        """Mostly a trustee that has not done its part, sometimes any, or one that is none."""
        trustees = one.fixed["trustees"]
        left = [name for name in trustees if name not in set(done)]  # type: ignore[call-overload]
        others = [name for name in self.names if name not in trustees]
        if others and self._hot and self._often("not_a_trustee", 0.05):
            return self.rng.choice(others)
        chosen: str = self.rng.choice(left if left and self.rng.random() < 0.9 else trustees)
        return chosen

    def _commit(self, one: Held) -> Move:
        id_, who = one.fixed["id"], self._member(one, done=one.trustees)
        name = who if who in one.fixed["trustees"] else one.fixed["trustees"][0]
        trust = self._trust(one)
        key, proof = trust.sealing(name)
        fault = self._fault("bad_point", "bad_proof", "bad_scalar", "zero_scalar", "not_as_committed")
        dealing = trust.commitment(name)
        match fault:
            case "bad_point":
                key = TORSION
            case "bad_proof":
                key = add(key, GENERATOR)
            case "bad_scalar":
                proof = Proof(proof.challenge, respelt(proof.response))
            case "zero_scalar":
                proof = Proof(ZERO, proof.response)
            case "not_as_committed":
                dealing, fault = bytes(32), ""  # it shows when it opens
        message = ask.CommitKey(id_, key, proof, dealing)
        return who, self.rng.choice(("trustee", "worker")), self._know(name, message, fault)

    def _deal(self, one: Held) -> Move:
        dealt = [name for name, own in one.trustees.items() if own["dealing"] is not None]
        id_, who = one.fixed["id"], self._member(one, done=dealt)
        name = who if who in one.fixed["trustees"] else one.fixed["trustees"][0]
        trust, holders = self._trust(one), sorted(one.trustees)
        if (id_, name) not in self._decided:
            self._decided.add((id_, name))
            lied = [holder for holder in one.fixed["trustees"] if self.rng.random() < 0.06]
            self._lies |= {(id_, name, holder) for holder in lied}
        shares = [trust.sealed(name, each, wrong=(id_, name, each) in self._lies) for each in holders]
        found = list(trust.coefficients(name))
        first = found[0]
        fault = self._fault(
            "wrong_shape/short",
            "wrong_shape/holder",
            "bad_point/share",
            "bad_point",
            "bad_scalar",
            "zero_scalar",
            "bad_proof",
        )
        match fault:
            case "wrong_shape/short":
                found.pop()
            case "wrong_shape/holder":
                shares = shares[1:]
            case "bad_point/share":
                shares = [replace(each, key=TORSION) for each in shares]
                fault = fault if shares else ""
            case "bad_point":
                found[0] = replace(first, point=TORSION)
            case "bad_scalar":
                found[0] = replace(first, proof=Proof(respelt(first.proof.challenge), first.proof.response))
            case "zero_scalar":
                found[0] = replace(first, proof=Proof(first.proof.challenge, ZERO))
            case "bad_proof":
                found[0] = replace(first, proof=found[1].proof)
        if not shares:
            return self._step(ask.BeginVoting(id_))
        message = ask.OpenKey(id_, tuple(found), tuple(shares))
        return who, "trustee", self._know(name, message, fault)

    def _complain(self, one: Held) -> Move:
        id_, who = one.fixed["id"], self._member(one)
        name = who if who in one.fixed["trustees"] else one.fixed["trustees"][0]
        lied = sorted(dealer for at, dealer, holder in self._lies if at == id_ and holder == name)
        dealer = (
            self.rng.choice(lied)
            if lied and self.rng.random() < 0.7
            else self.rng.choice(one.fixed["trustees"])
        )
        trust = self._trust(one)
        lie = (id_, dealer, name) in self._lies
        shared, proof = trust.complaint(dealer, name, trust.sealed(dealer, name, wrong=lie))
        fault = self._fault("bad_proof", "bad_point", "zero_scalar", "bad_scalar")
        match fault:
            case "bad_proof":
                shared = add(shared, GENERATOR)
            case "bad_point":
                shared = TORSION
            case "zero_scalar":
                proof = Proof(proof.challenge, ZERO)
            case "bad_scalar":
                proof = Proof(proof.challenge, respelt(proof.response))
        message = ask.Complain(id_, dealer, shared, proof)
        return who, "worker", self._know(name, message, fault or ("" if lie else "share_fits"))

    def _step(self, message: Record) -> Move:
        return self.rng.choice(self.names), self.rng.choice(ANY_ROLE), message

    def _vote(self, one: Held) -> Move:
        id_, rng = one.fixed["id"], self.rng
        left = [name for name in one.fixed["voters"] if name not in one.kept]
        who = rng.choice(left if left and rng.random() < 0.85 else one.fixed["voters"])
        who = "meadow" if "meadow" in self.names and self._often("not_a_voter", 0.03) else who
        trust, key = self._trust(one), one.progress["key"]
        terms = trust.terms(
            self.bench.network, one.fixed["subject"], one.fixed["voters"], one.fixed["choices"]
        )
        chosen, self._salt = rng.randrange(len(terms.choices)), self._salt + 1
        made = cast(terms, who, chosen, self._salt)
        first, rest = made.choices[0], made.choices[1:]
        fault = self._fault(
            "wrong_shape",
            "bad_point",
            "bad_scalar",
            "zero_scalar",
            "repeated",
            "bad_proof/two",
            "bad_proof/more",
            "bad_proof/elsewhere",
        )
        match fault:
            case "wrong_shape":
                made = replace(made, choices=(*made.choices, first))
            case "bad_point":
                made = replace(made, choices=(replace(first, pad=TORSION), *rest))
            case "bad_scalar":
                made = replace(made, choices=(replace(first, zero=respelt(first.zero)), *rest))
            case "zero_scalar":
                made = replace(made, proof=Proof(made.proof.challenge, ZERO))
            case "repeated":
                made = replace(made, choices=(first, first, *rest[1:]))
            case "bad_proof/two":
                made = forged(terms, who, (1, 1, 0)[: len(terms.choices)])
                fault = fault if len(terms.choices) > 1 else ""
            case "bad_proof/more":
                made = replace(made, choices=(replace(first, body=add(first.body, GENERATOR)), *rest))
            case "bad_proof/elsewhere":
                made = cast(
                    terms, rng.choice([name for name in self.names if name != who]), chosen, self._salt
                )
        message = ask.Cast(id_, made)
        if key is not None:
            self._know(who, message, fault)
            self.auditor.votes[made.hash()] = chosen
        return who, rng.choice(("admin", "approver")), message

    def _decrypt(self, one: Held) -> Move:
        id_, who = one.fixed["id"], self._member(one, done=one.parts)
        name = who if who in one.fixed["trustees"] else one.fixed["trustees"][0]
        trust, key = self._trust(one), one.progress["key"]
        terms = trust.terms(
            self.bench.network, one.fixed["subject"], one.fixed["voters"], one.fixed["choices"]
        )
        about = one.progress["sum"] or bytes(32)
        sums = self.bench.query("ballots.election", election=id_).progress.sums
        fault = self._fault("other_sum", "wrong_shape", "bad_point", "bad_scalar", "zero_scalar", "bad_proof")
        part = trust.partial(terms, about, name, sums)
        match fault:
            case "other_sum":
                about = write_scalar(7)
            case "wrong_shape":
                part = replace(part, shares=part.shares[1:])
            case "bad_point":
                part = replace(part, shares=(TORSION, *part.shares[1:]))
            case "bad_scalar":
                part = replace(part, proof=Proof(part.proof.challenge, respelt(part.proof.response)))
            case "zero_scalar":
                part = replace(part, proof=Proof(ZERO, part.proof.response))
            case "bad_proof":
                part = replace(part, shares=(add(part.shares[0], GENERATOR), *part.shares[1:]))
        message = ask.Decrypt(id_, about, part)
        if key is not None:
            self._know(name, message, fault)
        return who, "trustee", message
