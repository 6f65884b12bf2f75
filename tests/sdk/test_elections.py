"""A challenged ballot is made again by anybody; one that holds something else is found out."""

import json

import pytest
from msgspec.structs import replace

from consortia.base.codec import Malformed
from consortia.base.hashing import tagged
from consortia.exact.ballot import make_ballot
from consortia.sdk.elections import Challenged, challenged, check_challenged, draw_nonces
from consortia.sdk.jsonform import from_json, to_json
from consortia.testing.elections import Trust

TRUST = Trust(tagged("consortia/vector", b"election"), ("east", "north", "south"))
TERMS = TRUST.terms(bytes(32), bytes(32), ("a", "b"), ("yes", "no"))


def shown(chosen=1, said=None):
    nonces = draw_nonces(2)
    made = make_ballot(TERMS, "a", chosen, nonces)
    return challenged(TERMS, "a", chosen if said is None else said, nonces, made)


def test_an_honest_client_shows_what_its_ballot_holds():
    found = from_json(Challenged, json.loads(json.dumps(to_json(shown()))))
    assert check_challenged(found) == "no"


def test_a_client_that_votes_otherwise_than_it_was_told_is_found_out():
    with pytest.raises(Malformed, match="cheats"):
        check_challenged(shown(chosen=0, said=1))


@pytest.mark.parametrize(
    "changes",
    [{"chosen": 7}, {"nonces": ()}, {"nonces": (bytes(32),) * 9}, {"voter": "b"}, {"key": bytes(32)}],
)
def test_what_makes_no_such_ballot_is_refused(changes):
    with pytest.raises(Malformed):
        check_challenged(replace(shown(), **changes))
