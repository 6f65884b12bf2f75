"""The studies behind the report on robust rules: fourteen unlike members train one model of classes.

Linear: softmax regression by federated averaging. Every round each member takes five full gradient steps from
the shared state on its own records; its change, on the grid 2^-20, is its vector; the rule's outcome,
unweighted, is added to the state. Network: the recipe `mlp.fedavg` as it is, its members' vectors unweighted.
Bad members send what the attack makes of the honest vectors, or train on exchanged labels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from consortia.engines.infer.predict import score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort
from consortia.engines.train.splits import wisconsin
from consortia.exact.fixed import quantise
from consortia.testing.attacks import ATTACKS

MEMBERS = 14
SCALE_BITS = 20
CLIP = 1 << 25
STATE_MAX = 1 << 40
STEPS = 5
DECAY = 1e-4
LABEL_FLIP = "label flip"

COLUMNS = ("none", *ATTACKS, LABEL_FLIP)
BAD = (1, 2, 3, 4)
LONE_DIGITS = (7, 8, 9)
ABSENT = "mean without those records"
SEEDS_ATTACKED = 3
SEEDS_LONE = 10
ROUNDS_ATTACKED = 20
ROUNDS_LONE = 60
CLIPS = (CLIP, 1 << 18, 1 << 17, 1 << 15)


@dataclass(frozen=True)
class Study:
    """Members' records, labels, groups and row numbers, and the same of those held out.

    `lone` are the groups that one member alone holds; its index is the group's place in `lone`.
    """

    name: str
    classes: int
    rate: float
    members: list[tuple[np.ndarray, ...]]
    held: tuple[np.ndarray, ...]
    lone: tuple[int, ...]


def digits(seed: int, *, lone: tuple[int, ...]) -> Study:
    """scikit-learn's 1,797 handwritten digits; a digit in `lone` is at one member alone."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return dealt("digits", pixels / 16.0, labels, labels, seed, rate=2.0, lone=lone)


def tumours(seed: int, *, lone: bool, name: str = "tumours") -> Study:
    """The 569 Wisconsin records, 1 malignant; group 2 are the three tenths of those with least concave
    points.

    With `lone` that group is at one member alone. Columns are standardised over all training records, as the
    statistics recipe does. Named `network`, the same records are for the recipe.
    """
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    labels = 1 - data.target
    points = data.data[:, list(data.feature_names).index("mean concave points")]
    subtle = (labels == 1) & (points < np.quantile(points[labels == 1], 0.3))
    groups = np.where(subtle, 2, labels)
    return dealt(name, data.data, labels, groups, seed, rate=0.5, lone=(2,) if lone else ())


