"""The index beside a running node: it follows the ledger, block by block, in the pauses."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable

from consortia.node.service import LedgerFollowed, Service

INDEX_SECONDS = 0.05
INDEX_BLOCKS = 8
"""So many blocks at a time: one transaction of the index for all, and nobody waits long for its end."""

INDEX_BEHIND_BLOCKS = 1_000
RETRY_SECONDS = 1.0
IDLE_SECONDS = 5.0
_LOG = logging.getLogger("consortia.index")


async def follow(service: Service, stopping: asyncio.Event, occupied: Callable[[], bool]) -> None:
    """Let the index follow while nobody waits for the ledger, or when it is far behind, until `stopping`.

    `occupied` tells of what waits at whoever orders, beside what this node was handed.

    Not in a thread: two threads that both run Python slow each other down far more than they share. While
    nothing can be written, the ledger goes on without it.
    """
    followed, index = LedgerFollowed(service.ledger), service.index
    submitted, lost = 0, ""
    while not stopping.is_set():
        behind = followed.height - max(index.height, followed.first - 1)
        busy = submitted != service.counters.submitted or occupied()
        submitted = service.counters.submitted
        pause = 0 if behind > INDEX_BLOCKS and not busy else INDEX_SECONDS
        if behind and (not busy or behind > INDEX_BEHIND_BLOCKS):
            try:
                index.follow(followed, INDEX_BLOCKS)
                lost = ""
            except sqlite3.OperationalError as error:
                pause = RETRY_SECONDS
                if str(error) != lost:
                    lost = str(error)
                    _LOG.warning("the index cannot follow: %s", lost)
        if not (behind or busy):
            await service.waiting.news(IDLE_SECONDS)
        await asyncio.sleep(pause)
