"""`consortia supply`: EPCIS 2.0 events: check, read, query, trace, recall, sheet; Digital Links."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from consortia.cli.capturing import serve
from consortia.cli.filing import done, new, out_option, save, some, whole
from consortia.cli.goods import events_in, files_argument
from consortia.cli.options import json_option, rejects_option, skip_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, printable, say, table
from consortia.cli.sealing import commit_terms, open_term, seal, verify_term
from consortia.engines.train.files import DataError
from consortia.sdk.moments import moment, utc_milliseconds
from consortia.solutions.moments import instant, iso
from consortia.solutions.rejects import Rejected, write_rejects
from consortia.solutions.supply import sheet as sheets
from consortia.solutions.supply.checking import findings
from consortia.solutions.supply.epcis import links, querying, reading
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import Recorded
from consortia.solutions.supply.sensing import alarms
from consortia.solutions.supply.tracing import START, Step, downstream, effective, upstream
from consortia.solutions.supply.tracing import recall as spread

HEAD = ("number", "name", "time", "type", "action", "step", "place", "things", "from", "into")


@click.group()
def supply() -> None:
    """Supply chains: EPCIS 2.0 events. FILES are JSON-LD, NDJSON or CSV, or a store of `supply serve`.

    Files may be gzipped. THING is an EPC URN or a GS1 Digital Link of any domain: a lot, a serial, a
    container.
    """


def _instant(text: str | None) -> int | None:
    """A time with its zone as UTC milliseconds, or None for none; raises Failure."""
    if text is None:
        return None
    try:
        return int(instant(text, zoned=False).timestamp() * 1000)
    except DataError as error:
        raise Failure(f"{text!r} {error}", "a time such as 2026-01-31T12:00:00Z") from None


@supply.command()
@files_argument
@rejects_option
@json_option
def check(*, files: tuple[Path, ...], rejects: Path | None, as_json: bool) -> int:
    """Hold events to EPCIS 2.0, and say what does not add up between them.

    Repetitions, serials made twice, dates that lie, more used than made. Exit code 0 where all is well,
    1 with a line for each fault.
    """
    found, rejected = list[Recorded](), list[Rejected]()
    for path in files:
        try:
            one = reading.read(path)
        except DataError as error:
            rejected.append(Rejected(0, str(error)))
            continue
        found += one.found
        rejected += one.rejected
    wrong = findings(found)
    if rejects is not None:
        write_rejects(rejects, rejected)
    if as_json:
        told = [{"code": each.code, "thing": each.thing, "text": each.text} for each in wrong]
        facts({"events": len(found), "rejected": some(rejected), "rejects": len(rejected), "findings": told})
    else:
        for text in (*some(rejected), *(f"{each.code}: {each.text}" for each in wrong)):
            say(printable(text))
        say(f"{len(found):,} events can be used, {len(rejected):,} cannot; {len(wrong):,} findings")
    return REFUSED if rejected or wrong else DONE


@supply.command()
@files_argument
@out_option
@rejects_option
@skip_option
@json_option
def read(
    *, files: tuple[Path, ...], out: Path, rejects: Path | None, skip_bad_rows: bool, as_json: bool
) -> int:
    """Write the events of FILES as a CSV, one a line, each under its hash, as `asset add` registers it."""
    found = events_in(files, rejects, skip=skip_bad_rows)
    with whole(out) as part, part.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(HEAD)
        lines.writerows(_line(each) for each in found)
    done(out, as_json=as_json, events=len(found))
    return DONE


def _line(event: Recorded) -> list[object]:
    groups = ((*event.things, *event.children), event.inputs, event.outputs)
    named = [" ".join(each.thing for each in group) for group in groups]
    when = datetime.fromtimestamp(event.time / 1000, UTC).isoformat()
    head = [event.number, event.name, when, event.kind, event.action, event.step]
    return [*head, event.parent or event.place, *named]


@supply.command()
@files_argument
@click.option("--epc", multiple=True, help="Only of this thing (MATCH_anyEPC).")
@click.option("--type", "kinds", multiple=True, help="Only of this type (eventType).")
@click.option("--step", "steps", multiple=True, help="Only of this business step (EQ_bizStep).")
@click.option("--place", "places", multiple=True, help="Only at this place (EQ_bizLocation, EQ_readPoint).")
@click.option("--since", help="Only from this time on (GE_eventTime).")
@click.option("--until", help="Only before this time (LT_eventTime).")
@click.option("--out", type=click.Path(path_type=Path), help="A new file; printed when left out.")
@rejects_option
@skip_option
def query(
    *,
    files: tuple[Path, ...],
    epc: tuple[str, ...],
    kinds: tuple[str, ...],
    steps: tuple[str, ...],
    places: tuple[str, ...],
    since: str | None,
    until: str | None,
    out: Path | None,
    rejects: Path | None,
    skip_bad_rows: bool,
) -> int:
    """Answer a simple event query with an EPCIS query document."""
    asked = querying.Query(epc, kinds, steps, places=places, since=_instant(since), until=_instant(until))
    found = querying.matching(events_in(files, rejects, skip=skip_bad_rows), asked)
    answer = querying.answer(found, iso(utc_milliseconds()))
    text = json.dumps(answer, ensure_ascii=False)
    if out is None:
        say(text)
    else:
        save(new(out), text.encode())
    return DONE


@supply.command()
@click.argument("thing")
@files_argument
@click.option("--down", is_flag=True, help="Where it and what was made of it went, not where it came from.")
@rejects_option
@skip_option
@json_option
def trace(
    *,
    thing: str,
    files: tuple[Path, ...],
    down: bool,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Say where THING came from, step by step."""
    events = events_in(files, rejects, skip=skip_bad_rows)
    steps = downstream(events, thing) if down else upstream(events, thing)
    if as_json:
        facts({"steps": [_step(each) for each in steps]})
        return DONE
    rows = [
        [moment(each.event.time), each.event.step or each.event.kind, each.event.place, " ".join(each.things)]
        for each in steps
    ]
    table([[printable(cell) for cell in row] for row in rows], ["time", "step", "place", "things"])
    return DONE


