"""A case is executed again from its file alone; changed anywhere, it is refused at the step that breaks."""

import dataclasses
import random

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.times import HOUR
from consortia.cli.cases import save
from consortia.engines.commit.chunks import blob_id
from consortia.engines.infer.predict import features_of, score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Schema, number
from consortia.engines.train.table import Table
from consortia.kernel.proof import parse_proof
from consortia.kernel.prove import prove_receipt, prove_state
from consortia.modules.bank.messages import Approve, Issue, SetHold, Transfer
from consortia.modules.guard.messages import LabelAlert, RaiseAlert, SetPolicy
from consortia.modules.guard.state import ALERTS
from consortia.modules.guard.types import Finding, Opening
from consortia.sdk.cases import Alerted as Filed
from consortia.sdk.cases import Case
from consortia.sdk.light import LightClient
from consortia.sdk.payment_alerts import SCHEMA, Shown, Target, finding, shown
from consortia.solutions.finance.fraud.evidence import keep, kept, kept_at, of_payment
from consortia.solutions.finance.fraud.tables import FRAUD
from consortia.solutions.finance.iso20022.parties import Party
from consortia.solutions.finance.iso20022.payments import Payment
from consortia.testing.machine import Bench
from consortia.testing.scenarios import bank_parts
from consortia.testing.witnessed import Witnessed

PAYMENT = Payment("ref-1", "end-1", 1_767_000_000_000, "2026-01-05", 12_50, "EUR", Party("A"), Party("B"))
ROWS = np.array([[float(at), float(at % 7)] for at in range(60)])
MUTANTS = 60


def learned():
    """A small model of frauds."""
    schema = Schema((number("amount", exponent=6), number("count", exponent=3)), FRAUD)
    truth = (ROWS[:, 0] > 40).astype(np.float64)
    return train(recipe("glm.logistic"), {"rounds": 3}, {"bank": Table("bank", schema, ROWS, truth)}).model


def alerts(model, scores=None, payment=PAYMENT, **other):
    """A ledger with two alerts by this model: what is kept of it, what opens them, and their ids."""
    bench, digest = Bench(4), blob_id(model)
    bench.ok("north", "admin", SetPolicy("cards", SCHEMA, (), digest, 50))
    rows = ROWS[50:52]
    scores = score_numbers(model, rows).tolist() if scores is None else scores
    opened = [
        replace(shown("north", of_payment(payment, features_of(model, row)), score, digest), **other)
        for row, score in zip(rows.tolist(), scores, strict=True)
    ]
    said = [RaiseAlert(Finding(**finding(one, "cards", bytes(32), bytes(32)))) for one in opened]
    receipt = bench.ok("north", "operator", *said)
    return Witnessed.of(bench), opened, [one.body["alert"] for one in receipt.events]


def case_of(model, scores=None, **other):
    """The same ledger, and the case of both alerts."""
    kept, opened, ids = alerts(model, scores, **other)
    made = Case(
        tuple(
            Filed(prove_state(kept.ledger, ALERTS.state_key(which)).encode(), one)
            for which, one in zip(ids, opened, strict=True)
        ),
        (model,),
        (prove_receipt(kept.ledger, kept.ledger.transaction_at(3)).encode(),),
    )
    return kept, made


@pytest.fixture(scope="module")
def filed():
    return case_of(learned())


def checked(kept, made):
    data = made if isinstance(made, bytes) else made.encode()
    return LightClient(kept.ledger.network, app=kept.ledger.app).case(data)


def test_a_case_is_executed_again_from_its_file_alone(filed):
    found = checked(*filed)
    assert [step.number for step in found.steps] == [1, 2, 3, 4, 5, 6, 7]
    assert found.ok, found.steps[-1]
    assert sum("payment ref-1 of 12.50 EUR" in line for line in found.lines) == 2


def test_a_case_is_written_for_its_authors_eyes(filed, tmp_path):
    kept, made = filed
    save(tmp_path / "fraud.case", made)
    assert (tmp_path / "fraud.case").stat().st_mode & 0o777 == 0o600
    assert checked(kept, (tmp_path / "fraud.case").read_bytes()).ok


def test_another_network_knows_none_of_it(filed):
    _, made = filed
    assert LightClient(bytes(32)).case(made.encode()).failed == 2


def test_a_case_that_was_changed_anywhere_is_refused(filed):
    kept, made = filed
    data, draw = made.encode(), random.Random(1)
    for spot in draw.sample(range(len(data)), MUTANTS):
        changed = bytearray(data)
        changed[spot] ^= 1 << draw.randrange(8)
        assert not checked(kept, bytes(changed)).ok, spot


def swapped(made, **fields):
    """The case with something else in what opens its first alert."""
    first = made.alerts[0]
    return replace(made, alerts=(replace(first, shown=replace(first.shown, **fields)), *made.alerts[1:]))


