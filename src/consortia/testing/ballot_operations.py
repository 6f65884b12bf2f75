"""What the vectors of secret ballots ask of an implementation: operations over JSON, and their answers.

Bytes stand as lowercase hex, scalars of the prover's own as hexadecimal numbers, records as their encoding.
"""

from collections.abc import Callable, Mapping
from typing import Any

from consortia.base import group
from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.exact import ballot, ceremony, decryption
from consortia.exact.elgamal import Ciphertext, Proof, Unsound

Given = Mapping[str, Any]


def _b(text: str) -> bytes:
    return bytes.fromhex(text)


def _terms(given: Given) -> ballot.Terms:
    told = given["terms"]
    names = ("network", "election", "subject", "electorate", "key")
    return ballot.Terms(**{name: _b(told[name]) for name in names}, choices=tuple(told["choices"]))


def _read(kind: type[Any], text: str) -> Any:  # noqa: ANN401 (a record of that kind)
    return decode_record(kind, _b(text))


def _sums(given: Given) -> list[Ciphertext]:
    return [Ciphertext(_b(pad), _b(body)) for pad, body in given["sums"]]


def _check_coefficients(given: Given) -> None:
    found = [_read(ceremony.Coefficient, each) for each in given["coefficients"]]
    ceremony.check_coefficients(_b(given["election"]), given["dealer"], found, given["threshold"])


def _judge(given: Given) -> str:
    """What a complaint opens, and whether it fits: `guilty` where it does not."""
    share = ceremony.check_complaint(
        _b(given["election"]),
        given["dealer"],
        given["holder"],
        key=_b(given["key"]),
        sealed=_read(ceremony.SealedShare, given["sealed"]),
        shown=(_b(given["shared"]), _read(Proof, given["proof"])),
    )
    commitments = [_b(each) for each in given["commitments"]]
    return "innocent" if ceremony.fits(share, given["index"], commitments) else "guilty"


def _make_ballot(given: Given) -> str:
    made = ballot.make_ballot(
        _terms(given), given["voter"], given["chosen"], [int(each, 16) for each in given["nonces"]]
    )
    return encode_record(made).hex()


def _check_partial(given: Given) -> None:
    decryption.check_partial(
        _terms(given),
        _b(given["aggregate"]),
        given["trustee"],
        key=_b(given["key"]),
        pads=[_b(each) for each in given["pads"]],
        partial=_read(decryption.Partial, given["partial"]),
    )


def _make_partial(given: Given) -> str:
    made = decryption.make_partial(
        _terms(given),
        _b(given["aggregate"]),
        given["trustee"],
        secret=int(given["secret"], 16),
        pads=[_b(each) for each in given["pads"]],
        nonce=int(given["nonce"], 16),
    )
    return encode_record(made).hex()


def _counted(given: Given) -> list[int]:
    parts = {int(index): _read(decryption.Partial, each) for index, each in given["parts"].items()}
    return list(decryption.counted(_sums(given), parts, given["most"]))


OPERATIONS: dict[str, Callable[[Given], Any]] = {
    "read_scalar": lambda given: f"{group.read_scalar(_b(given['bytes'])):x}",
    "check_point": lambda given: group.check_point(_b(given["bytes"])).hex(),
    "multiply": lambda given: group.multiply(int(given["scalar"], 16), _b(given["point"])).hex(),
    "add": lambda given: group.add(_b(given["one"]), _b(given["other"])).hex(),
    "subtract": lambda given: group.subtract(_b(given["one"]), _b(given["other"])).hex(),
    "electorate_root": lambda given: ballot.electorate_root(given["voters"]).hex(),
    "dealing_hash": lambda given: ceremony.dealing_hash(
        _b(given["election"]),
        given["dealer"],
        [_read(ceremony.Coefficient, each) for each in given["coefficients"]],
    ).hex(),
    "check_sealing_key": lambda given: ceremony.check_sealing_key(
        _b(given["election"]), given["trustee"], _b(given["key"]), _read(Proof, given["proof"])
    ),
    "check_coefficients": _check_coefficients,
    "open_share": lambda given: ceremony.open_share(
        _b(given["election"]),
        given["dealer"],
        given["holder"],
        secret=int(given["secret"], 16),
        sealed=_read(ceremony.SealedShare, given["sealed"]),
    ).hex(),
    "judge": _judge,
    "make_ballot": _make_ballot,
    "check_ballot": lambda given: ballot.check_ballot(
        _terms(given), given["voter"], _read(ballot.Ballot, given["ballot"])
    ),
    "aggregate_hash": lambda given: decryption.aggregate_hash(
        _b(given["election"]), given["ballots"], _b(given["root"]), _sums(given)
    ).hex(),
    "make_partial": _make_partial,
    "check_partial": _check_partial,
    "counted": _counted,
}


def answer(do: str, given: Given) -> tuple[bool, Any]:
    """What an operation answers: (true, what it gives), or (false, the reason's word)."""
    try:
        return True, OPERATIONS[do](given)
    except Unsound as error:
        return False, error.reason
    except group.BadScalar:
        return False, "bad_scalar"
    except group.ZeroScalar:
        return False, "zero_scalar"
    except group.BadPoint:
        return False, "bad_point"
    except Malformed:
        return False, "malformed"
    except ValueError:
        return False, "bad_value"
