"""Every place of the API is described where people look for it."""

from pathlib import Path

import pytest

from consortia.node.places import PLACES
from consortia.node.refusals import REFUSALS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.method} {place.path}")
def test_a_place_stands_on_the_reference_page_with_whom_it_is_open_to(place):
    whom = "anybody" if place.open else "known callers"
    assert f"| `{place.method} {place.path}` | {place.doc} | {whom} |" in PAGE.read_text(encoding="utf-8")


def test_only_these_places_are_open_to_anybody():
    assert {place.path for place in PLACES if place.open} == {
        "/v1/transactions",
        "/v1/join",
        "/livez",
        "/readyz",
        "/openapi.json",
        "/",
        "/v1/refusals",
        "/v1/refusals/{code}",
        "/console/enter",
        "/console/static/{name}",
    }


def test_the_nodes_own_codes_are_numbered_and_listed():
    assert [one.number for one in REFUSALS] == list(range(1, len(REFUSALS) + 1))
    listed = [f"| `{one.code}` | {one.meaning} |" for one in REFUSALS]
    assert "\n".join(listed) in PAGE.read_text(encoding="utf-8")
