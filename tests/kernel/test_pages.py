"""Pages of a list: together they are the list, and each passes over so much at most."""

import pytest

from consortia.kernel import pages


def walked(entries, limit):
    """The pages of a list, each begun behind the entry that the one before named."""
    found, begin = [], 0
    while True:
        page, last = pages.page(entries[begin:], limit)
        found.append(page)
        if last is None:
            return found
        begin = last + 1


@pytest.mark.parametrize(
    ("wanted", "limit", "expected"),
    [
        ("", 2, [()]),
        ("a", 2, [("a",)]),
        ("abcd", 2, [("a", "b"), ("c", "d")]),
        ("abcde", 2, [("a", "b"), ("c", "d"), ("e",)]),
        ("a.b.", 2, [("a", "b")]),
        ("....", 2, [()]),
        (".....a", 2, [(), ("a",)]),
    ],
)
def test_pages_are_the_list_and_pass_over_so_many_entries_at_most(monkeypatch, wanted, limit, expected):
    monkeypatch.setattr(pages, "SCANNED_MAX", 4)
    entries = [(place, None if one == "." else one) for place, one in enumerate(wanted)]
    found = walked(entries, limit)
    assert [one for page in found for one in page] == [one for one in wanted if one != "."]
    assert found == expected
