"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
ORG = "A member's name: 1 to 32 of a-z, 0-9 and -."


def home_option(function: F) -> F:
    """`--home DIR`: whose node and keys a command uses."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="The member's home; else CONSORTIA_HOME, else the data folder.",
    )(function)


def member_option(function: F) -> F:
    """`--member NAME`: whose node a URL is."""
    return click.option(
        "--member", metavar="NAME", help="Whose node --url is, where the home does not know it."
    )(function)


def key_option(*, required: bool = False) -> Callable[[F], F]:
    """`--key FILE`: the key of a person whom a member enrolled, which signs in the place of the home's."""
    return click.option(
        "--key",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        required=required,
        help="Sign as the person whose key file this is.",
    )


def json_option(function: F) -> F:
    """`--json`: one JSON object on one line, alone on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on one line.")(
        function
    )


def peer_listen_option(function: F) -> F:
    """`--peer-listen HOST:PORT`: where CometBFT listens to the other members' nodes."""
    return click.option(
        "--peer-listen",
        metavar="HOST:PORT",
        help="Where its CometBFT listens to its peers; else a free port beside --listen.",
    )(function)


def plain_keys_option(function: F) -> F:
    """`--plain-keys`: key files without a passphrase."""
    return click.option(
        "--plain-keys", is_flag=True, help="Keep the keys unencrypted: for demonstrations only."
    )(function)


def rejects_option(function: F) -> F:
    """`--rejects FILE`: where rows and entries that cannot be used are told one by one."""
    return click.option(
        "--rejects", type=click.Path(path_type=Path), help="Write what cannot be used, and why, to this CSV."
    )(function)


def skip_option(function: F) -> F:
    """`--skip-bad-rows`: leave out what cannot be used, instead of ending there."""
    return click.option("--skip-bad-rows", is_flag=True, help="Go on without what cannot be used.")(function)


def yes_option(function: F) -> F:
    """`--yes`: do at once what cannot be undone."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(function)


def listen_option(function: F) -> F:
    """`--listen HOST:PORT`: where a new home's node listens."""
    return click.option(
        "--listen", metavar="HOST:PORT", help="Where its node listens; else a free port of 127.0.0.1."
    )(function)


def url_option(function: F) -> F:
    """`--url URL`: the address of a new home's node, as the others' nodes see it."""
    return click.option("--url", default="", help="Where others reach it, when that differs.")(function)
