"""A second implementation of secret ballots, in plain integers, says the same of each vector."""

import pytest

from consortia.base.codec import Malformed, decode_record, to_value
from consortia.exact.ballot import Ballot
from consortia.exact.ceremony import Coefficient
from consortia.exact.decryption import Partial
from consortia.exact.elgamal import Proof
from consortia.testing import plain_ballots
from tests import kept

CASES = kept.cases("ballots")


def test_every_reason_has_a_vector():
    reasons = {"bad_point", "bad_scalar", "zero_scalar", "wrong_shape", "repeated", "bad_proof"}
    assert {case["gives"] for case in CASES if not case["ok"]} == reasons | {"malformed", "bad_value"}


# ------------------------------------------------------------------ a second implementation


def told(kind, text):
    return to_value(decode_record(kind, bytes.fromhex(text)))


def b(text):
    return bytes.fromhex(text)


def terms_of(given):
    told = given["terms"]
    return {name: value if name == "choices" else b(value) for name, value in told.items()}


def sealing_key(given):
    context = [b(given["election"]), given["trustee"]]
    plain_ballots.point(b(given["key"]))
    plain_ballots.check_equal(
        "consortia/trustee-key", context, [], [b(given["key"])], told(Proof, given["proof"])
    )


def coefficients(given):
    if len(given["coefficients"]) != given["threshold"]:
        raise plain_ballots.No("wrong_shape")
    for place, text in enumerate(given["coefficients"]):
        one = told(Coefficient, text)
        plain_ballots.point(one["point"])
        context = [b(given["election"]), given["dealer"], place]
        plain_ballots.check_equal("consortia/trustee-coefficient", context, [], [one["point"]], one["proof"])


def ballot(given):
    plain_ballots.check_ballot(terms_of(given), given["voter"], told(Ballot, given["ballot"]))


def partial(given):
    one, terms, pads = told(Partial, given["partial"]), terms_of(given), [b(pad) for pad in given["pads"]]
    if len(one["shares"]) != len(pads):
        raise plain_ballots.No("wrong_shape")
    context = [terms["network"], terms["election"], b(given["aggregate"]), given["trustee"]]
    publics = [b(given["key"]), *one["shares"]]
    plain_ballots.check_equal("consortia/ballot-decryption", context, pads, publics, one["proof"])


def counted(given):
    sums = [(b(pad), b(body)) for pad, body in given["sums"]]
    parts = {int(index): told(Partial, text)["shares"] for index, text in given["parts"].items()}
    return list(plain_ballots.count(sums, parts, given["most"]))


def read_scalar(given):
    return f"{plain_ballots.scalar(b(given['bytes'])):x}"


def check_point(given):
    plain_ballots.point(b(given["bytes"]))
    return given["bytes"]


def multiply(given):
    found = plain_ballots.point(b(given["point"]), neutral=True)
    return plain_ballots.combination((int(given["scalar"], 16), found)).hex()


def add(given, sign=1):
    one, other = (plain_ballots.point(b(given[name]), neutral=True) for name in ("one", "other"))
    return plain_ballots.combination((1, one), (sign, other)).hex()


SECOND = {
    "check_sealing_key": sealing_key,
    "check_coefficients": coefficients,
    "check_ballot": ballot,
    "check_partial": partial,
    "counted": counted,
    "read_scalar": read_scalar,
    "check_point": check_point,
    "multiply": multiply,
    "add": add,
    "subtract": lambda given: add(given, -1),
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["do"] in SECOND], ids=lambda case: case["name"]
)
def test_the_plain_implementation_says_the_same(case):
    try:
        said = True, SECOND[case["do"]](case["given"])
    except plain_ballots.No as reason:
        said = False, str(reason)
    except Malformed:
        said = False, "malformed"
    assert said == (case["ok"], case["gives"])
