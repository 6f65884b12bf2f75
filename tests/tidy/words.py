"""What no file of the project is or says: leftovers, unfinished marks, paths of one machine, registries."""

import ast
import re
from collections.abc import Iterator

from tests.tidy.source import Source, called

# One letter of each pattern stands in brackets, so that this file does not hold what it looks for.
_UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|N[o]tImplementedError)\b")
_MACHINE = re.compile(r"(?<![\w.~])/(w[o]rk|f[a]rm|r[o]ot|h[o]me/\w+|U[s]ers/\w+)/")
_REGISTRY = re.compile(
    r"--(extra-)?i[n]dex-url|p[y]pi\.(org|io)|p[y]thonhosted\.org|r[e]gistry\.npmjs"
    r"|\"r[e]solved\": *\"https?:|G[O]PROXY=|p[r]oxy\.golang|r[e]po1?\.maven|s[t]atic\.crates|^r[e]gistry *=",
    re.MULTILINE,
)
_LEFT_OVER = (".orig", ".rej", ".bak", ".swp", "~")
_PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}


def _found(source: Source, pattern: re.Pattern[str], problem: str) -> Iterator[str]:
    for match in pattern.finditer(source.text):
        line = source.text.count("\n", 0, match.start()) + 1
        yield f"{source.name}:{line}: {problem}: {match[0].strip()}"


def unfinished(source: Source) -> Iterator[str]:
    yield from _found(source, _UNFINISHED, "an unfinished mark (build it, or file it)")


def machine(source: Source) -> Iterator[str]:
    yield from _found(source, _MACHINE, "a path of one machine")


def registry(source: Source) -> Iterator[str]:
    yield from _found(source, _REGISTRY, "the name of a package registry")


def left_over(source: Source) -> Iterator[str]:
    if source.name.endswith(_LEFT_OVER):
        yield f"{source.name}: what an editor or a merge left behind"


def _imported(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or ""


def pickles(source: Source) -> Iterator[str]:
    for node, name in _imported(source):
        if name.split(".")[0] in _PICKLES:
            yield source.at(node, f"{name} runs what it reads")


def hidden_imports(source: Source) -> Iterator[str]:
    """An import of a fixed name by a function: neither a reader nor an import contract sees it."""
    for node in ast.walk(source.tree):
        if called(node) == "import_module" and isinstance(node.args[0], ast.Constant):
            yield source.at(node, f"{node.args[0].value}: `from ... import`, where it is needed")


def mocks(source: Source) -> Iterator[str]:
    for node, name in _imported(source):
        if name in {"mock", "unittest.mock", "pytest_mock"} or name.startswith("unittest.mock."):
            yield source.at(node, "a test of a mock proves the mock")
