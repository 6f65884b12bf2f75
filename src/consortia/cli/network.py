"""`consortia init` and `consortia up`: a network's first home, and its node."""

import os
import secrets
import socket
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from consortia.base.ids import is_name
from consortia.cli.governing import charter_in
from consortia.cli.options import (
    ORG,
    home_option,
    json_option,
    listen_option,
    peer_listen_option,
    plain_keys_option,
    url_option,
)
from consortia.cli.output import DONE, NO_HOME, USAGE, Failure, facts, note, say
from consortia.modules.identity.addresses import is_node_address
from consortia.node.config import ADDRESS, FILE, NoHome, is_loopback, split_address
from consortia.node.home import Home, Running, default_home
from consortia.node.homes import Wishes, begin
from consortia.node.inviting import address_of
from consortia.node.keys import passphrase_from
from consortia.sdk.moments import utc_milliseconds

PORTS = range(10_240, 32_768)
"""Where a new home's port is chosen from: below those that systems lend for a while."""


@click.command()
@click.argument("name")
@click.option("--org", required=True, help="The founding member. " + ORG)
@click.option("--title", help="The member's full name; ORG when left out.")
@home_option
@listen_option
@url_option
@click.option("--tls", is_flag=True, help="Speak TLS on 127.0.0.1 too; elsewhere it always does.")
@click.option(
    "--driver",
    type=click.Choice(["embedded", "cometbft"]),
    default="embedded",
    show_default=True,
    help="Who orders the blocks: this member's node, or all members' by CometBFT.",
)
@peer_listen_option
@click.option("--worker/--no-worker", default=True, help="Run the member's worker beside its node.")
@click.option(
    "--charter",
    "charter",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="How its members decide: a file as `consortia charter show --json` prints; else the usual charter.",
)
@plain_keys_option
@json_option
def init(
    *,
    name: str,
    org: str,
    title: str | None,
    home: Path | None,
    listen: str | None,
    url: str,
    tls: bool,
    driver: str,
    peer_listen: str | None,
    worker: bool,
    charter: Path | None,
    plain_keys: bool,
    as_json: bool,
) -> int:
    """Make a network called NAME: a home, keys, and the genesis whose hash is its name.

    ORG is the first member. Its node orders the blocks, unless CometBFT is to. Others come in by
    `consortia invite`.
    """
    if not is_name(org):
        raise click.BadParameter(f"{org!r} is no name: 1 to 32 of a-z, 0-9 and -", param_hint="--org")
    if not 1 <= len(name) <= 80:
        raise click.BadParameter("a network's name has 1 to 80 characters", param_hint="NAME")
    place = wishes(home, org, title, listen=listen, url=url, tls=tls, worker=worker)
    place = ordered_by(place, driver, peer_listen)
    place = with_passphrase(place, plain=plain_keys)
    law = None if charter is None else charter_in(charter)
    made, genesis = begin(place, name, utc_milliseconds(), law)
    network = genesis.network().hex()
    address = address_of(made.config({}))
    if as_json:
        facts({"network": network, "name": name, "member": org, "home": str(made.path), "url": address})
        return DONE
    say(f"Network  {name}")
    say(f"Hash     {network}")
    say(f"Member   {org}")
    say(f"Home     {made.path}")
    tell_keys(made, plain=plain_keys)
    say()
    say(f"Next: consortia up --home {made.path}")
    return DONE


@click.command()
@home_option
@click.option("--listen", metavar="HOST:PORT", help="Listen here, whatever the settings say.")
@click.option("--orderer-url", metavar="URL", help="Where the ordering node is, until the ledger says so.")
@click.option("--worker/--no-worker", default=None, help="Run the member's worker beside the node.")
@click.option("--trainer", metavar="MODULE:NAME", help="The member's own program for studies of weights.")
@json_option
def up(
    *,
    home: Path | None,
    listen: str | None,
    orderer_url: str | None,
    worker: bool | None,
    trainer: str | None,
    as_json: bool,
) -> int:
    """Run the member's node until Ctrl-C or SIGTERM.

    The ready line says where it answers; with --json it is {url, network, member, pid}. Exit code 4: this
    software lacks rules that the members agreed on for the block to come; the line says which to install.
    """
    from consortia.node.serving import Cannot, serve

    def ready(running: Running) -> None:
        if as_json:
            facts(msgspec.to_builtins(running))
            return
        say(f"{click.style('ready', fg='green', bold=True)}  {running.member}  {running.url}")
        note(f"Network {running.network}. Ctrl-C stops the node.")

    flags = {"listen": listen, "orderer_url": orderer_url, "worker": worker, "trainer": trainer}
    try:
        serve(home, os.environ, flags, ready)
    except Cannot as error:
        missing = isinstance(error.__cause__, NoHome)
        remedy = f"consortia doctor --home {home or default_home(os.environ)}"
        raise Failure(str(error), NO_HOME if missing else remedy, code=error.code) from None
    return DONE


def wishes(
    home: Path | None,
    member: str,
    title: str | None,
    *,
    listen: str | None,
    url: str,
    tls: bool,
    worker: bool,
) -> Wishes:
    """What a person asks for a new home, with a free port where none was named. Raises Failure (2)."""
    if url and not is_node_address(url):
        raise Failure(f"--url {url} is no address of a node", f"--url {ADDRESS}", code=USAGE)
    host, port = split_address(listen or "127.0.0.1:0")
    port = port or (free_port() if is_loopback(host) else 0)
    path = home or default_home(os.environ)
    address = f"{'[' + host + ']' if ':' in host else host}:{port}"
    secure = tls or not is_loopback(host)
    return Wishes(path, member, title or member, None, address, url, secure, {"worker": worker})


def ordered_by(place: Wishes, driver: str, peer_listen: str | None) -> Wishes:
    """The same wishes under a driver: with CometBFT, a place to listen to its peers. Raises Failure (2)."""
    if driver != "cometbft":
        if peer_listen is not None:
            raise Failure("only CometBFT has peers", "--driver cometbft", code=USAGE)
        return place
    host = split_address(place.listen)[0]
    address = peer_listen or f"{'[' + host + ']' if ':' in host else host}:{free_port()}"
    split_address(address)
    return replace(place, more={**place.more, "peer_listen": address}, driver=driver)


def with_passphrase(place: Wishes, *, plain: bool) -> Wishes:
    """The same wishes with the passphrase of the keys to be made; asked for twice at the prompt."""
    if (place.path / FILE).exists():
        raise Failure(f"{place.path} is a home already", "--home another folder")
    phrase = None if plain else passphrase_from(os.environ, confirm=True)
    return replace(place, passphrase=phrase)


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    for _ in range(100):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise Failure("no free port was found", "--listen 127.0.0.1:PORT")


def tell_keys(home: Home, *, plain: bool) -> None:
    """Say how the keys are kept, and what to do with the recovery key."""
    if plain:
        note("The keys are plain: whoever reads these files can sign. For demonstrations only.")
    note(f"Move {home.keys / 'recovery.key.json'} to a safe place: it replaces all keys if they are lost.")
