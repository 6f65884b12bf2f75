"""The page of this field: profiles under consent, and for one person what it agreed to and who used it."""

from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.solutions import consented
from consortia.solutions.views import Page, Table, View

PURPOSES = frozenset({"recommending", "marketing"})


def stands(way: Way) -> bool:
    """Whether profiles are shared or studied for a purpose of this field."""
    return overview.is_used_for(way, PURPOSES.__contains__)


def views(way: Way) -> tuple[View, ...]:
    """Profiles, consent, models and uses."""
    return consented.whole(way, PURPOSES)


def person(way: Way, words: str) -> tuple[View, ...]:
    """One person's own page."""
    found = consented.about(way, PURPOSES)
    return (*consented.one_person(way, found, words), consented.read_by(way, PURPOSES), REASONS)


REASONS = Table(
    "Reasons",
    ("question", "where it is answered"),
    (
        ("why was this recommended to me?", "consortia personal recommend, beside the items that you had"),
        ("what is held of me?", "consortia personal export, at the service whose customer you are"),
        ("stop using it", "consortia consent withdraw --slip SLIP, through any member"),
    ),
    "Items that somebody had are on no ledger, so reasons are computed where they are.",
)
PAGE = Page(
    "personal",
    "People",
    "Profiles that stay with their service: for what, who agreed, who used them. Your slip has your key.",
    stands,
    views,
    "Your key, from your slip:",
    person,
)
