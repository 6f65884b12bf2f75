"""Size and surface: how long a file and a function may be, and what a public name owes its reader."""

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Source

FILE_LINES = 400
FILE_LINES_WITH_REASON = 600
FUNCTION_LINES = 50
_REASON = re.compile(r"^# Long because \S.{15,}")

RATCHET: dict[str, tuple[int, str]] = {}
"""Functions that are longer for now: "file:function" -> (lines, why). An entry may only shrink, and goes
when its function is short enough."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def file_length(source: Source) -> Iterator[str]:
    lines = source.text.splitlines()
    reasoned = any(_REASON.match(line) for line in lines[:5])
    limit = FILE_LINES_WITH_REASON if reasoned else FILE_LINES
    if len(lines) > limit:
        hint = "" if reasoned else f"; up to {FILE_LINES_WITH_REASON} with '# Long because ...' at the top"
        yield f"{source.name}: {len(lines)} lines, {limit} are allowed{hint}"


def function_lines(node: Function) -> int:
    """Lines from `def` to the end, the docstring left out: words are not what makes a function long."""
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        lines -= node.body[0].end_lineno - node.body[0].lineno + 1
    return lines


def function_length(source: Source, ratchet: dict[str, tuple[int, str]]) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if not isinstance(node, Function):
            continue
        limit, _ = ratchet.get(f"{source.name}:{node.name}", (FUNCTION_LINES, ""))
        lines = function_lines(node)
        if lines > limit:
            yield source.at(node, f"{node.name} has {lines} lines, {limit} are allowed")


def loose_ratchet(sources: list[Source], ratchet: dict[str, tuple[int, str]]) -> Iterator[str]:
    lengths = {
        f"{source.name}:{node.name}": function_lines(node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, Function)
    }
    for name, (limit, why) in ratchet.items():
        lines = lengths.get(name, 0)
        if lines < limit:
            yield f"{name}: the ratchet says {limit}, it now has {lines}: tighten or drop the entry"
        if len(why) < 15:
            yield f"{name}: the ratchet does not say why"


def public_surface(source: Source) -> Iterator[str]:
    """Public modules, classes and functions have a docstring, and every argument and result a type."""
    if not ast.get_docstring(source.tree) and source.tree.body:
        yield f"{source.name}: the module says nothing of itself"
    yield from _surface(source, source.tree.body)


def _surface(source: Source, body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        marks = {ast.unparse(mark).split(".")[-1] for mark in node.decorator_list}
        if "overload" in marks:
            continue
        if not ast.get_docstring(node) and not marks & {"setter", "override"}:
            yield source.at(node, f"{node.name} is public and has no docstring")
        if isinstance(node, ast.ClassDef):
            yield from _surface(source, node.body)
        else:
            yield from _untyped(source, node)


def _untyped(source: Source, node: Function) -> Iterator[str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [extra for extra in (node.args.vararg, node.args.kwarg) if extra is not None]
    missing = [arg.arg for arg in given if arg.annotation is None and arg.arg not in {"self", "cls"}]
    missing += ["its result"] if node.returns is None else []
    if missing:
        yield source.at(node, f"{node.name} leaves without a type: {', '.join(missing)}")


def patched_at_import(source: Source) -> Iterator[str]:
    """A module that changes what it imports changes it for whoever imports the module, other tests too."""
    imported = {
        (name.asname or name.name).split(".")[0]
        for node in source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    for node in source.tree.body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            root = target
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if root is not target and isinstance(root, ast.Name) and root.id in imported:
                yield source.at(node, f"{ast.unparse(target)} is changed at import; change it in a function")


def clock_in_gzip(source: Source) -> Iterator[str]:
    """`gzip.compress` writes the time into its result: bytes, and tests named by them, differ."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) != "gzip.compress":
            continue
        if not any(argument.arg == "mtime" for argument in node.keywords):
            yield source.at(node, "gzip.compress without mtime writes the clock; say mtime=0")
