"""`consortia market meter convert`: what meters say, from one form into another."""

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from consortia.cli.filing import done, hold, out_option, save
from consortia.cli.options import json_option, rejects_option, skip_option
from consortia.cli.output import DONE
from consortia.solutions.city.meter_things import as_things, read_meters
from consortia.solutions.city.ngsi_ld import as_entities
from consortia.solutions.city.readings import Reading, as_csv

FORMS: dict[str, Callable[[Iterable[Reading]], str]] = {
    "csv": as_csv,
    "ngsi-ld": as_entities,
    "sensorthings": as_things,
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(list(FORMS)), required=True, help="The form of the new file.")
@out_option
@rejects_option
@skip_option
@json_option
def convert(
    *, file: Path, form: str, out: Path, rejects: Path | None, skip_bad_rows: bool, as_json: bool
) -> int:
    """Read hours of meters from FILE, a CSV or JSON, and write them in another form.

    JSON is entities of NGSI-LD or things of SensorThings with their streams and observations inside.

    The columns of a CSV are: meter, time, drawn [kWh], fed [kWh].
    """
    read = read_meters(file)
    hold(read.rejected, rejects, skip=skip_bad_rows)
    save(out, FORMS[form](read.found).encode())
    done(out, as_json=as_json, readings=len(read.found), meters=len({one.meter for one in read.found}))
    return DONE
