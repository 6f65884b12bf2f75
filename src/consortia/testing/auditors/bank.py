# Long because every message of the bank is foretold by one method of one model
"""The auditor of the bank: who holds what, what waits for what, and to whom it goes."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from consortia.base.codec import encode, encode_record
from consortia.base.hashing import tagged
from consortia.modules.bank import messages as asked
from consortia.testing.auditors import Entries, Model, No, Plain, Said, plain, refuse
from consortia.testing.auditors.bank_promises import broken
from consortia.testing.auditors.identity import Identity
from consortia.testing.auditors.school import Decide, Halt, Teach
from consortia.testing.auditors.till import Spend

YEAR = 366 * 24 * 3600 * 1000
MOST = 2**63 - 1


class Bank(Model):
    """All units, accounts and escrows of one network."""

    module = "bank"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.units: dict[bytes, Plain] = {}
        self.held: dict[tuple[str, bytes], int] = {}
        """By account and unit."""
        self.escrows: dict[bytes, Plain] = {}
        self.payouts: dict[bytes, Plain] = {}
        self.scores: dict[bytes, Plain] = {}
        self.holds: dict[tuple[str, bytes], Plain] = {}
        self.studies: dict[bytes, Plain] = {}
        """What was said of them."""
        self.proposals: dict[bytes, tuple[str, int]] = {}
        """How it was said that they ended, and when."""
        self.halts: list[tuple[int, int]] = []
        """When nothing was done that escrows wait for."""

    @property
    def identity(self) -> Identity:
        """The auditor of identity."""
        found = self.others["identity"]
        assert isinstance(found, Identity)  # noqa: S101 (the models stand in one dictionary)
        return found

    # Units and payments.

    def new_unit(self, said: Said, m: asked.NewUnit) -> None:
        """There is a new unit."""
        capped = m.rule == "capped"
        refuse("bad_supply", when=capped != (m.cap is not None))
        refuse("bad_supply", when=m.cap is not None and m.issue > m.cap)
        refuse("bad_supply", when=m.rule == "fixed" and not m.issue)
        own = [unit["code"] for unit in self.units.values() if unit["issuer"] == said.member]
        refuse("code_taken", when=m.code in own)
        id_ = _new_id(said)
        born = {"height": said.at.height, "time": said.at.time}
        kept = {key: value for key, value in plain(m).items() if key != "issue"}
        self.units[id_] = {"id": id_, "issuer": said.member, **kept, "supply": m.issue, **born}
        self.tell("unit_made", unit=id_, issuer=said.member, code=m.code)
        if m.issue:
            self.held[said.member, id_] = m.issue
            self.tell("issued", unit=id_, account=said.member, amount=m.issue)

    def issue(self, said: Said, m: asked.Issue) -> None:
        """There is more of a unit."""
        unit = self._own_unit(said, m.unit)
        refuse("unknown_account", when=not self._payable(m.account))
        refuse("fixed_supply", when=unit["rule"] == "fixed")
        refuse("overflow", when=unit["supply"] + m.amount > MOST)
        refuse("beyond_cap", when=unit["cap"] is not None and unit["supply"] + m.amount > unit["cap"])
        unit["supply"] += m.amount
        self._give(m.account, m.unit, m.amount)
        self.tell("issued", unit=m.unit, account=m.account, amount=m.amount)

    def redeem(self, said: Said, m: asked.Redeem) -> None:
        """There is less of a unit."""
        unit = self._own_unit(said, m.unit)
        refuse("fixed_supply", when=unit["rule"] == "fixed")
        refuse("short_balance", when=self._has(said.member, m.unit) < m.amount)
        unit["supply"] -= m.amount
        self._give(said.member, m.unit, -m.amount)
        self.tell("redeemed", unit=m.unit, amount=m.amount)

    def transfer(self, said: Said, m: asked.Transfer) -> None:
        """An account pays another, or what it pays waits for two officers."""
        refuse("unknown_unit", when=m.unit not in self.units)
        self._check_spends(said, m.payer)
        refuse("unknown_account", when=not self._payable(m.payee))
        refuse("same_account", when=m.payer == m.payee)
        refuse("short_balance", when=self._has(m.payer, m.unit) < m.amount)
        abroad = owner(m.payee) != said.member
        if abroad:
            self._count(said, m.unit, m.amount)
        if abroad and self._above(said.member, m.unit, m.amount):
            until = said.at.time + self.holds[said.member, m.unit]["milliseconds"]
            self._put_aside(said, m, "people", until=until)
            return
        self._give(m.payer, m.unit, -m.amount)
        self._give(m.payee, m.unit, m.amount)
        self.tell("transferred", payer=m.payer, payee=m.payee, unit=m.unit, amount=m.amount)

    # Escrow and exchange.

    def open_escrow(self, said: Said, m: asked.OpenEscrow) -> None:
        """Value waits for something."""
        refuse("unknown_unit", when=m.unit not in self.units)
        self._check_spends(said, m.payer)
        refuse("unknown_account", when=not self._payable(m.payee))
        refuse("same_account", when=m.payer == m.payee)
        condition = plain(m.condition)
        named = {key for key, value in condition.items() if key != "kind" and value is not None}
        wanted = {
            "call": {"attester", "method", "arguments"},
            "statement": {"attester", "arguments"},
            "proposal": {"subject"},
            "study": {"subject"},
        }
        refuse("bad_condition", when=wanted.get(m.condition.kind) != named)
        someone = m.condition.attester in (None, *self.identity.present())
        refuse("bad_condition", when=not someone)
        known = self.proposals if m.condition.kind == "proposal" else self.studies
        refuse("bad_condition", when=m.condition.subject not in (None, *known))
        refuse("bad_deadline", when=not said.at.time < m.deadline <= said.at.time + YEAR)
        refuse("short_balance", when=self._has(m.payer, m.unit) < m.amount)
        self._count(said, m.unit, m.amount)
        self._put_aside(said, m, m.condition.kind, until=m.deadline, condition=condition)

    def offer(self, said: Said, m: asked.Offer) -> None:
        """Value waits for its price."""
        refuse("unknown_unit", when=m.unit not in self.units or m.price.unit not in self.units)
        self._check_spends(said, m.payer)
        refuse("unknown_account", when=m.payee is not None and not self._payable(m.payee))
        refuse("same_account", when=m.payer == m.payee)
        refuse("bad_condition", when=m.price.unit == m.unit)
        refuse("bad_deadline", when=not said.at.time < m.deadline <= said.at.time + YEAR)
        refuse("short_balance", when=self._has(m.payer, m.unit) < m.amount)
        self._count(said, m.unit, m.amount)
        self._put_aside(said, m, "payment", until=m.deadline, price=plain(m.price))

    def take(self, said: Said, m: asked.Take) -> None:
        """Both legs of an exchange, or neither."""
        escrow = self._open(m.escrow)
        price = escrow["price"]
        if price is None:
            return refuse("wrong_kind", when=True)
        self._check_spends(said, m.account)
        refuse("not_payee", when=escrow["payee"] not in {None, m.account})
        refuse("same_account", when=escrow["payer"] == m.account)
        refuse("too_late", when=said.at.time >= escrow["deadline"])
        refuse("held_back", when=escrow["held"])
        refuse("over_hold", when=self._above(said.member, price["unit"], price["amount"]))
        refuse("short_balance", when=self._has(m.account, price["unit"]) < price["amount"])
        self._count(said, price["unit"], price["amount"])
        self._go(escrow, m.account)
        self._give(m.account, price["unit"], -price["amount"])
        self._give(escrow["payer"], price["unit"], price["amount"])
        told = {"unit": price["unit"], "amount": price["amount"]}
        return self.tell("transferred", payer=m.account, payee=escrow["payer"], **told)

    def release(self, said: Said, m: asked.Release) -> None:
        """What an escrow waited for is so."""
        escrow = self._open(m.escrow)
        condition = escrow["condition"]
        refuse("wrong_kind", when=condition["kind"] in {"payment", "payout", "people"})
        if condition["kind"] in {"proposal", "study"}:
            refuse("not_met", when=not self._met(escrow))
        else:
            refuse("not_attester", when=condition["attester"] != said.member)
            refuse("too_late", when=self._late(escrow, said.at.time))
            if condition["kind"] == "statement":
                refuse("not_met", when=m.arguments != condition["arguments"])
            else:
                hashes = [
                    tagged("consortia/arguments", encode_record(message))
                    for method, message in said.earlier
                    if method == condition["method"]
                ]
                refuse("not_met", when=condition["arguments"] not in hashes)
        refuse("held_back", when=escrow["held"])
        self._go(escrow, escrow["payee"])

    def approve(self, said: Said, m: asked.Approve) -> None:
        """An officer of the payer lets it go."""
        escrow = self._open(m.escrow)
        self._check_spends(said, escrow["payer"])
        refuse("not_held", when=not escrow["held"])
        self._check_person(said, escrow["approvals"], escrow["time"])
        refuse("too_late", when=said.at.time >= escrow["deadline"])
        escrow["approvals"] = [*escrow["approvals"], said.key]
        self.tell("approved", escrow=m.escrow, key=said.key)
        if len(escrow["approvals"]) == 2:
            escrow["held"] = False
            if escrow["condition"]["kind"] == "people":
                self._go(escrow, escrow["payee"])

    def refund(self, said: Said, m: asked.Refund) -> None:
        """What did not come in time goes back."""
        escrow = self._open(m.escrow)
        refuse("too_early", when=not self._late(escrow, said.at.time) and not self._lost(escrow))
        refuse("met", when=not escrow["held"] and self._met(escrow))
        self._back(escrow)

    def set_hold(self, said: Said, m: asked.SetHold) -> None:
        """A member holds payments back, or one or two of its officers want it to hold fewer."""
        refuse("unknown_unit", when=m.unit not in self.units)
        place, rule = (said.member, m.unit), self.holds.get((said.member, m.unit))
        told = {"member": said.member, "unit": m.unit, "above": m.above}
        wish = {"above": m.above, "milliseconds": m.milliseconds}
        if rule is None:
            refuse("no_hold", when=m.above is None)
        elif m.above is None or m.above > rule["above"]:
            asked_for = rule["asked"]
            if asked_for is None or {**asked_for, **wish} != asked_for:
                rule["asked"] = {**wish, "key": said.key, "time": said.at.time}
                return self.tell("hold_asked", **told)
            self._check_person(said, [asked_for["key"]], asked_for["time"])
        if m.above is None:
            del self.holds[place]
        else:
            self.holds[place] = {**wish, "asked": None}
        return self.tell("hold_set", **told)

    # Payouts.

    def open_payout(self, said: Said, m: asked.OpenPayout) -> None:
        """Value waits for the members of a study."""
        refuse("unknown_unit", when=m.unit not in self.units)
        self._check_spends(said, m.payer)
        study = self.studies.get(m.study)
        refuse("bad_condition", when=study is None or (m.rule == "value") != (m.scoring is not None))
        scorer = None if m.scoring is None else m.scoring.scorer
        if study is not None and scorer is not None:
            refuse("bad_condition", when=scorer not in self.identity.present() or study["begun"])
            refuse("masked_study", when=not study["open"])
            refuse("unsealed_study", when=not study["sealed"])
        refuse("bad_deadline", when=not said.at.time < m.deadline <= said.at.time + YEAR)
        refuse("short_balance", when=self._has(m.payer, m.unit) < m.amount)
        none = dict.fromkeys(("method", "arguments"))
        condition = {"kind": "payout", "attester": scorer, **none, "subject": m.study}
        scoring = None if m.scoring is None else plain(m.scoring)
        id_ = self._put_aside(said, m, "payout", until=m.deadline, condition=condition)
        self.payouts[id_] = {"study": m.study, "rule": m.rule, "scoring": scoring}

    def score(self, said: Said, m: asked.Score) -> None:
        """A scorer tells what updates were worth."""
        escrow = self._open(m.escrow)
        scoring = self.payouts.get(m.escrow, {"scoring": None})["scoring"]
        if scoring is None:
            return refuse("wrong_kind", when=True)
        refuse("scored", when=m.escrow in self.scores)
        refuse("not_attester", when=scoring["scorer"] != said.member)
        study = self.payouts[m.escrow]["study"]
        done = self._contributions(study)
        refuse("paid_scorer", when=said.member in done)
        refuse("too_late", when=self._late(escrow, said.at.time))
        refuse("not_met", when=self._finished(study) is None)
        refuse("not_committed", when=tagged("consortia/bank/set", m.salt + m.set) != scoring["set"])
        refuse("not_committed", when=tagged("consortia/bank/seed", m.seed) != scoring["seed"])
        refuse("copied", when=self.studies[study]["copied"])
        drawn, masks = coalitions(len(done), m.seed, scoring["orders"])
        refuse("bad_counts", when=len(masks) != len(m.counts))
        table = tagged("consortia/bank/counts", encode([list(done), list(m.counts)]))
        worth = _worth(len(done), drawn, dict(zip(masks, m.counts, strict=True)))
        values = [max(0, value) for value in worth]
        kept = {"members": list(done), "values": values, "table": table, "confirmed": [], "final": None}
        self.scores[m.escrow] = kept
        return self.tell("scored", escrow=m.escrow, table=table)

    def confirm_scores(self, said: Said, m: asked.ConfirmScores) -> None:
        """A member came to the same counts."""
        escrow = self._open(m.escrow)
        refuse("not_met", when=m.escrow not in self.scores)
        scores = self.scores[m.escrow]
        refuse("confirmed", when=said.member in scores["confirmed"])
        refuse("not_attester", when=said.member not in scores["members"])
        refuse("too_late", when=self._late(escrow, said.at.time))
        refuse("not_met", when=m.table != scores["table"])
        scores["confirmed"] = sorted([*scores["confirmed"], said.member])
        if scores["final"] is None and 3 * len(scores["confirmed"]) > 2 * len(scores["members"]):
            scores["final"] = said.at.time
        self.tell("confirmed", escrow=m.escrow, member=said.member)

    def settle(self, said: Said, m: asked.Settle) -> None:
        """The members of a study share."""
        escrow = self._open(m.escrow)
        refuse("wrong_kind", when=m.escrow not in self.payouts)
        refuse("not_met", when=not self._met(escrow))
        refuse("held_back", when=escrow["held"])
        payout, done = self.payouts[m.escrow], self._contributions(self.payouts[m.escrow]["study"])
        weights = {
            "equal": dict.fromkeys(done, 1),
            "records": {one["member"]: one["records"] for one in self.studies[payout["study"]]["did"]},
            "rounds": done,
        }.get(payout["rule"])
        if weights is None:
            scores = self.scores[m.escrow]
            weights = dict(zip(scores["members"], scores["values"], strict=True))
        shares = _shared(escrow["amount"], weights)
        if not shares:
            return self._back(escrow)
        escrow["status"] = "released"
        for name, amount in shares.items():
            self._give(name, escrow["unit"], amount)
            self.tell("paid_out", escrow=m.escrow, member=name, unit=escrow["unit"], amount=amount)
        return None

    def decide(self, said: Said, m: Decide) -> None:
        """The school speaks of a proposal."""
        if self.proposals.get(m.proposal, ("open", 0))[0] == "open":
            self.proposals[m.proposal] = (m.outcome, said.at.time)

    def halt(self, said: Said, m: Halt) -> None:
        """Nothing is done for a while."""
        if not self.halts or self.halts[-1][1] <= said.at.time:
            self.halts.append((said.at.time, said.at.time + m.milliseconds))

    def teach(self, said: Said, m: Teach) -> None:
        """A study stands otherwise."""
        before = self.studies.get(m.study, {"since": None})["since"]
        since = said.at.time if m.finished and before is None else before
        self.studies[m.study] = {**plain(m), "since": since}

    # What stands.

    def ends(self) -> list[int]:
        """The deadlines of open escrows."""
        return [one["deadline"] for one in self.escrows.values() if one["status"] == "open"]

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {}
        vault: dict[bytes, int] = {}
        for id_, unit in self.units.items():
            found["units", id_] = unit
            found["codes", unit["issuer"], unit["code"]] = {"unit": id_}
        for id_, escrow in self.escrows.items():
            found["escrows", id_] = escrow
            if escrow["status"] == "open":
                vault[escrow["unit"]] = vault.get(escrow["unit"], 0) + escrow["amount"]
                accounts = [escrow["payer"]] + [escrow["payee"]] * (escrow["payee"] is not None)
                attester = escrow["condition"]["attester"]
                for name in {*map(owner, accounts)} | ({attester} - {None}):
                    found["parties", name, id_] = {"deadline": escrow["deadline"]}
        for (account, id_), amount in self.held.items():
            if amount:
                found["balances", owner(account), label(account), id_] = {"amount": amount}
        for id_, amount in vault.items():
            found["balances", "bank:", "vault", id_] = {"amount": amount}
        found |= {("holds", *place): rule for place, rule in self.holds.items()}
        found |= {("payouts", id_): payout for id_, payout in self.payouts.items()}
        found |= {("scores", id_): scores for id_, scores in self.scores.items()}
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of the bank that do not hold."""
        return broken(before, after)

    # Parts.

    def _own_unit(self, said: Said, id_: bytes) -> Plain:
        refuse("unknown_unit", when=id_ not in self.units)
        refuse("not_issuer", when=self.units[id_]["issuer"] != said.member)
        return self.units[id_]

    def _payable(self, account: str) -> bool:
        return account == "governance:treasury" or owner(account) in self.identity.present()

    def _check_spends(self, said: Said, account: str) -> None:
        refuse("not_yours", when=owner(account) != said.member)
        mandate, person = self.identity.under(said), self.identity.person(said)
        own = person if mandate is None else f"{said.member}/{mandate['agent']}"
        refuse("not_yours", when=own not in {None, account})

    def _check_person(self, said: Said, others: Sequence[bytes], since: int) -> None:
        key = self.identity.keys.get(said.key)
        refuse("same_person", when=said.key in others or key is None or key["since"] >= since)

    def _count(self, said: Said, unit: bytes, amount: int) -> None:
        """Count what leaves an agent's hands."""
        try:
            self.identity.spend(said, Spend(unit, amount))
        except No as no:
            raise No(no.reason if "." in no.reason else f"identity.{no.reason}") from None

    def _above(self, member: str, unit: bytes, amount: int) -> bool:
        rule = self.holds.get((member, unit))
        return rule is not None and amount > rule["above"]

    def _has(self, account: str, unit: bytes) -> int:
        return self.held.get((account, unit), 0)

    def _give(self, account: str, unit: bytes, amount: int) -> None:
        self.held[account, unit] = self._has(account, unit) + amount

    def _put_aside(
        self,
        said: Said,
        m: Any,  # noqa: ANN401 (a message that names payer, unit and amount)
        kind: str,
        *,
        until: int,
        condition: Plain | None = None,
        price: Plain | None = None,
    ) -> bytes:
        """Value goes out of an account and waits."""
        id_, payee = _new_id(said), getattr(m, "payee", None)
        none = dict.fromkeys(("attester", "method", "arguments", "subject"))
        waits = {"payer": m.payer, "payee": payee, "unit": m.unit, "amount": m.amount}
        self.escrows[id_] = {
            "id": id_,
            **waits,
            "condition": condition or {"kind": kind, **none},
            "price": price,
            "deadline": until,
            "held": self._above(said.member, m.unit, m.amount),
            "approvals": [],
            "status": "open",
            "height": said.at.height,
            "time": said.at.time,
        }
        self._give(m.payer, m.unit, -m.amount)
        self.tell("escrow_opened", escrow=id_, kind=kind, **waits, deadline=until)
        return id_

    def _open(self, id_: bytes) -> Plain:
        refuse("unknown_escrow", when=id_ not in self.escrows)
        refuse("closed", when=self.escrows[id_]["status"] != "open")
        return self.escrows[id_]

    def _go(self, escrow: Plain, payee: str) -> None:
        escrow["status"] = "released"
        self._give(payee, escrow["unit"], escrow["amount"])
        what = {"unit": escrow["unit"], "amount": escrow["amount"]}
        self.tell("released", escrow=escrow["id"], payee=payee, **what)

    def _back(self, escrow: Plain) -> None:
        escrow["status"] = "refunded"
        self._give(escrow["payer"], escrow["unit"], escrow["amount"])
        what = {"unit": escrow["unit"], "amount": escrow["amount"]}
        self.tell("refunded", escrow=escrow["id"], payer=escrow["payer"], **what)

    def _finished(self, study: bytes) -> int | None:
        found = self.studies[study]["since"]
        return None if found is None else int(found)

    def _late(self, escrow: Plain, time: int) -> bool:
        """Whether an escrow's clock has run out by a time: it stood still with what it waits for."""
        still = 0
        if escrow["condition"]["kind"] in {"call", "payout", "proposal", "study"}:
            for start, end in self.halts:
                still += max(0, min(end, time) - max(start, escrow["time"]))
        return bool(time - still >= escrow["deadline"])

    def _lost(self, escrow: Plain) -> bool:
        """What waits for a proposal that was refused for good goes back at once."""
        condition = escrow["condition"]
        return condition["kind"] == "proposal" and self.proposals[condition["subject"]][0] == "lost"

    def _met(self, escrow: Plain) -> bool:
        condition, study = escrow["condition"], escrow["condition"]["subject"]
        if condition["kind"] == "proposal":
            outcome, at = self.proposals[study]
            return outcome == "executed" and not self._late(escrow, at)
        time = None if study is None else self._finished(study)
        in_time = time is not None and not self._late(escrow, time)
        by_value = self.payouts.get(escrow["id"], {"rule": ""})["rule"] == "value"
        return in_time and (
            not by_value or self.scores.get(escrow["id"], {"final": None})["final"] is not None
        )

    def _contributions(self, study: bytes) -> dict[str, int]:
        """By name: in how many final rounds its updates are."""
        return {one["member"]: one["rounds"] for one in self.studies[study]["did"]}


