"""`consortia health`: FHIR R4 in, as a study table; consents, uses and models' origins out, as FHIR."""

import json
from pathlib import Path

import click

from consortia.cli.consents import desk, subject_of
from consortia.cli.filing import new
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, facts, note, say
from consortia.cli.session import at_home
from consortia.sdk.ledger import Ledger
from consortia.solutions.health.fhir.mapping import read_mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.fhir.writing import Place, audit_event, check, consent, provenance
from consortia.solutions.rejects import usable, write_rejects


@click.group()
def health() -> None:
    """Health: study tables from FHIR R4; consents, uses and provenance as FHIR."""


@health.command("table")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE..."
)
@click.option(
    "--mapping", required=True, type=click.Path(path_type=Path), help="Which elements make columns."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new CSV file.")
@rejects_option
@skip_option
@json_option
def make_table(
    *,
    files: tuple[Path, ...],
    mapping: Path,
    out: Path,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Make a study table, one row a patient, of FILEs: FHIR R4 bundles (JSON) and NDJSON, plain or gzipped.

    Register it by `consortia asset add OUT --subject patient`.
    """
    new(out)
    chosen = read_mapping(mapping)
    resources = read(*files)
    study = study_table(resources, chosen)
    if rejects is not None:
        write_rejects(rejects, study.rejected)
    usable(study.rows, study.rejected, skip=skip_bad_rows)
    out.write_text(study.csv(), encoding="utf-8")
    known = {"resources": len(resources.found), "patients": len(study.rows), "rejected": len(study.rejected)}
    if as_json:
        facts(known | {"out": str(out), "mapping": chosen.content})
        return DONE
    of = f"{known['resources']:,} resources, {known['rejected']:,} rejected"
    say(f"{out}: {known['patients']:,} patients of {of}")
    note(f"The mapping is {chosen.content.hex()[:16]}: register it as a function beside the data.")
    return DONE


@health.command("consents")
@click.argument("dataset")
@click.argument("subject", metavar="PERSON")
@home_option
@json_option
def consents(*, dataset: str, subject: str, home: Path | None, as_json: bool) -> int:
    """Print what the person with this key agreed to, as FHIR R4 Consent resources, one a line.

    The key is the `subject` in the person's slip.
    """
    place, key = _place(dataset, home), subject_of(subject)
    _print([consent(place, key, each) for each in desk(home).of(dataset, key)], as_json=as_json)
    return DONE


@health.command("uses")
@click.argument("dataset")
@home_option
@json_option
def uses(*, dataset: str, home: Path | None, as_json: bool) -> int:
    """Print who asked for whose records, as FHIR R4 AuditEvent resources, one a line."""
    place = _place(dataset, home)
    _print([audit_event(place, each) for each in desk(home).uses(dataset)], as_json=as_json)
    return DONE


@health.command("provenance")
@click.argument("study")
@home_option
@json_option
def told_provenance(*, study: str, home: Path | None, as_json: bool) -> int:
    """Print from which versions of whose data sets the model of STUDY was learned, as FHIR R4 Provenance."""
    session = at_home(home)
    ledger = Ledger(session.client, session.member, None)
    found = ledger.training.get(study)
    model = found.model()
    parts = [(each.member, each.part.dataset, each.part.version) for each in found.view().parts]
    _print([provenance(model.id, model.time, parts)], as_json=as_json)
    return DONE


def _place(dataset: str, home: Path | None) -> Place:
    session = at_home(home)
    found = desk(home).asset(dataset)
    return Place(session.client.network, found.owner, found.id)


def _print(resources: list[dict[str, object]], *, as_json: bool) -> None:
    for each in resources:
        wrong = check(each)
        if wrong:
            raise ValueError(wrong[0])
    if as_json:
        facts({"resources": resources})
        return
    for each in resources:
        say(json.dumps(each))
