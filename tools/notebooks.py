"""Run the notebooks of the docs and keep what each cell gave: `python -m tools.notebooks`.

A notebook's source is its cells; this runs the code of each, cell after cell, in a process of its own and an
empty folder, and writes outputs as a notebook program would: what was printed, and the face of the last
expression (`_repr_html_`, and its text). No kernel is needed, so neither is Jupyter.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with what its cells give now, run in this process and an empty folder."""
    space: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    with _elsewhere():
        for cell in notebook["cells"]:
            if cell["cell_type"] != "code":
                cells.append(cell)
                continue
            count += 1
            outputs = _run("".join(cell["source"]), space, count)
            cells.append({**cell, "execution_count": count, "outputs": outputs})
    return {**notebook, "cells": cells}


def _run(source: str, space: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """What one cell gives: its printed lines, then the face of its last expression."""
    body = ast.parse(source).body
    end = body[-1] if body else None
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body if last is None else body[:-1], []), f"<cell {count}>", "exec"), space)  # noqa: S102 (our own cells)
        if last is not None:
            value = eval(compile(last, f"<cell {count}>", "eval"), space)  # noqa: S307 (the same)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        drawn = hasattr(value, "_repr_html_")
        data = {"text/plain": _lines(f"<{type(value).__name__}>" if drawn else repr(value))}
        if drawn:
            data["text/html"] = _lines(value._repr_html_())
        outputs.append(
            {"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}
        )
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Stand in an empty folder for a while."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def main() -> None:
    """Run every notebook, or those named, and write them anew."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        made = executed(json.loads(path.read_text(encoding="utf-8")))
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(path.name, file=sys.stderr)


if __name__ == "__main__":
    main()
