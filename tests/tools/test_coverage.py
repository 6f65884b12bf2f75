"""The gate of `make coverage`: all of base and kernel, 95 % elsewhere, and what is short is named."""

import pytest

from tools.coverage import report


def file(reached, there, lines=(), branches=()):
    summary = {
        "covered_lines": reached,
        "covered_branches": 0,
        "num_statements": there,
        "num_branches": 0,
    }
    return {"summary": summary, "missing_lines": list(lines), "missing_branches": list(branches)}


def files(**reached):
    return {
        f"src/consortia/{name}/one.py": file(*pair, lines=[7], branches=[(7, 9)])
        for name, pair in reached.items()
    }


@pytest.mark.parametrize(
    ("package", "reached", "short"),
    [
        ("base", 1000, False),
        ("base", 999, True),
        ("kernel", 999, True),
        ("modules", 950, False),
        ("modules", 949, True),
    ],
)
def test_each_package_has_its_target(package, reached, short):
    said, found = report(files(**{package: (reached, 1000)}), set())
    assert (package in found) is short
    assert said[0].endswith("short") is short


def test_what_a_short_package_lacks_is_named():
    said, _ = report(files(kernel=(1, 2), base=(3, 3)), set())
    assert said == [
        "base          100.0 %   of 100 %",
        "kernel         50.0 %   of 100 %   short",
        "  src/consortia/kernel/one.py: lines 7; branches 7->9",
    ]


def test_only_what_is_asked_for_is_looked_at():
    assert report(files(kernel=(1, 2), base=(3, 3)), {"base"})[1] == set()


def test_what_was_asked_for_and_not_measured_is_short():
    assert report(files(base=(3, 3)), {"base", "kernel"})[1] == {"kernel"}
