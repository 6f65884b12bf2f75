# Long because each message of the bank has a move of its own, beside the attacks on it
"""What members, their agents and attackers do with value."""

from collections.abc import Sequence

from msgspec.structs import replace

from consortia.base.codec import Record, encode_record
from consortia.base.hashing import tagged
from consortia.modules.assets.messages import Register, Withdraw
from consortia.modules.bank import messages as asked
from consortia.modules.bank.types import Condition, PayRule, Price, Rule, Scoring
from consortia.modules.identity.mandate_messages import GrantMandate
from consortia.modules.identity.mandate_types import Cap
from consortia.modules.predictions.messages import Act
from consortia.testing.auditors import Plain
from consortia.testing.auditors.assets_moves import assets
from consortia.testing.auditors.bank import MOST, Bank, coalitions, owner
from consortia.testing.auditors.drawing import HOUR, Drawing, Move
from consortia.testing.auditors.identity_mandates_moves import account as accounting
from consortia.testing.auditors.identity_mandates_moves import an_agent, grant_mandate
from consortia.testing.auditors.identity_persons_moves import a_person, enrol
from consortia.testing.auditors.school import Decide, Did, Halt, Outcome, Teach

PAYERS = ("admin", "operator")
OFFICERS = ("admin", "approver", "operator", "trustee")
RULES: tuple[Rule, ...] = ("capped", "fixed", "open")
SHARES: tuple[PayRule, ...] = ("equal", "records", "rounds", "value")
CODES = ("credit", "hours", "points")
SPENDS = ("bank.offer", "bank.open_escrow", "bank.take", "bank.transfer")
YEAR = 366 * 24 * HOUR


def bank(draw: Drawing) -> Bank:
    """What the auditor of the bank holds."""
    found = draw.world.models["bank"]
    if not isinstance(found, Bank):
        raise TypeError("another stands in the place of the bank")
    return found


def new_unit(draw: Drawing) -> Move:
    """A new unit, of each rule; sometimes with what no rule allows."""
    attack = draw.attack("cap what has no cap", "leave out the cap", "fix nothing", "issue above the cap")
    rule: Rule = draw.pick(RULES)
    cap = draw.pick((1_000, 5_000, MOST)) if rule == "capped" else None
    first = draw.pick((1, 900, 1_000)) if rule == "fixed" else draw.pick((0, 900, 1_000))
    if attack == "cap what has no cap":
        rule, cap = draw.pick(RULES[1:]), 5_000
    elif attack == "leave out the cap":
        rule, cap = "capped", None
    elif attack == "fix nothing":
        rule, cap, first = "fixed", None, 0
    elif attack == "issue above the cap":
        rule, cap, first = "capped", 100, 101
    message = asked.NewUnit(draw.pick(CODES), "A unit", draw.pick((0, 2)), rule, cap, first)
    return Move(draw.signer(draw.member(), *PAYERS), (message,), attack)


def issue(draw: Drawing) -> Move:
    """More of a unit, to its cap, beyond it and beyond what a number holds."""
    id_, unit = _unit(draw)
    attack = draw.attack(
        "issue another's", "issue beyond the cap", "issue what no number holds", "issue to none"
    )
    room = max(1, (unit["cap"] or MOST) - unit["supply"])
    amount = draw.pick((1, min(room, 500), min(room, 1_000)))
    if attack == "issue beyond the cap":
        amount = min(MOST, room + 1)
    elif attack == "issue what no number holds":
        amount = MOST
    by = draw.other(unit["issuer"]) if attack == "issue another's" else unit["issuer"]
    to = draw.pick(("nobody", "bank:vault", "market:1")) if attack == "issue to none" else _payee(draw)
    return Move(draw.signer(by, *PAYERS), (asked.Issue(id_, to, amount),), attack)


