"""`consortia consent`: what people agreed to, withdrawals, covered versions, and who asked for what."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.cli.filing import new
from consortia.cli.lookup import digest_of, find_asset
from consortia.cli.options import home_option, json_option, key_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, printable, table, tell
from consortia.cli.session import Door, Session, at_home, person_key
from consortia.modules.assets.types import Asset
from consortia.node.home import write_private
from consortia.sdk.consent import Consent, HandedOut, Slip
from consortia.sdk.jsonform import dump, from_json
from consortia.sdk.moments import moment, utc_milliseconds
from consortia.workers.vault import Vault

SLIP, PEOPLE = "{:06}.json", "people.csv"
"""The files of slips, and the one that says whose they are: a slip itself names nobody."""

purpose_option = click.option("--purpose", required=True, help="What the records are used for.")
purposes_option = click.option("--purpose", "purposes", multiple=True, required=True, help="For what.")
days_option = click.option(
    "--days", type=click.IntRange(1, 3652), default=365, show_default=True, help="For how long."
)


@dataclass(frozen=True, slots=True)
class _Finds:
    session: Session

    def get(self, which: str | bytes) -> Asset:
        """The asset of a name or id."""
        return find_asset(self.session, which if isinstance(which, str) else which.hex())[0]


def desk(home: Path | None, key: Path | None = None) -> Consent:
    """Consent, through the running node of a home; `key` is the file of a person's, which signs."""
    session = at_home(home)
    door = Door(session, None if key is None else person_key(key))
    return Consent(door, session.member, Vault(session.home.private), _Finds(session))


def subject_of(text: str) -> bytes:
    """The key of a person; raises Failure for what is not 64 hex digits."""
    return digest_of(text, "key of a person", "it is the `subject` in the person's slip")


@click.group()
def consent() -> None:
    """Consent: require, give, cover, withdraw; ask for records; who used what."""


@consent.command()
@click.argument("dataset")
@home_option
@json_option
def require(*, dataset: str, home: Path | None, as_json: bool) -> int:
    """Have an own data set read by consent alone, for good."""
    desk(home).require(dataset)
    return tell(f"{dataset} is read by consent alone", as_json=as_json)


@consent.command()
@click.argument("dataset")
@purposes_option
@days_option
@click.option("--person", "people", multiple=True, help="Whose; everybody's in the data set when left out.")
@click.option("--called", metavar="MEMBER/LABEL", help="What the one --person is called, who has a key.")
@click.option("--slips", type=click.Path(path_type=Path), required=True, help="A new folder for the slips.")
@home_option
@json_option
def give(
    *,
    dataset: str,
    purposes: tuple[str, ...],
    days: int,
    people: tuple[str, ...],
    called: str | None,
    slips: Path,
    home: Path | None,
    as_json: bool,
) -> int:
    """Record what people agreed to, and write a slip for each to hand to that person.

    The file people.csv beside the slips says whose each is: it stays with you. A consent that
    stands already is prolonged under the slip that its person has. The slip of a person with a key of
    its own (`consortia person`) is worth nothing without that key.
    """
    if called is not None and len(people) != 1:
        raise click.UsageError("--called is about one --person")
    if slips.exists():
        raise Failure(f"{slips} is there already", "name a new folder")
    now = utc_milliseconds()
    keys = dict.fromkeys(people, called) if called else {}

    def keep(made: Mapping[str, Slip]) -> None:
        slips.mkdir(parents=True, mode=0o700)
        for number, slip in enumerate(made.values(), 1):
            write_private(slips / SLIP.format(number), dump(slip))
        write_private(slips / PEOPLE, whose(made))

    made = desk(home).give(
        dataset, purposes=purposes, days=days, now=now, people=people, keys=keys, keep=keep
    )
    text = f"consent for {days} days; {slips / PEOPLE} says whose of {len(made):,} new slips is whose"
    return tell(text, as_json=as_json, people=len(made), slips=str(slips))


