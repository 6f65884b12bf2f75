"""Forms made from the records of messages, so that no message of any room has a form of its own.

Each field stands in an element whose `data-kind` says what its value is: what `static/acts.js` collects is
the message, typed, and nothing is sent by the form itself, whose inputs have no names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import inspect

from consortia.base.codec import Record
from consortia.sdk.html import Child, Html, join, tag
from consortia.sdk.values import is_moment, words

LONG_CHARACTERS = 200
"""A text that may be longer than this gets several lines."""

_MILLISECONDS_DIGITS_MAX = 14


@dataclass(frozen=True, slots=True)
class Filling:
    """What a form is filled in with, by the dotted path of the field; and hints that replace the usual."""

    values: Mapping[str, str]
    hints: Mapping[str, str]


def fields(kind: type[Record], filling: Filling, *, but: str = "") -> Html:
    """The fields of a record, `but` one."""
    return _fields(inspect.type_info(kind), "", filling, but)


def action(method: str, message: type[Record], filling: Filling) -> Html:
    """The one action of a proposal, as the fields of the message that it is."""
    inside = tag("div", fields(message, filling), class_="inside")
    legend = tag("legend", words(method.replace(".", ": ")))
    return tag(
        "fieldset",
        legend,
        inside,
        class_="field",
        data_name="actions",
        data_kind="action",
        data_method=method,
    )


def _fields(info: inspect.Type, path: str, filling: Filling, but: str = "") -> Html:
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{info} has no fields")
    below = f"{path}." if path else ""
    held = [one for one in info.fields if one.name != but]
    return join(*(_field(one.type, one.name, f"{below}{one.name}", filling) for one in held))


def _field(info: inspect.Type, name: str, path: str, filling: Filling, *, optional: bool = False) -> Html:
    match info:
        case inspect.Metadata():
            return _field(info.type, name, path, filling, optional=optional)
        case inspect.UnionType():
            others = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            return _field(others[0], name, path, filling, optional=True)
        case inspect.StructType():
            return _group("record", name, _fields(info, path, filling), path, filling, optional=optional)
        case inspect.TupleType():
            inner = [
                _field(one, f"{at + 1}", f"{path}.{at}", filling) for at, one in enumerate(info.item_types)
            ]
            return _group("tuple", name, join(*inner), path, filling, optional=optional)
        case inspect.VarTupleType() | inspect.ListType():
            return _list(info, name, path, filling, optional=optional)
    return _single(info, name, path, filling, optional=optional)


def _list(
    info: inspect.VarTupleType | inspect.ListType, name: str, path: str, filling: Filling, *, optional: bool
) -> Html:
    item = _bare(info.item_type)
    if isinstance(item, inspect.LiteralType):
        held = set(filling.values.get(path, "").split())
        boxes = [
            tag(
                "label", tag("input", type_="checkbox", value=one, checked=one in held), f" {words(str(one))}"
            )
            for one in sorted(item.values, key=str)
        ]
        return _group("choices", name, join(*boxes), path, filling, optional=optional)
    if isinstance(item, inspect.IntType | inspect.StrType | inspect.BytesType):
        box = tag("textarea", filling.values.get(path, ""), rows=3, spellcheck="false", required=_needs(info))
        return _labelled("lines", name, box, path, filling, optional=optional, data_item=_kind(item))
    row = tag("div", _field(item, "one", f"{path}.", filling), tag("p", _remove()), class_="row")
    inner = join(
        tag("div", class_="rows"),
        tag("template", row),
        tag("p", tag("button", f"Add to {words(name)}", type_="button", class_="add")),
    )
    return _group("list", name, inner, path, filling, optional=optional)


def _remove() -> Html:
    return tag("button", "Take away", type_="button", class_="remove")


def _needs(info: inspect.VarTupleType | inspect.ListType) -> bool:
    return bool(info.min_length)


def _single(info: inspect.Type, name: str, path: str, filling: Filling, *, optional: bool) -> Html:
    given = filling.values.get(path, "")
    match info:
        case inspect.LiteralType() | inspect.BoolType():
            values = ("yes", "no") if isinstance(info, inspect.BoolType) else info.values
            known = [tag("option", words(str(one)), value=one, selected=str(one) == given) for one in values]
            blank = tag("option", "not said" if optional else "choose", value="")
            box = tag("select", blank, *known, required=not optional)
        case inspect.StrType():
            box = _text(info, given, optional=optional)
        case inspect.IntType():
            if is_moment(name):
                box = tag("input", type_="datetime-local", step=1, value=_clock(given), required=not optional)
                return _labelled("moment", name, box, path, filling, optional=optional)
            box = tag(
                "input", inputmode="numeric", value=given, pattern="-?[0-9]{1,20}", required=not optional
            )
        case inspect.BytesType():
            low, high = info.min_length, info.max_length
            box = tag(
                "input",
                value=given,
                pattern="([0-9a-f]{2})*",
                minlength=None if low is None else 2 * low,
                maxlength=None if high is None else 2 * high,
                spellcheck="false",
                class_="hex",
                required=not optional and low != 0,
            )
        case _:
            box = tag("textarea", given or "{}", rows=6, spellcheck="false", class_="hex")
    kind = _kind(info)
    return _labelled(kind, name, box, path, filling, optional=optional)


def _text(info: inspect.StrType, given: str, *, optional: bool) -> Html:
    pattern = None if info.pattern is None else info.pattern.replace(r"\Z", "$")
    required = not optional and bool(info.min_length or pattern)
    if (info.max_length or 0) > LONG_CHARACTERS:
        return tag("textarea", given, rows=4, maxlength=info.max_length, required=required)
    limit = info.max_length
    return tag("input", value=given, maxlength=limit, data_pattern=pattern, required=required)


def _clock(given: str) -> str:
    """UTC milliseconds as the browser's field for a time takes them."""
    if not (given.isascii() and given.isdecimal() and len(given) <= _MILLISECONDS_DIGITS_MAX):
        return ""
    return f"{datetime.fromtimestamp(int(given) // 1000, UTC):%Y-%m-%dT%H:%M:%S}"


