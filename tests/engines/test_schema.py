"""The schema: one encoding, limits, and Frictionless in and out."""

import pytest

from consortia.base.codec import Malformed
from consortia.engines.train.agree import check_texts, infer_schema
from consortia.engines.train.files import DataError, RawTable
from consortia.engines.train.schema import Label, Schema, from_frictionless, number, resolution
from tests.engines.tables import SCHEMA

RANGED = Schema(
    (number("age", exponent=7, unit="years", minimum="0", maximum="120.5"), *SCHEMA.fields[1:]),
    Label("y", ("0", "1"), 0),
)


@pytest.mark.parametrize("schema", [SCHEMA, RANGED, Schema(SCHEMA.fields, Label("cost", (), 9))])
def test_a_schema_survives_its_bytes_and_its_frictionless_descriptor(schema):
    assert Schema.decode(schema.encode()) == schema
    assert from_frictionless(schema.to_frictionless()) == schema


def test_a_descriptor_speaks_frictionless():
    descriptor = RANGED.to_frictionless()
    assert descriptor["missingValues"] == ["", "?"]
    assert descriptor["fields"][0]["type"] == "number"
    assert descriptor["fields"][0]["constraints"] == {"minimum": "0", "maximum": "120.5"}
    assert descriptor["fields"][1]["constraints"] == {"enum": ["a", "b", "c"]}
    assert descriptor["fields"][-1] == {"name": "y", "type": "string", "constraints": {"enum": ["0", "1"]}}


def test_the_design_spreads_categories_and_flags():
    assert SCHEMA.names == ("age", "type", "dose")
    assert SCHEMA.design_names == ("age", "type=a", "type=b", "type=c", "dose", "dose missing")


def test_a_number_is_read_at_its_fields_resolution():
    assert resolution(SCHEMA.fields[0]) == -14


@pytest.mark.parametrize(
    "field",
    [number("", exponent=1), number("x", exponent=101), number("x", minimum="low"), number("x" * 121)],
)
def test_fields_beyond_their_limits_are_malformed(field):
    with pytest.raises(Malformed):
        Schema.decode(Schema((field,), SCHEMA.label).encode())


def test_a_descriptor_without_its_label_is_refused():
    descriptor = SCHEMA.to_frictionless()
    descriptor["fields"] = descriptor["fields"][:-1]
    with pytest.raises(KeyError):
        from_frictionless(descriptor)


@pytest.mark.parametrize(
    ("cells", "classes"),
    [(["0", "1", "0"], ("0", "1")), (["1", "2", "3.5"], ()), (["a", "b", "a"], ("a", "b"))],
)
def test_a_label_that_may_be_either_is_a_number_when_it_has_more_than_two_of_them(cells, classes):
    raw = RawTable("f.csv", ("x", "y"), ("", ""), [["1", cell] for cell in cells], [2, 3, 4])
    assert infer_schema([raw], "y", task="either").label.classes == classes


def test_a_label_that_may_be_either_is_no_number_with_words_among_it():
    raw = RawTable("f.csv", ("x", "y"), ("", ""), [["1", cell] for cell in "12a"], [2, 3, 4])
    with pytest.raises(DataError, match="third class"):
        infer_schema([raw], "y", task="either")


def test_a_text_of_few_records_is_told_to_nobody_unless_its_column_is_public():
    def rows(remarks):
        cells = [[str(n), remark, str(n % 2)] for n, remark in enumerate(remarks)]
        return RawTable("f.csv", ("x", "remark", "y"), ("",) * 3, cells, list(range(2, 2 + len(cells))))

    common = rows(["mild"] * 3 + ["severe"] * 3)
    check_texts(infer_schema([common], "y"), common)
    rare = rows(["mild"] * 3 + ["severe"] * 3 + ["has asked for Dr Eve"] * 2)
    schema = infer_schema([rare], "y")
    with pytest.raises(DataError, match=r'column "remark": 1 of its 3 texts stand in fewer than 3') as caught:
        check_texts(schema, rare)
    assert "Eve" not in str(caught.value)
    check_texts(schema, rare, ["remark"])
    for name in ("remarks", "x", "y"):
        with pytest.raises(DataError, match=f'column "{name}": no such column of texts'):
            check_texts(schema, rare, ["remark", name])
