"""A proof file as the front door gives it: checked at once, and drawn step by step in a notebook."""

from pathlib import Path

from consortia.app import application
from consortia.kernel.verify import NOT_PROVED, Verdict, entry_name, verify_proof
from consortia.sdk.moments import moment
from consortia.sdk.notebook import shown
from consortia.sdk.values import cell
from consortia.sdk.views import Cell, Table


class ProofFile:
    """The bytes of a proof file and what checking them against a network's hash found."""

    def __init__(self, data: bytes, network: bytes) -> None:
        """Check `data` offline, as `consortia verify` does."""
        self.data, self.network = data, network
        self.verdict: Verdict = verify_proof(application(), data, network)

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return self.verdict.ok

    def save(self, path: Path | str) -> Path:
        """Write the file, for `consortia verify FILE --network HASH` or the console's page."""
        Path(path).write_bytes(self.data)
        return Path(path)

    def _repr_html_(self) -> str:
        steps = tuple((one.number, one.text, "holds" if one.ok else "FAILED") for one in self.verdict.steps)
        title = "Every step holds" if self.ok else f"Step {self.verdict.failed} fails"
        network = f"Checked against the network {self.network.hex()}."
        parts = [Table(title, ("step", "what is checked", "finding"), steps, network)]
        if self.ok:
            parts.append(Table("It shows", ("what", "value"), self._claim()))
            parts.append(Table("It does not show", ("what",), tuple((text,) for text in NOT_PROVED)))
        return shown(*parts)

    def _claim(self) -> tuple[tuple[Cell, ...], ...]:
        verdict = self.verdict
        rows: list[tuple[Cell, ...]] = []
        if verdict.header is not None:
            rows.append(("block", f"{verdict.header.height} of {moment(verdict.header.time)}"))
        if verdict.receipt is not None:
            rows.append(("transaction", verdict.receipt.transaction.hex()))
            rows.append(("receipt", verdict.receipt.code))
            rows += [(event.name, cell(event.body)) for event in verdict.receipt.events]
        state = None if verdict.proof is None else verdict.proof.extra.state
        if state is not None:
            there = "is absent" if state.value is None else f"{len(state.value)} bytes"
            rows.append((entry_name(application(), state.key), there))
        return tuple(rows)
