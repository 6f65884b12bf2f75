# Long because the rows of every reader, good and bad, stand side by side.
"""Files of strangers for every reader of the fields: good rows, bad ones of each kind, and nonsense.

`python -m tests.solutions.big_input READER ROWS` reads a file of so many rows, one in a hundred of them bad,
and a nonsense file of as many bytes as a hundred times the rows; it prints what was read, how long it took in
processor time and the peak of memory.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from consortia.engines.train.files import DataError
from consortia.solutions.city.flow_things import read_flows
from consortia.solutions.city.meter_things import read_meters, things_of
from consortia.solutions.city.readings import Reading as Hour
from consortia.solutions.finance.fraud.cards import read_cards
from consortia.solutions.health.fhir.mapping import fhir_mapping
from consortia.solutions.health.fhir.reading import read as read_fhir
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.omop.mapping import omop_mapping
from consortia.solutions.health.omop.reading import find
from consortia.solutions.health.omop.tables import omop_table
from consortia.solutions.health.sheets import sheet_mapping, sheet_table
from consortia.solutions.personal.reading import read_had
from consortia.solutions.supply.epcis.reading import read as read_events
from tests.solutions.big_money import MONEY, transfers_around
from tests.solutions.big_rows import EVERY, HOSTILE, PEOPLE, UNQUOTED, Reader, Taken, change, day, moment


def observation(number: int) -> str:
    """A measured height."""
    return json.dumps(
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
            "subject": {"reference": f"Patient/p{number % PEOPLE}"},
            "effectiveDateTime": f"{day(number)}T10:00:00+01:00",
            "valueQuantity": {"value": 170.5, "code": "cm"},
        }
    )


def patients(between: str) -> str:
    """Those whom observations are about."""
    rows = ({"resourceType": "Patient", "id": f"p{at}", "gender": "female"} for at in range(PEOPLE))
    return "".join(json.dumps(each) + between for each in rows)


FHIR = fhir_mapping(
    {
        "fhir": "4.0.1",
        "day": "2026-01-01",
        "columns": [{"name": "height", "take": "observation", "code": "8302-2", "unit": "cm"}],
    },
    "map.json",
)


def take_fhir(path: Path) -> Taken:
    """Resources that were used."""
    resources = read_fhir(path)
    study = study_table(resources, FHIR)
    assert len(study.rows) == PEOPLE
    return resources.count - PEOPLE - (len(study.rejected) - len(resources.rejected)), study.rejected


OMOP = omop_mapping(
    {
        "omop": "5.4",
        "day": "2026-01-01",
        "columns": [
            {"name": "height", "take": "measurement", "concept": 3036277, "unit": "cm", "unit_concept": 8582}
        ],
    },
    "map.json",
)


def take_omop(path: Path) -> Taken:
    """Rows that were used of measurement, with a table of people beside it."""
    people = path.parent / "person.csv"
    rows = (f"{at},8532,1960,7,1" for at in range(PEOPLE))
    people.write_text(
        "\n".join(["person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth", *rows])
    )
    cdm = find([people, path])
    study = omop_table(cdm, OMOP)
    return cdm.read - PEOPLE - len(study.rejected), study.rejected


def measurement(number: int) -> str:
    """A measured height."""
    return f"{number},{number % PEOPLE},3036277,{day(number)},170.5,8582"


SHEET = sheet_mapping(
    {
        "csv": "1",
        "day": "2026-01-01",
        "patient": "pid",
        "columns": [
            {"name": "age", "take": "age", "column": "born"},
            {"name": "height", "take": "number", "column": "height", "unit": "cm"},
        ],
    },
    "map.json",
)


def patient(number: int) -> str:
    """A patient as a row of a hospital's own file."""
    return f"p{number},1960-07-01,170.5"


def take_sheet(path: Path) -> Taken:
    """Patients that were used."""
    study = sheet_table(path, SHEET)
    return len(study.rows), study.rejected


def event(number: int) -> str:
    """A case that is packed."""
    return json.dumps(
        {
            "type": "AggregationEvent",
            "eventTime": moment(number, timedelta(minutes=1)),
            "eventTimeZoneOffset": "+00:00",
            "action": "ADD",
            "parentID": f"urn:epc:id:sscc:9521141.{number % 10**10:010}",
            "childEPCs": [f"urn:epc:id:sgtin:9521141.130003.{number}"],
            "bizStep": "packing",
        }
    )


