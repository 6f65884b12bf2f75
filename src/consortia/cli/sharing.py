"""`consortia asset add` and `erase`: private records go to the vault, their commitment to the ledger."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from consortia.base.codec import Record
from consortia.base.ids import is_name
from consortia.cli.filing import new
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option, yes_option
from consortia.cli.output import DONE, Failure, facts, note, say
from consortia.cli.session import Session, at_home
from consortia.engines.commit.dataset import Commitment
from consortia.engines.train.files import DataError, read_file
from consortia.kernel.block import Receipt
from consortia.modules.assets.messages import NewVersion, Register
from consortia.modules.assets.queries import ByName, MaybeAsset
from consortia.modules.assets.types import Asset, Form, Kind, Rights, Version
from consortia.node.home import write_private
from consortia.sdk.assets import permissions
from consortia.sdk.builder import call_of
from consortia.sdk.jsonform import to_json
from consortia.workers.rows import apart, by_subject, differences
from consortia.workers.vault import Vault


@dataclass(frozen=True, slots=True)
class Shared:
    """A commitment for the ledger: what it is, of how many records, about how many subjects."""

    kind: Kind
    form: Form
    commitment: bytes
    count: int
    subjects: int | None


draft_option = click.option(
    "--draft",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=lambda _context, _parameter, path: path and new(path),
    help="Hand nothing in: write the message to this file, for somebody to sign in the console.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="What the member calls it; else the file's name.")
@click.option(
    "--kind",
    type=click.Choice(["dataset", "batch", "function", "model"]),
    default="dataset",
    show_default=True,
    help="A CSV file with a header; lines that are records; or a file as it is.",
)
@click.option(
    "--subject", metavar="COLUMN", help="The column that names whom a row is about; it stays private."
)
@click.option("--title", help="A line for people.")
@click.option(
    "--process", "process", multiple=True, metavar="MEMBER", help="Who may compute on it; * for everyone."
)
@click.option(
    "--download", "download", multiple=True, metavar="MEMBER", help="Who may have its bytes; * for everyone."
)
@click.option("--purpose", "purposes", multiple=True, help="For what; every purpose when left out.")
@draft_option
@click.option(
    "--append", is_flag=True, help="Add the rows to the data set of this name, as its next version."
)
@home_option
@json_option
def add(
    *,
    file: Path,
    name: str | None,
    kind: Any,  # noqa: ANN401 (a Literal)
    subject: str | None,
    title: str | None,
    process: tuple[str, ...],
    download: tuple[str, ...],
    purposes: tuple[str, ...],
    draft: Path | None,
    append: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Commit to FILE and register it. Its records go to the home's vault and never leave it.

    The ledger gets one salted commitment, from which each subject can be shown its rows, or their absence.
    The member itself may always compute on its own.
    """
    called = name or file.stem.lower()
    if not is_name(called):
        raise click.BadParameter(f"{called!r} is no name: 1 to 32 of a-z, 0-9 and -", param_hint="--name")
    if kind != "dataset" and (subject is not None or append):
        raise click.UsageError(f"--subject and --append are for data sets, not for a {kind}")
    if draft is not None and append:
        raise click.UsageError("--draft is for a new asset, and --append for one that is there")
    session = at_home(home)
    if append:
        identity, number, shared, receipt = _append(session, file, called, subject)
    else:
        if session.ask("assets.by_name", ByName(session.member, called), MaybeAsset).asset is not None:
            raise Failure(f"{session.member} has an asset {called} already", "--name another, or --append")
        shared = commit(session, file, called, kind=kind, subject=subject)
        own = purposes or ("*",)
        rights = Rights(permissions((*process, session.member), own), permissions(download, own))
        wanted = registration(called, title or called, shared, rights)
        if draft is not None:
            return drafted(session, draft, wanted, as_json=as_json)
        receipt = session.submit(wanted)
        identity, number = find_asset(session, called)[0].id, 1
    known = {"asset": identity, "name": f"{session.member}/{called}", "version": number, "kind": shared.kind}
    _told(session, known, shared, receipt, as_json=as_json)
    return DONE


def _append(
    session: Session, file: Path, called: str, subject: str | None
) -> tuple[bytes, int, Shared, Receipt]:
    """Add rows to a data set: its id, the new version, what was committed to, and the receipt."""
    rows = read_rows(file, subject, advise=True)
    one, newest = find_asset(session, called)
    if (finished := catch_up(session, one, newest)) is not None:
        raise Failure(
            f"{finished}. Nothing was added from {file.name}",
            "add the file again only if those are not its records: consortia asset show " + called,
        )
    vault = Vault(session.home.private)
    if subject is None:
        rows = _numbered_on(vault, called, rows)
    if differing := differences(called, vault.rows(called), file.name, rows):
        raise DataError("; ".join(differing))
    made = vault.append_rows(called, rows)
    receipt = register(session, one, made)
    return one.id, one.version + 1, Shared("dataset", "set", made.root, made.count, made.subjects), receipt


def _numbered_on(vault: Vault, called: str, rows: dict[bytes, list[bytes]]) -> dict[bytes, list[bytes]]:
    """Rows without a subject numbered on from those that are there: each stays a subject of its own."""
    names = [one.name for one in vault.dataset(called).subjects if one.name is not None]
    last = max((int(name) for name in names if name.isdigit()), default=0)
    return {str(number).encode(): found for number, found in enumerate(rows.values(), last + 1)}


