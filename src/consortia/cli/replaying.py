"""`consortia market replay`: auctions played again from a file, by the ledger's own arithmetic."""

from pathlib import Path

import click

from consortia.cli.options import json_option
from consortia.cli.output import USAGE, Failure


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--reference", type=click.IntRange(1), help="Orders: the first reference price, if not recorded."
)
@click.option("--from", "first", metavar="DATE", default="", help="Prices: the first day to play.")
@click.option("--to", "last", metavar="DATE", default="", help="Prices: the last day to play.")
@click.option(
    "--learn-until", metavar="DATE", default="", help="Prices: a model learns until then, and plays."
)
@click.option(
    "--program", "programs", multiple=True, metavar="MODULE:NAME", help="Prices: a strategy of yours."
)
@click.option(
    "--fee",
    "fee_ppm",
    type=click.IntRange(0, 100_000),
    default=500,
    show_default=True,
    help="Parts per million.",
)
@click.option(
    "--band",
    "band_ppm",
    type=click.IntRange(0, 1_000_000),
    default=2_500,
    show_default=True,
    help="No order below so many parts per million of the equity.",
)
@json_option
def replay(
    *,
    file: Path,
    reference: int | None,
    first: str,
    last: str,
    learn_until: str,
    programs: tuple[str, ...],
    fee_ppm: int,
    band_ppm: int,
    as_json: bool,
) -> int:
    """Play FILE again: orders, or prices.

    Orders: a CSV with the columns auction, account, side, limit, quantity, as they came. One that `consortia
    market record` wrote is held to what the ledger recorded, to the unit.

    Prices: a CSV with a date and a column a stock, or the columns date, symbol, close. Strategies trade in an
    auction a day and stock, and are shown beside equal weight, with costs and without.
    """
    if "date" not in _header(file):
        from consortia.cli import replay_orders

        return replay_orders.tell(file, reference, as_json=as_json)
    from consortia.cli import replay_prices

    days = replay_prices.Days(_date(first), _date(last), _date(learn_until))
    asked = replay_prices.Asked(days, programs, fee_ppm, band_ppm)
    return replay_prices.tell(file, asked, as_json=as_json)


def _header(file: Path) -> list[str]:
    """The column names of a file, in lower case; raises Failure for what is no text."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            first = lines.readline(1 << 16)
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is no CSV file: {error}", code=USAGE) from None
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}", code=USAGE) from None
    return [name.strip().strip('"').lower() for name in first.split(",")]


def _date(text: str) -> str:
    from datetime import date

    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date: write it as 2022-12-31") from None
