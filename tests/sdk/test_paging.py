"""Long answers: every page is asked for once, from where the one before says that it goes on."""

from itertools import islice
from types import SimpleNamespace

from consortia.sdk.paging import pages

KNOWN = "abcdefg"


def answers(asked):
    """A ledger of letters, three a page, that notes what it was asked."""

    def ask(name, question, kind):
        assert (name, kind) == ("letters", str)
        asked.append(question)
        begin = 0 if question is None else question
        end = begin + 3
        return SimpleNamespace(letters=KNOWN[begin:end], next=end if end < len(KNOWN) else None)

    return ask


def test_all_pages_are_asked_for_in_turn():
    asked = []
    found = pages(answers(asked), "letters", lambda at: at, str)
    assert "".join(page.letters for page in found) == KNOWN
    assert asked == [None, 3, 6]


def test_a_reader_who_stops_asks_for_no_more():
    asked = []
    found = pages(answers(asked), "letters", lambda at: at, str, 1)
    assert [page.letters for page in islice(found, 1)] == ["bcd"]
    assert asked == [1]
