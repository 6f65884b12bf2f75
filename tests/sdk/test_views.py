"""What a field's page shows: every drawing has a table behind it, and nothing dangles."""

import pytest

from consortia.sdk.views import Edge, Graph, Line, Map, Node, Place, Series, Table, table_of


def test_the_table_of_a_series_has_a_column_for_each_line():
    series = Series(
        "Accuracy", "round", "%", (1, 2), (Line("north", (50.0, None)), Line("all", (60.0, 70.0)))
    )
    table = table_of(series)
    assert table.headings == ("round", "north (%)", "all (%)")
    assert table.rows == ((1, 50.0, 60.0), (2, None, 70.0))


def test_the_table_of_a_graph_names_each_arrow_and_what_stands_alone():
    nodes = (Node("a", "data"), Node("b", "model"), Node("c", "idle"))
    table = table_of(Graph("Lineage", nodes, (Edge("a", "b", "summed"),)))
    assert table.rows == (("data", "summed", "model"), ("idle", "", ""))


def test_the_table_of_a_map_has_every_point():
    found = table_of(Map("Junctions", "cars", (Place(52.1, 4.3, "Main", 12.0, "junction"),)))
    assert found.headings[2] == "value (cars)"
    assert found.rows == (("Main", "junction", 12.0, 52.1, 4.3),)


def test_a_table_is_its_own():
    table = Table("Lots", ("lot", "grams"), (("A", 5),))
    assert table_of(table) is table


@pytest.mark.parametrize(
    "make",
    [
        lambda: Table("t", ("a", "b"), (("only one",),)),
        lambda: Table("t", ("a",), (("x",),) * 100_001),
        lambda: Series("s", "round", "", (1, 2), (Line("l", (1.0,)),)),
        lambda: Graph("g", (Node("a", "a"),), (Edge("a", "b"),)),
        lambda: Graph("g", (Node("a", "a"), Node("a", "again")), ()),
    ],
)
def test_what_does_not_fit_together_is_refused(make):
    with pytest.raises(ValueError, match=r"^[tsg]: "):
        make()
