"""Consortia: train, govern and use AI together, on a ledger none of you can rewrite.

ledger = consortia.open("~/.local/share/consortia")   # or a node's URL
with consortia.simulate(members=10) as ledger: ...    # the whole protocol in this process
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consortia.node.front import open_ledger as open  # noqa: A004 (consortia.open, as files are opened)
    from consortia.node.simulate import simulate

__all__ = ["open", "simulate"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import the front door when it is used: `import consortia` costs nothing."""
    if name == "open":
        from consortia.node.front import open_ledger

        return open_ledger
    if name == "simulate":
        from consortia.node.simulate import simulate

        return simulate
    raise AttributeError(f"module 'consortia' has no attribute {name!r}")
