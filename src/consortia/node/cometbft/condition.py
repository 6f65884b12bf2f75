"""What an engine is given by its node's process, and how it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consortia.base.keys import SigningKey
from consortia.kernel.admission import Check
from consortia.node.cometbft.core import EngineNode
from consortia.node.cometbft.starting import Ask, Block
from consortia.node.hindrance import Hindrance


@dataclass(frozen=True, slots=True)
class Means:
    """What an engine uses of its node's process.

    `core` gives the node's core, `now` the clock (UTC milliseconds); `wake` has the core looked after, and
    `renew` made anew, with all that was read of the ledger, where that was restored from a snapshot;
    `ask` asks a member's node, and `reach` tells whether anybody knows where that is; `consensus` gives the
    consensus keys that are here, newest last; `check` verifies signatures.
    """

    core: Callable[[], EngineNode]
    now: Callable[[], int]
    wake: Callable[[], None]
    renew: Callable[[], None]
    ask: Ask
    reach: Callable[[str], bool]
    consensus: Callable[[], Sequence[SigningKey]]
    check: Check
    hindrance: Hindrance


@dataclass(slots=True)
class Condition:
    """How CometBFT is: what `status` shows.

    `away` are the voting members to whose CometBFT this one is not connected, `quorum` whether the others are
    enough for a block; `stands` says why no block comes though something waits.
    """

    version: str
    running: bool = False
    height: int = 0
    peers: int = 0
    away: tuple[str, ...] = ()
    quorum: bool = True
    stands: str = ""
    catching_up: bool = False
    votes: bool = False
    power: int = 0
    restarts: int = 0
    snapshots: tuple[Block, ...] = ()
    text: str = ""
