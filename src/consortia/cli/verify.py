"""`consortia verify`: check one proof file offline, with nothing but the network's hash."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from consortia.base.codec import Malformed, Record, decode
from consortia.base.ids import digest_from_hex
from consortia.cli.options import json_option
from consortia.cli.output import DONE, REFUSED, UNCHECKED, Failure, facts, fold, printable, say
from consortia.kernel.application import Application
from consortia.kernel.block import MemberSet
from consortia.kernel.verify import NOT_PROVED, Anchor, Step, Verdict, entry_name, verify_proof
from consortia.sdk.checked import Checked
from consortia.sdk.jsonform import dump
from consortia.sdk.moments import moment

FILE_BYTES_MAX = (64 << 20) + 1024
"""No file that is verified here is longer; the longest are cases."""


class AnchorFile(Record, frozen=True):
    """What `--save-anchor` keeps: a log's size and root and the member set there; bytes in hex."""

    network: str
    size: int
    root: str
    members: list[list[str]]


class _NetworkOption(click.Option):
    """`--network`, which says where the hash is found when it is left out."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 (click's)
        """The value; raises UsageError where there is none."""
        if self.value_is_missing(value):
            raise click.UsageError(
                "--network HASH is missing: `consortia status` prints it on a member's machine, a story at "
                "its end. Take it from where you trust it, not from whoever sent the file.",
                ctx,
            )
        return super().process_value(ctx, value)


network_option = click.option(
    "--network",
    cls=_NetworkOption,
    required=True,
    metavar="HASH",
    help="The network's hash, 64 hex digits, from where you trust it; `consortia status` prints it.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@network_option
@click.option("--since", type=click.Path(path_type=Path), help="Continue from an anchor saved before.")
@click.option("--save-anchor", type=click.Path(path_type=Path), help="Save what may be trusted from now on.")
@json_option
def verify(file: Path, network: str, since: Path | None, save_anchor: Path | None, as_json: bool) -> int:
    """Check one proof offline, step by step, in plain words.

    Nothing is needed but the file and the network's hash: no connection, no account, no trust in whoever
    sent the file. Exit code 0: every step holds; 1: a step fails; 3: the file could not be read.
    """
    from consortia.app import application
    from consortia.sdk.cases import MAGIC, verify_case
    from consortia.sdk.openings import MAGIC as OPENING

    name, data = network_name(network), proof_bytes(file)
    app = application()
    if data.startswith(MAGIC):
        return tell_checked(verify_case(app, data, name), "case", as_json=as_json)
    if data.startswith(OPENING):
        return _opening(app, data, name, as_json=as_json)
    anchor = None if since is None else _load_anchor(since, network)
    verdict = verify_proof(app, data, name, anchor)
    if as_json:
        facts({"ok": verdict.ok, "steps": steps_of(verdict), "failed": verdict.failed})
    else:
        _tell(app, verdict)
    if verdict.ok and save_anchor is not None and verdict.anchor is not None:
        _save_anchor(save_anchor, network, verdict.anchor)
    return DONE if verdict.ok else REFUSED


def _opening(app: Application, data: bytes, network: bytes, *, as_json: bool) -> int:
    """Verify a file that opens what a member's data set holds of one subject."""
    from consortia.sdk.openings import verify_opening

    checked, opened = verify_opening(app, data, network)
    if opened is not None:
        whose = f"{opened.asset.owner}/{opened.asset.name} version {opened.version.number}"
        checked.lines.append(f"{whose}, on the ledger since {moment(opened.version.time)}")
        checked.lines += [printable(f"{_shown(opened.subject)}: {_shown(row)}") for row in opened.rows]
    return tell_checked(checked, "opening", as_json=as_json)


def tell_checked(checked: Checked, what: str, *, as_json: bool, **known: object) -> int:
    """Tell the steps of a file of several proofs, and what it shows; `known` are further facts for JSON."""
    if as_json:
        facts({"ok": checked.ok, "steps": steps_of(checked), "failed": checked.failed} | known)
        return DONE if checked.ok else REFUSED
    _say_steps(checked.steps)
    if checked.failed is None:
        _say_shown(checked.lines)
    else:
        say(click.style(f"This {what} is refused at step {checked.failed}.", fg="red", bold=True))
    return DONE if checked.ok else REFUSED


