"""What a person reads before it signs is what the bytes say: amounts, unseen signs, large numbers."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from consortia.app import application
from consortia.node.console.sayings import said
from consortia.sdk.moments import moment
from consortia.sdk.values import is_moment
from tests.loud import loudly

HERE = Path(__file__).resolve().parent
STATIC = HERE.parents[2] / "src" / "consortia" / "node" / "console" / "static"
MOMENT = 1_780_000_000_000
NAMES = sorted(
    {
        *(
            name
            for bound in application().methods.values()
            for name in bound.method.message.__struct_fields__
        ),
        *("amount", "ends", "renders", "valid_until", "until_then"),
    }
)


@pytest.fixture(scope="module")
def found():
    program = shutil.which("node")
    if program is None:
        loudly("no node on the PATH: what the page of an act shows was not held against the bytes")
        pytest.skip("it needs a JavaScript engine")
    command = [program, "--experimental-default-type=module", HERE / "words.mjs", STATIC]
    given = json.dumps(NAMES).encode()
    return json.loads(
        subprocess.run(command, input=given, capture_output=True, check=True, timeout=120).stdout
    )


def test_a_number_is_shown_as_a_day_only_where_it_is_a_time(found):
    wanted = [moment(MOMENT) if is_moment(name) else str(MOMENT) for name in NAMES]
    assert found["times"] == wanted
    assert found["times"][NAMES.index("amount")] == "1780000000000"


def test_signs_that_nobody_sees_are_written_out_and_no_text_reads_as_another_value(found):
    unseen = "a⟨U+202E⟩b⟨U+200B⟩⟨U+3164⟩"
    assert found["texts"] == ["plain", unseen, "two⏎\nlines", '"none"', "", "naïve 家"]
    assert found["lists"] == ["a, b", '"a, b"', "none", '""', '"yes"']
    assert found["empty"] == "none"


def test_in_a_sentence_a_text_stands_in_quotes_so_that_it_reads_as_nobody_elses(found):
    forged = '"10 to west. Signed, north"'
    assert found["quoted"] == ["north", '"yes"', forged, r'"a \"b\""', '""', '"a⟨U+202E⟩b"']
    told = said("governance.propose", {"title": "10 to west. Signed, north"})
    assert told == f"proposes: {forged}"
    assert said("identity.approve_member", {"name": "north"}) == "approves that north becomes a member"
    assert said("governance.propose", {"title": "a\u202eb"}) == 'proposes: "a⟨U+202E⟩b"'


def test_a_number_that_the_browser_cannot_hold_is_refused_and_not_rounded(found):
    assert found["unheld"] == [True] * 3
    assert found["held"] == {"a": [2**53 - 1, "9007199254740993", True, None]}


def test_what_was_typed_as_json_is_held_against_the_bytes_name_by_name(found):
    assert found["lies"] == [True] * 3
    assert found["honest"] == [False]


def test_what_a_node_says_of_a_receipt_is_held_against_all_of_it(found):
    assert found["told"] == [True, False, False]
