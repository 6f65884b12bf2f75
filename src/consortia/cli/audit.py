"""`consortia audit`: replay and re-compute everything in a home, and write a report to print."""

from pathlib import Path

import click

from consortia.cli.awaiting import awaited_line
from consortia.cli.options import json_option
from consortia.cli.output import DONE, REFUSED, UNCHECKED, Failure, counted, facts, fold, note, say
from consortia.kernel.verify import NOT_PROVED
from consortia.node.audit.findings import Findings, Waiting
from consortia.node.audit.run import Audit, audit_homes
from consortia.node.config import ConfigError
from consortia.sdk.moments import moment, utc_milliseconds


@click.command()
@click.argument("home", type=click.Path(path_type=Path))
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write the report, in Markdown, to this file."
)
@json_option
def audit(home: Path, report: Path | None, as_json: bool) -> int:
    """Replay every block from genesis, re-compute every round, re-execute every prediction.

    HOME is a member's home, or a folder that holds several, such as a demo's. It is only read: copies work
    as well, and so does the home of a node that runs. It may be a stranger's: no link in it is followed, no
    file of more than 1 GiB read at once (a blob of up to 4 GiB is hashed), and what is not read is named.
    Exit code 0: nothing differs; 1: something does; 3: there is nothing to audit.
    """
    if not as_json:
        note(f"Auditing {home} ...")
    try:
        found = audit_homes(home.absolute())
    except ConfigError as error:
        one = f"consortia verify {home} --network HASH"
        remedy = one if home.is_file() else "name a member's home, or the folder that holds several"
        raise Failure(str(error), remedy, code=UNCHECKED) from None
    if report is not None:
        report.write_text(_report(found), encoding="utf-8")
    if as_json:
        facts(found.facts() | {"homes": [_home_facts(findings) for findings in found.homes]})
    else:
        for findings in found.homes:
            _tell(findings)
        for line in _waiting(found):
            say(line)
        count = counted(found.mismatches, "mismatch", "mismatches")
        verdict = f"{count}." if found.mismatches else "Nothing differs."
        say(click.style(verdict, fg="red" if found.mismatches else "green", bold=True))
        if report is not None:
            say(f"Report: {report}")
    return REFUSED if found.mismatches else DONE


def _home_facts(findings: Findings) -> dict[str, object]:
    return {
        "home": findings.home,
        "member": findings.member,
        "network": findings.network,
        "blocks": findings.blocks,
        "transactions": findings.transactions,
        "checkpoints": findings.checkpoints,
        "blobs": findings.blobs,
        "rounds_recomputed": findings.rounds_recomputed,
        "predictions_replayed": findings.predictions_replayed,
        "acts_executed": findings.acts_executed,
        "root": findings.tip_root,
        "begins": findings.begins or None,
        "mismatches": [{"place": one.place, "text": one.text} for one in findings.mismatches],
        "left_out": findings.left_out,
        "waiting": [_waiting_facts(one) for one in findings.waiting],
    }


def _waiting_facts(one: Waiting) -> dict[str, object]:
    now = one.now
    return {"study": one.study, "action": now.action, "members": now.members, "until": now.deadline}


def _waiting(found: Audit) -> list[str]:
    """What each study that is not over waits for, a line each."""
    told = [
        f"study {one.study}: {awaited_line(one.now, one.rounds, one.absent)}"
        for findings in found.homes
        for one in findings.waiting
    ]
    return list(dict.fromkeys(told))


def _tell(findings: Findings) -> None:
    mark = (
        click.style("DIFFERS", fg="red", bold=True) if findings.count else click.style("ok     ", fg="green")
    )
    fold(
        f"{findings.member or findings.home}: {findings.blocks} blocks, "
        f"{findings.transactions} transactions, {findings.checkpoints} checkpoints, "
        f"{findings.rounds_recomputed} rounds, {findings.predictions_replayed} predictions, "
        f"{findings.acts_executed} acts, "
        f"{findings.blobs} blobs",
        " " * 8,
        first=f"{mark} ",
    )
    if findings.begins:
        say(f"        from {findings.begins} on: it was restored from a snapshot, and has nothing older")
    for mismatch in findings.mismatches:
        fold(f"{mismatch.place}: {mismatch.text}", " " * 8)
    if findings.unlisted:
        say(f"        and {findings.unlisted} more")


def _report(found: Audit) -> str:
    """The report, for a regulator to print."""
    when = moment(utc_milliseconds())
    network = found.homes[0].network if found.homes else ""
    count = counted(found.mismatches, "mismatch was", "mismatches were")
    verdict = f"{count} found." if found.mismatches else "No mismatch was found."
    lines = [
        "# Audit of a Consortia ledger",
        "",
        f"Made {when}. Network `{network}`.",
        "",
        f"**{verdict}**",
        "",
    ]
    lines += [
        "Every block was replayed from the genesis with all signatures checked anew; receipts, headers, log,",
        "state and state tree were compared with the replay entry by entry; every kept ledger checkpoint was",
        "checked against the member set of its size; every final sum and next state were computed again",
        "from the members' updates; every prediction opened to the home was executed again.",
        "",
        "| home | blocks | transactions | checkpoints | rounds | predictions | blobs | mismatches |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found.homes:
        counts = (
            one.blocks,
            one.transactions,
            one.checkpoints,
            one.rounds_recomputed,
            one.predictions_replayed,
        )
        cells = [one.member or one.home, *[str(count) for count in (*counts, one.blobs, one.count)]]
        lines.append(f"| {' | '.join(cells)} |")
    for one in found.homes:
        lines += [
            "",
            f"## {one.member or one.home}",
            "",
            f"Log of {one.tip_size} leaves, root `{one.tip_root}`.",
            "",
        ]
        lines += [f"- **{wrong.place}**: {wrong.text}" for wrong in one.mismatches]
        lines += [f"- left out: {text}" for text in one.left_out]
    open_studies = _waiting(found)
    if open_studies:
        lines += ["", "## Studies that are not over", "", *[f"- {text}" for text in open_studies]]
    lines += ["", "## What an audit does not show", "", *[f"- {text}" for text in NOT_PROVED], ""]
    return "\n".join(lines)
