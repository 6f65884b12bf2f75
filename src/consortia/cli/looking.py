"""`consortia console`: the address at which a browser on this machine opens the node's console."""

import os
from pathlib import Path

import click

from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say
from consortia.node.home import Home
from consortia.node.passes import way_in
from consortia.sdk.moments import utc_milliseconds


@click.command()
@home_option
@json_option
def console(*, home: Path | None, as_json: bool) -> int:
    """Print the address that opens the console of the home's node.

    It holds a ticket for one hour, taken from this machine alone; the browser then stays in for twelve. From
    another machine, forward the node's port (ssh -L) and open the address there.
    """
    found = Home.find(home, os.environ)
    running = found.running()
    if running is None:
        raise Failure(f"no node runs on {found.path}", f"consortia up --home {found.path}")
    url = way_in(running.url, found.token(), utc_milliseconds())
    if as_json:
        facts({"url": url, "node": running.url})
    else:
        say(url)
    return DONE
