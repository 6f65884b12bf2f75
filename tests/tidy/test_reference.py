"""The reference pages are what the declarations give, and say something of everything declared."""

from consortia.app import application
from consortia.kernel.refusals import REFUSALS
from tools import reference


def test_the_committed_pages_are_what_the_declarations_give():
    assert reference.stale() == [], "run `make reference` and commit what it changes"


def test_every_message_event_and_query_says_what_it_is():
    silent = []
    for module in application().modules:
        things = [method.message for method in module.methods] + list(module.events)
        silent += [f"{module.name}.{thing.__name__}" for thing in things if not reference.doc(thing)]
        silent += [f"{module.name}.{query.name}" for query in module.queries if not query.doc]
        silent += [
            f"{module.name}.{each.name}" for each in module.invariants if not reference.doc(each.check)
        ]
        silent += [f"{table.module}/{table.name}" for table in module.tables if not table.doc]
    assert silent == []


def test_refusals_are_numbered_in_their_order_and_have_a_meaning():
    for refusals in [REFUSALS, *(module.refusals for module in application().modules)]:
        assert [each.number for each in refusals] == sorted({each.number for each in refusals})
        assert len({each.name for each in refusals}) == len(refusals)
        assert all(each.meaning.endswith(".") and len(each.meaning) > 10 for each in refusals)


def test_every_command_and_option_says_what_it_does():
    assert [line for line in reference.commands_page().splitlines() if line.endswith("|  |")] == []
