"""How one guard is taken away while an attack is tried: any statement of any function, named by its words."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType


@contextmanager
def without(function: FunctionType, *guards: str) -> Iterator[None]:
    """Run what is inside as if some statements of a function, each named by words in it, did not stand there.

    No file changes, and every reference to the function sees it. Raises LookupError unless each of the words
    name one statement.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for words in guards:
        _Without(_found(tree.body[0], words)).visit(tree)
    whole = compile(ast.fix_missing_locations(tree), inspect.getfile(function), "exec")
    kept = function.__code__
    function.__code__ = next(
        each for each in whole.co_consts if isinstance(each, CodeType) and each.co_name == kept.co_name
    )
    try:
        yield
    finally:
        function.__code__ = kept


def _found(function: ast.stmt, words: str) -> ast.stmt:
    """The innermost statement of a function in which these words stand."""
    holding = [
        node for node in ast.walk(function) if isinstance(node, ast.stmt) and words in ast.unparse(node)
    ]
    found = [node for node in holding if not _deeper(node, holding)]
    if len(found) != 1 or found[0] is function:
        raise LookupError(f"{words!r} names {len(found)} statements")
    return found[0]


def _deeper(node: ast.stmt, among: list[ast.stmt]) -> list[ast.stmt]:
    """The statements within a statement."""
    inside = set(ast.walk(node)) - {node}
    return [each for each in among if each in inside]


class _Without(ast.NodeTransformer):
    """Puts `pass` in the place of one statement."""

    def __init__(self, gone: ast.stmt) -> None:
        self._gone = gone

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the statement, or look further inside."""
        return ast.copy_location(ast.Pass(), node) if node is self._gone else self.generic_visit(node)
