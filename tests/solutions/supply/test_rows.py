"""Events of a CSV file are held to the rules of EPCIS like all others."""

import gzip

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.reading import read

HEAD = "type,time,action,step,place,parent,things,children,inputs,outputs,lot,id"
LOT, CASE = "urn:epc:class:lgtin:9521141.010001.F1", "urn:epc:id:sgtin:9521141.130003.1"
PALLET = "urn:epc:id:sscc:9521141.0000000001"
MADE = f"TransformationEvent,2026-03-01T08:00:00+01:00,,,,,,,{LOT};100;KGM {LOT}2;2.5;KGM,{LOT}3;,,"
PACKED = f"AggregationEvent,2026-03-01T10:00:00Z,ADD,packing,,{PALLET},,{CASE},,,,urn:uuid:1"
BORN = f'ObjectEvent,2026-03-01T09:00:00Z,ADD,commissioning,,,"{CASE} {CASE}9",,,,P1,'


def written(folder, *rows, head=HEAD, name="events.csv"):
    data = "\n".join([head, *rows, ""]).encode()
    path = folder / name
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz"])
def test_rows_become_events(tmp_path, name):
    found = read(written(tmp_path, MADE, BORN, PACKED, name=name))
    assert found.rejected == ()
    made, born, packed = found.found
    assert [(each.quantity, each.unit) for each in made.inputs] == [(100.0, "KGM"), (2.5, "KGM")]
    assert (len(made.outputs), made.outputs[0].quantity) == (1, None)
    assert made.body["eventTimeZoneOffset"] == "+01:00"
    assert (len(born.things), born.lot, born.step) == (2, "P1", "commissioning")
    assert (packed.parent[-14:], packed.body["eventID"]) == ("11410000000014", "urn:uuid:1")
    assert packed.where == f"{name}, row 4"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (BORN.replace("09:00:00Z", "09:00:00"), "eventTimeZoneOffset"),
        (BORN.replace("ADD", "PUT"), "action 'PUT' is none of ADD"),
        (BORN.replace("ObjectEvent", "\x1b[2J"), r"type '\\x1b[2J' is none of EPCIS"),
        (BORN.replace("ObjectEvent", ""), "type is missing"),
        (MADE.replace("KGM", "kilos"), "is no unit of UN/CEFACT"),
        (MADE.replace(";100;", ";many;"), "quantity 'many' in inputs is no amount"),
        (MADE.replace(";100;", ";-1;"), "is no amount"),
        (MADE.replace(LOT, "F1"), "is no identifier"),
        (BORN + ",more", "13 cells, the header has 12"),
        ('ObjectEvent,"2026', "no row of CSV: a quote is not closed"),
    ],
)
def test_a_row_that_is_no_event_is_told_by_its_number_and_the_rest_is_read(tmp_path, row, why):
    found = read(written(tmp_path, PACKED, row, BORN))
    (rejected,) = found.rejected
    assert rejected.why.startswith("events.csv, row 3: ")
    assert why in rejected.why.replace("'\\x1b", r"'\\x1b")
    assert len(found.found) == 2


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("type,things", "no column 'time'"),
        (f"{HEAD},weight", "weight"),
        (f"{HEAD},type", "there twice"),
        ("", "the file is empty"),
        ('"type', "a quote is not closed"),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path, head, why):
    with pytest.raises(DataError, match=why):
        read(written(tmp_path, head=head))
