"""`consortia market meter`: whose meters a market has, what they read, and what that costs."""

import json
import secrets
from pathlib import Path

import click

from consortia.base.codec import Malformed
from consortia.base.keys import SigningKey
from consortia.cli.lookup import digest_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.cli.readings import convert
from consortia.cli.session import Door, Session, at_home, tell_done
from consortia.cli.spans import span
from consortia.kernel.block import Receipt
from consortia.modules.market.meter_types import SaltedReading
from consortia.modules.market.types import Market, Metering
from consortia.node.home import write_private
from consortia.sdk.jsonform import dump, from_json
from consortia.sdk.market import Markets
from consortia.sdk.meters import Meters, signed
from consortia.sdk.moments import moment, utc_milliseconds

ROLE = "operator"

for_option = click.option("--for", "account", metavar="ACCOUNT", help="An account; else the member's own.")


def _desk(home: Path | None, name: str) -> tuple[Session, Meters, Market]:
    """The session of a home's running node, its meters, and the market of a name."""
    session = at_home(home)
    door = Door(session, session.keyring.for_roles({ROLE}))
    return session, Meters(door, session.member), Markets(door, session.member).find(name)


@click.group()
def meter() -> None:
    """Meters of a market whose trades are delivered: energy, water, bandwidth."""


meter.add_command(convert)


@meter.command("set")
@click.argument("name")
@click.option("--grid", required=True, help="The member whose account takes what deviates.")
@click.option("--draw", type=click.IntRange(0), required=True, help="What a unit drawn beyond costs.")
@click.option("--feed", type=click.IntRange(0), required=True, help="What a unit fed in beyond earns.")
@click.option("--through", type=click.IntRange(0), default=0, show_default=True, help="The fee of each unit.")
@click.option("--delivery", required=True, help="So long after an auction's begin its delivery is over.")
@click.option("--readings", required=True, help="So long after that readings are taken.")
@home_option
@json_option
def set_meters(
    *,
    name: str,
    grid: str,
    draw: int,
    feed: int,
    through: int,
    delivery: str,
    readings: str,
    home: Path | None,
    as_json: bool,
) -> int:
    """Have market NAME metered, before its first order. Prices are in the quote unit's smallest parts."""
    _, meters, market = _desk(home, name)
    metering = Metering(grid, draw, feed, through, span(delivery), span(readings))
    tell_done(meters.measure(market, metering), f"{name} is metered", as_json=as_json)
    return DONE


@meter.command("key")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def key(*, file: Path, as_json: bool) -> int:
    """Make a meter's key in FILE, and print its public part."""
    if file.exists():
        raise Failure(f"{file} is there already", "name a new file")
    seed = secrets.token_bytes(32)
    write_private(file, seed.hex().encode())
    public = SigningKey(seed).public.hex()
    if as_json:
        facts({"public": public})
    else:
        say(public)
    return DONE


@meter.command()
@click.argument("name")
@click.argument("public")
@click.option("--capacity", type=click.IntRange(1), required=True, help="At most so many units go through.")
@for_option
@home_option
@json_option
def attach(
    *, name: str, public: str, capacity: int, account: str | None, home: Path | None, as_json: bool
) -> int:
    """Name the meter of an account in market NAME by its PUBLIC key, in hex."""
    _, meters, market = _desk(home, name)
    key = digest_of(public, "key in hex", "consortia market meter key FILE")
    receipt = meters.attach(market, key, capacity, account)
    tell_done(receipt, f"named; the grid accepts it: consortia market meter accept {name}", as_json=as_json)
    return DONE


@meter.command()
@click.argument("name")
@click.argument("account")
@home_option
@json_option
def accept(*, name: str, account: str, home: Path | None, as_json: bool) -> int:
    """Let the meter of ACCOUNT count from the auction that begins next; only the grid can."""
    _, meters, market = _desk(home, name)
    receipt = meters.accept(market, account)
    first = next(event.body["auction"] for event in receipt.events)
    tell_done(receipt, f"{account} counts from auction {first} on", as_json=as_json, auction=first)
    return DONE


