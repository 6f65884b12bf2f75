"""`consortia member`: who the members are, and how one is admitted, removed, or leaves."""

from pathlib import Path
from typing import Any

import click

from consortia.base.codec import decode_record, to_value
from consortia.base.times import DAY
from consortia.cli.options import home_option, json_option, yes_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, note, say, table
from consortia.cli.session import Session, at_home, tell_done
from consortia.cli.standing import offence_facts, offence_line, offences
from consortia.kernel.block import Receipt
from consortia.modules.identity.messages import (
    ApproveMember,
    ApprovePower,
    ApproveRemoval,
    Leave,
    ProposeMember,
    ProposePower,
    ProposeRemoval,
    Withdraw,
)
from consortia.modules.identity.queries import (
    ByName,
    KeysView,
    MemberSetView,
    MembersView,
    MemberView,
    Nothing,
    ProposalsView,
    ProposalView,
    ValidatorsView,
)
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import POWER_MAX, PROPOSAL_MILLISECONDS_MAX
from consortia.node.invitations import Invitations, JoinRequest
from consortia.node.joining import proposed
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.moments import moment

DAYS_MAX = PROPOSAL_MILLISECONDS_MAX // DAY
LATE_SECONDS = 5.0
"""So much later than others a member's node may learn of a proposal."""

days_option = click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=7, show_default=True, help="How long it stays open."
)


@click.group()
def member() -> None:
    """Members: who they are, and how one is admitted, removed, or leaves.

    More than two thirds of the members admit an organisation; more than two thirds of the others remove one.
    """


@member.command("list")
@home_option
@json_option
def list_members(home: Path | None, as_json: bool) -> int:
    """List the members, and what is being decided about whom."""
    session = at_home(home)
    members = session.ask("identity.members", Nothing(), MembersView).members
    open_ones = _open(session)
    waiting, convicted = _posted(session), offences(session)
    if as_json:
        facts(
            {
                "members": [_member_facts(one) for one in members],
                "offences": [offence_facts(one) for one in convicted],
                "proposals": [_proposal_facts(one) for one in open_ones],
                "posted": sorted(waiting),
            }
        )
        return DONE
    rows = [
        [
            one.name,
            one.title,
            moment(one.joined),
            "left " + moment(one.left) if one.left else "member",
            _url(one),
        ]
        for one in members
    ]
    table(rows, ["name", "title", "joined", "standing", "node"])
    for offence in convicted:
        say()
        say(offence_line(offence.member, offence.offence.misdeed, offence.height))
    for one in open_ones:
        say()
        say(_proposal_line(one))
    for name in sorted(set(waiting) - {one.name for one in open_ones} - {one.name for one in members}):
        say()
        say(f"{name} posted its keys and waits: consortia member admit {name}")
    return DONE


@member.command()
@click.argument("name")
@home_option
@json_option
def show(name: str, home: Path | None, as_json: bool) -> int:
    """Show the member NAME: its keys, its node, its quota."""
    session = at_home(home)
    found = session.ask("identity.member", ByName(name), MemberView)
    keys = session.ask("identity.keys", ByName(name), KeysView).keys
    if as_json:
        listed = [{"id": one.id, **to_value(one.key)} for one in keys]
        facts(_member_facts(found) | {"quota": to_value(found.quota), "keys": listed})
        return DONE
    say(f"{click.style(found.name, bold=True)}  {found.title}")
    say(f"joined   {moment(found.joined)}{', left ' + moment(found.left) if found.left else ''}")
    say(f"node     {_url(found)}")
    say(f"quota    {found.quota.cost_per_block:,} cost a block, {found.quota.state_bytes:,} bytes of state")
    say()
    rows = [
        [
            one.id.hex()[:16],
            one.key.label,
            " ".join(one.key.roles),
            "revoked" if one.key.revoked else "active",
        ]
        for one in keys
    ]
    table(rows, ["key", "label", "roles", "standing"])
    return DONE


@member.command()
@click.argument("name")
@days_option
@home_option
@json_option
def admit(name: str, days: int, home: Path | None, as_json: bool) -> int:
    """Propose to admit NAME, who posted its keys here with an invitation. The proposer's approval counts."""
    session = at_home(home)
    path = _posted(session).get(name)
    if path is None:
        there = ", ".join(sorted(_posted(session))) or "nobody"
        raise Failure(f"{name} has posted no keys here; posted: {there}", f"consortia invite {name}")
    asked = decode_record(JoinRequest, path.read_bytes())
    expires = session.client.status().time + days * DAY
    try:
        receipt = session.submit(ProposeMember(asked.name, asked.title, asked.keys, FULL_QUOTA, expires))
    except TransactionRefused as error:
        found = proposed(session.client, "admission", name)
        if error.code != "identity.proposal_open" or found is None:
            raise
        remedy = f"consortia member approve {name}" if session.member in found.awaited else ""
        raise Failure(f"refused, {error.code}: {_proposal_line(found)}", remedy) from None
    return _decided(session, "admission", name, receipt, as_json=as_json)


