"""The story of five banks that look for frauds together, and show one another no customer.

Real: the processes, keys, sockets, ledger, studies, masks, alerts, escrow and checks. Made up, from a seed:
the transfers, and the card payments, unless `--data` names some. Simulated: that the members are apart, and
the passing round of blinded accounts, which happens in the story's own process.
"""

from collections.abc import Mapping

from consortia.solutions.finance.fraud.week import BANKS, Weeks, prepare
from consortia.solutions.finance.scenarios import fraud_desk, fraud_rings, fraud_studies, fraud_trees
from consortia.solutions.finance.scenarios.fraud_bureau import Bureau
from consortia.solutions.finance.scenarios.fraud_studies import ALERTS, Measured
from consortia.solutions.story import Metric, Stage, Story, Told

CLOSING = (
    """Simulated: that the members are apart. The blinded accounts were passed round in this one process; the
    studies, alerts and payments were not.""",
    """Made-up payments (--data names others) have frauds that are easy to see once counts are shared: their
    figures say nothing about real ones. Nearly all of the gain is the features that come of the sums,
    and little the joint model: "best own model, shared features" stands beside.""",
    """The rings and the rules that find them are by the same hand: on real transfers expect less.""",
)


def tell(stage: Stage, weeks: Weeks) -> Told:
    """Play the story."""
    bureau = Bureau(stage, weeks)
    stage.chapter("1. Five banks found a network; each has its own customers")
    stage.build("fraud")
    if weeks.drawn:
        count = sum(len(bank) for bank in weeks.banks.values())
        stage.line(f"of {weeks.drawn:,} payments those of some customers are drawn: {count:,}")
    if weeks.is_short:
        stage.line(f"only {weeks.days} days: frauds are taken to be known {weeks.delay} day later, not 3")
    stage.chapter("2. Payments come in as pacs.008 files")
    bureau.receive()
    stage.chapter("3. How often was each terminal defrauded? Only masked sums leave a bank")
    fraud_studies.count(bureau)
    stage.chapter("4. They learn one model; then one bank sends poisoned updates")
    fraud_studies.learn(bureau)
    fraud_trees.plant(bureau)
    measured = fraud_studies.compare(bureau)
    poisoned = fraud_studies.poison(bureau)
    grown = fraud_trees.grow(bureau)
    stage.chapter("5. A ring over three banks and more, under pseudonyms")
    found = fraud_rings.look(bureau)
    stage.chapter("6. Alerts; a payment is held, looked at by two officers, and let go")
    raised = fraud_desk.alert(bureau)
    held = fraud_desk.hold(bureau, raised)
    stage.chapter("7. Somebody outside executes the alerts again, from one file")
    proof = fraud_desk.prove(bureau, held)
    metrics = (*_metrics(measured), _boosting(grown), _poisoned(poisoned), _rings(found))
    more = {
        "payments": sum(len(bank) for bank in weeks.banks.values()),
        "quarantined": [str(path) for path in bureau.quarantined],
        "delay_days": weeks.delay,
        "ring": found.facts(),
        "alerts": {bank: len(row) for bank, row in raised.items()},
    }
    return Told(proof, metrics, tuple(" ".join(text.split()) for text in CLOSING), more)


def _metrics(measured: Mapping[str, Measured]) -> tuple[Metric, ...]:
    """The consortium beside each bank alone, the pooled payments, and what the features alone are worth."""
    ours = measured["together"]
    beside = {name: one for name, one in measured.items() if name != "together"}
    return (
        Metric(
            "average precision",
            "area",
            "higher",
            ours.precision,
            {name: one.precision for name, one in beside.items()},
        ),
        Metric(
            f"precision at {ALERTS} alerts",
            "share",
            "higher",
            ours.top,
            {name: one.top for name, one in beside.items()},
        ),
        Metric(
            f"money saved at {ALERTS} alerts",
            "EUR",
            "higher",
            ours.saved,
            {name: one.saved for name, one in beside.items()},
        ),
    )


def _boosting(grown: Mapping[str, Measured]) -> Metric:
    ours = grown["boosting together"].precision
    beside = {name: one.precision for name, one in grown.items() if name != "boosting together"}
    return Metric("average precision of boosting", "area", "higher", ours, beside, "boosting together")


def _poisoned(poisoned: Mapping[str, float]) -> Metric:
    ours = poisoned["together"]
    beside = {name: value for name, value in poisoned.items() if name != "together"}
    return Metric("average precision with one bank poisoning", "area", "higher", ours, beside)


def _rings(found: fraud_rings.Found) -> Metric:
    return Metric(
        "accounts of rings over several banks, at equal alerts",
        "share",
        "higher",
        found.together,
        found.alone,
    )


STORY = Story(members=BANKS, prepare=prepare, tell=tell, rejects=True)
