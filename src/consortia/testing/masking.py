"""Vectors of masked rounds: what every implementation must compute alike, and what it must refuse.

    python -m consortia.testing.masking tests/vectors

writes `masking/*.json`: one file for each part, and `round.json`, a whole round in which one of four members
drops out. At least half of each part must fail. `docs/reference/masking.md` says what they hold.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from consortia.base import sealing, shares
from consortia.engines import mask
from consortia.exact import graph, shamir
from consortia.exact.ring import add_all, pack
from consortia.testing.masked_operations import Case, bad, drawn, good, told
from consortia.testing.wire import as_json, save

ROUND = drawn("round")
NAMES = ("east", "north", "south", "west")
SECRETS = {name: b"".join(drawn(name, part) for part in range(4)) for name in NAMES}
PUBLISHED = {name: mask.publish(ROUND, name, mask.Secrets.of(SECRETS[name])) for name in NAMES}
SMALL_ORDER = (
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f",
)
OTHER_SPELLINGS = {
    "zero as 2^255-19": "ed" + "ff" * 30 + "7f",
    "nine as 2^255-10": "f6" + "ff" * 30 + "7f",
    "nine with the top bit set": "09" + "00" * 30 + "80",
}


def sealings() -> list[Case]:
    """Public keys, agreed keys, and what is sealed."""
    mine, info = drawn("mine").hex(), b"info".hex()
    public = sealing.public_of(drawn("yours")).hex()
    key, text, aad = drawn("key").hex(), b"a share".hex(), b"from east to west".hex()
    sealed = sealing.seal(drawn("key"), b"a share", b"from east to west")
    return [
        good("a public key", "public_of", private=mine),
        good("a public key of zeros", "public_of", private="00" * 32),
        good("an agreed key", "agree", private=mine, public=public, info=info),
        good("an agreed key for no purpose", "agree", private=mine, public=public, info=""),
        good("the base point is a key", "agree", private=mine, public="09" + "00" * 31, info=info),
        good("a derived key", "derive", secret=key, info=info),
        good("a sealed share", "seal", key=key, plaintext=text, aad=aad),
        good("a sealed nothing", "seal", key=key, plaintext="", aad=""),
        good("an opened share", "open", key=key, sealed=sealed.hex(), aad=aad),
        bad("a private key too short", "public_of", private=mine[2:]),
        bad("a public key too long", "agree", private=mine, public=public + "00", info=info),
        *(
            bad(f"small order {index}", "agree", private=mine, public=point, info=info)
            for index, point in enumerate(SMALL_ORDER)
        ),
        *(
            bad(name, "agree", private=mine, public=point, info=info)
            for name, point in OTHER_SPELLINGS.items()
        ),
        bad("another key", "open", key=mine, sealed=sealed.hex(), aad=aad),
        bad("another direction", "open", key=key, sealed=sealed.hex(), aad=aad[2:]),
        bad("a tag cut short", "open", key=key, sealed=sealed[:-1].hex(), aad=aad),
        bad("less than a tag", "open", key=key, sealed="00" * 15, aad=""),
    ]


def shared() -> list[Case]:
    """Purposes, hashes, dealings, and shares that are opened."""
    names = {"round": ROUND.hex(), "dealer": "east", "holder": "west"}
    keys = {name: PUBLISHED[name].sealing.hex() for name in NAMES}
    secrets = {name: mask.Secrets.of(SECRETS[name]) for name in NAMES}
    publics = {name: PUBLISHED[name].sealing for name in NAMES}
    dealing = {each.holder: told(each) for each in mask.deal(ROUND, "east", secrets["east"], publics, NAMES)}
    west: Case = {
        **names,
        "sealing": secrets["west"].sealing.hex(),
        "public": keys["east"],
        "dealt": dealing["west"],
    }
    deal = {"round": ROUND.hex(), "dealer": "east", "secrets": SECRETS["east"].hex(), "keys": keys}
    share = {"salt": drawn("salt").hex(), "share": "07" * shares.SHARE_BYTES}

    def wrong(name: str, **changes: object) -> Case:
        return bad(name, "open_share", **{**west, **changes})

    def spoilt(part: str) -> Case:
        data = west["dealt"][part]
        return {**west["dealt"], part: data[:-2] + f"{int(data[-2:], 16) ^ 1:02x}"}

    return [
        good("the purpose of a seal", "sealing_info", **names),
        good("the purpose of a pair", "masking_info", round=ROUND.hex(), one="west", other="east"),
        good("the hash of a seed", "seed_hash", round=ROUND.hex(), member="east", seed=drawn("seed").hex()),
        good("the hash of a share of a seed", "share_hash", **names, **share, kind="seed"),
        good("the hash of a share of a key", "share_hash", **names, **share, kind="key"),
        good("a dealing to four", "deal", **deal, holders=list(NAMES)),
        good("a dealing to three of four", "deal", **deal, holders=["east", "south", "west"]),
        good("a share opened", "open_share", **west),
        bad("a dealer without itself", "deal", **deal, holders=["north", "south", "west"]),
        bad("a holder without keys", "deal", **deal, holders=["east", "island"]),
        wrong("another round", round=drawn("another").hex()),
        wrong("another holder", holder="south"),
        wrong("another dealer", dealer="north"),
        wrong("another private key", sealing=secrets["south"].sealing.hex()),
        wrong("another public key", public=keys["north"]),
        wrong("another holder's share", dealt={**dealing["south"], "holder": "west"}),
        *(wrong(f"{part} spoilt", dealt=spoilt(part)) for part in ("seed", "key", "sealed")),
        wrong("sealed cut short", dealt={**west["dealt"], "sealed": west["dealt"]["sealed"][:-2]}),
    ]


def secret_sharing() -> list[Case]:
    """Shares and what they recover."""
    secret = drawn("secret")
    numbers = [int.from_bytes(drawn("coefficient", i) * 2, "big") for i in range(2)]
    dealt = list(zip((1, 2, 3, 5), shamir.split(secret, 3, (1, 2, 3, 5), numbers), strict=True))
    shown: list[list[Any]] = [[point, share.hex()] for point, share in dealt]
    given = {"secret": secret.hex(), "threshold": 3, "coefficients": [f"{n:x}" for n in numbers]}
    top, beyond = f"{shamir.PRIME - 1:0132x}", f"{shamir.PRIME:0132x}"

    def wrong(name: str, *chosen: list[Any], threshold: int = 3) -> Case:
        return bad(name, "recover", shares=list(chosen), threshold=threshold)

    return [
        good("four shares, three needed", "split", **given, points=[1, 2, 3, 5]),
        good("the secret of ones", "split", secret="ff" * 32, threshold=1, coefficients=[], points=[7]),
        good("three shares", "recover", shares=shown[:3], threshold=3),
        good("three other shares, in any order", "recover", shares=[shown[3], *shown[1:3]], threshold=3),
        good("more shares than needed", "recover", shares=shown, threshold=3),
        good("a false share that is not used", "recover", shares=[*shown[:3], [5, top]], threshold=3),
        wrong("a share too few", *shown[:2]),
        wrong("no share", threshold=1),
        wrong("a threshold of none", *shown[:1], threshold=0),
        wrong("a point twice", shown[0], shown[0], shown[1], shown[2]),
        wrong("the point of the secret", [0, shown[0][1]], *shown[:3]),
        wrong("a point beyond the last", [65536, shown[0][1]], *shown[:3]),
        wrong("a share that is no residue", *shown[:2], [3, beyond]),
        wrong("a share that is no residue, not used", *shown[:3], [5, beyond]),
        wrong("a share too short", *shown[:2], [3, shown[2][1][2:]]),
        wrong("no secret of 32 bytes", *shown[:2], [3, top]),
        bad("a point of zero", "split", **given, points=[0, 1, 2]),
        bad("fewer points than needed", "split", **given, points=[1, 2]),
    ]


def graphs() -> list[Case]:
    """Thresholds, neighbourhoods and groups."""
    seed = drawn("graph").hex()

    def near(make: Callable[..., Case], name: str, count: int, degree: int | None, seed: str = seed) -> Case:
        return make(name, "neighbours", count=count, seed=seed, degree=degree)

    return [
        *(good(f"threshold of {size}", "threshold", size=size) for size in (1, 3, 4, 20, 32)),
        near(good, "five members", 5, None),
        near(good, "forty members of degree 7", 40, 7),
        near(good, "forty members of degree 6: opposite ones too", 40, 6),
        near(good, "forty-one members of degree 6: one more", 41, 6),
        near(good, "thirty-four members of degree 33: all", 34, 33),
        near(good, "thirty-six members of the degree that is the rule", 36, None),
        good("eleven in groups of three", "groups", count=11, size=3, seed=seed),
        good("eight in groups of four", "groups", count=8, size=4, seed=seed),
        bad("no holder", "threshold", size=0),
        bad("less than none", "threshold", size=-1),
        near(bad, "no member", 0, None),
        near(bad, "too many members", 65537, None),
        near(bad, "a degree of two", 40, 2),
        near(bad, "a seed too short", 40, None, seed=seed[2:]),
        near(bad, "a seed too long", 5, None, seed=seed + "00"),
        *(
            bad(f"{count} in groups of {size}", "groups", count=count, size=size, seed=seed)
            for count, size in ((5, 2), (5, 6), (2, 3), (0, 3), (65537, 3))
        ),
        bad("groups by a seed too short", "groups", count=9, size=3, seed=seed[2:]),
    ]


def masks() -> list[Case]:
    """Keys of streams, and vectors that are masked and unmasked."""
    peers = {name: PUBLISHED[name].masking.hex() for name in NAMES}
    others = {name: key for name, key in peers.items() if name != "north"}
    member = {"round": ROUND.hex(), "member": "north", "masking": SECRETS["north"][32:64].hex()}
    own, pairs = drawn("own").hex(), [[1, drawn("pair", 1).hex()], [-1, drawn("pair", 2).hex()]]
    vectors = {32: [0, 1, -1, 1 << 30, -(1 << 31)], 64: [0, 1, -1, 1 << 62, -(1 << 63)]}
    blobs = {bits: pack(np.array(words), ring_bits=bits).hex() for bits, words in vectors.items()}
    done = [
        good("a member's own stream", "own_stream", round=ROUND.hex(), member="east", seed=own),
        good("the streams of a member's pairs", "pair_streams", **member, peers=others),
        good("the sum of two blobs", "add_up", blobs=[blobs[32]] * 2, ring_bits=32, length=5),
    ]
    for bits, blob in blobs.items():
        there = good(
            f"masked words of {bits} bits", "masked", blob=blob, ring_bits=bits, own=own, pairs=pairs
        )
        lifted = {"blob": there["gives"], "ring_bits": bits, "owns": [own], "dangling": pairs}
        done += [there, good(f"the same, unmasked, {bits} bits", "unmasked", **lifted)]
    masked = {"blob": blobs[32], "ring_bits": 32, "own": own, "pairs": pairs}
    return [
        *done,
        bad("a seed too short", "own_stream", round=ROUND.hex(), member="east", seed=own[2:]),
        bad("a round too short", "own_stream", round=ROUND.hex()[2:], member="east", seed=own),
        bad("a pair with oneself", "pair_streams", **member, peers=peers),
        bad("a peer of small order", "pair_streams", **member, peers={"east": SMALL_ORDER[2]}),
        bad("a stream's key too short", "masked", **{**masked, "own": own[2:]}),
        bad("a pair's key too long", "masked", **{**masked, "pairs": [[1, own + "00"]]}),
        bad("a ring of 16 bits", "masked", **{**masked, "ring_bits": 16}),
        bad("half a word", "masked", **{**masked, "blob": blobs[32][2:]}),
        bad("the sum of nothing", "add_up", blobs=[], ring_bits=32, length=5),
        bad("a blob of another length", "add_up", blobs=[blobs[32]], ring_bits=32, length=4),
    ]


PARTS: dict[str, Callable[[], list[Case]]] = {
    "sealing": sealings,
    "shares": shared,
    "shamir": secret_sharing,
    "graph": graphs,
    "streams": masks,
}


def whole_round() -> Case:
    """Four members, of whom `south` deals and then drops out: what each holds and sends, and the sum."""
    secrets = {name: mask.Secrets.of(SECRETS[name]) for name in NAMES}
    publics = {name: PUBLISHED[name].sealing for name in NAMES}
    dealings = {n: [told(each) for each in mask.deal(ROUND, n, secrets[n], publics, NAMES)] for n in NAMES}
    vectors = {name: np.array([index + 1, -index, 1 << 24], np.int32) for index, name in enumerate(NAMES)}
    cohort = [name for name in NAMES if name != "south"]
    blobs, owns = {}, []
    for name in cohort:
        peers = {peer: PUBLISHED[peer].masking for peer in NAMES if peer != name}
        pairs = mask.pair_streams(ROUND, name, secrets[name].masking, peers)
        owns.append(mask.own_stream(ROUND, name, secrets[name].seed))
        blobs[name] = pack(mask.masked(vectors[name], 32, owns[-1], pairs), ring_bits=32)
    survivors = {name: PUBLISHED[name].masking for name in cohort}
    left = mask.dangling(ROUND, "south", secrets["south"].masking, survivors)
    total = mask.unmasked(mask.add_up(blobs.values(), 32, 3), 32, owns, left)
    if not (total == add_all([vectors[name] for name in cohort])).all():
        raise RuntimeError("the masked sum is not the plain sum")
    return {
        "round": ROUND.hex(),
        "ring_bits": 32,
        "threshold": graph.threshold(len(NAMES)),
        "members": {
            name: {
                "secrets": SECRETS[name].hex(),
                **{part: getattr(PUBLISHED[name], part).hex() for part in ("masking", "sealing", "seed")},
                "dealt": dealings[name],
                "words": vectors[name].tolist(),
                "blob": blobs[name].hex() if name in blobs else None,
            }
            for name in NAMES
        },
        "sum": total.tolist(),
    }


def files() -> dict[str, bytes]:
    """Every file of the vectors, by its path below the folder of vectors."""
    made: dict[str, Any] = {
        f"masking/{part}.json": {"format": 1, "vectors": make()} for part, make in PARTS.items()
    }
    made["masking/round.json"] = {"format": 1, **whole_round()}
    return {name: as_json(value) for name, value in made.items()}


if __name__ == "__main__":
    save(files(), sys.argv[1])
