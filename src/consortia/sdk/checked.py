"""Files of several proofs, verified step by step: what held, which step failed, what the file shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Malformed
from consortia.kernel.application import Application
from consortia.kernel.proof import PROOF_BYTES_MAX
from consortia.kernel.verify import Step, Verdict, verify_proof

ProofBytes = Annotated[bytes, Meta(max_length=PROOF_BYTES_MAX)]


class Wrong(Exception):
    """Raised inside a step: what is wrong."""


@dataclass
class Checked:
    """The steps of a file's verification up to the first that fails, and what it shows when none does."""

    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return all(step.ok for step in self.steps)

    @property
    def failed(self) -> int | None:
        """The number of the step that failed, or None."""
        return next((step.number for step in self.steps if not step.ok), None)


def walk(steps: Sequence[Callable[[], str]], lines: list[str]) -> Checked:
    """Take steps in their order up to the first that fails; `lines`, which they fill, are what is shown."""
    checked = Checked()
    for number, step in enumerate(steps, start=1):
        try:
            text, ok = step(), True
        except (Malformed, ValueError, Wrong) as error:
            text, ok = str(error), False
        checked.steps.append(Step(number, text, ok))
        if not ok:
            return checked
    checked.lines = lines
    return checked


def proved(app: Application, proof: bytes, network: bytes, what: str) -> Verdict:
    """The verdict on a proof inside the file; raises Wrong where it does not hold."""
    verdict = verify_proof(app, proof, network)
    if not verdict.ok:
        failed = next(step for step in verdict.steps if not step.ok)
        raise Wrong(f"{what}: {failed.text}")
    return verdict
