"""Terms of the markets of stories: what is the same for a street's power and for stocks."""

from consortia.sdk.market import Limits, Terms

POSITION_MAX, LOSS_MAX, COMMITS_MAX = 1 << 40, 1 << 60, 100


def terms_of(
    base: bytes,
    quote: bytes,
    *,
    starts: int,
    beat: int,
    phases: tuple[int, int],
    collar: int,
    largest: int,
    orders_max: int,
    day_auctions: int,
    fee_ppm: int = 0,
) -> Terms:
    """An auction every `beat` milliseconds from `starts` on, with `phases` to hand in orders and open them.

    `largest` is the most that an order is of; the deposit covers one that is off by twice the collar.
    """
    commit, opening = phases
    return Terms(
        base=base,
        quote=quote,
        start=starts,
        period_ms=beat,
        commit_ms=commit,
        reveal_ms=opening,
        correct_ms=0,
        tick=1,
        collar_ticks=collar,
        orders_max=orders_max,
        deposit=largest * 2 * collar,
        fee_ppm=fee_ppm,
        day_auctions=day_auctions,
        labelled=True,
        limits=Limits(largest, POSITION_MAX, LOSS_MAX, COMMITS_MAX),
    )
