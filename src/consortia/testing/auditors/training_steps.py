# Long because the auditor says of every step, in one place, how it ends and what follows
"""How the auditor of training lets a step of a round end, and what follows."""

from collections.abc import Iterable

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged
from consortia.base.sealing import public_of
from consortia.base.shares import seed_hash
from consortia.exact.shamir import ShamirError, recover
from consortia.testing.auditors import Plain, Said
from consortia.testing.auditors.training_roll import graph_seed
from consortia.testing.auditors.training_sums import Sums, is_telling

DOES = {
    "keys": "keys",
    "shares": "dealing",
    "seal": "seal",
    "submit": "submission",
    "reveal": "revealed",
    "commit": "result",
    "open": "result",
}
"""In which table stands what is done in a step."""

MISSING = "members were missing"
APART = "its sum would set too few members apart"
"""Why a try is given up."""


class Steps(Sums):
    """From step to step, from try to try, from round to round."""

    # Tries.

    def begin(self, said: Said, study: bytes) -> None:
        """Another try begins, of the round and with the number that the progress names."""
        progress, terms = self.progress[study], self.studies[study]["terms"]
        index, attempt = progress["index"], progress["attempt"]
        paid = self.paid(study, index, attempt)
        for name, part in sorted(self.parts[study].items()):
            if part["until"] is None and not self.stays(study, name, paid):
                part["until"] = index
                self.tell("member_left", study=study, member=name, index=index)
        there = [name for name in sorted(self.parts[study]) if self.takes_part(study, name)]
        members = [name for name in there if name not in progress["excluded"]]
        if len(members) < terms["quorum"]:
            left = f"{len(members)} members are left of a quorum of {terms['quorum']}"
            return self.abort(study, f"before round {index + 1}, {left}")
        mode = self.stage_of(study, index)[1]["mode"]
        masked = mode == "masked"
        this = self.fresh(study, members)
        self.rounds[study, index, attempt] = this
        progress["round"] = this["id"]
        early = [name for name in members if name in self.did("keys", this)]
        absent = {name for name in members if self.parts[study][name]["absent"]}
        begun = attempt and self.rounds[study, index, attempt - 1]["step"] != "seal"
        first = {"masked": "keys", "sealed": "submit" if begun else "seal", "open": "submit"}[mode]
        self.wait(said, this, first)
        ahead = attempt == 0 and set(members) - absent <= set(early) and len(early) >= terms["quorum"]
        if masked and ahead:
            self.key(said, this, early)
        return self.tell(
            "round_started",
            study=study,
            round=this["id"],
            index=index,
            attempt=attempt,
            deadline=this["deadline"],
        )

    def fresh(self, study: bytes, members: list[str]) -> Plain:
        """A try that nobody has done anything in."""
        progress = self.progress[study]
        index, attempt = progress["index"], progress["attempt"]
        number, stage = self.stage_of(study, index)
        masked = stage["mode"] == "masked"
        joined = sum(self.parts[study][name]["records"] for name in members)
        return {
            "id": self.round_id(study, index, attempt),
            "study": study,
            "stage": number,
            "index": index,
            "attempt": attempt,
            "members": members,
            "records": self.rounds[study, index, 0]["records"] if attempt else joined,
            "state": progress["state"],
            "status": "open",
            "keyed": [],
            "graph": None,
            "group": stage["group"] if masked else 0,
            "dealers": [],
            "cohort": [],
            "cohort_records": 0,
            "outcome": None,
            "differing": [],
            "missing": [],
        }

    def stays(self, study: bytes, name: str, paid: Iterable[str] = ()) -> bool:
        """Whether who takes part will be in the next try; some may have paid for its sum."""
        part, price = self.parts[study][name], self.cost(study, self.progress[study]["index"])
        there = name in self.identity.present() and not part["leaving"]
        can = self.can_pay(part["dataset"], price) or (price and name in paid)
        return bool(there and self.open_to(study, name) and can)

    def key(self, said: Said, this: Plain, keyed: list[str]) -> None:
        """Whose keys count is fixed."""
        this["keyed"] = keyed
        this["graph"] = graph_seed(this["id"], self.did("keys", this), keyed)
        self.wait(said, this, "shares")

    def wait(self, said: Said, this: Plain, step: str) -> None:
        """A step begins."""
        terms = self.studies[this["study"]]["terms"]
        long = terms["deadlines"]["submit" if step in {"seal", "submit"} else "result"]
        this.update(step=step, height=said.at.height, time=said.at.time, deadline=said.at.time + long)

    def abort(self, study: bytes, reason: str) -> None:
        """A study ends without a model."""
        self.progress[study].update(status="aborted", round=None, reason=reason)
        self.tell("study_aborted", study=study, reason=reason)

    def give_up(self, said: Said, this: Plain, missing: Iterable[str], why: str = MISSING) -> None:
        """A try is given up."""
        study, named = this["study"], sorted(missing)
        this.update(status="aborted", missing=named)
        self.forget(this)
        self.absent(said, this, named)
        self.tell("round_aborted", study=study, round=this["id"], step=this["step"], missing=named)
        progress = self.progress[study]
        if progress["attempt"] >= self.studies[study]["terms"]["retries"]:
            return self.abort(study, f"round {this['index'] + 1}, try {this['attempt'] + 1}: {why}")
        progress["attempt"] += 1
        return self.begin(said, study)

    def fault(self, said: Said, this: Plain, dealers: list[str]) -> None:
        """Dealers are shown to have dealt falsely."""
        progress = self.progress[this["study"]]
        progress["faulted"] = sorted({*progress["faulted"], *dealers})
        self.exclude(said, this, dealers, "dealer_faulted")

    def exclude(self, said: Said, this: Plain, dealers: list[str], event: str) -> None:
        """Dealers are in no further try of the round."""
        progress = self.progress[this["study"]]
        progress["excluded"] = sorted({*progress["excluded"], *dealers})
        for dealer in dealers:
            self.tell(event, study=this["study"], round=this["id"], dealer=dealer)
        self.give_up(said, this, dealers)

    def accused(self, this: Plain) -> list[str]:
        """The dealers of whom a complaint waits for an answer."""
        content, held = self.did("submission", this), self.complaints.get(this["id"], {})
        waits = [case for case, one in held.items() if one["answer"] is None and case[1] not in content]
        return sorted({dealer for dealer, _ in waits})

    def forget(self, this: Plain) -> None:
        """Shares are of no use any more."""
        for table in ("dealing", "revealed"):
            self.kept[table][this["id"]] = {}
        self.complaints[this["id"]] = {}

    def absent(self, said: Said, this: Plain, names: Iterable[str]) -> None:
        """Nobody waits for these any more; who was waited for in vain before may come back only later."""
        for name in names:
            part = self.parts[this["study"]][name]
            if not part["absent"]:
                step = this["deadline"] - this["time"]
                later = said.at.time + (2 ** min(part["missed"], 20) - 1) * step
                part.update(absent=True, missed=part["missed"] + 1, back_from=later)

    # Steps.

    def awaited(self, this: Plain) -> list[str]:
        """Whose turn it is, absent or not."""
        members, cohort = this["members"], this["cohort"]
        most = cohort if 3 * len(cohort) > 2 * len(members) else members
        masked = this["graph"] is not None
        found: list[str] = {
            "keys": members,
            "shares": this["keyed"],
            "seal": members,
            "submit": this["dealers"] if masked else self.showing(this),
            "reveal": this["dealers"],
            "commit": most,
            "open": sorted(self.did("result", this)),
        }[this["step"]]
        return found

    def showing(self, this: Plain) -> list[str]:
        """Whose updates a round without masks takes: everybody's, or those that were sealed."""
        if self.stage_of(this["study"], this["index"])[1]["mode"] != "sealed":
            found: list[str] = this["members"]
            return found
        return [name for name in this["members"] if name in self.seals(this)]

    def seals(self, this: Plain) -> Plain:
        """What was sealed in a round, in any of its tries."""
        return self.did("seal", self.rounds[this["study"], this["index"], 0])

    def did_it(self, this: Plain) -> list[str]:
        """Who has done the step."""
        held = self.did(DOES[this["step"]], this)
        if this["step"] == "seal":
            return [name for name in this["members"] if name in self.seals(this)]
        return sorted(
            name for name, entry in held.items() if this["step"] != "open" or entry["opened"] is not None
        )

    def enough(self, this: Plain) -> int:
        """How many must have done the step before it ends by itself."""
        quorum: int = self.studies[this["study"]]["terms"]["quorum"]
        return 2 * len(this["members"]) // 3 + 1 if this["step"] == "commit" else quorum

    def goes_on(self, said: Said, this: Plain) -> None:
        """The step ends by itself, if it is over."""
        if this["step"] == "open":
            return
        if this["step"] == "reveal":
            if all(self.gives(this, name) for name in self.concerned(this)):
                self.lift(said, this)
            return
        did = set(self.did_it(this))
        absent = {name for name, part in self.parts[this["study"]].items() if part["absent"]}
        if this["step"] != "commit":
            absent -= self.paid(this["study"], this["index"], this["attempt"])
        waits = set(self.awaited(this)) - absent - did
        if not waits and not self.accused(this) and len(did) >= self.enough(this):
            self.end(said, this)

    def end(self, said: Said, this: Plain) -> None:
        """The step is over: by itself, or closed at its deadline."""
        did = self.did_it(this)
        missing = [name for name in self.awaited(this) if name not in did]
        match this["step"]:
            case "keys":
                self.absent(said, this, missing)
                keyed = [name for name in did if name in this["members"]]
                if len(keyed) < self.enough(this):
                    return self.give_up(said, this, missing)
                return self.key(said, this, keyed)
            case "shares":
                self.absent(said, this, missing)
                dealers = self.dealers_of(this, did)
                if dealers is None:
                    return self.give_up(said, this, missing, MISSING if missing else APART)
                this["dealers"] = dealers
                return self.wait(said, this, "submit")
            case "seal":
                if len(did) < self.enough(this):
                    return self.give_up(said, this, missing)
                self.absent(said, this, missing)
                return self.wait(said, this, "submit")
            case "submit":
                if accused := self.accused(this):
                    return self.exclude(said, this, accused, "dealer_silent")
                self.absent(said, this, missing)
                return self.fix(said, this, did, missing)
            case "commit":
                self.absent(said, this, missing)
                if len(did) < self.enough(this):
                    return self.give_up(said, this, missing)
                return self.wait(said, this, "open")
        return self.give_up(said, this, missing)

    # The cohort.

    def fix(self, said: Said, this: Plain, did: list[str], missing: list[str]) -> None:
        """The updates are in: whose count, and whether their sum may be asked for."""
        study, quorum = this["study"], self.studies[this["study"]]["terms"]["quorum"]
        price = self.cost(study, this["index"])
        paying = [name for name in did if self.pays(study, name, price)]
        unpaid = [name for name in self.awaited(this) if name not in paying]
        if this["graph"] is None:
            if len(paying) < quorum:
                return self.give_up(said, this, unpaid)
            return self.fixed(said, this, paying, "commit")
        asked = self.asked.get(self.query(this), [])
        why = MISSING if unpaid else APART
        if self.repeats(this):
            if did != this["dealers"]:
                return self.give_up(said, this, missing)
            return self.fixed(said, this, did, "reveal")
        cohort = self.counting(this, paying)
        new = self.asking(this, cohort)
        after = [dict(one) for one in asked]
        for one in new:
            known = [old for old in after if (old["members"], old["data"]) == (one["members"], one["data"])]
            for old in known:
                old["quorum"] = max(old["quorum"], one["quorum"])
            after += [] if known else [one]
        unsafe = len(after) > 32 or is_telling(asked, new, self.progress[study]["faulted"])
        if len(cohort) < quorum or unsafe:
            return self.give_up(said, this, unpaid, why)
        self.asked[self.query(this)] = after
        self.fixed(said, this, cohort, "reveal")
        return self.charge(this, price)

    def pays(self, study: bytes, name: str, price: int) -> bool:
        """Whether a member can pay for being in a sum."""
        return self.can_pay(self.parts[study][name]["dataset"], price)

    def fixed(self, said: Said, this: Plain, cohort: list[str], step: str) -> None:
        """The cohort stands."""
        missing = [name for name in this["members"] if name not in cohort]
        records = sum(self.parts[this["study"]][name]["records"] for name in cohort)
        this.update(cohort=cohort, cohort_records=records, missing=missing)
        self.wait(said, this, step)
        self.tell("cohort_fixed", study=this["study"], round=this["id"], cohort=len(cohort), missing=missing)

    def charge(self, this: Plain, price: int) -> None:
        """Every population of the cohort pays."""
        if not price:
            return
        study = this["study"]
        for name in this["cohort"]:
            for population in self.populations(self.parts[study][name]["dataset"]) or []:
                held = self.budget(population)
                self.budgets[population] = {**held, "spent": held["spent"] + price}
                entry = {"study": study, "round": this["id"], "population": population, "cost": price}
                self.tell("budget_charged", **entry)
        self.progress[study]["charged"] += price

    # The secrets.

    def gives(self, this: Plain, dealer: str) -> dict[int, bytes] | None:
        """The shares that give a dealer's secret, by point; None where they are too few."""
        shares = {
            this["keyed"].index(holder) + 1: one["share"]
            for holder, revealed in self.did("revealed", this).items()
            for one in revealed["shares"]
            if one["dealer"] == dealer
        }
        least = sorted(shares)[: self.needed(this, dealer)]
        return {point: shares[point] for point in least} if len(least) == self.needed(this, dealer) else None

    def lift(self, said: Said, this: Plain) -> None:
        """Secrets stand, or show who dealt falsely."""
        found: dict[str, Plain] = {}
        for dealer in self.concerned(this):
            kind = "seed" if dealer in this["cohort"] else "key"
            value = self.secret(this, dealer, kind)
            if value is not None:
                found[dealer] = {"kind": kind, "value": value}
        false = [dealer for dealer in self.concerned(this) if dealer not in found]
        if false:
            return self.fault(said, this, false)
        self.forget(this)
        self.kept["secret"][this["id"]] = found
        return self.wait(said, this, "commit")

    def secret(self, this: Plain, dealer: str, kind: str) -> bytes | None:
        """What the shares give, if it is what the dealer's keys fixed."""
        try:
            value = recover(self.gives(this, dealer) or {}, self.needed(this, dealer))
        except ShamirError:
            return None
        keys = self.did("keys", this)[dealer]
        try:
            true = (
                seed_hash(this["id"], dealer, value) == keys["seed"]
                if kind == "seed"
                else public_of(value) == keys["masking"]
            )
        except Malformed:
            return None
        return value if true else None

    # The outcome.

    def judge_outcome(self, said: Said, this: Plain, outcome: Plain) -> None:
        """After an opening: final, disputed, or neither."""
        results = self.did("result", this)
        enough = 2 * len(this["members"]) // 3 + 1
        agree = [name for name in sorted(results) if self.committed_to(this, name, outcome)]
        if len(agree) >= enough:
            differing = [name for name in sorted(results) if name not in agree]
            ends = self.void if outcome["state"] == bytes(32) else self.final
            return ends(said, this, outcome, differing)
        opened = [entry["opened"] for entry in results.values() if entry["opened"] is not None]
        dark = [name for name in results if not any(self.committed_to(this, name, one) for one in opened)]
        most = max(sum(self.committed_to(this, name, one) for name in results) for one in opened)
        if len(dark) < enough and most < enough:
            this["status"] = "disputed"
            told = [name for name in sorted(results) if results[name]["opened"] is not None]
            self.tell("result_disputed", study=this["study"], round=this["id"], opened=told)
            self.abort(this["study"], f"the results of round {this['index'] + 1} differ; see its evidence")
        return None

    def committed_to(self, this: Plain, name: str, outcome: Plain) -> bool:
        """Whether a member's commitment is that of an outcome."""
        said = this["id"] + name.encode("ascii") + outcome["sum"] + outcome["state"]
        commitment = self.did("result", this)[name]["commitment"]
        return bool(commitment == tagged("consortia/result", said))

    def void(self, said: Said, this: Plain, outcome: Plain, differing: list[str]) -> None:
        """Two thirds agree that the sum leads nowhere: nobody is missing, and the round is tried again."""
        study, this["differing"] = this["study"], differing
        for name in differing:
            self.tell("result_differs", study=study, round=this["id"], member=name)
        self.tell("round_void", study=study, round=this["id"], sum=outcome["sum"])
        many = len(this["cohort"])
        self.give_up(said, this, [], f"nothing lawful has this sum: of {many} members one sent nonsense")

    def final(self, said: Said, this: Plain, outcome: Plain, differing: list[str]) -> None:
        """A round is final; the next begins."""
        study, progress = this["study"], self.progress[this["study"]]
        this.update(status="final", outcome=outcome, differing=differing)
        for name in differing:
            self.tell("result_differs", study=study, round=this["id"], member=name)
        chain = progress["history"] + this["id"] + outcome["sum"] + outcome["state"]
        progress.update(
            state=outcome["state"], index=this["index"] + 1, attempt=0, round=None, excluded=[], faulted=[]
        )
        progress["sums"] = tagged("consortia/sums", progress["sums"] + outcome["sum"])
        progress["contributors"] = sorted({*progress["contributors"], *this["cohort"]})
        progress["history"] = tagged("consortia/history", chain)
        self.tell("round_final", study=study, round=this["id"], index=this["index"], **outcome)
        if progress["index"] < self.count_rounds(study):
            self.begin(said, study)
