"""What pages of fields ask of a ledger: whole lists, by questions alone, none longer than a page can show."""

from collections.abc import Callable
from itertools import islice

from consortia.modules.assets.queries import AssetPage, ListAssets
from consortia.modules.assets.types import Asset
from consortia.modules.bank.queries import HoldPage, ListHolds
from consortia.modules.consent.queries import (
    ByDataset,
    BySubject,
    ByVersion,
    Consents,
    Covered,
    ListUses,
    MaybeScope,
    ToPurpose,
    UsePage,
)
from consortia.modules.consent.types import Scope, Use
from consortia.modules.guard.queries import AlertPage, ByMember, Filed, ListAlerts, Standing
from consortia.modules.identity.mandate_queries import ByOwner, MandatesView, MandateView
from consortia.modules.identity.queries import MembersView, Nothing
from consortia.modules.market.queries import Did, OfMember, Traders
from consortia.modules.predictions.queries import DeedPage, ListDeeds
from consortia.modules.training.list_queries import StudyItem
from consortia.modules.training.queries import ById, StudyView
from consortia.sdk.access import Way
from consortia.sdk.market import Market
from consortia.sdk.paging import PAGE, pages, study_pages

__all__ = [
    "Asset",
    "Filed",
    "MandateView",
    "Scope",
    "Standing",
    "StudyItem",
    "StudyView",
    "ToPurpose",
    "Use",
    "alerts",
    "consents",
    "covered",
    "datasets",
    "deeds",
    "holds",
    "is_used_for",
    "mandates",
    "members",
    "purposes",
    "scope",
    "standing",
    "studies",
    "study",
    "traders",
    "uses",
]

PAGES_MAX = 10
"""So many pages of a list are asked for."""


def members(way: Way) -> list[str]:
    """The names of the members in force, sorted."""
    found = way.query("identity.members", Nothing(), MembersView).members
    return sorted(one.name for one in found if one.left is None)


def datasets(way: Way) -> list[Asset]:
    """The data sets of all members, at most a thousand."""
    found = pages(way.query, "assets.assets", lambda at: ListAssets(None, "dataset", at, PAGE), AssetPage)
    return [asset for page in islice(found, PAGES_MAX) for asset in page.assets]


def purposes(asset: Asset) -> tuple[str, ...]:
    """For what an asset may be used, by its rights; `*` where for anything."""
    rights = (*asset.rights.process, *asset.rights.download)
    return tuple(sorted({one for permission in rights for one in permission.purposes}))


def is_used_for(way: Way, wanted: Callable[[str], bool]) -> bool:
    """Whether a data set's rights or a study names a wanted purpose, of the first thousand of each."""
    if any(wanted(one) for asset in datasets(way) for one in purposes(asset)):
        return True
    return any(wanted(one.purpose) for one in _all_studies(way))


def _all_studies(way: Way) -> list[StudyItem]:
    return [study for page in islice(study_pages(way.query), PAGES_MAX) for study in page.studies]


def studies(way: Way, wanted: frozenset[str]) -> list[StudyItem]:
    """The studies for any of these purposes, of the first thousand by id."""
    return [one for one in _all_studies(way) if one.purpose in wanted]


def study(way: Way, which: bytes) -> StudyView:
    """A study with everybody who takes part."""
    return way.query("training.study", ById(which), StudyView)


def scope(way: Way, dataset: bytes) -> Scope | None:
    """Whether a data set is read by consent alone; None where it is not."""
    return way.query("consent.scope", ByDataset(dataset), MaybeScope).scope


def covered(way: Way, asset: Asset, purpose: str) -> Covered:
    """Of how many people in the newest version it is shown that they consent to a purpose."""
    return way.query("consent.cover", ByVersion(asset.id, asset.version, purpose), Covered)


def consents(way: Way, dataset: bytes, subject: bytes) -> tuple[ToPurpose, ...]:
    """What a person, by its key in a data set, agreed to."""
    return way.query("consent.consents", BySubject(dataset, subject), Consents).consents


def uses(way: Way, dataset: bytes, newest: int = PAGE) -> tuple[tuple[int, Use], ...]:
    """The newest askings for records of a data set, newest first, each with its place in the log."""
    found = scope(way, dataset)
    if found is None or not found.uses:
        return ()
    first = max(0, found.uses - min(newest, PAGE))
    page = way.query("consent.uses", ListUses(dataset, first, PAGE), UsePage)
    return tuple(reversed(list(enumerate(page.uses, first))))


def standing(way: Way, member: str) -> Standing:
    """A member's guard: its policies and counts."""
    return way.query("guard.standing", ByMember(member), Standing)


def alerts(way: Way, member: str, newest: int = PAGE) -> tuple[Filed, ...]:
    """The newest alerts of a member, newest first, each with what officers did about it."""
    total = standing(way, member).tally.alerts
    first = max(0, total - min(newest, PAGE))
    return tuple(reversed(way.query("guard.alerts", ListAlerts(member, first, PAGE), AlertPage).alerts))


def holds(way: Way, member: str) -> tuple[tuple[bytes, int, int], ...]:
    """A member's hold rules: the unit, above how many of its parts, for how many milliseconds."""
    page = way.query("bank.holds", ListHolds(member, None, PAGE), HoldPage).holds
    return tuple((one.unit, one.hold.above, one.hold.milliseconds) for one in page)


def mandates(way: Way, owner: str) -> tuple[MandateView, ...]:
    """The newest mandate of each of a member's agents."""
    return way.query("identity.mandates", ByOwner(owner), MandatesView).mandates


def deeds(way: Way, owner: str, content: bytes) -> DeedPage:
    """The newest acts of what a mandate pins, with its track record."""
    acts = way.query("predictions.deeds", ListDeeds(owner, content, 0, 1), DeedPage).track.acts
    return way.query("predictions.deeds", ListDeeds(owner, content, max(0, acts - PAGE), PAGE), DeedPage)


def traders(way: Way, market: Market, member: str) -> tuple[Did, ...]:
    """What the keys of a member did in a market."""
    return way.query("market.traders", OfMember(market.id, member), Traders).traders
