"""Links between pages lead somewhere, and so do the paths that pages name."""

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


def unlisted(folder: Path) -> list[str]:
    """The pages of a folder, and the folders in it, that its index does not link."""
    index = folder / "index.md"
    linked = {(folder / target).resolve() for target in _LINK.findall(index.read_text(encoding="utf-8"))}
    pages = [page for page in folder.glob("*.md") if page != index]
    pages += [inner / "index.md" for inner in folder.iterdir() if inner.is_dir()]
    return sorted(page.relative_to(folder).as_posix() for page in pages if page.resolve() not in linked)


FOLDERS = [folder for folder in [ROOT / "docs", *(ROOT / "docs").rglob("*")] if folder.is_dir()]


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.relative_to(ROOT).as_posix() for folder in FOLDERS])
def test_an_index_lists_every_page_of_its_folder(folder: Path):
    assert unlisted(folder) == []


def test_a_page_that_no_index_lists_is_found(tmp_path: Path):
    (tmp_path / "index.md").write_text("[a](a.md)")
    (tmp_path / "a.md").write_text("A")
    (tmp_path / "b.md").write_text("B")
    assert unlisted(tmp_path) == ["b.md"]


def test_the_rule_of_links_bites():
    assert broken(ROOT / "README.md", "[a](docs/no-such.md) [b](https://example.org)") == ["docs/no-such.md"]


_PLACE = re.compile(r"`((?:bench|docs|examples|requirements|src|tests|tools)/[\w./*-]+)`")


def absent(text: str) -> list[str]:
    """The files and folders of this project that a page names and that are not there."""
    return [place for place in _PLACE.findall(text) if not list(ROOT.glob(place.rstrip("/")))]


@pytest.mark.parametrize("path", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_files_that_a_page_names_are_there(path: Path):
    assert absent(path.read_text(encoding="utf-8")) == []


def test_a_file_that_is_not_there_is_found():
    named = "`tests/no-such` and `tests/docs`, `docs/no-such.md`"
    assert absent(named) == ["tests/no-such", "docs/no-such.md"]
