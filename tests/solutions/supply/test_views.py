"""The page of the supply chain shows recalls, answers, and who is awaited."""

from consortia.base.times import DAY
from consortia.sdk.operations import Operations
from consortia.solutions.supply.views import PAGE
from consortia.testing.machine import Bench
from tests.sdk.test_meters import Way


def test_a_recall_shows_with_its_answers_and_who_is_awaited():
    bench = Bench()
    north, east = (Operations(Way(bench, name), name) for name in ("north", "east"))
    recall, _ = north.notify("recall", b"lot 42", b"block it", to=["east", "west"], due=bench.time + DAY)
    east.reply(recall, 3)
    notices, answers, graph = PAGE.views(Way(bench, "south"))
    assert [(row[0], row[1], *row[4:7]) for row in notices.rows] == [("recall", "north", 1, 2, "open")]
    assert [(row[2], row[3], row[5]) for row in answers.rows] == [
        ("east", 3, "in time"),
        ("west", None, "awaited"),
    ]
    assert {(edge.source, edge.target) for edge in graph.edges} == {("north", "east"), ("north", "west")}
