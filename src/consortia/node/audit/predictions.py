"""Audit of predictions: every opened record, executed again bit for bit.

1. The opened batch has the root and count that the ledger names.
2. The model is a blob of this home and has the content that the ledger names.
3. Each record's score, probability and label are what the model answers to its input.

Opened batches are read from the member's own private folder, or from a published blob. A batch of another
member that is not opened cannot be replayed here; it is counted among what was left out.
"""

from collections.abc import Callable

from consortia.base.codec import Malformed
from consortia.engines.commit.batch import WrongOpening
from consortia.engines.commit.prediction import read_opened
from consortia.engines.infer.predict import cells_in, predict_features
from consortia.engines.train.api import RecipeError
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.predictions.state import BATCHES
from consortia.modules.predictions.types import Batch
from consortia.node.audit.findings import Findings
from consortia.node.audit.folder import Shelf
from consortia.node.blobs import BlobError, NoBlob

Own = Callable[[bytes], bytes | None]
"""Gives the opened batch with a root from the member's own private folder, or None."""


def audit_predictions(ledger: Ledger, blobs: Shelf, own: Own, findings: Findings) -> None:
    """Execute every opened prediction of every batch again."""
    for batch in _batches(ledger):
        place = _place(batch)
        opened = own(batch.root)
        if opened is None and batch.opened is not None:
            opened = _published(blobs, batch, place, findings)
        if opened is None:
            if batch.member == findings.member:
                findings.wrong(place, "this member's own records are missing from its private folder")
            else:
                findings.left_out.append(f"{place}: not opened to this home")
            continue
        _replay(blobs, batch, opened, findings)


def _place(batch: Batch) -> str:
    return f"predictions {batch.id.hex()[:16]} of {batch.member}"


def _batches(ledger: Ledger) -> list[Batch]:
    found: list[Batch] = []

    def collect(ctx: Context) -> None:
        found.extend(batch for _, batch in BATCHES.scan(ctx))

    ledger.ask(collect)
    return found


def _published(blobs: Shelf, batch: Batch, place: str, findings: Findings) -> bytes | None:
    try:
        return None if batch.opened is None else blobs.read(batch.opened)
    except NoBlob:
        return None
    except BlobError as error:
        findings.wrong(place, str(error))
        return None


def _replay(blobs: Shelf, batch: Batch, opened: bytes, findings: Findings) -> None:
    place = _place(batch)
    try:
        records = read_opened(opened, batch.root, batch.count)
        model = blobs.read(batch.content)
        features = [cells_in(one.input) for one in records]
        answers = predict_features(model, features)
    except (Malformed, WrongOpening, BlobError, RecipeError, ValueError) as error:
        findings.wrong(place, str(error))
        return
    for index, (one, answer) in enumerate(zip(records, answers, strict=True)):
        said = one.record
        same = (said.score, said.probability_ppm, said.label) == (
            answer.score,
            answer.probability_ppm,
            answer.label,
        )
        bound = said.model == batch.content and said.policy == batch.policy
        findings.expect(same, f"{place}, record {index}", "the model answers otherwise")
        findings.expect(bound, f"{place}, record {index}", "names another model or policy than its batch")
    findings.predictions_replayed += len(records)
