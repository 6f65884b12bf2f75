"""Vectors of secret ballots: what every implementation must compute alike, and what it must refuse, by name.

    python -m consortia.testing.balloting tests/vectors

writes `ballots/*.json`, one file for each part; at least half of each must fail. Records stand as the hex of
their encoding. `docs/reference/ballots.md` says what they hold.
"""

import sys
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from consortia.base import group
from consortia.base.codec import Record, encode, encode_record
from consortia.base.hashing import tagged
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.elgamal import Ciphertext
from consortia.testing.ballot_operations import answer
from consortia.testing.curve import encoded_sum
from consortia.testing.elections import (
    TORSION,
    UNREDUCED,
    ZERO,
    Trust,
    cast,
    forged,
    number,
    numbers,
    respelt,
    summed,
)
from consortia.testing.wire import as_json, save

Case = dict[str, Any]

ELECTION, NETWORK, SUBJECT = (tagged("consortia/vector", each) for each in (b"e", b"n", b"s"))
TRUSTEES = ("east", "north", "south", "west")
VOTERS = ("a", "b", "c", "d", "e")
CHOICES = ("yes", "no", "abstain")
TRUST = Trust(ELECTION, TRUSTEES)
TERMS = TRUST.terms(NETWORK, SUBJECT, VOTERS, CHOICES)
BALLOTS = tuple(cast(TERMS, voter, place % 3) for place, voter in enumerate(VOTERS))
SUMS = summed(BALLOTS)
AGGREGATE = decryption.aggregate_hash(ELECTION, len(BALLOTS), SUBJECT, SUMS)
MIXED = encoded_sum(group.GENERATOR, TORSION)
"""A point with a part of small order: libsodium adds it without a word."""


def _case(name: str, do: str, **given: object) -> Case:
    ok, gives = answer(do, given)
    return {"name": name, "do": do, "given": given, "ok": ok, "gives": gives}


def groups() -> list[Case]:
    """Scalars and points, and what libraries let through."""
    base, neutral = group.GENERATOR.hex(), group.NEUTRAL.hex()
    three = group.times_base(3).hex()
    top = group.write_scalar(group.ORDER - 1)
    high = (int.from_bytes(group.GENERATOR, "little") + (1 << 255) - 19).to_bytes(33, "little")
    scalars = {
        "one": group.write_scalar(1),
        "the greatest": top,
        "zero": ZERO,
        "the order, which is zero": respelt(ZERO),
        "one plus the order": respelt(group.write_scalar(1)),
        "one with the top bit set": UNREDUCED,
        "all bits set": b"\xff" * 32,
        "a byte short": top[:31],
        "a byte long": top + b"\0",
    }
    points = {
        "the base point": group.GENERATOR,
        "its opposite": group.negate(group.GENERATOR),
        "the neutral point": group.NEUTRAL,
        "a point of order 8": TORSION,
        "the point of order 2": bytes.fromhex("ec" + "ff" * 30 + "7f"),
        "the base point plus a point of order 8": MIXED,
        "a y of 2^255-18, which is one": bytes.fromhex("ee" + "ff" * 30 + "7f"),
        "the neutral point with a sign": b"\x01" + bytes(30) + b"\x80",
        "a y that no point has": b"\x02" + bytes(31),
        "33 bytes": high,
    }
    return [
        *(_case(f"scalar: {name}", "read_scalar", bytes=each.hex()) for name, each in scalars.items()),
        *(_case(f"point: {name}", "check_point", bytes=each.hex()) for name, each in points.items()),
        _case("five times a point", "multiply", scalar="5", point=three),
        _case("zero times a point", "multiply", scalar="0", point=three),
        _case("a number times the neutral point", "multiply", scalar="7", point=neutral),
        _case("a point of order 8, multiplied", "multiply", scalar="8", point=TORSION.hex()),
        _case("a point with a part of order 8, multiplied", "multiply", scalar="8", point=MIXED.hex()),
        _case("a sum", "add", one=base, other=three),
        _case("a point and its opposite", "subtract", one=three, other=three),
        _case("nothing less a point", "subtract", one=neutral, other=base),
    ]


