"""Boosted trees in the story: all banks grow them in masked rounds, a level each; their own stand beside."""

from typing import Final

from consortia.solutions.finance.fraud.week import BANKS
from consortia.solutions.finance.scenarios.fraud_bureau import LEAD, PURPOSE, Bureau
from consortia.solutions.finance.scenarios.fraud_studies import (
    PAYMENTS,
    Measured,
    measure,
    pooled,
    propose,
    say,
    table,
    trained,
)
from consortia.solutions.story import StoryFailed

NAME = "trees"
BOOSTING: Final = "boosting.logistic"
TERMS = {"trees": 2, "depth": 3, "rate_milli": 500}
"""A round a level: few trees, and large steps, so that a story has the time."""


def plant(bureau: Bureau) -> None:
    """Begin a study of boosted trees on the payments that the linear model learned from."""
    bureau.trees = propose(bureau, NAME, PAYMENTS, BOOSTING, TERMS).id


def grow(bureau: Bureau) -> dict[str, Measured]:
    """The trees that the banks grew together, beside those of the pooled payments and of each bank alone.

    Raises StoryFailed where the banks' trees are not those of the pooled payments, to the bit.
    """
    stage = bureau.stage
    view = stage.ledger(LEAD).training.get(bureau.trees).wait().view()
    model = stage.client(LEAD).blob(view.progress.state, PURPOSE)
    tables = {bank: table(bureau, bank, bureau.features[bank]) for bank in BANKS}
    if trained(BOOSTING, TERMS, {"pooled": pooled(tables)}) != model:
        raise StoryFailed("the trees of the masked rounds are not those of the pooled payments")
    rounds = sum(one.rounds for one in view.study.terms.stages)
    stage.line(
        f"{TERMS['trees']} trees of depth {TERMS['depth']} in {rounds} masked rounds, a level a round: those "
        "of the pooled payments, to the bit"
    )
    ours = measure(bureau, model, bureau.features)
    found = {"boosting together": ours, "boosting on the pooled payments": ours}
    for bank in BANKS:
        alone = trained(BOOSTING, TERMS, {bank: tables[bank]})
        found[f"{bank}'s own trees, shared features"] = measure(bureau, alone, bureau.features)
    say(bureau, found)
    return found
