"""How a model or its predictions came to be: every step between them and the records' commitments.

The page says what is to hold along each arrow; its script asks for proofs and checks it in the browser.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consortia.modules.assets.queries import ById, MaybeAsset
from consortia.modules.assets.types import Asset
from consortia.modules.predictions.queries import BatchPage, ListBatches, MaybeBatch
from consortia.modules.predictions.queries import ById as BatchIs
from consortia.modules.predictions.types import Batch
from consortia.modules.training.queries import ById as StudyIs
from consortia.modules.training.queries import Part, StudyView
from consortia.modules.training.types import Round
from consortia.node.console.inside import Inside
from consortia.node.console.screen import Screen
from consortia.node.console.verifying import asked_network
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest
from consortia.sdk.html import Html, tag
from consortia.sdk.paging import round_pages
from consortia.sdk.values import short
from consortia.sdk.views import Edge, Graph, Node

Ids = dict[str, str | int]

ROUNDS_MAX, BATCHES_MAX, PAGE = 8, 5, 100
"""So many of the newest rounds and batches of predictions are drawn and checked."""

LEFT_OUT = (
    "that the updates of a round add up to its outcome: every member computed that, `consortia audit` does",
    "that one prediction is in its batch: drop the prediction's own .proof on Verify",
    "which version a member read after it renewed its data set during the study",
    "that records are true, and that the page's script is the one that was published",
)


@dataclass(frozen=True, slots=True)
class Step:
    """An arrow, what is to hold along it in words, and the ids that its script needs to check that."""

    edge: Edge
    words: str
    kind: str
    ids: Ids


@dataclass(slots=True)
class _Drawing:
    nodes: dict[str, Node]
    steps: list[Step]

    def add(self, node: Node) -> str:
        self.nodes[node.key] = node
        return node.key

    def lead(self, source: str, target: str, kind: str, words: str, **ids: str | int) -> None:
        self.steps.append(Step(Edge(source, target, words), words, kind, ids))


def origin(asked: Asked) -> Screen:
    """The lineage of a model, or of one batch of its predictions."""
    name = hex_digest(asked.path("id"), "the id of a model or of predictions")
    way = Inside(asked.service)
    batch = way.query("predictions.batch", BatchIs(name), MaybeBatch).batch
    model = way.query("assets.asset", ById(name if batch is None else batch.model), MaybeAsset).asset
    if model is None or model.kind != "model" or model.study is None:
        raise HttpProblem(404, f"no study made a model or predictions {name.hex()}")
    batches = (batch,) if batch is not None else _newest(way, model)
    seen = way.query("training.study", StudyIs(model.study), StudyView)
    rounds = _rounds(way, seen)
    drawn = _Drawing({}, [])
    _draw(drawn, model, seen, rounds)
    for one in batches:
        key = drawn.add(Node(f"b{one.id.hex()}", f"{one.count} predictions", f"of {one.member}"))
        words = f"{one.count} predictions of {one.member} are by this version of the model"
        drawn.lead(f"m{model.id.hex()}", key, "batch", words, batch=one.id.hex(), asset=model.id.hex())
    cut = len(rounds) > ROUNDS_MAX
    note = f"The newest {ROUNDS_MAX} of {len(rounds)} rounds." if cut else ""
    graph = Graph("Lineage", tuple(drawn.nodes.values()), tuple(one.edge for one in drawn.steps), note)
    return Screen(
        f"How {model.title or model.name} came to be",
        "From the records' commitments to predictions. Each arrow is checked in this browser by proofs.",
        (*_controls(asked), graph, _list(drawn.steps), _unchecked()),
        live=False,
        scripts=("lineage.js",),
    )


def _newest(way: Inside, model: Asset) -> Sequence[Batch]:
    total = way.query("predictions.batches", ListBatches(model.id, 0, 1), BatchPage).total.batches
    first = max(0, total - BATCHES_MAX)
    return way.query("predictions.batches", ListBatches(model.id, first, BATCHES_MAX), BatchPage).batches


def _rounds(way: Inside, seen: StudyView) -> list[Round]:
    """The rounds that are final, oldest first."""
    found = round_pages(way.query, seen.study.id)
    return [one for page in found for one in page.rounds if one.status == "final"]


def _draw(drawn: _Drawing, model: Asset, seen: StudyView, rounds: list[Round]) -> None:
    study, shown = seen.study.id.hex(), rounds[-ROUNDS_MAX:]
    for part in seen.parts:
        if any(part.member in one.cohort for one in shown):
            _records(drawn, study, part)
    before = rounds[-ROUNDS_MAX - 1] if len(rounds) > ROUNDS_MAX else None
    title = seen.study.terms.title or seen.study.terms.name
    whole = drawn.add(Node(f"s{study}", title, "study", f"/console/studies/{study}"))
    for one in shown:
        key = drawn.add(Node(f"r{one.id.hex()}", f"round {one.index + 1}", "summed"))
        place: Ids = {"study": study, "index": one.index, "attempt": one.attempt, "round": one.id.hex()}
        for member in one.cohort:
            words = f"{member}'s update, of that data set, is in round {one.index + 1}"
            drawn.lead(f"d{member}", key, "update", words, member=member, **place)
        start = (
            "the study's first state"
            if before is None and one.index == 0
            else "where the one before it ended"
        )
        earlier: Ids = {} if before is None else {"before": before.index, "tried": before.attempt}
        words = f"round {one.index + 1} is final, and starts from {start}"
        drawn.lead(key, whole, "round", words, **place, **earlier)
        before = one
    made = drawn.add(
        Node(
            f"m{model.id.hex()}",
            model.title or model.name,
            f"model of {model.owner}",
            f"/console/assets/{model.id.hex()}",
        )
    )
    last: Ids = {"index": shown[-1].index, "attempt": shown[-1].attempt} if shown else {}
    words = "the model is the state that the last round led to"
    drawn.lead(whole, made, "model", words, asset=model.id.hex(), study=study, **last)


def _records(drawn: _Drawing, study: str, part: Part) -> None:
    member, joined = part.member, part.part
    link = f"/console/assets/{joined.dataset.hex()}"
    committed = drawn.add(
        Node(f"c{member}", f"{joined.records} records", f"commitment {short(joined.commitment)}", link)
    )
    data = drawn.add(Node(f"d{member}", f"version {joined.version}", f"data set of {member}", link))
    words = f"{member} joined with version {joined.version} of its data set, which has this commitment"
    ids: Ids = {"dataset": joined.dataset.hex(), "version": joined.version, "root": joined.commitment.hex()}
    drawn.lead(committed, data, "records", words, member=member, study=study, **ids)


def _controls(asked: Asked) -> tuple[Html, ...]:
    text = "This page checks in your browser, which needs its script. Without it: consortia audit."
    buttons = (
        tag("button", "Flip a byte", type_="button", id_="flip", disabled=True),
        " ",
        tag("button", "As it was", type_="button", id_="restore", disabled=True),
    )
    form = tag("form", asked_network(asked), tag("p", *buttons), id_="lineage")
    verdict = tag("p", "", id_="verdict", role="status", class_="verdict")
    return (tag("noscript", tag("p", text, class_="note")), form, verdict)


def _list(steps: list[Step]) -> Html:
    rows = [
        tag(
            "li",
            one.words,
            tag("p", "", class_="said"),
            class_="step",
            data_kind=one.kind,
            data_edge=f"{one.edge.source}-{one.edge.target}",
            **{f"data_{name}": value for name, value in one.ids.items()},
        )
        for one in steps
    ]
    return tag("section", tag("h2", "Arrow by arrow"), tag("ol", *rows, class_="steps", id_="steps"))


def _unchecked() -> Html:
    return tag(
        "section",
        tag("h2", "Not checked here"),
        tag("ul", *(tag("li", text) for text in LEFT_OUT), id_="unchecked"),
    )
