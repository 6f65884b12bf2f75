"""The four beats of a handler: CHECK, DECIDE, WRITE, EMIT, each labelled, in this order.

All checks stand before any write, so a reader sees at a glance that what is refused changes nothing. A beat
in which nothing happens may be left out (CHECK and WRITE never are), and two that one call plays share a
label: `# WRITE, EMIT`.
"""

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Source, called

BEATS = ("CHECK", "DECIDE", "WRITE", "EMIT")
_LABEL = re.compile(r"^\s*# ((?:CHECK|DECIDE|WRITE|EMIT)(?:, (?:CHECK|DECIDE|WRITE|EMIT))*)\b")
_CHECKS = {"require", "refuse", "check"}
_WRITES = {"put", "delete"}


def beats(room: list[Source], handlers: set[str]) -> Iterator[str]:
    """What is wrong with the named handlers of one room of the law."""
    for source in room:
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in handlers:
                yield from _handler(source, node)


def _handler(source: Source, node: ast.FunctionDef) -> Iterator[str]:
    lines = source.text.splitlines()
    labels: list[tuple[str, int]] = []
    for number in range(node.lineno, node.end_lineno + 1):
        found = _LABEL.match(lines[number - 1])
        if found:
            labels += [(label, number) for label in found[1].split(", ")]
    names = [label for label, _ in labels]
    if names != [beat for beat in BEATS if beat in names] or not {"CHECK", "WRITE"} <= set(names):
        yield source.at(
            node, f"{node.name}: the beats are {' '.join(BEATS)}, found {' '.join(names) or 'none'}"
        )
        return
    start = dict(labels)
    emit = start.get("EMIT", node.end_lineno + 1)
    shared = emit == start["WRITE"]
    for inner in ast.walk(node):
        line = getattr(inner, "lineno", 0)
        name = called(inner)
        if line > start["WRITE"] and (isinstance(inner, ast.Raise) or name in _CHECKS):
            yield source.at(inner, f"{node.name}: a check after WRITE; what is refused must change nothing")
        if name in _WRITES and line and not (start["WRITE"] < line and (shared or line < emit)):
            yield source.at(inner, f"{node.name}: a write outside WRITE")
        if name == "emit" and line < emit:
            yield source.at(inner, f"{node.name}: an event before EMIT")
