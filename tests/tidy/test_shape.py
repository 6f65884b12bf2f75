"""Files and functions are short, public names are documented and typed, and tests mirror the source."""

import pytest

from tests.tidy import shape
from tests.tidy.source import PACKAGE, ROOT, Source, python

SOURCES = python("src", "tests", "tools", "bench", "examples")
SHIPPED = python("src")


def test_files_are_short_enough_to_read_in_one_sitting():
    assert [problem for source in SOURCES for problem in shape.file_length(source)] == []


def test_functions_fit_on_a_page():
    sources = python("src", "tools", "bench", "examples")
    assert [problem for source in sources for problem in shape.function_length(source, shape.RATCHET)] == []


def test_a_ratchet_says_why_and_only_tightens():
    assert list(shape.loose_ratchet(SOURCES, shape.RATCHET)) == []


def test_public_names_are_documented_and_typed():
    assert [problem for source in SHIPPED for problem in shape.public_surface(source)] == []


def test_tests_mirror_the_source():
    own = {
        "attacks",
        "vectors",
        "simulation",
        "faults",
        "fuzz",
        "docs",
        "tidy",
        "bench",
        "tools",
        "examples",
        "data",
        "system",
    }
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {"cli", "app"}
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("**/test_*.py"))
    }
    assert folders - own - rooms == set()


def test_no_module_changes_what_it_imports():
    """All but conftest.py: what that changes, every test is told of."""
    sources = [source for source in SOURCES if source.name != "tests/conftest.py"]
    assert [problem for source in sources for problem in shape.patched_at_import(source)] == []


def test_the_rule_of_imports_bites():
    assert list(shape.patched_at_import(Source("a.py", "from b import C\n\nC.d.e = 1\n"))) != []
    assert list(shape.patched_at_import(Source("a.py", "import b.c\n\nb.c.d['e'] = 1\n"))) != []
    assert list(shape.patched_at_import(Source("a.py", "from b import C\n\nc = C()\nc.d = 1\n"))) == []


def test_nothing_packs_the_clock():
    """A test named by such bytes has another name in each worker, and the run ends before it begins."""
    assert [problem for source in SOURCES for problem in shape.clock_in_gzip(source)] == []
    assert list(shape.clock_in_gzip(Source("a.py", "import gzip\n\ngzip.compress(b'')\n"))) != []
    assert list(shape.clock_in_gzip(Source("a.py", "import gzip\n\ngzip.compress(b'', mtime=0)\n"))) == []


LONG = Source("src/long.py", "x = 1\n" * 401)
REASONED = Source(
    "src/long.py", "# Long because one table of the standard stands in it whole\n" + "x = 1\n" * 599
)
LONG_FUNCTION = Source("src/f.py", "def f():\n" + "    x = 1\n" * 50)


def test_the_rules_of_size_bite():
    assert list(shape.file_length(LONG)) != []
    assert list(shape.file_length(REASONED)) == []
    assert list(shape.file_length(Source("a", REASONED.text + "x = 1\n"))) != []
    assert list(shape.function_length(LONG_FUNCTION, {})) != []
    assert list(shape.function_length(LONG_FUNCTION, {"src/f.py:f": (51, "for a reason")})) == []
    assert list(shape.function_length(Source("a", 'def f():\n    """' + "\n" * 60 + '"""\n'), {})) == []
    assert list(shape.loose_ratchet([LONG_FUNCTION], {"src/f.py:f": (60, "a reason long enough")})) != []
    assert list(shape.loose_ratchet([LONG_FUNCTION], {"src/f.py:f": (51, "no")})) != []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        '"""M."""\ndef f() -> None: ...',
        '"""M."""\nclass C: ...',
        '"""M."""\nclass C:\n    """C."""\n    def f(self) -> None: ...',
        '"""M."""\ndef f(x) -> None:\n    """F."""',
        '"""M."""\ndef f(*x) -> None:\n    """F."""',
        '"""M."""\ndef f():\n    """F."""',
    ],
)
def test_the_rule_of_the_public_surface_bites(text: str):
    assert list(shape.public_surface(Source("src/a.py", text))) != []


def test_what_is_private_owes_nobody_a_docstring():
    assert list(shape.public_surface(Source("src/a.py", '"""M."""\ndef _f(x): ...'))) == []