@member.command()
@click.argument("name")
@click.option("--removal", is_flag=True, help="Approve the removal of NAME, not its admission.")
@click.option("--power", is_flag=True, help="Approve the voting power proposed for NAME.")
@home_option
@json_option
def approve(name: str, removal: bool, power: bool, home: Path | None, as_json: bool) -> int:
    """Approve the admission (or with --removal the removal, with --power the voting power) of NAME."""
    if removal and power:
        raise click.UsageError("--removal or --power, not both")
    session, kind = at_home(home), "power" if power else "removal" if removal else "admission"
    found = proposed(session.client, kind, name, LATE_SECONDS)
    if found is None:
        raise Failure(f"there is no open proposal: {kind} of {name}", "consortia member list")
    note(_proposal_line(found))
    if power:
        return _powered(session, name, session.submit(ApprovePower(name, found.id)), as_json=as_json)
    if removal:
        receipt = session.change(lambda checkpoint: ApproveRemoval(name, found.id, checkpoint))
    else:
        receipt = session.submit(ApproveMember(name, found.id))
    return _decided(session, kind, name, receipt, as_json=as_json)


@member.command("power")
@click.argument("name")
@click.argument("power", metavar="POWER", type=click.IntRange(0, POWER_MAX))
@days_option
@home_option
@json_option
def give_power(name: str, power: int, days: int, home: Path | None, as_json: bool) -> int:
    """Propose that NAME votes with POWER where CometBFT orders; 0 takes it out of consensus alone."""
    session = at_home(home)
    expires = session.client.status().time + days * DAY
    receipt = session.submit(ProposePower(name, power, expires))
    return _powered(session, name, receipt, as_json=as_json)


@member.command()
@click.argument("name")
@days_option
@click.option("--withdraw", is_flag=True, help="Take an own proposal to remove or admit NAME back.")
@yes_option
@home_option
@json_option
def remove(*, name: str, days: int, withdraw: bool, yes: bool, home: Path | None, as_json: bool) -> int:
    """Propose to remove NAME; the other members approve with `member approve --removal`."""
    session = at_home(home)
    if withdraw:
        about = [one for one in _open(session) if one.name == name]
        own = [one for one in about if one.proposal.proposer == session.member]
        if not own:
            raise Failure(f"{session.member} has proposed nothing about {name}", "consortia member list")
        receipt = session.submit(Withdraw(own[0].kind, name))
        tell_done(receipt, f"The {own[0].kind} of {name} is taken back.", as_json=as_json)
        return DONE
    found = session.client.status()
    if len(found.members) == 2 and name in found.members and not yes:
        text = f"Of two members one alone removes the other, at once and for good. {name} is removed. Sure?"
        click.confirm(text, abort=True)
    expires = found.time + days * DAY
    receipt = session.change(lambda checkpoint: ProposeRemoval(name, expires, checkpoint))
    return _decided(session, "removal", name, receipt, as_json=as_json)


@member.command()
@yes_option
@home_option
@json_option
def leave(yes: bool, home: Path | None, as_json: bool) -> int:
    """Leave the network. What was committed stays; `consortia export` takes everything along."""
    session = at_home(home)
    if session.client.status().orderer == session.member:
        note(f"{session.member}'s node orders the blocks: without it the ledger stands still.")
    if not yes:
        click.confirm(
            f"{session.member} leaves the network for good: its name is never given again. Sure?", abort=True
        )
    receipt = session.change(Leave)
    tell_done(receipt, f"{session.member} is no longer a member.", as_json=as_json)
    return DONE


def _powered(session: Session, name: str, receipt: Receipt, *, as_json: bool) -> int:
    """Say where the decision about a voting power stands after this member's part in it."""
    if proposed(session.client, "power", name) is not None:
        return _decided(session, "power", name, receipt, as_json=as_json)
    seats = session.ask("identity.validators", Nothing(), ValidatorsView).seats
    found = next(one.power for one in seats if one.member == name)
    tell_done(receipt, f"{name} votes with power {found}.", as_json=as_json)
    return DONE


def _posted(session: Session) -> dict[str, Path]:
    """Who posted keys to this home's node: the file of each, by name."""
    return {path.stem: path for path in Invitations(session.home.path).joining()}


def _open(session: Session) -> tuple[ProposalView, ...]:
    return session.ask("identity.proposals", Nothing(), ProposalsView).proposals


def _decided(session: Session, kind: str, name: str, receipt: Receipt, *, as_json: bool) -> int:
    """Say where a decision stands after this member's part in it."""
    found = proposed(session.client, kind, name)
    if found is None:
        members = session.ask("identity.member_set", Nothing(), MemberSetView).members.members
        there = name in {one.name for one in members}
        text = f"{name} is {'a member' if there else 'no longer a member'}."
        tell_done(receipt, text, as_json=as_json)
        return DONE if there == (kind == "admission") else REFUSED
    if as_json:
        facts(_proposal_facts(found) | {"transaction": receipt.transaction, "height": receipt.height})
    else:
        say(_proposal_line(found))
    return DONE


def _proposal_line(one: ProposalView) -> str:
    have = len(one.proposal.approvals)
    if have >= one.needed and one.kind == "admission":
        return f"admission of {one.name}: approved; {one.name}'s own acceptance is awaited (consortia join)"
    awaited = ", ".join(one.awaited) or "nobody"
    until = moment(one.proposal.expires)
    return f"{one.kind} of {one.name}: {have} of {one.needed} approvals, awaited until {until}: {awaited}"


def _proposal_facts(one: ProposalView) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "proposer": one.proposal.proposer,
        "approvals": one.proposal.approvals,
        "needed": one.needed,
        "awaited": one.awaited,
        "expires": one.proposal.expires,
    }


def _member_facts(one: MemberView) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "joined": one.joined,
        "left": one.left,
        "url": None if one.endpoint is None else one.endpoint.url,
        "node": one.node,
        "recovery": one.recovery,
    }


def _url(one: MemberView) -> str:
    return "" if one.endpoint is None else one.endpoint.url
