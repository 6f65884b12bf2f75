"""The end of the story: the order to end the delegate, which the node that orders leaves out."""

import threading
from functools import partial
from typing import Any

from consortia.solutions.dao import policy
from consortia.solutions.dao.scenarios.chamber import (
    ORDERER,
    OWNER,
    SPENDER,
    SUPPLIER,
    UNIT,
    WAIT_SECONDS,
    Chamber,
)
from consortia.solutions.story import StoryFailed

SILENCER = "consortia.cli.demo.silencer"


class _Order(threading.Thread):
    """A person ends the delegate, and waits for the receipt."""

    def __init__(self, here: Chamber) -> None:
        super().__init__(daemon=True)
        self.here, self.done, self.fault = here, dict[str, Any](), ""

    def run(self) -> None:
        """Type the command."""
        try:
            self.done = self.here.stage.run(OWNER, "mandate", "end", policy.AGENT)
        except StoryFailed as error:
            self.fault = str(error)


def end(here: Chamber) -> None:
    """The delegate is ended against the orderer's will, and silent from the next block on."""
    stage = here.stage
    stage.settle()
    order = _Order(here)
    with stage.dishonest(ORDERER, SILENCER):
        order.start()
        withheld = here.wait_for("the witnesses", partial(_withheld, here))
        client = stage.client(SPENDER)
        height = client.status().height
        if client.final_height() >= height:
            raise StoryFailed("a block that leaves the order out is final")
        what = f"{ORDERER}, who orders the blocks, leaves out the order to end the delegate"
        check = f"block {height} finds no cosignatures: {withheld}"
        stage.catch(what, "all other members", check)
    order.join(WAIT_SECONDS * here.pace)
    if not order.done:
        raise StoryFailed(f"the order to end the delegate was lost: {order.fault}")
    stage.line(f"ordered honestly, block {order.done['height']} ends the delegate")
    last = here.ask(here.society.request(SUPPLIER))
    here.level()
    here.wait_for("the delegate's end", lambda: here.delegate is not None and not here.delegate.running)
    if here.agent_choice(last) is not None:
        raise StoryFailed("the delegate voted after its end")
    stage.catch(
        "the delegate goes on after its end", "the ledger", "kernel.revoked_key, from the next block on"
    )


def _withheld(here: Chamber) -> str | None:
    """Why a witness cosigns nothing; something is ordered meanwhile, so that there is something to cosign."""
    stage = here.stage
    reason = stage.client(SPENDER).status().withheld
    if reason and "leaves out" in reason:
        return reason
    stage.ledger(SPENDER).bank.pay(SUPPLIER, "1", f"{ORDERER}/{UNIT}")
    return None
