"""How members are paid for a study, and what the bank answers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.base.times import HOUR
from consortia.exact.shapley import coalitions, orders
from consortia.modules.bank.messages import ConfirmScores, OpenPayout, Refund, Release, Score, Settle, Take
from consortia.modules.bank.rules import seed_commitment, set_commitment, table_hash
from consortia.modules.bank.types import Condition, PayRule, Scoring
from consortia.modules.training import rules
from consortia.modules.training.messages import Availability, Finish, Start, Submit
from consortia.testing.machine import NAMES, Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import PAPER, escrow, limited, made, newest, opened
from consortia.testing.studies import (
    MEMBERS,
    SEALED,
    STAGE,
    TERMS,
    committed,
    current,
    ended,
    joined,
    proposed,
    seal,
    unsealed,
    update,
)
from consortia.testing.studies import opened as result

SALT, SEED, SET = digest("salt"), digest("seed"), digest("scoring set")
COUNTS = (50, 60, 55, 65, 52, 62, 57, 67, 50, 60, 55, 65, 52, 62, 57, 71)
"""Right answers of the sixteen coalitions of east, north, south and west; together they know four more."""

GRACE = 24 * HOUR


def scoring(scorer: str = "harbour", **fields: object) -> Scoring:
    """Harbour scores; of larger studies along 16 orders."""
    usual: dict[str, object] = {
        "set": set_commitment(SALT, SET),
        "seed": seed_commitment(SEED),
        "orders": 16,
    }
    return Scoring(scorer, **(usual | fields))  # type: ignore[arg-type]


def payout(
    bench: Bench, study: bytes, rule: PayRule, score_by: Scoring | None = None, **fields: object
) -> OpenPayout:
    """North puts 403 parts aside for the members of a study for a day."""
    usual: dict[str, object] = {
        "payer": "north",
        "unit": made(bench) if "unit" not in fields else fields["unit"],
        "amount": 403,
        "deadline": bench.time + GRACE,
    }
    return OpenPayout(study=study, rule=rule, scoring=score_by, **(usual | fields))  # type: ignore[arg-type]


def _copy(bench: Bench, this_study: bytes, member: str, of: str) -> Submit:
    """The update of one member, sent by another as its own."""
    this = current(bench, this_study)
    blob = update(bench, this, of).blob
    signed = rules.availability(bench.network, this.study, this.id, member=member, blob=blob, size=32)
    held = tuple(Availability(name, bench.key(name, "node").sign(signed)) for name in sorted(this.members))
    return Submit(this.study, this.id, blob, 32, held)


def play_round(
    bench: Bench, study: bytes, members: tuple[str, ...], absent: str = "", copier: str = ""
) -> None:
    """Play a round of a study to its end: all members send an update, but for one, and one may copy."""
    this = current(bench, study)
    sent = [name for name in members if name != absent]
    messages = [
        _copy(bench, study, name, sent[0]) if name == copier else update(bench, this, name) for name in sent
    ]
    if this.step == "seal":
        made = [seal(bench, this, name, one.blob) for name, one in zip(sent, messages, strict=True)]
        bench.block(*[bench.sign(n, "worker", m) for n, m in zip(sent, made, strict=True)])
        this = ended(bench, this) if absent else current(bench, study)
        shown: list[Record] = [unsealed(one) for one in messages]
    else:
        shown = list(messages)
    bench.block(*[bench.sign(n, "worker", m) for n, m in zip(sent, shown, strict=True)])
    this = current(bench, study)
    this = ended(bench, this) if this.step == "submit" else this
    bench.block(*[bench.sign(name, "worker", committed(this, name)) for name in members])
    this = current(bench, study)
    bench.ok(members[0], "worker", result(this))


def finish(
    bench: Bench, study: bytes, members: tuple[str, ...] = MEMBERS, absent: str = "", copier: str = ""
) -> None:
    """Play a study of two rounds to its end; one member may be absent of the second."""
    bench.ok("north", "analyst", Start(study))
    play_round(bench, study, members, copier=copier)
    play_round(bench, study, members, absent)
    bench.ok("north", "worker", Finish(study))


def paid(bench: Bench, rule: PayRule, *, absent: str = "") -> bytes:
    """The id of a payout of a finished study."""
    study = joined(bench)
    bench.ok("north", "operator", payout(bench, study, rule))
    finish(bench, study, absent=absent)
    return newest(bench)


def valued(
    bench: Bench, members: tuple[str, ...] = MEMBERS, scorer: str = "harbour", copier: str = ""
) -> bytes:
    """The id of a payout by value of a finished study that harbour scores."""
    study = joined(bench, members, SEALED)
    bench.ok("north", "operator", payout(bench, study, "value", scoring(scorer)))
    finish(bench, study, members, copier=copier)
    return newest(bench)


def told(identity: bytes, counts: tuple[int, ...] = COUNTS, **fields: object) -> Score:
    """What harbour counted."""
    usual: dict[str, object] = {"salt": SALT, "set": SET, "seed": SEED}
    return Score(escrow=identity, counts=counts, **(usual | fields))  # type: ignore[arg-type]


def scored(bench: Bench, counts: tuple[int, ...] = COUNTS, confirm: int = 0) -> bytes:
    """The id of a payout that is scored, and that so many confirmed."""
    identity = valued(bench)
    bench.ok("harbour", "worker", told(identity, counts))
    for name in MEMBERS[:confirm]:
        bench.ok(name, "worker", ConfirmScores(identity, table(counts)))
    return identity


def table(counts: tuple[int, ...] = COUNTS, members: tuple[str, ...] = MEMBERS) -> bytes:
    """The hash of counts."""
    return table_hash(sorted(members), counts)


def _opens(rule: PayRule) -> Callable[[Bench], Step]:
    return lambda bench: step("north", "operator", payout(bench, joined(bench), rule))


def _opens_by_value(bench: Bench) -> Step:
    return step("north", "operator", payout(bench, joined(bench, terms=SEALED), "value", scoring()))


def _settles(rule: PayRule, absent: str = "") -> Callable[[Bench], Step]:
    return lambda bench: step("west", "worker", Settle(paid(bench, rule, absent=absent)))


def _settles_afterwards(bench: Bench) -> Step:
    identity = paid(bench, "equal")
    bench.time += 2 * GRACE
    return step("west", "worker", Settle(identity))


def _scores(bench: Bench) -> Step:
    return step("harbour", "worker", told(valued(bench)))


def _scores_nine(bench: Bench) -> Step:
    identity = valued(bench, NAMES[:9], "meadow")
    masks = coalitions(orders(SEED, 9, 16))
    counts = tuple(100 + 3 * mask.bit_count() + mask % 2 for mask in masks)
    return step("meadow", "worker", told(identity, counts))


def _confirms(bench: Bench) -> Step:
    return step("west", "worker", ConfirmScores(scored(bench, confirm=2), table()))


def _settles_by_value(bench: Bench) -> Step:
    return step("north", "operator", Settle(scored(bench, confirm=3)))


def _settles_at_nothing(bench: Bench) -> Step:
    return step("north", "operator", Settle(scored(bench, (9,) * 16, confirm=3)))


def _back_unconfirmed(bench: Bench) -> Step:
    identity = scored(bench, confirm=2)
    bench.time += 2 * GRACE
    return step("north", "operator", Refund(identity))


DONE = (
    Scenario("value is put aside for the members of a study", _opens("equal"), members=5),
    Scenario("value is put aside to be divided by what updates are worth", _opens_by_value, members=5),
    Scenario("members of a study are paid alike", _settles("equal"), members=5),
    Scenario("members are paid by their records", _settles("records"), members=5),
    Scenario("members are paid by their rounds", _settles("rounds", "south"), members=5),
    Scenario("a payout that was earned in time is divided later", _settles_afterwards, members=5),
    Scenario("a scorer counts for all coalitions of four", _scores, members=5),
    Scenario("a scorer counts along orders of nine", _scores_nine, members=10),
    Scenario("a third member of four confirms the counts", _confirms, members=5),
    Scenario("members are paid by what their updates were worth", _settles_by_value, members=5),
    Scenario("updates that were worth nothing are paid nothing", _settles_at_nothing, members=5),
    Scenario("a payout whose counts too few confirmed goes back", _back_unconfirmed, members=5),
)


def _of_no_study(bench: Bench) -> Step:
    return step("north", "operator", payout(bench, digest("no study"), "equal"))


def _value_without_scoring(bench: Bench) -> Step:
    return step("north", "operator", payout(bench, joined(bench), "value"))


def _scoring_without_value(bench: Bench) -> Step:
    return step("north", "operator", payout(bench, joined(bench), "equal", scoring()))


def _scored_by_nobody(bench: Bench) -> Step:
    return step("north", "operator", payout(bench, joined(bench), "value", scoring("nobody")))


def _scoring_too_late(bench: Bench) -> Step:
    study = joined(bench)
    bench.ok("north", "analyst", Start(study))
    return step("north", "operator", payout(bench, study, "value", scoring()))


def _masked(bench: Bench) -> Step:
    terms = replace(TERMS, stages=(STAGE, replace(STAGE, name="more", mode="masked")))
    return step("north", "operator", payout(bench, proposed(bench, terms), "value", scoring()))


def _unsealed(bench: Bench) -> Step:
    terms = replace(TERMS, stages=(*SEALED.stages, replace(STAGE, name="more")))
    return step("north", "operator", payout(bench, proposed(bench, terms), "value", scoring()))


def _with(**fields: object) -> Callable[[Bench], Step]:
    return lambda bench: step("north", "operator", payout(bench, joined(bench), "equal", None, **fields))


def _from_another(bench: Bench) -> Step:
    return step("east", "operator", payout(bench, joined(bench), "equal"))


def _settles_no_payout(bench: Bench) -> Step:
    return step("north", "operator", Settle(opened(bench)))


def _scores_no_value(bench: Bench) -> Step:
    return step("harbour", "worker", told(paid(bench, "equal")))


def _released(bench: Bench) -> Step:
    return step("north", "operator", Release(paid(bench, "equal"), PAPER))


def _taken(bench: Bench) -> Step:
    return step("north", "operator", Take(paid(bench, "equal"), "north"))


def _settled_twice(bench: Bench) -> Step:
    identity = paid(bench, "equal")
    bench.ok("north", "operator", Settle(identity))
    return step("north", "operator", Settle(identity))


def _settles_too_soon(bench: Bench) -> Step:
    study = joined(bench)
    bench.ok("north", "operator", payout(bench, study, "equal"))
    return step("north", "operator", Settle(newest(bench)))


def _settles_unconfirmed(bench: Bench) -> Step:
    return step("north", "operator", Settle(scored(bench, confirm=2)))


def _settles_what_is_held(bench: Bench) -> Step:
    unit, study = limited(bench), joined(bench)
    bench.ok("north", "operator", payout(bench, study, "equal", unit=unit))
    finish(bench, study)
    return step("north", "operator", Settle(newest(bench)))


def _back_though_earned(bench: Bench) -> Step:
    identity = paid(bench, "equal")
    bench.time += 2 * GRACE
    return step("north", "operator", Refund(identity))


def _another_scores(bench: Bench) -> Step:
    return step("north", "worker", told(valued(bench)))


def _scores_twice(bench: Bench) -> Step:
    return step("harbour", "worker", told(scored(bench), (9,) * 16))


def _a_member_scores(bench: Bench) -> Step:
    return step("west", "worker", told(valued(bench, scorer="west")))


def _scores_too_late(bench: Bench) -> Step:
    identity = valued(bench)
    bench.time += 2 * GRACE
    return step("harbour", "worker", told(identity))


def _scores_too_soon(bench: Bench) -> Step:
    bench.ok("north", "operator", payout(bench, joined(bench, terms=SEALED), "value", scoring()))
    return step("harbour", "worker", told(newest(bench)))


def _tells(**fields: object) -> Callable[[Bench], Step]:
    return lambda bench: step("harbour", "worker", told(valued(bench), **fields))  # type: ignore[arg-type]


def _of_copies(bench: Bench) -> Step:
    return step("harbour", "worker", told(valued(bench, copier="west")))


def _nine_as_one(bench: Bench) -> Step:
    return step("meadow", "worker", told(valued(bench, NAMES[:9], "meadow"), (1,) * 512))


def _confirms_nothing(bench: Bench) -> Step:
    return step("west", "worker", ConfirmScores(valued(bench), table()))


def _confirms_twice(bench: Bench) -> Step:
    return step("north", "worker", ConfirmScores(scored(bench, confirm=1), table()))


def _outsider_confirms(bench: Bench) -> Step:
    return step("harbour", "worker", ConfirmScores(scored(bench), table()))


def _confirms_too_late(bench: Bench) -> Step:
    identity = scored(bench)
    bench.time += 2 * GRACE
    return step("north", "worker", ConfirmScores(identity, table()))


def _confirms_otherwise(bench: Bench) -> Step:
    return step("north", "worker", ConfirmScores(scored(bench), table((9,) * 16)))


def _by_hand(bench: Bench) -> Step:
    condition = Condition("payout", None, None, None, joined(bench))
    return step("north", "operator", escrow(bench, made(bench), condition))


REFUSED = tuple(
    Scenario(name, setup, f"bank.{code}", members)
    for name, setup, code, members in (
        ("a payout of no study", _of_no_study, "bad_condition", 5),
        ("a payout by value without a scorer", _value_without_scoring, "bad_condition", 5),
        ("a payout of equals with a scorer", _scoring_without_value, "bad_condition", 5),
        ("a payout that nobody scores", _scored_by_nobody, "bad_condition", 5),
        ("a scoring set after the first round", _scoring_too_late, "bad_condition", 5),
        ("a payout as an escrow by hand", _by_hand, "bad_condition", 5),
        ("a payout by value under masks", _masked, "masked_study", 5),
        ("a payout by value of updates that are not sealed", _unsealed, "unsealed_study", 5),
        ("a payout in no unit", _with(unit=digest("no unit")), "unknown_unit", 5),
        ("a payout that is over at once", _with(deadline=1), "bad_deadline", 5),
        ("a payout of more than there is", _with(amount=1_001), "short_balance", 5),
        ("a payout out of another's account", _from_another, "not_yours", 5),
        ("an escrow divided as if it were a payout", _settles_no_payout, "wrong_kind", 5),
        ("a scoring of what is not by value", _scores_no_value, "wrong_kind", 5),
        ("a payout released without a division", _released, "wrong_kind", 5),
        ("a payout taken as an offer", _taken, "wrong_kind", 5),
        ("a payout divided twice", _settled_twice, "closed", 5),
        ("a payout divided before the study has finished", _settles_too_soon, "not_met", 5),
        ("a payout divided by counts that two of four confirmed", _settles_unconfirmed, "not_met", 5),
        ("a large payout divided without approval", _settles_what_is_held, "held_back", 5),
        ("a payout back that was earned in time", _back_though_earned, "met", 5),
        ("counts by somebody else", _another_scores, "not_attester", 5),
        ("counts told twice", _scores_twice, "scored", 5),
        ("counts by a member that is paid by them", _a_member_scores, "paid_scorer", 5),
        ("counts after the deadline", _scores_too_late, "too_late", 5),
        ("counts before the study has finished", _scores_too_soon, "not_met", 5),
        ("counts on another set", _tells(set=digest("another set")), "not_committed", 5),
        ("counts along another seed", _tells(seed=digest("another seed")), "not_committed", 5),
        ("counts of copied updates", _of_copies, "copied", 5),
        ("counts of too few coalitions", _tells(counts=COUNTS[:8]), "bad_counts", 5),
        ("counts of nine along no orders", _nine_as_one, "bad_counts", 10),
        ("confirmation of nothing", _confirms_nothing, "not_met", 5),
        ("confirmation twice", _confirms_twice, "confirmed", 5),
        ("confirmation by who is not in the study", _outsider_confirms, "not_attester", 5),
        ("confirmation after the deadline", _confirms_too_late, "too_late", 5),
        ("confirmation of other counts", _confirms_otherwise, "not_met", 5),
    )
)

SCENARIOS = DONE + REFUSED
