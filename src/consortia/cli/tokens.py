"""`consortia token`: what people may ask of this home's node without a key, and until when."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, note, printable, say, table
from consortia.node.home import Home
from consortia.node.tokens import DAYS_MAX, Token, TokenError, Tokens
from consortia.sdk.moments import moment, utc_milliseconds


@click.group()
def token() -> None:
    """Tokens for people: for some nouns, to read or to act, until a day."""


@token.command()
@click.argument("name")
@click.option(
    "--for",
    "nouns",
    multiple=True,
    required=True,
    metavar="NOUN",
    help="A module, module.method, a word after /v1/ such as blobs, console, or *; several times.",
)
@click.option("--act", is_flag=True, help="It may also draft messages and leave blobs; else it only reads.")
@click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=30, show_default=True, help="How long it lasts."
)
@home_option
@json_option
def new(*, name: str, nouns: tuple[str, ...], act: bool, days: int, home: Path | None, as_json: bool) -> int:
    """Make a token called NAME and print it, this once: the home keeps its hash alone."""
    tokens = Tokens(Home.find(home, os.environ).path)
    _check_nouns(nouns)
    try:
        text = tokens.new(name, nouns, acts=act, days=days, now=utc_milliseconds())
    except TokenError as error:
        raise Failure(str(error), "consortia token list") from None
    [made] = [one for one in tokens.all() if one.name == name]
    if as_json:
        facts({**_facts(made), "token": text})
        return DONE
    say(text)
    note(f"Sent as `Authorization: Bearer TOKEN`, until {moment(made.expires)}; consortia token end {name}")
    return DONE


def _check_nouns(wanted: tuple[str, ...]) -> None:
    """Raise Failure for a noun that opens nothing."""
    from consortia.app import application
    from consortia.node.places import nouns

    known = nouns(application())
    for noun in wanted:
        if noun not in known:
            near = get_close_matches(noun, known) or sorted(one for one in known if "." not in one)
            raise Failure(f"{printable(noun)} opens nothing", f"--for {', '.join(near)}")


@token.command("list")
@home_option
@json_option
def list_tokens(*, home: Path | None, as_json: bool) -> int:
    """List the tokens: what each opens, and until when."""
    try:
        found = Tokens(Home.find(home, os.environ).path).all()
    except TokenError as error:
        raise Failure(str(error), "consortia token new") from None
    if as_json:
        facts({"tokens": [_facts(one) for one in found]})
        return DONE
    rows = [[one.name, " ".join(one.nouns), _may(one), moment(one.expires)] for one in found]
    table(rows, ["token", "for", "may", "until"])
    return DONE


@token.command()
@click.argument("name")
@home_option
@json_option
def end(*, name: str, home: Path | None, as_json: bool) -> int:
    """End the token called NAME: the node takes it no more, from its next request on."""
    try:
        ended = Tokens(Home.find(home, os.environ).path).end(name)
    except TokenError as error:
        raise Failure(str(error), "consortia token list") from None
    if as_json:
        facts({"ended": ended.name})
    else:
        say(f"{ended.name} is ended")
    return DONE


def _facts(one: Token) -> dict[str, Any]:
    return {
        "name": one.name,
        "nouns": list(one.nouns),
        "may": _may(one),
        "made": one.made,
        "expires": one.expires,
        "over": one.expires <= utc_milliseconds(),
    }


def _may(one: Token) -> str:
    return "act" if one.acts else "read"
