"""How often a caller may ask, and how much is read of callers that are not known yet."""

from collections import OrderedDict
from functools import lru_cache
from ipaddress import ip_address

from consortia.node.config import is_loopback
from consortia.node.http_answers import HttpProblem

_CALLERS_MAX = 10_000
IPV6_PREFIX = 64
"""One place on the network is an IPv4 address, or all IPv6 addresses with the same so many first bits."""

BODIES_BYTES_MAX = 256 << 20
SHARES = 4
"""One place has at most one of so many equal shares of the room for bodies."""


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """The place on the network of an address, which is empty where it is unknown."""
    if not address:
        return ""
    found = ip_address(address)
    return address if found.version == 4 else f"{int(found) >> (128 - IPV6_PREFIX):x}/{IPV6_PREFIX}"


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


class Bodies:
    """The room for bodies that are read before it is known who sends them: a signature covers the whole."""

    def __init__(self, bytes_max: int = BODIES_BYTES_MAX) -> None:
        self._max = bytes_max
        self._held: dict[str, int] = {}
        self.held = 0

    def take(self, address: str, more: int) -> None:
        """Take room for so many bytes more from an address; raises HttpProblem where there is none.

        One place has its share of it at most, and this machine's programs may have all.
        """
        place = place_of(address)
        held = self._held.get(place, 0) + more
        share = self._max if not place or is_loopback(address) else self._max // SHARES
        if held > share or self.held + more > self._max:
            raise HttpProblem(503, "too many large requests are being read now; come again later")
        self._held[place] = held
        self.held += more

    def give(self, address: str, bytes_: int) -> None:
        """Give room back."""
        place = place_of(address)
        self._held[place] -= bytes_
        self.held -= bytes_
        if not self._held[place]:
            del self._held[place]
