"""schemathesis, which knows only the API's description, asks a running node and finds nothing.

What it checks of each answer: no server error; a status, a media type and a body that are described; what
the schemas allow is taken; in the long run, what they do not allow is refused. A refusal of the ledger (422)
is taken as an answer to what the schemas allow, if its code is one that the node explains.
"""

import json
import random

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

from tests.node.running import SECONDS_MAX, Process, homes

LEFT_OUT = {
    "/v1/stream",  # never ends
    "/v1/ledger-copy",  # writes a copy each time
    "/v1/hand-over/signed",
}
"""Places that a test beside this one asks."""

WAITS = {
    "/v1/transactions/{id}": {"wait": 0},
    "/v1/final": {"wait": 0},
    "/v1/sync": {"wait": 0},
}
"""Asked not to wait: that they do is no finding."""

CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "403", "404", "409", "422"]
[checks.unsupported_method]
enabled = true
"""
BYTES = {"application/cbor", "application/octet-stream", "text/plain"}
"""Bodies of which no schema says which bytes are taken."""

NO_RULE = {
    "/v1/build",  # the fields of a call are those of its method, each described at a place of its own
    "/v1/engine",  # what a light client asks of CometBFT, in its own words
    "/v1/build/governance/propose",  # the same of its actions
    "/v1/search",  # a page is asked for with what the page before gave
}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home, CONSORTIA_REQUESTS_PER_SECOND_MAX="100000") as process:
        yield process


@pytest.fixture(scope="module")
def session(node):
    with requests.Session() as found:
        found.headers["Authorization"] = f"Bearer {node.home.token()}"
        yield found


@schemathesis.serializer("application/cbor", "application/octet-stream", "text/plain")
def as_bytes(_context, value):
    """A body as it is sent: bytes, or whatever else as text."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def chosen(schema, programme):
    """Every place and every query; of the messages, which one place drafts, as many as the size allows."""
    found = [result.ok() for result in schema.get_all_operations()]
    found = [one for one in found if one.path not in LEFT_OUT]
    drafts = [one for one in found if one.path.startswith("/v1/build/")]
    asks = [one for one in found if one.path.startswith("/v1/query/")]
    places = [one for one in found if one not in drafts and one not in asks]
    chance = random.Random(programme(quick=1, test=2, nightly=3))
    few = programme(quick=4, test=16, nightly=1_000)
    return places + chance.sample(drafts, min(few, len(drafts))) + chance.sample(asks, min(few, len(asks)))


def findings(operation, mode, ask, programme):
    """What schemathesis finds where an operation is asked in so many ways; nothing, if all is well."""
    rule = settings(
        max_examples=programme(quick=1, test=1, nightly=50),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        seed(1)(rule(given(case=operation.as_strategy(generation_mode=mode))(ask)))()
    except Unsatisfiable:
        return []  # nothing else than what is allowed can be sent there
    except (Exception, FailureGroup) as error:  # noqa: BLE001 (all findings are told at once)
        return [f"{operation.label} ({mode.value}): {error}"]
    return []


def test_schemathesis_finds_nothing(node, session, programme):
    described = session.get(f"{node.url}/openapi.json", timeout=SECONDS_MAX).json()
    listed = session.get(f"{node.url}/v1/refusals", timeout=SECONDS_MAX).json()["refusals"]
    codes = {one["code"] for one in listed}
    schema = schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_str(CONFIG))
    found, asked = [], []

    for operation in chosen(schema, programme):
        no_rule = {one.media_type for one in operation.body} & BYTES or operation.path in NO_RULE
        free = [checks.positive_data_acceptance, checks.negative_data_rejection] if no_rule else []

        def ask(case):
            asked.append(case)
            case.query = {**(case.query or {}), **WAITS.get(case.path, {})}
            answer = case.call(base_url=node.url, session=session, timeout=SECONDS_MAX)
            if answer.status_code == 422:
                assert answer.json()["code"] in codes
            case.validate_response(answer, excluded_checks=free)  # noqa: B023 (asked within the turn)

        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        for mode in modes[: 1 if no_rule else programme(quick=1, test=1, nightly=2)]:
            found += findings(operation, mode, ask, programme)
    assert not found, "\n\n".join(found)
    assert len(asked) >= programme(quick=30, test=60, nightly=10_000)
    assert session.get(f"{node.url}/readyz", timeout=SECONDS_MAX).status_code == 200
