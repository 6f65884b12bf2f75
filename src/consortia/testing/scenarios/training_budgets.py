"""What is done to privacy budgets, and what training answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.exact.budget import Noise
from consortia.modules.assets.messages import Register
from consortia.modules.assets.types import EVERYONE, Parent, Permission, Rights
from consortia.modules.training import budgets
from consortia.modules.training.messages import Join, LimitBudget, Propose, RaiseBudget, Start
from consortia.modules.training.types import Privacy, Round, Terms
from consortia.testing.machine import Bench
from consortia.testing.masked import MASKED, dealt, keyed
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.governance_parts import executes, ready, row
from consortia.testing.studies import MEMBERS, STAGE, current, dataset, joined, proposed, running, update

NOISE = Noise("record", 1_000, 1 << 30, 1)
PRIVATE = replace(
    MASKED,
    stages=(replace(STAGE, mode="masked", clip=1 << 50),),
    privacy=Privacy((NOISE,), 10_000),
)
"""The terms of the bench's study, with masks and noise."""

ONCE = budgets.round_cost(PRIVATE, 0)
ALL = budgets.study_cost(PRIVATE)
EVERYBODY = Rights((Permission(EVERYONE, ("*",)),), ())


def _limits(limit: int) -> Callable[[Bench], Step]:
    return lambda bench: step("east", "analyst", LimitBudget(dataset(bench, "east"), limit))


def _limits_twice(first: int, then: int) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        data = dataset(bench, "east")
        bench.ok("east", "analyst", LimitBudget(data, first))
        return step("east", "analyst", LimitBudget(data, then))

    return setup


def _raises(
    limit: int | None, to: int, data: Callable[[Bench], bytes] = lambda bench: dataset(bench, "east")
) -> Callable[[Bench], Step]:
    """A proposal that all said yes to raises east's limit."""

    def setup(bench: Bench) -> Step:
        population = data(bench)
        if limit is not None:
            bench.ok("east", "analyst", LimitBudget(population, limit))
        return executes(ready(bench, "budget", RaiseBudget(population, to)))

    return setup


def _limits_of_another(bench: Bench) -> Step:
    return step("west", "analyst", LimitBudget(dataset(bench, "east"), 1))


def _limits_nothing(_bench: Bench) -> Step:
    return step("west", "analyst", LimitBudget(bytes(32), 1))


def derived(bench: Bench, member: str, parent: bytes) -> bytes:
    """Register a data set that a member made from another."""
    commitment = tagged("consortia/testing", f"derived by {member}".encode())
    message = Register(
        "derived", "dataset", "Derived", "batch", commitment, 10, None, None, (Parent(parent, 1),), None
    )
    found: bytes = bench.ok(member, "operator", message).events[0].body["asset"]  # type: ignore[assignment]
    return found


def _limits_what_is_derived(bench: Bench) -> Step:
    return step("east", "analyst", LimitBudget(derived(bench, "east", dataset(bench, "east")), 1))


def _joins_limited(limit: int, terms: Terms = PRIVATE) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        study, data = proposed(bench, terms), dataset(bench, "east")
        bench.ok("east", "analyst", LimitBudget(data, limit))
        return step("east", "worker", Join(study, data, 1, 10))

    return setup


def _joins_with_what_is_derived(bench: Bench) -> Step:
    study, data = proposed(bench, PRIVATE), dataset(bench, "east")
    bench.ok("east", "analyst", LimitBudget(data, ALL - 1))
    return step("east", "worker", Join(study, derived(bench, "east", data), 1, 10))


def _joins_a_population_twice(bench: Bench) -> Step:
    study = proposed(bench, PRIVATE)
    commitment = tagged("consortia/testing", b"shared rows")
    message = Register("rows", "dataset", "Rows", "batch", commitment, 10, None, None, (), EVERYBODY)
    data: bytes = bench.ok("east", "operator", message).events[0].body["asset"]  # type: ignore[assignment]
    bench.ok("east", "worker", Join(study, data, 1, 10))
    return step("west", "worker", Join(study, derived(bench, "west", data), 1, 10))


