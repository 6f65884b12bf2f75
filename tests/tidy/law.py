"""What the law may not hold: anything that could give two nodes two answers.

Float, clock, randomness, network, files, the order of a set, an object's identity, state between calls.
Imports are allowed by list, so a new way to the outside world is refused until somebody argues for it here.
"""

import ast
from collections.abc import Iterator

from tests.tidy.source import Source, called, parents

_ALLOWED = frozenset(
    [
        "abc",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "types",
        "typing",
        "unicodedata",
        "msgspec",
        "consortia",
    ]
)
_ALLOWED_IN = {
    # The only layer that touches keys.
    "base": frozenset({"nacl", "ed25519_zebra", "cryptography"}),
    # Integer arrays. Floats stay out all the same, by the rules below.
    "exact": frozenset({"numpy"}),
}
_MATH = frozenset({"comb", "factorial", "gcd", "isqrt", "lcm", "perm", "prod"})
_CALLS = {
    "hash": "differs from process to process",
    "id": "differs from process to process",
    "open": "reads or writes a file",
    "print": "writes to the world",
    "input": "reads from the world",
    "eval": "runs what is not in the tree",
    "exec": "runs what is not in the tree",
    "globals": "reaches for state between calls",
    "vars": "reaches for state between calls",
}
DOORS = {
    # The one place where float32 becomes integer: one multiplication and one rounding, each correctly rounded
    # by IEEE 754, so that every machine gives the same integers; and the way back, for people to read.
    "src/consortia/exact/fixed.py",
}
_FLOATS = frozenset(
    {
        "float",
        "complex",
        "float16",
        "float32",
        "float64",
        "longdouble",
        "floating",
    }
)


def imports(source: Source) -> Iterator[str]:
    layer = source.name.split("/")[2]
    allowed = _ALLOWED | _ALLOWED_IN.get(layer, frozenset())
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] not in allowed:
                yield source.at(node, f"the law does not import {name}")
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            for alias in node.names:
                if alias.name not in _MATH:
                    yield source.at(node, f"math.{alias.name} is not exact")


def floats(source: Source) -> Iterator[str]:
    if source.name in DOORS:
        return
    above = parents(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield source.at(node, f"the literal {node.value!r} is a float")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.at(node, "`/` makes a float; `//` and exact.fixed divide")
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in _FLOATS and called(above.get(node)) != "isinstance":
                yield source.at(node, f"{name} has no place here")
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math" and name not in _MATH:
                yield source.at(node, f"math.{name} is not exact")


def calls(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            yield source.at(node, f"{node.func.id}() {_CALLS[node.func.id]}")


def state(source: Source) -> Iterator[str]:
    """No `global`, and no mutable thing at module level but a constant table, named in capitals."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield source.at(node, "`global` keeps state between calls")
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                name = ast.unparse(target)
                if name != "__all__" and not name.isupper():
                    yield source.at(node, f"{name} is mutable and lives between calls")


def _mutable(value: ast.expr | None) -> bool:
    return isinstance(
        value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    ) or called(value) in {
        "list",
        "dict",
        "set",
        "bytearray",
        "defaultdict",
        "deque",
        "Counter",
        "OrderedDict",
    }


# ------------------------------------------------------------------ the order of a set

_SETS = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}
_ORDERLESS = {"sorted", "len", "min", "max", "sum", "any", "all", "set", "frozenset", "isinstance", "bool"}
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
_IN_ORDER = {
    "list",
    "tuple",
    "iter",
    "enumerate",
    "zip",
    "map",
    "filter",
    "join",
    "dict",
    "fromkeys",
    "reversed",
}


def set_order(sources: list[Source]) -> Iterator[str]:
    """Iterating a set where the order of what comes out could matter. `sorted(...)` mends it.

    Sets are known by what they are made from, by annotations of variables, arguments and fields, and by the
    operators between them. Results that have no order (another set, a sum, a test) may be made from a set.
    """
    annotated = {each for source in sources for each in _annotated_fields(source)}
    # A name that is a set in one class and something else in another could be either: it is let through.
    fields = {name for name, is_set in annotated if is_set and (name, False) not in annotated}
    for source in sources:
        above = parents(source.tree)
        for function in [source.tree, *(n for n in ast.walk(source.tree) if isinstance(n, _FUNCTION))]:
            known = _known(function)
            for node in _own(function):
                for iterated in _iterated(node, above):
                    if _is_set(iterated, known, fields):
                        yield source.at(node, f"the order of the set {ast.unparse(iterated)} could matter")


_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function that are not those of a function inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, _FUNCTION):
            yield child
            yield from _own(child)


def _annotation_is_set(annotation: ast.expr | None) -> bool:
    if annotation is None:
        return False
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return getattr(base, "id", getattr(base, "attr", "")) in _SETS


def _annotated_fields(source: Source) -> Iterator[tuple[str, bool]]:
    """Each annotated field of a class, and whether it is a set."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign):
                    yield ast.unparse(line.target), _annotation_is_set(line.annotation)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            yield node.target.attr, _annotation_is_set(node.annotation)


def _known(function: ast.AST) -> set[str]:
    known: set[str] = set()
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        known |= {arg.arg for arg in arguments if _annotation_is_set(arg.annotation)}
    for node in _own(function):
        if isinstance(node, ast.AnnAssign) and _annotation_is_set(node.annotation):
            known.add(ast.unparse(node.target))
        elif isinstance(node, ast.Assign) and _is_set(node.value, known, set()):
            known |= {ast.unparse(target) for target in node.targets}
    return known


def _is_set(node: ast.expr, known: set[str], fields: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Attribute):
        return node.attr in fields
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return _is_set(node.left, known, fields) or _is_set(node.right, known, fields)
    if isinstance(node, ast.IfExp):
        return _is_set(node.body, known, fields) or _is_set(node.orelse, known, fields)
    return called(node) in {"set", "frozenset"} or called(node) in _SET_METHODS


def _iterated(node: ast.AST, above: dict[ast.AST, ast.AST]) -> Iterator[ast.expr]:
    if isinstance(node, ast.For | ast.AsyncFor):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.DictComp) or (
        isinstance(node, ast.GeneratorExp) and called(above.get(node)) not in _ORDERLESS
    ):
        yield from (generator.iter for generator in node.generators)
    elif isinstance(node, ast.Starred) and not isinstance(above.get(node), ast.Set):
        yield node.value
    elif (
        isinstance(node, ast.Call) and called(node) in _IN_ORDER and called(above.get(node)) not in _ORDERLESS
    ):
        yield from node.args
    elif isinstance(node, ast.Call) and called(node) == "pop" and not node.args:
        yield node.func.value if isinstance(node.func, ast.Attribute) else node.func
