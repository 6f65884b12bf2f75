"""How an agent accounts for its acts, and the door through which it works.

What opens an act (record, salts, vector) is kept in the member's vault before anything is signed, and put out
as a blob unless the act is to stay sealed for a while.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from consortia.base.codec import Record
from consortia.base.hashing import tagged
from consortia.engines.commit.chunks import blob_id
from consortia.engines.commit.prediction import committed, encode_opened, predicted
from consortia.kernel.transaction import Call
from consortia.modules.predictions.types import Account
from consortia.workers.vault import Vault

RATIONALE_TAG = "consortia/rationale"


class AgentDoor(Protocol):
    """The member's own node, as an agent sees it."""

    def ask(self, query: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to `module.query` as plain values, bytes as bytes."""

    def message(self, method: str, arguments: dict[str, Any]) -> Record:
        """The message of a method, bytes in its arguments as hex; raises base.codec.Malformed."""

    def call(self, message: Record) -> Call:
        """The call that carries a message."""

    def submit(self, *messages: Record) -> str:
        """Sign as one transaction with the agent's key; its code, "ok" or a refusal's."""

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node and give their id."""

    def time(self) -> int:
        """The block time of the ledger's tip."""


class Said(Protocol):
    """An answer, as its record has it: label, probability of yes in parts per million, score."""

    @property
    def label(self) -> str:
        """The answer in a word."""

    @property
    def stated(self) -> int:
        """The probability that it states."""

    @property
    def score(self) -> int:
        """The number behind it."""


class Accounts:
    """The accounts of one agent, by what it runs (`content`) and the purpose and bytes of its rule."""

    def __init__(
        self, door: AgentDoor, vault: Vault, diary: Path, content: bytes, rule: tuple[str, bytes]
    ) -> None:
        """`diary` is the file in which reasons are written."""
        self._door, self._vault, self._diary, self._content = door, vault, diary, content
        self._purpose, text = rule
        self._text: bytes | None = text
        self.policy = blob_id(text)

    def of(self, given: bytes, answer: Said, *, opened: bool = True) -> Account:
        """The account of an act on the input `given`, once all that opens it is kept."""
        if self._text is not None:
            self._door.put_blob(self._text)
            self._text = None
        one = predicted(
            model=self._content,
            given=given,
            score=answer.score,
            probability_ppm=answer.stated,
            label=answer.label,
            policy=self.policy,
            time=self._door.time(),
        )
        batch, _ = committed([one])
        self._vault.add_predictions([one])
        salt = secrets.token_bytes(32)
        reason = f"{answer.label} at {answer.stated} ppm by the rule {self.policy.hex()}"
        write_line(self._diary, {"root": batch.root.hex(), "reason": reason, "salt": salt.hex()})
        return Account(
            input=one.record.input,
            rationale=rationale(salt, reason),
            purpose=self._purpose,
            policy=self.policy,
            root=batch.root,
            stated=answer.stated,
            opened=self._door.put_blob(encode_opened([one])) if opened else None,
        )


def rationale(salt: bytes, reason: str) -> bytes:
    """The salted hash of an act's reason: H("consortia/rationale", salt | reason)."""
    return tagged(RATIONALE_TAG, salt + reason.encode())


def write_line(diary: Path, line: Mapping[str, Any]) -> None:
    """Add a line to an agent's diary."""
    diary.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with diary.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        whole = file.read(1) in {b"", b"\n"}  # else a crash cut the last line short
        file.write(b"" if whole else b"\n")
        file.write(json.dumps(line).encode() + b"\n")


def read_lines(diary: Path) -> list[dict[str, Any]]:
    """The lines of an agent's diary; one that was cut short by a crash is left out."""
    if not diary.is_file():
        return []
    found = []
    for line in diary.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
