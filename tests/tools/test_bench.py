"""Benchmarks have stable ids, whole rows, and a page that says what was missed as plainly as what was met."""

import ast
import re

import pytest

from bench import __main__ as bench
from tests.tidy.source import ROOT

ROW = {"id": "a.b", "value": 1234.5, "unit": "s", "bar": "<= 2000", "met": True}
SCRIPTS = bench.scripts(None)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_begins_with_the_id_of_its_claim(script: str):
    said = ast.get_docstring(ast.parse((ROOT / "bench" / f"{script}.py").read_text(encoding="utf-8")))
    assert re.match(r"[a-z]+\.[a-z_0-9]+(, [a-z]+\.[a-z_0-9]+)*( and [a-z]+\.[a-z_0-9]+)?: ", said or "")


def test_one_id_chooses_the_script_that_gives_it():
    assert "training_open" in bench.scripts("training.open")
    assert bench.scripts("no.such") == []


def test_a_row_is_whole():
    assert bench.checked(ROW)["peer"] is None
    for broken in (ROW | {"extra": 1}, {name: ROW[name] for name in ROW if name != "bar"}):
        with pytest.raises(ValueError, match=r"a\.b"):
            bench.checked(broken)


def test_the_page_shows_what_was_missed():
    page = bench.page({"a.b": bench.checked(ROW), "c.d": bench.checked(ROW | {"id": "c.d", "met": False})})
    assert "Bars met: 1 of 2" in page
    assert "| c.d | 1,234 | s | <= 2000 | **no** |" in page


def test_a_figure_without_a_bar_is_neither_met_nor_missed():
    reported = bench.checked(ROW | {"id": "e.f", "bar": "none: a report", "met": None})
    page = bench.page({"a.b": bench.checked(ROW), "e.f": reported})
    assert "Bars met: 1 of 1; only reported: 1" in page
    assert "| e.f | 1,234 | s | none: a report |  |" in page
