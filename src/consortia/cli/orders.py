"""Sealed orders that a home keeps: what opens them, until they are opened."""

import json
from pathlib import Path

from consortia.cli.output import Failure
from consortia.modules.market.types import Order
from consortia.node.home import Home, write_private
from consortia.sdk.market import Sealed


class Kept:
    """The sealed orders of a home, a file each, readable by its owner alone."""

    def __init__(self, home: Home) -> None:
        self._folder = home.private / "orders"

    def save(self, made: Sealed) -> None:
        """Keep an order; with its place known, in the place of what was kept before it was handed in."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fields = {
            "market": made.market.hex(),
            "auction": made.auction,
            "place": made.place,
            "salt": made.salt.hex(),
            "side": made.order.side,
            "limit": made.order.limit,
            "quantity": made.order.quantity,
        }
        write_private(self._path(made), json.dumps(fields).encode())

    def forget(self, made: Sealed) -> None:
        """Drop an order that was opened or taken back."""
        self._path(made).unlink(missing_ok=True)

    def of(self, market: bytes, auction: int | None = None) -> list[Sealed]:
        """The orders kept for a market, by auction and place; raises Failure for a file that is damaged."""
        found = [self._read(path) for path in sorted(self._folder.glob(f"{market.hex()[:16]}-*.json"))]
        mine = [one for one in found if auction is None or one.auction == auction]
        return sorted(mine, key=lambda one: (one.auction, one.place))

    def _path(self, made: Sealed) -> Path:
        return self._folder / f"{made.market.hex()[:16]}-{made.auction}-{made.salt.hex()[:16]}.json"

    @staticmethod
    def _read(path: Path) -> Sealed:
        try:
            fields = json.loads(path.read_bytes())
            order = Order(fields["side"], fields["limit"], fields["quantity"])
            market, salt = bytes.fromhex(fields["market"]), bytes.fromhex(fields["salt"])
            return Sealed(market, fields["auction"], fields["place"], salt, order)
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"{path} holds no sealed order: {error}", "move it away") from None
