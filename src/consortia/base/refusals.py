"""Refusals: the stable codes with which the ledger rejects a transaction.

A refusal is part of consensus: its code stands in the receipt. Codes are declared by the module
that raises them, numbered and documented in their order of precedence.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One declared reason to reject: `module.name`, its number in the module, its meaning in words."""

    module: str
    number: int
    name: str
    meaning: str

    @property
    def code(self) -> str:
        """The stable code, as it stands in receipts: ``module.name``."""
        return f"{self.module}.{self.name}"


class Refused(Exception):
    """Raised where a transaction is rejected.

    `refusal` is the declared reason; `detail` helps the person who reads it and is no part of consensus.
    """

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        """Reject with `refusal`; `detail` names the value at fault."""
        super().__init__(f"{refusal.code}: {detail or refusal.meaning}")
        self.refusal = refusal
        self.detail = detail

    @property
    def code(self) -> str:
        """The stable code of the refusal."""
        return self.refusal.code


def require(condition: object, refusal: Refusal, detail: str = "") -> None:
    """Raise Refused(refusal, detail) unless `condition` holds."""
    if not condition:
        raise Refused(refusal, detail)
