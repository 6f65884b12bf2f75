"""How many connections a node's process can hold, beside the files that it works with."""

import logging
import resource
import time
from contextlib import suppress
from pathlib import Path

SPARE = 512
"""So many descriptors are kept for all else: files, peers, those who wait to be hung up on."""

KEPT = 256
"""So many of those are never for who has not shaken hands yet: no protocol hears of such a connection."""

COUNT_SECONDS = 0.05
"""While none is free they are counted no oftener."""

_LOG = logging.getLogger("consortia.node")


def connections(wanted: int) -> int:
    """How many connections there may be of those wanted; the process's limit is raised for them if it can be.

    A node that cannot open a file any more promises nothing, so whoever opens connections must not get there.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted + SPARE:
        most = wanted + SPARE if hard == resource.RLIM_INFINITY else min(hard, wanted + SPARE)
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
            soft = max(soft, most)
    most = max(1, min(wanted, soft - SPARE))
    if most < wanted:
        text = "%d connections at a time, not %d: this process may open %d files (LimitNOFILE=, ulimit -n)"
        _LOG.warning(text, most, wanted, soft)
    return most


class Room:
    """The room for connections that have not shaken hands yet, of which no protocol hears."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._sure, self._full_until = 0, 0.0

    def has_one(self) -> bool:
        """Whether one more leaves what is kept; an eighth of the room is given before it is counted anew."""
        if self._sure == 0 and time.monotonic() >= self._full_until:
            soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            free = SPARE + KEPT if soft == resource.RLIM_INFINITY else soft - _open_ones()
            self._sure = max(0, free - KEPT) // 8
            self._full_until = time.monotonic() + (0.0 if self._sure else COUNT_SECONDS)
        found = self._sure > 0
        self._sure -= found
        return found


def _open_ones() -> int:
    """How many descriptors this process has open, the one for counting them too."""
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:  # there is none for that
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
