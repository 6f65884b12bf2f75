"""What the front door raises."""

from dataclasses import dataclass
from typing import Any

from consortia.kernel.upgrades import Outdated
from consortia.sdk.moments import moment


class LedgerError(Exception):
    """The base of every error that talking to a ledger can raise."""


class IdentifierWarning(UserWarning):
    """A column of numbers looks like identifiers: a model would learn from it, and it leads to people."""


class Unreachable(LedgerError):
    """No answer from the node: it is down, its name is wrong, or its certificate is not the one expected."""


class TransactionRefused(LedgerError):
    """The ledger refused a transaction. `code` is the stable code, `detail` names the value at fault.

    `transaction` is its id in hex where it is known; `height` the block that holds the refused receipt, None
    when it was refused before any block.
    """

    def __init__(
        self, code: str, detail: str = "", *, transaction: str = "", height: int | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.transaction = transaction
        self.height = height


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem report (RFC 9457) as a node sends it; `code` is a refusal's stable code, or empty."""

    status: int
    title: str
    detail: str
    code: str


class RequestFailed(LedgerError):
    """The node answered with a problem that is no refusal of a transaction."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status


def from_problem(status: int, body: dict[str, Any]) -> LedgerError:
    """The error that a problem report stands for."""
    code = str(body.get("code", ""))
    detail = str(body.get("detail", ""))
    if code and status in {409, 422, 429}:
        return TransactionRefused(code, detail, transaction=str(body.get("transaction", "")))
    return RequestFailed(Problem(status, str(body.get("title", "")), detail, code))


class BankError(LedgerError):
    """An amount that is none, or a unit or escrow that is not there; the text says which."""


class GovernanceError(LedgerError):
    """A proposal that is not there, or an action that no proposal can hold; the text says which."""


def outdated(error: Outdated) -> str:
    """That this software is too old, as people read it: since when, what it lacks, and what brings it."""
    first = error.demands[0]
    named = ", ".join(f"{one.module} {one.version}" for one in error.demands)
    here = ", ".join(f"{one.module} {held}" for one, held in zip(error.demands, error.held, strict=True))
    return (
        f"the members' upgrade of {moment(first.time)} demands {named}, and this software has {here}: "
        f"install the software with the digest {first.software.hex()}"
    )
