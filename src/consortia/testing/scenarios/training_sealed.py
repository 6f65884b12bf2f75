"""What is done to a round whose updates are sealed first, and what training answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.modules.assets.messages import Withdraw
from consortia.modules.training.messages import Close, Seal
from consortia.modules.training.types import Round
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.studies import (
    MEMBERS,
    SEALED,
    committed,
    current,
    ended,
    joined,
    opened,
    running,
    seal,
    sealed,
    unsealed,
    update,
)

THREE = ("north", "east", "south")


def _sealing(bench: Bench) -> Round:
    return running(bench, SEALED)


def _shown(bench: Bench, this: Round, members: tuple[str, ...]) -> Round:
    """The round once these members have shown what they sealed, its deadline past where one has not."""
    bench.block(*[bench.sign(name, "worker", unsealed(update(bench, this, name))) for name in members])
    newest = current(bench, this.study)
    return newest if newest.step != "submit" else ended(bench, newest)


def _seals(bench: Bench) -> Step:
    return step("east", "worker", seal(bench, _sealing(bench), "east"))


def _seals_last(bench: Bench) -> Step:
    this = _sealing(bench)
    bench.block(*[bench.sign(name, "worker", seal(bench, this, name)) for name in MEMBERS[:3]])
    return step("west", "worker", seal(bench, this, "west"))


def _closes_sealing(members: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = _sealing(bench)
        bench.block(*[bench.sign(name, "worker", seal(bench, this, name)) for name in members])
        bench.time = this.deadline
        return step("east", "worker", Close(this.study, this.id))

    return setup


def _shows(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench))
    return step("east", "worker", unsealed(update(bench, this, "east")))


def _shows_last(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench), THREE)
    bench.block(*[bench.sign(name, "worker", unsealed(update(bench, this, name))) for name in THREE[:2]])
    return step("south", "worker", unsealed(update(bench, this, "south")))


def _closes_showing(members: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = sealed(bench, _sealing(bench))
        bench.block(*[bench.sign(name, "worker", unsealed(update(bench, this, name))) for name in members])
        bench.time = this.deadline
        return step("east", "worker", Close(this.study, this.id))

    return setup


def _opens(bench: Bench) -> Step:
    this = _shown(bench, sealed(bench, _sealing(bench)), MEMBERS)
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in MEMBERS])
    return step("east", "worker", opened(current(bench, this.study)))


def _second_try(bench: Bench) -> Round:
    """The second try of a round of which two members had shown their updates already."""
    return _shown(bench, sealed(bench, _sealing(bench)), ("north", "east"))


def _shows_in_the_second_try(bench: Bench) -> Step:
    return step("east", "worker", unsealed(update(bench, _second_try(bench), "east")))


def _seals_in_the_second_try(bench: Bench) -> Step:
    this = _second_try(bench)
    return step("west", "worker", seal(bench, this, "west", update(bench, this, "east").blob))


def _changes_in_the_second_try(bench: Bench) -> Step:
    this = _second_try(bench)
    changed = replace(update(bench, this, "west"), blob=update(bench, this, "east").blob)
    return step("west", "worker", unsealed(changed))


def _seals_twice(bench: Bench) -> Step:
    this = _sealing(bench)
    bench.ok("east", "worker", seal(bench, this, "east"))
    return step("east", "worker", seal(bench, this, "east", bytes(32)))


def _seals_late(bench: Bench) -> Step:
    this = _sealing(bench)
    bench.time = this.deadline
    return step("east", "worker", seal(bench, this, "east"))


def _seals_after_all(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench), THREE)
    return step("west", "worker", seal(bench, this, "west"))


def _seals_withdrawn(bench: Bench) -> Step:
    this = _sealing(bench)
    part = bench.query("training.study", study=this.study).parts[0]
    bench.ok(part.member, "operator", Withdraw(part.part.dataset))
    return step(part.member, "worker", seal(bench, this, part.member))


def _seals_an_open_round(bench: Bench) -> Step:
    return step("east", "worker", seal(bench, running(bench), "east"))


def _seals_before_the_start(bench: Bench) -> Step:
    return step("east", "worker", Seal(joined(bench, terms=SEALED), bytes(32), bytes(32)))


def _shows_too_soon(bench: Bench) -> Step:
    return step("east", "worker", unsealed(update(bench, _sealing(bench), "east")))


def _shows_unsealed(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench), THREE)
    return step("west", "worker", unsealed(update(bench, this, "west")))


def _shows_a_copy(bench: Bench) -> Step:
    """West sealed something, saw what east shows, and would now show that."""
    this = sealed(bench, _sealing(bench))
    bench.ok("east", "worker", unsealed(update(bench, this, "east")))
    copy = replace(update(bench, this, "west"), blob=update(bench, this, "east").blob)
    return step("west", "worker", unsealed(copy))


def _shows_a_copied_seal(bench: Bench) -> Step:
    """West sealed by the very commitment of east, and shows what east showed."""
    this = _sealing(bench)
    copied = seal(bench, this, "east")
    bench.block(*[bench.sign(name, "worker", seal(bench, this, name)) for name in THREE])
    bench.ok("west", "worker", copied)
    this = current(bench, this.study)
    copy = replace(update(bench, this, "west"), blob=update(bench, this, "east").blob)
    return step("west", "worker", unsealed(copy))


def _shows_with_another_salt(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench))
    return step("east", "worker", unsealed(update(bench, this, "east"), bytes(32)))


def _shows_without_salt(bench: Bench) -> Step:
    return step("east", "worker", update(bench, sealed(bench, _sealing(bench)), "east"))


def _shows_twice(bench: Bench) -> Step:
    this = sealed(bench, _sealing(bench))
    bench.ok("east", "worker", unsealed(update(bench, this, "east")))
    return step("east", "worker", unsealed(update(bench, this, "east")))


def _unseals_an_open_round(bench: Bench) -> Step:
    return step("east", "worker", unsealed(update(bench, running(bench), "east")))


SEALING: tuple[Scenario, ...] = (
    Scenario("a worker seals an update", _seals),
    Scenario("the last seal lets the updates be shown", _seals_last),
    Scenario("updates are shown without a silent member", _closes_sealing(THREE)),
    Scenario("a round with too few seals is tried again", _closes_sealing(("north", "east"))),
    Scenario("a worker shows what it sealed", _shows),
    Scenario("nobody waits for a member that sealed nothing", _shows_last),
    Scenario("an update that is not shown counts as not given", _closes_showing(THREE)),
    Scenario("a round of which too few are shown is tried again", _closes_showing(("north", "east"))),
    Scenario("a round of sealed updates becomes final", _opens),
    Scenario("a seal holds for the second try", _shows_in_the_second_try),
    Scenario("nothing is sealed once updates were shown", _seals_in_the_second_try, "training.wrong_step"),
    Scenario("a second try with another's update", _changes_in_the_second_try, "training.not_as_sealed"),
    Scenario("a second seal", _seals_twice, "training.already_done"),
    Scenario("a seal at the deadline", _seals_late, "training.too_late"),
    Scenario("a seal after the others'", _seals_after_all, "training.wrong_step"),
    Scenario("a seal over a withdrawn data set", _seals_withdrawn, "training.dataset_closed"),
    Scenario("a seal in an open round", _seals_an_open_round, "training.wrong_step"),
    Scenario("a seal before the start", _seals_before_the_start, "training.not_running"),
    Scenario("an update is shown before all are sealed", _shows_too_soon, "training.wrong_step"),
    Scenario("an update that was not sealed", _shows_unsealed, "training.not_sealed"),
    Scenario("a salt in an open round", _unseals_an_open_round, "training.not_sealed"),
    Scenario("a copy of what another showed", _shows_a_copy, "training.not_as_sealed"),
    Scenario("a copy of another's seal", _shows_a_copied_seal, "training.not_as_sealed"),
    Scenario("an update with another salt", _shows_with_another_salt, "training.not_as_sealed"),
    Scenario("a sealed update without its salt", _shows_without_salt, "training.not_as_sealed"),
    Scenario("a second showing", _shows_twice, "training.already_done"),
)
