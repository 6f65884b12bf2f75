"""Records drawn at random from nothing but their annotations, and values that break a limit of theirs."""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from consortia.base.codec import INTEGER_MAX, INTEGER_MIN, R, Record
from consortia.kernel.module import Module

PLAIN = st.none() | st.booleans() | st.integers(INTEGER_MIN, INTEGER_MAX) | st.text(max_size=8)
"""What stands where a record allows any value of the codec."""


def kinds_of(module: Module) -> list[type[Record]]:
    """Every record type that a module declares: messages, events, entries, questions, answers, genesis."""
    kinds: list[type[Record]] = [
        *(method.message for method in module.methods),
        *module.events,
        *(kept.kind for kept in module.tables),
        *(query.arguments for query in module.queries),
    ]
    return kinds + ([] if module.genesis is None else [module.genesis.kind])


@cache
def records(kind: type[R]) -> st.SearchStrategy[R]:
    """Records of this kind, every field within its limits.

    One strategy a kind for as long as the process lives: hypothesis looks over each new one at length.
    """
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{kind.__name__} is no record")
    fields = {field.name: _drawn(field.type) for field in info.fields}
    return st.builds(kind, **fields)


def oversize(kind: type[Record]) -> st.SearchStrategy[list[tuple[str, object]]]:
    """For every limited field of a record, a value just beyond its limit, as (field, value)."""
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{kind.__name__} is no record")
    beyond = [(field.name, _beyond(field.type)) for field in info.fields]
    return st.just([(name, value) for name, value in beyond if value is not None])


def unlimited(kind: type[Record]) -> list[str]:
    """The fields of a record, nested ones included, whose size has no limit."""
    return _unlimited(inspect.type_info(kind), kind.__name__)


def _plain(info: inspect.Type) -> inspect.Type:
    return _plain(info.type) if isinstance(info, inspect.Metadata) else info


def _drawn(found: inspect.Type) -> st.SearchStrategy[Any]:
    info = _plain(found)
    match info:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            low = INTEGER_MIN if info.ge is None else info.ge
            return st.integers(low, INTEGER_MAX if info.le is None else info.le)
        case inspect.BytesType():
            return st.binary(
                min_size=info.min_length or 0,
                max_size=max(info.min_length or 0, min(info.max_length or 64, 128)),
            )
        case inspect.StrType():
            return _text(info)
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.UnionType():
            return st.one_of([_drawn(each) for each in info.types])
        case inspect.TupleType():
            return st.tuples(*[_drawn(each) for each in info.item_types])
        case inspect.VarTupleType():
            least = info.min_length or 0
            most = min(least + 3, least + 3 if info.max_length is None else info.max_length)
            return st.lists(_drawn(info.item_type), min_size=least, max_size=most).map(tuple)
        case inspect.StructType():
            return records(info.cls)
        case inspect.DictType():
            return st.dictionaries(_drawn(info.key_type), _drawn(info.value_type), max_size=3)
        case inspect.AnyType():
            return PLAIN
    raise TypeError(f"no record of the law holds a {type(info).__name__}")


def _text(info: inspect.StrType) -> st.SearchStrategy[str]:
    most = 40 if info.max_length is None else info.max_length
    if info.pattern is not None:
        return st.from_regex(info.pattern).filter(lambda text: (info.min_length or 0) <= len(text) <= most)
    return st.text(st.characters(codec="utf-8"), min_size=info.min_length or 0, max_size=min(most, 100))


def _beyond(found: inspect.Type) -> object:
    """A value of the right type just beyond the limit; None where there is no such value."""
    info = _plain(found)
    match info:
        case inspect.IntType() if info.le is not None and info.le < INTEGER_MAX:
            return info.le + 1
        case inspect.BytesType() if info.max_length is not None:
            return bytes(info.max_length + 1)
        case inspect.StrType() if info.max_length is not None:
            return "a" * (info.max_length + 1)
        case inspect.StrType() if info.pattern is not None:
            return "a" * 1001
        case inspect.VarTupleType() if info.max_length is not None:
            return (None,) * (info.max_length + 1)
        case inspect.LiteralType():
            return "no such word"
        case inspect.UnionType():
            beyond = [_beyond(each) for each in info.types if not isinstance(_plain(each), inspect.NoneType)]
            return beyond[0] if len(beyond) == 1 else None
    return None


def _unlimited(found: inspect.Type, where: str) -> list[str]:
    info = _plain(found)
    match info:
        case inspect.BytesType() | inspect.VarTupleType() if info.max_length is None:
            return [where]
        case inspect.StrType() if info.max_length is None and info.pattern is None:
            return [where]
        case inspect.IntType() if info.le is None or info.ge is None:
            return [where]
        case inspect.VarTupleType():
            return _unlimited(info.item_type, where)
        case inspect.TupleType():
            return [finding for each in info.item_types for finding in _unlimited(each, where)]
        case inspect.UnionType():
            return [finding for each in info.types for finding in _unlimited(each, where)]
        case inspect.StructType():
            return [f for field in info.fields for f in _unlimited(field.type, f"{where}.{field.name}")]
    return []
