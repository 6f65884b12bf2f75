"""Made-up people at three services with one catalogue, from a seed; they say nothing about real ones.

Each offer belongs to one of eight tastes and is the less popular the later it stands in it. A person has two
tastes and takes nine of ten offers from them. A service's people lean towards some tastes, so that what goes
together shows better in all services' sums than in one's.
"""

import numpy as np

SERVICES = (("filmhouse", 140), ("grocer", 110), ("bookshop", 70))
"""The services and how many people each has."""

TASTES = ("crime", "comedy", "nature", "baking", "spice", "garden", "travel", "craft")
OFFERS = 8
TAKEN = (9, 19)
AT_HOME = 9
"""So many of ten offers are of a person's own tastes."""


def catalogue() -> tuple[str, ...]:
    """All offers, by taste and popularity."""
    return tuple(f"{taste} {number}" for taste in TASTES for number in range(1, OFFERS + 1))


def people(seed: int) -> dict[str, dict[str, list[str]]]:
    """Each service's people, and what each took, in order."""
    rng = np.random.default_rng([seed, 8])
    offers = catalogue()
    weight = 1 / np.arange(2, OFFERS + 2)
    found: dict[str, dict[str, list[str]]] = {}
    for at, (service, count) in enumerate(SERVICES):
        lean = np.ones(len(TASTES))
        lean[at * 2 : at * 2 + 3] = 2
        found[service] = {}
        for number in range(1, count + 1):
            own = rng.choice(len(TASTES), 2, replace=False, p=lean / lean.sum())
            chance = np.full((len(TASTES), OFFERS), (10 - AT_HOME) / 10 / len(TASTES)) * weight / weight.sum()
            chance[own] += AT_HOME / 10 / 2 * weight / weight.sum()
            taken = rng.choice(
                len(offers), int(rng.integers(*TAKEN)), replace=False, p=(chance / chance.sum()).ravel()
            )
            found[service][f"{service}-{number:03}"] = [offers[item] for item in taken]
    return found
