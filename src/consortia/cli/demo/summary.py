"""What a demo says at its end: figures, a picture of the lineage, and the commands to run next."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.telling import Caught, paragraph, say_checks
from consortia.cli.output import say
from consortia.engines.evaluate import Comparison
from consortia.modules.training.queries import StudyView
from consortia.modules.training.types import Round


@dataclass(slots=True)
class Outcome:
    """What a story came to."""

    consortium: Consortium
    study: bytes
    view: StudyView
    rounds: list[Round]
    model: bytes
    comparison: Comparison | None = None
    predictions: int = 0
    proof: Path | None = None
    caught: list[Caught] = field(default_factory=list)
    audit: dict[str, int] = field(default_factory=dict)
    height: int = 0
    transactions: int = 0
    seconds: float = 0.0
    url: str = ""

    @property
    def final_rounds(self) -> int:
        """How many rounds are final."""
        return sum(1 for this in self.rounds if this.status == "final")


def tell(outcome: Outcome) -> None:
    """Print the summary for a person."""
    say()
    _tell_accuracy(outcome)
    say(
        f"\n{outcome.final_rounds} rounds, {outcome.transactions} transactions, {outcome.height + 1} blocks, "
        f"{outcome.seconds:.0f} seconds"
    )
    say("\nWhere the model comes from")
    for line in lineage(outcome):
        say(f"  {line}")
    audit = outcome.audit
    say()
    say(
        paragraph(
            f"Audit of {len(outcome.consortium.names)} members' homes: {audit['blocks']} blocks replayed in "
            f"each; over all, {audit['rounds_recomputed']} rounds re-computed, "
            f"{audit['predictions_replayed']} predictions replayed, {audit['mismatches']} mismatches."
        )
    )
    say(paragraph(f"Demo keys are not encrypted. {_secrecy(outcome)}"))
    folder, network = outcome.consortium.folder, outcome.consortium.network.hex()
    say_checks(outcome.proof or folder, folder, network)


def _secrecy(outcome: Outcome) -> str:
    """Who saw the members' updates."""
    if all(stage.mode == "masked" for stage in outcome.view.study.terms.stages):
        return "Rounds are masked: nobody, not even the orderer, saw an update."
    return "Rounds are open: every member saw every update. From three members on they are masked."


def _tell_accuracy(outcome: Outcome) -> None:
    compared = outcome.comparison
    if compared is None:
        return
    say("Accuracy on the same held-out patients       accuracy   AUROC")
    for name, evaluation in compared.sites.items():
        say(f"  {name + ' alone':<40}  {evaluation.accuracy:8.1%}  {evaluation.auroc:6.3f}")
    for name, evaluation in (("federated", compared.federated), ("pooled, by a referee", compared.pooled)):
        say(f"  {name:<40}  {evaluation.accuracy:8.1%}  {evaluation.auroc:6.3f}")
    say(paragraph(compared.sentence()))


def lineage(outcome: Outcome) -> list[str]:
    """The model's lineage as a small tree, from a prediction back to each member's commitment."""
    view = outcome.view
    lines = [f"{outcome.predictions} predictions, recorded in {len(outcome.consortium.names)} batches"]
    lines.append(f"  by model {view.progress.state.hex()[:16]} (asset {_hex(view.progress.model)})")
    final = [this for this in outcome.rounds if this.status == "final"]
    how = f"study {outcome.study.hex()[:16]} ({view.study.terms.recipe.name})"
    lines.append(f"    from {len(final)} rounds of {how}")
    for part in view.parts:
        used = sum(1 for this in final if part.member in this.cohort)
        kept = f"{part.part.records} records, commitment {part.part.commitment.hex()[:16]}"
        lines.append(f"      {part.member}: {kept}, in {used} rounds")
    return lines


def to_json(outcome: Outcome) -> dict[str, Any]:
    """The facts of the outcome as one object."""
    compared = outcome.comparison
    if compared is None:
        return {}
    sites = dict(compared.sites)
    figures = {"federated": compared.federated, "pooled": compared.pooled}
    accuracy = {name: one.accuracy for name, one in figures.items()}
    auroc = {name: one.auroc for name, one in figures.items()}
    best = max(one.accuracy for one in sites.values())
    worst = min(one.accuracy for one in sites.values())
    baselines = {"pooled": accuracy["pooled"], "best site alone": best, "worst site alone": worst}
    return {
        "network": outcome.consortium.network.hex(),
        "height": outcome.height,
        "transactions": outcome.transactions,
        "rounds": outcome.final_rounds,
        "members": list(outcome.consortium.names),
        "accuracy": {"sites": {name: one.accuracy for name, one in sites.items()}, **accuracy},
        "auroc": {"sites": {name: one.auroc for name, one in sites.items()}, **auroc},
        "caught": [one.facts() for one in outcome.caught],
        "proof": str(outcome.proof),
        "home": str(outcome.consortium.folder),
        "seconds": round(outcome.seconds, 2),
        "audit": outcome.audit,
        "metrics": [
            {
                "name": "accuracy on held-out patients",
                "unit": "share",
                "better": "higher",
                "ours": accuracy["federated"],
                "baselines": baselines,
            }
        ],
        "url": outcome.url,
    }


def _hex(value: bytes | None) -> str:
    return "none" if value is None else value.hex()[:16]
