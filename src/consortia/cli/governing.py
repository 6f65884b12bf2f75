"""What the commands about deciding share."""

import json
from pathlib import Path

from consortia.cli.output import Failure
from consortia.cli.session import Door, Session
from consortia.modules.governance.types import Charter
from consortia.sdk.errors import GovernanceError
from consortia.sdk.governance import Governance, read_charter

_SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


def governance_of(session: Session) -> Governance:
    """Deciding, for the member that a session speaks for."""
    return Governance(Door(session), session.member)


def charter_in(path: Path) -> Charter:
    """The charter that a file holds, in the form of `consortia charter show --json`; raises Failure."""
    try:
        return read_charter(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise Failure(f"{path} is no JSON: {error}", "consortia charter show --json") from None
    except GovernanceError as error:
        raise Failure(f"{path}: {error}", "consortia charter show --json") from None


def span_of(milliseconds: int) -> str:
    """A span of time in its largest whole unit: 3d, 12h, 90s."""
    for unit, name in _SPANS:
        if milliseconds % unit == 0 and milliseconds >= unit:
            return f"{milliseconds // unit}{name}"
    return f"{milliseconds}ms"
