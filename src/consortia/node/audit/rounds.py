"""Audit of studies: every final round's sum and next state, again from the members' updates.

1. Every update of the cohort is a blob of this home, has its hash, its length, and no word beyond the clip.
2. Their exact sum is the blob that the ledger names, and the recipe's step from the round's state is the
   next state that it names.
3. Each round starts from the state that the round before ended with, the first from the study's initial one.
4. The registered model's content is the last state.
"""

from consortia.base.codec import Malformed, Value, decode, decode_record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train import recipe
from consortia.engines.train.api import (
    Cohort,
    Quantisation,
    Recipe,
    RecipeError,
    Stage,
    check_total,
    check_vector,
    recipe_digest,
)
from consortia.engines.train.schema import Schema
from consortia.exact.ring import RingError, add_all, pack
from consortia.kernel.ledger import Ledger
from consortia.modules.training import queries
from consortia.modules.training.types import Round
from consortia.node.audit.findings import Findings
from consortia.node.blobs import BlobError, Blobs

_PAGE = 100


def audit_rounds(ledger: Ledger, blobs: Blobs, findings: Findings) -> None:
    """Re-compute every final round of every study."""
    after: bytes | None = None
    while True:
        page = ledger.query("training.studies", queries.ListStudies(None, after, _PAGE))
        if not isinstance(page, queries.StudyPage):
            return
        for item in page.studies:
            _audit_study(ledger, blobs, item.id, findings)
        after = page.next
        if after is None:
            return


def _audit_study(ledger: Ledger, blobs: Blobs, study: bytes, findings: Findings) -> None:
    view = ledger.query("training.study", queries.ById(study))
    if not isinstance(view, queries.StudyView):
        return
    terms, place = view.study.terms, f"study {view.study.proposer}/{view.study.terms.name}"
    try:
        rule = recipe(terms.recipe.name)
    except RecipeError as error:
        findings.left_out.append(f"{place}: {error}")
        return
    if recipe_digest(rule) != terms.recipe.digest:
        findings.left_out.append(f"{place}: pins another version of {rule.name} than this software has")
        return
    _check_start(rule, terms.recipe.parameters, view, findings, place)
    state = terms.initial
    for this in _final_rounds(ledger, study):
        findings.expect(this.state == state, f"{place}, round {this.index}", "starts from another state")
        declared = terms.stages[this.stage]
        quantisation = Quantisation(declared.ring_bits, declared.scale_bits, declared.clip)
        stage = Stage(declared.name, declared.rounds, declared.length, quantisation, declared.weighting)
        _Recomputation(ledger, blobs, findings, f"{place}, round {this.index}").run(rule, stage, this)
        state = this.state if this.outcome is None else this.outcome.state
    findings.expect(view.progress.state == state, place, "stands at another state than its last final round")


def _check_start(
    rule: Recipe, parameters: bytes, view: queries.StudyView, findings: Findings, place: str
) -> None:
    """The initial state and the stages are those that the recipe plans for these parameters and schema."""
    terms = view.study.terms
    try:
        plan = rule.plan(_map(decode(parameters)), decode_record(Schema, terms.schema))
    except (Malformed, RecipeError, ValueError) as error:
        findings.wrong(place, f"its terms cannot be planned: {error}")
        return
    findings.expect(
        terms.model is not None or blob_id(plan.initial) == terms.initial, place, "starts elsewhere"
    )


def _map(value: Value) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Malformed("a recipe's parameters are a map")
    return {name: item for name, item in value.items() if isinstance(item, int)}


def _final_rounds(ledger: Ledger, study: bytes) -> list[Round]:
    found: list[Round] = []
    first: int | None = 0
    while first is not None:
        page = ledger.query("training.rounds", queries.ListRounds(study, first, _PAGE))
        if not isinstance(page, queries.RoundPage):
            break
        found += [this for this in page.rounds if this.status == "final"]
        first = page.next
    return found


class _Recomputation:
    """One round, computed again from its blobs."""

    def __init__(self, ledger: Ledger, blobs: Blobs, findings: Findings, place: str) -> None:
        self.ledger, self.blobs, self.findings, self.place = ledger, blobs, findings, place

    def run(self, rule: Recipe, stage: Stage, this: Round) -> None:
        """Steps 1 and 2, with the cohort and records that the ledger names."""
        view = self.ledger.query("training.round", queries.ByRound(this.study, this.index, this.attempt))
        if not isinstance(view, queries.RoundView) or this.outcome is None:
            self.findings.wrong(self.place, "is final without an outcome")
            return
        updates = {update.member: update.submission for update in view.updates}
        try:
            blobs = [self.blobs.read(updates[member].blob) for member in this.cohort]
            total = check_total(stage, add_all([check_vector(stage, blob) for blob in blobs]), len(blobs))
            cohort = Cohort(len(this.cohort), this.cohort_records, this.records)
            following = rule.step(self.blobs.read(this.state), total, cohort)
            packed = pack(total, ring_bits=stage.quantisation.ring_bits)
        except (BlobError, RingError, RecipeError, Malformed, KeyError) as error:
            self.findings.wrong(self.place, str(error))
            return
        self.findings.expect(blob_id(packed) == this.outcome.sum, self.place, "its sum is another one")
        self.findings.expect(
            blob_id(following) == this.outcome.state, self.place, "its next state is another one"
        )
        self.findings.rounds_recomputed += 1
