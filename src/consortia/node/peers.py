"""The other members' nodes: where they are, which certificates they show, and requests to them.

Addresses and certificates are those registered on the ledger; until it names the orderer's, those of the
settings (which came with the invite). The newest are remembered beside the ledger: an orderer that lost its
own has nobody else to tell it where the rest of it is. Requests block, so they run in threads; what they
bring goes back to the event loop's thread.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Annotated, TypeVar

from msgspec import Meta

from consortia.base.codec import U63, Name, Record, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.ledger import Ledger
from consortia.modules.identity.addresses import is_host_address, is_own
from consortia.modules.identity.types import Endpoint
from consortia.node.config import Config, is_loopback
from consortia.node.memory import Memory
from consortia.node.registered import pins_of, registered
from consortia.node.threads import Threads
from consortia.node.tls import TlsFiles
from consortia.sdk.transport import Credentials, Transport

THREADS_MAX = 128
THREADS_EACH = 8
TIMEOUT_SECONDS = 15.0
RECORD = "peers"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    """A transport and what it was made from; `shown` when it shows this node's certificate."""

    url: str
    pins: frozenset[bytes]
    guarded: bool
    shown: bool
    transport: Transport


class Whereabouts(Record, frozen=True):
    """Where a member's node was reached."""

    member: Name
    endpoint: Endpoint


class Remembered(Record, frozen=True):
    """Where the members' nodes were, by the block at `height`."""

    height: U63
    nodes: Annotated[tuple[Whereabouts, ...], Meta(max_length=MEMBERS_MAX)]


class Peers:
    """The nodes that this one talks to. Used on the event loop's thread."""

    def __init__(self, ledger: Ledger, config: Config, credentials: Credentials, memory: Memory) -> None:
        self._ledger, self._config, self._credentials = ledger, config, credentials
        self._memory = memory
        data = memory.load(RECORD)
        self._remembered = Remembered(0, ()) if data is None else decode_record(Remembered, data)
        self._bare = replace(credentials, certificate="", certificate_key="")
        self._own = _der(credentials.certificate)
        self._known: dict[str, _Known] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._height = -1
        self._turns = count()
        self._threads = Threads(THREADS_MAX, THREADS_EACH)

    def endpoints(self) -> dict[str, Endpoint]:
        """Where the members' nodes are, by the newest block."""
        if self._height != self._ledger.tip.height:
            self._endpoints, self._height = registered(self._ledger), self._ledger.tip.height
        return self._endpoints

    def remember(self) -> None:
        """Keep where the members' nodes are, when that has changed; raises NoRoom."""
        if self._height > self._remembered.height or self._height != self._ledger.tip.height:
            nodes = tuple(Whereabouts(name, at) for name, at in sorted(self.endpoints().items()))
            if self._height > self._remembered.height and nodes != self._remembered.nodes:
                remembered = Remembered(self._height, nodes)
                self._memory.save(RECORD, encode_record(remembered))
                self._remembered = remembered

    def elders(self) -> tuple[str, ...]:
        """The members whose nodes were known to a longer ledger than the one that is here."""
        if self._ledger.tip.height >= self._remembered.height:
            return ()
        return tuple(one.member for one in self._remembered.nodes if one.member != self._config.member)

    def certificates(self) -> list[tuple[str, bytes]]:
        """The registered certificates, in DER form, with their members."""
        found = self.endpoints()
        return [(name, one.certificate) for name, one in found.items() if one.certificate is not None]

    def transport(self, member: str) -> Transport | None:
        """How to reach a member's node; None while nobody knows."""
        endpoint = self.endpoints().get(member)
        config = self._config
        if endpoint is None and member in self.elders():
            endpoint = next(one.endpoint for one in self._remembered.nodes if one.member == member)
        if endpoint is not None:
            url, pins, guard = endpoint.url, pins_of(endpoint), self._may_be_peer
        elif member == (config.orderer or config.member) and config.orderer_url:
            url = config.orderer_url
            pins = frozenset({bytes.fromhex(config.orderer_pin)}) if config.orderer_pin else frozenset()
            guard = None  # the settings are the owner's word
        else:
            return None
        known = self._known.get(member)
        shown = self._registered()
        made = (url, pins, guard is not None, shown)
        if known is None or (known.url, known.pins, known.guarded, known.shown) != made:
            if known is not None:
                known.transport.close()
            credentials = replace(self._credentials if shown else self._bare, audience=member)
            transport = Transport(url, credentials, pins=pins, guard=guard, timeout=TIMEOUT_SECONDS)
            known = self._known[member] = _Known(*made, transport)
        return known.transport

    def _registered(self) -> bool:
        """Whether the ledger has this node's certificate: before that, nobody would take it."""
        own = self.endpoints().get(self._config.member)
        return self._own is not None and own is not None and own.certificate == self._own

    def _may_be_peer(self, address: bytes) -> bool:
        """Whether another member's node can be at an IP address, to which a registered name led.

        On this very machine only where this node listens on it alone: or it would post to its owner's other
        services.
        """
        alone = is_loopback(self._config.address[0])
        return is_host_address(address) and (alone or not is_own(address))

    def sources(self, members: Iterable[str]) -> list[tuple[str, Transport]]:
        """How to reach these members' nodes but the own, another one first each time.

        So who asks again does not wait again for the one that keeps it waiting.
        """
        known = [(name, self.transport(name)) for name in members if name != self._config.member]
        found = [(name, transport) for name, transport in known if transport is not None]
        first = next(self._turns) % max(1, len(found))
        return found[first:] + found[:first]

    async def run(self, work: Callable[[], T], peer: str = "") -> T:
        """Do blocking work in a thread, which may wait for `peer` alone; raises Unreachable."""
        return await self._threads.run(work, peer)

    def close(self) -> None:
        """Close all connections; requests under way end with an error."""
        self._threads.close()
        for known in self._known.values():
            known.transport.close()


def credentials_of(config: Config, key: SigningKey, files: TlsFiles) -> Credentials:
    """What this node shows to others: its node key, and its certificate where it has one."""
    has_tls = files.certificate.exists()
    return Credentials(
        key=key,
        network=config.network_id,
        certificate=str(files.certificate) if has_tls else "",
        certificate_key=str(files.key) if has_tls else "",
    )


def _der(certificate: str) -> bytes | None:
    """The DER form of a PEM file, or None where none is named."""
    return PEM_cert_to_DER_cert(Path(certificate).read_text(encoding="ascii")) if certificate else None
