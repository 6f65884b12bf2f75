"""`consortia personal`: study tables of people's items, consent as credentials, recommending with reasons."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from consortia.base.codec import Malformed
from consortia.base.keys import SigningKey
from consortia.base.times import DAY
from consortia.cli.consents import days_option, desk
from consortia.cli.filing import hold, new, save
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, Failure, facts, note, printable, say, table
from consortia.cli.session import at_home
from consortia.engines.train.api import RecipeError
from consortia.engines.train.ease import Recommender
from consortia.node.home import write_private
from consortia.sdk.consent import Slip
from consortia.sdk.jsonform import dump, from_json, to_json
from consortia.sdk.ledger import Ledger
from consortia.sdk.moments import utc_milliseconds
from consortia.solutions.personal import tasks
from consortia.solutions.personal.credential import CredentialError, Json, Wish, check, did_key, issue
from consortia.solutions.personal.own import check_not_withdrawn, exported, receipt, uses_of
from consortia.solutions.personal.reading import in_order, read_had
from consortia.workers.rows import raw_table
from consortia.workers.vault import Vault

file_type = click.Path(path_type=Path, dir_okay=False, exists=True)
catalogue_option = click.option("--catalogue", required=True, type=file_type, help="The items, one a line.")


out_option = click.option("--out", required=True, type=click.Path(path_type=Path), help="What is new.")


@click.group()
def personal() -> None:
    """Personal services: tables of items, consent as credentials, reasons, one's own log."""


@personal.command("table")
@click.argument("file", type=file_type)
@click.option("--catalogue", type=file_type, help="The items, one a line; else those most had in FILE.")
@out_option
@rejects_option
@skip_option
@json_option
def make_table(
    *, file: Path, catalogue: Path | None, out: Path, rejects: Path | None, skip_bad_rows: bool, as_json: bool
) -> int:
    """Make a study table, one row a person, of FILE: a CSV of person, item and time.

    Register it by `consortia asset add OUT --subject person`. Without --catalogue one is written
    beside it, to be agreed on with the other services.
    """
    new(out)
    read = read_had(file)
    hold(read.rejected, rejects, skip=skip_bad_rows)
    people = in_order(read.had)
    if catalogue is None:
        items = tasks.catalogue_of(people.values())
        save(new(out.with_suffix(".catalogue")), ("\n".join(items) + "\n").encode())
    else:
        items = tasks.read_catalogue(catalogue)
    save(out, tasks.csv_of(tasks.rows_of(people, items)).encode())
    known = {"people": len(people), "items": len(items), "rejected": len(read.rejected), "out": str(out)}
    if as_json:
        facts(known)
    else:
        say(f"{out}: {len(people):,} people, {len(items):,} items, {len(read.rejected):,} rows rejected")
    return DONE


@personal.command()
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--service", required=True, help="Its DID.")
@click.option("--dataset", required=True, help="The service's data set: MEMBER/NAME.")
@click.option("--purpose", "purposes", multiple=True, required=True, help="For what.")
@days_option
@click.option("--did", default="", help="The person's did:web; else the key's own did:key.")
@out_option
@json_option
def consent(
    *,
    key: Path,
    service: str,
    dataset: str,
    purposes: tuple[str, ...],
    days: int,
    did: str,
    out: Path,
    as_json: bool,
) -> int:
    """Sign a person's consent as a credential, with the person's KEY; where there is none, it is made."""
    new(out)
    if not key.exists():
        write_private(key, os.urandom(32).hex().encode())
    try:
        signing = SigningKey(bytes.fromhex(key.read_text(encoding="ascii").strip()))
    except ValueError as error:
        raise Failure(f"{key} holds no key: {error}", "name a new file") from None
    now = time.time_ns() // 1_000_000_000 * 1_000
    made = issue(signing, Wish(service, dataset, purposes, now, now + days * DAY), did)
    out.write_text(made + "\n", encoding="ascii")
    person = did or did_key(signing.public)
    if as_json:
        facts({"person": person, "out": str(out)})
    else:
        say(f"{out}: {person} consents for {days} days; hand it to {printable(service)}")
    return DONE


