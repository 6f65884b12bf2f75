"""What is done to a round, and what training answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.modules.assets.messages import Withdraw
from consortia.modules.training import rules
from consortia.modules.training.messages import (
    Availability,
    Close,
    CommitResult,
    Start,
    Submit,
)
from consortia.modules.training.types import NO_STATE, Outcome
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.studies import (
    BAD,
    GOOD,
    MEMBERS,
    committed,
    current,
    ended,
    falsehood,
    joined,
    opened,
    opening,
    running,
    submitted,
    update,
)

NOWHERE = Outcome(GOOD.sum, NO_STATE)


def _submits(bench: Bench) -> Step:
    return step("east", "worker", update(bench, running(bench), "east"))


def _submits_last(bench: Bench) -> Step:
    this = running(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:3]])
    return step("west", "worker", update(bench, this, "west"))


def _submits_before_the_start(bench: Bench) -> Step:
    study = joined(bench)
    return step("east", "worker", Submit(study, bytes(32), bytes(32), 32, (_nobody(),)))


def _submits_unjoined(bench: Bench) -> Step:
    study = joined(bench, ("north", "east", "south"))
    bench.ok("north", "analyst", Start(study))
    return step("west", "worker", Submit(study, current(bench, study).id, bytes(32), 32, (_nobody(),)))


def _nobody() -> Availability:
    return Availability("north", bytes(64))


def _submits_withdrawn(bench: Bench) -> Step:
    this = running(bench)
    part = bench.query("training.study", study=this.study).parts[0]
    bench.ok(part.member, "operator", Withdraw(part.part.dataset))
    return step(part.member, "worker", update(bench, this, part.member))


def _submits_twice(bench: Bench) -> Step:
    this = running(bench)
    bench.ok("east", "worker", update(bench, this, "east"))
    return step("east", "worker", update(bench, this, "east"))


def _submits_to_another_round(bench: Bench) -> Step:
    this = running(bench)
    return step("east", "worker", update(bench, replace(this, id=bytes(32)), "east"))


def _submits_to_a_past_try(bench: Bench) -> Step:
    this = running(bench)
    ended(bench, this)
    return step("east", "worker", update(bench, this, "east"))


def _submits_late(bench: Bench) -> Step:
    this = running(bench)
    bench.time = this.deadline
    return step("east", "worker", update(bench, this, "east"))


def _submits_after_the_cohort(bench: Bench) -> Step:
    this = submitted(bench, running(bench), ("north", "east", "south"))
    return step("west", "worker", update(bench, this, "west"))


def _submits_a_short_vector(bench: Bench) -> Step:
    return step("east", "worker", update(bench, running(bench), "east", size=24))


def _submits_held_by(*holders: str) -> Callable[[Bench], Step]:
    return lambda bench: step("east", "worker", update(bench, running(bench), "east", holders))


def _submits_with_a_signature_for_another_blob(bench: Bench) -> Step:
    this = running(bench)
    message = update(bench, this, "east")
    return step("east", "worker", replace(message, blob=bytes(32)))


def _submits_with_a_signature_by_another_key(bench: Bench) -> Step:
    this = running(bench)
    message = update(bench, this, "east")
    forged = replace(message.availability[1], signature=message.availability[0].signature)
    held = (message.availability[0], forged, *message.availability[2:])
    return step("east", "worker", replace(message, availability=held))


def _closes_submitting(bench: Bench) -> Step:
    this = running(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:3]])
    bench.time = this.deadline
    return step("east", "operator", Close(this.study, this.id))


def _closes_below_quorum(bench: Bench) -> Step:
    this = running(bench)
    bench.block(*[bench.sign(name, "worker", update(bench, this, name)) for name in MEMBERS[:2]])
    bench.time = this.deadline
    return step("east", "worker", Close(this.study, this.id))


def _closes_the_last_try(bench: Bench) -> Step:
    this = ended(bench, running(bench))
    bench.time = this.deadline
    return step("east", "worker", Close(this.study, this.id))


def _closes_committing(members: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = submitted(bench, running(bench))
        bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in members])
        bench.time = this.deadline
        return step("east", "worker", Close(this.study, this.id))

    return setup


def _closes_opening(bench: Bench) -> Step:
    this = opening(bench)
    bench.time = this.deadline
    return step("east", "worker", Close(this.study, this.id))


def _closes_early(bench: Bench) -> Step:
    this = running(bench)
    bench.time = this.deadline - 1
    return step("east", "worker", Close(this.study, this.id))


def _closes_a_past_try(bench: Bench) -> Step:
    this = running(bench)
    ended(bench, this)
    return step("east", "worker", Close(this.study, this.id))


def _commits(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    return step("east", "worker", committed(this, "east"))


def _commits_too_soon(bench: Bench) -> Step:
    return step("east", "worker", committed(running(bench), "east"))


def _commits_twice(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    bench.ok("east", "worker", committed(this, "east"))
    return step("east", "worker", committed(this, "east", BAD))


def _commits_late(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    bench.time = this.deadline
    return step("east", "worker", committed(this, "east"))


def _opens(bench: Bench) -> Step:
    return step("east", "worker", opened(opening(bench)))


def _opens_among_one_liar(bench: Bench) -> Step:
    return step("east", "worker", opened(opening(bench, lying=("west",))))


def _opens_a_lie(bench: Bench) -> Step:
    return step("west", "worker", opened(opening(bench, lying=("west",)), falsehood("west")))


def _opens_among_two_liars(bench: Bench) -> Step:
    this = opening(bench, lying=("south", "west"))
    bench.ok("west", "worker", opened(this, falsehood("west")))
    return step("east", "worker", opened(this))


def _opens_a_sum_that_leads_nowhere(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    bench.block(*[bench.sign(name, "worker", committed(this, name, NOWHERE)) for name in MEMBERS])
    return step("east", "worker", opened(current(bench, this.study), NOWHERE))


def _opens_twice(bench: Bench) -> Step:
    this = opening(bench, lying=("west",))
    bench.ok("west", "worker", opened(this, falsehood("west")))
    return step("west", "worker", opened(this, falsehood("west")))


def _opens_another(bench: Bench) -> Step:
    return step("east", "worker", opened(opening(bench), BAD))


def _opens_a_copy(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    copy = CommitResult(this.study, this.id, rules.commitment(this.id, "north", GOOD))
    calls = [bench.sign(name, "worker", committed(this, name)) for name in ("north", "south", "west")]
    bench.block(*calls, bench.sign("east", "worker", copy))
    return step("east", "worker", opened(this))


def _opens_uncommitted(bench: Bench) -> Step:
    this = submitted(bench, running(bench))
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in MEMBERS[:3]])
    return step("west", "worker", opened(ended(bench, this)))


ROUNDS: tuple[Scenario, ...] = (
    Scenario("a worker submits an update", _submits),
    Scenario("the last update fixes the cohort", _submits_last),
    Scenario("a missing member is not in the cohort", _closes_submitting),
    Scenario("a round below the quorum is tried again", _closes_below_quorum),
    Scenario("a study ends when its last try is given up", _closes_the_last_try),
    Scenario("results are opened without a silent member", _closes_committing(("north", "east", "south"))),
    Scenario("a round is tried again when too few commit", _closes_committing(("north", "east"))),
    Scenario("a round is tried again when nobody opens", _closes_opening),
    Scenario("a worker commits to its result", _commits),
    Scenario("one opening makes a round final", _opens),
    Scenario("a false result is named by its commitment", _opens_among_one_liar),
    Scenario("a false opening alone decides nothing", _opens_a_lie),
    Scenario("two false results of four leave a dispute", _opens_among_two_liars),
    Scenario("a sum that leads nowhere is void, and nobody is missing", _opens_a_sum_that_leads_nowhere),
    Scenario("an update comes before the start", _submits_before_the_start, "training.not_running"),
    Scenario("an update by a member that did not join", _submits_unjoined, "training.not_joined"),
    Scenario("an update from a withdrawn data set", _submits_withdrawn, "training.dataset_closed"),
    Scenario("an update for a round of no study", _submits_to_another_round, "training.wrong_round"),
    Scenario("an update for a try that was given up", _submits_to_a_past_try, "training.wrong_round"),
    Scenario("a try that was given up is closed again", _closes_a_past_try, "training.wrong_round"),
    Scenario("an update after the cohort is fixed", _submits_after_the_cohort, "training.wrong_step"),
    Scenario("a commitment before the cohort is fixed", _commits_too_soon, "training.wrong_step"),
    Scenario("a step is closed before its deadline", _closes_early, "training.too_early"),
    Scenario("an update at the deadline", _submits_late, "training.too_late"),
    Scenario("a commitment at the deadline", _commits_late, "training.too_late"),
    Scenario("a second update in a round", _submits_twice, "training.already_done"),
    Scenario("a second commitment in a round", _commits_twice, "training.already_done"),
    Scenario("a second opening in a round", _opens_twice, "training.already_done"),
    Scenario("a short vector", _submits_a_short_vector, "training.bad_size"),
    Scenario("an update held by two of four", _submits_held_by("east", "north"), "training.too_few_holders"),
    Scenario(
        "an update that its submitter does not hold",
        _submits_held_by("north", "south", "west"),
        "training.too_few_holders",
    ),
    Scenario("a holder counted twice", _submits_held_by("east", "east", "north"), "training.too_few_holders"),
    Scenario(
        "a signature for another blob",
        _submits_with_a_signature_for_another_blob,
        "training.bad_availability",
    ),
    Scenario(
        "a signature by another node", _submits_with_a_signature_by_another_key, "training.bad_availability"
    ),
    Scenario("an opening without a commitment", _opens_uncommitted, "training.not_committed"),
    Scenario("an opening of another result", _opens_another, "training.not_as_committed"),
    Scenario("a copied commitment is worth nothing", _opens_a_copy, "training.not_as_committed"),
)
