"""What is done to elections, and what they answer."""

from consortia.modules.ballots import messages as ask
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, ballots_refused, ballots_refused_votes, step
from consortia.testing.voting import Held, asking, times_from


def _opens(bench: Bench) -> Step:
    return step("north", "admin", asking(bench))


def _commits(bench: Bench) -> Step:
    held = Held.opened(bench)
    return step("east", "trustee", held.commitment("east"))


def _opens_key(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    return step("south", "worker", held.dealing("south"))


def _complains(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.wrong.add(("south", "east"))
    held.commit()
    held.deal()
    return step("east", "trustee", held.complaint("south", "east"))


def _begins(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    held.deal()
    held.at(held.election.times.complain)
    return step("west", "operator", ask.BeginVoting(held.id))


def _begins_without_a_dealer(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.wrong.add(("south", "east"))
    held.commit()
    held.deal()
    held.bench.ok("east", "trustee", held.complaint("south", "east"))
    held.at(held.election.times.complain)
    return step("west", "operator", ask.BeginVoting(held.id))


def _too_few_dealers(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.commit()
    held.deal("east", "north")
    held.at(held.election.times.complain)
    return step("west", "operator", ask.BeginVoting(held.id))


def _voting(bench: Bench) -> Held:
    held = Held.opened(bench)
    held.prepare()
    return held


def _casts(bench: Bench) -> Step:
    held = _voting(bench)
    return step("west", "approver", ask.Cast(held.id, held.ballot("west", 1)))


def _casts_again(bench: Bench) -> Step:
    held = _voting(bench)
    held.vote(0, 0, 1, 2, 0)
    return step("west", "admin", ask.Cast(held.id, held.ballot("west", 1)))


def _closes(bench: Bench) -> Step:
    held = _voting(bench)
    held.vote(0, 0, 1, 2, 0)
    held.at(held.election.times.vote)
    return step("harbour", "node", ask.CloseVoting(held.id))


def _closes_with_four_ballots(bench: Bench) -> Step:
    held = _voting(bench)
    held.vote(0, 0, 1, 2)
    held.at(held.election.times.vote)
    return step("harbour", "node", ask.CloseVoting(held.id))


def _closed(bench: Bench) -> Held:
    held = _voting(bench)
    held.vote(0, 0, 1, 2, 0)
    held.close()
    return held


def _decrypts(bench: Bench) -> Step:
    held = _closed(bench)
    return step("east", "trustee", held.decryption("east"))


def _decides(bench: Bench) -> Step:
    held = _closed(bench)
    held.decrypt("east", "north")
    return step("south", "worker", held.decryption("south"))


def _decrypts_after_the_count(bench: Bench) -> Step:
    held = _closed(bench)
    held.decrypt("east", "north", "south")
    return step("harbour", "worker", held.decryption("harbour"))


def _ends(bench: Bench) -> Step:
    held = _closed(bench)
    held.decrypt("east", "north", "south")
    held.at(held.election.times.decrypt)
    return step("north", "worker", ask.EndElection(held.id))


def _ends_without_a_count(bench: Bench) -> Step:
    held = _closed(bench)
    held.decrypt("east", "north")
    held.at(held.election.times.decrypt)
    return step("north", "worker", ask.EndElection(held.id))


def _opens_another(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.at(held.election.times.complain)
    held.begin()
    return step(
        "north", "admin", asking(bench, choices=("left", "right"), times=times_from(bench.time, 5_000))
    )


SCENARIOS = (
    Scenario("a member opens an election among all members", _opens, members=5),
    Scenario("a trustee commits", _commits, members=5),
    Scenario("a trustee opens its coefficients", _opens_key, members=5),
    Scenario("a holder convicts a dealer by its own share", _complains, members=5),
    Scenario("voting begins with the key of all dealers", _begins, members=5),
    Scenario("voting begins without the dealer that lied", _begins_without_a_dealer, members=5),
    Scenario("voting never opens with too few dealers", _too_few_dealers, members=5),
    Scenario("a member casts its ballot", _casts, members=5),
    Scenario("a member casts another ballot in the place of its first", _casts_again, members=5),
    Scenario("anyone closes the voting", _closes, members=5),
    Scenario("four ballots are never decrypted", _closes_with_four_ballots, members=5),
    Scenario("a trustee decrypts the sum", _decrypts, members=5),
    Scenario("the last part that is needed decides", _decides, members=5),
    Scenario("a trustee does its duty after the count", _decrypts_after_the_count, members=5),
    Scenario("the end names who was absent", _ends, members=5),
    Scenario("the end of too few parts fails", _ends_without_a_count, members=5),
    Scenario("a member opens another election after one is over", _opens_another, members=5),
    *ballots_refused.REFUSED,
    *ballots_refused_votes.REFUSED,
)
