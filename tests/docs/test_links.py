"""Links between pages lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def broken(path: Path, text: str) -> list[str]:
    return [target for target in _LINK.findall(text) if not (path.parent / target).exists()]


@pytest.mark.parametrize("path", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_links_lead_to_files_that_are_there(path: Path):
    assert broken(path, path.read_text(encoding="utf-8")) == []


def test_the_rule_of_links_bites():
    assert broken(ROOT / "README.md", "[a](docs/no-such.md) [b](https://example.org)") == ["docs/no-such.md"]
