"""Who keeps all of CometBFT's blocks: a node leaves out old ones only while it knows that another has them.

An *archive* keeps every block since CometBFT's first, for whoever must fetch them one by one. The past of a
network without one could not be checked again from CometBFT's own votes; so `retain_blocks` takes effect only
while another member's node says that it is an archive, and `status` says loudly where none does.
"""

import asyncio
import logging

import msgspec

from consortia.drivers.cometbft.driver import CometBft, Retention
from consortia.kernel.ledger import Ledger
from consortia.node.cometbft.starting import Ask
from consortia.sdk.errors import LedgerError

LOOK_SECONDS = 60.0
FIRST_LOOK_SECONDS = 2.0
_LOG = logging.getLogger("consortia.node")


class _Engine(msgspec.Struct, frozen=True):
    archive: bool = False


class _Status(msgspec.Struct, frozen=True):
    driver: _Engine


class Archives:
    """What one node knows of archives: `own` whether it is one, `known` another that is, or nothing."""

    def __init__(self, retain: int, ledger: Ledger, member: str, ask: Ask) -> None:
        """The node is to keep `retain` blocks (0: all)."""
        self._retain, self._ledger, self._member, self._ask = retain, ledger, member, ask
        self.own = False
        self.known = ""
        self.text = ""
        self._next = 0.0

    @property
    def retention(self) -> Retention:
        """How many blocks CometBFT is to keep now."""
        return Retention(self._retain if self.known else 0)

    async def look(self, earliest: int, driver: CometBft | None) -> None:
        """Ask the others now and then; `earliest` is the oldest block that CometBFT has here."""
        self.own = not self._retain and earliest == 1
        now = asyncio.get_running_loop().time()
        if self.own or now < self._next:
            return
        await self._find()
        self._next = now + (LOOK_SECONDS if self.known else FIRST_LOOK_SECONDS)
        if driver is not None:
            driver.retention = self.retention
        self._say()

    async def _find(self) -> None:
        """Ask the one that is known first: whoever is away now is what it was."""
        others = [one.name for one in self._ledger.members().members if one.name != self._member]
        for member in sorted(others, key=lambda name: name != self.known):
            try:
                data = await self._ask(member, "/v1/status", None)
                keeps = msgspec.json.decode(data, type=_Status).driver.archive
            except (LedgerError, ValueError):
                if member == self.known:
                    return
                continue
            if keeps:
                self.known = member
                return
        self.known = ""

    def _say(self) -> None:
        text = ""
        if not self.known:
            pruned = "this node prunes none of them meanwhile; " if self._retain else ""
            text = (
                f"NO MEMBER IS KNOWN TO KEEP ALL BLOCKS: {pruned}set retain_blocks = 0 at one that has them"
            )
        if text and text != self.text:
            _LOG.warning("%s", text)
        self.text = text
