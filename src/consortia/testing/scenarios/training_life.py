"""What is done to a study outside its rounds, and what training answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.codec import encode
from consortia.modules.assets.messages import MarkErased, Withdraw
from consortia.modules.training.messages import (
    Cancel,
    Finish,
    Join,
    Leave,
    Propose,
    Start,
)
from consortia.modules.training.types import (
    OPEN_STUDIES_MAX,
)
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.studies import (
    STAGE,
    TERMS,
    all_final,
    dataset,
    joined,
    opened,
    opening,
    proposed,
    running,
)


def _proposing(**fields: object) -> Callable[[Bench], Step]:
    return lambda _bench: step("north", "analyst", Propose(replace(TERMS, **fields)))


def _staged(**fields: object) -> Callable[[Bench], Step]:
    return _proposing(stages=(replace(STAGE, **fields),))


def _joins(bench: Bench) -> Step:
    study = proposed(bench)
    return step("east", "worker", Join(study, dataset(bench, "east"), 1, 10))


def _joins_late(bench: Bench) -> Step:
    study, data = proposed(bench), dataset(bench, "east")
    bench.time = bench.query("training.study", study=study).study.join_until
    return step("east", "worker", Join(study, data, 1, 10))


def _joins_as_the_invited_do(invited: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        study = proposed(bench, replace(TERMS, invited=invited))
        return step("west", "worker", Join(study, dataset(bench, "west"), 1, 10))

    return setup


def _joins_twice(bench: Bench) -> Step:
    study = joined(bench, ("east",))
    return step("east", "worker", Join(study, bytes(32), 1, 10))


def _joins_as_the_sixty_fourth(bench: Bench) -> Step:
    study = proposed(bench)
    names = tuple(bench.parties)
    for name in names[:-1]:
        bench.ok(name, "operator", Join(study, dataset(bench, name), 1, 10))
    return step(names[-1], "worker", Join(study, dataset(bench, names[-1]), 1, 10))


def _joins_with(
    member: str = "east", *, version: int = 1, records: int = 10, **fields: str
) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        study = proposed(bench)
        return step(member, "worker", Join(study, dataset(bench, "east", **fields), version, records))

    return setup


def _joins_with_withdrawn(bench: Bench) -> Step:
    study, data = proposed(bench), dataset(bench, "east")
    bench.ok("east", "operator", Withdraw(data))
    return step("east", "worker", Join(study, data, 1, 10))


def _joins_with_erased(bench: Bench) -> Step:
    study, data = proposed(bench), dataset(bench, "east")
    bench.ok("east", "operator", MarkErased(data, 1))
    return step("east", "worker", Join(study, data, 1, 10))


def _joins_running(bench: Bench) -> Step:
    study = joined(bench, ("north", "east", "south"))
    bench.ok("north", "analyst", Start(study))
    return step("west", "worker", Join(study, dataset(bench, "west"), 1, 10))


def _leaves_before(bench: Bench) -> Step:
    return step("east", "operator", Leave(joined(bench)))


def _leaves_running(bench: Bench) -> Step:
    return step("east", "operator", Leave(running(bench).study))


def _leaves_twice(bench: Bench) -> Step:
    this = running(bench)
    bench.ok("east", "operator", Leave(this.study))
    return step("east", "operator", Leave(this.study))


def _leaves_unjoined(bench: Bench) -> Step:
    return step("west", "operator", Leave(joined(bench, ("north", "east"))))


def _goes_on_without_a_leaver(bench: Bench) -> Step:
    this = opening(bench)
    bench.ok("east", "operator", Leave(this.study))
    return step("north", "worker", opened(this))


def _stops_when_too_few_are_left(bench: Bench) -> Step:
    this = opening(bench)
    bench.ok("east", "operator", Leave(this.study))
    bench.ok("south", "operator", Leave(this.study))
    return step("north", "worker", opened(this))


def _starts(bench: Bench) -> Step:
    return step("north", "analyst", Start(joined(bench, ("north", "east", "south"))))


def _starts_when_all_the_invited_joined(bench: Bench) -> Step:
    invited = tuple(sorted(("north", "east", "south")))
    study = joined(bench, invited, replace(TERMS, invited=invited))
    return step("east", "worker", Start(study))


def _starts_in_time(bench: Bench) -> Step:
    study = joined(bench, ("north", "east", "south"))
    bench.time = bench.query("training.study", study=study).study.join_until
    return step("east", "worker", Start(study))


def _starts_too_early(bench: Bench) -> Step:
    return step("east", "worker", Start(joined(bench)))


def _starts_with_two(bench: Bench) -> Step:
    return step("north", "analyst", Start(joined(bench, ("north", "east"))))


def _starts_twice(bench: Bench) -> Step:
    return step("north", "analyst", Start(running(bench).study))


def _cancels(bench: Bench) -> Step:
    return step("north", "analyst", Cancel(running(bench).study, "changed our mind"))


def _cancels_another(bench: Bench) -> Step:
    return step("east", "operator", Cancel(joined(bench), "not mine"))


def _cancels_stuck(bench: Bench) -> Step:
    study = joined(bench, ("north", "east"))
    bench.time = bench.query("training.study", study=study).study.join_until
    return step("east", "operator", Cancel(study, "nobody came"))


def _cancels_twice(bench: Bench) -> Step:
    study = proposed(bench)
    bench.ok("north", "analyst", Cancel(study, "changed our mind"))
    return step("north", "analyst", Cancel(study, "again"))


def _proposes_too_many(bench: Bench) -> Step:
    bench.block(
        *[
            bench.sign("north", "analyst", Propose(replace(TERMS, name=f"study-{number}")))
            for number in range(OPEN_STUDIES_MAX)
        ]
    )
    return step("north", "analyst", Propose(TERMS))


def _proposes_twice(bench: Bench) -> Step:
    proposed(bench)
    return step("north", "analyst", Propose(TERMS))


def _proposes_from_another_model(bench: Bench) -> Step:
    model = dataset(bench, "east", kind="model")
    return step("north", "analyst", Propose(replace(TERMS, model=model)))


def _proposes_from_own_model(bench: Bench) -> Step:
    model = dataset(bench, "north", kind="model")
    return step("north", "analyst", Propose(replace(TERMS, model=model)))


def _finishes(bench: Bench) -> Step:
    return step("east", "worker", Finish(all_final(bench)))


def _finishes_unjoined(bench: Bench) -> Step:
    bench.admit_member("harbour")
    return step("harbour", "worker", Finish(all_final(bench)))


def _finishes_early(bench: Bench) -> Step:
    return step("east", "worker", Finish(running(bench).study))


def _finishes_twice(bench: Bench) -> Step:
    study = all_final(bench)
    bench.ok("east", "worker", Finish(study))
    return step("east", "worker", Finish(study))


def _unknown(bench: Bench) -> Step:
    return step("east", "worker", Finish(bytes(32)))


LIFE: tuple[Scenario, ...] = (
    Scenario("an analyst proposes a study", _proposing()),
    Scenario("a study starts from an own model", _proposes_from_own_model),
    Scenario("a study invites members by name", _proposing(invited=("east", "north", "south"))),
    Scenario("a study is robust over open updates", _staged(rule="trimmed_mean", tolerated=1)),
    Scenario(
        "a study is robust over masked groups",
        _proposing(quorum=9, stages=(replace(STAGE, mode="masked", rule="median", tolerated=1, group=3),)),
    ),
    Scenario("a member joins with its data set", _joins),
    Scenario("an invited member joins", _joins_as_the_invited_do(("east", "north", "west"))),
    Scenario("a member leaves before the start", _leaves_before),
    Scenario("a member leaves a running study", _leaves_running),
    Scenario("a study goes on without a leaver", _goes_on_without_a_leaver),
    Scenario("a study stops when too few are left", _stops_when_too_few_are_left),
    Scenario("the proposer starts a study", _starts),
    Scenario("a member starts once all the invited joined", _starts_when_all_the_invited_joined),
    Scenario("a member starts when the joining time is over", _starts_in_time),
    Scenario("the proposer cancels a running study", _cancels),
    Scenario("anybody cancels a study that too few joined", _cancels_stuck),
    Scenario("a study finishes with a model", _finishes),
    Scenario("a study's name is taken", _proposes_twice, "training.name_taken"),
    Scenario("a proposer has too many studies open", _proposes_too_many, "training.too_many_studies"),
    Scenario("a clip leaves no headroom", _staged(clip=(1 << 57), ring_bits=32), "training.bad_stages"),
    Scenario("two stages have one name", _proposing(stages=(STAGE, STAGE)), "training.bad_stages"),
    Scenario(
        "stages have too many rounds",
        _proposing(stages=(replace(STAGE, rounds=10_000), replace(STAGE, name="more", rounds=1))),
        "training.bad_stages",
    ),
    Scenario(
        "a masked sum of two",
        _proposing(quorum=2, stages=(replace(STAGE, mode="masked"),)),
        "training.bad_quorum",
    ),
    Scenario("a mean that tolerates somebody", _staged(tolerated=1), "training.bad_rule"),
    Scenario("a median of too few", _staged(rule="median", tolerated=2), "training.bad_rule"),
    Scenario(
        "a median of one masked sum", _staged(rule="median", tolerated=1, mode="masked"), "training.bad_rule"
    ),
    Scenario("a median over open groups", _staged(rule="median", tolerated=1, group=3), "training.bad_rule"),
    Scenario("a schema has another hash", _proposing(schema=b"other columns"), "training.bad_schema"),
    Scenario(
        "parameters are no map",
        _proposing(recipe=replace(TERMS.recipe, parameters=encode(7))),
        "training.bad_parameters",
    ),
    Scenario(
        "parameters are no encoding",
        _proposing(recipe=replace(TERMS.recipe, parameters=b"\xff")),
        "training.bad_parameters",
    ),
    Scenario(
        "the invited are not sorted",
        _proposing(invited=("north", "east", "south")),
        "training.bad_invitation",
    ),
    Scenario(
        "an invited one is no member",
        _proposing(invited=("east", "mars", "north")),
        "training.bad_invitation",
    ),
    Scenario(
        "fewer are invited than the quorum", _proposing(invited=("east", "north")), "training.bad_invitation"
    ),
    Scenario("the model to start from is unknown", _proposing(model=bytes(32)), "training.unknown_model"),
    Scenario(
        "the model to start from is another's", _proposes_from_another_model, "training.model_forbidden"
    ),
    Scenario("the study is unknown", _unknown, "training.unknown_study"),
    Scenario("the study was cancelled", _cancels_twice, "training.study_over"),
    Scenario("the study is finished", _finishes_twice, "training.study_over"),
    Scenario("a member joins a running study", _joins_running, "training.not_proposed"),
    Scenario("a study is started twice", _starts_twice, "training.not_proposed"),
    Scenario("a member joins at the deadline", _joins_late, "training.joining_closed"),
    Scenario(
        "a member is not invited",
        _joins_as_the_invited_do(("east", "north", "south")),
        "training.not_invited",
    ),
    Scenario("another member cancels", _cancels_another, "training.not_proposer"),
    Scenario("a member leaves what it did not join", _leaves_unjoined, "training.not_joined"),
    Scenario("a bystander finishes", _finishes_unjoined, "training.not_joined"),
    Scenario("a member joins twice", _joins_twice, "training.already_joined"),
    Scenario("a member leaves twice", _leaves_twice, "training.already_leaving"),
    Scenario("a sixty-fourth member joins", _joins_as_the_sixty_fourth, "training.study_full", members=64),
    Scenario(
        "a member joins with a version that is not there", _joins_with(version=2), "training.unknown_dataset"
    ),
    Scenario("a member joins with a model", _joins_with(kind="model"), "training.unknown_dataset"),
    Scenario("a member joins with another's data", _joins_with("west"), "training.not_owner"),
    Scenario("a member joins with a withdrawn data set", _joins_with_withdrawn, "training.dataset_closed"),
    Scenario("a member joins with an erased version", _joins_with_erased, "training.dataset_closed"),
    Scenario(
        "a data set is for other purposes", _joins_with(purpose="billing"), "training.purpose_forbidden"
    ),
    Scenario("a member joins with more records than it has", _joins_with(records=11), "training.bad_records"),
    Scenario("a study is started below its quorum", _starts_with_two, "training.too_few_joined"),
    Scenario("a member starts before the joining time is over", _starts_too_early, "training.too_early"),
    Scenario("a study with rounds left is finished", _finishes_early, "training.rounds_left"),
)
