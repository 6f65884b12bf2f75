"""Data sets, models and other assets: who may use them for what, and what was made from what."""

from consortia.base.refusals import Refused
from consortia.modules.assets.queries import (
    AssetPage,
    ById,
    ListAssets,
    ListVersions,
    MaybeAsset,
    VersionPage,
)
from consortia.modules.assets.types import Asset, Kind, Right
from consortia.modules.predictions.queries import BatchPage, ListBatches
from consortia.modules.training.budget_queries import BudgetView
from consortia.modules.training.budget_queries import ByDataset as BudgetOf
from consortia.node.console.acts import offer
from consortia.node.console.inside import Inside
from consortia.node.console.screen import LISTED_MAX, Screen, newest
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest
from consortia.sdk.html import Html, tag
from consortia.sdk.lineage import lineage
from consortia.sdk.values import facts_of, rows_of, short
from consortia.sdk.views import Cell, Link, Moment, Table, View

_PAGE = 100


def data(asked: Asked) -> Screen:
    """Data sets and record batches."""
    return Screen(
        "Data",
        "What members share: only salted hashes are on the ledger, the records stay with their owners.",
        (
            offer(("Register a data set", "assets.register", {"kind": "dataset", "form": "set"})),
            _assets(asked, "Data sets", "dataset"),
            _assets(asked, "Record batches", "batch"),
            _assets(asked, "Functions", "function"),
        ),
    )


def models(asked: Asked) -> Screen:
    """Models."""
    return Screen(
        "Models",
        "What was trained together. Open one to see which data, rounds and predictions stand behind it.",
        (_assets(asked, "Models", "model"),),
    )


def _assets(asked: Asked, title: str, kind: Kind) -> Table:
    after, way = asked.argument(f"after-{kind}") or None, Inside(asked.service)
    page = way.query("assets.assets", ListAssets(None, kind, after, _PAGE), AssetPage)
    budgets = kind == "dataset"
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title or one.name, f"/console/assets/{one.id.hex()}"),
            one.owner,
            allowed(one.rights.process),
            allowed(one.rights.download),
            one.version,
            Moment(one.time),
            "withdrawn" if one.withdrawn else "open",
            *((_budget(way, one.id),) if budgets else ()),
        )
        for one in page.assets
    ]
    if page.next is not None:
        rows.append((Link("more", f"?after-{kind}={page.next}"), *(None,) * (7 if budgets else 6)))
    headings = ("name", "owner", "may compute on it", "may have it", "version", "since", "standing")
    return Table(title, (*headings, "privacy budget left") if budgets else headings, tuple(rows))


def _budget(way: Inside, dataset: bytes) -> str:
    """What is left of the privacy budgets of the populations that a data set was made from."""
    try:
        found = way.query("training.budget", BudgetOf(dataset), BudgetView).populations
    except Refused as refused:
        return str(refused)
    limited = [one.budget for one in found if one.budget.limit is not None]
    left = [f"{(one.limit or 0) - one.spent:,} of {one.limit:,} nano-rho" for one in limited]
    spent = sum(one.budget.spent for one in found if one.budget.limit is None)
    if len(limited) < len(found):
        left.append(f"no limit; {spent:,} nano-rho spent" if spent else "no limit")
    return "; ".join(left)


def allowed(right: Right) -> str:
    """Who may do a thing, and for what, in words."""
    return (
        "; ".join(
            f"{'everybody' if one.grantee == '*' else one.grantee}"
            f"{'' if one.purposes == ('*',) else ' for ' + ', '.join(one.purposes)}"
            for one in right
        )
        or "nobody but its owner"
    )


def one_asset(asked: Asked) -> Screen:
    """An asset: its lineage, rights, versions, privacy budget, predictions."""
    name = hex_digest(asked.path("id"), "an asset's id")
    way = Inside(asked.service)
    asset = way.query("assets.asset", ById(name), MaybeAsset).asset
    if asset is None:
        raise HttpProblem(404, f"no asset {name.hex()}")
    parts: list[Html | View] = [_to_share(asset, own=asset.owner == asked.service.config.member)]
    parts.append(lineage(way, asset))
    if asset.kind == "model" and asset.study is not None:
        here = tag("a", "Check every arrow in this browser", href=f"/console/lineage/{asset.id.hex()}")
        parts.insert(1, tag("p", here))
    facts: list[tuple[Cell, ...]] = [
        ("kind", asset.kind),
        ("owner", Link(asset.owner, f"/console/members/{asset.owner}")),
        ("name", asset.name),
        ("may compute on it", allowed(asset.rights.process)),
        ("may have its bytes", allowed(asset.rights.download)),
        ("since", Moment(asset.time)),
        ("id", asset.id),
    ]
    if asset.study is not None:
        facts.append(("made by study", Link(short(asset.study), f"/console/studies/{asset.study.hex()}")))
    if asset.withdrawn is not None:
        facts.append(("withdrawn", Moment(asset.withdrawn)))
    parts.append(Table("Asset", ("what", "value"), tuple(facts)))
    wanted = ListVersions(name, max(0, asset.version - LISTED_MAX), LISTED_MAX)
    versions = way.query("assets.versions", wanted, VersionPage).versions
    parts.append(rows_of("Versions", tuple(reversed(versions)), newest(asset.version)))
    if asset.kind == "dataset":
        parts += facts_of("Privacy budget", way.query("training.budget", BudgetOf(name), BudgetView))
    if asset.kind == "model":
        parts.append(_predictions(way, name))
    return Screen(asset.title or asset.name, f"A {asset.kind} of {asset.owner}.", tuple(parts))


def _predictions(way: Inside, model: bytes) -> Table:
    total = way.query("predictions.batches", ListBatches(model, 0, 1), BatchPage).total.batches
    wanted = ListBatches(model, max(0, total - LISTED_MAX), LISTED_MAX)
    batches = way.query("predictions.batches", wanted, BatchPage).batches
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Moment(one.time),
            one.member,
            one.purpose,
            one.count,
            Link("its lineage", f"/console/lineage/{one.id.hex()}"),
            Link(short(one.id), f"/console/rooms/predictions/batch?batch={one.id.hex()}"),
        )
        for one in reversed(batches)
    )
    heads = ("when", "member", "for", "predictions", "from where", "batch")
    return Table(
        "Predictions", heads, rows, newest(total) if rows else "None are recorded for this model yet."
    )


def _to_share(asset: Asset, *, own: bool) -> Html:
    """What an officer of its owner can do about an asset."""
    if not own or asset.withdrawn is not None:
        return Html("")
    this = {"asset": asset.id.hex()}
    consent = {"dataset": asset.id.hex()}
    subjects = (
        ("Have it read by consent alone", "consent.require", consent),
        ("Withdraw a person's consent", "consent.withdraw", consent),
    )
    return offer(
        ("Grant a right", "assets.grant", {**this, "right": "process"}),
        ("Take a right back", "assets.revoke", {**this, "right": "process"}),
        *(subjects if asset.kind == "dataset" else ()),
        ("Withdraw it for good", "assets.withdraw", this),
    )