def _told(
    session: Session, known: dict[str, Any], shared: Shared, receipt: Receipt, *, as_json: bool
) -> None:
    if as_json:
        counts = {"commitment": shared.commitment, "records": shared.count, "subjects": shared.subjects}
        facts(known | counts | {"transaction": receipt.transaction, "height": receipt.height})
        return
    about = "" if shared.subjects is None else f" about {shared.subjects:,} subjects"
    records = f"{shared.count:,} records{about}"
    say(f"{known['name']} version {known['version']}: {records} (block {receipt.height})")
    say(f"id         {known['asset'].hex()}")
    say(f"commitment {shared.commitment.hex()}")
    note(f"The records are in {session.home.private}, and nowhere else.")


def drafted(session: Session, path: Path, message: Record, *, as_json: bool) -> int:
    """Write a message to a new file that fills in its form in the console."""
    method = call_of(session.client.app, message).method
    made = {"method": method, "args": to_json(message)}
    write_private(path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    if as_json:
        facts({"file": str(path), **made})
    else:
        say(f"{path}: fills in {method} in the console, under Act")
    return DONE


@click.command()
@click.argument("which", metavar="ASSET")
@click.option("--subject", required=True, help="Whose salts and rows are destroyed, in every version.")
@yes_option
@home_option
@json_option
def erase(*, which: str, subject: str, yes: bool, home: Path | None, as_json: bool) -> int:
    """Destroy what the vault holds of one subject of an own data set, and register a version without it.

    The commitments of earlier versions stay on the ledger, and without the salts say nothing. Backups of
    the home are yours to see to.
    """
    session = at_home(home)
    one, newest = find_asset(session, which)
    if one.owner != session.member:
        raise Failure(
            f"{one.owner}/{one.name} is {one.owner}'s", "consortia asset list --owner " + session.member
        )
    if not yes:
        click.confirm(f"Every record of {subject} in {one.name} is destroyed for good. Sure?", abort=True)
    if (finished := catch_up(session, one, newest)) is not None:
        note(f"{finished}.")
        one, newest = find_asset(session, which)
    made = Vault(session.home.private).erase_subject(one.name, subject.encode())
    version, told = one.version, dict[str, object]()
    if made.root != newest.commitment:  # it may have been taken out before
        receipt = register(session, one, made)
        version, told = version + 1, {"transaction": receipt.transaction, "height": receipt.height}
    known = {"asset": one.id, "version": version, "commitment": made.root, "records": made.count}
    if as_json:
        facts(known | told)
    else:
        left = f"{made.count:,} records about {made.subjects:,} subjects"
        say(f"Erased. {one.name} version {version} has {left}")
    return DONE


def catch_up(session: Session, one: Asset, newest: Version) -> str | None:
    """Register what the vault has and the ledger lacks, as after a crash between the two; say what it was."""
    held = Vault(session.home.private).commitment(one.name)
    if held.root == newest.commitment:
        return None
    register(session, one, held)
    return (
        f"an earlier change of {one.name} was cut off before the ledger had it; "
        f"it is version {one.version + 1} now, of {held.count:,} records"
    )


def register(session: Session, one: Asset, made: Commitment) -> Receipt:
    """Register the vault's newest version of a data set as the asset's next."""
    return session.submit(NewVersion(one.id, made.root, made.count, made.subjects, None))


def registration(name: str, title: str, shared: Shared, rights: Rights) -> Register:
    """The message that registers what was committed to."""
    return Register(
        name=name,
        kind=shared.kind,
        title=title,
        form=shared.form,
        commitment=shared.commitment,
        count=shared.count,
        subjects=shared.subjects,
        schema=None,
        parents=(),
        rights=rights,
    )


def commit(session: Session, file: Path, name: str, *, kind: Kind, subject: str | None) -> Shared:
    """Put a file where its kind belongs, and give its commitment."""
    vault = Vault(session.home.private)
    if kind == "dataset":
        rows = read_rows(file, subject, advise=True)
        if name in vault.datasets():  # an earlier run was interrupted between the vault and the ledger
            if {key: list(value) for key, value in vault.rows(name).items()} != rows:
                raise Failure(f"the vault holds other records called {name}", "--name another")
            made = vault.commitment(name)
        else:
            made = vault.add_dataset(name, rows)
        return Shared("dataset", "set", made.root, made.count, made.subjects)
    if kind == "batch":
        with file.open("rb") as lines:
            batch = vault.add_batch(line.rstrip(b"\r\n") for line in lines)
        return Shared("batch", "batch", batch.root, batch.count, None)
    data = file.read_bytes()
    return Shared(kind, "blob", session.client.put_blob(data), 1, None)


def read_rows(file: Path, subject: str | None, *, advise: bool = False) -> dict[bytes, list[bytes]]:
    """The rows of a CSV file by subject, the subject's own column left out; raises DataError.

    With `advise` columns that look like identifiers are told.
    """
    raw = read_file(file)
    if advise:
        from consortia.cli.own_data import tell_identifiers

        tell_identifiers(raw, subject, "name it as the --subject, or take it out of the file")
    return by_subject(raw) if subject is None else by_subject(*apart(raw, subject))
