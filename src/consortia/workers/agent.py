"""An agent at work: it looks, answers, accounts for its act and signs, item by item, and remembers.

    watch -> observe -> act -> prediction record -> one transaction: the account first, then the messages

The key that signs is the agent's own, and the ledger refuses whatever its mandate does not allow; nothing
here needs to be trusted for that. What opens an act (record, salts, vector) is kept in the member's vault
and put out as a blob, so that an audit executes it again.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from consortia.base.codec import Record, encode_record
from consortia.base.hashing import tagged
from consortia.engines.commit.chunks import blob_id
from consortia.engines.commit.prediction import committed, encode_opened, predicted
from consortia.engines.infer.predict import Features
from consortia.kernel.transaction import Call
from consortia.modules.predictions.messages import Act, Defer
from consortia.modules.predictions.types import Account
from consortia.workers.delegate import (
    Answer,
    Mind,
    Rule,
    RuleError,
    Vector,
    at,
    check_subject,
    messages_of,
    read_messages,
    taken,
)
from consortia.workers.vault import Vault

RATIONALE_TAG = "consortia/rationale"
OVER = frozenset({"kernel.revoked_key", "kernel.unknown_key", "identity.mandate_over"})
"""Refusals after which an agent acts no more."""

LATER = frozenset({"kernel.over_quota", "kernel.block_full", "kernel.expired"})
"""Refusals after which the same act may be tried again."""

FAILED = "failed"
"""What the rule makes nothing of; nothing was signed, and it is tried again at the next look."""


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


@dataclass(frozen=True, slots=True)
class Done:
    """What an agent made of one item: its answer, and the code with which the ledger met the act.

    `code` is "silent" where the answer leads to no message, and `FAILED` where the rule makes nothing of the
    item: then there is no answer, `reason` says why, and `subject` is empty where the item has no id.
    """

    subject: bytes
    answer: Answer | None
    code: str
    reason: str = ""


class MandateOver(Exception):
    """The ledger takes nothing more from this agent."""


class Agent:
    """One agent: a mind, its rule, and the node of the member for whom it acts."""

    def __init__(
        self,
        door: AgentDoor,
        mind: Mind,
        rule: tuple[Rule, bytes],
        vault: Vault,
        diary: Path,
        *,
        waits: bool = False,
    ) -> None:
        """`rule` is the rule and its bytes, which become a blob; `diary` the file of what was done.

        `waits` says that the mandate has a delay, so that acts are kept until anybody has them carried out.
        """
        self.waits = waits
        self.door, self.mind, self.vault, self.diary = door, mind, vault, diary
        self.rule, text = rule
        self._text: bytes | None = text
        self.policy = blob_id(text)
        self._done = self._remembered()

    def work(self) -> list[Done]:
        """Act on every item that is new; raises MandateOver once the ledger takes nothing more.

        An item that the rule makes nothing of is told and passed over: whoever wrote it silences no other.
        """
        done = []
        for number, item in enumerate(self.items()):
            one = self._met(number, item)
            if one is None:
                continue
            done.append(one)
            if one.answer is not None and one.code not in LATER:
                self._remember(one.subject, one.answer, one.code)
            if one.code in OVER:
                raise MandateOver(one.code)
        return done

    def items(self) -> list[Mapping[str, Any]]:
        """What there is to act on, in the ledger's order."""
        watch = self.rule.watch
        found: Any = self.door.ask(watch.query, watch.arguments)
        for name in watch.items.split("."):
            found = found[name]
        return list(found)

    def _met(self, number: int, item: Mapping[str, Any]) -> Done | None:
        """What came of an item, by its place in the answer; None where that is remembered."""
        path, subject = self.rule.watch.subject, b""
        try:
            subject = check_subject(at(item, path), path)
            return None if subject in self._done else self._act_on(subject, item)
        except RuleError as error:
            return Done(subject, None, FAILED, f"item {number}: {error}")

    def _act_on(self, subject: bytes, item: Mapping[str, Any]) -> Done:
        watch = self.rule.watch
        if watch.detail:
            item = self.door.ask(watch.detail, {watch.key: subject})
        vector = self.mind.observe(self.rule, item)
        answer = self.mind.act(vector)
        given = taken(self.rule, answer.label, subject, item)
        messages = read_messages(self.door.message, messages_of(self.rule, answer.label, given))
        if not messages:
            return Done(subject, answer, "silent")
        account = self._account(vector, answer)
        if self.waits:
            calls = tuple(self.door.call(message) for message in messages)
            return Done(subject, answer, self.door.submit(Defer(account, calls)))
        return Done(subject, answer, self.door.submit(Act(account), *messages))

    def _account(self, vector: Vector, answer: Answer) -> Account:
        """The account of an act, once all that opens it is kept."""
        if self._text is not None:
            self.door.put_blob(self._text)
            self._text = None
        opened = predicted(
            model=self.mind.content,
            given=encode_record(Features(vector)),
            score=answer.score,
            probability_ppm=answer.stated,
            label=answer.label,
            policy=self.policy,
            time=self.door.time(),
        )
        batch, _ = committed([opened])
        self.vault.add_predictions([opened])
        salt = secrets.token_bytes(32)
        reason = f"{answer.label} at {answer.stated} ppm by the rule {self.policy.hex()}"
        self._write({"root": batch.root.hex(), "reason": reason, "salt": salt.hex()})
        return Account(
            input=opened.record.input,
            rationale=rationale(salt, reason),
            purpose=self.rule.purpose,
            policy=self.policy,
            root=batch.root,
            stated=answer.stated,
            opened=self.door.put_blob(encode_opened([opened])),
        )

    def _remember(self, subject: bytes, answer: Answer, code: str) -> None:
        self._done.add(subject)
        self._write({"subject": subject.hex(), "label": answer.label, "code": code})

    def _remembered(self) -> set[bytes]:
        if not self.diary.is_file():
            return set()
        lines = [json.loads(line) for line in self.diary.read_text(encoding="utf-8").splitlines()]
        return {bytes.fromhex(line["subject"]) for line in lines if "subject" in line}

    def _write(self, line: dict[str, str]) -> None:
        self.diary.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.diary.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def rationale(salt: bytes, reason: str) -> bytes:
    """The salted hash of an act's reason: H("consortia/rationale", salt | reason)."""
    return tagged(RATIONALE_TAG, salt + reason.encode())