EVENTS_BAD = {
    "a missing field": change(event, '"action"', '"acti"'),
    "a wrong zone": change(event, "+00:00", "Berlin"),
    "a time without a zone": change(event, 'Z"', '"'),
    "a hostile name": change(event, "urn:epc:id:sscc", json.dumps(HOSTILE)[1:-1]),
    "no event": lambda _: "3",
}


def packed(number: int) -> str:
    """The same as a row."""
    parent = f"urn:epc:id:sscc:9521141.{number % 10**10:010}"
    things = f"urn:epc:id:sgtin:9521141.130003.{number}"
    return f"AggregationEvent,{moment(number, timedelta(minutes=1))},ADD,{parent},{things}"


def take_events(path: Path) -> Taken:
    """Events."""
    found = read_events(path)
    return len(found.found), found.rejected


def entity(kind: str, number: int, **values: object) -> str:
    """An entity of NGSI-LD."""
    return json.dumps({"id": f"urn:ngsi-ld:{kind}:s{number}", "type": kind, "@context": [], **values})


def metered(number: int) -> str:
    """An hour of a meter."""
    begin, end = moment(number), moment(number + 1)
    told = {"type": "Property", "value": 1.25, "unitCode": "KWH"}
    return entity(
        "ACMeasurement",
        number,
        dateEnergyMeteringStarted=begin,
        dateObserved=end,
        totalActiveEnergyImport=told,
        totalActiveEnergyExport=told,
        refDevice={"type": "Relationship", "object": f"urn:ngsi-ld:Device:m{number % PEOPLE}"},
    )


def flow(number: int) -> str:
    """What a sensor of traffic saw in an hour."""
    return entity(
        "TrafficFlowObserved",
        number,
        dateObservedFrom=moment(number),
        dateObservedTo=moment(number + 1),
        averageVehicleSpeed={"type": "Property", "value": 48.5, "unitCode": "KMH"},
    )


def take_readings(path: Path) -> Taken:
    """Hours of meters."""
    found = read_meters(path)
    return len(found.found), found.rejected


def thing(number: int) -> str:
    """A home with one hour, as a thing."""
    return json.dumps(things_of([Hour(f"h{number}", 490_000 + number % 9_000, 12, 3)])[0])


def sensor(number: int) -> str:
    """A sensor with one hour, as a thing."""
    stream = {
        "ObservedProperty": {"name": "averageVehicleSpeed"},
        "unitOfMeasurement": {"symbol": "km/h"},
        "Observations": [{"phenomenonTime": f"{moment(number)}/{moment(number + 1)}", "result": 48.5}],
    }
    return json.dumps({"name": f"s{number}", "Datastreams": [stream]})


def take_flows(path: Path) -> Taken:
    """Hours of sensors."""
    found = read_flows(path)
    return len(found.found), found.rejected


def reading(number: int) -> str:
    """An hour of a meter as a row."""
    return f"m{number % PEOPLE},{moment(number)},1.25,0"


def rating(number: int) -> str:
    """That a person had an item."""
    return f"p{number % PEOPLE},i{number},{moment(number, timedelta(seconds=1))}"


def take_had(path: Path) -> Taken:
    """What people had."""
    found = read_had(path)
    return len(found.had), found.rejected


def card(number: int) -> str:
    """A card payment."""
    return f"{moment(number, timedelta(seconds=1))},{number % PEOPLE},{number % 77},12.5,0"


def take_cards(path: Path) -> Taken:
    """Card payments."""
    found = read_cards(path)
    return len(found.cards), found.rejected


FHIR_BAD = {
    "a wrong unit": change(observation, '"cm"', '"[in_i]"'),
    "no zone": change(observation, "+01:00", ""),
    "a missing field": change(observation, "effectiveDateTime", "effective"),
    "a stranger": change(observation, "Patient/p", "Patient/x"),
    "a duplicate": lambda _: observation(0),
    "a hostile name": change(observation, "Patient/p", json.dumps(HOSTILE)[1:-1]),
    "no resource": lambda _: "{}",
}
DOCUMENT = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-01T12:00:00Z",
}
BUNDLE = '{"resourceType":"Bundle","entry":['
OMOP_HEAD = "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,unit_concept_id"

