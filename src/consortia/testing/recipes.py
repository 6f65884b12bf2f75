"""The battery of recipes: what each must pass, for no more than standing in RECIPES.

Each check gives a list of findings, empty when all is well. They run over small tables made here from hashes;
rounds whose local part is floating point are fed with sums made from a hash, so that every digest below is
the same on every machine:

    python -m consortia.testing.recipes         # each recipe's name, version and digest, one a line
"""

import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from consortia.base.codec import Malformed, decode, encode, encode_record
from consortia.engines.train import RECIPES
from consortia.engines.train.api import (
    Cohort,
    Parameters,
    Plan,
    Recipe,
    RecipeError,
    ShowsSoFar,
    Stage,
    Vector,
    check_vector,
    to_blob,
    weighed,
)
from consortia.engines.train.baskets import CELL_BITS, basket_schema
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table, concatenate
from consortia.engines.train.weights import WeightsFedAvg, parts
from consortia.exact.fixed import from_integers
from consortia.exact.ring import RingError, largest

FIELDS = (
    number("age", exponent=6, unit="years"),
    category("kind", ("a", "b", "c")),
    number("dose", exponent=-3, missing_flag=True),
)
LABELS = {
    "classes": Label("ill", ("no", "yes"), 0),
    "number": Label("visits", (), 2),
    "times": Label("days", (), 9),
}
LABELS["either"] = LABELS["classes"]
SITES = {"east": 60, "north": 40, "west": 25}
SHORT: Parameters = {"rounds": 3, "trees": 2}


def tables(label: str) -> dict[str, Table]:
    """Three sites' records of three columns, whose label of that kind follows them; a fifth is missing.

    For a recipe of baskets: three services' people, who had and lately had some of 64 items.
    """
    if label == "baskets":
        return {name: _people(name, records) for name, records in SITES.items()}
    schema = Schema(FIELDS, LABELS[label])
    found = {}
    for name, records in SITES.items():
        age = 30 + _draw(name, "age", records, 50_000) / 1000
        kind = _draw(name, "kind", records, 3)
        dose = _draw(name, "dose", records, 200) / 1000
        lean = (age - 55) / 20 + np.array([-0.5, 0.0, 0.75])[kind] + 4 * (dose - 0.1)
        chance = _draw(name, "chance", records, 1 << 16) / (1 << 16)
        if label in ("classes", "either"):
            labels = (lean + 3 * chance > 1.5).astype(np.float64)
        elif label == "number":
            labels = np.floor(chance * (3 + 2 * np.maximum(lean, -1)))
        else:
            days = 1 + np.floor(300 * chance * (2 - np.clip(lean, -1.5, 1.5)))
            labels = np.where(_draw(name, "seen", records, 10) < 3, -days, days)
        numbers = np.column_stack([age, kind.astype(np.float64), dose])
        numbers[_draw(name, "missing", numbers.size, 5).reshape(numbers.shape) == 0] = np.nan
        found[name] = Table(name, schema, numbers, labels)
    return found


def _people(name: str, records: int) -> Table:
    """People of whom each had a fifth of the items, a cell of all items in turn missing for some."""
    bits = _draw(name, "items", records * 4 * CELL_BITS, 5).reshape(records, 4, CELL_BITS) == 0
    numbers = (bits.astype(np.int64) << np.arange(CELL_BITS)).sum(axis=2).astype(np.float64)
    numbers[_draw(name, "missing", numbers.size, 9).reshape(numbers.shape) == 0] = np.nan
    return Table(
        name, basket_schema(2 * CELL_BITS), numbers, _draw(name, "wanted", records, 20).astype(np.float64)
    )


def _draw(site: str, what: str, count: int, below: int) -> NDArray[np.int64]:
    """Integers from 0 to below - 1 out of a hash, so that no library's generator decides."""
    words = hashlib.shake_256(f"{site} {what}".encode()).digest(4 * count)
    return np.frombuffer(words, dtype="<u4").astype(np.int64) % below


