"""Small faults put into source, one at a time: what a test suite should notice.

Kinds: `comparison` (== for !=, < for >=, in for not in), `boundary` (< for <=, a number one too large),
`statement` (a call, raise, augmented assignment or deletion left out), `constant` (true for false, a changed
word, another refusal), `negation` (and for or, a condition turned round). Left alone is what no rule depends
on: docstrings, prose (a text with a space in it), the details of refusals and errors, signatures,
decorators, protocols, and lines that say why no test reaches them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
NUDGED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
SPOKEN = {"require": slice(2, None), "Refused": slice(1, None), "cast": slice(1), "TypeVar": slice(1)}
"""The arguments of these calls that only speak to people, or to the type checker."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file's source with one fault in it: its line and the whole of it, kind, the text before and after."""

    path: str
    line: int
    whole: str
    kind: str
    before: str
    after: str
    source: str


def mutants(path: str, source: str) -> list[Mutant]:
    """All mutants of a file, in the order of its source."""
    tree = ast.parse(source)
    codes = sorted({node.attr for node in ast.walk(tree) if _is_code(node)})
    lines = source.split("\n")
    found = []
    for node, kind, after in _faults(tree, codes):
        if "pragma: no" in lines[node.lineno - 1]:
            continue
        before = ast.get_source_segment(source, node) or ""
        changed = _replaced(source, node, after)
        whole = lines[node.lineno - 1].strip()
        found.append(Mutant(path, node.lineno, whole, kind, _short(before), _short(after), changed))
    return sorted(found, key=lambda mutant: mutant.line)


def _faults(tree: ast.AST, codes: list[str]) -> Iterator[tuple[ast.AST, str, str]]:
    """(node, kind, the text in its place) for every fault that a tree offers."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield from _comparison(node)
        yield from _statement(node)
        yield from _constant(node, codes)
        yield from _negation(node)
        waiting += list(_looked_into(node))


def _comparison(node: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    if not isinstance(node, ast.Compare):
        return
    for at, operator in enumerate(node.ops):
        for kind, table in (("comparison", FLIPPED), ("boundary", NUDGED)):
            if type(operator) in table:
                ops = [*node.ops[:at], table[type(operator)](), *node.ops[at + 1 :]]
                yield node, kind, _text(ast.Compare(node.left, ops, node.comparators))


def _statement(node: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if called or isinstance(node, ast.Raise | ast.AugAssign | ast.Delete):
        yield node, "statement", "pass"


def _constant(node: ast.AST, codes: list[str]) -> Iterator[tuple[ast.AST, str, str]]:
    if _is_code(node) and len(codes) > 1:
        other = codes[(codes.index(node.attr) + 1) % len(codes)]
        yield node, "constant", f"{ast.unparse(node.value)}.{other}"
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield node, "constant", str(not value)
    elif isinstance(value, int):
        yield node, "boundary", str(value + 1)
    elif isinstance(value, str) and value and " " not in value:
        yield node, "constant", repr(value + "x")
    elif isinstance(value, bytes) and value:
        yield node, "constant", repr(value[:-1] + bytes([value[-1] ^ 1]))


def _negation(node: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, "negation", _text(ast.BoolOp(other, node.values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, "negation", _text(node.operand)
    asked = [node.test] if isinstance(node, ast.If | ast.IfExp | ast.While) else []
    asked += node.ifs if isinstance(node, ast.comprehension) else []
    for test in asked:
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
            yield test, "negation", f"(not {ast.unparse(test)})"


def _looked_into(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node in which a fault would matter."""
    if isinstance(node, ast.JoinedStr) or _is_protocol(node) or _is_list_of_names(node):
        return
    skipped: set[int] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        skipped = {id(part) for part in (node.args, node.returns, *node.decorator_list)}
    elif isinstance(node, ast.ClassDef):
        skipped = {id(part) for part in (*node.decorator_list, *node.keywords)}
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        skipped = {id(part) for part in node.args[SPOKEN.get(node.func.id, slice(0))]}
    for child in ast.iter_child_nodes(node):
        said = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if id(child) not in skipped and not said:
            yield child


def _is_code(node: ast.AST) -> bool:
    """Whether a node names a refusal: ``codes.NOT_OWNER``."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "codes"


def _is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)


def _is_list_of_names(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _short(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _replaced(source: str, node: ast.AST, text: str) -> str:
    """The source with other text in the place of a node."""
    data = source.encode("utf-8").split(b"\n")
    start = sum(len(line) + 1 for line in data[: node.lineno - 1]) + node.col_offset
    end = sum(len(line) + 1 for line in data[: node.end_lineno - 1]) + node.end_col_offset
    whole = b"\n".join(data)
    return (whole[:start] + text.encode("utf-8") + whole[end:]).decode("utf-8")
