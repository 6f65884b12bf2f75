"""The arithmetic of meters, pure functions of records."""

from msgspec.structs import replace

from consortia.modules.market import rules
from consortia.modules.market.meter_types import Meter
from consortia.modules.market.types import Account, Metering, Order, Terms


def fits(metering: Metering, terms: Terms) -> bool:
    """Whether drawing costs no less than feeding in earns, and delivery ends after an auction can settle."""
    settles = terms.commit_ms + terms.reveal_ms + terms.correct_ms
    return metering.feed <= metering.draw and metering.deliver_ms >= settles


def reads_from(terms: Terms, metering: Metering, auction: int) -> int:
    """The block time from which an auction's readings are taken."""
    return rules.begins(terms, auction) + metering.deliver_ms


def reads_until(terms: Terms, metering: Metering, auction: int) -> int:
    """The block time from which an auction's readings are missing."""
    return reads_from(terms, metering, auction) + metering.read_ms


def present(terms: Terms, time: int) -> int | None:
    """The number of the auction that began last; None before the first."""
    return (time - terms.start) // terms.period_ms if time >= terms.start else None


def first(terms: Terms, time: int) -> int:
    """The number of the auction that begins next."""
    begun = present(terms, time)
    return 0 if begun is None else begun + 1


def counts(meter: Meter | None, auction: int) -> bool:
    """Whether a meter counts for an auction that it is not read for yet."""
    if meter is None or meter.next is None or auction < meter.next:
        return False
    return meter.until is None or auction <= meter.until


def is_done(meter: Meter) -> bool:
    """Whether a meter that is to count no more is read for all that it counted for, and nothing is owed."""
    if meter.until is None or meter.next is None:
        return False
    return meter.next > meter.until and meter.owed == 0


def carries(meter: Meter, open_units: int, order: Order) -> bool:
    """Whether a meter lets through what is open of an order's side, with the order."""
    return open_units + order.quantity <= meter.capacity


def cost(metering: Metering, traded: int, drawn: int) -> int:
    """What an account is billed for an auction; negative where it earns.

    The lesser of what it traded and what was metered was paid for in the auction. What was drawn beyond it
    is bought from the grid, and what was not drawn of it is sold to the grid; each unit that went through the
    meter costs the grid's fee.
    """
    apart = drawn - traded
    return apart * (metering.draw if apart > 0 else metering.feed) + abs(drawn) * metering.through


def payable(due: int, account: Account, grid: Account) -> int:
    """How much of what is due to the grid (negative: to the account) the debtor has."""
    if due > 0:
        return min(due, account.quote - account.quote_held)
    return max(due, grid.quote_held - grid.quote)


def moved(account: Account, amount: int) -> Account:
    """An account with so much more quote, which is no gain in trade: its basis moves with it."""
    return replace(account, quote=account.quote + amount, basis=rules.bounded(account.basis + amount))


def promised(account: Account, terms: Terms, order: Order, filled: int, price: int) -> Account:
    """A metered account after so many units of an order were filled: they are promised, and paid for.

    What a household pays for its power is no loss in trade.
    """
    value = filled * price
    return moved(account, -rules.SIGN[order.side] * value - rules.fee(terms, value))
