"""The page of this field: recalls and other notices, who answered, and whose answers are awaited."""

from consortia.sdk.access import Way
from consortia.sdk.operations import Operations
from consortia.solutions.views import Edge, Graph, Moment, Node, Page, Table, View

NEWEST = 20
"""So many notices have their answers shown."""


def views(way: Way) -> tuple[View, ...]:
    """All notices, their answers, and who is asked by whom."""
    operations = Operations(way, "")
    found = operations.notices()
    rows = tuple(
        (
            *(each.notice.kind, each.notice.author, Moment(each.notice.since), Moment(each.notice.due)),
            *(each.notice.answers, len(each.notice.to), "open" if each.notice.closed is None else "closed"),
            each.id,
        )
        for each in found
    )
    heads = ("kind", "author", "issued", "due", "answers", "asked", "state", "notice")
    answers = [
        (each.notice.kind, each.notice.author, one.member, one.answer, each.id)
        for each in found[-NEWEST:]
        for one in operations.notice(each.id).answers
    ]
    given = tuple(
        (
            *(kind, author, member),
            *(
                (None, None, "awaited")
                if answer is None
                else (answer.number, Moment(answer.time), _word(answer.late))
            ),
            identity,
        )
        for kind, author, member, answer, identity in answers
    )
    names = sorted({name for each in found for name in (each.notice.author, *each.notice.to)})
    asked = sorted({(each.notice.author, to, each.notice.kind) for each in found for to in each.notice.to})
    return (
        Table("Recalls and other notices", heads, rows, "The texts are salted hashes on the ledger."),
        Table(
            "Answers",
            ("kind", "author", "member", "number", "time", "state", "notice"),
            given,
            "Newest last.",
        ),
        Graph(
            "Who asks whom",
            tuple(Node(name, name, "member") for name in names),
            tuple(Edge(*each) for each in asked),
        ),
    )


def _word(late: bool) -> str:  # noqa: FBT001 (a field of an answer)
    return "late" if late else "in time"


def stands(way: Way) -> bool:
    """Whether anything was asked of anybody."""
    return Operations(way, "").any_notices()


PAGE = Page("supply", "Supply chain", "Recalls, who has answered, and who is awaited.", stands, views)
