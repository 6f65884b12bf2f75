"""`consortia supply seal`, `open`, `verify`: price and partner, shown to whom one chooses."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import click

from consortia.cli.filing import done, new, out_option, save
from consortia.cli.goods import events_in, files_argument
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import Failure, note
from consortia.cli.session import at_home
from consortia.cli.verify import network_name, network_option, proof_bytes, tell_checked
from consortia.engines.commit.dataset import Presence
from consortia.engines.train.files import DataError
from consortia.kernel.verify import Step
from consortia.node.home import write_private
from consortia.sdk.moments import moment
from consortia.sdk.openings import opening_of, verify_opening
from consortia.solutions.supply import sealing
from consortia.solutions.supply.epcis import querying
from consortia.solutions.supply.sealing import Sealed, event_of, term_of
from consortia.workers.vault import Vault, VaultError


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
    event and field: `consortia asset add TERMS --subject about` puts them under salts into the vault, and
    their commitment on the ledger. TransactionEvents are kept back: they are nothing without a partner.
    """
    if out.absolute() == new(terms).absolute():
        raise click.UsageError("--out and --terms are two files")
    made = sealing.seal(events_in(files, rejects, skip=skip_bad_rows), fields)
    write_private(terms, _rows(made))
    try:
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
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


@click.command("open")
@click.argument("dataset")
@click.argument("event")
@click.argument("field")
@out_option
@home_option
@json_option
def open_term(*, dataset: str, event: str, field: str, out: Path, home: Path | None, as_json: bool) -> int:
    """Open one FIELD of an EVENT (its hash) in a DATASET of sealed terms, for one whom you choose.

    Whoever has the file can read it: hand it over as you would say it.
    """
    session = at_home(home)
    one, newest = find_asset(session, dataset)
    vault = Vault(session.home.private)
    if one.owner != session.member or one.name not in vault.datasets():
        raise Failure(f"the terms of {one.owner}/{one.name} are in no vault here", "consortia asset list")
    try:
        shown = vault.open_subject(one.name, f"{event} {field}".encode(), newest.number)
    except VaultError:
        shown = None
    if not isinstance(shown, Presence):
        raise Failure(
            f"{one.name} version {newest.number} says nothing of {field!r} of event {event!r}",
            "the column `about` of the terms has both",
        )
    term_of(shown.subject, shown.rows)
    session.client.wait_final(newest.height)
    write_private(out, opening_of(session.client.proof_of_state, one.id, newest.number, shown))
    done(out, as_json=as_json, event=event, field=field)
    return 0


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
            checked.steps.append(Step(4, f"it is of the event at {where}, by its hash", ok=True))
            said = f"{term.field} of {term.event}: {', '.join(term.values)}"
            who = f"{opened.asset.owner} said so in {opened.asset.name}, on {moment(opened.version.time)}"
            checked.lines += [said, who]
            known = {"event": term.event, "field": term.field, "values": [json.loads(v) for v in term.values]}
            known |= {"member": opened.asset.owner, "dataset": opened.asset.id, "time": opened.version.time}
        except DataError as error:
            checked.steps.append(Step(4, str(error), ok=False))
    return tell_checked(checked, "opening", as_json=as_json, **known)
