"""The desk of the story: alerts on payments that came in, one payment that is held, and the case file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consortia.base.times import DAY
from consortia.sdk.currencies import written
from consortia.sdk.payment_alerts import SCHEMA, shown
from consortia.solutions.finance.fraud import evidence
from consortia.solutions.finance.fraud.arrivals import CENTS, CURRENCY
from consortia.solutions.finance.fraud.raising import Pinned, answered, highest, raise_alerts
from consortia.solutions.finance.fraud.week import BANKS
from consortia.solutions.finance.iso20022.payments import Payment
from consortia.solutions.finance.scenarios.fraud_bureau import BROKEN_AT, LEAD, MODEL, Bureau
from consortia.solutions.finance.scenarios.fraud_studies import BOOKS, agreed, tested
from consortia.solutions.story import StoryFailed

POLICY = "cards"
ALERTS_EACH = 3
DAILY = 50
UNIT = "eur"
FLOAT = 1_000_000
HOLD_QUANTILE = 0.9
WORKER, PERSON, SECOND = "worker", "admin", "approver"
LANE = 3
"""The worker's key signs its rounds in another lane."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert of a bank, by its id on the ledger, and the payment that it is about."""

    alert: bytes
    payment: Payment
    fraud: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The bank whose payment was held, its alerts, and the transactions that paid and let go."""

    bank: str
    alerts: tuple[bytes, ...]
    transactions: tuple[str, ...]


def alert(bureau: Bureau) -> dict[str, list[Raised]]:
    """Each bank raises alerts on its own highest-scoring payments, and keeps what opens them."""
    raised = {bank: _raise(bureau, bank) for bank in BANKS}
    count = sum(map(len, raised.values()))
    frauds = sum(one.fraud for row in raised.values() for one in row)
    bureau.stage.line(
        f"{count} alerts on the ledger: reason, model and salted hashes; {frauds} turn out to be frauds"
    )
    _typed(bureau, BROKEN_AT)
    return raised


def _typed(bureau: Bureau, bank: str) -> None:
    """Raise a bank's alerts by the command that its people have, twice; the second finds them done."""
    stage = bureau.stage
    books = str(stage.home(bank) / BOOKS)
    given = ("payments", "alert", books, "--model", f"{LEAD}/{MODEL}", *agreed(bureau), "--most", "2")
    first, second = (stage.run(bank, *given)["alerts"] for _ in range(2))
    if len({one["payment"] for one in (*first, *second)}) != len(first) + len(second) or not first:
        raise StoryFailed("the command raised an alert twice, or none")
    stage.line(f"{bank}'s people raise {len(first) + len(second)} more by `consortia payments alert`")


def _raise(bureau: Bureau, bank: str) -> list[Raised]:
    """A bank's alerts: its policy pins the model; the highest scores, and one large honest payment."""
    stage = bureau.stage
    client = stage.client(bank)
    client.call(
        "guard.set_policy",
        name=POLICY,
        schema=SCHEMA,
        rules=[],
        model=bureau.state,
        daily=DAILY,
    )
    cards, numbers = bureau.cards[bank], bureau.features[bank]
    order = highest(bureau.model, numbers, np.flatnonzero(tested(bureau, bank))).tolist()
    chosen = order[:ALERTS_EACH]
    chosen += [_false_alarm(bureau, bank, order, chosen)]
    first = len(cards) - len(bureau.arrived[bank])
    payments = [bureau.arrived[bank][row - first] for row in chosen]
    opened = []
    for row, payment in zip(chosen, payments, strict=True):
        cells, score = answered(bureau.model, numbers, row)
        opened.append(shown(bank, evidence.of_payment(payment, cells), score, bureau.state))
    by = Pinned(POLICY, bureau.model, bureau.state, bureau.study, bureau.sums)
    private = stage.home(bank) / "private"
    ids = raise_alerts(stage.client(bank, WORKER), private, opened, by, lane=LANE)
    return [
        Raised(identity, payment, bool(cards.fraud[row]))
        for identity, payment, row in zip(ids, payments, chosen, strict=True)
    ]


def limit(bureau: Bureau, bank: str) -> int:
    """Above so many cents a bank holds payments: nine of ten are below."""
    return int(np.quantile(bureau.cards[bank].amount, HOLD_QUANTILE) * CENTS)


def _false_alarm(bureau: Bureau, bank: str, order: list[int], chosen: list[int]) -> int:
    """The highest-scoring payment above the bank's limit that turns out to be honest."""
    cards, above = bureau.cards[bank], limit(bureau, bank)
    for row in order:
        if row not in chosen and not cards.fraud[row] and round(cards.amount[row] * CENTS) > above:
            return row
    raise StoryFailed(f"{bank} has no honest payment above its limit")


def hold(bureau: Bureau, raised: Mapping[str, list[Raised]]) -> Held:
    """The bank that is to settle a suspected payment holds it; two officers look, and let it go."""
    stage, bank = bureau.stage, BANKS[1]
    unit = f"{LEAD}/{UNIT}"
    stage.ledger(LEAD).bank.new_unit(
        UNIT, title="Claims on the settlement bank", decimals=2, issue=f"{FLOAT * 2}"
    )
    stage.ledger(LEAD).bank.pay(bank, str(FLOAT), UNIT)
    stage.run(bank, "key", "new", "second", "--role", SECOND)
    limited = written(limit(bureau, bank), CURRENCY)
    stage.ledger(bank).bank.hold(unit, limited, DAY)
    one = raised[bank][-1]
    payee = BANKS[int(one.payment.creditor.account[4:12])]
    if payee == bank:
        payee = LEAD
    amount = written(one.payment.amount, CURRENCY)
    paid = stage.run(bank, "account", "pay", payee, amount, unit)
    if paid["escrow"] is None:
        raise StoryFailed("the payment was not held")
    stage.line(f"{bank} holds what leaves it above {limited} EUR: {amount} EUR to {payee} do not settle")
    escrow = bytes.fromhex(paid["escrow"])
    stage.ledger(bank, PERSON).bank.approve(escrow, one.alert)
    said = stage.refused(bank, "account", "approve", paid["escrow"], "--as", PERSON)
    stage.catch(f"one person of {bank} wants to let the held payment go alone", "the ledger", _code(said))
    gone = stage.ledger(bank, SECOND).bank.approve(escrow, one.alert)
    if not any(event.name == "bank.released" for event in gone.events):
        raise StoryFailed("two officers approved, and the payment is still held")
    stage.line(f"a second officer calls the alert honest too, and approves: {amount} EUR settle")
    return Held(
        bank,
        tuple(each.alert for each in raised[bank]),
        (paid["transaction"], gone.transaction.hex()),
    )


def _code(said: str) -> str:
    """The refusal's own words, without the remedy."""
    return said.splitlines()[0].removeprefix("error: refused, ").rstrip(".")


def prove(bureau: Bureau, held: Held) -> Path:
    """The bank's alerts and what became of the payment in one file, which an outsider executes again."""
    stage = bureau.stage
    stage.settle()
    file = stage.folder / "fraud.case"
    receipts = [part for one in held.transactions for part in ("--receipt", one)]
    alerts = [one.hex() for one in held.alerts]
    stage.run(held.bank, "case", "make", *alerts, *receipts, "--out", str(file))
    verdict = stage.outside(file)
    if not verdict["ok"]:
        raise StoryFailed(f"an outsider refuses the case at step {verdict['failed']}")
    stage.line(
        f"{file.name}: {len(alerts)} alerts and {len(held.transactions)} receipts; offline every score comes "
        "out the same, to the bit"
    )
    return file
