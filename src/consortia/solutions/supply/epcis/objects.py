"""JSON as objects, with what most events say held in memory once, as so many of them are read at once."""

import json
from typing import Any

from consortia.engines.train.files import DataError
from consortia.solutions.json_objects import said_once

_WORDS = {
    word: word
    for word in (
        *("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"),
        *("ADD", "OBSERVE", "DELETE", "+00:00", "commissioning", "packing", "shipping", "receiving"),
        *("type", "eventID", "eventTime", "eventTimeZoneOffset", "recordTime", "action", "bizStep"),
        *("disposition", "readPoint", "bizLocation", "id", "parentID", "childEPCs", "epcList"),
        *("quantityList", "childQuantityList", "epcClass", "quantity", "uom", "in_transit"),
        *("inputEPCList", "outputEPCList", "inputQuantityList", "outputQuantityList", "transformationID"),
    )
}


def json_of(text: str, where: str) -> Any:  # noqa: ANN401 (any JSON)
    """What JSON says, with no number that is none and no name twice in one object; raises DataError.

    Of a field that stands twice others may read the first: one event would be two. Of an event's own name
    the last counts, as one of GS1's samples has two: the event's hash, which names it here, leaves it out.
    """

    def no_constant(word: str) -> None:
        raise DataError(f"{word} is no number.")

    try:
        return json.loads(text, parse_constant=no_constant, object_pairs_hook=_object)
    except RecursionError:
        raise DataError(f"{where}: it is nested too deep.") from None
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    except ValueError as error:
        raise DataError(f"{where}: no JSON: {error}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = _WORDS
    said = [
        (known.get(name, name), known.get(value, value) if isinstance(value, str) else value)
        for name, value in pairs
    ]
    found = dict(said)
    if len(found) == len(said):
        return found
    said_once([pair for pair in said if pair[0] != "eventID"])
    return found
