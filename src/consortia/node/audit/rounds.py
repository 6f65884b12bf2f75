"""Audit of studies: every final round's sum and next state, again from the members' updates.

1. Every update of the cohort is a blob of this home, has its hash, its length, and in an open round no word
   beyond the clip.
2. Their exact sum, in a masked round freed of its masks by what the members revealed on the ledger, and what
   the recipe's step makes of the round's state with it, are the blobs that the ledger names
   (`workers.arithmetic.compute`, as every member's worker does it).
3. Each round starts from the state that the round before ended with, the first from the study's initial one.
4. The study stands at the state that its last final round ended with.

A member that took no part in a round keeps none of its updates; its rounds are left out in that home.
"""

from functools import partial

from consortia.base.codec import Malformed
from consortia.engines.commit.chunks import blob_id
from consortia.kernel.ledger import Ledger
from consortia.modules.training import list_queries, queries
from consortia.modules.training.mask_queries import MasksView
from consortia.modules.training.rules import rounds_of
from consortia.modules.training.types import Round
from consortia.node.audit.findings import Findings, Waiting
from consortia.node.audit.folder import Shelf
from consortia.node.blobs import BlobError, NoBlob
from consortia.workers.arithmetic import BadRound, BadTerms, Plans, compute, plans
from consortia.workers.masks import Given

_PAGE = 100


def audit_rounds(ledger: Ledger, blobs: Shelf, findings: Findings) -> None:
    """Re-compute every final round of every study."""
    after: bytes | None = None
    while True:
        page = ledger.query("training.studies", list_queries.ListStudies(None, after, _PAGE))
        if not isinstance(page, list_queries.StudyPage):
            return
        for item in page.studies:
            _audit_study(ledger, blobs, item.id, findings)
        after = page.next
        if after is None:
            return


def _audit_study(ledger: Ledger, blobs: Shelf, study: bytes, findings: Findings) -> None:
    view = ledger.query("training.study", queries.ById(study))
    if not isinstance(view, queries.StudyView):
        return
    terms, place = view.study.terms, f"study {view.study.proposer}/{view.study.terms.name}"
    _note_waiting(ledger, view, findings)
    try:
        known = plans(terms)
    except BadTerms as error:
        findings.left_out.append(f"{place}: {error}")
        return
    if terms.model is None:
        start = blob_id(known.plan.initial) == terms.initial
        findings.expect(start, place, "starts from another state than its recipe plans")
    state = terms.initial
    for this in _final_rounds(ledger, study):
        where = f"{place}, round {this.index + 1}"
        findings.expect(this.state == state, where, "starts from another state")
        _recompute(ledger, blobs, known, this, findings, where)
        state = this.state if this.outcome is None else this.outcome.state
    findings.expect(view.progress.state == state, place, "stands at another state than its last final round")


def _note_waiting(ledger: Ledger, view: queries.StudyView, findings: Findings) -> None:
    """Note whom a study that is not over waits for."""
    now = ledger.query("training.awaited", queries.ById(view.study.id))
    if isinstance(now, queries.Awaited) and now.status in {"proposed", "running"}:
        name = f"{view.study.proposer}/{view.study.terms.name}"
        absent = tuple(one.member for one in view.parts if one.part.absent and one.part.until is None)
        findings.waiting.append(Waiting(name, rounds_of(view.study.terms.stages), now, absent))


def _final_rounds(ledger: Ledger, study: bytes) -> list[Round]:
    found: list[Round] = []
    first: int | None = 0
    while first is not None:
        page = ledger.query("training.rounds", list_queries.ListRounds(study, first, _PAGE))
        if not isinstance(page, list_queries.RoundPage):
            break
        found += [this for this in page.rounds if this.status == "final"]
        first = page.next
    return found


def _recompute(  # noqa: PLR0917 (what is known, the round, and where to tell)
    ledger: Ledger, blobs: Shelf, known: Plans, this: Round, findings: Findings, place: str
) -> None:
    """Steps 1 and 2, with the cohort and records that the ledger names."""
    view = ledger.query("training.round", queries.ByRound(this.study, this.index, this.attempt))
    if not isinstance(view, queries.RoundView) or this.outcome is None:
        findings.wrong(place, "is final without an outcome")
        return
    given = {update.member: update for update in view.updates}
    try:
        planned = this.index == 0 and blob_id(known.plan.initial) == this.state
        state = known.plan.initial if planned else blobs.read(this.state)
        held = [
            Given(name, given[name].records, partial(blobs.read, given[name].submission.blob))
            for name in this.cohort
        ]
        found = compute(known, this, state, held, _masks(ledger, this))
    except NoBlob as error:
        if any(one.member == findings.member for one in view.results):  # it had them when it added them up
            findings.wrong(place, str(error))
        else:
            findings.left_out.append(f"{place}: {_why_not_held(this, findings.member)}")
        return
    except (BlobError, BadRound, Malformed, KeyError) as error:
        findings.wrong(place, str(error))
        return
    findings.expect(found.outcome.sum == this.outcome.sum, place, "its sum is another one")
    findings.expect(found.outcome.state == this.outcome.state, place, "its next state is another one")
    findings.rounds_recomputed += 1


def _why_not_held(this: Round, member: str) -> str:
    """Why a member that added up no sum of a round need not have its updates."""
    if member in this.members:
        return "this member was away when the others agreed on its sum, and does not have all its updates"
    return "this member took no part, and keeps no updates"


def _masks(ledger: Ledger, this: Round) -> MasksView | None:
    """The keys and revealed secrets of a masked round; None for an open one."""
    if not this.keyed:
        return None
    asked = queries.ByRound(this.study, this.index, this.attempt)
    view = ledger.query("training.masks", asked)
    return view if isinstance(view, MasksView) else None