def steps_of(found: Verdict | Checked) -> list[dict[str, object]]:
    """The steps of a verification as facts."""
    return [{"number": one.number, "text": one.text, "ok": one.ok} for one in found.steps]


def proof_bytes(file: Path) -> bytes:
    """The bytes of a file that somebody sent; raises Failure where it cannot be read, or is too long."""
    try:
        with file.open("rb") as source:
            data = source.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}", code=UNCHECKED) from None
    if len(data) > FILE_BYTES_MAX:
        raise Failure(f"{file}: longer than any proof, of more than {FILE_BYTES_MAX >> 20} MiB")
    return data


def network_name(text: str) -> bytes:
    """The name of a network, from 64 hex digits; raises BadParameter."""
    name = digest_from_hex(text)
    if name is None:
        raise click.BadParameter("a network's hash has 64 hex digits", param_hint="--network")
    return name


def _tell(app: Application, verdict: Verdict) -> None:
    _say_steps(verdict.steps)
    if not verdict.ok:
        say(click.style(f"This proof is refused at step {verdict.failed}.", fg="red", bold=True))
        return
    _say_shown(claim_lines(app, verdict))


def _say_steps(steps: Iterable[Step]) -> None:
    for step in steps:
        mark = click.style("ok    ", fg="green") if step.ok else click.style("FAILED", fg="red", bold=True)
        fold(step.text, " " * 10, first=f"{step.number}. {mark} ")
    say()


def _say_shown(lines: Iterable[str]) -> None:
    """What holds, and what no proof shows."""
    say(click.style("Every step holds. It shows:", bold=True))
    for line in lines:
        fold(line, "  ")
    say("\nIt does not show:")
    for text in NOT_PROVED:
        fold(text, "    ", first="  - ")


def claim_lines(app: Application, verdict: Verdict) -> list[str]:
    """What a verified proof shows, in lines for a person: entry or receipt, opened record, block time."""
    proof, header = verdict.proof, verdict.header
    if proof is None or header is None:
        return []
    when = moment(header.time)
    lines = [f"block {header.height} of {when}"]
    if verdict.receipt is not None:
        lines.append(f"transaction {verdict.receipt.transaction.hex()}: {verdict.receipt.code}")
        lines += [f"{event.name} {_json(event.body)}" for event in verdict.receipt.events]
    state = proof.extra.state
    if state is not None:
        value = "absent" if state.value is None else _json(decode(state.value))
        lines.append(f"{entry_name(app, state.key)} = {value}")
    if proof.extra.record is not None:
        lines.append(f"record {_shown(proof.extra.record.record)}")
    if proof.extra.subject is not None:
        there = "absent" if proof.extra.subject.rows is None else _shown(proof.extra.subject.rows)
        lines.append(f"subject {_shown(proof.extra.subject.subject)}: {there}")
    return lines


def _shown(data: bytes) -> str:
    try:
        return _json(decode(data))
    except Malformed:
        text = data.decode("ascii", "replace")
        return text if text.isprintable() and data.isascii() else data.hex()


def _json(value: object) -> str:
    return dump(value).decode()


def _load_anchor(path: Path, network: str) -> Anchor:
    try:
        loaded = msgspec.json.decode(path.read_bytes(), type=AnchorFile)
        if loaded.network != network.lower():
            raise Failure(f"{path} is an anchor of another network", "the anchor saved for this network")
        members: dict[str, Any] = {"members": [_member(item) for item in loaded.members]}
        root = bytes.fromhex(loaded.root)
        return Anchor(loaded.size, root, msgspec.convert(members, MemberSet, builtin_types=(bytes,)))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", code=UNCHECKED) from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise Failure(
            f"{path} is no anchor file: {error}", "a file that --save-anchor wrote", UNCHECKED
        ) from None


def _member(item: list[str]) -> dict[str, Any]:
    name, witness, recovery = item
    return {"name": name, "witness": bytes.fromhex(witness), "recovery": bytes.fromhex(recovery)}


def _save_anchor(path: Path, network: str, anchor: Anchor) -> None:
    members = [[m.name, m.witness.hex(), m.recovery.hex()] for m in anchor.members.members]
    kept = AnchorFile(network.lower(), anchor.size, anchor.root.hex(), members)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2))
