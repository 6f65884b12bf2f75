"""`consortia unit`: units of value, and how many there are of them."""

from pathlib import Path
from typing import Any

import click

from consortia.cli.banking import bank_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, facts, say, table
from consortia.cli.session import at_home, tell_done
from consortia.sdk.amounts import written


@click.group()
def unit() -> None:
    """Units of value. UNIT is CODE (own), ISSUER/CODE, or an id; AMOUNT is written as 12 or 12.50."""


@unit.command()
@click.argument("code")
@click.option("--title", default="", help="A line for people.")
@click.option(
    "--decimals",
    type=click.IntRange(0, 18),
    default=0,
    show_default=True,
    help="How many stand behind the point.",
)
@click.option(
    "--rule",
    type=click.Choice(["open", "capped", "fixed"]),
    default="open",
    show_default=True,
    help="Whether its issuer may make more: at will, up to --cap, or never.",
)
@click.option("--cap", metavar="AMOUNT", help="So much there may be, with --rule capped.")
@click.option("--issue", metavar="AMOUNT", help="So much goes to the own account at once.")
@home_option
@json_option
def new(
    *,
    code: str,
    title: str,
    decimals: int,
    rule: Any,  # noqa: ANN401 (a Literal)
    cap: str | None,
    issue: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Make a unit that this member issues. Its rule is for good."""
    made = bank_of(at_home(home)).new_unit(
        code, title=title, decimals=decimals, rule=rule, cap=cap, issue=issue
    )
    if as_json:
        facts(made)
        return DONE
    say(f"{made.issuer}/{made.code}: {written(made.supply, decimals)} are about (block {made.height})")
    say(f"id {made.id.hex()}")
    return DONE


@unit.command("list")
@home_option
@json_option
def list_units(*, home: Path | None, as_json: bool) -> int:
    """List the network's units."""
    found = bank_of(at_home(home)).units()
    if as_json:
        facts({"units": found})
        return DONE
    rows = [
        [
            f"{one.issuer}/{one.code}",
            one.rule,
            written(one.supply, one.decimals),
            "" if one.cap is None else written(one.cap, one.decimals),
            one.title,
        ]
        for one in sorted(found, key=lambda one: (one.issuer, one.code))
    ]
    table(rows, ["unit", "rule", "supply", "cap", "title"])
    return DONE


@unit.command()
@click.argument("which", metavar="UNIT")
@click.argument("amount")
@click.option("--to", "account", help="For this account; else the own one.")
@home_option
@json_option
def issue(*, which: str, amount: str, account: str | None, home: Path | None, as_json: bool) -> int:
    """Make AMOUNT more of an own UNIT."""
    session = at_home(home)
    receipt = bank_of(session).issue(which, amount, account)
    tell_done(receipt, f"{amount} of {which} issued to {account or session.member}", as_json=as_json)
    return DONE


@unit.command()
@click.argument("which", metavar="UNIT")
@click.argument("amount")
@home_option
@json_option
def redeem(*, which: str, amount: str, home: Path | None, as_json: bool) -> int:
    """Take AMOUNT of an own UNIT, that came back to the issuer, out of the world."""
    receipt = bank_of(at_home(home)).redeem(which, amount)
    tell_done(receipt, f"{amount} of {which} redeemed", as_json=as_json)
    return DONE