def short(recipe: Recipe) -> Parameters:
    """Few rounds or trees, where a recipe takes their number."""
    taken = {each.name for each in recipe.about.parameters}
    return {name: value for name, value in SHORT.items() if name in taken}


def _planned(recipe: Recipe) -> tuple[Plan, dict[str, Table], Cohort]:
    sites = tables(recipe.about.label)
    records = sum(table.records for table in sites.values())
    plan = recipe.plan(short(recipe), sites["east"].schema)
    return plan, sites, Cohort(len(sites), records, records)


def _is_exact(recipe: Recipe, stage: Stage) -> bool:
    return recipe.about.exact or stage.weighting == "sum"


def total_of(recipe: Recipe, stage: Stage, state: bytes, sites: Mapping[str, Table]) -> Vector:
    """The sum of the members' vectors where it is exact; else one made from a hash of state and stage."""
    if _is_exact(recipe, stage):
        return from_integers([0] * stage.length) + sum(recipe.local(state, table) for table in sites.values())
    seed = hashlib.sha256(state + encode_record(stage)).digest()
    words = np.frombuffer(hashlib.shake_256(seed).digest(2 * stage.length), dtype="<i2")
    return words.astype(np.int64) * (stage.quantisation.clip >> 18)


def states_of(recipe: Recipe) -> list[bytes]:
    """Every state of a short study, the model last."""
    plan, sites, cohort = _planned(recipe)
    states = [plan.initial]
    for index in range(plan.rounds):
        stage = plan.stage_of(index)
        states.append(recipe.step(states[-1], total_of(recipe, stage, states[-1], sites), cohort))
    return [*states, recipe.finish(states[-1])]


def digest_of(recipe: Recipe) -> str:
    """What a version means: the hash of the plan and of every state of a short study."""
    plan, _, _ = _planned(recipe)
    whole = encode([encode_record(plan), *states_of(recipe)])
    return hashlib.sha256(whole).hexdigest()[:32]


def plan_findings(recipe: Recipe) -> list[str]:
    """A plan is the same each time, has rounds, fits its ring, and is as long as it says."""
    plan, sites, _ = _planned(recipe)
    found = []
    if recipe.plan(dict(short(recipe)), sites["west"].schema) != plan:
        found.append("two plans of one study differ")
    for stage in plan.stages:
        terms = stage.quantisation
        if terms.clip << 6 > 1 << (terms.ring_bits - 1):
            found.append(f"{stage.name}: 63 members at the clip {terms.clip} could wrap the ring")
    names = [stage.name for stage in plan.stages]
    return found if len(set(names)) == len(names) else [*found, "two stages have one name"]


def vector_findings(recipe: Recipe) -> list[str]:
    """Each member's vector is int64, as long as its stage, within the clip, and passes the check."""
    plan, sites, cohort = _planned(recipe)
    found = []
    state = plan.initial
    for index in range(plan.rounds):
        stage = plan.stage_of(index)
        if _is_exact(recipe, stage):
            for name, table in sites.items():
                vector = recipe.local(state, table)
                try:
                    own = weighed(stage, vector, table.records, cohort.joined)
                    read = check_vector(stage, to_blob(stage, own))
                    recipe.check(state, read.astype(np.int64), table.records)
                except (RingError, RecipeError) as error:
                    found.append(f"{stage.name}, {name}: {error}")
                if vector.dtype != np.int64:
                    found.append(f"{stage.name}, {name}: a vector of {vector.dtype}")
        state = recipe.step(state, total_of(recipe, stage, state, sites), cohort)
    return found


def pooled_findings(recipe: Recipe) -> list[str]:
    """Where it is promised: the members' vectors add up to that of their records in one place.

    Up to one rounding for each member and word.
    """
    if not recipe.about.pooled:
        return []
    plan, sites, cohort = _planned(recipe)
    whole = concatenate("all", list(sites.values()))
    found = []
    state = plan.initial
    for index in range(plan.rounds):
        total = total_of(recipe, plan.stage_of(index), state, sites)
        apart = largest(total - recipe.local(state, whole))
        if apart > len(sites):
            found.append(f"round {index + 1}: the sum is {apart} off the pooled records'")
        state = recipe.step(state, total, cohort)
    return found


