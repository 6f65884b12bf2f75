"""What a fresh machine installs is pinned, hashed, and the same for the product and its tests."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

SETS = ("run", "test", "docs", "peers", "byzfl")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> set[tuple[str, str]]:
    return set(_PIN.findall(text(name)))


def wanted(requirements: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=;~! ]", each)[0]).lower() for each in requirements}


@pytest.mark.parametrize("name", SETS)
def test_every_package_is_pinned_with_the_hashes_of_its_files(name: str):
    blocks = re.split(r"^(?=[A-Za-z0-9])", text(name), flags=re.MULTILINE)
    packages = [block for block in blocks if block.strip() and not block.startswith("#")]
    assert packages
    assert all(_PIN.match(block) and "--hash=sha256:" in block for block in packages)


@pytest.mark.parametrize("name", SETS)
def test_no_pin_names_where_packages_come_from(name: str):
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links", text(name))


def test_the_product_runs_on_the_versions_that_the_tests_ran_on():
    assert pins("run") <= pins("test")


def test_what_the_package_declares_is_what_is_pinned():
    declared = tomllib.loads(Path(ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {name for name, _ in pins("run")}
    assert wanted(declared["project"]["dependencies"] + declared["dependency-groups"]["build"]) <= names
    groups = declared["dependency-groups"]
    names = {name for name, _ in pins("test")}
    assert wanted([each for group in ("test", "check", "build") for each in groups[group]]) <= names
