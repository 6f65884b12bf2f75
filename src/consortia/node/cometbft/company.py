"""Who of those that vote is there, and whether blocks come.

CometBFT makes blocks while more than two thirds of the voting power hear one another. A node knows its own
connections alone, and its peers by what they call themselves; others it may hear through them.
So the sign of a standstill is that what waits has been in no block for `STANDS_MS`; who is away is a hint.
"""

from collections.abc import Collection, Mapping

STANDS_MS = 10_000


def away(powers: Mapping[str, int], member: str, connected: Collection[str]) -> tuple[str, ...]:
    """The members that vote, but for this one, to whose CometBFT this node's is not connected."""
    return tuple(sorted(name for name in powers if name != member and name not in connected))


def has_quorum(powers: Mapping[str, int], missing: Collection[str]) -> bool:
    """Whether blocks can be made without those that are missing."""
    there = sum(power for name, power in powers.items() if name not in missing)
    return 3 * there > 2 * sum(powers.values())


def standstill(waited_ms: int, powers: Mapping[str, int], missing: Collection[str]) -> str:
    """What to say where something has waited so long in vain; empty where not."""
    if waited_ms < STANDS_MS:
        return ""
    if has_quorum(powers, missing):
        return "what was submitted waits, and no block comes"
    return (
        "what was submitted waits, and no block comes: that takes more than two thirds of the voting power, "
        f"and this node sees nothing of {', '.join(missing)}"
    )
