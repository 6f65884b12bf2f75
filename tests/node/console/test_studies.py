"""The page of a study: how the model of each round does on the records of the node's own member."""

import csv
import io

import pytest

from consortia.node.home import Home
from consortia.workers.curves import FOLDER, Curves
from tests.node.console.together import ROUNDS
from tests.node.running import client

pytestmark = pytest.mark.slow
CHARTS = """
return [...document.querySelectorAll("section.view")].map((one) => [one.querySelector("h2")?.innerText,
  one.querySelectorAll("svg polyline").length, one.querySelector("a.csv")?.href])"""


def test_the_page_of_a_study_draws_how_the_model_of_each_round_does_on_the_own_records(seen):
    node, browser = seen
    browser.open(f"{node.url}/console/studies/{node.study.hex()}")
    drawn = {title: (lines, address) for title, lines, address in browser.run(CHARTS)}
    assert drawn["Quality of the model"][0] == 3
    assert drawn["Loss of the model"][0] == 1
    assert "60 of the records that north trains with" in browser.text("main")

    points = list(Curves(node.home.private / FOLDER).read(node.study).values())
    told = browser.run("return fetch(arguments[0]).then((one) => one.text())", drawn["Loss of the model"][1])
    heading, *rows = csv.reader(io.StringIO(told))
    assert heading == ["round", "log loss (nats a record)"]
    assert [(row[0], float(row[1])) for row in rows] == [
        (str(at), one.measures["log loss"]) for at, one in enumerate(points, 2)
    ]
    assert len(rows) == ROUNDS - 1


def test_the_figures_are_for_the_members_own_people_whoever_else_may_look_at_the_page(seen):
    node, _ = seen
    path, told = f"/console/studies/{node.study.hex()}", {}
    for member in ("north", "east"):
        with client(Home(node.home.path.parent / member), node.url, member="north") as caller:
            told[member] = caller.fetch(path).body.decode(), caller.fetch(path, {"csv": 1}).body.decode()
    assert "60 of the records that north trains with" in told["north"][0]
    assert "log loss" not in told["east"][0] + told["east"][1]
    assert "Only the own officers of the member whose node this is" in told["east"][0]
