"""Agents for programs: mandates as nouns, and the door through which an agent works.

ledger.agents.grant(mandate_of(network, "north", "clerk", key, pin, methods=["bank.transfer"], expires=end))
ledger.agents.list()
ledger.agents.end("clerk")
"""

from collections.abc import Mapping, Sequence
from typing import Any

from consortia.app import application
from consortia.base.codec import Record
from consortia.base.keys import SigningKey
from consortia.base.times import DAY
from consortia.kernel.block import OK, Receipt
from consortia.kernel.transaction import Call
from consortia.modules.identity.granting import agent_message
from consortia.modules.identity.mandate_messages import EndMandate, GrantMandate
from consortia.modules.identity.mandate_queries import ByMandate, ByOwner, MandatesView, MandateView
from consortia.modules.identity.mandate_types import AgentClaim, Cap, Mandate, Pin
from consortia.modules.predictions.queries import DeedPage, ListDeeds
from consortia.sdk.access import Access
from consortia.sdk.builder import call_of, message
from consortia.sdk.client import Client
from consortia.sdk.errors import LedgerError, TransactionRefused

PAGE = 20


class Agents:
    """What programs may do in the member's name, and how to stop them."""

    def __init__(self, access: Access, member: str) -> None:
        self._access, self._member = access, member

    def list(self, owner: str | None = None) -> tuple[MandateView, ...]:
        """The newest mandate of each agent of a member, this one by default, by the agent's name."""
        return self._access.query("identity.mandates", ByOwner(owner or self._member), MandatesView).mandates

    def get(self, which: str | bytes) -> MandateView:
        """A mandate by its id, or the newest of an own agent by its name; raises LedgerError for none."""
        if isinstance(which, bytes):
            return self._access.query("identity.mandate", ByMandate(which), MandateView)
        for view in self.list():
            if view.mandate.agent == which:
                return view
        raise LedgerError(f"{self._member} has no agent called {which!r}")

    def grant(self, wanted: GrantMandate) -> Receipt:
        """Let an agent act; `mandate_of` makes the message. Raises TransactionRefused."""
        return self._access.submit(wanted)

    def end(self, which: str | bytes) -> Receipt:
        """End a mandate, by its id or its agent's name; raises TransactionRefused."""
        id_ = which if isinstance(which, bytes) else self.get(which).mandate.id
        return self._access.submit(EndMandate(id_))

    def deeds(self, mandate: Mandate, first: int | None = None) -> DeedPage:
        """The newest acts of what a mandate pins (or those from `first` on), and its track record."""
        if first is None:
            none = ListDeeds(mandate.owner, mandate.pin.content, 0, 1)
            acts = self._access.query("predictions.deeds", none, DeedPage).track.acts
            first = max(0, acts - PAGE)
        asked = ListDeeds(mandate.owner, mandate.pin.content, first, PAGE)
        return self._access.query("predictions.deeds", asked, DeedPage)


def mandate_of(
    network: bytes,
    owner: str,
    agent: str,
    key: SigningKey,
    pin: Pin,
    *,
    methods: Sequence[str],
    expires: int,
    classes: Sequence[str] = (),
    caps: Sequence[Cap] = (),
    window: int = DAY,
    delay: int = 0,
) -> GrantMandate:
    """The message that lets an agent act, with the proof that `key` is held; times in milliseconds."""
    claim = AgentClaim(owner, agent, key.public)
    return GrantMandate(
        agent=agent,
        key=key.public,
        possession=key.sign(agent_message(network, claim)),
        pin=pin,
        methods=tuple(sorted(set(methods))),
        classes=tuple(sorted(set(classes))),
        caps=tuple(sorted(caps, key=lambda cap: cap.unit)),
        window=window,
        delay=delay,
        expires=expires,
    )


class ClientDoor:
    """An agent's door (`workers.accounts.AgentDoor`) through a client that holds the agent's key.

    Blobs go through `keeper`, the owner's own way to the node: an agent's key moves no blobs.
    """

    def __init__(self, client: Client, keeper: Access) -> None:
        self._client, self._keeper = client, keeper

    def ask(self, query: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a query as plain values."""
        return plain_of(self._client.ask(query, **arguments))

    def message(self, method: str, arguments: dict[str, Any]) -> Record:
        """The message of a method; raises base.codec.Malformed."""
        return message(application(), method, arguments)

    def call(self, message: Record) -> Call:
        """The call that carries a message."""
        return call_of(application(), message)

    def submit(self, *messages: Record) -> str:
        """Sign and hand in; the receipt's code, or that for which it was not admitted."""
        try:
            self._client.submit(*messages)
        except TransactionRefused as refused:
            return refused.code
        return OK

    def put_blob(self, data: bytes) -> bytes:
        """Keep bytes at the node."""
        return self._keeper.put_blob(data)

    def time(self) -> int:
        """The block time of the ledger's tip."""
        return self._client.status().time


def plain_of(record: Record) -> dict[str, Any]:
    """A record as plain values all the way down, bytes as bytes."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def _plain(value: object) -> Any:  # noqa: ANN401 (plain values, nested freely)
    if isinstance(value, Record):
        return plain_of(value)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
