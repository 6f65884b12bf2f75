"""The guards of the law, and how one of them is taken away while a test looks.

A guard is a statement that may refuse: `require(...)`, `raise Refused(...)`, or a call of a helper whose name
begins with `check`. `taken_away` compiles the source of its module without that one statement and puts the
function's new code in the place of the old; no file changes, and every reference to the function sees it.
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: its module, the function it stands in, its line, and what it refuses or calls."""

    room: ModuleType
    function: str
    line: int
    what: str

    @property
    def name(self) -> str:
        """Where it stands, in words that stay when lines move."""
        return f"{self.room.__name__.removeprefix('consortia.')}.{self.function} {self.what}"


def guards(room: ModuleType) -> tuple[Guard, ...]:
    """All guards of a module, in the order of its source."""
    found: list[Guard] = []
    _collect(room, ast.parse(inspect.getsource(room)), (), found)
    return tuple(found)


@contextmanager
def taken_away(guard: Guard) -> Iterator[None]:
    """Run what is inside as if the guard did not stand in its function."""
    tree = ast.parse(inspect.getsource(guard.room))
    _Without(guard.line).visit(tree)
    whole = compile(ast.fix_missing_locations(tree), str(guard.room.__file__), "exec")
    function = _function(guard)
    kept = function.__code__
    function.__code__ = _code(whole, guard.function, kept.co_firstlineno)
    try:
        yield
    finally:
        function.__code__ = kept


class _Without(ast.NodeTransformer):
    """Puts `pass` in the place of the guard that starts on a line."""

    def __init__(self, line: int) -> None:
        self._line = line

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace a guard, or look further inside."""
        if isinstance(node, ast.stmt) and node.lineno == self._line and _what(node):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def _collect(room: ModuleType, node: ast.AST, path: tuple[str, ...], found: list[Guard]) -> None:
    for child in ast.iter_child_nodes(node):
        inner = (*path, child.name) if isinstance(child, ast.FunctionDef | ast.ClassDef) else path
        if isinstance(child, ast.stmt) and path and (what := _what(child)):
            found.append(Guard(room, ".".join(path), child.lineno, what))
        _collect(room, child, inner, found)


def _what(node: ast.stmt) -> str:
    """What a statement refuses with, or the check that it calls; empty for any other statement."""
    asked = node.value if isinstance(node, ast.Expr) else node.exc if isinstance(node, ast.Raise) else None
    if not isinstance(asked, ast.Call):
        return ""
    called = ast.unparse(asked.func).split(".")[-1]
    if isinstance(node, ast.Expr) and called.lstrip("_").startswith("check"):
        return called
    if called not in {"require", "Refused"}:
        return ""
    codes = [ast.unparse(argument) for argument in asked.args]
    code = codes[1 if called == "require" else 0]
    return code.split(".")[-1].lower()


def _function(guard: Guard) -> FunctionType:
    found: object = guard.room
    for part in guard.function.split("."):
        found = vars(found)[part]
    if isinstance(found, staticmethod):
        found = found.__func__
    if not isinstance(found, FunctionType):
        raise TypeError(f"{guard.name} stands in no function")
    return found


def _code(inside: CodeType, function: str, line: int) -> CodeType:
    """The code of a function within that of its module."""
    for each in inside.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == function and each.co_firstlineno == line:
                return each
            if function.startswith(f"{each.co_qualname}."):
                return _code(each, function, line)
    raise LookupError(f"no function {function}")
