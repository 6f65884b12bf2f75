"""What the vectors of masked rounds ask of an implementation: operations over JSON, and their answers.

Bytes stand as lowercase hex, words as the blob that holds them, a stream as [sign, key].
"""

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from consortia.base import sealing, shares
from consortia.base.hashing import tagged
from consortia.engines import mask
from consortia.exact import graph, shamir
from consortia.exact.ring import pack, unpack

Given = Mapping[str, Any]
Case = dict[str, Any]

ROUND = tagged("consortia/vector", b"round")
NAMES = ("east", "north", "south", "west")


def drawn(*parts: object) -> bytes:
    """32 bytes that stand for random ones, always the same for the same parts."""
    return tagged("consortia/vector", "/".join(map(str, parts)).encode())


# ------------------------------------------------------------------ what can be asked


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)


def _streams(told: list[list[Any]]) -> list[mask.Stream]:
    return [(1 if sign > 0 else -1, _bytes(key)) for sign, key in told]


def _words(given: Given) -> NDArray[Any]:
    blob = _bytes(given["blob"])
    return unpack(blob, ring_bits=given["ring_bits"], length=len(blob) * 8 // given["ring_bits"])


def _masked(given: Given) -> str:
    there = mask.masked(_words(given), given["ring_bits"], _bytes(given["own"]), _streams(given["pairs"]))
    return pack(there, ring_bits=given["ring_bits"]).hex()


def _unmasked(given: Given) -> str:
    owns = [_bytes(own) for own in given["owns"]]
    there = mask.unmasked(_words(given), given["ring_bits"], owns, _streams(given["dangling"]))
    return pack(there, ring_bits=given["ring_bits"]).hex()


def _dealt(told: Given) -> mask.Dealt:
    return mask.Dealt(told["holder"], _bytes(told["seed"]), _bytes(told["key"]), _bytes(told["sealed"]))


def told(dealt: mask.Dealt) -> Case:
    """What a dealer dealt to one holder, in JSON."""
    parts = {name: getattr(dealt, name).hex() for name in ("seed", "key", "sealed")}
    return {"holder": dealt.holder, **parts}


def _share_hash(given: Given) -> str:
    names = _bytes(given["round"]), given["dealer"], given["holder"]
    salt, share = _bytes(given["salt"]), _bytes(given["share"])
    return shares.share_hash(*names, given["kind"], salt=salt, share=share).hex()


def _deal(given: Given) -> list[Case]:
    secrets = mask.Secrets.of(_bytes(given["secrets"]))
    keys = {name: _bytes(key) for name, key in given["keys"].items()}
    dealt = mask.deal(_bytes(given["round"]), given["dealer"], secrets, keys, given["holders"])
    return [told(each) for each in dealt]


def _open(given: Given) -> str:
    bundle = mask.open_share(
        _bytes(given["round"]),
        given["holder"],
        _bytes(given["sealing"]),
        _dealt(given["dealt"]),
        dealer=given["dealer"],
        public=_bytes(given["public"]),
    )
    return bundle.pack().hex()


def _pairs(given: Given) -> list[list[Any]]:
    peers = {name: _bytes(key) for name, key in given["peers"].items()}
    found = mask.pair_streams(_bytes(given["round"]), given["member"], _bytes(given["masking"]), peers)
    return [[sign, key.hex()] for sign, key in found]


OPERATIONS: Mapping[str, Callable[[Given], Any]] = {
    "public_of": lambda g: sealing.public_of(_bytes(g["private"])).hex(),
    "agree": lambda g: sealing.agree(_bytes(g["private"]), _bytes(g["public"]), _bytes(g["info"])).hex(),
    "derive": lambda g: sealing.derive(_bytes(g["secret"]), _bytes(g["info"])).hex(),
    "seal": lambda g: sealing.seal(_bytes(g["key"]), _bytes(g["plaintext"]), _bytes(g["aad"])).hex(),
    "open": lambda g: sealing.open_sealed(_bytes(g["key"]), _bytes(g["sealed"]), _bytes(g["aad"])).hex(),
    "sealing_info": lambda g: shares.sealing_info(_bytes(g["round"]), g["dealer"], g["holder"]).hex(),
    "masking_info": lambda g: shares.masking_info(_bytes(g["round"]), g["one"], g["other"]).hex(),
    "seed_hash": lambda g: shares.seed_hash(_bytes(g["round"]), g["member"], _bytes(g["seed"])).hex(),
    "share_hash": _share_hash,
    "deal": _deal,
    "open_share": _open,
    "split": lambda g: [
        share.hex()
        for share in shamir.split(
            _bytes(g["secret"]), g["threshold"], g["points"], [int(each, 16) for each in g["coefficients"]]
        )
    ],
    "recover": lambda g: shamir.recover([(x, _bytes(s)) for x, s in g["shares"]], g["threshold"]).hex(),
    "threshold": lambda g: graph.threshold(g["size"]),
    "neighbours": lambda g: [
        list(near) for near in graph.neighbours(g["count"], _bytes(g["seed"]), g["degree"])
    ],
    "groups": lambda g: [list(each) for each in graph.groups(g["count"], g["size"], _bytes(g["seed"]))],
    "own_stream": lambda g: mask.own_stream(_bytes(g["round"]), g["member"], _bytes(g["seed"])).hex(),
    "pair_streams": _pairs,
    "masked": _masked,
    "unmasked": _unmasked,
    "add_up": lambda g: pack(
        mask.add_up(map(_bytes, g["blobs"]), g["ring_bits"], g["length"]), ring_bits=g["ring_bits"]
    ).hex(),
}


def answer(do: str, given: Given) -> tuple[bool, Any]:
    """Whether an operation succeeds, and what it gives (None where it is refused)."""
    try:
        return True, OPERATIONS[do](given)
    except ValueError:  # Malformed, RingError, ShamirError, GraphError, FixedError
        return False, None


def good(name: str, do: str, **given: object) -> Case:
    """A vector of an operation that is done; raises RuntimeError when it is refused."""
    return _case(name, do, given, ok=True)


def bad(name: str, do: str, **given: object) -> Case:
    """A vector of an operation that is refused; raises RuntimeError when it is done."""
    return _case(name, do, given, ok=False)


def _case(name: str, do: str, given: Given, *, ok: bool) -> Case:
    done, gives = answer(do, given)
    if done != ok:
        raise RuntimeError(f"{name}: {do} was {'done' if done else 'refused'}")
    return {"name": name, "do": do, "given": given, "ok": ok, "gives": gives}
