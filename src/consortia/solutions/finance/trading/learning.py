"""What a study on a ledger can learn from prices: rows of signals, and whether the stock rose after.

Every member makes the rows of the stocks that it follows. They stay with it; the study takes masked sums.
"""

from collections.abc import Mapping, Sequence

from consortia.engines.train import recipe
from consortia.engines.train.agree import infer_schema
from consortia.engines.train.files import RawTable
from consortia.engines.train.loop import train
from consortia.engines.train.table import make_table
from consortia.exact.signals import View
from consortia.solutions.finance.trading.prices import Prices

SIGNALS = ("past-5", "past-20", "past-60", "swing-20")
LOOK = 61
"""So many prices back the signals look, the newest one included."""

LABEL = "rises"
HEADER = (*SIGNALS, LABEL)
RECIPE = "glm.logistic"
PARAMETERS: Mapping[str, int] = {"rounds": 4, "ridge_milli": 1_000}


def rows(prices: Prices, stocks: Sequence[str], every: int = 1) -> list[list[str]]:
    """A row for each of the stocks on every so many days: its signals, and 1 if the next close was higher."""
    made = []
    chosen = prices.only(stocks)
    for day in range(LOOK, len(prices.days), every):
        view = View([row[day - LOOK : day] for row in chosen.closes])
        signals = [view.signal(name) for name in SIGNALS]
        for stock, row in enumerate(chosen.closes):
            made.append([*(str(of[stock]) for of in signals), str(int(row[day] > row[day - 1]))])
    return made


def dealt(stocks: Sequence[str], members: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which member follows which stocks: dealt out in turn."""
    return {name: tuple(stocks[at :: len(members)]) for at, name in enumerate(members)}


def raw_table(name: str, cells: list[list[str]]) -> RawTable:
    """Rows as a file has them."""
    return RawTable(name, HEADER, ("",) * len(HEADER), cells, list(range(2, len(cells) + 2)))


def learned(prices: Prices, members: Sequence[str], every: int = 1) -> bytes:
    """The model that a study of these members comes to, computed here in one process; to the bit the same.

    Raises DataError or RecipeError where the prices are too few.
    """
    raws = [
        raw_table(name, rows(prices, stocks, every)) for name, stocks in dealt(prices.stocks, members).items()
    ]
    schema = infer_schema(raws, LABEL)
    tables = {raw.name: make_table(raw, schema) for raw in raws}
    return train(recipe(RECIPE), dict(PARAMETERS), tables).model
