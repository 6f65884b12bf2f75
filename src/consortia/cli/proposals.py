"""`consortia proposal`: decide together, from the actions to their execution."""

import json
from pathlib import Path
from typing import Any

import click

from consortia.cli.governing import governance_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, say, table
from consortia.cli.session import at_home, tell_done
from consortia.cli.spans import span_of
from consortia.kernel.block import OK
from consortia.modules.governance.queries import Effects, ProposalView, TallyView
from consortia.modules.governance.types import UNITS, Action, Choice, Status
from consortia.sdk.errors import GovernanceError
from consortia.sdk.governance import read_action
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment

STATUSES = ("voting", "passed", "rejected", "stopped", "executed", "failed", "expired", "cancelled", "void")
SHORT = 12
"""So many digits of a proposal's id are shown in lists; any command takes them."""


@click.group()
def proposal() -> None:
    """Proposals: open, show, vote, count, execute, delegate.

    A proposal is an ordered list of actions, fixed by its hash when it opens. PROPOSAL is its id, or its
    first digits.
    """


@proposal.command("new")
@click.argument("kind", metavar="CLASS")
@click.option("--title", required=True, help="A line for people.")
@click.option("--text", default="", help="What it is about; nothing reads it but people.")
@click.option(
    "--action",
    "actions",
    multiple=True,
    metavar="'METHOD {JSON}'",
    help="""One action, such as 'governance.set_parameter {"name": "tariff", "value": 50}'; in order.""",
)
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="""The actions as a JSON list of {"method": ..., "args": {...}}.""",
)
@click.option("--dry-run", is_flag=True, help="Only show what the actions would do.")
@home_option
@json_option
def new(
    *,
    kind: str,
    title: str,
    text: str,
    actions: tuple[str, ...],
    path: Path | None,
    dry_run: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Open a proposal of a CLASS of the charter. Its effects are tried and shown first."""
    wanted = [*map(_action, actions), *([] if path is None else _actions_in(path))]
    if not wanted:
        raise click.UsageError("a proposal has an --action, or a --file with some")
    session = at_home(home)
    door = governance_of(session)
    effects = door.effects(*wanted)
    if dry_run:
        _tell_effects(effects, as_json=as_json)
        return DONE if effects.code == OK else REFUSED
    opened = door.propose(kind, *wanted, title=title, text=text)
    one, closes = opened.proposal, opened.progress.closes
    if as_json:
        known = {"proposal": one.id, "content": one.content, "election": one.election, "closes": closes}
        facts({**known, "effects": effects})
        return DONE
    say(f"Proposal {one.id.hex()} is open until {moment(closes)}")
    _tell_effects(effects, as_json=False)
    verb = "proposal vote" if one.election is None else "ballot cast"
    say(f"Vote: consortia {verb} {one.id.hex()[:SHORT]} yes")
    return DONE


@proposal.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Of this status only.")
@home_option
@json_option
def list_proposals(*, status: Status | None, home: Path | None, as_json: bool) -> int:
    """List the proposals, the newest first."""
    found = governance_of(at_home(home)).list(status)
    if as_json:
        facts({"proposals": found})
        return DONE
    rows = [
        [one.id.hex()[:SHORT], one.kind, one.status, one.author, moment(one.closes), one.title]
        for one in found
    ]
    table(rows, ["proposal", "class", "status", "author", "voting ends", "title"])
    return DONE


@proposal.command()
@click.argument("which", metavar="PROPOSAL")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show a PROPOSAL: its actions, what they would do now, its rules, and who voted what."""
    door = governance_of(at_home(home))
    found = door.get(which)
    effects = door.effects_of(found.proposal.id)
    if as_json:
        facts({**to_json(found), "effects": effects})
        return DONE
    one, progress = found.proposal, found.progress
    say(f"{click.style(one.title, bold=True)}  {one.kind}, by {one.author}{_by_agent(found)}")
    if one.text:
        say(one.text)
    say(f"id        {one.id.hex()}")
    say(f"content   {one.content.hex()}")
    say(f"status    {progress.status}{f': {progress.code}' if progress.status in ('failed', 'void') else ''}")
    if one.election is not None:
        say(f"election  {one.election.hex()}: its votes are secret")
    say(f"voting    until {moment(progress.closes)}{', extended' if progress.extended else ''}")
    if progress.ready is not None and progress.until is not None:
        say(f"execution from {moment(progress.ready)} to {moment(progress.until)}")
    say(f"rules     {rules_in_words(found)}")
    for number, action in enumerate(one.actions, 1):
        say(f"action {number}  {action.method} {json.dumps(to_json(action.args), ensure_ascii=False)}")
    if progress.status in ("voting", "passed"):
        _tell_effects(effects, as_json=False)
    say()
    table([_elector(each) for each in found.electors], ["elector", "votes", "vote", "by", "objects"])
    return DONE


@proposal.command()
@click.argument("which", metavar="PROPOSAL")
@click.argument("choice", type=click.Choice(["yes", "no", "abstain"]))
@home_option
@json_option
def vote(*, which: str, choice: Choice, home: Path | None, as_json: bool) -> int:
    """Vote for the own member. A vote is cast once and stands; it is bound to the proposal's content."""
    session = at_home(home)
    door = governance_of(session)
    one = door.get(which).proposal
    receipt = door.vote(one.id, choice)
    tell_done(
        receipt,
        f"{session.member} votes {choice} on {one.title}",
        as_json=as_json,
        proposal=one.id,
        content=one.content,
        choice=choice,
    )
    return DONE


@proposal.command()
@click.argument("which", metavar="PROPOSAL")
@click.option("--close", is_flag=True, help="Have the votes counted, once voting is over; anybody may.")
@home_option
@json_option
def tally(*, which: str, close: bool, home: Path | None, as_json: bool) -> int:
    """Count a PROPOSAL's votes so far. Exit code 0: it passes with them; 1: it does not."""
    door = governance_of(at_home(home))
    found = door.close(which) if close else door.get(which)
    counted = door.tally(found.proposal.id)
    if as_json:
        facts({**to_json(counted), "status": found.progress.status, "closes": found.progress.closes})
    else:
        say(f"status    {found.progress.status}")
        say(f"tally     {tally_in_words(counted)}")
        if counted.owners:
            say(f"needs     the yes of {', '.join(counted.owners)}")
        say(f"rules     {rules_in_words(found)}")
        say("It passes with these votes." if counted.passes else "It does not pass with these votes.")
    return DONE if counted.passes else REFUSED


@proposal.command()
@click.argument("which", metavar="PROPOSAL")
@home_option
@json_option
def execute(*, which: str, home: Path | None, as_json: bool) -> int:
    """Carry out a passed PROPOSAL after its lock.

    Exit code 1: an action was refused, and nothing was done.
    """
    done = governance_of(at_home(home)).execute(which)
    progress = done.progress
    if as_json:
        facts({"proposal": done.proposal.id, **to_json(progress)})
    elif progress.status == "executed":
        say(f"{done.proposal.title} is carried out: {len(done.proposal.actions)} actions")
    else:
        place = (progress.position or 0) + 1
        say(f"Nothing was done: action {place} was refused, {progress.code}")
    return DONE if progress.status == "executed" else REFUSED


@proposal.command()
@click.argument("which", metavar="PROPOSAL")
@home_option
@json_option
def cancel(*, which: str, home: Path | None, as_json: bool) -> int:
    """Take an own PROPOSAL back while votes are awaited."""
    tell_done(governance_of(at_home(home)).cancel(which), "The proposal is taken back", as_json=as_json)
    return DONE


@proposal.command("object")
@click.argument("which", metavar="PROPOSAL")
@click.option("--reason", required=True, help="A line that stands on the ledger.")
@home_option
@json_option
def object_to(*, which: str, reason: str, home: Path | None, as_json: bool) -> int:
    """Object for the own seat on the ethics board; more than half of the seats stop the PROPOSAL."""
    session = at_home(home)
    receipt = governance_of(session).object_to(which, reason)
    tell_done(receipt, f"{session.member} objects", as_json=as_json)
    return DONE


@proposal.command()
@click.argument("kind", metavar="CLASS")
@click.argument("to", metavar="MEMBER", required=False)
@click.option("--end", is_flag=True, help="Let nobody vote any more, in open proposals too.")
@home_option
@json_option
def delegate(*, kind: str, to: str | None, end: bool, home: Path | None, as_json: bool) -> int:
    """Let another MEMBER vote in a CLASS, where the own member does not vote itself."""
    if end == (to is not None):
        raise click.UsageError("name a MEMBER, or --end")
    session = at_home(home)
    receipt = governance_of(session).delegate(kind, to)
    text = (
        f"{to} votes for {session.member} in {kind}" if to else f"nobody votes for {session.member} in {kind}"
    )
    tell_done(receipt, text, as_json=as_json)
    return DONE


def rules_in_words(found: ProposalView) -> str:
    """A class's rules on one line."""
    rules = found.rules
    share = f"{rules.yes.numerator}/{rules.yes.denominator}"
    quorum = f"{rules.quorum.numerator}/{rules.quorum.denominator}"
    whole = "all votes" if rules.of == "all" else "votes cast"
    parts = [f"quorum {quorum}, more than {share} of {whole}", f"lock {span_of(rules.lock_milliseconds)}"]
    parts += ["no objection by the ethics board"] if rules.board else []
    parts += ["its owner's yes"] if rules.owner else []
    parts += ["votes are secret"] if rules.secret else []
    return "; ".join([*parts, f"agents {rules.agents}"])


def tally_in_words(counted: TallyView) -> str:
    """Votes for, against and abstaining of all there are, in votes."""
    sides = counted.tally
    said = [f"{_votes(getattr(sides, side))} {side}" for side in ("yes", "no", "abstain")]
    return f"{', '.join(said)} of {_votes(counted.units)}; {_votes(sides.agents)} by agents"


def _votes(units: int) -> str:
    whole, part = divmod(units, UNITS)
    return f"{whole} {part}/{UNITS}" if part else str(whole)


def _elector(each: Any) -> list[str]:  # noqa: ANN401 (an ElectorView)
    own, agent, delegate_ = each.vote, each.agent, each.elector.delegate
    by = "an officer" if own else "its agent" if agent else f"delegates to {delegate_}" if delegate_ else ""
    choice = own.choice if own else agent.choice if agent else "-"
    objects = each.objection.reason if each.objection else ""
    return [each.member, str(each.elector.weight), choice, by, objects]


def _by_agent(found: ProposalView) -> str:
    return "'s agent" if found.proposal.agent else ""


def _tell_effects(effects: Effects, *, as_json: bool) -> None:
    if as_json:
        facts(effects)
        return
    if effects.code != OK:
        say(f"effects   action {effects.position + 1} would be refused now: {effects.code}")
        return
    for event in effects.events:
        say(f"effects   {event.name} {json.dumps(to_json(event.body), ensure_ascii=False)}")
    for written in effects.tables:
        say(f"writes    {written.table}: {written.entries}")


def _action(text: str) -> Action:
    method, _, fields = text.strip().partition(" ")
    return _read(method, fields or "{}", "--action")


def _actions_in(path: Path) -> list[Action]:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        return [read_action(one["method"], one["args"]) for one in listed]
    except (ValueError, KeyError, TypeError) as error:
        text = f'{path} is no JSON list of {{"method": ..., "args": {{...}}}}: {error}'
        raise Failure(text, "consortia proposal new --help") from None
    except GovernanceError as error:
        raise Failure(str(error), "docs/reference/governance.md lists what proposals can do") from None


def _read(method: str, fields: str, where: str) -> Action:
    try:
        return read_action(method, json.loads(fields))
    except ValueError as error:
        raise Failure(
            f"{where} {method}: no JSON object ({error})", """METHOD '{"field": value}'"""
        ) from None
    except GovernanceError as error:
        raise Failure(str(error), "consortia charter show") from None
