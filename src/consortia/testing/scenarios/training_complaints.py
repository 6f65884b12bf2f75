"""What is complained of dealers in a masked round, and what training answers."""

from collections.abc import Callable

from consortia.modules.training.masks import answers_end, complaints_end
from consortia.modules.training.messages import Close
from consortia.modules.training.types import Round
from consortia.testing.machine import Bench
from consortia.testing.masked import answer, complaint, dealt, garbled_dealing, keyed, running_masked
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.studies import MEMBERS, update

THREE = MEMBERS[:3]


def _complained(bench: Bench) -> Round:
    """A round in which the shares that west dealt to east do not open, and east said so."""
    this = keyed(bench, running_masked(bench))
    bench.ok("west", "worker", garbled_dealing(this, "west", "east"))
    this = dealt(bench, this, THREE)
    bench.ok("east", "worker", complaint(this, "west"))
    return this


def _complains_twice(bench: Bench) -> Step:
    return step("east", "worker", complaint(_complained(bench), "west"))


def _complains_of(dealer: str) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        return step("east", "worker", complaint(dealt(bench, keyed(bench, running_masked(bench))), dealer))

    return setup


def _complains_at_half_time(bench: Bench) -> Step:
    this = dealt(bench, keyed(bench, running_masked(bench)))
    bench.time = complaints_end(this)
    return step("east", "worker", complaint(this, "west"))


def _complains_having_submitted(bench: Bench) -> Step:
    this = dealt(bench, keyed(bench, running_masked(bench)))
    bench.ok("east", "worker", update(bench, this, "east"))
    return step("east", "worker", complaint(this, "west"))


def _answers(bench: Bench) -> Step:
    return step("west", "worker", answer(_complained(bench), "west", "east"))


def _the_rest_submits(bench: Bench) -> Round:
    """As `_complained`; all but east sent their updates."""
    this = _complained(bench)
    for name in ("north", "south", "west"):
        bench.ok(name, "worker", update(bench, this, name))
    return this


def _submits_once_answered(bench: Bench) -> Step:
    this = _the_rest_submits(bench)
    bench.ok("west", "worker", answer(this, "west", "east"))
    return step("east", "worker", update(bench, this, "east"))


def _submits_unanswered(bench: Bench) -> Step:
    return step("east", "worker", update(bench, _the_rest_submits(bench), "east"))


def _closes_unanswered(bench: Bench) -> Step:
    this = _the_rest_submits(bench)
    bench.time = this.deadline
    return step("north", "worker", Close(this.study, this.id))


def _answers_falsely(bench: Bench) -> Step:
    return step("west", "worker", answer(_complained(bench), "west", "east", false=True))


def _answers_nobody(bench: Bench) -> Step:
    return step("west", "worker", answer(_complained(bench), "west", "north"))


def _answers_twice(bench: Bench) -> Step:
    this = _complained(bench)
    bench.ok("west", "worker", answer(this, "west", "east"))
    return step("west", "worker", answer(this, "west", "east"))


def _answers_late(bench: Bench) -> Step:
    this = _complained(bench)
    bench.time = answers_end(this)
    return step("west", "worker", answer(this, "west", "east"))


COMPLAINTS: tuple[Scenario, ...] = (
    Scenario("a holder complains of a dealer", _complains_of("west")),
    Scenario("a dealer answers a complaint", _answers),
    Scenario("a round goes on once a complaint is answered", _submits_once_answered),
    Scenario("a complaint of a holder that submits all the same is over", _submits_unanswered),
    Scenario("a dealer that answers no complaint is named and left out", _closes_unanswered),
    Scenario("a second complaint", _complains_twice, "training.already_done"),
    Scenario("a complaint of oneself", _complains_of("east"), "training.unfounded"),
    Scenario("a complaint of nobody", _complains_of("mars"), "training.unfounded"),
    Scenario("a complaint after half of the step", _complains_at_half_time, "training.too_late"),
    Scenario("an answer with other shares than dealt", _answers_falsely, "training.not_as_dealt"),
    Scenario("an answer to nobody", _answers_nobody, "training.unfounded"),
    Scenario("a second answer", _answers_twice, "training.already_done"),
    Scenario("an answer after three quarters of the step", _answers_late, "training.too_late"),
    Scenario("a complaint after the own update", _complains_having_submitted, "training.already_done"),
)
