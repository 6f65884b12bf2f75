"""What is done to studies that read data under consent, and what training answers."""

from msgspec.structs import replace

from consortia.modules.assets.messages import MarkErased, NewVersion
from consortia.modules.training.messages import Join, Renew, Start
from consortia.modules.training.types import Round
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.consent_parts import PURPOSE, Clinic, asked_all, covered, without
from consortia.testing.studies import (
    TERMS,
    all_committed,
    current,
    dataset,
    joined,
    opened,
    proposed,
    running,
    submitted,
)

RESEARCH = replace(TERMS, purpose=PURPOSE)


def begun(bench: Bench) -> tuple[Clinic, Round]:
    """A running study to which north brings forty people, all of whom consent; its first round."""
    found = covered(bench)
    study = proposed(bench, RESEARCH)
    bench.ok("north", "operator", Join(study, found.id, 1, 80))
    for name in ("east", "south", "west"):
        bench.ok(name, "operator", Join(study, dataset(bench, name), 1, 10))
    bench.ok("north", "analyst", Start(study))
    return found, current(bench, study)


def withdrawn(bench: Bench) -> tuple[Clinic, Round]:
    """The same after somebody withdrew; the version without that person is registered and covered."""
    found, this = begun(bench)
    bench.ok("north", "operator", found.withdraw())
    without(found, 7)
    bench.ok("north", "worker", found.cover(version=2, gone=7))
    return found, this


def _joins(bench: Bench) -> Step:
    found = covered(bench)
    return step("north", "operator", Join(proposed(bench, RESEARCH), found.id, 1, 80))


def _renews(bench: Bench) -> Step:
    _, this = withdrawn(bench)
    return step("north", "worker", Renew(this.study, 2, 78))


def _goes_on_without(bench: Bench) -> Step:
    _, this = withdrawn(bench)
    bench.ok("north", "worker", Renew(this.study, 2, 78))
    return _last_of(bench, this)


def _rests(bench: Bench) -> Step:
    found, this = begun(bench)
    bench.ok("north", "worker", found.withdraw())
    return _last_of(bench, this)


def _last_of(bench: Bench, this: Round) -> Step:
    """What makes a round final, so that the next one begins."""
    last = all_committed(bench, submitted(bench, this))
    return step("north", "worker", opened(last))


DONE = (
    Scenario("a data set in which everybody consents is joined with", _joins),
    Scenario("a member goes on without somebody who withdrew", _renews),
    Scenario("the next round reads the version without that person", _goes_on_without),
    Scenario("a member in whose data somebody does not consent rests", _rests),
)


def _joins_uncovered(bench: Bench) -> Step:
    found = asked_all(bench)
    return step("north", "operator", Join(proposed(bench, RESEARCH), found.id, 1, 80))


def _renews_nothing(bench: Bench) -> Step:
    return step("north", "worker", Renew(digest("nothing"), 2, 10))


def _renews_before(bench: Bench) -> Step:
    return step("north", "worker", Renew(joined(bench), 2, 10))


def _stranger_renews(bench: Bench) -> Step:
    study = joined(bench, ("east", "south", "west"))
    bench.time = bench.query("training.study", study=study).study.join_until
    bench.ok("east", "worker", Start(study))
    return step("north", "worker", Renew(study, 2, 10))


def _no_such_version(bench: Bench) -> Step:
    return step("north", "worker", Renew(running(bench).study, 2, 10))


def _erased_version(bench: Bench) -> Step:
    found, this = withdrawn(bench)
    bench.ok("north", "operator", MarkErased(found.id, 2))
    return step("north", "worker", Renew(this.study, 2, 78))


def _more_records(bench: Bench) -> Step:
    _, this = withdrawn(bench)
    return step("north", "worker", Renew(this.study, 2, 79))


def _more_than_joined(bench: Bench) -> Step:
    found, this = begun(bench)
    bench.ok("north", "worker", NewVersion(found.id, digest("more"), 90, 45, None))
    return step("north", "worker", Renew(this.study, 2, 81))


def _same_version(bench: Bench) -> Step:
    return step("north", "worker", Renew(running(bench).study, 1, 10))


def _renews_twice(bench: Bench) -> Step:
    _, this = withdrawn(bench)
    bench.ok("north", "worker", Renew(this.study, 2, 78))
    return step("north", "worker", Renew(this.study, 2, 78))


def _renews_uncovered(bench: Bench) -> Step:
    found, this = begun(bench)
    bench.ok("north", "worker", NewVersion(found.id, digest("more"), 90, 45, None))
    return step("north", "worker", Renew(this.study, 2, 80))


REFUSED = (
    Scenario("data are joined with that nobody showed to consent", _joins_uncovered, "training.no_consent"),
    Scenario("nothing is renewed", _renews_nothing, "training.unknown_study"),
    Scenario("a study is renewed that has no round", _renews_before, "training.not_running"),
    Scenario("somebody renews who takes no part", _stranger_renews, "training.not_joined"),
    Scenario("a version is brought that is none", _no_such_version, "training.unknown_dataset"),
    Scenario("an erased version is brought", _erased_version, "training.dataset_closed"),
    Scenario("more records are brought than there are", _more_records, "training.bad_records"),
    Scenario("more records are brought than were joined with", _more_than_joined, "training.bad_records"),
    Scenario("the same version is brought", _same_version, "training.old_version"),
    Scenario("a version is brought twice", _renews_twice, "training.old_version"),
    Scenario("a version is brought that nobody showed to consent", _renews_uncovered, "training.no_consent"),
)
