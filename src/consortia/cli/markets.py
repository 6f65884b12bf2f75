"""`consortia market`: sealed call auctions, from the opening of a market to a member's statement."""

from dataclasses import dataclass
from pathlib import Path

import click

from consortia.base.keys import SigningKey
from consortia.cli.banking import bank_of
from consortia.cli.lookup import digest_of
from consortia.cli.meters import meter
from consortia.cli.options import home_option, json_option
from consortia.cli.orders import Kept
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.cli.recording import record
from consortia.cli.replaying import replay
from consortia.cli.session import Door, Session, at_home, tell_done
from consortia.cli.spans import span
from consortia.modules.market.types import Limits, Market, Side, Terms
from consortia.sdk.amounts import parts, written
from consortia.sdk.market import Markets
from consortia.sdk.moments import moment, utc_milliseconds

ROLE = "operator"
"""The office whose key hands orders in and opens them."""

auction_option = click.option("--auction", type=click.IntRange(0), help="Its number, else the present one.")
for_option = click.option("--for", "account", metavar="ACCOUNT", help="An account; else the member's own.")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with: the session, its markets and the key that signs."""

    session: Session
    key: SigningKey
    markets: Markets

    @classmethod
    def at(cls, home: Path | None) -> "Desk":
        """The desk of a home's running node."""
        session = at_home(home)
        key = session.keyring.for_roles({ROLE})
        return cls(session, key, Markets(Door(session, key), session.member))

    @property
    def now(self) -> int:
        """The clock time, which block time is near to."""
        return utc_milliseconds()

    def number(self, market: Market, asked: int | None) -> int:
        """The auction that is meant: one named, or that of the moment."""
        return self.markets.number_at(market, self.now) if asked is None else asked


@click.group()
def market() -> None:
    """Sealed call auctions. MARKET is a name; limits are prices in the quote unit's smallest parts."""


market.add_command(meter)
market.add_command(replay)
market.add_command(record)


@market.command()
@click.argument("name")
@click.argument("base")
@click.argument("quote")
@click.option("--reference", type=click.IntRange(1), required=True, help="The first reference price.")
@click.option("--title", default="", help="A line for people.")
@click.option("--period", default="60s", show_default=True, help="An auction begins every so often.")
@click.option("--orders", "commit", default="20s", show_default=True, help="So long orders are handed in.")
@click.option("--opening", default="20s", show_default=True, help="So long they are opened.")
@click.option("--correction", default="1s", show_default=True, help="So long a price may be corrected.")
@click.option(
    "--tick", type=click.IntRange(1), default=1, show_default=True, help="Limits are multiples of it."
)
@click.option("--collar", type=click.IntRange(1, 1000), default=100, show_default=True, help="In ticks.")
@click.option("--largest", type=click.IntRange(1), default=1000, show_default=True, help="The largest order.")
@click.option("--position", type=click.IntRange(1), default=1 << 40, help="The largest position.")
@click.option(
    "--loss", type=click.IntRange(1), default=1 << 60, help="A loss that stops an account or a key."
)
@click.option("--rate", type=click.IntRange(1), default=100, show_default=True, help="Orders an auction.")
@click.option(
    "--fee", type=click.IntRange(0, 100_000), default=0, show_default=True, help="Parts per million."
)
@click.option("--day", type=click.IntRange(1), default=1440, show_default=True, help="Auctions a day.")
@click.option("--labelled", is_flag=True, help="Members keep accounts for others, each an owner of its own.")
@home_option
@json_option
def new(*, name: str, base: str, quote: str, home: Path | None, as_json: bool, **given: object) -> int:
    """Open market NAME, in which BASE is traded for QUOTE."""
    desk = Desk.at(home)
    bank = bank_of(desk.session)
    terms = _terms(bank.unit(base).id, bank.unit(quote).id, desk.now, given)
    reference, title = given["reference"], given["title"]
    if not isinstance(reference, int) or not isinstance(title, str):
        raise TypeError("the options are of another kind")
    made = desk.markets.open(name, title, terms, reference)
    if as_json:
        facts(made)
        return DONE
    every = terms.period_ms / 1000
    say(f"{name} is open: an auction every {every:g} s, a deposit of {terms.deposit} an order")
    say(f"next: consortia market fund {name} AMOUNT {base}, and {quote}")
    return DONE


@market.command("list")
@home_option
@json_option
def list_markets(*, home: Path | None, as_json: bool) -> int:
    """List the markets."""
    found = Desk.at(home).markets.list()
    if as_json:
        facts({"markets": found})
        return DONE
    rows = [[one.name, one.operator, str(one.reference), "halted" if one.halted else "open"] for one in found]
    table(rows, ["market", "operator", "reference price", "state"])
    return DONE


