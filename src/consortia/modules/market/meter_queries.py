"""Questions about the meters of a market."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Milliseconds, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.market import meter_rules as rules
from consortia.modules.market.meter_types import Drawn, Meter, Promise, Reading
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import MARKETS, METERS, PROMISES, reading_message
from consortia.modules.market.types import Number, Owner

PAGE_MAX = 1000


class SomeMeters(Record, frozen=True):
    """Meters of a market whose account comes after `after` (None: from the first on), shorter names first."""

    market: Digest
    after: Owner | None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class OfAccountMeter(Record, frozen=True):
    """An account's meter, with when readings for its next auction are taken (both None until it counts)."""

    account: Owner
    meter: Meter
    traded: Promise | None
    since: Milliseconds | None
    until: Milliseconds | None


class Meters(Record, frozen=True):
    """A page of meters, by account."""

    meters: Annotated[tuple[OfAccountMeter, ...], Meta(max_length=PAGE_MAX)]


class ToSign(Record, frozen=True):
    """What a meter read for an auction."""

    market: Digest
    account: Owner
    auction: Number
    drawn: Drawn


class Signing(Record, frozen=True):
    """The bytes that the meter's key signs."""

    message: Digest


def meters(ctx: Context, arguments: SomeMeters, ports: Ports) -> Meters:
    """The meters of a market, each with what its account traded in the auction that it is read for next."""
    found, market = list[OfAccountMeter](), MARKETS.get(ctx, arguments.market)
    metering = None if market is None else market.metering
    if market is None or metering is None:
        return Meters(())
    after = () if arguments.after is None else (arguments.after,)
    for key, meter in METERS.scan(ctx, market.id, after=after):
        owner, since, until, traded = str(key[1]), None, None, None
        if len(found) == arguments.limit:
            break
        if meter.next is not None:
            traded = PROMISES.get(ctx, market.id, owner, meter.next)
            since = rules.reads_from(market.terms, metering, meter.next)
            until = rules.reads_until(market.terms, metering, meter.next)
        found.append(OfAccountMeter(owner, meter, traded, since, until))
    return Meters(tuple(found))


def signing(ctx: Context, arguments: ToSign, ports: Ports) -> Signing:
    """What a meter signs for a reading in this network."""
    market, owner = arguments.market, arguments.account
    return Signing(reading_message(Reading(ctx.network, market, owner, arguments.auction, arguments.drawn)))


METER_QUERIES = (
    Query("meters", SomeMeters, Meters, meters, "The meters of a market, by account."),
    Query("signing", ToSign, Signing, signing, "The bytes that a meter signs for a reading."),
)
