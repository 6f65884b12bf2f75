"""`consortia network`: whose node orders the blocks, and how that is handed to another's."""

from pathlib import Path

import click

from consortia.base.codec import decode_record, encode_record
from consortia.cli.options import home_option, json_option, yes_option
from consortia.cli.output import DONE, facts, say
from consortia.cli.session import at_home
from consortia.node.handing import PLACE, Agree, Handed, Standing

ASK_SECONDS = 60.0


@click.group()
def network() -> None:
    """The network as a whole: whose node orders its blocks, and how that is handed to another's.

    More than two thirds of the members hand it over, each by its own word, with the old orderer or without.
    """


@network.command()
@home_option
@json_option
def show(*, home: Path | None, as_json: bool) -> int:
    """Show the network: its hash, its members, whose node orders since which term, and what is agreed."""
    session = at_home(home)
    status = session.client.status()
    found = decode_record(Standing, session.client.fetch(PLACE).body)
    promise = found.promise
    if as_json:
        agreed = None if promise is None else {"orderer": promise.orderer, "from": promise.height + 1}
        known = {"network": status.network, "members": status.members, "height": status.height}
        facts(known | {"orderer": found.orderer, "term": found.term, "agreed": agreed})
        return DONE
    say(f"network  {status.network}")
    say(f"members  {', '.join(status.members)}")
    say(f"block    {status.height:,}")
    say(f"orderer  {found.orderer}, term {found.term}")
    if promise is not None:
        text = f"{promise.orderer} orders from block {promise.height + 1:,} on"
        say(f"agreed   {session.member} signed that {text}")
    return DONE


@network.command("hand-over")
@click.argument("member")
@yes_option
@home_option
@json_option
def hand_over(*, member: str, yes: bool, home: Path | None, as_json: bool) -> int:
    """Agree that the node of MEMBER orders the blocks from now on; each member does so at its own home.

    An orderer that still answers goes first: it stops then. With more than two thirds, MEMBER among them, it
    is in force, whether the old orderer is there or not.
    """
    session = at_home(home)
    if not yes:
        old = session.client.status().orderer
        text = f"{session.member}'s node then takes in nothing new of {old}'s, until {member}'s orders. Sure?"
        click.confirm(text, abort=True)
    answer = session.client.post(PLACE, encode_record(Agree(member)), timeout=ASK_SECONDS)
    found = decode_record(Handed, answer)
    first = found.hand_over.height + 1
    if as_json:
        known = {"orderer": member, "term": found.hand_over.term, "from": first, "done": found.done}
        facts(known | {"signed": found.signed, "needed": found.needed, "awaited": found.awaited})
        return DONE
    if found.done:
        say(f"{member}'s node orders from block {first:,} on, as {', '.join(found.signed)} agreed")
        return DONE
    say(f"{', '.join(found.signed)} agreed, {len(found.signed)} of the {found.needed} that are needed")
    say(f"Awaited: {', '.join(found.awaited)}, each by: consortia network hand-over {member}")
    return DONE