def to_submit(bench: Bench) -> Round:
    """A private study's first round, waiting for updates."""
    study = joined(bench, terms=PRIVATE)
    bench.ok("north", "analyst", Start(study))
    return dealt(bench, keyed(bench, current(bench, study)))


def _is_charged(bench: Bench) -> Step:
    this = to_submit(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:3]])
    return step("west", "worker", update(bench, this, "west"))


def _spends_meanwhile(bench: Bench) -> Step:
    """East lowers its limit while its update is in: it is left out of the cohort."""
    this = to_submit(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:3]])
    _lowers(bench, this, ONCE - 1)
    return step("west", "worker", update(bench, this, "west"))


def _limits_what_is_summed_without_noise(bench: Bench) -> Step:
    this = running(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:3]])
    _lowers(bench, this, ALL)
    return step("west", "worker", update(bench, this, "west"))


def _lowers(bench: Bench, this: Round, limit: int) -> None:
    """Let east limit the budget of the data that it takes part with."""
    part = next(one for one in bench.query("training.study", study=this.study).parts if one.member == "east")
    bench.ok("east", "analyst", LimitBudget(part.part.dataset, limit))


def _proposes(**fields: object) -> Callable[[Bench], Step]:
    return lambda _bench: step("north", "analyst", Propose(replace(PRIVATE, **fields)))


BUDGETS: tuple[Scenario, ...] = (
    Scenario("an owner limits what sums over its data may cost", _limits(1_000)),
    Scenario("an owner lowers a limit", _limits_twice(1_000, 10)),
    row("a proposal with the owner's yes raises a limit", _raises(1_000, 2_000)),
    row("a proposal would lower a limit", _raises(1_000, 999)),
    row("a proposal would raise a limit by nothing", _raises(1_000, 1_000)),
    row("a proposal would give a limit to data that have none", _raises(None, 1_000)),
    row(
        "a proposal would raise a limit of derived data",
        _raises(None, 1_000, lambda bench: derived(bench, "east", dataset(bench, "east"))),
    ),
    Scenario("a study is proposed with privacy terms", _proposes()),
    Scenario("a member joins with just enough left", _joins_limited(ALL)),
    Scenario("a cohort's populations are charged before anything is revealed", _is_charged),
    Scenario("a member whose budget is lowered meanwhile is left out of the cohort", _spends_meanwhile),
    Scenario("limited data are left out of a sum without noise", _limits_what_is_summed_without_noise),
    Scenario("noise in open rounds", _proposes(stages=(STAGE,)), "training.bad_privacy"),
    Scenario(
        "noise for another number of stages",
        _proposes(privacy=Privacy((NOISE, NOISE), 10_000)),
        "training.bad_privacy",
    ),
    Scenario(
        "as many colluders as the quorum",
        _proposes(privacy=Privacy((replace(NOISE, colluders=3),), 10_000)),
        "training.bad_privacy",
    ),
    Scenario(
        "noise beyond the ring",
        _proposes(
            stages=(replace(STAGE, mode="masked", ring_bits=32, clip=1 << 25),),
            privacy=Privacy((replace(NOISE, variance=1 << 60),), 10_000),
        ),
        "training.bad_privacy",
    ),
    Scenario("a study without noise over limited data", _joins_limited(ALL, MASKED), "training.needs_noise"),
    Scenario("a study that costs more than is left", _joins_limited(ALL - 1), "training.over_budget"),
    Scenario("data derived to escape a budget", _joins_with_what_is_derived, "training.over_budget"),
    Scenario("one population with two members", _joins_a_population_twice, "training.bad_lineage"),
    Scenario("a limit on another's data", _limits_of_another, "training.not_owner"),
    Scenario("a limit on nothing", _limits_nothing, "training.unknown_dataset"),
    Scenario("a limit on derived data", _limits_what_is_derived, "training.no_population"),
    Scenario("a raised limit", _limits_twice(10, 1_000), "training.only_lower"),
    Scenario("a limit raised by nothing", _limits_twice(10, 10), "training.only_lower"),
)
