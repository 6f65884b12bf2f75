"""Writes docs/reference/robust.md: `python -m bench.robust_table`, from the root, after `tools/peers`.

Every rule under every attack with one to four of fourteen members bad, beside byzfl's same rule on the same
study; and what is left of the sites that alone hold some class, when everybody is honest. About half an hour
on one core (OPENBLAS_NUM_THREADS=1 spares the threads that small matrices do not need).
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import mean

import numpy as np

from bench.peers import Byzfl, byzfl
from bench.robust_page import page
from bench.robust_study import (
    ABSENT,
    BAD,
    CLIP,
    CLIPS,
    COLUMNS,
    LONE_DIGITS,
    MEMBERS,
    ROUNDS_ATTACKED,
    ROUNDS_LONE,
    SCALE_BITS,
    SEEDS_ATTACKED,
    SEEDS_LONE,
    Study,
    accuracy,
    digits,
    recalls,
    train,
    tumours,
    without_lone,
)
from consortia.engines.robust import RULES, RobustError, aggregate, check
from consortia.engines.robust.presteps import drawn_order

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "robust.md"

Rule = Callable[[np.ndarray, int], np.ndarray]


def seed_of(number: int) -> bytes:
    return number.to_bytes(8, "big")


def our_rule(rule: str, tolerated: int) -> Rule:
    return lambda vectors, number: aggregate(rule, vectors, tolerated=tolerated, seed=seed_of(number))


def their_rule(peer: Byzfl, rule: str, tolerated: int) -> Rule:
    """byzfl's rule on the same numbers as floats, its outcome brought back to the grid."""

    def outcome(vectors: np.ndarray, number: int) -> np.ndarray:
        floats = np.ldexp(vectors.astype(np.float64), -SCALE_BITS)
        found, _ = peer.aggregate(rule, floats, tolerated, drawn_order(MEMBERS, seed_of(number)))
        return np.rint(np.ldexp(found, SCALE_BITS)).astype(np.int64)

    return outcome


def possible(rule: str, tolerated: int) -> bool:
    try:
        check(rule, MEMBERS, tolerated)
    except RobustError:
        return False
    return True


def score(study: Study, rule: Rule, attack: str, bad: int, clip: int = CLIP) -> float:
    return accuracy(study, train(study, rule, attack, bad, rounds=ROUNDS_ATTACKED, clip=clip))


def attacked(studies: list[Study], peer: Byzfl | None, bad: int) -> dict[str, dict[str, tuple[float, float]]]:
    """{rule: {attack: (our accuracy, byzfl's)}}, means over the studies; without the rules that refuse."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for rule in RULES:
        tolerated = 0 if rule == "mean" else bad
        if not possible(rule, tolerated):
            continue
        found[rule] = {}
        for attack in COLUMNS:
            ours = mean(score(s, our_rule(rule, tolerated), attack, bad) for s in studies)
            theirs = float("nan")
            if peer is not None:
                known = their_rule(peer, rule, tolerated)
                theirs = mean(score(s, known, attack, bad) for s in studies)
            found[rule][attack] = (ours, theirs)
        print(f"{studies[0].name}, {bad} bad: {rule}", file=sys.stderr, flush=True)
    return found


def surviving(
    studies: list[Study], told: tuple[int, ...]
) -> dict[tuple[str, int], tuple[float, list[float]]]:
    """{(rule, tolerated): (accuracy, recall of each lone group)}, everybody honest, means over the studies.

    The rule `ABSENT` is the mean had nobody a record of those groups.
    """
    settings = [(rule, each) for rule in RULES for each in ((0,) if rule == "mean" else told)]
    found = {(ABSENT, 0): lone_figures([without_lone(study) for study in studies], our_rule("mean", 0))}
    for rule, tolerated in settings:
        if possible(rule, tolerated):
            found[rule, tolerated] = lone_figures(studies, our_rule(rule, tolerated))
    return found


def lone_figures(studies: list[Study], rule: Rule, clip: int = CLIP) -> tuple[float, list[float]]:
    said = [(study, train(study, rule, "none", 0, rounds=ROUNDS_LONE, clip=clip)) for study in studies]
    each = [mean(column) for column in zip(*(recalls(*one) for one in said), strict=True)]
    return mean(accuracy(*one) for one in said), each


def clipped(shared: list[Study], lone: list[Study]) -> dict[int, tuple[dict[str, float], list[float]]]:
    """{clip: ({attack: accuracy}, recall of each lone group)} of the mean, with most members bad or none."""
    plain = our_rule("mean", 0)
    return {
        clip: (
            {each: mean(score(s, plain, each, BAD[-1], clip) for s in shared) for each in COLUMNS},
            lone_figures(lone, plain, clip)[1],
        )
        for clip in CLIPS
    }


def studies() -> tuple[dict[str, list[Study]], dict[str, list[Study]]]:
    """By data set: the studies in which some sites are alone with a group, and those in which none is."""
    many, few = range(1, SEEDS_LONE + 1), range(1, SEEDS_ATTACKED + 1)
    alone = {
        "digits": [digits(seed, lone=LONE_DIGITS) for seed in many],
        "tumours": [tumours(seed, lone=True) for seed in many],
        "network": [tumours(seed, lone=True, name="network") for seed in few],
    }
    shared = {
        "digits": [digits(seed, lone=()) for seed in few],
        "tumours": [tumours(seed, lone=False) for seed in few],
        "network": [tumours(seed, lone=False, name="network") for seed in few],
    }
    return alone, shared


def bad_of(name: str) -> tuple[int, ...]:
    """How many are bad, table by table; the network, which takes long, only with most of them."""
    return BAD[-1:] if name == "network" else BAD


def told_of(name: str) -> tuple[int, ...]:
    """How many the rules are told to tolerate where everybody is honest."""
    return (BAD[0], BAD[-1]) if name == "network" else BAD


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.robust_table", description=__doc__.split("\n")[0])
    parser.add_argument("--without-byzfl", action="store_true", help="our rules alone")
    options = parser.parse_args()
    alone, shared = studies()
    lone = {name: surviving(each, told_of(name)) for name, each in alone.items()}
    clips = {name: clipped(shared[name], alone[name]) for name in shared}
    with nullcontext() if options.without_byzfl else byzfl() as peer:
        tables = {
            name: {bad: attacked(each, peer, bad) for bad in bad_of(name)} for name, each in shared.items()
        }
        PAGE.write_text(page(tables, lone, clips, peer), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
