"""`consortia supply serve`: EPCIS 2.0 over HTTP, over a file of events of this member's own."""

import json
import os
import secrets
import socket
from pathlib import Path

import click
import uvicorn

from consortia.cli.output import DONE, Failure, note, say
from consortia.node.config import ConfigError, is_loopback, split_address
from consortia.node.home import write_private
from consortia.node.http_protocol import settings
from consortia.solutions.supply.epcis.repository import Repository
from consortia.solutions.supply.epcis.service import Service
from consortia.solutions.supply.epcis.stored import SUFFIX

CONNECTIONS_MAX = 64
SECRET_CHARS_LEAST = 16
STOP_SECONDS = 10


@click.command()
@click.argument("store", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--listen",
    default="127.0.0.1:8780",
    show_default=True,
    help="Address and port on this machine; port 0: any.",
)
@click.option(
    "--token",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the secret that callers show as Authorization: Bearer; else STORE.token, made at need.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when it is ready.")
def serve(*, store: Path, listen: str, token: Path | None, as_json: bool) -> int:
    """Capture and answer for EPCIS 2.0 events over HTTP, until it is stopped. STORE is a file NAME.epcis.

    POST /capture, GET /capture/ID, POST /events, GET /events, GET /events/ID. On this machine alone, and to
    callers alone who show its secret: whoever is to come from outside comes through a proxy that knows them.
    The other commands read STORE as a file.
    """
    if store.suffix != SUFFIX:
        raise Failure(f"{store} is no store of events", f"a file whose name ends in {SUFFIX}")
    repository = Repository(store)
    token = token or _own_token(store)
    service = Service(repository, _secret(token))
    try:
        host, port = split_address(listen)
    except ConfigError as error:
        raise Failure(str(error), "an address such as 127.0.0.1:8780") from None
    if not is_loopback(host):
        raise Failure(
            f"{listen} is reachable from outside", "--listen 127.0.0.1:8780, and a proxy with TLS before it"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise Failure(f"{listen}: {error.strerror}", "another port with --listen") from None
    url = f"http://{'[' + host + ']' if ':' in host else host}:{listening.getsockname()[1]}"
    if as_json:
        say(json.dumps({"url": url, "store": str(store), "token": str(token), "pid": os.getpid()}))
    else:
        say(f"{url} captures into {store}")
        note(f"Callers show the secret in {token} as `Authorization: Bearer SECRET`.")
        note("Stop it with Ctrl-C: captures that were accepted are finished first.")
    try:
        config = settings(service.application(), CONNECTIONS_MAX, STOP_SECONDS)
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        service.close()
    return DONE


def _own_token(store: Path) -> Path:
    """The file of the store's own secret, made for its owner alone where there is none."""
    path = store.with_name(f"{store.name}.token")
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path


def _secret(path: Path) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {error}", "a file with one line of text") from None
    if len(found) < SECRET_CHARS_LEAST or not found.isascii():
        raise Failure(
            f"{path}: {len(found)} characters are no secret", f"{SECRET_CHARS_LEAST} and more, of ASCII"
        )
    return found
