"""Any room of the law, made from its declaration: what can be asked, answered here, and what can be done."""

import inspect as introspect

from consortia.base.codec import Malformed, Record
from consortia.base.refusals import Refused
from consortia.kernel.module import Method, Module, Query
from consortia.node.console.acts import address
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem
from consortia.sdk.html import Html, tag
from consortia.sdk.jsonform import from_query
from consortia.sdk.values import facts_of, words
from consortia.sdk.views import Cell, Link, Table, View

_FILLED = {"limit": "50", "first": "0"}
"""What is asked for where a list may be cut into pages."""

_OPTIONAL = frozenset({"after", "status", "kind", "owner", "number"})


def rooms(asked: Asked) -> Screen:
    """All rooms."""
    rows = tuple(
        (
            Link(words(module.name), f"/console/rooms/{module.name}"),
            module.doc.strip().split("\n")[0],
            len(module.queries),
            len(module.methods),
        )
        for module in asked.service.ledger.app.modules
    )
    return Screen(
        "All rooms",
        "Every room of the ledger's law, with all that it knows and all that it allows.",
        (Table("Rooms", ("room", "what", "questions", "messages"), rows),),
        live=False,
    )


def one_room(asked: Asked) -> Screen:
    """A room: answers to what needs no argument, forms for the rest, its messages and refusals."""
    module = _room(asked)
    parts: list[Html | View] = []
    for query in module.queries:
        answered = _unasked(asked, module, query)
        parts += list(answered) if answered else [_form(module, query)]
    methods = tuple(
        (
            _done_by(module, one),
            introspect.getdoc(one.message) or "",
            ", ".join(sorted(one.roles)) or one.authority,
        )
        for one in module.methods
    )
    refusals = tuple((one.code, one.meaning) for one in module.refusals)
    parts += [
        Table("What can be done", ("message", "what", "signed by"), methods),
        Table("Why it is refused, in order", ("code", "meaning"), refusals),
    ]
    return Screen(words(module.name).capitalize(), module.doc.strip().split("\n")[0], tuple(parts))


def one_question(asked: Asked) -> Screen:
    """The answer to one question of a room."""
    module = _room(asked)
    query = next((one for one in module.queries if one.name == asked.path("query")), None)
    if query is None:
        raise HttpProblem(404, f"{module.name} has no query {asked.path('query')}")
    names = [name for name in query.arguments.__struct_fields__ if asked.argument(name)]
    try:
        arguments = from_query(query.arguments, {name: asked.argument(name) for name in names})
    except (Malformed, ValueError) as error:
        raise HttpProblem(400, str(error)) from None
    found = asked.service.ledger.query(f"{module.name}.{query.name}", arguments)
    return Screen(
        f"{words(module.name)}: {words(query.name)}",
        query.doc,
        (_form(module, query, asked), *_shown(query, found)),
    )


def _room(asked: Asked) -> Module:
    name = asked.path("module")
    found = next((one for one in asked.service.ledger.app.modules if one.name == name), None)
    if found is None:
        raise HttpProblem(404, f"there is no room {name}")
    return found


def _done_by(module: Module, method: Method) -> Cell:
    """A message, leading to its form where a key may sign it."""
    name = words(method.name)
    return Link(name, address(f"{module.name}.{method.name}", {})) if method.roles else name


def _shown(query: Query, found: Record) -> tuple[Table, ...]:
    return facts_of(words(query.name).capitalize(), found)


def _unasked(asked: Asked, module: Module, query: Query) -> tuple[Table, ...]:
    """The answer of a query that can be asked without saying anything; nothing for others."""
    fields = {name: _FILLED[name] for name in query.arguments.__struct_fields__ if name in _FILLED}
    if set(query.arguments.__struct_fields__) - set(fields) - _OPTIONAL:
        return ()
    try:
        arguments = from_query(query.arguments, fields)
        return _shown(query, asked.service.ledger.query(f"{module.name}.{query.name}", arguments))
    except (Malformed, Refused):
        return ()


def _form(module: Module, query: Query, asked: Asked | None = None) -> Html:
    fields = [
        tag(
            "label",
            f"{words(name)} ",
            tag("input", name=name, value=(asked.argument(name) if asked else "") or _FILLED.get(name, "")),
        )
        for name in query.arguments.__struct_fields__
    ]
    title = tag("h2", words(query.name).capitalize())
    form = tag("form", *fields, tag("button", "Ask"), action=f"/console/rooms/{module.name}/{query.name}")
    return tag("section", title, tag("p", query.doc, class_="note"), form, class_="view")
