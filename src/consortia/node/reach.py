"""Which members' nodes answer this one: by its own questions, by theirs, and by a look round now and then."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consortia.node.config import is_loopback
from consortia.sdk.client import Away
from consortia.sdk.errors import Unreachable

if TYPE_CHECKING:
    from consortia.node.service import Service

LOOK_SECONDS = 10.0
"""So often those are asked that were not heard of in the meantime."""

TIMEOUT_SECONDS = 5.0
_LOG = logging.getLogger("consortia.node")


class Reach:
    """What is known of whether the other members' nodes answer. Used on the event loop's thread."""

    def __init__(self) -> None:
        self._met: dict[str, int] = {}
        self._away: dict[str, Away] = {}

    def met(self, member: str, now: int) -> None:
        """A member's node answered, or asked; logged once when it had been away."""
        self._met[member] = now
        if self._away.pop(member, None) is not None:
            _LOG.warning("%s is reached again", member)

    def missed(self, member: str, problem: str, now: int) -> None:
        """A member's node did not answer; logged once."""
        if member not in self._away:
            _LOG.warning("%s cannot be reached: %s", member, problem)
        self._away[member] = Away(self._away[member].since if member in self._away else now, problem)

    def away(self) -> dict[str, Away]:
        """The members whose nodes do not answer."""
        return dict(self._away)

    def heard_since(self, member: str, moment: int) -> bool:
        """Whether a member's node gave a sign of life since a moment."""
        return self._met.get(member, -1) >= moment


async def look_round(service: "Service", stopping: asyncio.Event) -> None:
    """Ask those members' nodes for a sign of life that gave none of late, until `stopping`."""
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
            return
        silent = service.now() - int(LOOK_SECONDS * 1000)
        others = [name for name in service.peers.endpoints() if _may_answer(service, name)]
        await asyncio.gather(
            *(look(service, name) for name in others if not service.reach.heard_since(name, silent))
        )


def _may_answer(service: "Service", member: str) -> bool:
    """Whether there is anybody to ask: no address of another machine's loopback leads there."""
    config, url = service.config, service.peers.endpoints()[member].url
    host = urlsplit(url).hostname or ""
    return member != config.member and (is_loopback(config.address[0]) or not is_loopback(host))


async def look(service: "Service", member: str) -> None:
    """Ask a member's node whether it lives."""
    transport = service.peers.transport(member)
    if transport is None:
        return
    try:
        await service.peers.run(lambda: transport.get("/livez", timeout=TIMEOUT_SECONDS), member)
    except Unreachable as error:
        service.reach.missed(member, str(error).removeprefix(f"{transport.url}: "), service.now())
    else:  # whatever it answered
        service.reach.met(member, service.now())
