"""What the commands about value share: the front door's bank, and conditions in words."""

import json
from pathlib import Path

from consortia.app import application
from consortia.base.codec import Malformed, Record, encode_record
from consortia.cli.governing import governance_of
from consortia.cli.lookup import digest_of, find_study
from consortia.cli.output import Failure
from consortia.cli.session import Door, Session
from consortia.engines.commit.chunks import blob_id
from consortia.modules.bank.escrows import arguments_hash
from consortia.modules.bank.types import Condition, Escrow, Scoring
from consortia.sdk.bank import Bank, Secret
from consortia.sdk.jsonform import from_json


def bank_of(session: Session, role: str | None = None) -> Bank:
    """The value of the member that a session speaks for; signed with its key of `role`, or one that may."""
    key = None if role is None else session.keyring.open(role)
    return Bank(Door(session, key), session.member)


def identity(text: str) -> bytes:
    """An escrow's id; raises Failure for what is not 64 hex digits."""
    return digest_of(text, "id of an escrow", "consortia account show")


def document(path: Path) -> bytes:
    """The hash by which a statement names a file: its blob id."""
    return blob_id(path.read_bytes())


def on_study(session: Session, which: str) -> Condition:
    """The condition that a study has finished."""
    return Condition("study", None, None, None, find_study(session, which).study.id)


def on_proposal(session: Session, which: str) -> Condition:
    """The condition that a proposal is carried out."""
    return Condition("proposal", None, None, None, governance_of(session).find(which))


def on_statement(attester: str, path: Path) -> Condition:
    """The condition that a member attests to a file."""
    return Condition("statement", attester, None, document(path), None)


def on_call(attester: str, method: str, arguments: str) -> Condition:
    """The condition that a member makes exactly this call; raises Failure."""
    message = call(method, arguments)
    return Condition("call", attester, method, arguments_hash(encode_record(message)), None)


def call(method: str, arguments: str) -> Record:
    """The message of a method with arguments in JSON, as the HTTP API writes them; raises Failure."""
    bound = application().methods.get(method)
    if bound is None:
        raise Failure(f"there is no method {method}", "docs/reference/ledger lists them")
    try:
        return from_json(bound.method.message, json.loads(arguments))
    except (ValueError, Malformed) as error:
        raise Failure(
            f"these are no arguments of {method}: {error}", "bytes are hex, all fields stand"
        ) from None


def scoring_from(path: Path) -> Scoring:
    """A scorer's commitments from a file; raises Failure."""
    try:
        return from_json(Scoring, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, Malformed) as error:
        raise Failure(
            f"{path} holds no commitments of a scorer: {error}", "consortia account scoring"
        ) from None


def secret_from(path: Path) -> Secret:
    """What opens a scorer's commitments, from a file; raises Failure."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Secret(*(bytes.fromhex(kept[name]) for name in ("set", "salt", "seed")))
    except (ValueError, KeyError, TypeError):
        raise Failure(
            f"{path} is not what `account scoring --out` wrote", "that very file, from the scorer's own home"
        ) from None


def counts_from(path: Path) -> tuple[int, ...]:
    """The counts of coalitions from a file with a JSON list of whole numbers; raises Failure."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(type(one) is int and 0 <= one < 1 << 32 for one in found):
        raise Failure(
            f"{path} holds no JSON list of counts", "whole numbers from 0 to 2^32 - 1, such as [12, 7, 0]"
        )
    return tuple(found)


def waits_for(escrow: Escrow) -> str:
    """What an escrow waits for, in words."""
    condition = escrow.condition
    words = {
        "call": f"{condition.attester} calls {condition.method}",
        "statement": f"{condition.attester} attests to {_short(condition.arguments)}",
        "study": f"study {_short(condition.subject)} finishes",
        "proposal": f"proposal {_short(condition.subject)} is carried out",
        "payment": "somebody pays its price",
        "people": "two officers approve",
        "payout": f"study {_short(condition.subject)} finishes, for its members",
    }[condition.kind]
    return f"{words}, {len(escrow.approvals)} of 2 approved" if escrow.held else words


def _short(digest: bytes | None) -> str:
    return "" if digest is None else digest.hex()[:16]
