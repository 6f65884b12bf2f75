"""Writes tests/vectors/robust/rules.json: `python -m tests.engines.make_robust`, from the root, after
`tools/peers`.

Each case holds integer vectors, the exact outcome of the rule, and what byzfl's rule gives for the same
numbers in float64. `refused` lists settings for which no rule may be run.
"""

import json
from pathlib import Path

import numpy as np

from bench.peers import byzfl
from consortia.engines.robust import RULES, RobustError, aggregate, check
from consortia.engines.robust.presteps import drawn_order

TARGET = Path(__file__).parents[1] / "vectors" / "robust" / "rules.json"
SCALE_BITS = 30
WORDS = 6
SEED = b"vectors"
SIZES = ((5, 1), (8, 1), (9, 2), (14, 4), (14, 2))
REFUSED = (
    ("mean", 5, 1, 1),
    ("trimmed_mean", 4, 2, 1),
    ("median", 8, 4, 1),
    ("krum", 6, 2, 1),
    ("multi_krum", 8, 3, 1),
    ("centred_clipping", 2, 1, 1),
    ("nnm+krum", 4, 1, 1),
    ("bucketing+median", 8, 2, 1),
    ("bucketing+krum", 12, 2, 1),
    ("trimmed_mean", 8, 1, 3),
    ("krum", 14, 1, 3),
    ("median", 9, 0, 2),
    ("median", 5, -1, 1),
    ("median", 64, 1, 1),
    ("median", 0, 0, 1),
    ("geometric_median", 9, 1, 1),
)


def sample(members: int, tolerated: int, *, seed: int) -> np.ndarray:
    """Honest members around one of two centres, and the last `tolerated` far away; on the 2^-30 grid."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((2, WORDS))
    vectors = centres[np.arange(members) % 2] + 0.3 * generator.standard_normal((members, WORDS))
    vectors[members - tolerated :] = 5 * generator.standard_normal((tolerated, WORDS))
    return np.rint(vectors * 2**SCALE_BITS).astype(np.int64)


def possible(rule: str, members: int, tolerated: int) -> bool:
    try:
        check(rule, members, tolerated)
    except RobustError:
        return False
    return True


def cases(peer):
    for number, (members, bad) in enumerate(SIZES):
        vectors = sample(members, bad, seed=number)
        for rule in RULES:
            tolerated = 0 if rule == "mean" else bad
            if not possible(rule, members, tolerated):
                continue
            outcome = aggregate(rule, vectors, tolerated=tolerated, seed=SEED)
            theirs, _ = peer.aggregate(rule, vectors / 2**SCALE_BITS, tolerated, drawn_order(members, SEED))
            yield {
                "rule": rule,
                "tolerated": tolerated,
                "vectors": number,
                "outcome": outcome.tolist(),
                "byzfl": theirs.tolist(),
            }


def made() -> dict:
    with byzfl() as peer:
        if peer is None:
            raise SystemExit("byzfl is not installed here: run tools/peers first")
        return {
            "format": 1,
            "made_with": {"byzfl": peer.version, "numpy": peer.numpy},
            "scale_bits": SCALE_BITS,
            "seed": SEED.hex(),
            "vectors": [sample(*size, seed=number).tolist() for number, size in enumerate(SIZES)],
            "cases": list(cases(peer)),
            "refused": [
                {"rule": rule, "members": members, "tolerated": tolerated, "group": group}
                for rule, members, tolerated, group in REFUSED
            ],
        }


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(made(), indent=1) + "\n", encoding="utf-8")
