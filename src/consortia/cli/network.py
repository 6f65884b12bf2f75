"""`consortia init` and `consortia up`: a network's first home, and its node."""

import os
import secrets
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec

from consortia.base.codec import encode_record
from consortia.base.ids import is_name
from consortia.cli.options import ORG, home_option, json_option, plain_keys_option
from consortia.cli.output import DONE, REFUSED, USAGE, Failure, facts, note, say
from consortia.node.config import Config, is_loopback, split_address
from consortia.node.founding import MemberKeys, make_genesis
from consortia.node.home import Home, Running, default_home
from consortia.node.keys import passphrase_from
from consortia.node.tls import make_certificate

PORTS = range(10_240, 32_768)
"""Where a new home's port is chosen from: below what systems hand out for a while only."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new node will listen, where others reach it (`url`, or empty), and under TLS or not."""

    listen: str
    url: str
    tls: bool

    @property
    def hosts(self) -> list[str]:
        """The names and addresses that the node's certificate is for."""
        found = {split_address(self.listen)[0], urlsplit(self.url).hostname or ""}
        return sorted(found - {"", "0.0.0.0", "::"})  # noqa: S104 (no certificate is for every address)

    def reached(self) -> str:
        """The address to give to others; empty when it listens everywhere and no URL was said."""
        host, port = split_address(self.listen)
        if self.url or host in {"0.0.0.0", "::"} or not port:  # noqa: S104 (compared, not listened on)
            return self.url
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{'[' + host + ']' if ':' in host else host}:{port}"


@click.command()
@click.argument("name")
@click.option("--org", required=True, help="The founding member. " + ORG)
@click.option("--title", help="The member's full name; NAME of ORG when left out.")
@home_option
@click.option("--listen", metavar="HOST:PORT", help="Where its node listens; else a free port of 127.0.0.1.")
@click.option("--url", default="", help="Where others reach it, when that differs.")
@click.option("--tls", is_flag=True, help="Speak TLS on 127.0.0.1 too; elsewhere it always does.")
@click.option("--worker/--no-worker", default=True, help="Run the member's worker beside its node.")
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
    worker: bool,
    plain_keys: bool,
    as_json: bool,
) -> int:
    """Make a network called NAME: a home, keys, and the genesis whose hash is its name.

    ORG is the first member and its node orders the blocks. Others come in by `consortia invite`.
    """
    if not is_name(org):
        raise click.BadParameter(f"{org!r} is no name: 1 to 32 of a-z, 0-9 and -", param_hint="--org")
    if not 1 <= len(name) <= 80:
        raise click.BadParameter("a network's name has 1 to 80 characters", param_hint="NAME")
    place = choose_place(listen, url, tls=tls)
    phrase = None if plain_keys else passphrase_from(os.environ, confirm=True)
    keys = MemberKeys.generate(org)
    genesis = make_genesis(name, [keys.founder(title or org)], time.time_ns() // 1_000_000)
    network = genesis.network().hex()
    config = Config(
        member=org,
        network=network,
        orderer=org,
        listen=place.listen,
        url=place.url,
        tls=place.tls,
        worker=worker,
    )
    made = make_home(home, config, encode_record(genesis), place)
    keys.save(made, phrase)
    if as_json:
        facts(
            {"network": network, "name": name, "member": org, "home": str(made.path), "url": place.reached()}
        )
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
@json_option
def up(
    home: Path | None, listen: str | None, orderer_url: str | None, worker: bool | None, as_json: bool
) -> int:
    """Run the member's node until Ctrl-C or SIGTERM.

    The ready line says where it answers; with --json it is {url, network, member, pid}.
    """
    from consortia.node.serving import Cannot, serve

    def ready(running: Running) -> None:
        if as_json:
            facts(msgspec.to_builtins(running))
            return
        say(f"{click.style('ready', fg='green', bold=True)}  {running.member}  {running.url}")
        note(f"Network {running.network}. Ctrl-C stops the node.")

    flags = {"listen": listen, "orderer_url": orderer_url, "worker": worker}
    try:
        serve(home, os.environ, flags, ready)
    except Cannot as error:
        where = home or default_home(os.environ)
        raise Failure(str(error), f"consortia doctor --home {where}", code=REFUSED) from None
    return DONE


def choose_place(listen: str | None, url: str, *, tls: bool) -> Place:
    """Where a new node listens: as asked, or a free port of this machine alone. Raises Failure (2)."""
    if url and not url.startswith(("http://", "https://")):
        raise Failure(f"--url starts with http:// or https://, not {url!r}", code=USAGE)
    address = listen or f"127.0.0.1:{free_port()}"
    host, port = split_address(address)
    if port == 0 and is_loopback(host):
        address = f"{'[' + host + ']' if ':' in host else host}:{free_port()}"
    return Place(address, url, tls or not is_loopback(host))


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    for _ in range(100):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise Failure("no free port was found", "--listen 127.0.0.1:PORT")


def make_home(path: Path | None, config: Config, genesis: bytes, place: Place) -> Home:
    """Make a home, with a certificate where its node speaks TLS; raises HomeError, TlsError."""
    made = Home.create(path or default_home(os.environ), config, genesis)
    if place.tls:
        make_certificate(made.keys, config.member, place.hosts, datetime.now(UTC))
    return made


def tell_keys(home: Home, *, plain: bool) -> None:
    """Say how the keys are kept, and what to do with the recovery key."""
    if plain:
        note("The keys are plain: whoever reads these files can sign. For demonstrations only.")
    note(f"Move {home.keys / 'recovery.key.json'} to a safe place: it replaces all keys if they are lost.")
