"""What `consortia agent run` does with an agent that trades: auction after auction, until it is over."""

import time
from dataclasses import dataclass
from pathlib import Path

from consortia.base.keys import SigningKey
from consortia.cli.output import DONE, REFUSED, Failure, facts, note, say
from consortia.cli.session import Session
from consortia.kernel.block import OK
from consortia.modules.identity.mandate_queries import MandateView
from consortia.sdk.agents import ClientDoor
from consortia.sdk.moments import utc_milliseconds
from consortia.workers.agent import MandateOver
from consortia.workers.trader import Signer, StoppedItself, Traded, TradingAgent
from consortia.workers.trading import Loaded
from consortia.workers.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """What an agent trades with: session, mandate and key, what answers, the rule's bytes."""

    session: Session
    view: MandateView
    key: SigningKey
    loaded: Loaded
    rule: bytes


def trade(desk: Desk, *, once: bool, every: float, as_json: bool) -> int:
    """Trade until the mandate is over, or the agent came to its loss limit; with `once` look once."""
    mandate = desk.view.mandate
    if mandate.delay:
        raise Failure("an agent that trades cannot wait: its mandate has a delay", "consortia mandate grant")
    session = desk.session
    door = ClientDoor(session.signing(desk.key), session.client)
    signer = Signer(session.client.network, mandate.owner, desk.key.key_id)
    agent = TradingAgent(door, desk.loaded, desk.rule, places_of(session, mandate.id), signer)
    while True:
        try:
            for one in agent.work(utc_milliseconds()):
                _tell(one, as_json=as_json)
        except MandateOver as over:
            raise Failure(
                f"{mandate.agent} acts no more: {over}", "consortia mandate list", REFUSED
            ) from None
        except StoppedItself:
            say(f"{mandate.agent} came to its loss limit and stopped itself") if not as_json else None
            return DONE
        if once:
            return DONE
        time.sleep(every)


def places_of(session: Session, mandate: bytes) -> tuple[Vault, Path]:
    """Where an agent keeps what opens its acts, and the diary by which it goes on after a crash."""
    folder = session.home.private
    return Vault(folder), folder / "agents" / f"{mandate.hex()[:16]}.jsonl"


def _tell(one: Traded, *, as_json: bool) -> None:
    order = one.order
    if as_json:
        known = {"what": one.what, "auction": one.auction, "stock": one.stock, "code": one.code}
        facts(known if order is None else known | {"side": order.side, "quantity": order.quantity})
        return
    text = "" if order is None else f" {order.side} {order.quantity}"
    line = f"auction {one.auction}, stock {one.stock}: {one.what}{text}, {one.code}"
    (say if one.code == OK else note)(line)
