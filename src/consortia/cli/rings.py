"""`consortia payments blind` and `rings`: rings of accounts in a bank's own files, and over several banks.

Files go from bank to bank by hand: a list of blinded accounts passes round all banks and comes back; then
each bank shares its large transfers under the pseudonyms that came back, and the rules look at all of them.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import click

from consortia.base.codec import Malformed, encode
from consortia.base.group import ORDER
from consortia.base.hashing import tagged
from consortia.cli.options import json_option
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.engines.intersect import NAMES_MAX, Blinding
from consortia.engines.train.files import DataError
from consortia.solutions.finance.fraud.arrivals import receive
from consortia.solutions.finance.rings.laundering import Transfer
from consortia.solutions.finance.rings.links import accounts_of, transfers_in
from consortia.solutions.finance.rings.rules import LARGE, Suspect, renamed, suspects

SHOWN_MAX = 100
POINT_BYTES = 32
AGAIN = "ask whoever wrote it to write it again"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--purpose", required=True, help="What it is for; lists of two purposes have nothing in common."
)
@click.option(
    "--secret", type=click.Path(path_type=Path), required=True, help="This bank's; made if missing."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The list to hand on.")
@json_option
def blind(*, files: tuple[Path, ...], purpose: str, secret: Path, out: Path, as_json: bool) -> int:
    """Blind the accounts of the large transfers in pacs.008 FILEs; or go on with another bank's list.

    Pass the list round: every other bank blinds it with its own secret, and it comes back. Use one secret a
    purpose, and delete it after: whoever has all of them can try account numbers.
    """
    own = _secret(secret)
    blinding = Blinding(purpose.encode(), own)
    if len(files) == 1 and files[0].suffix == ".json":
        kept = _list(files[0])
        if kept["purpose"] != purpose:
            raise Failure(f"{files[0].name} is for {kept['purpose']!r}", "say that --purpose")
        try:
            points = blinding.go_on(kept["points"])
        except (Malformed, ValueError) as error:
            raise Failure(f"{files[0].name}: {error}", AGAIN) from None
        by, mark = kept["by"] + 1, kept["mark"]
    else:
        accounts, mark = _hidden(own, purpose, accounts_of(_large(files)))
        points, by = blinding.begin(accounts), 1
    made = {"purpose": purpose, "by": by, "mark": mark, "points": [point.hex() for point in points]}
    _save(out, made)
    if as_json:
        facts({"file": str(out), "accounts": len(points), "by": by})
    else:
        say(f"{out}: accounts {len(points):,}, blinded by {by}")
    return DONE


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--names", type=click.Path(path_type=Path), help="The own list, blinded by all banks.")
@click.option("--secret", type=click.Path(path_type=Path), help="With --names: the secret that began it.")
@click.option("--share", type=click.Path(path_type=Path), help="Write the own transfers under pseudonyms.")
@json_option
def rings(
    *, files: tuple[Path, ...], names: Path | None, secret: Path | None, share: Path | None, as_json: bool
) -> int:
    """Name accounts that look like rings, each with its rules, in FILEs: pacs.008, and what banks shared.

    With --names the own transfers go by the pseudonyms that all banks made, so that others' shares fit.
    """
    own = _large(path for path in files if path.suffix != ".json")
    found = [one for path in files if path.suffix == ".json" for one in _shared(path)]
    behind: dict[bytes, bytes] = {}
    if names is None and (share is not None or (own and found)):
        raise click.UsageError("--names: transfers of several banks fit under pseudonyms alone")
    if (names is None) != (secret is None):
        raise click.UsageError("--names and --secret go together: the secret tells which name is where")
    if names is not None and secret is not None:
        behind = _behind(names, secret, accounts_of(own))
        own = renamed(own, {account: point for point, account in behind.items()})
    if share is not None:
        _save(share, {"transfers": [[t.time, t.payer.hex(), t.payee.hex(), t.amount] for t in own]})
    named = suspects({*own, *found})
    _tell(named, behind, clear=names is None and not found, as_json=as_json)
    return DONE


def _hidden(secret: int, purpose: str, accounts: list[bytes]) -> tuple[list[bytes], str]:
    """Accounts in an order that tells nobody else anything, and the mark by which their list is known again.

    Sorted by number they would not do: whoever knows some of them would know between which the others lie.
    """
    key = secret.to_bytes(32, "big")
    mark = tagged("consortia/rings/list", key + encode([purpose, *accounts]))
    return sorted(
        accounts, key=lambda one: tagged("consortia/rings/order", key + encode([purpose, one]))
    ), mark.hex()


def _behind(names: Path, secret: Path, accounts: list[bytes]) -> dict[bytes, bytes]:
    """The account behind each pseudonym of the list that came back."""
    if not secret.exists():
        raise Failure(f"{secret}: no secret", "name the one that began the list with --secret")
    kept = _list(names)
    ordered, mark = _hidden(_secret(secret), kept["purpose"], accounts)
    if mark != kept["mark"] or len(kept["points"]) != len(ordered):
        raise Failure(f"{names.name} is not the list of the accounts in these files under {secret}", AGAIN)
    return dict(zip(kept["points"], ordered, strict=True))


def _tell(named: list[Suspect], behind: dict[bytes, bytes], *, clear: bool, as_json: bool) -> None:
    def called(account: bytes) -> str:
        return account.decode() if clear else behind.get(account, b"").decode()

    rows = [
        {
            "account": called(one.account),
            "pseudonym": "" if clear else one.account.hex(),
            "score": one.score,
            "reasons": list(one.reasons),
        }
        for one in named
    ]
    if as_json:
        facts({"suspects": rows})
        return
    lines = [
        [str(row["account"]) or f"{str(row['pseudonym'])[:16]}, of another bank", str(row["score"]), why]
        for row, why in zip(rows, (", ".join(one.reasons) for one in named), strict=True)
    ]
    table(lines[:SHOWN_MAX], ["account", "score", "rules"])
    if len(lines) > SHOWN_MAX:
        say(f"and {len(lines) - SHOWN_MAX:,} more: --json")


def _large(paths: Any) -> list[Transfer]:  # noqa: ANN401 (paths, however they come)
    """The large transfers in pacs.008 files."""
    return [one for path in paths for one in transfers_in(receive(path)) if one.amount >= LARGE]


def _secret(path: Path) -> int:
    """A bank's secret, made where there is none."""
    try:
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{1 + secrets.randbelow(ORDER - 1):064x}\n")
        made = int(path.read_text(encoding="ascii"), 16)
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: no secret: {error}", "name another file with --secret") from None
    if not 0 < made < ORDER:
        raise Failure(f"{path}: no secret", "name another file with --secret")
    return made


def _list(path: Path) -> dict[str, Any]:
    """A list of blinded accounts; raises DataError in a line."""
    found = _json(path)
    try:
        points = [bytes.fromhex(each) for each in found["points"]]
        if len(points) > NAMES_MAX or any(len(point) != POINT_BYTES for point in points):
            raise ValueError("no list of points")
        return {
            "purpose": str(found["purpose"]),
            "by": int(found["by"]),
            "mark": bytes.fromhex(found["mark"]).hex(),
            "points": points,
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path.name}: no list of blinded accounts: {error}") from None


def _shared(path: Path) -> list[Transfer]:
    """What a bank shared; raises DataError in a line."""
    found = _json(path)
    try:
        return [
            Transfer(int(time), bytes.fromhex(payer), bytes.fromhex(payee), int(amount))
            for time, payer, payee, amount in found["transfers"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path.name}: no transfers under pseudonyms: {error}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path.name}: no JSON object")
    return found


def _save(path: Path, value: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(value), encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "name another file") from None