def owner(account: str) -> str:
    """Whose an account is: a member's name, or a module's with its colon."""
    return account[: account.index(":") + 1] if ":" in account else account.split("/", maxsplit=1)[0]


def label(account: str) -> str:
    """What stands behind an account's owner."""
    return account[len(owner(account)) :].removeprefix("/")


def _new_id(said: Said) -> bytes:
    return tagged("consortia/bank", said.at.network + said.transaction + said.call.to_bytes(8, "big"))


def coalitions(members: int, seed: bytes, orders: int) -> tuple[list[tuple[int, ...]], list[int]]:
    """The orders in which members are taken to have come, and the coalitions that are counted in turn.

    All orders and coalitions of up to eight; beyond, those that the seed draws.
    """
    if members <= 8:
        return list(permutations(range(members))), list(range(2**members)) if members else []
    if members * orders > 4_096:
        return [], []
    drawn = []
    for order in range(orders):
        places = {
            tagged("consortia/orders", seed + order.to_bytes(8, "big") + member.to_bytes(8, "big")): member
            for member in range(members)
        }
        drawn.append(tuple(places[place] for place in sorted(places)))
    masks = [0]
    for way in drawn:
        for end in range(1, members + 1):
            mask = sum(1 << member for member in way[:end])
            masks += [mask] * (mask not in masks)
    return drawn, masks


def _worth(members: int, drawn: Sequence[Sequence[int]], counts: dict[int, int]) -> list[int]:
    """What each member adds, over all these orders."""
    worth = [0] * members
    for order in drawn:
        mask = 0
        for member in order:
            worth[member] += counts[mask | 1 << member] - counts[mask]
            mask |= 1 << member
    return worth


def _shared(amount: int, weights: dict[str, int]) -> dict[str, int]:
    """Part by part: each goes to whoever is furthest below what is its due."""
    total = sum(weights.values())
    if not total:
        return {}
    shares = {name: amount * weight // total for name, weight in weights.items()}
    short = sorted(weights, key=lambda name: (-(amount * weights[name] % total), name))
    for name in short[: amount - sum(shares.values())]:
        shares[name] += 1
    return {name: share for name, share in shares.items() if share}


AUDITOR = Bank
