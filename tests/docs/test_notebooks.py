"""The notebooks of the docs run, and what stands in them is of the kinds that they give."""

import json

import pytest

from tools.notebooks import FOLDER, executed

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def kinds(notebook):
    """Of each cell's outputs: printed, or the faces of a value."""
    return [
        [sorted(output.get("data", {"printed": ""})) for output in cell.get("outputs", ())]
        for cell in notebook["cells"]
    ]


def test_there_are_two_notebooks_and_the_index_leads_to_each():
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 2
    assert all(f"({path.name})" in index for path in NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_holds_what_its_cells_give(path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["nbformat"], len({cell["id"] for cell in kept["cells"]})) == (4, len(kept["cells"]))
    made = executed(kept)
    assert kinds(made) == kinds(kept)
    assert any("text/html" in faces for outputs in kinds(kept) for faces in outputs)
    counts = [cell["execution_count"] for cell in kept["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    told = json.dumps([cell.get("outputs") for cell in made["cells"]])
    assert ("<script" in told, "Every step holds" in told or "Coefficients" in told) == (False, True)
