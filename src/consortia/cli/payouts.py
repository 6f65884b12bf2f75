"""`consortia account payout` and what follows: members are paid for what they did for a study."""

import json
import secrets
from pathlib import Path
from typing import Any

import click

from consortia.cli import banking
from consortia.cli.banking import bank_of, identity
from consortia.cli.lookup import find_study
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say
from consortia.cli.session import at_home, tell_done
from consortia.cli.spans import ahead
from consortia.sdk.amounts import written
from consortia.sdk.bank import Secret

counts_option = click.option(
    "--counts",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="A JSON list: the right answers of each coalition, in their order.",
)


@click.command()
@click.argument("study")
@click.argument("amount")
@click.argument("unit")
@click.option(
    "--by",
    "rule",
    type=click.Choice(["equal", "records", "rounds", "value"]),
    required=True,
    help="Alike, by records, by final rounds, or by what updates were worth.",
)
@click.option("--for", "span_", metavar="SPAN", required=True, help="Until then: 90s, 15m, 12h or 7d.")
@click.option(
    "--scoring",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --by value: the scorer's commitments, from `account scoring`.",
)
@home_option
@json_option
def payout(
    *,
    study: str,
    amount: str,
    unit: str,
    rule: Any,  # noqa: ANN401 (a Literal)
    span_: str,
    scoring: Path | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Put AMOUNT of UNIT aside for the members of STUDY, who share it once it has finished."""
    session = at_home(home)
    bank = bank_of(session)
    terms = None if scoring is None else banking.scoring_from(scoring)
    study_id = find_study(session, study).study.id
    made = bank.payout(study_id, amount, unit, rule=rule, deadline=ahead(span_), scoring=terms)
    if as_json:
        facts({"id": made, "rule": rule, "study": study_id})
        return DONE
    say(f"{amount} {unit} wait for the members of {study}, by {rule}")
    say(f"id {made.hex()}")
    return DONE


@click.command()
@click.argument("records", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where the secret goes."
)
@click.option(
    "--orders", type=click.IntRange(1, 256), default=64, show_default=True, help="Drawn for over 8 members."
)
@home_option
def scoring(*, records: Path, out: Path, orders: int, home: Path | None) -> int:
    """Commit, as a scorer, to the file RECORDS on which models will be scored.

    The commitments are printed, for the payer; what opens them goes to the file --out, for this member alone.
    """
    session = at_home(home)
    if out.exists():
        raise Failure(f"{out} is there already", "--out another file")
    secret = Secret(banking.document(records), secrets.token_bytes(32), secrets.token_bytes(32))
    out.touch(mode=0o600)
    kept = {"set": secret.set.hex(), "salt": secret.salt.hex(), "seed": secret.seed.hex()}
    out.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    facts(secret.scoring(session.member, orders))
    return DONE


@click.command()
@click.argument("which", metavar="PAYOUT")
@click.option(
    "--secret",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="From --out.",
)
@counts_option
@home_option
@json_option
def score(*, which: str, secret: Path, counts: Path, home: Path | None, as_json: bool) -> int:
    """Tell, as the scorer, how many answers the model of each coalition gets right.

    Up to 8 members there are 2^n counts: coalition k has the i-th contributor by name where bit i of k is
    set.
    """
    bank = bank_of(at_home(home))
    receipt = bank.score(identity(which), banking.secret_from(secret), banking.counts_from(counts))
    tell_done(receipt, "told; the members have to confirm", as_json=as_json)
    return DONE


@click.command()
@click.argument("which", metavar="PAYOUT")
@counts_option
@home_option
@json_option
def confirm(*, which: str, counts: Path, home: Path | None, as_json: bool) -> int:
    """Say, as a contributor, that one came to the same counts."""
    receipt = bank_of(at_home(home)).confirm_scores(identity(which), banking.counts_from(counts))
    tell_done(receipt, "confirmed", as_json=as_json)
    return DONE


@click.command()
@click.argument("which", metavar="PAYOUT")
@home_option
@json_option
def settle(*, which: str, home: Path | None, as_json: bool) -> int:
    """Divide a payout among the members of its finished study."""
    bank = bank_of(at_home(home))
    receipt = bank.settle(identity(which))
    of = bank.unit(bank.get_escrow(identity(which)).unit)
    shares = {
        str(event.body["member"]): amount
        for event in receipt.events
        if event.name == "bank.paid_out" and isinstance(amount := event.body["amount"], int)
    }
    if as_json:
        facts({"shares": shares, "unit": of.id, "height": receipt.height})
        return DONE
    for name, amount in shares.items():
        say(f"{name:16} {written(amount, of.decimals)} {of.issuer}/{of.code}")
    if not shares:
        say("nobody earned it: it went back")
    return DONE


COMMANDS = (payout, scoring, score, confirm, settle)
