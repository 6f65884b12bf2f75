"""What is done to a masked round, and what training answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.base.sealing import public_of
from consortia.modules.assets.messages import Withdraw
from consortia.modules.training import rules
from consortia.modules.training.messages import Close, PublishKeys, Return, Start
from consortia.modules.training.types import Round
from consortia.testing.machine import Bench
from consortia.testing.masked import (
    dealing,
    dealt,
    false_dealing,
    keyed,
    keys,
    revealed,
    revealing,
    running_masked,
    secret,
    sent,
    share,
)
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.studies import (
    MEMBERS,
    all_committed,
    committed,
    current,
    ended,
    joined,
    opened,
    running,
    submitted,
    update,
)

THREE = MEMBERS[:3]


def _publishes(bench: Bench) -> Step:
    this = running_masked(bench)
    return step("east", "worker", keys(this.study, this.id, "east"))


def _publishes_last(bench: Bench) -> Step:
    this = running_masked(bench)
    bench.block(*[bench.sign(name, "worker", keys(this.study, this.id, name)) for name in THREE])
    return step("west", "worker", keys(this.study, this.id, "west"))


def _publishes_ahead(bench: Bench) -> Step:
    this = revealed(bench, sent(bench, dealt(bench, keyed(bench, running_masked(bench)))))
    return step("east", "worker", _ahead(bench, this, "east"))


def _ahead(bench: Bench, this: Round, member: str) -> PublishKeys:
    found = next(
        task for task in bench.query("training.due", member=member).tasks if task.study == this.study
    )
    return keys(this.study, found.keys, member)


def _publishes_ahead_of_the_cohort(bench: Bench) -> Step:
    this = _to_submit(bench)
    following = rules.round_id(this.study, this.stage, this.index + 1, 0)
    return step("east", "worker", keys(this.study, following, "east"))


def _opens_with_keys_ahead(bench: Bench) -> Step:
    this = revealed(bench, sent(bench, dealt(bench, keyed(bench, running_masked(bench)))))
    bench.block(*[bench.sign(name, "worker", _ahead(bench, this, name)) for name in MEMBERS])
    all_committed(bench, this)
    return step("north", "worker", opened(current(bench, this.study)))


def _publishes_with(**fields: bytes) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = running_masked(bench)
        return step("east", "worker", replace(keys(this.study, this.id, "east"), **fields))

    return setup


def _publishes_one_key_twice(bench: Bench) -> Step:
    this = running_masked(bench)
    message = keys(this.study, this.id, "east")
    return step("east", "worker", replace(message, sealing=message.masking))


def _publishes_the_key_of_another(bench: Bench) -> Step:
    this = running_masked(bench)
    theirs = keys(this.study, this.id, "north")
    bench.ok("north", "worker", theirs)
    return step("east", "worker", replace(keys(this.study, this.id, "east"), sealing=theirs.masking))


def _publishes_twice(bench: Bench) -> Step:
    this = running_masked(bench)
    bench.ok("east", "worker", keys(this.study, this.id, "east"))
    other = replace(keys(this.study, this.id, "east"), masking=public_of(secret(this.id, "east", "other")))
    return step("east", "worker", other)


def _publishes_in_an_open_round(bench: Bench) -> Step:
    this = running(bench)
    return step("east", "worker", keys(this.study, this.id, "east"))


def _publishes_withdrawn(bench: Bench) -> Step:
    this = running_masked(bench)
    part = bench.query("training.study", study=this.study).parts[0]
    bench.ok(part.member, "operator", Withdraw(part.part.dataset))
    return step(part.member, "worker", keys(this.study, this.id, part.member))


def _closes_keys(members: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = running_masked(bench)
        bench.block(*[bench.sign(name, "worker", keys(this.study, this.id, name)) for name in members])
        bench.time = this.deadline
        return step("east", "worker", Close(this.study, this.id))

    return setup


def _deals(bench: Bench) -> Step:
    return step("east", "worker", dealing(keyed(bench, running_masked(bench)), "east"))


def _deals_without_keys(bench: Bench) -> Step:
    this = keyed(bench, running_masked(bench), THREE)
    return step("west", "worker", dealing(this, "east"))


def _deals_twice(bench: Bench) -> Step:
    this = keyed(bench, running_masked(bench))
    bench.ok("east", "worker", dealing(this, "east"))
    return step("east", "worker", dealing(this, "east"))


def _deals_among_other_keys(bench: Bench) -> Step:
    this = keyed(bench, running_masked(bench))
    other = replace(dealing(this, "east"), graph=tagged("consortia/testing", b"graph"))
    return step("east", "worker", other)


def _deals_too_few(bench: Bench) -> Step:
    message = dealing(keyed(bench, running_masked(bench)), "east")
    return step("east", "worker", replace(message, shares=message.shares[1:]))


def _closes_shares(members: tuple[str, ...]) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        this = keyed(bench, running_masked(bench))
        bench.block(*[bench.sign(name, "worker", dealing(this, name)) for name in members])
        bench.time = this.deadline
        return step("east", "worker", Close(this.study, this.id))

    return setup


def _to_submit(bench: Bench) -> Round:
    return dealt(bench, keyed(bench, running_masked(bench)))


def _submits_undealt(bench: Bench) -> Step:
    this = dealt(bench, keyed(bench, running_masked(bench)), THREE)
    return step("west", "worker", update(bench, this, "west"))


def _rest_deals(bench: Bench, this: Round) -> Round:
    bench.block(*[bench.sign(name, "worker", dealing(this, name)) for name in THREE])
    return current(bench, this.study)


def _reveals(bench: Bench) -> Step:
    return step("east", "worker", revealing(sent(bench, _to_submit(bench)), "east"))


def _reveals_last(bench: Bench) -> Step:
    this = revealed(bench, sent(bench, _to_submit(bench)), MEMBERS[:2])
    return step("west", "worker", revealing(this, "west"))


def _reveals_of_a_dropped_member(bench: Bench) -> Step:
    this = revealed(bench, sent(bench, _to_submit(bench), THREE), MEMBERS[:2])
    return step("south", "worker", revealing(this, "south"))


def _reveals_a_false_dealing(bench: Bench) -> Step:
    this = keyed(bench, running_masked(bench))
    bench.ok("west", "worker", false_dealing(this, "west"))
    this = sent(bench, _rest_deals(bench, this))
    for name in MEMBERS[:2]:
        bench.ok(name, "worker", revealing(this, name, false=("west",)))
    return step("south", "worker", revealing(this, "south", false=("west",)))


def _reveals_both_kinds(bench: Bench) -> Step:
    this = sent(bench, _to_submit(bench))
    bench.ok("east", "worker", revealing(this, "east"))
    other = tuple(share(this, name, "east", "key") for name in sorted(MEMBERS))
    return step("east", "worker", replace(revealing(this, "east"), shares=other))


def _reveals_the_other_kind(bench: Bench) -> Step:
    this = sent(bench, _to_submit(bench))
    other = tuple(share(this, name, "east", "key") for name in sorted(MEMBERS))
    return step("east", "worker", replace(revealing(this, "east"), shares=other))


def _reveals_a_false_share(bench: Bench) -> Step:
    this = sent(bench, _to_submit(bench))
    return step("east", "worker", revealing(this, "east", false=("west",)))


def _reveals_unsorted(bench: Bench) -> Step:
    message = revealing(sent(bench, _to_submit(bench)), "east")
    return step("east", "worker", replace(message, shares=message.shares[::-1]))


def _reveals_having_dealt_nothing(bench: Bench) -> Step:
    this = sent(bench, dealt(bench, keyed(bench, running_masked(bench)), THREE), THREE)
    return step("west", "worker", revealing(this, "east"))


def _reveals_late(bench: Bench) -> Step:
    this = sent(bench, _to_submit(bench))
    bench.time = this.deadline
    return step("east", "worker", revealing(this, "east"))


def _closes_revealing(bench: Bench) -> Step:
    this = revealed(bench, sent(bench, _to_submit(bench)), MEMBERS[:2])
    bench.time = this.deadline
    return step("east", "worker", Close(this.study, this.id))


def _closes_a_cohort_one_short(bench: Bench) -> Step:
    """A first try whose cohort of four was asked for, and a second with one of them missing."""
    this = revealed(bench, sent(bench, _to_submit(bench)), MEMBERS[:2])
    again = ended(bench, this)
    for name in ("south", "west"):
        bench.ok(name, "worker", Return(this.study))
    again = dealt(bench, keyed(bench, again))
    bench.block(*[bench.sign(name, "worker", update(bench, again, name)) for name in THREE])
    bench.time = again.deadline
    return step("east", "worker", Close(again.study, again.id))


def _commits_in_a_masked_round(bench: Bench) -> Step:
    return step("east", "worker", committed(revealed(bench, sent(bench, _to_submit(bench))), "east"))


def _returns(bench: Bench) -> Step:
    this = submitted(bench, running(bench), THREE)
    return step("west", "worker", Return(this.study))


def _returns_unmissed(bench: Bench) -> Step:
    return step("west", "worker", Return(running(bench).study))


def _returns_to_nothing(bench: Bench) -> Step:
    study = joined(bench, THREE)
    bench.ok("north", "analyst", Start(study))
    return step("west", "worker", Return(study))


MASKED_ROUNDS: tuple[Scenario, ...] = (
    Scenario("a worker publishes its keys for a round", _publishes),
    Scenario("the last keys fix who shares with whom", _publishes_last),
    Scenario("keys are published for the round to come", _publishes_ahead),
    Scenario("a round whose keys stand begins with shares", _opens_with_keys_ahead),
    Scenario("shares are dealt without a member that has no keys", _closes_keys(THREE)),
    Scenario("a round with too few keys is tried again", _closes_keys(MEMBERS[:2])),
    Scenario("a dealer deals shares of its secrets", _deals),
    Scenario("masks are made without a member that dealt nothing", _closes_shares(THREE)),
    Scenario("a round with too few dealers is tried again", _closes_shares(MEMBERS[:2])),
    Scenario("a holder reveals one kind of share", _reveals),
    Scenario("enough shares lift the masks", _reveals_last),
    Scenario("the masking key of a member that sent nothing is revealed", _reveals_of_a_dropped_member),
    Scenario("a dealer of another seed is named and left out", _reveals_a_false_dealing),
    Scenario("a round is tried again when too few reveal", _closes_revealing),
    Scenario("a cohort one member short of an earlier one is not summed", _closes_a_cohort_one_short),
    Scenario("a result of a masked sum is committed to", _commits_in_a_masked_round),
    Scenario("a member that was missing is there again", _returns),
    Scenario("keys in a round that hides nothing", _publishes_in_an_open_round, "training.wrong_step"),
    Scenario("keys ahead of the cohort", _publishes_ahead_of_the_cohort, "training.wrong_step"),
    Scenario("keys of a member with withdrawn data", _publishes_withdrawn, "training.dataset_closed"),
    Scenario("a second pair of keys", _publishes_twice, "training.already_done"),
    Scenario("a masking key of small order", _publishes_with(masking=bytes(32)), "training.bad_keys"),
    Scenario("a sealing key in another spelling", _publishes_with(sealing=b"\xff" * 32), "training.bad_keys"),
    Scenario("one key for masking and for sealing", _publishes_one_key_twice, "training.bad_keys"),
    Scenario("another member's key", _publishes_the_key_of_another, "training.bad_keys"),
    Scenario("shares of a member without keys", _deals_without_keys, "training.not_in_round"),
    Scenario("shares dealt twice", _deals_twice, "training.already_done"),
    Scenario("shares dealt among other keys", _deals_among_other_keys, "training.other_keys"),
    Scenario("shares for too few holders", _deals_too_few, "training.bad_shares"),
    Scenario("an update of a member that dealt nothing", _submits_undealt, "training.not_in_round"),
    Scenario("a second reveal, of the other kind", _reveals_both_kinds, "training.already_done"),
    Scenario("shares of the kind that is kept secret", _reveals_the_other_kind, "training.not_as_dealt"),
    Scenario("a false share", _reveals_a_false_share, "training.not_as_dealt"),
    Scenario("shares out of order", _reveals_unsorted, "training.bad_shares"),
    Scenario(
        "a reveal of a member that dealt nothing", _reveals_having_dealt_nothing, "training.not_in_round"
    ),
    Scenario("a reveal at the deadline", _reveals_late, "training.too_late"),
    Scenario("a return of a member that is waited for", _returns_unmissed, "training.not_absent"),
    Scenario("a return of a member that never joined", _returns_to_nothing, "training.not_joined"),
)