def _step(each: Step) -> dict[str, Any]:
    event = each.event
    known = {"name": event.name, "time": event.time, "step": event.step, "place": event.place}
    return known | {"type": event.kind, "things": list(each.things)}


@supply.command()
@files_argument
@click.option("--thing", "things", multiple=True, required=True, help="What the fault is in; once for each.")
@click.option("--since", help="The fault is there from this time on; from the first event when left out.")
@click.option("--out", type=click.Path(path_type=Path), help="A new CSV of the recall set.")
@rejects_option
@skip_option
@json_option
def recall(
    *,
    files: tuple[Path, ...],
    things: tuple[str, ...],
    since: str | None,
    out: Path | None,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Say what a fault in things reaches: what was made of them, their serials, and where each is now."""
    start = _instant(since)
    events = events_in(files, rejects, skip=skip_bad_rows)
    found = spread(events, things, START if start is None else start)
    rows = [[thing, moment(time), found.places[thing]] for thing, time in sorted(found.things.items())]
    if out is not None:
        new(out)
        with whole(out) as part, part.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["thing", "since", "place"], *rows])
    if as_json:
        known = [{"thing": row[0], "since": found.things[row[0]], "place": row[2]} for row in rows]
        facts({"things": known, "holding": sorted(found.holding)})
        return DONE
    table([[printable(cell) for cell in row] for row in rows], ["thing", "since", "place"])
    say(f"{len(rows):,} to recall; {len(found.holding):,} containers to open")
    return DONE


@supply.command("alarms")
@files_argument
@click.option("--least", type=float, default=0.0, show_default=True, help="Coldest allowed, in Celsius.")
@click.option("--most", type=float, default=8.0, show_default=True, help="Warmest allowed, in Celsius.")
@rejects_option
@skip_option
@json_option
def show_alarms(
    *,
    files: tuple[Path, ...],
    least: float,
    most: float,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """List events with goods too cold or too warm, or with an alarm of a device. Exit code 1 where any is."""
    found = alarms(events_in(files, rejects, skip=skip_bad_rows), least, most)
    if as_json:
        told = [
            {"event": one.event.name, "time": one.event.time, "celsius": one.celsius, "things": one.things}
            for one in found
        ]
        facts({"alarms": told})
    else:
        rows = [
            [
                moment(each.event.time),
                each.exception or "" if each.celsius is None else f"{each.celsius:.1f} C",
                " ".join(each.things),
            ]
            for each in found
        ]
        table([[printable(cell) for cell in row] for row in rows], ["time", "reading", "things"])
    return REFUSED if found else DONE


@supply.command()
@files_argument
@click.option("--lot", "lots", multiple=True, help="Only rows of this lot or thing, as inputs too.")
@out_option
@rejects_option
@skip_option
@json_option
def sheet(
    *,
    files: tuple[Path, ...],
    lots: tuple[str, ...],
    out: Path,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Write the sortable sheet that an inspector asks for under FSMA 204: tracking events and lots."""
    found = sheets.rows(effective(events_in(files, rejects, skip=skip_bad_rows)), lots)
    save(out, sheets.write_sheet(found).encode())
    done(out, as_json=as_json, rows=len(found))
    return DONE


@supply.command()
@click.argument("text", metavar="LINK")
@json_option
def link(*, text: str, as_json: bool) -> int:
    """Read a GS1 Digital Link or an EPC URN: its keys, with their check digits checked, in the one form."""
    keys = links.read_link(text)
    one = canonical(text.strip())
    if as_json:
        facts({"link": one, "keys": keys})
        return DONE
    say(printable(one))
    table([[f"({name})", printable(value)] for name, value in keys.items()], ["key", "value"])
    return DONE


for command in (commit_terms, open_term, seal, serve, verify_term):
    supply.add_command(command)
