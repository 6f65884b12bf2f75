"""What the story of the delegate keeps in mind, and how it waits: by the ledger's clock, not its own."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from consortia.sdk.errors import TransactionRefused
from consortia.sdk.governance import read_action
from consortia.solutions.dao import policy
from consortia.solutions.dao.synthetic import Request, Society
from consortia.solutions.story import Program, Stage, StoryFailed

MEMBERS = ("alder", "birch", "cedar", "elm", "hazel")
ORDERER, OWNER, SPENDER, SUPPLIER = "alder", "birch", "cedar", "hazel"
UNIT = "credit"
AGENT_LOG = "logs/programs.log"
WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.1
NEWCOMER, VOTES_MAX = "willow", 3
SECRET_CHOICES = ("yes", "yes", "yes", "yes", "no")
EARLY = "governance.too_early"


@dataclass(slots=True)
class Chamber:
    """The stage, the made-up organisations, and what they decide on.

    `requests` are the routine payments that are voted on, `proposed` those of them that the delegate itself
    proposed; `pace` is how much longer than on an idle machine everything takes here.
    """

    stage: Stage
    society: Society
    pace: float = 1.0
    unit: str = ""
    model: str = ""
    delegate: Program | None = None
    requests: dict[bytes, Request] = field(default_factory=dict)
    proposed: list[bytes] = field(default_factory=list)
    release: bytes = b""
    secret: bytes = b""
    cast: bool = False
    votes_opened: int = 0

    def wait_for(self, what: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever is waited for)
        """The first answer that says something; raises StoryFailed where none comes."""
        until = time.monotonic() + WAIT_SECONDS * self.pace
        while True:
            self.tend()
            found = ask()
            if found:
                return found
            if time.monotonic() > until:
                raise StoryFailed(f"{what} did not come within {WAIT_SECONDS * self.pace:.0f} s")
            time.sleep(PAUSE_SECONDS)

    def level(self) -> None:
        """Wait until every member's node has all blocks that the orderer has now."""
        height = self.stage.client(ORDERER).status().height
        for name in self.stage.names:
            client, until = self.stage.client(name), time.monotonic() + WAIT_SECONDS * self.pace
            while client.status().height < height:
                if time.monotonic() > until:
                    raise StoryFailed(f"the node of {name} does not follow")
                time.sleep(PAUSE_SECONDS)

    def open_secret_vote(self) -> None:
        """Have it decided in secret whether another organisation may join."""
        wanted = read_action("governance.schedule_member", {"change": "admission", "name": NEWCOMER})
        door = self.stage.ledger(SPENDER).governance
        title = f"May {NEWCOMER} join?"
        self.secret = door.propose(policy.SECRET_CLASS, wanted, title=title).proposal.id
        self.votes_opened += 1

    def tend(self) -> None:
        """Cast the five ballots of the secret vote as soon as its trustees have made a key.

        Where a busy machine was too slow for one of its steps, the vote comes to nothing and is opened again.
        """
        if self.cast or not self.secret:
            return
        progress = self.stage.ledger(SPENDER).ballots.get(self.secret)[1]
        missed: str | None = progress.failure
        if progress.key is not None and missed is None:
            self.level()
            try:
                for name, choice in zip(self.stage.names, SECRET_CHOICES, strict=True):
                    self.stage.ledger(name).ballots.cast(self.secret, choice)
            except TransactionRefused as refused:
                missed = refused.code
            else:
                self.cast = True
                self.stage.line(
                    "meanwhile five ballots are cast: who voted is public, what they chose is not"
                )
        if missed is not None:
            if self.votes_opened == VOTES_MAX:
                raise StoryFailed(f"the secret vote came to nothing: {missed}")
            self.stage.line(f"the machine is too busy for the vote in secret ({missed}): it is opened again")
            self.open_secret_vote()

    def ask(self, request: Request, text: str = "") -> bytes:
        """An organisation asks for money: a routine proposal, and its id."""
        fields = {"unit": self.unit, "payee": request.author, "amount": request.spend}
        opened = self.stage.ledger(request.author).governance.propose(
            "routine",
            read_action("governance.spend", fields),
            title=f"{request.spend} for {request.author}",
            text=text,
        )
        return opened.proposal.id

    def agent_choice(self, which: bytes) -> str | None:
        """What the delegate voted for its owner, or None."""
        view = self.stage.ledger(OWNER).governance.get(which)
        agents = [one.agent for one in view.electors if one.member == OWNER]
        return None if agents[0] is None else agents[0].choice

    def said(self, word: str) -> dict[str, Any] | None:
        """The first line of the delegate's log with this code, or with this reason."""
        log = self.stage.home(OWNER) / AGENT_LOG
        for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                if word in {found.get("code"), found.get("reason")}:
                    return found
        return None

    def closed(self, which: bytes) -> str | None:
        """How a proposal ended, once its votes can be counted."""
        try:
            return self.stage.ledger(ORDERER).governance.close(which).progress.status
        except TransactionRefused as refused:
            if refused.code != EARLY:
                raise
            return None

    def executed(self, which: bytes) -> str | None:
        """How a passed proposal ended, once its lock is over."""
        try:
            return self.stage.ledger(ORDERER).governance.execute(which).progress.status
        except TransactionRefused as refused:
            if refused.code != EARLY:
                raise
            return None


AGENT_NAME = f"{OWNER}/{policy.AGENT}"