@meter.command()
@click.argument("name")
@for_option
@home_option
@json_option
def detach(*, name: str, account: str | None, home: Path | None, as_json: bool) -> int:
    """Let a meter count for no auction after the present one."""
    _, meters, market = _desk(home, name)
    tell_done(meters.detach(market, account), "it counts no more once it is read", as_json=as_json)
    return DONE


@meter.command()
@click.argument("name")
@home_option
@json_option
def show(*, name: str, home: Path | None, as_json: bool) -> int:
    """Show the meters of market NAME: the auction that each is read for next, and what is owed."""
    _, meters, market = _desk(home, name)
    found = meters.all(market)
    if as_json:
        facts({"metering": market.metering, "meters": found})
        return DONE
    rows = []
    for one in found:
        traded = 0 if one.traded is None else one.traded.units
        due = "the grid has to accept it" if one.since is None else f"due from {moment(one.since)}"
        number = "" if one.meter.next is None else str(one.meter.next)
        rows.append([one.account, number, str(traded), str(one.meter.owed), due])
    table(rows, ["account", "next auction", "traded", "owed", "reading"])
    return DONE


@meter.command()
@click.argument("name")
@click.argument("drawn", type=int)
@click.option("--auction", type=click.IntRange(0), required=True, help="The auction that was delivered.")
@click.option(
    "--key", "file", type=click.Path(path_type=Path, exists=True), required=True, help="The meter's key."
)
@for_option
@home_option
def sign(*, name: str, drawn: int, auction: int, file: Path, account: str | None, home: Path | None) -> int:
    """Print what a meter signs for DRAWN units (negative: fed in), a line for `meter read`."""
    session, _, market = _desk(home, name)
    try:
        key = SigningKey(bytes.fromhex(file.read_text(encoding="ascii")))
    except ValueError:
        raise Failure(f"{file} holds no meter's key", "consortia market meter key FILE") from None
    network, owner = session.client.network, account or session.member
    say(dump(signed(network, market, owner, auction, drawn=drawn, key=key)).decode())
    return DONE


@meter.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@home_option
@json_option
def read(*, name: str, file: Path, home: Path | None, as_json: bool) -> int:
    """Bring the readings in FILE, a line each, as record batches of the member's; each is billed."""
    _, meters, market = _desk(home, name)
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        readings = [from_json(SaltedReading, json.loads(line)) for line in lines]
    except (ValueError, Malformed) as error:
        raise Failure(f"{file} holds what is no reading: {error}", "consortia market meter sign") from None
    if not readings:
        raise Failure(f"{file} holds no reading", "consortia market meter sign")
    return _tell_bills(meters.read(market, readings), as_json=as_json)


@meter.command()
@click.argument("name")
@click.option("--auction", type=click.IntRange(0), required=True, help="The auction that was delivered.")
@home_option
@json_option
def miss(*, name: str, auction: int, home: Path | None, as_json: bool) -> int:
    """Bill every account whose reading of an auction did not come in time."""
    _, meters, market = _desk(home, name)
    done = meters.miss(market, auction, utc_milliseconds())
    if not done:
        raise Failure(f"no reading of auction {auction} is missing", f"consortia market meter show {name}")
    return _tell_bills(done, as_json=as_json)


@meter.command()
@click.argument("name")
@click.argument("account")
@home_option
@json_option
def collect(*, name: str, account: str, home: Path | None, as_json: bool) -> int:
    """Have what ACCOUNT and the grid owe one another paid, as far as there are funds."""
    _, meters, market = _desk(home, name)
    receipt = meters.collect(market, account)
    body = next(event.body for event in receipt.events)
    tell_done(receipt, f"{body['paid']} paid, {body['owed']} owed still", as_json=as_json)
    return DONE


def _tell_bills(receipts: list[Receipt], *, as_json: bool) -> int:
    """Tell what was billed."""
    bills = [event.body for receipt in receipts for event in receipt.events if event.name == "market.billed"]
    if as_json:
        facts({"billed": bills})
        return DONE
    columns = ("account", "auction", "traded", "drawn", "cost", "paid", "owed")
    rows = [[*(str(bill[name]) for name in columns), "missing" if bill["missing"] else ""] for bill in bills]
    table(rows, [*columns, ""])
    return DONE
