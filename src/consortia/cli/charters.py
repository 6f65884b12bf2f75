"""`consortia charter`: how the members decide, and the council's pauses."""

from pathlib import Path

import click

from consortia.cli.governing import governance_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, facts, say, table
from consortia.cli.session import at_home, tell_done
from consortia.cli.spans import span, span_of
from consortia.modules.governance.messages import ApprovePause, AskPause, WithdrawPause
from consortia.modules.governance.types import ProposalClass
from consortia.sdk.governance import passes_with, quorum_of
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment


@click.group()
def charter() -> None:
    """The charter: classes of proposals, the council, the ethics board, and what is paused.

    The charter is changed by a proposal of its own class: `consortia proposal new charter`.
    """


@charter.command()
@click.option("--number", type=click.IntRange(min=0), help="An earlier charter; the one in force else.")
@home_option
@json_option
def show(*, number: int | None, home: Path | None, as_json: bool) -> int:
    """Show the charter: what each class takes, who sits where, what is paused."""
    door = governance_of(at_home(home))
    found = door.charter(number)
    pauses, parameters = door.pauses().pauses, door.decisions().parameters
    if as_json:
        facts({**to_json(found), "pauses": pauses, "parameters": parameters})
        return DONE
    law = found.charter
    say(f"charter   number {found.number}; {law.open_max} open proposals a member")
    council = ", ".join(law.council) or "none"
    say(f"council   {council}{f'; {found.needed} of them pause' if law.council else ''}")
    say(f"ethics    {', '.join(law.ethics) or 'no board'}")
    peace = span_of(law.cooling_milliseconds)
    say(f"pauses    {span_of(law.pause_milliseconds)} at most, then {peace} of peace")
    say()
    table(
        [_class_row(one) for one in law.classes],
        ["class", "quorum", "passes with", "vote + lock", "agents", "may hold"],
    )
    for one in pauses:
        until = one.pause.until
        state = f"paused until {moment(until)}" if until else f"asked for by {', '.join(one.pause.approvals)}"
        say(f"{one.target}: {state}")
    for kept in parameters:
        say(f"{kept.name} = {kept.parameter.value} (from {kept.parameter.low} to {kept.parameter.high})")
    return DONE


@charter.command()
@click.argument("target", metavar="METHOD")
@click.option(
    "--for", "length", default="24h", show_default=True, metavar="SPAN", help="90s, 15m, 12h or 3d."
)
@click.option("--reason", required=True, help="A line that stands on the ledger.")
@home_option
@json_option
def pause(*, target: str, length: str, reason: str, home: Path | None, as_json: bool) -> int:
    """Ask the council to pause a METHOD, as one of its seats."""
    receipt = at_home(home).submit(AskPause(target, span(length), reason))
    tell_done(receipt, f"The council is asked to pause {target}", as_json=as_json)
    return DONE


@charter.command()
@click.argument("target", metavar="METHOD")
@home_option
@json_option
def approve(*, target: str, home: Path | None, as_json: bool) -> int:
    """Approve a pause as a seat of the council; with enough of them it begins."""
    receipt = at_home(home).submit(ApprovePause(target))
    begun = any(event.name == "governance.paused" for event in receipt.events)
    text = f"{target} is paused" if begun else f"The pause of {target} has one approval more"
    tell_done(receipt, text, as_json=as_json, paused=begun)
    return DONE


@charter.command()
@click.argument("target", metavar="METHOD")
@home_option
@json_option
def unpause(*, target: str, home: Path | None, as_json: bool) -> int:
    """Take the own approval of a pause back; with too few of them it ends."""
    receipt = at_home(home).submit(WithdrawPause(target))
    tell_done(receipt, f"The approval for the pause of {target} is taken back", as_json=as_json)
    return DONE


def _class_row(one: ProposalClass) -> list[str]:
    times = f"{span_of(one.vote_milliseconds)} + {span_of(one.lock_milliseconds)}"
    return [one.name, quorum_of(one), passes_with(one), times, one.agents, " ".join(one.methods)]