def redeem(draw: Drawing) -> Move:
    """Less of a unit."""
    id_, unit = _unit(draw)
    attack = draw.attack("redeem another's", "redeem what others hold")
    held = _has(draw, unit["issuer"], id_)
    amount = (
        held + 1 if attack == "redeem what others hold" else draw.pick((1, max(1, held), max(1, held // 2)))
    )
    by = draw.other(unit["issuer"]) if attack == "redeem another's" else unit["issuer"]
    return Move(draw.signer(by, *PAYERS), (asked.Redeem(id_, min(amount, MOST)),), attack)


def transfer(draw: Drawing) -> Move:
    """A payment, mostly of what is there, around the limits of hold rules."""
    payer, id_ = _holder(draw)
    attack = draw.attack("pay with another's", "pay nobody", "pay oneself", "pay too much", "pay in no unit")
    by = owner(payer)
    amount = _amount(draw, by, payer, id_)
    if attack == "pay with another's":
        by = draw.other(by)
    payee = draw.pick(("nobody", "bank:vault", "market:1")) if attack == "pay nobody" else _payee(draw)
    payee = payer if attack == "pay oneself" else payee
    amount = min(MOST, _has(draw, payer, id_) + 1) if attack == "pay too much" else amount
    id_ = draw.digest() if attack == "pay in no unit" else id_
    return Move(draw.signer(by, *PAYERS), (asked.Transfer(payer, payee, id_, amount),), attack)


def open_escrow(draw: Drawing) -> Move:
    """Value waits for a word, a call or a study."""
    payer, id_ = _holder(draw)
    attack = draw.attack(
        *("put another's aside", "put too much aside", "name too little", "name nobody", "name no study"),
        *("wait for nothing", "wait for ever", "pay nobody", "pay oneself", "pay in no unit"),
    )
    by = draw.other(owner(payer)) if attack == "put another's aside" else owner(payer)
    amount = _amount(draw, owner(payer), payer, id_)
    amount = min(MOST, _has(draw, payer, id_) + 1) if attack == "put too much aside" else amount
    deadline = {"wait for nothing": draw.time, "wait for ever": draw.time + YEAR + 1}.get(
        attack, _deadline(draw)
    )
    payee = draw.pick(("nobody", "bank:vault")) if attack == "pay nobody" else _payee(draw)
    payee = payer if attack == "pay oneself" else payee
    id_ = draw.digest() if attack == "pay in no unit" else id_
    message = asked.OpenEscrow(payer, payee, id_, amount, _condition(draw, attack), deadline)
    return Move(draw.signer(by, *PAYERS), (message,), attack)


def offer(draw: Drawing) -> Move:
    """Value for a price in another unit."""
    payer, id_ = _holder(draw)
    attack = draw.attack(
        *("offer another's", "offer too much", "ask the same unit", "ask no unit", "offer to nobody"),
        *("offer for nothing", "offer for ever", "offer to oneself"),
    )
    by = draw.other(owner(payer)) if attack == "offer another's" else owner(payer)
    amount = _amount(draw, owner(payer), payer, id_)
    amount = min(MOST, _has(draw, payer, id_) + 1) if attack == "offer too much" else amount
    others = [other for other in sorted(bank(draw).units) if other != id_]
    asked_for = draw.digest() if attack == "ask no unit" or not others else draw.pick(others)
    asked_for = id_ if attack == "ask the same unit" else asked_for
    payee = "nobody" if attack == "offer to nobody" else draw.pick((None, None, _payee(draw)))
    payee = payer if attack == "offer to oneself" else payee
    deadline = {"offer for nothing": draw.time, "offer for ever": draw.time + YEAR + 1}.get(
        attack, _deadline(draw)
    )
    price = Price(asked_for, draw.rng.randint(1, 60))
    message = asked.Offer(payer, payee, id_, amount, price, deadline)
    return Move(draw.signer(by, *PAYERS), (message,), attack)


def take(draw: Drawing) -> Move:
    """An offer is taken by who can, and by who cannot."""
    attack = draw.attack(
        "take no offer", "take for another", "take another's offer", "take one's own", "take twice"
    )
    id_, escrow = _escrow(draw, "payment", again=attack == "take twice")
    if escrow is None or escrow["price"] is None or attack == "take no offer":
        id_, escrow = _escrow(draw)
    if escrow is None:
        return offer(draw)
    unit = (escrow["price"] or {"unit": b""})["unit"]
    rich = [account for (account, held), amount in sorted(bank(draw).held.items()) if held == unit and amount]
    able = [account for account in rich if account != escrow["payer"] and ":" not in account]
    into = escrow["payee"] or (draw.pick(able) if able and draw.often(0.9) else draw.member())
    if attack == "take another's offer":
        into = draw.member()
    into = escrow["payer"] if attack == "take one's own" else into
    by = draw.other(owner(into)) if attack == "take for another" else owner(into)
    return Move(draw.signer(by, *PAYERS), (asked.Take(id_, into),), attack)


def release(draw: Drawing) -> Move:
    """What an escrow waited for is said, done, or only claimed."""
    attack = draw.attack(
        *("release as a stranger", "attest to another paper", "leave out the call", "call afterwards"),
        *("release twice", "release what waits for something else", "release nothing"),
    )
    kind = draw.pick(("call", "statement", "statement", "study", "proposal"))
    id_, escrow = _escrow(draw, kind, again=attack == "release twice")
    if attack == "release what waits for something else":
        id_, escrow = _escrow(draw)
    if escrow is None and attack != "release nothing":
        return open_escrow(draw)
    if escrow is None or attack == "release nothing":
        return Move(draw.signer(draw.member(), *OFFICERS), (asked.Release(draw.digest(), None),), attack)
    condition = escrow["condition"]
    by = condition["attester"] or draw.member()
    by = draw.other(by) if attack == "release as a stranger" else by
    said = draw.digest() if attack == "attest to another paper" else condition["arguments"]
    messages: tuple[Record, ...] = (asked.Release(id_, said),)
    if condition["kind"] == "call" and attack != "leave out the call":
        call = _known_call(draw, condition["arguments"])
        messages = (*messages, *call) if attack == "call afterwards" else (*call, *messages)
    return Move(draw.signer(by, *PAYERS), messages, attack)


def approve(draw: Drawing) -> Move:
    """A person lets go what is held, or tries to alone."""
    attack = draw.attack(
        "approve twice", "approve of another's", "approve with a new key", "approve of what goes"
    )
    held = [(id_, one) for id_, one in sorted(bank(draw).escrows.items()) if one["status"] == "open"]
    wanted = [pair for pair in held if pair[1]["held"] != (attack == "approve of what goes")]
    if not wanted:
        return set_hold(draw)
    id_, escrow = draw.pick(wanted)
    by = owner(escrow["payer"])
    by = draw.other(by) if attack == "approve of another's" else by
    key = draw.signer(by, *OFFICERS)
    if attack == "approve twice" and escrow["approvals"]:
        secrets = {secret.key_id: secret for secret in draw.secrets.values()}
        key = secrets[draw.pick(escrow["approvals"])]
    return Move(key, (asked.Approve(id_),), attack)


def refund(draw: Drawing) -> Move:
    """What is over goes back; often it is not over yet."""
    attack = draw.attack("refund too early", "refund twice", "refund nothing")
    id_, escrow = _escrow(draw, again=attack == "refund twice")
    over = [
        each
        for each, one in sorted(bank(draw).escrows.items())
        if one["status"] == "open" and (one["deadline"] <= draw.time or _is_lost(draw, one))
    ]
    if over and not attack:
        id_ = draw.pick(over)
    if escrow is None or attack == "refund nothing":
        id_ = draw.digest()
    return Move(draw.signer(draw.member(), *OFFICERS, "analyst"), (asked.Refund(id_),), attack)


def _is_lost(draw: Drawing, escrow: Plain) -> bool:
    """Whether it waits for a proposal that was refused."""
    return bank(draw).proposals.get(escrow["condition"]["subject"], ("", 0))[0] == "lost"


def set_hold(draw: Drawing) -> Move:
    """A member holds payments back, or its officers want it to hold fewer."""
    attack = draw.attack("agree with oneself", "end no rule", "hold no unit")
    held = bank(draw)
    waiting = [(place, rule) for place, rule in sorted(held.holds.items()) if rule["asked"] is not None]
    id_, _ = _unit(draw)
    if waiting and draw.often(0.5):
        (member, id_), rule = draw.pick(waiting)
        wish = rule["asked"]
        key = draw.signer(member, *OFFICERS)
        if attack == "agree with oneself":
            key = {secret.key_id: secret for secret in draw.secrets.values()}[wish["key"]]
        return Move(key, (asked.SetHold(id_, wish["above"], wish["milliseconds"]),), attack)
    member = draw.member()
    if draw.often(0.8):
        member, id_ = (owner(part) if isinstance(part, str) else part for part in _holder(draw))  # type: ignore[assignment]
    above = None if attack == "end no rule" or draw.often(0.1) else draw.pick((20, 50, 100, 200))
    id_ = draw.digest() if attack == "hold no unit" else id_
    key = draw.signer(member, *OFFICERS)
    return Move(key, (asked.SetHold(id_, above, draw.pick((1_000, HOUR))),), attack)


def employ(draw: Drawing) -> Move:
    """Let an agent spend, in units that there are, and give it something to spend."""
    move = grant_mandate(draw)
    (message,) = move.messages
    units = sorted(bank(draw).units)
    if not isinstance(message, GrantMandate) or not units:
        return move
    some = sorted(draw.rng.sample(units, min(len(units), 2)))
    caps = tuple(Cap(unit, draw.pick((10, 60)), 120) for unit in some)
    return Move(move.key, (replace(message, methods=SPENDS, caps=caps, delay=0),), move.attack)


def pay_by_agent(draw: Drawing) -> Move:
    """An agent pays, puts aside, offers or takes, at and beyond what it may."""
    key, mandate = an_agent(draw)
    attack = draw.attack("pay with the owner's money", "pay with a fellow's money", "pay above the cap")
    if mandate is None or not mandate["caps"] or "bank.transfer" not in mandate["methods"]:
        return employ(draw)
    cap = draw.pick(mandate["caps"])
    mine = f"{mandate['owner']}/{mandate['agent']}"
    if _has(draw, mine, cap["unit"]) < 10 and draw.often(0.9):
        funds = asked.Transfer(mandate["owner"], mine, cap["unit"], 100)
        return Move(draw.signer(mandate["owner"], *PAYERS), (funds,))
    payer = mandate["owner"] if attack == "pay with the owner's money" else mine
    payer = f"{mandate['owner']}/other" if attack == "pay with a fellow's money" else payer
    amount = (
        cap["per_act"] + 1 if attack == "pay above the cap" else draw.pick((1, 10, max(1, cap["per_act"])))
    )
    message: Record = asked.Transfer(payer, _payee(draw), cap["unit"], amount)
    if draw.often(0.3):
        condition = _condition(draw, "")
        message = asked.OpenEscrow(payer, _payee(draw), cap["unit"], amount, condition, _deadline(draw))
    elif draw.often(0.3):
        units = [unit for unit in sorted(bank(draw).units) if unit != cap["unit"]] or [draw.digest()]
        message = asked.Offer(payer, None, cap["unit"], amount, Price(draw.pick(units), 5), _deadline(draw))
    elif draw.often(0.3):
        id_, _ = _escrow(draw, "payment")
        message = asked.Take(id_, payer)
    return Move(key, (Act(accounting(draw)), message), attack)


def pay_by_person(draw: Drawing) -> Move:
    """A person pays from its account, at and beyond what it may, once it has something to pay with."""
    key, (member, label) = a_person(draw)
    mine, units = f"{member}/{label}", sorted(bank(draw).units)
    unit = draw.pick(units) if units else draw.digest()
    attack = draw.attack("pay with the member's money", "pay with another person's money")
    if key.key_id not in draw.identity.persons_keys:
        return enrol(draw)
    if _has(draw, mine, unit) < 10 and draw.often(0.8):
        return Move(draw.signer(member, *PAYERS), (asked.Transfer(member, mine, unit, 100),))
    payer = member if attack == "pay with the member's money" else mine
    payer = f"{member}/other" if attack == "pay with another person's money" else payer
    return Move(key, (asked.Transfer(payer, _payee(draw), unit, draw.pick((1, 10, 200))),), attack)


def teach(draw: Drawing) -> Move:
    """A study begins, or goes on, or has finished; mostly one that somebody pays for."""
    known = bank(draw).studies
    going = [id_ for id_, found in sorted(known.items()) if not found["finished"]]
    paid = [payout["study"] for payout in bank(draw).payouts.values() if payout["study"] in going]
    study = draw.pick(sorted(paid) or going) if going and draw.often(0.7) else draw.digest()
    before = known.get(study)
    signer = draw.signer(draw.member(), "operator")
    if before is not None and draw.often(0.9):
        did = tuple(Did(**each) for each in before["did"])
        copied = before["copied"]
        return Move(
            signer, (Teach(study, True, before["open"], before["sealed"], draw.often(0.8), copied, did),)
        )
    names = draw.identity.present()
    some = sorted(draw.rng.sample(names, draw.rng.randint(1, max(1, len(names) - 1))))
    if draw.often(0.1):
        some = [f"clinic-{number}" for number in range(1, 10)]
    did = tuple(Did(name, draw.rng.randint(1, 90), draw.rng.randint(1, 5)) for name in some[:12])
    begun, open_one, sealed = draw.often(0.1), draw.often(0.8), draw.often(0.8)
    message = Teach(study, begun, open_one, sealed, draw.often(0.1), draw.often(0.2), did)
    return Move(signer, (message,))


def decide(draw: Drawing) -> Move:
    """A proposal is opened, carried out, or refused for good; mostly one that somebody pays on.

    Now and then the council stops what escrows wait for.
    """
    if draw.often(0.2):
        return Move(draw.signer(draw.member(), "operator"), (Halt(draw.pick((5_000, 60_000, 600_000))),))
    known = bank(draw).proposals
    going = [id_ for id_, (outcome, _) in sorted(known.items()) if outcome == "open"]
    proposal = draw.pick(going) if going and draw.often(0.7) else draw.digest()
    outcomes: tuple[Outcome, ...] = ("open", "executed", "lost") if proposal in known else ("open", "lost")
    return Move(draw.signer(draw.member(), "operator"), (Decide(proposal, draw.pick(outcomes)),))


def open_payout(draw: Drawing) -> Move:
    """Value waits for the members of a study."""
    payer, id_ = _holder(draw)
    studies = bank(draw).studies
    attack = draw.attack(
        *("pay for no study", "score what is not by value", "forget the scorer", "name no scorer"),
        *("pay until now", "pay out another's"),
    )
    fresh = [one for one, found in sorted(studies.items()) if not found["begun"]]
    known = sorted(studies)
    if not known:
        return teach(draw)
    study = draw.pick(known if draw.often(0.3) else fresh or known)
    study = draw.digest() if attack == "pay for no study" else study
    rule = draw.pick((*SHARES, "value"))
    did = [one["member"] for one in studies.get(study, {"did": []})["did"]]
    outside = [name for name in draw.identity.present() if name not in did]
    scorer = draw.pick(outside) if outside and draw.often(0.9) else draw.member()
    scoring = Scoring(scorer, *_commitments(study), draw.pick((1, 16)))
    if attack == "name no scorer":
        scoring = replace(scoring, scorer="nobody")
    scored = (rule == "value") != (attack in {"score what is not by value", "forget the scorer"})
    amount = _amount(draw, owner(payer), payer, id_)
    later = draw.time + 300 * HOUR
    deadline = draw.time if attack == "pay until now" else draw.pick((_deadline(draw), later, later))
    terms = scoring if scored else None
    message = asked.OpenPayout(payer, study, id_, amount, rule, terms, deadline)
    by = draw.other(owner(payer)) if attack == "pay out another's" else owner(payer)
    return Move(draw.signer(by, *PAYERS), (message,), attack)


def settle(draw: Drawing) -> Move:
    """A payout is divided, once its study has finished or sooner."""
    attack = draw.attack("divide no payout", "divide twice")
    id_, escrow = _escrow(draw, "payout", again=attack == "divide twice")
    if escrow is None or attack == "divide no payout":
        id_, escrow = _escrow(draw)
    if escrow is None:
        return open_payout(draw)
    return Move(draw.signer(draw.member(), *OFFICERS), (asked.Settle(id_),), attack)


def score(draw: Drawing) -> Move:
    """A scorer counts."""
    attack = draw.attack(
        *(
            "score as another",
            "score another set",
            "score along another seed",
            "count too few",
            "score twice",
        ),
        "score what is not by value",
    )
    open_ = sorted(id_ for id_, one in bank(draw).escrows.items() if one["status"] == "open")
    valued = [id_ for id_ in open_ if bank(draw).payouts.get(id_, {"scoring": None})["scoring"]]
    due = [id_ for id_ in valued if id_ not in bank(draw).scores or attack == "score twice"]
    done = [id_ for id_ in due if bank(draw).studies[bank(draw).payouts[id_]["study"]]["since"]]
    if attack == "score what is not by value" and open_:
        told = asked.Score(draw.pick(open_), *_secrets(b""), (0,))
        return Move(draw.signer(draw.member(), *PAYERS), (told,), attack)
    if not due:
        return teach(draw) if valued and draw.often(0.5) else open_payout(draw)
    id_ = draw.pick(done if done and draw.often(0.9) else due)
    payout = bank(draw).payouts[id_]
    salt, set_, seed = _secrets(payout["study"])
    did = bank(draw).studies[payout["study"]]["did"]
    _, masks = coalitions(len(did), seed, payout["scoring"]["orders"])
    number = max(1, len(masks) - (attack == "count too few" or draw.often(0.2)))
    counts = tuple(draw.rng.randint(0, 40) for _ in range(number))
    by = payout["scoring"]["scorer"]
    by = draw.other(by) if attack == "score as another" else by
    set_ = draw.digest() if attack == "score another set" or draw.often(0.1) else set_
    seed = draw.digest() if attack == "score along another seed" or draw.often(0.1) else seed
    return Move(draw.signer(by, *PAYERS), (asked.Score(id_, salt, set_, seed, counts),), attack)


def confirm_scores(draw: Drawing) -> Move:
    """A member confirms what was counted, or something else."""
    attack = draw.attack("confirm other counts", "confirm as a stranger", "confirm twice", "confirm nothing")
    open_ = [id_ for id_ in sorted(bank(draw).scores) if bank(draw).escrows[id_]["status"] == "open"]
    if not open_ and not attack:
        return score(draw)
    if not open_ or attack == "confirm nothing":
        id_ = draw.pick(sorted(bank(draw).payouts) or [draw.digest()])
        return Move(draw.signer(draw.member(), *PAYERS), (asked.ConfirmScores(id_, draw.digest()),), attack)
    id_ = draw.pick(open_)
    told = bank(draw).scores[id_]
    present = [name for name in told["members"] if name in draw.identity.present()]
    missing = [name for name in present if name not in told["confirmed"]]
    by = draw.pick(missing or present or [draw.member()])
    if attack == "confirm twice" and told["confirmed"]:
        by = draw.pick(told["confirmed"])
    by = draw.other(by) if attack == "confirm as a stranger" else by
    other = attack == "confirm other counts" or draw.often(0.1)
    table = draw.digest() if other else told["table"]
    return Move(draw.signer(by, *PAYERS), (asked.ConfirmScores(id_, table),), attack)


MOVES = (
    *(new_unit, issue, redeem, transfer, transfer, open_escrow, offer, take, release, approve),
    *(
        refund,
        set_hold,
        employ,
        pay_by_agent,
        pay_by_person,
        teach,
        decide,
        open_payout,
        settle,
        score,
        confirm_scores,
    ),
)


def _unit(draw: Drawing) -> tuple[bytes, Plain]:
    """A unit; one that is not there where there is none."""
    units = bank(draw).units
    if not units or draw.often(0.02):
        return draw.digest(), {"issuer": draw.member(), "cap": None, "supply": 0}
    id_ = draw.pick(sorted(units))
    return id_, units[id_]


def _holder(draw: Drawing) -> tuple[str, bytes]:
    """A member's account that holds something, and of what."""
    held = [place for place, amount in sorted(bank(draw).held.items()) if amount and ":" not in place[0]]
    return draw.pick(held) if held else (draw.member(), _unit(draw)[0])


def _has(draw: Drawing, account: str, unit: bytes) -> int:
    return bank(draw).held.get((account, unit), 0)


def _amount(draw: Drawing, member: str, account: str, unit: bytes) -> int:
    """How much to pay: little, all, or what a hold rule just lets go or just holds."""
    rule = bank(draw).holds.get((member, unit))
    limits: list[int] = [] if rule is None else [rule["above"], rule["above"] + 1, rule["above"] + 1]
    has = _has(draw, account, unit)
    return max(1, min(draw.pick((1, 10, has // 2, has, *limits)), max(1, has)))


def _payee(draw: Drawing) -> str:
    name = draw.pick(draw.identity.present())
    return draw.pick((name, name, f"{name}/broker", f"{name}/other", "governance:treasury"))


def _deadline(draw: Drawing) -> int:
    return draw.time + draw.pick((1, 1_000, 60_000, HOUR, 10 * HOUR, YEAR))


def _escrow(draw: Drawing, kind: str = "", *, again: bool = False) -> tuple[bytes, Plain | None]:
    """An open escrow of a kind, or with `again` a closed one."""
    found = [
        (id_, one)
        for id_, one in sorted(bank(draw).escrows.items())
        if kind in {"", one["condition"]["kind"]} and (one["status"] != "open") == again
    ]
    return draw.pick(found) if found else (draw.digest(), None)


def _condition(draw: Drawing, attack: str) -> Condition:
    """A condition, and ways to leave it open what is meant."""
    kind = draw.pick(("call", "statement", "statement", "study", "proposal", "proposal"))
    kind = draw.pick(("study", "proposal")) if attack == "name no study" else kind
    kind = draw.pick(("call", "statement")) if attack == "name nobody" else kind
    by = "nobody" if attack == "name nobody" else draw.pick(draw.identity.present())
    made: dict[str, Condition] = {
        "call": Condition("call", by, "assets.register", _hash(_call(draw)), None),
        "statement": Condition("statement", by, None, draw.digest(), None),
    }
    studies = sorted(bank(draw).studies)
    if kind == "study" and (studies or attack == "name no study"):
        found = draw.digest() if attack == "name no study" else draw.pick(studies)
        return Condition("study", None, None, None, found)
    proposals = sorted(bank(draw).proposals)
    if kind == "proposal" and (proposals or attack == "name no study"):
        found = draw.digest() if attack == "name no study" else draw.pick(proposals)
        return Condition("proposal", None, None, None, found)
    condition = made.get(kind, made["statement"])
    if attack == "name too little":
        field = draw.pick(("attester", "arguments"))
        return replace(condition, **{field: None})
    return condition


def _call(draw: Drawing) -> Register:
    """A call that an escrow may wait for; every world draws from the same few."""
    number = draw.rng.randrange(40)
    content = tagged("consortia/testing/content", bytes([number]))
    return Register(f"thing-{number}", "function", "A thing", "blob", content, 1, None, None, (), None)


def _known_call(draw: Drawing, arguments: bytes) -> Sequence[Record]:
    """The call whose arguments have this hash, or another call."""
    for number in range(40):
        content = tagged("consortia/testing/content", bytes([number]))
        made = Register(f"thing-{number}", "function", "A thing", "blob", content, 1, None, None, (), None)
        if _hash(made) == arguments:
            return (made,)
    things = sorted(assets(draw).things)
    return (Withdraw(draw.pick(things)),) if things else ()


def _hash(message: Record) -> bytes:
    return tagged("consortia/arguments", encode_record(message))


def _secrets(study: bytes) -> tuple[bytes, bytes, bytes]:
    """What a scorer keeps to itself: salt, scoring set and seed."""
    salt, set_, seed = (tagged("consortia/testing/scoring", study + bytes([at])) for at in range(3))
    return salt, set_, seed


def _commitments(study: bytes) -> tuple[bytes, bytes]:
    salt, set_, seed = _secrets(study)
    return tagged("consortia/bank/set", salt + set_), tagged("consortia/bank/seed", seed)
