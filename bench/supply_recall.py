"""supply.recall: what a fault reaches among 100,000 events of our generator, against a plain oracle.

Ten lots, each recalled on its own; the set has to equal what `synthetic.plain_recall` finds by asking over
all events again and again. The value is the slowest of the ten, in seconds of one core; reading and naming
the events by hash stands beside it.
"""

import time

from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis.reading import recorded
from consortia.solutions.supply.tracing import recall

NAME = "supply.recall"
UNIT = "s for the slowest of ten recalls over 100,000 events"
LOTS = ("F1", "F17", "F500", "F1200", "F2600", "F3900", "F5100", "F7000", "F9000", "F11000")


def run() -> list[dict]:
    made = list(synthetic.chain(1, synthetic.Size(packed=6_200)))
    start = time.process_time()
    events = [recorded(each, {}, number, f"event {number}") for number, each in enumerate(made, 1)]
    read, slowest, equal, plain, sizes = time.process_time() - start, 0.0, 0, 0.0, []
    for name in LOTS:
        lot = synthetic.lot(synthetic.BERRIES, name)
        start = time.process_time()
        found = set(recall(events, [lot]).things)
        slowest = max(slowest, time.process_time() - start)
        start = time.process_time()
        equal += found == synthetic.plain_recall(made, lot)
        plain = max(plain, time.process_time() - start)
        sizes.append(len(found))
    return [
        {
            "id": NAME,
            "value": round(slowest, 3),
            "unit": UNIT,
            "peer": "the plain oracle, which follows no containers, times and places",
            "peer_value": round(plain, 3),
            "ratio": round(plain / slowest, 2),
            "bar": "equal, < 2",
            "met": equal == len(LOTS) and slowest < 2,
            "note": f"{equal} of {len(LOTS)} sets equal, {min(sizes)} to {max(sizes)} things each, over "
            f"{len(events):,} events; reading and naming them took {read:.1f} s",
        }
    ]


if __name__ == "__main__":
    print(run())
