"""`consortia health`: FHIR R4, OMOP or CSV in, as a study table; consents, uses and origins out, as FHIR."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from consortia.cli.consents import desk, subject_of
from consortia.cli.filing import hold, new, nothing, save
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, Failure, facts, note, say
from consortia.cli.session import at_home
from consortia.sdk.ledger import Ledger
from consortia.solutions.health.fhir.mapping import fhir_mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.fhir.writing import Place, audit_event, check, consent, provenance
from consortia.solutions.health.omop.mapping import omop_mapping
from consortia.solutions.health.omop.reading import find
from consortia.solutions.health.omop.tables import omop_table
from consortia.solutions.health.sheets import sheet_mapping, sheet_table
from consortia.solutions.health.study import StudyTable, read_json
from consortia.solutions.rejects import NoneUsable


@click.group()
def health() -> None:
    """Health: study tables from FHIR R4, OMOP and CSV; consents, uses and provenance as FHIR."""


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
    """Make a study table, one row a patient, of FILEs, as the mapping says.

    FHIR R4: bundles (JSON) and NDJSON. OMOP CDM 5.4: person.csv, measurement.csv and so on. A CSV file of
    your own, a row a patient. Plain or gzipped.

    Register it by `consortia asset add OUT --subject patient`.
    """
    new(out)
    try:
        study, counted, content = _study(files, mapping)
    except NoneUsable as error:
        raise nothing(error, rejects) from None
    hold(study.rejected, rejects, skip=skip_bad_rows)
    save(out, study.csv().encode())
    known = counted | {"patients": len(study.rows), "rejected": len(study.rejected)}
    if as_json:
        facts(known | {"out": str(out), "mapping": content})
        return DONE
    of = ", ".join(f"{count:,} {what}" for what, count in counted.items())
    say(f"{out}: {len(study.rows):,} patients of {of}, {len(study.rejected):,} rejected")
    note(f"The mapping is {content.hex()[:16]}: register it as a function beside the data.")
    return DONE


def _study(files: Sequence[Path], mapping: Path) -> tuple[StudyTable, dict[str, int], bytes]:
    """The study table of files, how much was read of them, and the id of the mapping."""
    said = read_json(mapping)
    if isinstance(said, dict) and "omop" in said:
        columns, cdm = omop_mapping(said, mapping.name), find(files)
        study = omop_table(cdm, columns)
        return study, {"rows": cdm.read}, columns.content
    if isinstance(said, dict) and "csv" in said:
        sheet = sheet_mapping(said, mapping.name)
        if len(files) != 1:
            raise click.UsageError(f"{len(files)} files; one CSV file is read, with a row a patient")
        study = sheet_table(files[0], sheet)
        return study, {"rows": len(study.rows) + len(study.rejected)}, sheet.content
    if isinstance(said, dict) and "fhir" not in said:
        raise Failure(f"{mapping}: no element says what the files are: `fhir`, `omop` or `csv`")
    chosen = fhir_mapping(said, mapping.name)
    resources = read(*files)
    return study_table(resources, chosen), {"resources": resources.count}, chosen.content


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
