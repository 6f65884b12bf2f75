"""The other members' nodes: where they are, which certificates they show, and requests to them.

Addresses and certificates are those registered on the ledger; until it names the orderer's, those of the
settings (which came with the invite). Requests block, so they run in threads; what they bring goes back to
the event loop's thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from consortia.base.hashing import sha256
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.identity import Keeper
from consortia.modules.identity.types import Endpoint
from consortia.node.config import Config
from consortia.sdk.transport import Credentials, Transport

THREADS_MAX = 16
TIMEOUT_SECONDS = 15.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    """A transport and what it was made from."""

    url: str
    pins: frozenset[bytes]
    transport: Transport


class Peers:
    """The nodes that this one talks to. Used on the event loop's thread."""

    def __init__(self, ledger: Ledger, config: Config, credentials: Credentials) -> None:
        self._ledger, self._config, self._credentials = ledger, config, credentials
        self._known: dict[str, _Known] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._height = -1
        self._pool = ThreadPoolExecutor(THREADS_MAX, "peer")
        self._keeper = Keeper()

    def endpoints(self) -> dict[str, Endpoint]:
        """Where the members' nodes are, by the newest block."""
        if self._height != self._ledger.tip.height:
            found: dict[str, Endpoint] = {}

            def read(ctx: Context) -> None:
                for name in self._keeper.members(ctx):
                    endpoint = self._keeper.endpoint(ctx, name)
                    if endpoint is not None:
                        found[name] = endpoint

            self._ledger.ask(read)
            self._endpoints, self._height = found, self._ledger.tip.height
        return self._endpoints

    def certificates(self) -> list[tuple[str, bytes]]:
        """The registered certificates, in DER form, with their members."""
        found = self.endpoints()
        return [(name, one.certificate) for name, one in found.items() if one.certificate is not None]

    def transport(self, member: str) -> Transport | None:
        """How to reach a member's node; None while nobody knows."""
        endpoint = self.endpoints().get(member)
        config = self._config
        if endpoint is not None:
            url = endpoint.url
            pins = frozenset() if endpoint.certificate is None else frozenset({sha256(endpoint.certificate)})
        elif member == (config.orderer or config.member) and config.orderer_url:
            url = config.orderer_url
            pins = frozenset({bytes.fromhex(config.orderer_pin)}) if config.orderer_pin else frozenset()
        else:
            return None
        known = self._known.get(member)
        if known is None or (known.url, known.pins) != (url, pins):
            if known is not None:
                known.transport.close()
            transport = Transport(url, self._credentials, pins=pins, timeout=TIMEOUT_SECONDS)
            known = self._known[member] = _Known(url, pins, transport)
        return known.transport

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Close all connections; requests under way end with an error."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for known in self._known.values():
            known.transport.close()
