"""Pages that fields bring: found by their entry points, for the node lies below every solution.

A package declares its page in the group `consortia.pages` (Python packaging, "Entry points specification").
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

from consortia.node.console.inside import Inside
from consortia.node.service import Service
from consortia.sdk.access import Way
from consortia.sdk.views import Page, View

GROUP = "consortia.pages"
"""The group of the entry points; each names a `sdk.views.Page`."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """A page as a package brings it: under which name, and the page, or why there is none."""

    name: str
    page: Page | None
    wrong: str = ""

    @property
    def title(self) -> str:
        """What leads to it is called."""
        return self.name if self.page is None else self.page.title

    def stands(self, way: Way) -> bool:
        """Whether it is led to: where its data is on the ledger, and where it cannot say that."""
        if self.page is None:
            return True
        try:
            return bool(self.page.stands(way))
        except Exception:  # noqa: BLE001 (another's code: what it raises is shown on its own page)
            return True

    def shown(self, way: Way, words: str) -> tuple[tuple[View, ...], str]:
        """Its views, for the words that were filled in where it has a question; or what went wrong."""
        if self.page is None:
            return (), self.wrong
        try:
            if words and self.page.answer is not None:
                return tuple(self.page.answer(way, words)), ""
            return tuple(self.page.views(way)), ""
        except Exception as error:  # noqa: BLE001 (another's code: its page says so, the console goes on)
            return (), said(error)


def said(error: Exception) -> str:
    """What another's code raised, in one line."""
    return f"{type(error).__name__}: {error}"


@cache
def pages() -> tuple[Plugged, ...]:
    """The pages of all packages that are installed, by name; of two with one name the first that is found."""
    found: dict[str, Plugged] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in found:
            continue
        try:
            page = entry.load()
        except Exception as error:  # noqa: BLE001 (another's code: its page says so, the console goes on)
            found[entry.name] = Plugged(entry.name, None, said(error))
            continue
        is_one = isinstance(page, Page)
        wrong = "" if is_one else f"{entry.value} is no consortia.sdk.views.Page"
        found[entry.name] = Plugged(entry.name, page if is_one else None, wrong)
    return tuple(found[name] for name in sorted(found))


def led_to(service: Service) -> list[tuple[str, str]]:
    """The addresses and titles of the pages whose data is on the ledger.

    What was there once stays led to; what was not is asked for again once there is another block.
    """
    height, network = service.ledger.tip.height, service.ledger.network
    known = _STOOD.setdefault(network, {})
    way = Inside(service)
    for one in pages():
        if known.get(one.name, -1) not in {height, _FOR_GOOD}:
            known[one.name] = _FOR_GOOD if one.stands(way) else height
    return [(f"/console/fields/{one.name}", one.title) for one in pages() if known[one.name] == _FOR_GOOD]


_FOR_GOOD = -2
_STOOD: dict[bytes, dict[str, int]] = {}
"""By network and page: at which height it had nothing to show, or that it has."""
