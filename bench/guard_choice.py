"""guard.choice: how the ranking of the guard's table was chosen, on ledgers that the table never scores.

Models learn from the table's training ledgers; ledgers of seeds 2,001 to 2,006 are scored. `python -m
bench.guard_choice` prints, for each doubt about the model for every kind and each penalty for a case that is
open, precision and incidents found with all threats labelled, and the share found of a threat that nobody
labelled (the mean of the twelve, each left out once). It gives no row: `bench.guard_table` reports.
"""

import sys
from statistics import mean

from bench.guard_table import caught, judged, lacking, ranked, seen, together, trained
from consortia.engines.watch.learned import NAT
from consortia.testing.hostile import Settings

CHOSEN_ON = range(2_001, 2_007)
SHAPES = (
    Settings(seed=2_001),
    Settings(seed=2_003, members=14, days=35, events=70_000),
    Settings(seed=2_004, members=5, days=25, events=50_000),
    Settings(seed=2_005, members=30, base_rate_ppm=10_000),
    Settings(seed=2_006, members=10, base_rate_ppm=30_000),
    Settings(seed=2_007, members=18, actors=4, days=50, events=80_000),
    Settings(seed=2_008, members=7, days=28, events=70_000),
)
"""Networks of shapes that the training ledgers do not have, but for the first."""
DOUBTS, PENALTIES = range(5), range(6)
DOUBT, PENALTY = 2, 3
"""What was chosen, in nats: each is varied while the other stays."""


def shapes() -> None:
    """Print what is found in networks of other shapes."""
    _, _, sure = trained()
    for settings in SHAPES:
        found = seen(settings)
        (raised,) = ranked([found], together(sure))
        right, incidents, _ = judged(found, raised)
        print(f"{right:.3f} {incidents:.3f}  {settings}", flush=True)


def main() -> None:
    """Print the table."""
    training, _, sure = trained()
    ledgers, less = [seen(Settings(seed=seed)) for seed in CHOSEN_ON], lacking(training, sure)
    print("doubt penalty  precision incidents  of an unseen threat")
    pairs = [(doubt, PENALTY) for doubt in DOUBTS] + [(DOUBT, nats) for nats in PENALTIES if nats != PENALTY]
    for doubt, nats in pairs:
        raised = ranked(ledgers, together(sure, doubt * NAT), nats)
        kept = [judged(each, places) for each, places in zip(ledgers, raised, strict=True)]
        found = [
            caught(ledgers, name, ranked(ledgers, together(models, doubt * NAT), nats))
            for name, models in less.items()
        ]
        right, incidents = mean(one[0] for one in kept), mean(one[1] for one in kept)
        print(f"{doubt:5} {nats:7}  {right:9.3f} {incidents:9.3f}  {mean(found):.3f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["shapes"]:
        shapes()
    else:
        main()
