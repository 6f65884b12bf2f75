"""Nothing left behind, no unfinished marks, no path of a machine, no registry, no pickles, no mocks."""

import pytest

from tests.tidy import words
from tests.tidy.source import Source, python, tracked

FILES = list(tracked())
RULES = {
    "unfinished": words.unfinished,
    "machine": words.machine,
    "registry": words.registry,
    "left over": words.left_over,
}


@pytest.mark.parametrize("rule", RULES)
def test_no_file_says_it(rule: str):
    assert [problem for source in FILES for problem in RULES[rule](source)] == []


def test_nothing_that_ships_unpickles():
    assert [problem for source in python("src") for problem in words.pickles(source)] == []


def test_every_import_of_a_fixed_name_is_seen_by_the_contracts():
    assert [problem for source in python("src") for problem in words.hidden_imports(source)] == []


def test_no_test_stands_on_a_mock():
    assert [problem for source in python("tests") for problem in words.mocks(source)] == []


# The samples are spelt with a gap, so that this file does not hold what the rules look for.
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("unfinished", "# TO·DO later"),
        ("unfinished", "raise NotImplemented·Error"),
        ("machine", "cd /ro·ot/project"),
        ("machine", "see /ho·me/somebody/notes"),
        ("registry", "pip install --index·-url x"),
        ("registry", '"resol·ved": "https://x"'),
    ],
)
def test_the_rules_of_words_bite(rule: str, text: str):
    assert list(RULES[rule](Source("docs/a.md", text.replace("·", "")))) != []


def test_a_leftover_is_found_by_its_name():
    assert list(words.left_over(Source("src/consortia/kernel/quick.py.orig", ""))) != []


def test_paths_that_every_machine_has_are_let_through():
    assert list(words.machine(Source("a.md", "~/.consortia/heart /usr/bin/env docs/works/a ./roots/b"))) == []


@pytest.mark.parametrize("text", ["import pickle", "from marshal import loads", "import joblib.numpy_pickle"])
def test_the_rule_of_pickles_bites(text: str):
    assert list(words.pickles(Source("src/a.py", text))) != []


@pytest.mark.parametrize("text", ['import_module("a.b")', 'importlib.import_module("a").b()'])
def test_the_rule_of_hidden_imports_bites(text: str):
    assert list(words.hidden_imports(Source("src/a.py", text))) != []


@pytest.mark.parametrize("text", ["from unittest.mock import Mock", "import unittest.mock"])
def test_the_rule_of_mocks_bites(text: str):
    assert list(words.mocks(Source("tests/a.py", text))) != []
