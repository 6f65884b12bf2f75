"""`consortia supply seal`, `commit`, `open`, `verify`: price and partner, shown to whom one chooses."""

import csv
import io
import json
from pathlib import Path

import click

from consortia.cli.filing import done, new, out_option, save
from consortia.cli.goods import events_in, files_argument
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import Failure, note
from consortia.cli.session import at_home
from consortia.cli.sharing import Shared, catch_up, read_rows, registration
from consortia.cli.verify import network_name, network_option, proof_bytes, tell_checked
from consortia.engines.commit.dataset import Absence, Presence, prove
from consortia.engines.train.files import DataError
from consortia.kernel.verify import Step
from consortia.modules.assets.queries import ByName, MaybeAsset
from consortia.modules.assets.types import Rights
from consortia.node.home import write_private
from consortia.sdk.assets import permissions
from consortia.sdk.moments import moment, utc_milliseconds
from consortia.sdk.openings import opening_of, verify_opening
from consortia.solutions.moments import iso
from consortia.solutions.supply import sealing
from consortia.solutions.supply.epcis import querying
from consortia.solutions.supply.sealing import COLUMNS, TERMS, Sealed, event_of, only_one, term_of
from consortia.workers.vault import Vault


@click.command()
@files_argument
@out_option
@click.option(
    "--terms", type=click.Path(path_type=Path), required=True, help="The new CSV of what is sealed: yours."
)
@click.option(
    "--field", "fields", multiple=True, metavar="PREFIX:NAME", help="Seal this field too, such as a price."
)
@rejects_option
@skip_option
@json_option
def seal(
    *,
    files: tuple[Path, ...],
    out: Path,
    terms: Path,
    fields: tuple[str, ...],
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Write the events of FILES as others may have them: without price and partner.

    Business transactions, sources and destinations are taken out, and each --field. The terms say them by
    event and field: `consortia supply commit TERMS` puts them under salts into the vault, and their
    commitment on the ledger. TransactionEvents are kept back: they are nothing without a partner.
    """
    if out.absolute() == new(terms).absolute():
        raise click.UsageError("--out and --terms are two files")
    made = sealing.seal(events_in(files, rejects, skip=skip_bad_rows), fields)
    write_private(terms, _rows(made))
    try:
        created = iso(utc_milliseconds())
        save(out, json.dumps(querying.document_of(made.shared, created), ensure_ascii=False).encode())
    except Failure:
        terms.unlink()
        raise
    if made.elsewhere:
        more = f" (and {len(made.elsewhere) - 1:,} more events)" if made.elsewhere[1:] else ""
        note(f"{made.elsewhere[0]}: a field that is shared says what a sealed one does{more}")
    known = {"events": len(made.shared), "sealed": len(made.terms), "kept_back": len(made.kept_back)}
    done(out, as_json=as_json, **known)
    return 0


def _rows(made: Sealed) -> bytes:
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, sealing.COLUMNS)
    lines.writeheader()
    lines.writerows(made.rows())
    return text.getvalue().encode()


@click.command("commit")
@click.argument("terms", type=click.Path(path_type=Path))
@home_option
@json_option
def commit_terms(*, terms: Path, home: Path | None, as_json: bool) -> int:
    """Put TERMS that `seal` wrote into the vault, and their salted commitment on the ledger.

    What is said of a field of an event stands, and cannot be said otherwise later: whoever is shown it can
    check that. Terms that are committed to already are passed over.
    """
    session = at_home(home)
    vault, rows = Vault(session.home.private), read_rows(terms, COLUMNS[0])
    asked = ByName(session.member, TERMS)
    there = session.ask("assets.by_name", asked, MaybeAsset).asset
    if there is not None:
        catch_up(session, *find_asset(session, TERMS))
    held = vault.rows(TERMS) if TERMS in vault.datasets() else {}
    for about in rows.keys() & held.keys():
        if held[about] != tuple(rows[about]):
            text = f"{about.decode()} is committed to with other values, and what was said stands"
            raise Failure(text, f"leave that row out of {terms}")
    new = {about: values for about, values in rows.items() if about not in held}
    if new:
        vault.append_rows(TERMS, new, known=True) if held else vault.add_dataset(TERMS, new, known=True)
    made = vault.commitment(TERMS)
    if there is None:
        shared = Shared("dataset", "set", made.root, made.count, made.subjects)
        rights = Rights(permissions((session.member,), ("*",)), permissions((), ("*",)))
        session.submit(registration(TERMS, "Sealed terms", shared, rights))
    else:
        catch_up(session, *find_asset(session, TERMS))
    done(terms, as_json=as_json, committed=len(new), before=len(rows) - len(new))
    return 0


@click.command("open")
@click.argument("event")
@click.argument("field")
@out_option
@home_option
@json_option
def open_term(*, event: str, field: str, out: Path, home: Path | None, as_json: bool) -> int:
    """Open one FIELD of an EVENT (its hash as shared), for one whom you choose.

    Whoever has the file can read it: hand it over as you would say it.
    """
    session = at_home(home)
    one, newest = find_asset(session, TERMS)
    versions = _versions(Vault(session.home.private), f"{event} {field}".encode(), newest.number)
    if not versions or not isinstance(versions[-1], Presence):
        raise Failure(
            f"the ledger has nothing of {field!r} of event {event!r}",
            "the column `about` of the terms has both; consortia supply commit TERMS",
        )
    shown, before = versions[-1], [each for each in versions if isinstance(each, Absence)]
    term_of(shown.subject, shown.rows)
    session.client.wait_final(newest.height)
    proof = session.client.proof_of_state
    write_private(out, opening_of(proof, one.id, len(versions), shown, before))
    done(out, as_json=as_json, event=event, field=field)
    return 0


def _versions(vault: Vault, about: bytes, newest: int) -> list[Presence | Absence]:
    """What each version says of a term, up to the first that has it; nothing where none does."""
    found = list[Presence | Absence]()
    data = vault.dataset(TERMS)
    for number in range(1, min(newest, data.version) + 1):
        try:
            found.append(prove(data, about, number))
        except KeyError:
            return []
        if isinstance(found[-1], Presence):
            break
    return found


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@files_argument
@network_option
@rejects_option
@skip_option
@json_option
def verify_term(
    *,
    file: Path,
    files: tuple[Path, ...],
    network: str,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Check FILE, what somebody opened to you, offline: against the ledger, and your FILES of events.

    Exit code 0: every step holds; 1: a step fails, as where it is of none of these events; 3: the file could
    not be read.
    """
    from consortia.app import application

    name, data = network_name(network), proof_bytes(file)
    events = events_in(files, rejects, skip=skip_bad_rows)
    checked, opened = verify_opening(application(), data, name)
    known = dict[str, object]()
    if opened is not None:
        try:
            term = term_of(opened.subject, opened.rows)
            where = event_of(term, events).where
            checked.steps.append(Step(5, f"it is of the event at {where}, by its hash", ok=True))
            checked.steps.append(Step(6, only_one(opened.asset.name, first=opened.first), ok=True))
            said = f"{term.field} of {term.event}: {', '.join(term.values)}"
            who = f"{opened.asset.owner} said so in {opened.asset.name}, on {moment(opened.version.time)}"
            checked.lines += [said, who]
            known = {"event": term.event, "field": term.field, "values": [json.loads(v) for v in term.values]}
            known |= {"member": opened.asset.owner, "dataset": opened.asset.id, "time": opened.version.time}
        except DataError as error:
            checked.steps.append(Step(len(checked.steps) + 1, str(error), ok=False))
    return tell_checked(checked, "opening", as_json=as_json, **known)