def whose(people: Iterable[str]) -> bytes:
    """The slips' files and whose they are, in their order, as CSV."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(("slip", "person"))
    rows.writerows((SLIP.format(number), person) for number, person in enumerate(people, 1))
    return text.getvalue().encode()


@consent.command()
@click.argument("dataset")
@purpose_option
@home_option
@json_option
def cover(*, dataset: str, purpose: str, home: Path | None, as_json: bool) -> int:
    """Show that everybody in the newest version of DATASET consents to the purpose now."""
    found = desk(home).cover(dataset, purpose)
    shown = found.cover
    if shown is None:
        text = f"{dataset} stands under no consent: its rights alone say who may read it"
    elif not shown.people:
        text = f"{dataset} may be read for {purpose}: nobody is in it"
    else:
        text = f"{dataset} may be read for {purpose} until {moment(shown.until)}"
    return tell(text, as_json=as_json, cover=found)


@consent.command()
@click.argument("dataset", required=False)
@click.option("--person", help="Who withdraws, as the data set calls it.")
@click.option("--slip", type=click.Path(path_type=Path, exists=True), help="Or the person's slip.")
@key_option()
@purposes_option
@home_option
@json_option
def withdraw(
    *,
    dataset: str | None,
    person: str | None,
    slip: Path | None,
    key: Path | None,
    purposes: tuple[str, ...],
    home: Path | None,
    as_json: bool,
) -> int:
    """End a person's consent: as the owner of DATASET, or anywhere with the person's slip.

    A slip that names a person needs that person's --key. The owner's studies go on without that person
    from the next round on.
    """
    if slip is not None:
        known = slip_in(slip)
        if known.person is not None and key is None:
            raise Failure(f"{slip} needs the key of {known.person}", "--key FILE")
        desk(home, key).withdraw_by_slip(known, purposes)
        return tell("The consent is withdrawn", as_json=as_json, subject=known.subject)
    if dataset is None or person is None:
        raise click.UsageError("name DATASET and --person, or --slip")
    done = desk(home).withdraw(dataset, person, purposes)
    text = f"withdrawn; {dataset} version {done.version} is without them, in {len(done.studies)} studies"
    return tell(text, as_json=as_json, version=done.version, studies=list(done.studies))


def slip_in(path: Path) -> Slip:
    """The slip in a file; raises Failure."""
    try:
        return from_json(Slip, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, Malformed) as error:
        raise Failure(f"{path} is no slip: {error}", "consortia consent give --slips FOLDER") from None


@consent.command()
@click.option("--slip", type=click.Path(path_type=Path, exists=True), required=True, help="The own slip.")
@key_option(required=True)
@purposes_option
@days_option
@home_option
@json_option
def agree(
    *, slip: Path, key: Path, purposes: tuple[str, ...], days: int, home: Path | None, as_json: bool
) -> int:
    """As the person whose --key it is, consent for longer, or anew, to what one was asked for."""
    now = utc_milliseconds()
    desk(home, key).agree(slip_in(slip), purposes, days=days, now=now)
    return tell(f"consent for {days} days, by your own key", as_json=as_json)


@consent.command()
@click.argument("dataset")
@purpose_option
@home_option
@json_option
def show(*, dataset: str, purpose: str, home: Path | None, as_json: bool) -> int:
    """Whether the newest version of DATASET may be read for a purpose now; exit 1 where it may not."""
    found = desk(home).covered(dataset, purpose)
    word = "may" if found.allowed else "may not"
    tell(f"{dataset} {word} be read for {purpose}", as_json=as_json, cover=found)
    return DONE if found.allowed else REFUSED


@consent.command()
@click.argument("dataset")
@click.argument("subject", metavar="PERSON")
@purpose_option
@click.option("--request", required=True, help="What is asked for; the ledger gets its salted hash.")
@home_option
@json_option
def ask(*, dataset: str, subject: str, purpose: str, request: str, home: Path | None, as_json: bool) -> int:
    """Ask for the records of the person with this key for a purpose.

    The key is the `subject` in the person's slip; `consortia consent uses --json` has those asked for.
    """
    salt = desk(home).ask(dataset, subject_of(subject), purpose, request)
    return tell(f"asked; keep the salt {salt.hex()}", as_json=as_json, salt=salt)


@consent.command("hand-out")
@click.argument("dataset")
@click.argument("place", type=click.IntRange(0))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new file for who asked.")
@home_option
@json_option
def hand_out(*, dataset: str, place: int, out: Path, home: Path | None, as_json: bool) -> int:
    """Write the records that were asked for at PLACE of an own data set's log, with what shows them.

    The file holds them in the clear: send it as you would send the records.
    """
    new(out)
    made = desk(home).hand_out(dataset, place)
    write_private(out, encode_record(made))
    text = f"{out}: {len(made.presence.rows)} records of version {made.version}, in the clear"
    return tell(text, as_json=as_json, records=len(made.presence.rows), version=made.version)


@consent.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@home_option
@json_option
def receive(*, file: Path, home: Path | None, as_json: bool) -> int:
    """Check records that were handed out to this member against the ledger, and print them."""
    try:
        handed = decode_record(HandedOut, file.read_bytes())
    except Malformed as error:
        raise Failure(f"{file} holds no records handed out: {error}", "consortia consent hand-out") from None
    rows = desk(home).receive(handed)
    if as_json:
        facts({"records": rows, "version": handed.version, "dataset": handed.dataset})
        return DONE
    show_records(rows)
    return DONE


def show_records(rows: list[dict[str, str]]) -> None:
    """Print records that another member wrote: nothing in them speaks to the terminal."""
    heads = [printable(one) for one in rows[0]] if rows else []
    table([[printable(cell) for cell in row.values()] for row in rows], heads)


@consent.command()
@click.argument("dataset")
@click.option("--person", required=True, help="Whom it is about, as the data set calls it.")
@click.option("--version", type=click.IntRange(1), help="Of the data set; the newest when left out.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new proof file.")
@home_option
@json_option
def prove(
    *, dataset: str, person: str, version: int | None, out: Path, home: Path | None, as_json: bool
) -> int:
    """Write a proof of a person's records in a version of an own data set, or of their absence.

    It is for that person: it shows its records. `consortia verify` checks it offline.
    """
    new(out)
    session = at_home(home)
    made, there = desk(home).prove(dataset, person, session.client.proof_of_state, version)
    write_private(out, made)
    text = f"{out}: {person} {'is' if there else 'is not'} in {dataset}"
    return tell(text, as_json=as_json, out=str(out), there=there)


@consent.command("break-glass")
@click.argument("dataset")
@click.argument("subject", metavar="PERSON")
@click.option("--reasons", required=True, help="Why; the ledger gets the salted hash.")
@home_option
@json_option
def break_glass(*, dataset: str, subject: str, reasons: str, home: Path | None, as_json: bool) -> int:
    """Ask for a person's records in an emergency, without consent; the owner reviews it."""
    salt = desk(home).break_glass(dataset, subject_of(subject), reasons)
    return tell(f"asked in an emergency; keep the salt {salt.hex()}", as_json=as_json, salt=salt)


@consent.command()
@click.argument("dataset")
@click.argument("place", type=click.IntRange(0))
@click.option("--justified/--unjustified", required=True, help="Whether it was an emergency.")
@home_option
@json_option
def review(*, dataset: str, place: int, justified: bool, home: Path | None, as_json: bool) -> int:
    """Say whether the emergency at PLACE in the log of an own data set was one."""
    desk(home).review(dataset, place, justified=justified)
    return tell(f"reviewed: {'justified' if justified else 'not justified'}", as_json=as_json)


@consent.command()
@click.argument("dataset")
@home_option
@json_option
def uses(*, dataset: str, home: Path | None, as_json: bool) -> int:
    """Who asked for whose records in DATASET, for what."""
    found = desk(home).uses(dataset)
    if as_json:
        facts({"uses": found})
        return DONE
    words = {None: "", True: "justified", False: "not justified"}
    rows = [
        [
            *(str(at), moment(use.time), use.member, use.subject.hex()[:16]),
            *(use.purpose or "emergency", words[use.justified]),
        ]
        for at, use in enumerate(found)
    ]
    table(rows, ["place", "time", "member", "person", "purpose", "review"])
    return DONE
