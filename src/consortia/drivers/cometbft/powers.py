"""Who votes in CometBFT, and what changes between two blocks."""

from collections.abc import Mapping

from consortia.kernel.durable import Power


def updates(before: Mapping[bytes, int], after: Mapping[bytes, int]) -> tuple[Power, ...]:
    """What changes one set of powers into another, by key; 0 removes, and only what is there."""
    changed = {key: power for key, power in after.items() if before.get(key) != power}
    changed.update({key: 0 for key in before if key not in after})
    return in_order(changed)


def in_order(powers: Mapping[bytes, int]) -> tuple[Power, ...]:
    """Powers by key, in the keys' order."""
    return tuple(Power(key, power) for key, power in sorted(powers.items()))