READERS = {
    "patients.ndjson": Reader(
        "FHIR, NDJSON",
        observation,
        {**FHIR_BAD, "no JSON": lambda _: "{"},
        take_fhir,
        before=patients("\n"),
    ),
    "patients.json": Reader(
        "FHIR, a bundle",
        lambda number: f'{{"resource":{observation(number)}}}',
        {kind: (lambda number, row=row: f'{{"resource":{row(number)}}}') for kind, row in FHIR_BAD.items()},
        take_fhir,
        before=BUNDLE
        + patients(",").replace('{"resourceType"', '{"resource":{"resourceType"').replace("},", "}},"),
        between=",\n",
        after="]}",
        most=200_000,
    ),
    "measurement.csv": Reader(
        "OMOP",
        measurement,
        {
            "a wrong unit": change(measurement, ",8582", ",9327"),
            "a time": change(measurement, ",170.5", "T10:00:00+01:00,170.5"),
            "a missing cell": change(measurement, ",170.5", ""),
            "a stranger": lambda number: measurement(number).replace(f",{number % PEOPLE},", ",999999,"),
            "a duplicate": lambda _: measurement(0),
            "a hostile name": change(measurement, "170.5", HOSTILE),
            **UNQUOTED,
        },
        take_omop,
        before=OMOP_HEAD + "\n",
    ),
    "patients.csv": Reader(
        "patients, CSV",
        patient,
        {
            "no day": change(patient, "1960-", "60-"),
            "no number": change(patient, "170.5", "tall"),
            "a missing cell": change(patient, ",170.5", ""),
            "a duplicate": lambda _: patient(0),
            "a hostile name": change(patient, "p", HOSTILE),
            **UNQUOTED,
        },
        take_sheet,
        before="pid,born,height [cm]\n",
    ),
    "events.ndjson": Reader("EPCIS, NDJSON", event, {**EVENTS_BAD, "no JSON": lambda _: "{"}, take_events),
    "events.json": Reader(
        "EPCIS, a document",
        event,
        EVENTS_BAD,
        take_events,
        before=json.dumps(DOCUMENT)[:-1] + ',"epcisBody":{"eventList":[',
        between=",\n",
        after="]}}",
        most=200_000,
    ),
    "events.csv": Reader(
        "EPCIS, CSV",
        packed,
        {
            "a missing cell": change(packed, ",ADD,", ","),
            "a wrong action": change(packed, "ADD", "PUT"),
            "no zone": change(packed, "Z,ADD", ",ADD"),
            "a hostile name": change(packed, "urn:epc:id:sscc", HOSTILE),
            **UNQUOTED,
        },
        take_events,
        before="type,time,action,parent,children\n",
    ),
    **MONEY,
    "meters.ndjson": Reader(
        "NGSI-LD, ACMeasurement",
        metered,
        {
            "a wrong unit": change(metered, "KWH", "JOU"),
            "a wrong version": change(metered, '"@context"', '"context"'),
            "a missing field": change(metered, "dateObserved", "observed"),
            "no zone": change(metered, 'Z", "totalActiveEnergyImport', '", "totalActiveEnergyImport'),
            "a duplicate": lambda _: metered(0),
            "a hostile name": change(metered, "Device:m", "Device:" + json.dumps(HOSTILE)[1:-1]),
            "no JSON": lambda _: "{",
        },
        take_readings,
    ),
    "things.ndjson": Reader(
        "SensorThings, meters",
        thing,
        {
            "a wrong unit": change(thing, '"W.h"', '"J"'),
            "no streams": change(thing, "Datastreams", "Streams"),
            "a missing way": change(thing, '"name": "fed"', '"name": "fee"'),
            "a duplicate": lambda _: thing(0),
            "a hostile name": change(thing, '{"name": "h', '{"name": "' + json.dumps(HOSTILE)[1:-1]),
            "no JSON": lambda _: "{",
        },
        take_readings,
        most=200_000,
    ),
    "flows.ndjson": Reader(
        "NGSI-LD, TrafficFlowObserved",
        flow,
        {
            "a wrong unit": change(flow, "KMH", "KNT"),
            "a wrong version": change(flow, '"@context"', '"context"'),
            "a missing field": change(flow, "dateObservedTo", "observed"),
            "a duplicate": lambda _: flow(0),
            "a hostile name": change(flow, "Observed:s", "Observed:" + json.dumps(HOSTILE)[1:-1]),
            "no JSON": lambda _: "{",
        },
        take_flows,
    ),
    "sensors.ndjson": Reader(
        "SensorThings, sensors of traffic",
        sensor,
        {
            "a wrong unit": change(sensor, "km/h", "kn"),
            "no streams": change(sensor, "Datastreams", "Streams"),
            "no zone": change(sensor, "Z/", "/"),
            "a duplicate": lambda _: sensor(0),
            "a hostile name": change(sensor, '"s', '"' + json.dumps(HOSTILE)[1:-1]),
            "no JSON": lambda _: "{",
        },
        take_flows,
    ),
    "meters.csv": Reader(
        "meters, CSV",
        reading,
        {
            "no number": change(reading, "1.25", "much"),
            "no zone": change(reading, "Z,", ","),
            "a missing cell": change(reading, ",1.25,0", ""),
            "a duplicate": lambda _: reading(0),
            "a hostile name": change(reading, "m", HOSTILE),
            **UNQUOTED,
        },
        take_readings,
        before="meter,time,drawn [kWh],fed [kWh]\n",
    ),
    "ratings.csv": Reader(
        "ratings, CSV",
        rating,
        {
            "no zone": change(rating, "Z", ""),
            "a missing cell": change(rating, ",20", "20"),
            "a duplicate": lambda _: rating(0),
            "a hostile name": change(rating, "p", HOSTILE),
            **UNQUOTED,
        },
        take_had,
        before="person,item,time\n",
    ),
    "cards.csv": Reader(
        "cards, CSV",
        card,
        {
            "no number": change(card, "12.5", "much"),
            "a missing cell": change(card, ",12.5,0", ""),
            "a hostile name": change(card, ",12.5", f",{HOSTILE}"),
            **UNQUOTED,
        },
        take_cards,
        before="time,customer,terminal,amount,fraud\n",
    ),
}


