"""SensorThings (OGC 18-088) in JSON: things with their data streams and observations inside.

Read are a list of things, an answer's `value`, or a thing a line (.ndjson). The name of a stream's
ObservedProperty says what it is of, its unitOfMeasurement the unit, an observation's phenomenonTime when
(from its begin to its end), and its result how much.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from consortia.engines.train.files import DataError, shown

PEEKED_MAX = 1_000
"""So many lines that are no JSON may stand before what shows the kind of a file."""

Values = Iterable[tuple[int, str, object]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A data stream: the symbol of its unit, and its observations, not looked into yet."""

    symbol: str
    observations: list[Any]


def things_or_not(values: Values) -> tuple[bool, Values]:
    """Whether a file's values are things (else they are entities of NGSI-LD), and all of its values."""
    rest, head = iter(values), []
    for each in rest:
        head.append(each)
        if isinstance(each[2], dict) or len(head) == PEEKED_MAX:
            break
    first = head[-1][2] if head else None
    told = isinstance(first, dict) and ("Datastreams" in first or isinstance(first.get("value"), list))
    return told, chain(head, rest)


def things_in(values: Values) -> Iterator[tuple[str, object]]:
    """The place and value of each thing, also out of an answer to a query."""
    for _, where, value in values:
        answer = value.get("value") if isinstance(value, dict) else None
        if isinstance(answer, list):
            yield from ((f"{where}, thing {at}", each) for at, each in enumerate(answer, start=1))
        else:
            yield where, value


def streams_of(
    where: str, thing: object, wanted: Sequence[str], other: Sequence[str] = ()
) -> tuple[str, dict[str, Stream]]:
    """A thing's name, and its streams by the name of what they observe.

    Each of `wanted` is there; of `other`, those that the thing has. Raises DataError, also for an unreadable
    value.
    """
    if isinstance(thing, DataError):
        raise thing
    if not isinstance(thing, Mapping) or not isinstance(thing.get("Datastreams"), list):
        raise DataError(f"{where}: no thing with Datastreams inside")
    found = {}
    for name in (*wanted, *other):
        streams = [each for each in thing["Datastreams"] if _named(each, "ObservedProperty", "name") == name]
        if not streams and name in other:
            continue
        if len(streams) != 1:
            raise DataError(f"{where}: {len(streams)} Datastreams of {name}; one is wanted")
        observations = streams[0].get("Observations")
        if not isinstance(observations, list):
            raise DataError(f"{where}, {name}: Observations is no list")
        found[name] = Stream(str(_named(streams[0], "unitOfMeasurement", "symbol")), observations)
    return str(thing.get("name")), found


def span_of(where: str, observation: object) -> tuple[str, str]:
    """When an observation's phenomenon began and ended, as it is written; raises DataError."""
    if not isinstance(observation, Mapping):
        raise DataError(f"{where}: this is no observation")
    begin, slash, end = str(observation.get("phenomenonTime")).partition("/")
    if not slash:
        raise DataError(f"{where}: phenomenonTime {shown(begin)!r} is no time from and to")
    return begin, end


def result_of(where: str, observation: Mapping[str, Any]) -> int | Decimal:
    """An observation's number; raises DataError for anything else."""
    result = observation.get("result")
    if isinstance(result, bool) or not isinstance(result, int | Decimal):
        raise DataError(f"{where}: result {shown(str(result))!r}; a number is wanted")
    return result


def _named(value: object, field: str, name: str) -> object:
    inner = value.get(field) if isinstance(value, Mapping) else None
    return inner.get(name) if isinstance(inner, Mapping) else None
