"""`consortia signals`: study tables of what sensors saw, and decisions of lights decided again."""

import csv
from io import StringIO
from pathlib import Path

import click

from consortia.cli.filing import done, hold, out_option, read_bytes, save
from consortia.cli.options import json_option, rejects_option, skip_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, say
from consortia.cli.verify import network_name
from consortia.kernel.proof import PROOF_BYTES_MAX
from consortia.solutions.city.flow_things import read_flows
from consortia.solutions.city.journal import Checked, check
from consortia.solutions.city.observed import HEADER, observed_in


@click.group()
def signals() -> None:
    """Traffic: sensors' flows as study tables; every decision of lights can be decided again."""


@signals.command("table")
@click.argument("file", type=click.Path(path_type=Path))
@out_option
@rejects_option
@skip_option
@json_option
def make_table(*, file: Path, out: Path, rejects: Path | None, skip_bad_rows: bool, as_json: bool) -> int:
    """Make a study table, a row a sensor and moment, of the flows in FILE.

    FILE holds entities of NGSI-LD (TrafficFlowObserved) or things of SensorThings with their streams and
    observations inside: a list, or one a line; plain or gzipped. Every sensor has a flow for every step.

    Columns: the last 12 speeds, what is usual there now and 3 steps later on other weekdays; the label is
    the speed 3 steps later, in km/h. Then: `consortia asset add OUT`.
    """
    read = read_flows(file)
    hold(read.rejected, rejects, skip=skip_bad_rows)
    seen = observed_in(read.found, file.name, owners=("own",), known_percent=100)
    text, rows = StringIO(), seen.rows("own")
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    save(out, text.getvalue().encode())
    done(out, as_json=as_json, rows=len(rows), sensors=len(seen.sensors), left_out=len(read.rejected))
    return DONE


@signals.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--proof", type=click.Path(path_type=Path), help="A proof of the batch's registration.")
@click.option("--network", metavar="HASH", help="With --proof: the network's hash, 64 hex digits.")
@json_option
def replay(*, file: Path, proof: Path | None, network: str | None, as_json: bool) -> int:
    """Decide again every decision of the journal FILE, and check that a ledger committed to it.

    Exit code 0: every decision is the one that the readings and the voted terms lead to, and with --proof the
    journal is the batch of the proof. 1: it is not.
    """
    if (proof is None) != (network is None):
        raise click.UsageError("--proof and --network go together")
    checked = check(file)
    if checked.again.differing:
        place = checked.again.differing[0]
        raise Failure(
            f"decision {place} of {file.name} is not what its readings lead to",
            "ask for the journal as it was written",
            code=REFUSED,
        )
    if proof is not None and network is not None:
        _committed(checked, proof, network)
    greens = [one.green for one in checked.again.switches]
    known = {
        "junction": checked.head.junction.name,
        "root": checked.root.hex(),
        "decisions": checked.count - 1,
        "switches": len(greens),
        "by_hand": sum(one.by_hand for one in checked.again.switches),
        "shortest": min(greens, default=0),
        "longest": max(greens, default=0),
        "terms": checked.head.terms.parameters
        | {"least": checked.head.terms.least, "most": checked.head.terms.most},
        "proved": proof is not None,
    }
    if as_json:
        facts(known)
    else:
        say(
            f"{known['decisions']} decisions and {known['switches']} switches at {known['junction']}, "
            f"{known['by_hand']} of them by hand: all as the readings and the terms lead to.\n"
            f"root {known['root']}"
        )
    return DONE


def _committed(checked: Checked, proof: Path, network: str) -> None:
    """Raise Failure unless a proof shows that this journal's root was registered."""
    from consortia.app import application
    from consortia.kernel.verify import verify_proof

    verdict = verify_proof(application(), read_bytes(proof, PROOF_BYTES_MAX), network_name(network), None)
    if not verdict.ok or verdict.receipt is None:
        raise Failure(f"{proof.name} is refused", f"consortia verify {proof}", code=REFUSED)
    roots = [event.body.get("commitment") for event in verdict.receipt.events]
    if checked.root not in roots:
        raise Failure(
            f"{proof.name} proves another batch: no decision of this journal is shown by it",
            "ask for the proof of this journal",
            code=REFUSED,
        )