def _kind(info: inspect.Type) -> str:
    match info:
        case inspect.LiteralType():
            return "choice"
        case inspect.BoolType():
            return "boolean"
        case inspect.StrType():
            return "text"
        case inspect.IntType():
            return "integer"
        case inspect.BytesType():
            return "bytes"
    return "any"


def _bare(info: inspect.Type) -> inspect.Type:
    return _bare(info.type) if isinstance(info, inspect.Metadata) else info


_HINTS = {
    "bytes": "hex digits",
    "moment": "UTC",
    "lines": "one a line",
    "any": "JSON, bytes as hex",
    "integer": "a whole number",
}


def _hint(kind: str, path: str, filling: Filling, *, optional: bool) -> str:
    usual = ", ".join(one for one in (_HINTS.get(kind, ""), "may be left empty" if optional else "") if one)
    return filling.hints.get(path, usual)


def _labelled(
    kind: str,
    name: str,
    box: Html,
    path: str,
    filling: Filling,
    *,
    optional: bool,
    data_item: str | None = None,
) -> Html:
    hint = _hint(kind, path, filling, optional=optional)
    note = tag("span", f" {hint}", class_="note") if hint else None
    label = tag("label", tag("span", words(name), class_="what"), note, tag("br"), box)
    return _wrapped("div", kind, name, label, optional=optional, data_item=data_item)


def _group(kind: str, name: str, inner: Html, path: str, filling: Filling, *, optional: bool) -> Html:
    hint = filling.hints.get(path, "")
    note = tag("p", hint, class_="note") if hint else None
    filled = any(one == path or one.startswith(f"{path}.") for one in filling.values)
    box = tag("input", type_="checkbox", class_="given", checked=filled)
    given = tag("label", box, " say this") if optional else None
    legend = tag("legend", words(name))
    inside = tag("div", inner, class_="inside")
    return _wrapped("fieldset", kind, name, legend, note, given, inside, optional=optional)


def _wrapped(
    element: str, kind: str, name: str, *inner: Child, optional: bool, data_item: str | None = None
) -> Html:
    return tag(
        element,
        *inner,
        class_="field",
        data_name=name,
        data_kind=kind,
        data_optional="" if optional else None,
        data_item=data_item,
    )
