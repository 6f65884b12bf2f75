"""What is refused when ballots are cast and counted: bad input, and dishonest voters and trustees."""

import dataclasses
from collections.abc import Callable

from msgspec.structs import replace

from consortia.base.group import GENERATOR, add, write_scalar
from consortia.exact.elgamal import Proof
from consortia.modules.ballots import messages as ask
from consortia.testing.curve import encoded_sum
from consortia.testing.elections import TORSION, ZERO, cast, forged, respelt
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, step
from consortia.testing.scenarios.ballots_refused import NOWHERE, row
from consortia.testing.voting import Held


def _voting(bench: Bench, **changes: object) -> Held:
    held = Held.opened(bench, **changes)
    held.prepare()
    return held


def _casting(change: Callable[[Held], ask.Cast], by: str = "west") -> Callable[[Bench], Step]:
    return lambda bench: step(by, "admin", change(_voting(bench)))


def _spoilt(**changes: object) -> Callable[[Bench], Step]:
    def change(held: Held) -> ask.Cast:
        good = held.ballot("west", 1)
        first = replace(good.choices[0], **changes)
        return ask.Cast(held.id, replace(good, choices=(first, *good.choices[1:])))

    return _casting(change)


def _short(held: Held) -> ask.Cast:
    good = held.ballot("west", 1)
    return ask.Cast(held.id, replace(good, choices=good.choices[:2]))


def _respelt(held: Held) -> ask.Cast:
    good = held.ballot("west", 1)
    return ask.Cast(held.id, replace(good, proof=Proof(good.proof.challenge, respelt(good.proof.response))))


def _one_more(held: Held) -> ask.Cast:
    good = held.ballot("west", 1)
    first = replace(good.choices[0], body=add(good.choices[0].body, GENERATOR))
    return ask.Cast(held.id, replace(good, choices=(first, *good.choices[1:])))


def _copied(bench: Bench) -> Step:
    held = _voting(bench)
    message = ask.Cast(held.id, held.ballot("west", 1))
    bench.ok("west", "admin", message)
    return step("east", "admin", message)


def _cast_again(bench: Bench) -> Step:
    held = _voting(bench)
    message = ask.Cast(held.id, held.ballot("west", 1))
    bench.ok("west", "admin", message)
    return step("west", "admin", message)


def _of_another_election(bench: Bench) -> Step:
    held, other = Held.opened(bench), Held.opened(bench)
    held.prepare()
    elsewhere = dataclasses.replace(held.terms, election=other.id)
    return step("west", "admin", ask.Cast(held.id, cast(elsewhere, "west", 1)))


def _before_the_key(bench: Bench) -> Step:
    held = Held.opened(bench)
    terms = held.trust.terms(
        bench.network, held.election.subject, held.election.voters, held.election.choices
    )
    return step("west", "admin", ask.Cast(held.id, cast(terms, "west", 0)))


def _after_the_close(bench: Bench) -> Step:
    held = _voting(bench)
    message = ask.Cast(held.id, held.ballot("west", 1))
    held.at(held.election.times.vote)
    return step("west", "admin", message)


def _newcomer(bench: Bench) -> Step:
    held = Held.opened(bench)
    held.prepare()
    bench.admit_member("valley")
    return step("valley", "admin", ask.Cast(held.id, held.ballot("valley", 1)))


def _closes_early(bench: Bench) -> Step:
    return step("west", "node", ask.CloseVoting(_voting(bench).id))


def _closes_twice(bench: Bench) -> Step:
    return step("west", "node", ask.CloseVoting(_closed(bench).id))


# ------------------------------------------------------------------ the count


def _closed(bench: Bench) -> Held:
    held = _voting(bench)
    held.vote(0, 0, 1, 2, 0)
    held.close()
    return held


def _decrypting(change: Callable[[Held], ask.Decrypt], by: str = "east") -> Callable[[Bench], Step]:
    return lambda bench: step(by, "trustee", change(_closed(bench)))


def _part(**changes: object) -> Callable[[Bench], Step]:
    def change(held: Held) -> ask.Decrypt:
        good = held.decryption("east")
        return replace(good, partial=replace(good.partial, **changes))

    return _decrypting(change)


