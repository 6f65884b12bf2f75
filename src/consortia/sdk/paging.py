"""Long answers, which queries give a page at a time."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from consortia.base.codec import Record
from consortia.modules.training.list_queries import ListRounds, ListStudies, RoundPage, StudyPage
from consortia.modules.training.types import Status

PAGE = 100
"""So many entries are asked for at once."""


class Page(Protocol):
    """A part of a long answer."""

    @property
    def next(self) -> Any:  # noqa: ANN401 (an id, a name or a number)
        """Where the part after it begins; None for the last one."""


P = TypeVar("P", bound=Page)
Ask = Callable[[str, Record, type[P]], P]
"""How a ledger is asked: `Way.query`, or what has its shape."""


def pages(
    ask: Ask[P], name: str, question: Callable[[Any], Record], kind: type[P], first: object = None
) -> Iterator[P]:
    """The parts of a long answer, from `first` on: `question` gives what is asked for a part by its begin."""
    while True:
        page = ask(name, question(first), kind)
        yield page
        first = page.next
        if first is None:
            return


def study_pages(ask: Ask[StudyPage], status: Status | None = None) -> Iterator[StudyPage]:
    """All studies, or those of a status."""
    return pages(ask, "training.studies", lambda after: ListStudies(status, after, PAGE), StudyPage)


def round_pages(ask: Ask[RoundPage], study: bytes, first: int = 0) -> Iterator[RoundPage]:
    """Every try of a study's rounds from the first asked for on."""
    return pages(ask, "training.rounds", lambda at: ListRounds(study, at, PAGE), RoundPage, first)
