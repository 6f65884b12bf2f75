"""What can go wrong where bytes rest."""

from pathlib import Path


class StoreError(RuntimeError):
    """The store cannot do what was asked. The text names the path, what is wrong, and the remedy."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        """`problem` and `remedy` are clauses without a full stop."""
        super().__init__(f"{path}: {problem}; {remedy}")
        self.path = path
        self.problem = problem
        self.remedy = remedy
