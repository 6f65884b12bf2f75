"""How one guard is taken away while an attack is tried: any statement of any function, named by its words."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType


@contextmanager
def without(function: FunctionType, words: str) -> Iterator[None]:
    """Run what is inside as if the one statement of a function that holds these words did not stand there.

    No file changes, and every reference to the function sees it. Raises LookupError unless the words name
    one statement.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    holding = [
        node for node in ast.walk(tree.body[0]) if isinstance(node, ast.stmt) and words in ast.unparse(node)
    ]
    inner = [node for node in holding if not _deeper(node, holding)]
    if len(inner) != 1 or inner[0] is tree.body[0]:
        raise LookupError(f"{words!r} names {len(inner)} statements of {function.__qualname__}")
    _Without(inner[0]).visit(tree)
    whole = compile(ast.fix_missing_locations(tree), inspect.getfile(function), "exec")
    kept = function.__code__
    function.__code__ = next(
        each for each in whole.co_consts if isinstance(each, CodeType) and each.co_name == kept.co_name
    )
    try:
        yield
    finally:
        function.__code__ = kept


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
