"""What the commands about deciding share."""

import json
from pathlib import Path

from consortia.cli.output import Failure
from consortia.cli.session import Door, Session
from consortia.modules.governance.types import Charter
from consortia.sdk.errors import GovernanceError
from consortia.sdk.governance import Governance, read_charter


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
