"""`consortia localnet`: a whole network on one machine, a node and a worker a member, until stopped."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consortia.base.ids import is_name
from consortia.cli.demo import interrupt
from consortia.cli.output import DONE, Failure, facts, note, say, table

if TYPE_CHECKING:
    from consortia.cli.demo.consortium import Consortium

MEMBERS_DEFAULT = 4
MEMBERS_MAX = 16
"""So many nodes, each with its worker, are more than one machine wants to run."""


@click.command()
@click.option(
    "--members",
    type=click.IntRange(1, MEMBERS_MAX),
    help=f"How many members; {MEMBERS_DEFAULT} when left out, or those that the folder holds.",
)
@click.option("--name", "names", multiple=True, help="A member's name; once for each, instead of --members.")
@click.option(
    "--driver",
    type=click.Choice(["embedded", "cometbft"]),
    default="embedded",
    show_default=True,
    help="Who orders a new network's blocks: the first member's node, or all members' by CometBFT.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path("localnet"),
    show_default=True,
    help="A folder with one home a member; a network that is there goes on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when the network is up.")
def localnet(*, members: int | None, names: tuple[str, ...], driver: str, home: Path, as_json: bool) -> int:
    """Run a network of members on this machine, for trying things and for tests.

    The members admit one another, or found it together where CometBFT orders; their keys are not encrypted.
    Ctrl-C or SIGTERM stops every node; the same command later goes on where it ended. Act for a
    member in its home: consortia status --home HOME/NAME
    """
    from consortia.cli.demo.consortium import Consortium
    from consortia.cli.demo.telling import Teller
    from consortia.node.config import FILE
    from consortia.node.localnet import NodeDown
    from consortia.sdk.errors import LedgerError

    if driver == "cometbft":
        _need_engine()
    folder = home.expanduser().absolute()
    known = sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
    wanted = _wanted(folder, known, members, names)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with Consortium(folder, wanted, Teller(to_error=True), lasting=True, driver=driver) as network:
            if known:
                network.resume()
            else:
                network.build(folder.name)
            _tell(network, as_json=as_json)
            threading.Event().wait()
    except (NodeDown, LedgerError, OSError) as error:
        raise Failure(f"the network did not come up: {error}", f"look at the logs in {folder}") from error
    except KeyboardInterrupt:
        note("every node is stopped")
    return DONE


def _need_engine() -> None:
    """Raise Failure where there is no CometBFT, before anything is made."""
    from consortia.node.cometbft.binary import GET, CometBftError, find

    try:
        find(os.environ.get("CONSORTIA_COMETBFT", ""), Path(sys.prefix), os.environ)
    except CometBftError as error:
        raise Failure(str(error), GET) from None


def _wanted(folder: Path, known: list[str], members: int | None, names: tuple[str, ...]) -> list[str]:
    """The members' names; raises Failure where the folder holds others, or something else."""
    for name in names:
        if not is_name(name):
            raise click.BadParameter(f"{name!r} is no name: 1 to 32 of a-z, 0-9 and -", param_hint="--name")
    if len(set(names)) != len(names):
        raise click.BadParameter("a name stands twice", param_hint="--name")
    if names and members not in {None, len(names)}:
        raise click.BadParameter(f"{members} members, and {len(names)} names", param_hint="--members")
    count = members or MEMBERS_DEFAULT
    asked = list(names) or [f"member-{number}" for number in range(1, count + 1)]
    if not known:
        if folder.exists() and any(folder.iterdir()):
            raise Failure(f"{folder} is not empty, and holds no network", "consortia localnet --home OTHER")
        return asked
    if (names and sorted(names) != known) or (members is not None and members != len(known)):
        raise Failure(
            f"{folder} holds the network of {', '.join(known)}", f"consortia localnet --home {folder}"
        )
    return known


def _tell(network: "Consortium", *, as_json: bool) -> None:
    """Say that the network is up, and where."""
    found = [
        {"name": one.name, "url": one.node.url, "home": str(one.home.path), "pid": one.node.pid}
        for one in network.parties.values()
    ]
    if as_json:
        facts({"network": network.network, "members": found})
        return
    say(f"network {network.network.hex()}")
    table([[str(one[key]) for key in one] for one in found], ["member", "url", "home", "process"])
    note("Ctrl-C stops every node")