def keys() -> list[Case]:
    """Sealing keys and coefficients."""
    key, proof = TRUST.sealing("east")
    held = {"election": ELECTION.hex(), "trustee": "east", "key": key.hex(), "proof": _hex(proof)}
    found = TRUST.coefficients("north")
    first, second, third = (_hex(each) for each in found)
    opened = {
        "election": ELECTION.hex(),
        "dealer": "north",
        "threshold": 3,
        "coefficients": [first, second, third],
    }
    stolen = ceremony.sealing_key(ELECTION, "west", TRUST.sealing_secret("east"), 5)[1]
    proven = found[0].proof

    def sealing(name: str, **changes: object) -> Case:
        return _case(name, "check_sealing_key", **{**held, **changes})

    def dealt(name: str, **changes: object) -> Case:
        return _case(name, "check_coefficients", **{**opened, **changes})

    def spoilt(name: str, **changes: object) -> Case:
        return dealt(name, coefficients=[_hex(replace(found[0], **changes)), second, third])

    return [
        sealing("a sealing key"),
        sealing("a sealing key of another trustee", trustee="west"),
        sealing("a sealing key of another election", election=NETWORK.hex()),
        sealing("a sealing key with a stolen proof", proof=_hex(stolen)),
        sealing("a neutral sealing key", key=group.NEUTRAL.hex()),
        sealing("a sealing key of order 8", key=TORSION.hex()),
        dealt("coefficients"),
        _case("coefficients, committed to", "dealing_hash", **opened),
        dealt("a coefficient too few", coefficients=[second, third]),
        dealt("two coefficients exchanged", coefficients=[second, first, third]),
        dealt("another dealer's coefficients", dealer="south"),
        spoilt("a coefficient that nobody knows", point=key),
        spoilt("a coefficient with a part of order 8", point=MIXED),
        spoilt("a response plus the order", proof=replace(proven, response=respelt(proven.response))),
        spoilt("a response of zero", proof=replace(proven, response=ZERO)),
    ]


def shares() -> list[Case]:
    """Shares that are opened, and complaints about them."""
    key = TRUST.sealing("east")[0]
    pair = {"election": ELECTION.hex(), "dealer": "north", "holder": "east"}
    commitments = [each.point.hex() for each in TRUST.coefficients("north")]
    honest, wrong = TRUST.sealed("north", "east"), TRUST.sealed("north", "east", wrong=True)

    def judged(name: str, sealed: ceremony.SealedShare, **changes: object) -> Case:
        shared, shown = TRUST.complaint("north", "east", sealed)
        given = {
            **pair,
            "index": 1,
            "key": key.hex(),
            "sealed": _hex(sealed),
            "shared": shared.hex(),
            "proof": _hex(shown),
            "commitments": commitments,
        }
        return _case(name, "judge", **{**given, **changes})

    secret = f"{TRUST.sealing_secret('east'):x}"
    return [
        _case("a share", "open_share", **pair, secret=secret, sealed=_hex(honest)),
        judged("a complaint about a wrong share", wrong),
        judged("a complaint about a good share", honest),
        judged("a complaint for another holder", wrong, holder="west"),
        judged("a complaint about another dealer", wrong, dealer="south"),
        judged("a complaint that shows another point", wrong, shared=group.GENERATOR.hex()),
        judged("a complaint under another's key", wrong, key=TRUST.sealing("west")[0].hex()),
    ]


def _checked(name: str, found: ballot.Ballot, **changes: object) -> Case:
    base = {"terms": _told(TERMS), "voter": "a", **changes}
    return _case(name, "check_ballot", **base, ballot=_hex(found))


def ballots() -> list[Case]:
    """Ballots made, and checked where they belong and where they do not."""
    good, told = BALLOTS[0], _told(TERMS)
    nonces = [f"{each:x}" for each in numbers(13, "ballot")]
    other = TRUST.coefficients("west")[0].point

    def made(name: str, chosen: int = 1, drawn: list[str] = nonces) -> Case:
        return _case(name, "make_ballot", terms=told, voter="a", chosen=chosen, nonces=drawn)

    def elsewhere(name: str, **changes: object) -> Case:
        return _checked(name, good, terms={**told, **changes})

    return [
        made("a ballot for the second choice"),
        _checked("a ballot", good),
        _checked("a ballot of another voter", BALLOTS[1], voter="b"),
        _case("the electorate", "electorate_root", voters=list(VOTERS)),
        made("a ballot for a choice that there is not", chosen=3),
        made("a nonce of zero", drawn=["0", *nonces[1:]]),
        made("a nonce too few", drawn=nonces[1:]),
        _checked("a copied ballot", good, voter="b"),
        elsewhere("another network", network=SUBJECT.hex()),
        elsewhere("another election", election=NETWORK.hex()),
        elsewhere("another subject", subject=NETWORK.hex()),
        elsewhere("another electorate", electorate=NETWORK.hex()),
        elsewhere("another key", key=other.hex()),
        elsewhere("choices in another order", choices=["no", "yes", "abstain"]),
    ]