def dealt(name, records, labels, groups, seed, *, rate, lone) -> Study:
    """A third of each group is held out; the rest goes to the members in shares that a Dirichlet(1) draws."""
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=bool)
    parts: list[list[int]] = [[] for _ in range(MEMBERS)]
    kinds = np.unique(groups)
    for kind in kinds:
        rows = generator.permutation(np.flatnonzero(groups == kind))
        held[rows[: len(rows) // 3]] = True
        rest = rows[len(rows) // 3 :]
        if kind in lone:
            parts[lone.index(kind)] += rest.tolist()
            continue
        shares = np.cumsum(generator.dirichlet(np.ones(MEMBERS)))[:-1]
        for index, own in enumerate(np.split(rest, (shares * len(rest)).astype(int))):
            parts[index] += own.tolist()
    if name != "digits":
        records = (records - records[~held].mean(axis=0)) / records[~held].std(axis=0)
    columns = (np.hstack([records, np.ones((len(records), 1))]), labels, groups, np.arange(len(labels)))
    members = [tuple(column[part] for column in columns) for part in parts]
    out = tuple(column[held] for column in columns)
    return Study(name, len(np.unique(labels)), rate, members, out, tuple(lone))


def without_lone(study: Study) -> Study:
    """The same study had nobody any record of the lone groups to train on."""
    kept = []
    for member in study.members:
        stays = ~np.isin(member[2], study.lone)
        kept.append(tuple(column[stays] for column in member))
    return replace(study, members=kept)


def local(study: Study, weights: np.ndarray, records: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A member's change of the weights, as float32 words."""
    moved = weights.copy()
    truth = np.eye(study.classes)[labels]
    for _ in range(STEPS):
        scores = records @ moved
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        slope = records.T @ (chances - truth) / max(1, len(records)) + DECAY * moved
        moved -= study.rate * slope
    return (moved - weights).astype(np.float32).reshape(-1)


def vectors_of(
    study: Study, state: np.ndarray, attack: str, bad: int, seed: int, *, clip: int = CLIP
) -> np.ndarray:
    """What the members send in a round, honest first, int64 of shape (members, words)."""
    weights = np.ldexp(state.astype(np.float64), -SCALE_BITS).reshape(-1, study.classes)
    sent = []
    for index, (records, labels, _, _) in enumerate(study.members):
        turned = attack == LABEL_FLIP and index >= MEMBERS - bad
        change = local(study, weights, records, study.classes - 1 - labels if turned else labels)
        sent.append(quantise(change, scale_bits=SCALE_BITS, clip=clip).astype(np.int64))
    return attacked_by(attack, np.stack(sent), bad, seed, clip)


def attacked_by(attack: str, vectors: np.ndarray, bad: int, seed: int, clip: int) -> np.ndarray:
    """The vectors, those of the last `bad` members by the attack, where it is one on vectors."""
    if bad and attack in ATTACKS:
        vectors[MEMBERS - bad :] = ATTACKS[attack](vectors[: MEMBERS - bad], bad, clip, seed)
    return vectors


def train(
    study: Study,
    rule: Callable[[np.ndarray, int], np.ndarray],
    attack: str,
    bad: int,
    *,
    rounds: int,
    clip: int = CLIP,
) -> np.ndarray:
    """The classes that the trained model gives to the held-out records; `rule(vectors, round)` aggregates."""
    if study.name == "network":
        return train_network(study, rule, attack, bad, rounds=rounds, clip=clip)
    state = np.zeros(study.members[0][0].shape[1] * study.classes, dtype=np.int64)
    for number in range(rounds):
        outcome = rule(vectors_of(study, state, attack, bad, number, clip=clip), number)
        state = np.clip(state + outcome, -STATE_MAX, STATE_MAX)
    weights = np.ldexp(state.astype(np.float64), -SCALE_BITS).reshape(-1, study.classes)
    return (study.held[0] @ weights).argmax(axis=1)


def train_network(
    study: Study,
    rule: Callable[[np.ndarray, int], np.ndarray],
    attack: str,
    bad: int,
    *,
    rounds: int,
    clip: int,
) -> np.ndarray:
    """What `train` does, by the recipe `mlp.fedavg`; its round of statistics is an exact and honest sum."""
    learn, whole = recipe("mlp.fedavg"), wisconsin()
    tables = [whole.take(rows) for *_, rows in study.members]
    records = sum(table.records for table in tables)
    cohort = Cohort(MEMBERS, records, records)
    state = learn.plan({"rounds": rounds}, whole.schema).initial
    state = learn.step(state, sum(learn.local(state, table) for table in tables), cohort)
    if attack == LABEL_FLIP:
        tables[MEMBERS - bad :] = [
            replace(table, labels=1 - table.labels) for table in tables[MEMBERS - bad :]
        ]
    for number in range(rounds):
        vectors = np.clip(np.stack([learn.local(state, table) for table in tables]), -clip, clip)
        state = learn.step(state, rule(attacked_by(attack, vectors, bad, number, clip), number), cohort)
    scores = score_numbers(learn.finish(state), whole.take(study.held[3]).numbers)
    return (scores >= 0).astype(np.int64)


def accuracy(study: Study, said: np.ndarray) -> float:
    """The share of held-out records of which the class is right, in per cent."""
    return 100 * float((said == study.held[1]).mean())


def recalls(study: Study, said: np.ndarray) -> list[float]:
    """For each lone group the share of its held-out records of which the class is right, in per cent."""
    right = said == study.held[1]
    return [100 * float(right[study.held[2] == group].mean()) for group in study.lone]