def state_findings(recipe: Recipe) -> list[str]:
    """States are canonical CBOR, and a state with something after it, or cut, is refused.

    Of `weights.fedavg` the heads are, behind the words of the weights.
    """
    found = []
    for index, state in enumerate(states_of(recipe)):
        try:
            decode(parts(state)[1] if isinstance(recipe, WeightsFedAvg) else state)
        except Malformed as error:
            found.append(f"state {index} is not canonical: {error}")
    plan, sites, cohort = _planned(recipe)
    total = total_of(recipe, plan.stage_of(0), plan.initial, sites)
    for broken in (plan.initial + b"\x00", plan.initial[:-1], b""):
        try:
            recipe.step(broken, total, cohort)
        except ValueError:  # Malformed, as a rule
            continue
        found.append(f"a state of {len(broken)} bytes that is none was taken")
    return found


def end_findings(recipe: Recipe) -> list[str]:
    """There is no model before the last round, and no round after it."""
    plan, _, cohort = _planned(recipe)
    states = states_of(recipe)
    found = [
        "a model before the last round"
        for state in states[:-2]
        if not _refuses(partial(recipe.finish, state))
    ]
    last = plan.stage_of(plan.rounds - 1)
    if not _refuses(partial(recipe.step, states[-2], from_integers([0] * last.length), cohort)):
        found.append("a step after the last round")
    return found


def parameter_findings(recipe: Recipe) -> list[str]:
    """Unknown parameters, values beyond the limits and values that are no integers are refused."""
    schema = tables(recipe.about.label)["east"].schema
    wrong: list[dict[str, object]] = [{"no_such_parameter": 1}]
    for each in recipe.about.parameters:
        if not each.low <= each.default <= each.high:
            return [f"the default of {each.name} is beyond its limits"]
        wrong += [{each.name: value} for value in (each.low - 1, each.high + 1, True, str(each.low), None)]
    return [
        f"taken: {given}"
        for given in wrong
        if not _refuses(partial(recipe.plan, given, schema))  # type: ignore[arg-type]
    ]


def label_findings(recipe: Recipe) -> list[str]:
    """A schema with the other kind of label is refused, where the recipe is for one kind."""
    if recipe.name == "statistics" or recipe.about.label == "either":
        return []
    other = "number" if recipe.about.label == "classes" else "classes"
    schema = replace(tables(recipe.about.label)["east"].schema, label=LABELS[other])
    return [] if _refuses(partial(recipe.plan, {}, schema)) else [f"taken: a label of {other}"]


def _refuses(act: Callable[[], object]) -> bool:
    try:
        act()
    except RecipeError:
        return True
    return False


def so_far_findings(recipe: Recipe) -> list[str]:
    """Where a recipe shows a model between rounds: none before anything is learned, at the end the model."""
    if not isinstance(recipe, ShowsSoFar):
        return []
    first, *_, last, model = states_of(recipe)
    found = [] if recipe.so_far(first) is None else ["a model before anything is learned"]
    if recipe.so_far(last) != model:
        found.append("the model so far is at the end another one than the finished one")
    return found


CHECKS = {
    "plan": plan_findings,
    "vectors": vector_findings,
    "pooled": pooled_findings,
    "states": state_findings,
    "ends": end_findings,
    "so far": so_far_findings,
    "parameters": parameter_findings,
    "label": label_findings,
}


def twin() -> list[str]:
    """Name, version and digest of every recipe, for a comparison between processes."""
    return [f"{each.name} {each.version} {digest_of(each)}" for each in RECIPES.values()]


if __name__ == "__main__":
    sys.stdout.write("\n".join(twin()) + "\n")
