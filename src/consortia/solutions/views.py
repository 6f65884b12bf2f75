"""The views that a solution's own `views.py` makes: one import for all of them.

They are defined below the node (`sdk.views`), for the console draws them and knows nothing of any field.
"""

from consortia.sdk.views import (
    Cell,
    Edge,
    Graph,
    Line,
    Link,
    Map,
    Moment,
    Node,
    Page,
    Place,
    Series,
    Table,
    View,
    table_of,
)

__all__ = [
    "Cell",
    "Edge",
    "Graph",
    "Line",
    "Link",
    "Map",
    "Moment",
    "Node",
    "Page",
    "Place",
    "Series",
    "Table",
    "View",
    "table_of",
]