BREAKS = {
    "twice": (lambda case: replace(case, alerts=(case.alerts[0],) * 2), 1),
    "no receipt": (lambda case: replace(case, receipts=(case.alerts[0].proof,)), 2),
    "no alert": (
        lambda case: replace(case, alerts=(replace(case.alerts[0], proof=case.receipts[0]), case.alerts[1])),
        3,
    ),
    "the other's evidence": (
        lambda case: replace(
            case, alerts=(replace(case.alerts[0], shown=case.alerts[1].shown), case.alerts[1])
        ),
        4,
    ),
    "another target": (lambda case: swapped(case, target=Target("south", "ref-1")), 4),
    "another salt": (lambda case: swapped(case, score_salt=bytes(32)), 4),
    "another model": (lambda case: replace(case, models=(case.models[0] + b"\0",)), 5),
    "a model too many": (lambda case: replace(case, models=(*case.models, b"other")), 5),
    "shown with another model": (lambda case: swapped(case, model=bytes(32)), 5),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_each_step_refuses_what_it_is_for(filed, kind):
    change, step = BREAKS[kind]
    kept, made = filed
    assert checked(kept, change(made)).failed == step


def test_an_alert_whose_score_is_not_the_models_is_found_out():
    model = learned()
    assert checked(*case_of(model, scores=[1, 2])).failed == 6


def paid(amount, *, named=True):
    """The case of an alert on a payment of 12.50 by north, with receipts of one that was held, and let go."""
    model = learned()
    bench, digest = Bench(4), blob_id(model)
    bench.ok("north", "admin", SetPolicy("cards", SCHEMA, (), digest, 50))
    cells = features_of(model, ROWS[50])
    one = shown("north", of_payment(PAYMENT, cells), score_numbers(model, ROWS[50:51]).tolist()[0], digest)
    raised = bench.ok("north", "operator", RaiseAlert(Finding(**finding(one, "cards", bytes(32), bytes(32)))))
    which = raised.events[0].body["alert"]
    unit = bank_parts.made(bench)
    bench.ok("north", "operator", Issue(unit, "north", 10_000))
    bench.ok("north", "admin", SetHold(unit, 300, HOUR))
    done = [bench.ok("north", "operator", Transfer("north", "south", unit, amount))]
    escrow = done[0].events[0].body["escrow"]
    label = (LabelAlert(which, "honest"),) if named else ()
    done += [bench.ok("north", role, *label, Approve(escrow)) for role in ("admin", "approver")]
    kept = Witnessed.of(bench)
    proofs = tuple(prove_receipt(kept.ledger, receipt.transaction).encode() for receipt in done)
    filed = Filed(prove_state(kept.ledger, ALERTS.state_key(which)).encode(), one)
    return kept, Case((filed,), (model,), proofs), done


def test_a_receipt_is_of_an_alerts_own_payment():
    kept, case, done = paid(12_50)
    found = checked(kept, case)
    assert found.ok, found.steps[-1]
    assert sum("bank.released in" in line and ", of alert" in line for line in found.lines) == 1
    assert done[-1].events[-1].name == "bank.released"
    kept, case, _ = paid(99_00 - 12_50)
    assert (checked(kept, case).failed, checked(kept, case).lines) == (7, [])
    kept, case, _ = paid(12_50, named=False)
    assert "names no alert of the case" in checked(kept, case).steps[-1].text


LIES = {
    "a currency that there is not": {"payment": dataclasses.replace(PAYMENT, currency="ZZZ")},
    "words for the reader's screen": {
        "payment": dataclasses.replace(PAYMENT, reference="x\n  alert 00 of south\x1b[8m")
    },
    "whom it is not about": {"target": Target("north", "ref-2")},
}


@pytest.mark.parametrize("kind", LIES)
def test_an_author_that_committed_to_a_lie_is_refused_where_the_alerts_are_opened(kind):
    assert checked(*case_of(learned(), **LIES[kind])).failed == 4


def test_an_alert_counts_once_however_often_it_is_proved():
    kept, made = case_of(learned())
    bench, (first, _) = kept.bench, made.alerts
    bench.ok("north", "admin", SetPolicy("other", SCHEMA, (), None, 50))
    which = parse_proof(first.proof).extra.state.key
    kept.ledger.append(bench.blocks[-1])
    kept.keep(kept.ledger.tip.height)
    later = replace(first, proof=prove_state(kept.ledger, which).encode())
    assert later.proof != first.proof
    assert checked(kept, replace(made, alerts=(first, later))).failed == 3


def test_what_a_bank_commits_to_is_what_the_law_opens():
    assert encode_record(Target("north", "ref-1")) == encode_record(Opening("north", "ref-1"))
    assert set(Shown.__struct_fields__) >= {"target", "score", "evidence", "model"}


def test_a_home_keeps_what_opens_alerts_apart_from_their_models(tmp_path):
    model = learned()
    _, opened, _ = alerts(model)
    keep(tmp_path, opened, model)
    assert sorted(kept(tmp_path), key=encode_record) == sorted(opened, key=encode_record)
    assert kept_at(tmp_path, blob_id(model)).read_bytes() == model
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "payments").iterdir()} == {0o600}
    assert list(kept(tmp_path / "nobody")) == []