def spoilt_ballots() -> list[Case]:
    """Ballots that hold something else, and ballots of which something is changed."""
    good = BALLOTS[0]
    first, second, third = good.choices

    def with_choices(name: str, *choices: ballot.SealedChoice) -> Case:
        return _checked(name, replace(good, choices=choices))

    def with_first(name: str, **changes: object) -> Case:
        return with_choices(name, replace(first, **changes), second, third)

    def with_proof(name: str, **changes: object) -> Case:
        return _checked(name, replace(good, proof=replace(good.proof, **changes)))

    extra = bytes([0xA3]) + encode_record(good)[1:] + encode("zzzzzz") + encode(1)
    mixed = encoded_sum(first.pad, TORSION)
    return [
        _checked("a ballot for two choices", forged(TERMS, "a", (1, 1, 0))),
        _checked("a ballot for no choice", forged(TERMS, "a", (0, 0, 0))),
        with_choices("a ciphertext twice", first, first, third),
        with_choices("a choice too few", first, second),
        with_choices("two choices exchanged", second, first, third),
        with_first("a pad of order 8", pad=TORSION),
        with_first("a pad with a part of order 8", pad=mixed),
        with_first("a neutral pad", pad=group.NEUTRAL),
        with_first("a body that is no point", body=b"\x02" + bytes(31)),
        with_first("a body plus one vote", body=group.add(first.body, group.GENERATOR)),
        with_first("a challenge plus the order", challenge=respelt(first.challenge)),
        with_first("a response of a branch plus the order", zero=respelt(first.zero)),
        with_first("a response of a branch of zero", one=ZERO),
        with_first("two responses exchanged", zero=first.one, one=first.zero),
        with_proof("a challenge with the top bit set", challenge=UNREDUCED),
        with_proof("another challenge", challenge=group.write_scalar(7)),
        with_proof("a response of the sum of zero", response=ZERO),
        _case("a field too many", "check_ballot", terms=_told(TERMS), voter="a", ballot=extra.hex()),
    ]


def decryptions() -> list[Case]:
    """Parts of a decryption."""
    part = TRUST.partial(TERMS, AGGREGATE, "north", SUMS)
    base = {
        "terms": _told(TERMS),
        "aggregate": AGGREGATE.hex(),
        "trustee": "north",
        "key": TRUST.verification_key("north").hex(),
        "pads": [each.pad.hex() for each in SUMS],
    }
    secret = {"secret": f"{TRUST.secret('north'):x}", "nonce": f"{number('nonce'):x}"}

    def checked(name: str, found: decryption.Partial = part, **changes: object) -> Case:
        return _case(name, "check_partial", **{**base, **changes}, partial=_hex(found))

    def spoilt(name: str, **changes: object) -> Case:
        return checked(name, replace(part, **changes))

    south, proof = TRUST.verification_key("south").hex(), part.proof
    less = (group.add(part.shares[0], group.GENERATOR), *part.shares[1:])
    single = TRUST.partial(TERMS, AGGREGATE, "north", summed(BALLOTS[:1]))
    return [
        _case("a part, made", "make_partial", **base, **secret),
        _case("a secret of zero", "make_partial", **{**base, **secret, "secret": "0"}),
        checked("a part"),
        checked("a part of another sum", TRUST.partial(TERMS, SUBJECT, "north", SUMS)),
        checked("a part of a single ballot", single),
        checked("a part of another trustee", trustee="south", key=south),
        checked("a part under another's key", key=south),
        spoilt("a part that says one vote less", shares=less),
        spoilt("a share too few", shares=part.shares[1:]),
        spoilt("a share with a part of order 8", shares=(MIXED, *part.shares[1:])),
        spoilt("a response of a part of zero", proof=replace(proof, response=ZERO)),
        spoilt("a response of a part plus the order", proof=replace(proof, response=respelt(proof.response))),
    ]


def counts() -> list[Case]:
    """Sums, their names, and what they count."""
    sums = _pairs(SUMS)
    parts = {str(TRUST.index(name)): _hex(TRUST.partial(TERMS, AGGREGATE, name, SUMS)) for name in TRUSTEES}
    named = {"election": ELECTION.hex(), "ballots": 5, "root": SUBJECT.hex(), "sums": sums}

    def count(name: str, *chosen: str, most: int = len(BALLOTS), told: object = sums) -> Case:
        return _case(name, "counted", sums=told, parts={index: parts[index] for index in chosen}, most=most)

    return [
        _case("the name of a sum", "aggregate_hash", **named),
        count("three of four", "1", "2", "4"),
        count("another three of four", "2", "3", "4"),
        count("all four", "1", "2", "3", "4"),
        count("two of four", "1", "2"),
        count("one of four", "3"),
        count("fewer ballots than that", "1", "2", "3", most=1),
        count("a sum with a ballot too few", "1", "2", "3", told=_pairs(summed(BALLOTS[1:]))),
    ]


PARTS: dict[str, Callable[[], list[Case]]] = {
    "group": groups,
    "ceremony": lambda: keys() + shares(),
    "ballot": lambda: ballots() + spoilt_ballots(),
    "decryption": lambda: decryptions() + counts(),
}


def _hex(record: Record) -> str:
    return encode_record(record).hex()


def _pairs(sums: tuple[Ciphertext, ...]) -> list[list[str]]:
    return [[each.pad.hex(), each.body.hex()] for each in sums]


def _told(terms: ballot.Terms) -> dict[str, Any]:
    names = ("network", "election", "subject", "electorate", "key")
    return {**{name: getattr(terms, name).hex() for name in names}, "choices": list(terms.choices)}


def files() -> dict[str, bytes]:
    """Every file of the vectors, by its path below the folder of vectors."""
    return {f"ballots/{part}.json": as_json({"format": 1, "vectors": make()}) for part, make in PARTS.items()}


if __name__ == "__main__":
    save(files(), sys.argv[1])
