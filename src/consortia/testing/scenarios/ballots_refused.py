"""What is refused while an election is opened and its key is made: bad input, and dishonest dealers."""

from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.group import GENERATOR, write_scalar
from consortia.base.hashing import tagged
from consortia.exact.elgamal import Proof
from consortia.modules.ballots import messages as ask
from consortia.modules.ballots.types import DURATION_MILLISECONDS_MAX, OPEN_MAX, Times
from consortia.testing.curve import encoded_sum
from consortia.testing.elections import TORSION, ZERO, respelt
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.voting import Held, asking, times_from

NOWHERE = tagged("consortia/vector", b"no election")
HONEST = Proof(write_scalar(5), write_scalar(7))


def _open(**changes: object) -> Callable[[Bench], Step]:
    return lambda bench: step("north", "admin", asking(bench, **changes))


def _past(bench: Bench) -> Step:
    return step("north", "admin", asking(bench, times=times_from(bench.time - 60_000)))


def _standing_still(bench: Bench) -> Step:
    now = bench.time
    times = Times(now + 1, now + 2, now + 2, now + 3, now + 4)
    return step("north", "admin", asking(bench, times=times))


def _too_far(bench: Bench) -> Step:
    return step(
        "north", "admin", asking(bench, times=times_from(bench.time, DURATION_MILLISECONDS_MAX // 5 + 1))
    )


def _too_many(bench: Bench) -> Step:
    for _ in range(OPEN_MAX):
        Held.opened(bench)
    return step("north", "admin", asking(bench))


def _nowhere(message: Callable[[bytes], object], role: str) -> Callable[[Bench], Step]:
    return lambda _bench: step("east", role, message(NOWHERE))  # type: ignore[arg-type]


# ------------------------------------------------------------------ the key


def _committing(bench: Bench, name: str = "east", **changes: object) -> Step:
    held = Held.opened(bench)
    return step(name, "trustee", replace(held.commitment("east"), **changes))


def _commits_late(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.at(held.election.times.commit)
    return step("east", "trustee", held.commitment("east"))


def _commits_twice(bench: Bench) -> Step:
    held = Held.opened(bench)
    bench.ok("east", "trustee", held.commitment("east"))
    return step("east", "worker", held.commitment("east"))


def _dealing(bench: Bench, name: str = "south", **changes: object) -> Step:
    held = Held.opened(bench)
    held.commit()
    return step(name, "trustee", replace(held.dealing("south"), **changes))


def _deals_short(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    return step("south", "trustee", held.dealing("south", held.committed[1:]))


def _deals_early(bench: Bench) -> Step:
    held = Held.opened(bench)
    bench.ok("south", "trustee", held.commitment("south"))
    return step("south", "trustee", held.dealing("south"))


def _deals_late(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    held.at(held.election.times.open)
    return step("south", "trustee", held.dealing("south"))


def _deals_without_commitment(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit("east", "north", "harbour")
    return step("south", "trustee", held.dealing("south"))


def _deals_twice(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    bench.ok("south", "trustee", held.dealing("south"))
    return step("south", "trustee", held.dealing("south"))


def _changed_coefficients(change: str) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        held = Held.opened(bench)
        held.commit()
        message = held.dealing("south")
        first, *rest = message.coefficients
        proof = first.proof
        changed = {
            "short": tuple(rest),
            "torsion": (replace(first, point=encoded_sum(first.point, TORSION)), *rest),
            "respelt": (replace(first, proof=Proof(proof.challenge, respelt(proof.response))), *rest),
            "zero": (replace(first, proof=Proof(ZERO, proof.response)), *rest),
            "stolen": (held.trust.coefficients("north")[0], *rest),
        }[change]
        return step("south", "trustee", replace(message, coefficients=changed))

    return setup


def _other_coefficients(bench: Bench) -> Step:
    """Coefficients of its own, with good proofs, but others than it committed to."""
    held = Held.opened(bench)
    names = [name for name in held.election.trustees if name != "south"]
    message = replace(held.commitment("south"), dealing=tagged("consortia/vector", b"another"))
    held.all("trustee", {**{name: held.commitment(name) for name in names}, "south": message})
    held.at(held.election.times.commit)
    return step("south", "trustee", held.dealing("south"))


def _small_share(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    message = held.dealing("south")
    shares = (replace(message.shares[0], key=TORSION), *message.shares[1:])
    return step("south", "trustee", replace(message, shares=shares))


def _complaining(
    by: str = "east", dealer: str = "south", *, lie: bool = True, late: bool = False, early: bool = False
) -> Callable[[Bench], Step]:
    def setup(bench: Bench) -> Step:
        held = Held.opened(bench)
        if lie:
            held.wrong.add(("south", "east"))
        held.commit("east", "harbour", "south")
        if not early:
            held.deal("east", "south")
        if late:
            held.at(held.election.times.complain)
        return step(by, "trustee", replace(held.complaint("south", "east"), dealer=dealer))

    return setup


def _complains_twice(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.wrong |= {("south", "east"), ("south", "north")}
    held.commit()
    held.deal()
    bench.ok("east", "trustee", held.complaint("south", "east"))
    return step("north", "trustee", held.complaint("south", "north"))


def _begins_early(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    held.deal()
    return step("west", "operator", ask.BeginVoting(held.id))


def _begins_twice(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.prepare()
    return step("west", "operator", ask.BeginVoting(held.id))


def row(name: str, setup: Callable[[Bench], Step], code: str, members: int = 5) -> Scenario:
    """A refusal, among five members."""
    return Scenario(name, setup, f"ballots.{code}", members)


REFUSED = (
    row("an election with a choice twice", _open(choices=("yes", "yes")), "bad_choices"),
    row("an election whose first step is over", _past, "bad_times"),
    row("an election with a step of no time", _standing_still, "bad_times"),
    row("an election that lasts too long", _too_far, "bad_times"),
    row("an election among four", _open(trustees=("east", "north", "south")), "bad_voters", 4),
    row("a trustee that is no member", _open(trustees=("east", "north", "valley")), "bad_trustees"),
    row("trustees out of order", _open(trustees=("north", "east", "south")), "bad_trustees"),
    row("a trustee twice", _open(trustees=("east", "east", "south")), "bad_trustees"),
    row("one election too many", _too_many, "too_many"),
    row(
        "a commitment nowhere",
        _nowhere(lambda e: ask.CommitKey(e, GENERATOR, HONEST, e), "trustee"),
        "no_election",
    ),
    row("a close nowhere", _nowhere(ask.CloseVoting, "node"), "no_election"),
    row("a trustee commits too late", _commits_late, "too_late"),
    row("one that is no trustee commits", lambda bench: _committing(bench, "west"), "not_a_trustee"),
    row("a trustee commits twice", _commits_twice, "already_done"),
    row("a sealing key with a part of small order", lambda b: _committing(b, sealing=TORSION), "bad_point"),
    row("a sealing key without its proof", lambda b: _committing(b, sealing=GENERATOR), "bad_proof"),
    row("a trustee opens before all committed", _deals_early, "too_early"),
    row("a trustee opens too late", _deals_late, "too_late"),
    row("one that is no trustee opens", lambda bench: _dealing(bench, "west"), "not_a_trustee"),
    row("a trustee opens what it never committed to", _deals_without_commitment, "not_committed"),
    row("a trustee opens twice", _deals_twice, "already_done"),
    row("a dealer forgets a holder", _deals_short, "wrong_shape"),
    row("a dealer with a coefficient too few", _changed_coefficients("short"), "wrong_shape"),
    row("a coefficient with a part of small order", _changed_coefficients("torsion"), "bad_point"),
    row("a proof whose response is spelt otherwise", _changed_coefficients("respelt"), "bad_scalar"),
    row("a proof with a challenge of zero", _changed_coefficients("zero"), "zero_scalar"),
    row("another dealer's coefficient", _changed_coefficients("stolen"), "bad_proof"),
    row("other coefficients than those committed to", _other_coefficients, "not_as_committed"),
    row("a share sealed under a point of small order", _small_share, "bad_point"),
    row("a complaint before there is a share", _complaining(early=True), "too_early"),
    row("a complaint after its time", _complaining(late=True), "too_late"),
    row("a complaint of one that is no trustee", _complaining("west"), "not_a_trustee"),
    row("a complaint about one that dealt nothing", _complaining(dealer="harbour"), "no_share"),
    row("a complaint of one that has no sealing key", _complaining("north"), "no_share"),
    row("a complaint with another holder's proof", _complaining("harbour"), "bad_proof"),
    row("a complaint about a share that fits", _complaining(lie=False), "share_fits"),
    row("a second complaint about a dealer", _complains_twice, "already_done"),
    row("voting begun before complaints are over", _begins_early, "too_early"),
    row("voting begun twice", _begins_twice, "already_done"),
)
