"""What the commands about deciding share."""

from dataclasses import dataclass

from consortia.base.codec import R, Record
from consortia.cli.session import Session
from consortia.kernel.block import Receipt
from consortia.sdk.governance import Governance

_SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


@dataclass(frozen=True, slots=True)
class _Door:
    """A session, as the front door's governance needs it."""

    session: Session

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask a module."""
        return self.session.ask(name, arguments, kind)

    def submit(self, *records: Record) -> Receipt:
        """Sign with a key of the home that may, and wait for the receipt."""
        return self.session.submit(*records)


def governance_of(session: Session) -> Governance:
    """Deciding, for the member that a session speaks for."""
    return Governance(_Door(session), session.member)


def span_of(milliseconds: int) -> str:
    """A span of time in its largest whole unit: 3d, 12h, 90s."""
    for unit, name in _SPANS:
        if milliseconds % unit == 0 and milliseconds >= unit:
            return f"{milliseconds // unit}{name}"
    return f"{milliseconds}ms"