def write(path: Path, rows: int) -> tuple[int, int]:
    """Write a reader's file; how many rows are good, and how many bad."""
    reader = READERS[path.name]
    if path.name == "transfers.xml":
        before, after = transfers_around(rows)
        reader = Reader(reader.name, reader.good, reader.bad, reader.read, before, "\n", after)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(reader.lines(rows))
    bad = rows // EVERY
    return rows - bad, bad


def nonsense(path: Path, size: int) -> Iterator[tuple[str, Path]]:
    """Files of so many bytes that hold nothing, behind what such a file begins with and without it."""
    reader, chance = READERS[path.name], Random(26)
    noise = chance.randbytes(1 << 20)
    words = b"".join(b"%x,\n" % chance.getrandbits(60) for _ in range(1 << 16))
    head = reader.before.encode() or b"{"
    for kind, start, piece in (
        ("noise", b"", noise),
        ("noise behind a header", head, noise),
        ("short lines", head, words),
        ("one long line", head, b"a" * (1 << 20)),
        ("zeros", b"", bytes(1 << 20)),
        ("brackets", b"", b"[" * (1 << 20)),
        ("an open quote", head + b'"', b"a,\n" * (1 << 18)),
        ("empty lines", head, b"\n" * (1 << 20)),
        ("blank lines", head, b" \t\n" * (1 << 18)),
    ):
        with path.open("wb") as file:
            file.write(start)
            left = size
            while left > 0:
                left -= file.write(piece[:left])
        yield kind, path


def main(name: str, rows: int) -> None:
    """Read one reader's files at their true size and print what came of it."""
    with TemporaryDirectory() as folder:
        path, reader = Path(folder) / name, READERS[name]
        rows = min(rows, reader.most)
        good, bad = write(path, rows)
        begun, size = time.process_time(), path.stat().st_size
        taken, rejected = reader.read(path)
        seconds = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        told = {
            "reader": reader.name,
            "rows": rows,
            "MB": size >> 20,
            "seconds": round(seconds, 1),
            "peak MB": peak,
        }
        told["as it should be"] = (taken, len(rejected)) == (good, bad)
        print(
            json.dumps(told | {"found": taken, "rejected": len(rejected), "first": rejected[0].why[:150]}),
            flush=True,
        )
        del taken, rejected
        for kind, nothing in nonsense(path, rows * 100):
            begun = time.process_time()
            try:
                found, wrong = reader.read(nothing)
                said = f"found {found}, rejected {len(wrong)}"
            except DataError as error:
                said = str(error)[:150]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            seconds = round(time.process_time() - begun, 1)
            print(
                json.dumps({"nonsense": kind, "seconds": seconds, "peak MB": peak, "said": said}), flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
