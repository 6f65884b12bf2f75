"""Watching a stream of events: what each looks like beside what came before it, and exact rules on that.

`events` is what a ledger's facts look like to a watcher, `features` makes one vector of integers of each,
beside a small state, and `rules` are bounds on those. The detectors (`engines.detect`) score the same
vectors.
"""

from consortia.engines.watch.events import KINDS, Event
from consortia.engines.watch.features import CONTEXT, Watcher, columns
from consortia.engines.watch.rules import RULES, Bound, Rule, hits, severity

__all__ = [
    "CONTEXT",
    "KINDS",
    "RULES",
    "Bound",
    "Event",
    "Rule",
    "Watcher",
    "columns",
    "hits",
    "severity",
]
