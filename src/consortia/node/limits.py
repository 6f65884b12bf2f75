"""How often a caller may ask: a bucket of tokens for each, refilled as time passes."""

from collections import OrderedDict

from consortia.node.http_answers import HttpProblem

_CALLERS_MAX = 10_000


class Rates:
    """At most so many requests a second on the long run, with bursts of two seconds' worth."""

    def __init__(self, per_second_max: int) -> None:
        self._per_second = per_second_max
        self._burst = 2.0 * per_second_max
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, caller: str, now: int, weight: float = 1.0) -> None:
        """Count a request at UTC milliseconds `now`; raises HttpProblem beyond the limit."""
        tokens, then = self._buckets.pop(caller, (self._burst, now))
        tokens = min(self._burst, tokens + max(0, now - then) * self._per_second / 1000)
        self._buckets[caller] = (max(0.0, tokens - weight), now)
        while len(self._buckets) > _CALLERS_MAX:
            self._buckets.popitem(last=False)
        if tokens < weight:
            raise HttpProblem(429, f"more than {self._per_second} requests a second")
