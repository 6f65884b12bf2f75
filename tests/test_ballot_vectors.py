"""The vectors of secret ballots hold, and a second implementation in plain integers says the same of each."""

import json
from pathlib import Path

import pytest

from consortia.base.codec import Malformed, decode_record, to_value
from consortia.exact.ballot import Ballot
from consortia.exact.ceremony import Coefficient
from consortia.exact.decryption import Partial
from consortia.exact.elgamal import Proof
from consortia.testing import balloting, plain_ballots
from consortia.testing.ballot_operations import OPERATIONS, answer

FOLDER = Path(__file__).parent / "vectors" / "ballots"
FILES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.iterdir())}
CASES = [case for file in FILES.values() for case in file["vectors"]]


def test_the_files_are_those_of_a_fresh_run():
    made = balloting.files()
    assert {f"ballots/{name}.json" for name in FILES} == set(made)
    for name, data in made.items():
        assert (FOLDER.parent / name).read_bytes() == data, name


@pytest.mark.parametrize("part", sorted(FILES))
def test_at_least_half_must_fail(part):
    cases = FILES[part]["vectors"]
    assert 2 * sum(not case["ok"] for case in cases) >= len(cases)


def test_every_operation_has_a_vector_and_every_reason_too():
    assert {case["do"] for case in CASES} == set(OPERATIONS)
    reasons = {"bad_point", "bad_scalar", "zero_scalar", "wrong_shape", "repeated", "bad_proof"}
    assert {case["gives"] for case in CASES if not case["ok"]} == reasons | {"malformed", "bad_value"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_vector_gives_what_it_says(case):
    assert answer(case["do"], case["given"]) == (case["ok"], case["gives"])


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