@market.command()
@click.argument("name")
@click.argument("amount")
@click.argument("unit")
@click.option("--out", is_flag=True, help="Take out, instead of paying in.")
@for_option
@home_option
@json_option
def fund(
    *, name: str, amount: str, unit: str, out: bool, account: str | None, home: Path | None, as_json: bool
) -> int:
    """Pay AMOUNT of UNIT into an account in a market, or out of it."""
    desk = Desk.at(home)
    of = bank_of(desk.session).unit(unit)
    move = desk.markets.take if out else desk.markets.fund
    receipt = move(desk.markets.find(name), of.id, parts(amount, of.decimals), account)
    tell_done(receipt, f"{amount} {unit} {'out of' if out else 'into'} {name}", as_json=as_json)
    return DONE


@market.command()
@click.argument("name")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("quantity", type=click.IntRange(1))
@click.argument("limit", type=click.IntRange(1))
@for_option
@auction_option
@home_option
@json_option
def order(
    *,
    name: str,
    side: Side,
    quantity: int,
    limit: int,
    account: str | None,
    auction: int | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Hand in a sealed order for QUANTITY at LIMIT or better. This home keeps what opens it."""
    desk = Desk.at(home)
    place, kept = desk.markets.find(name), Kept(desk.session.home)
    signer = (desk.session.client.network, desk.key.key_id)
    number = desk.number(place, auction)
    made = desk.markets.order(
        place,
        side,
        limit=limit,
        quantity=quantity,
        number=number,
        signer=signer,
        account=account,
        keep=kept.save,
    )
    kept.save(made)
    opens = place.terms.start + number * place.terms.period_ms + place.terms.commit_ms
    if as_json:
        facts({"auction": number, "place": made.place, "opens": opens})
        return DONE
    say(f"order {made.place} of auction {number}, sealed; open it from {moment(opens)} on")
    say(f"next: consortia market reveal {name} --auction {number}")
    return DONE


@market.command()
@click.argument("name")
@click.argument("place", type=click.IntRange(0))
@auction_option
@home_option
@json_option
def cancel(*, name: str, place: int, auction: int | None, home: Path | None, as_json: bool) -> int:
    """Take the order at PLACE back, while orders are still handed in."""
    desk = Desk.at(home)
    found, kept = desk.markets.find(name), Kept(desk.session.home)
    number = desk.number(found, auction)
    mine = [one for one in kept.of(found.id, number) if one.place == place]
    if not mine:
        raise Failure(
            f"this home keeps no order {place} of auction {number}", f"consortia market book {name}"
        )
    receipt = desk.markets.cancel(mine[0])
    kept.forget(mine[0])
    tell_done(receipt, f"order {place} of auction {number} is taken back", as_json=as_json)
    return DONE


@market.command()
@click.argument("name")
@auction_option
@home_option
@json_option
def reveal(*, name: str, auction: int | None, home: Path | None, as_json: bool) -> int:
    """Open all orders that this home keeps for an auction."""
    desk = Desk.at(home)
    found, kept = desk.markets.find(name), Kept(desk.session.home)
    number = desk.number(found, auction)
    mine = [one for one in kept.of(found.id, number) if one.place >= 0]
    if not mine:
        raise Failure(f"this home keeps no order of auction {number}", f"consortia market order {name} ...")
    for one in mine:
        desk.markets.reveal(one)
        kept.forget(one)
    if as_json:
        facts({"auction": number, "opened": [one.place for one in mine]})
    else:
        say(f"{len(mine)} of auction {number} opened")
    return DONE


@market.command()
@click.argument("name")
@auction_option
@home_option
@json_option
def clear(*, name: str, auction: int | None, home: Path | None, as_json: bool) -> int:
    """Find the price of an auction, and settle it once that is due."""
    desk = Desk.at(home)
    found = desk.markets.find(name)
    number = desk.number(found, auction)
    state = desk.markets.auction(found, number)
    if state.auction is None or state.auction.outcome is None:
        desk.markets.clear(found, number)
        state = desk.markets.auction(found, number)
    due = state.settles is not None and desk.now >= state.settles
    runs = desk.markets.settle(found, number) if due else 0
    outcome = None if state.auction is None else state.auction.outcome
    if as_json:
        facts({"auction": number, "outcome": outcome, "settled": due, "runs": runs})
        return DONE
    if outcome is None or outcome.price is None:
        say(
            f"auction {number}: nothing trades"
            if outcome and not outcome.void
            else f"auction {number} is void"
        )
    else:
        say(f"auction {number}: {outcome.volume} at {outcome.price}")
    say("settled" if due else f"next, to settle: consortia market clear {name} --auction {number}")
    return DONE


@market.command()
@click.argument("name")
@auction_option
@home_option
@json_option
def book(*, name: str, auction: int | None, home: Path | None, as_json: bool) -> int:
    """Show the opened orders of an auction, and how far it is."""
    desk = Desk.at(home)
    found = desk.markets.find(name)
    number = desk.number(found, auction)
    state, levels = desk.markets.auction(found, number), desk.markets.book(found, number)
    if as_json:
        facts({"auction": number, "state": state, "levels": levels})
        return DONE
    here = state.auction
    counts = "no orders" if here is None else f"{here.commits} handed in, {here.reveals} opened"
    say(f"{name}, auction {number}: {counts}; reference price {found.reference}")
    say(f"orders until {moment(state.reveals)}, opened until {moment(state.clears)}")
    table([[one.side, str(one.limit), str(one.quantity)] for one in levels], ["side", "limit", "quantity"])
    return DONE


@market.command()
@click.argument("name")
@click.argument("account", required=False)
@home_option
@json_option
def statement(*, name: str, account: str | None, home: Path | None, as_json: bool) -> int:
    """Show what an account has, what it is worth, and its loss."""
    desk = Desk.at(home)
    found = desk.markets.find(name)
    known = desk.markets.statement(found, account)
    if as_json:
        facts(known)
        return DONE
    bank, held = bank_of(desk.session), known.account
    base, quote = bank.unit(found.terms.base), bank.unit(found.terms.quote)
    rows = [
        [base.code, written(held.base, base.decimals), written(held.base_held, base.decimals)],
        [quote.code, written(held.quote, quote.decimals), written(held.quote_held, quote.decimals)],
    ]
    table(rows, ["unit", "in the account", "held by orders"])
    say(f"worth {written(known.worth, quote.decimals)} {quote.code} at {known.price}")
    most = written(known.limits.loss_max, quote.decimals)
    say(f"loss {written(known.loss, quote.decimals)} of at most {most}")
    if held.stopped is not None:
        say(f"stopped since {moment(held.stopped)}")
    return DONE


@market.command()
@click.argument("name")
@click.option("--resume", is_flag=True, help="Let it go on.")
@home_option
@json_option
def halt(*, name: str, resume: bool, home: Path | None, as_json: bool) -> int:
    """Stop a market; auctions that are under way are void."""
    desk = Desk.at(home)
    found = desk.markets.find(name)
    receipt = desk.markets.resume(found) if resume else desk.markets.halt(found)
    tell_done(receipt, f"{name} {'goes on' if resume else 'is halted'}", as_json=as_json)
    return DONE


@market.command()
@click.argument("name")
@click.option("--key", help="Only this key, by its id in hex; else the whole account.")
@for_option
@home_option
@json_option
def stop(*, name: str, key: str | None, account: str | None, home: Path | None, as_json: bool) -> int:
    """Stop the member's trading at once, or that of one key."""
    desk = Desk.at(home)
    found = desk.markets.find(name)
    if key is None:
        receipt = desk.markets.stop(found, account)
    else:
        receipt = desk.markets.stop_key(found, digest_of(key, "key id", "consortia key list"))
    tell_done(receipt, f"stopped in {name}", as_json=as_json)
    return DONE


def _terms(base: bytes, quote: bytes, now: int, given: dict[str, object]) -> Terms:
    """The terms that the options ask for; the first auction begins with the next whole second."""
    text = {name: str(given[name]) for name in ("period", "commit", "opening", "correction")}
    number = {name: int(str(given[name])) for name in ("tick", "collar", "largest", "position", "loss")}
    number |= {name: int(str(given[name])) for name in ("rate", "fee", "day")}
    return Terms(
        base=base,
        quote=quote,
        start=now - now % 1000 + 1000,
        period_ms=span(text["period"]),
        commit_ms=span(text["commit"]),
        reveal_ms=span(text["opening"]),
        correct_ms=span(text["correction"]),
        tick=number["tick"],
        collar_ticks=number["collar"],
        orders_max=10_000,
        deposit=number["largest"] * 2 * number["collar"] * number["tick"],
        fee_ppm=number["fee"],
        day_auctions=number["day"],
        labelled=bool(given["labelled"]),
        limits=Limits(number["largest"], number["position"], number["loss"], number["rate"]),
    )
