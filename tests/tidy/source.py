"""What the tidy rules read: files as text and as syntax trees, and findings as one line each."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "consortia"
LAW = ("base", "exact", "kernel", "modules")
_MADE = {".venv", ".git", "build", "dist", "site", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """A Python file: its name as findings show it, and its text."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    def at(self, node: ast.AST, problem: str) -> str:
        return f"{self.name}:{node.lineno}: {problem}"


@cache
def read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def python(*folders: str) -> list[Source]:
    """Every Python file under these folders of the project."""
    found = {path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    return [read(path) for path in sorted(found) if not _MADE & set(path.relative_to(ROOT).parts)]


def law() -> list[Source]:
    return python(*(f"src/consortia/{layer}" for layer in LAW))


def tracked() -> Iterator[Source]:
    """Every text file that belongs to the project: as git lists them, or all where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not _MADE & set(path.relative_to(ROOT).parts)]
    for path in sorted(paths):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            yield read(path)
        except UnicodeDecodeError:
            continue


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def called(node: ast.AST) -> str:
    """The name that a call calls: `f` of `f(x)`, `m` of `a.b.m(x)`; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))
