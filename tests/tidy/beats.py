"""The four beats of a handler: CHECK, DECIDE, WRITE, EMIT, each labelled, in this order.

All checks stand before any write, so a reader sees at a glance that what is refused changes nothing.
"""

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Source, called

BEATS = ("CHECK", "DECIDE", "WRITE", "EMIT")
_LABEL = re.compile(r"^\s*# (CHECK|DECIDE|WRITE|EMIT)\b")
_CHECKS = {"require", "refuse", "check"}
_WRITES = {"put", "delete"}


def handler_names(sources: list[Source]) -> set[str]:
    """The functions that a room's declaration binds to messages by `Method(message, handler, ...)`."""
    names = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if called(node) != "Method":
                continue
            bound = node.args[1:2] + [word.value for word in node.keywords if word.arg == "handler"]
            names |= {getattr(name, "id", getattr(name, "attr", "")) for name in bound}
    return names - {""}


def beats(room: list[Source]) -> Iterator[str]:
    """What is wrong with the handlers of one room of the law."""
    handlers = handler_names(room)
    for source in room:
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in handlers:
                yield from _handler(source, node)


def _handler(source: Source, node: ast.FunctionDef) -> Iterator[str]:
    lines = source.text.splitlines()
    labels = []
    for number in range(node.lineno, node.end_lineno + 1):
        found = _LABEL.match(lines[number - 1])
        if found:
            labels.append((found[1], number))
    if tuple(label for label, _ in labels) != BEATS:
        shown = " ".join(label for label, _ in labels) or "none"
        yield source.at(node, f"{node.name}: the beats are {' '.join(BEATS)}, found {shown}")
        return
    start = dict(labels)
    for inner in ast.walk(node):
        line = getattr(inner, "lineno", 0)
        name = called(inner)
        if line > start["WRITE"] and (isinstance(inner, ast.Raise) or name in _CHECKS):
            yield source.at(inner, f"{node.name}: a check after WRITE; what is refused must change nothing")
        if name in _WRITES and line and not start["WRITE"] < line < start["EMIT"]:
            yield source.at(inner, f"{node.name}: a write outside WRITE")
        if name == "emit" and line < start["EMIT"]:
            yield source.at(inner, f"{node.name}: an event before EMIT")