def _shares(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Callable[[Bench], Step]:
    def changed(held: Held) -> ask.Decrypt:
        good = held.decryption("east")
        return replace(good, partial=replace(good.partial, shares=change(good.partial.shares)))

    return _decrypting(changed)


def _single_ballot(held: Held) -> ask.Decrypt:
    """What a trustee would send that opens one voter's ballot for somebody."""
    terms, ballot = held.terms, held.ballot("west", 0)
    sums = tuple(each.ciphertext for each in ballot.choices)
    return ask.Decrypt(held.id, NOWHERE, held.trust.partial(terms, NOWHERE, "east", sums))


def _single_ballot_as_the_sum(held: Held) -> ask.Decrypt:
    progress, ballot = held.progress, held.ballot("west", 0)
    sums = tuple(each.ciphertext for each in ballot.choices)
    name = progress.sum or NOWHERE
    return ask.Decrypt(held.id, name, held.trust.partial(held.terms, name, "east", sums))


def _decrypts_twice(bench: Bench) -> Step:
    held = _closed(bench)
    bench.ok("east", "trustee", held.decryption("east"))
    return step("east", "trustee", held.decryption("east"))


def _decrypts_early(bench: Bench) -> Step:
    held = _voting(bench)
    held.vote(0, 0, 1, 2, 0)
    return step("east", "trustee", held.decryption("east"))


def _decrypts_four(bench: Bench) -> Step:
    held = _voting(bench)
    held.vote(0, 0, 1, 2)
    held.close()
    return step("east", "trustee", held.decryption("east"))


def _decrypts_late(bench: Bench) -> Step:
    held = _closed(bench)
    message = held.decryption("east")
    held.at(held.election.times.decrypt)
    return step("east", "trustee", message)


def _ends_early(bench: Bench) -> Step:
    return step("west", "worker", ask.EndElection(_closed(bench).id))


def _ends_twice(bench: Bench) -> Step:
    held = _closed(bench)
    held.end()
    return step("west", "worker", ask.EndElection(held.id))


REFUSED = (
    row("a ballot before there is a key", _before_the_key, "too_early"),
    row("a ballot after the close", _after_the_close, "too_late"),
    row("a ballot of a member that joined later", _newcomer, "not_a_voter"),
    row("a copied ballot", _copied, "repeated"),
    row("a ballot cast a second time", _cast_again, "repeated"),
    row(
        "another voter's ballot before it is cast",
        _casting(lambda h: ask.Cast(h.id, h.ballot("east", 1))),
        "bad_proof",
    ),
    row("a ballot of another election", _of_another_election, "bad_proof"),
    row(
        "a ballot for two choices",
        _casting(lambda h: ask.Cast(h.id, forged(h.terms, "west", (1, 1, 0)))),
        "bad_proof",
    ),
    row(
        "a ballot for no choice",
        _casting(lambda h: ask.Cast(h.id, forged(h.terms, "west", (0, 0, 0)))),
        "bad_proof",
    ),
    row("a ballot with a vote more", _casting(_one_more), "bad_proof"),
    row("a ballot with a choice too few", _casting(_short), "wrong_shape"),
    row("a ballot with a torsion point", _spoilt(pad=TORSION), "bad_point"),
    row("a ballot with a neutral point", _spoilt(body=b"\x01" + bytes(31)), "bad_point"),
    row("a ballot with a scalar spelt otherwise", _casting(_respelt), "bad_scalar"),
    row("a ballot with a scalar of zero", _spoilt(zero=ZERO), "zero_scalar"),
    row("voting closed before its time", _closes_early, "too_early"),
    row("voting closed twice", _closes_twice, "already_done"),
    row("a decryption before the close", _decrypts_early, "too_early"),
    row("a decryption of four ballots", _decrypts_four, "too_late"),
    row("a decryption after its time", _decrypts_late, "too_late"),
    row(
        "a decryption by one that is no trustee",
        _decrypting(lambda h: h.decryption("east"), "west"),
        "not_a_trustee",
    ),
    row("a second decryption of a trustee", _decrypts_twice, "already_done"),
    row("a decryption of a single ballot", _decrypting(_single_ballot), "other_sum"),
    row("a single ballot decrypted as the sum", _decrypting(_single_ballot_as_the_sum), "bad_proof"),
    row("another trustee's decryption", _decrypting(lambda h: h.decryption("north")), "bad_proof"),
    row("a decryption that says a vote less", _shares(lambda s: (add(s[0], GENERATOR), *s[1:])), "bad_proof"),
    row("a decryption with a share too few", _shares(lambda s: s[1:]), "wrong_shape"),
    row(
        "a decryption with a torsion point",
        _shares(lambda s: (encoded_sum(s[0], TORSION), *s[1:])),
        "bad_point",
    ),
    row("a decryption with a scalar of zero", _part(proof=Proof(ZERO, write_scalar(1))), "zero_scalar"),
    row(
        "a decryption with a scalar spelt otherwise",
        _part(proof=Proof(respelt(ZERO), write_scalar(1))),
        "bad_scalar",
    ),
    row("an election ended before its time", _ends_early, "too_early"),
    row("an election ended twice", _ends_twice, "already_done"),
)
