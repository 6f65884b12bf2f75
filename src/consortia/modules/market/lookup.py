"""Finding what a message names, or refusing it."""

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.market import refusals as codes
from consortia.modules.market.state import AUCTIONS, MARKETS, account, trader
from consortia.modules.market.types import Account, Auction, Market, Trader


def market_of(ctx: Context, identity: bytes) -> Market:
    """The market with this id."""
    market = MARKETS.get(ctx, identity)
    if market is None:
        raise Refused(codes.UNKNOWN_MARKET, identity.hex())
    return market


def operated(ctx: Context, identity: bytes) -> Market:
    """A market whose operator is the signer's member."""
    market = market_of(ctx, identity)
    require(market.operator == ctx.signer.member, codes.NOT_OPERATOR, market.operator)
    return market


def auction_of(ctx: Context, market: Market, number: int) -> Auction:
    """An auction that orders were handed in to."""
    auction = AUCTIONS.get(ctx, market.id, number)
    if auction is None:
        raise Refused(codes.UNKNOWN_AUCTION, str(number))
    return auction


def own(ctx: Context, market: Market, owner: str) -> Account:
    """An account of the signer's member, of the kind that the market has."""
    member, _, label = owner.partition("/")
    require(member == ctx.signer.member and (market.terms.labelled or not label), codes.WRONG_ACCOUNT, owner)
    return account(ctx, market.id, owner)


def running(ctx: Context, market: Market, owner: str) -> tuple[Account, Trader]:
    """An account of the signer's member and the signer's key, neither stopped by the member's word."""
    held = own(ctx, market, owner)
    require(held.stopped is None, codes.STOPPED, owner)
    done = trader(ctx, market.id, ctx.signer.member, ctx.signer.key)
    require(done.stopped is None, codes.STOPPED, ctx.signer.key.hex())
    return held, done
