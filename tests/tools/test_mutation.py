"""Faults for the mutation score: one at a time, of every kind, and none where nothing depends on it."""

import ast

import pytest

from tools.mutants import mutants
from tools.mutation import Changed, change, equals, page, population

SOURCE = '''"""A module's own words."""

__all__ = ["held"]
LIMIT = 3
NAME = cast("Kind", "removal")
OWNERS = Table("identity", "owners", Owner, (bytes,), "whose a key is")


class Ports(Protocol):
    """What is asked."""

    def held(self) -> bool:
        return 1 < 2


def held(ctx: "Context", at: int = 7) -> "Owner | None":
    """What is held."""
    if at < LIMIT and not ctx.closed:
        OWNERS.put(ctx, at)
    require(at in ctx.places, codes.NO_KEY, f"nothing at {at}" + "x")
    if ctx.open:
        raise Refused(codes.KEY_KNOWN, "details")
    for one in ctx.all:  # pragma: no branch (said)
        del ctx.all[0 != 1]
    return b"ab" if True else None
'''


def changes(kind):
    return {(mutant.before, mutant.after) for mutant in mutants("a.py", SOURCE) if mutant.kind == kind}


def test_comparisons_are_flipped():
    assert changes("comparison") == {
        ("at < LIMIT", "(at >= LIMIT)"),
        ("at in ctx.places", "(at not in ctx.places)"),
        ("0 != 1", "(0 == 1)"),
    }


def test_boundaries_are_moved_by_one():
    assert changes("boundary") == {("at < LIMIT", "(at <= LIMIT)"), ("3", "4"), ("0", "1"), ("1", "2")}


def test_statements_are_left_out():
    assert changes("statement") == {
        ("OWNERS.put(ctx, at)", "pass"),
        ('require(at in ctx.places, codes.NO_KEY, f"nothing at {at}" + "x")', "pass"),
        ('raise Refused(codes.KEY_KNOWN, "details")', "pass"),
        ("del ctx.all[0 != 1]", "pass"),
    }


def test_constants_are_swapped():
    assert changes("constant") == {
        ('"removal"', "'removalx'"),
        ('"identity"', "'identityx'"),
        ('"owners"', "'ownersx'"),
        ("codes.NO_KEY", "codes.KEY_KNOWN"),
        ("codes.KEY_KNOWN", "codes.NO_KEY"),
        ('b"ab"', "b'ac'"),
        ("True", "False"),
    }


def test_conditions_are_turned_round():
    assert changes("negation") == {
        ("at < LIMIT and not ctx.closed", "(at < LIMIT or not ctx.closed)"),
        ("not ctx.closed", "(ctx.closed)"),
        ("ctx.open", "(not ctx.open)"),
    }


def test_every_mutant_is_a_program_that_differs_from_the_source():
    for mutant in mutants("a.py", SOURCE):
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(SOURCE))


@pytest.mark.parametrize(
    ("path", "name", "package"),
    [
        ("src/consortia/kernel/tree.py", "consortia.kernel.tree", False),
        ("src/consortia/modules/assets/__init__.py", "consortia.modules.assets", True),
    ],
)
def test_a_changed_module_takes_the_place_of_its_file_alone(path, name, package):
    mutant = next(mutant for mutant in population([path]))
    finder = Changed(mutant)
    assert finder.find_spec("consortia.kernel.store", None) is None
    spec = finder.find_spec(name, None)
    assert (spec.name, spec.submodule_search_locations is not None) == (name, package)


def test_the_page_gives_the_score_and_lists_what_survived():
    sample = population(["kernel/checkpoint.py"])[:4]
    text = page(sample, sample[:1], 9, 5)
    assert "Sample: 4 of 9 mutants, seed 5." in text
    assert "**75.0 %** (target 90 %)" in text
    assert "| `kernel/checkpoint.py` | 4 | 3 | 75 % |" in text
    assert f"`kernel/checkpoint.py:{sample[0].line}`" in text
    assert page(sample, [], 9, 5).count("Nothing.") == 2


def test_every_reason_for_a_survivor_belongs_to_a_mutant_that_there_is():
    there = {change(mutant) for mutant in population([])}
    assert [one for one in equals() if one not in there] == []


def test_a_survivor_with_a_reason_is_listed_with_it():
    known = equals()
    mutant = next(mutant for mutant in population(["kernel/buckets.py"]) if change(mutant) in known)
    told = page([mutant], [mutant], 1, 1).partition("## What changes nothing")
    assert known[change(mutant)] in told[2]
    assert "Nothing." in told[0]
