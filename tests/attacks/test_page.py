"""The page of attacks names tests that are there, and every test of an attack that is refused."""

import ast
import re

from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "explanation" / "attacks.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^`(tests/attacks/\w+\.py)`\n\n((?:\|.*\n)+)", PAGE, flags=re.MULTILINE)


ELSEWHERE = {"tests/attacks/test_ballots.py", "tests/attacks/test_flood.py", "tests/attacks/test_mandates.py"}
"""Attacks on something else than a masked round, of which this page is."""


def names_in(path: str) -> list[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"]


def told(table: str) -> list[str]:
    return [row.split("|")[-2].strip().strip("`") for row in table.splitlines()[2:]]


def test_each_row_of_the_page_names_one_test():
    for path, table in SECTIONS:
        for words in told(table):
            assert len([name for name in names_in(path) if words in name]) == 1, (path, words)


def test_every_family_of_attacks_is_on_the_page():
    files = {f"tests/attacks/{path.name}" for path in (ROOT / "tests" / "attacks").glob("test_*.py")}
    own = {"tests/attacks/test_page.py", "tests/attacks/test_programme.py"}
    assert files - own - ELSEWHERE == {path for path, _ in SECTIONS}
    assert files >= ELSEWHERE


def test_the_page_names_only_refusals_that_there_are():
    codes = set(re.findall(r"`((?:training|kernel)\.\w+)`", PAGE))
    reference = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference" / "ledger").glob("*.md")
    )
    assert codes
    assert [code for code in codes if f"`{code}`" not in reference] == []
