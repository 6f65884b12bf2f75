"""How many connections a node's process can hold, beside the files that it works with."""

import logging
import resource
from contextlib import suppress

SPARE = 512
"""So many descriptors are kept for all else: files, peers, those who wait to be hung up on."""

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
