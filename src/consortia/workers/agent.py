"""An agent at work: it looks, answers, accounts for its act and signs, item by item, and remembers.

    watch -> observe -> act -> prediction record -> one transaction: the account first, then the messages

The key that signs is the agent's own, and the ledger refuses whatever its mandate does not allow; nothing
here needs to be trusted for that. What opens an act (record, salts, vector) is kept in the member's vault
and put out as a blob, so that an audit executes it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.base.codec import encode_record
from consortia.engines.infer.predict import Features
from consortia.modules.predictions.messages import Act, Defer
from consortia.workers.accounts import Accounts, AgentDoor, read_lines, write_line
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

OVER = frozenset({"kernel.revoked_key", "kernel.unknown_key", "identity.mandate_over"})
"""Refusals after which an agent acts no more."""

LATER = frozenset({"kernel.over_quota", "kernel.block_full", "kernel.expired"})
"""Refusals after which the same act may be tried again."""

ADVISES = frozenset({"governance.people_only", "governance.advice_only", "governance.secret_class"})
"""Refusals after which an agent says what it would vote, where its rule has words for that."""

FAILED = "failed"
"""What the rule makes nothing of; nothing was signed, and it is tried again at the next look."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an agent made of one item: its answer, and the code with which the ledger met the act.

    Where it only advised, `reason` is the refusal that its vote met.

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
        self.accounts = Accounts(door, vault, diary, mind.content, (self.rule.purpose, text))
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
        code = self._sign(self.rule, answer, vector, subject, item)
        advising = self.rule.advising()
        if code not in ADVISES or answer.label not in advising.messages:
            return Done(subject, answer, code)
        return Done(subject, answer, self._sign(advising, answer, vector, subject, item), code)

    def _sign(
        self, rule: Rule, answer: Answer, vector: Vector, subject: bytes, item: Mapping[str, Any]
    ) -> str:
        """Sign what an answer leads to by a rule; the code that it met."""
        given = taken(rule, answer.label, subject, item)
        messages = read_messages(self.door.message, messages_of(rule, answer.label, given))
        if not messages:
            return "silent"
        account = self.accounts.of(encode_record(Features(vector)), answer)
        if self.waits:
            calls = tuple(self.door.call(message) for message in messages)
            return self.door.submit(Defer(account, calls))
        return self.door.submit(Act(account), *messages)

    def _remember(self, subject: bytes, answer: Answer, code: str) -> None:
        self._done.add(subject)
        write_line(self.diary, {"subject": subject.hex(), "label": answer.label, "code": code})

    def _remembered(self) -> set[bytes]:
        return {bytes.fromhex(line["subject"]) for line in read_lines(self.diary) if "subject" in line}
