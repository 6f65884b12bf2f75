"""`consortia asset`: what this member shares, on which terms, and what came from what."""

from pathlib import Path
from typing import Any

import click

from consortia.cli.budgets import budget, cost_facts, privacy_line
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option, yes_option
from consortia.cli.output import DONE, facts, say, table
from consortia.cli.session import Session, at_home
from consortia.cli.sharing import add, erase
from consortia.modules.assets.messages import Grant, Revoke, Withdraw
from consortia.modules.assets.queries import (
    AskLineage,
    AssetPage,
    Lineage,
    LineageNode,
    ListAssets,
    ListVersions,
    VersionPage,
)
from consortia.modules.assets.types import Asset
from consortia.sdk.assets import permissions
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment
from consortia.sdk.paging import PAGE, pages

right_option = click.option(
    "--right",
    type=click.Choice(["process", "download"]),
    default="process",
    show_default=True,
    help="To compute on it, or to have its bytes.",
)
purposes_option = click.option(
    "--purpose", "purposes", multiple=True, help="For what, such as DUO:0000007; every purpose when left out."
)


@click.group()
def asset() -> None:
    """Assets: data sets, record batches, models and functions, their rights and their lineage."""


asset.add_command(budget)


@asset.command("list")
@click.option("--owner", help="Of this member only.")
@click.option(
    "--kind", type=click.Choice(["batch", "dataset", "function", "model"]), help="Of this kind only."
)
@home_option
@json_option
def list_assets(*, owner: str | None, kind: Any, home: Path | None, as_json: bool) -> int:  # noqa: ANN401 (a Literal)
    """List the network's assets."""
    session = at_home(home)
    asked = pages(session.ask, "assets.assets", lambda at: ListAssets(owner, kind, at, PAGE), AssetPage)
    found = [one for page in asked for one in page.assets]
    if as_json:
        facts({"assets": found})
        return DONE
    rows = [
        [f"{one.owner}/{one.name}", one.kind, str(one.version), moment(one.time), _standing(one), one.title]
        for one in found
    ]
    table(rows, ["asset", "kind", "version", "since", "standing", "title"])
    return DONE