@personal.command()
@click.argument("dataset")
@click.argument("credential", type=file_type)
@click.option("--person", required=True, help="Whose it is, as the data set calls that person.")
@click.option("--service", required=True, help="This service's DID.")
@click.option("--document", type=file_type, help="The DID document of a did:web.")
@click.option("--called", metavar="MEMBER/LABEL", help="What it is called, where it has a key of its own.")
@out_option
@home_option
@json_option
def accept(
    *,
    dataset: str,
    credential: Path,
    person: str,
    service: str,
    document: Path | None,
    called: str | None,
    out: Path,
    home: Path | None,
    as_json: bool,
) -> int:
    """Check a person's CREDENTIAL and record the consent on the ledger until the credential's end."""
    new(out)
    now = utc_milliseconds()
    found = check(credential.read_text(encoding="utf-8"), service, now, _documents(document))
    session, own = at_home(home), desk(home)
    if found.dataset != f"{session.member}/{dataset}":
        raise CredentialError(f"the credential is for {printable(found.dataset)}, not for this data set")
    days = max(1, (found.until - now) // DAY)

    def keep(made: Mapping[str, Slip]) -> None:
        for slip in made.values():
            check_not_withdrawn(found, own.of(slip.dataset, slip.subject))
        out.mkdir(parents=True, mode=0o700)
        for slip in made.values():
            write_private(out / "slip.json", dump(slip))
            paper = receipt(found, slip, session.client.network)
            write_private(out / "receipt.json", json.dumps(paper, indent=1).encode())
        write_private(out / "credential.jwt", credential.read_bytes())

    start = found.until - days * DAY
    keys = {person: called} if called else {}
    own.give(dataset, purposes=found.purposes, days=days, now=start, people=[person], keys=keys, keep=keep)
    if as_json:
        facts({"person": found.person, "purposes": list(found.purposes), "out": str(out)})
    else:
        say(f"{found.person} consents to {', '.join(found.purposes)}; {out} is for that person")
    return DONE


@personal.command()
@click.argument("model", type=file_type)
@catalogue_option
@click.option("--own", required=True, type=file_type, help="The person's items, one a line.")
@click.option("--count", type=click.IntRange(1, 100), default=10, show_default=True, help="How many.")
@json_option
def recommend(*, model: Path, catalogue: Path, own: Path, count: int, as_json: bool) -> int:
    """Rank items for a person by its own, here, and say which of its own items each rests on.

    MODEL is the blob of a study of the recipe ease. Nothing is sent anywhere.
    """
    try:
        found = Recommender(model.read_bytes())
    except (Malformed, RecipeError) as error:
        raise Failure(f"{model} is no model of ease: {error}", "consortia study show") from None
    items, having = tasks.read_catalogue(catalogue), own.read_text(encoding="utf-8").splitlines()
    told = tasks.explained(found, items, having, count)
    if as_json:
        facts({"recommended": [{"item": item, "because": list(why)} for item, why in told]})
    else:
        table([[printable(item), printable(", ".join(why))] for item, why in told], ["item", "because of"])
    return DONE


@personal.command()
@click.argument("slip", type=file_type)
@home_option
@json_option
def uses(*, slip: Path, home: Path | None, as_json: bool) -> int:
    """Who used what of the person who has this SLIP: requests for its records, and studies."""
    lines = uses_of(_ledger(home), read_slip(slip))
    if as_json:
        facts({"uses": [asdict(one) for one in lines]})
    else:
        rows = [[one.time, one.member, one.purpose, printable(one.what)] for one in lines]
        table(rows, ["time", "member", "purpose", "what"])
    return DONE


@personal.command("export")
@click.argument("dataset")
@click.option("--person", required=True, help="As the data set calls that person.")
@catalogue_option
@click.option("--slip", required=True, type=file_type, help="The person's slip.")
@out_option
@home_option
@json_option
def export_all(
    *, dataset: str, person: str, catalogue: Path, slip: Path, out: Path, home: Path | None, as_json: bool
) -> int:
    """Write all that an own data set holds of a person: items, consents, uses.

    `consortia asset erase DATASET --subject PERSON` destroys it.
    """
    new(out)
    known, ledger = read_slip(slip), _ledger(home)
    held = Vault(at_home(home).home.private).rows(dataset).get(person.encode())
    if held is None:
        raise Failure(f"{dataset} has nothing of {person}", "consortia asset show " + dataset)
    raw = raw_table("own", list(held))
    row = dict(zip(raw.header, raw.rows[0], strict=True))
    items = tasks.items_in(row, tasks.read_catalogue(catalogue))
    consents = [to_json(one) for one in ledger.consent.of(dataset, known.subject)]
    write_private(out, json.dumps(exported(items, consents, uses_of(ledger, known)), indent=1).encode())
    if as_json:
        facts({"out": str(out), "items": len(items)})
    else:
        say(f"{out}: {len(items)} items, {len(consents)} consents of {printable(person)}")
        note("It is the person's: send it as you would send the records.")
    return DONE


def read_slip(path: Path) -> Slip:
    """A person's slip; raises Failure."""
    try:
        return from_json(Slip, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, Malformed) as error:
        raise Failure(f"{path} is no slip: {error}", "consortia personal accept --out FOLDER") from None


def _ledger(home: Path | None) -> Ledger:
    session = at_home(home)
    return Ledger(session.client, session.member, Vault(session.home.private))


def _documents(path: Path | None) -> dict[str, Json]:
    if path is None:
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(document["id"]): document}
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{path} is no DID document: {error}", "--document FILE") from None