@asset.command()
@click.argument("which", metavar="ASSET")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show an asset: its versions, who may do what with it, for which purposes."""
    session = at_home(home)
    one, newest = find_asset(session, which)
    asked = pages(session.ask, "assets.versions", lambda at: ListVersions(one.id, at, PAGE), VersionPage, 0)
    versions = [each for page in asked for each in page.versions]
    spent = None if one.study is None else cost_facts(session, one.study)
    if as_json:
        known = {**to_json(one), "newest": newest, "versions": versions}
        facts(known | {"privacy": spent})
        return DONE
    say(f"{click.style(f'{one.owner}/{one.name}', bold=True)}  {one.title}")
    say(f"id        {one.id.hex()}")
    say(f"kind      {one.kind}, {_standing(one)}")
    if spent is not None:
        say(f"privacy   {privacy_line(spent)}")
    for right, held in (("process", one.rights.process), ("download", one.rights.download)):
        for permission in held:
            say(f"{right:9} {permission.grantee} for {', '.join(permission.purposes)}")
    say()
    rows = [
        [
            str(each.number),
            f"{each.count:,}",
            "" if each.subjects is None else f"{each.subjects:,}",
            each.commitment.hex()[:16],
            moment(each.time),
            "erased" if each.erased else "",
        ]
        for each in versions
    ]
    table(rows, ["version", "records", "subjects", "commitment", "since", ""])
    return DONE


@asset.command()
@click.argument("which", metavar="ASSET")
@click.option("--to", "grantees", multiple=True, required=True, help="A member, or * for everyone.")
@right_option
@purposes_option
@home_option
@json_option
def grant(
    *,
    which: str,
    grantees: tuple[str, ...],
    right: Any,  # noqa: ANN401 (a Literal)
    purposes: tuple[str, ...],
    home: Path | None,
    as_json: bool,
) -> int:
    """Grant members a right on an own ASSET."""
    session = at_home(home)
    one, _ = find_asset(session, which)
    session.submit(Grant(one.id, right, permissions(grantees, purposes or ("*",))))
    return _shown(session, one.id, f"{right} granted to {', '.join(grantees)}", as_json=as_json)


@asset.command()
@click.argument("which", metavar="ASSET")
@click.option("--from", "grantees", multiple=True, required=True, help="A member, or * for everyone.")
@right_option
@purposes_option
@home_option
@json_option
def revoke(
    *,
    which: str,
    grantees: tuple[str, ...],
    right: Any,  # noqa: ANN401 (a Literal)
    purposes: tuple[str, ...],
    home: Path | None,
    as_json: bool,
) -> int:
    """Take a right on an own ASSET back: for some purposes, or altogether."""
    session = at_home(home)
    one, _ = find_asset(session, which)
    taken = tuple(sorted(set(purposes))) or None
    session.submit(Revoke(one.id, right, tuple(sorted(set(grantees))), taken))
    return _shown(session, one.id, f"{right} taken from {', '.join(grantees)}", as_json=as_json)


@asset.command()
@click.argument("which", metavar="ASSET")
@yes_option
@home_option
@json_option
def withdraw(*, which: str, yes: bool, home: Path | None, as_json: bool) -> int:
    """Close an own ASSET to every new use, for good. What was made from it keeps its lineage."""
    session = at_home(home)
    one, _ = find_asset(session, which)
    if not yes:
        click.confirm(f"{one.owner}/{one.name} is closed to every new use, for good. Sure?", abort=True)
    session.submit(Withdraw(one.id))
    return _shown(session, one.id, f"{one.name} is withdrawn", as_json=as_json)


@asset.command()
@click.argument("which", metavar="ASSET")
@click.option("--up", type=click.IntRange(0, 8), default=8, show_default=True, help="Generations of parents.")
@click.option(
    "--down", type=click.IntRange(0, 8), default=8, show_default=True, help="Generations of children."
)
@home_option
@json_option
def lineage(*, which: str, up: int, down: int, home: Path | None, as_json: bool) -> int:
    """Show what an ASSET was made from, and what was made from it."""
    session = at_home(home)
    one, _ = find_asset(session, which)
    found = session.ask("assets.lineage", AskLineage(one.id, up, down), Lineage)
    made = [
        (node.asset, cost_facts(session, node.asset.study))
        for node in found.nodes
        if node.asset.study is not None
    ]
    if as_json:
        facts({**to_json(found), "privacy": {model.id.hex(): spent for model, spent in made}})
        return DONE
    for line in lineage_lines(found.nodes, one.id):
        say(line)
    for model, spent in made:
        say(f"{model.owner}/{model.name}: {privacy_line(spent)}")
    if found.cut:
        say("... (cut: there is more)")
    return DONE


def lineage_lines(nodes: tuple[LineageNode, ...], start: bytes) -> list[str]:
    """A lineage as a tree for the terminal: ancestors above, the asset, what was made from it below."""
    known = {node.asset.id: node.asset for node in nodes}
    lines: list[str] = []
    for depth in sorted({node.depth for node in nodes}):
        for node in (one for one in nodes if one.depth == depth):
            found = node.asset
            parents = [known[each.asset].name for each in found.parents if each.asset in known]
            made = f"  from {', '.join(parents)}" if parents else ""
            mark = click.style("*", fg="green", bold=True) if found.id == start else "-"
            lines.append(
                f"{'  ' * (depth - nodes[0].depth)}{mark} {found.owner}/{found.name} ({found.kind}){made}"
            )
    return lines


def _standing(one: Asset) -> str:
    return "open" if one.withdrawn is None else "withdrawn"


def _shown(session: Session, identity: bytes, text: str, *, as_json: bool) -> int:
    if as_json:
        facts(find_asset(session, identity.hex())[0])
    else:
        say(text)
    return DONE


asset.add_command(add)
asset.add_command(erase)
