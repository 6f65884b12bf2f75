"""Who orders: the genesis order, until members hand it over."""

from consortia.base.codec import decode_record, encode_record
from consortia.node.chain import Chain
from consortia.node.memory import Memory
from consortia.node.sync import BadHandOver, SignedHandOver, check_hand_over

RECORD = "hand-over"


class Succession:
    """The orderer in force and its term, kept in the node's memory."""

    def __init__(self, chain: Chain, memory: Memory, orderer: str) -> None:
        """Start from the newest hand-over, or from `orderer` where there was none."""
        self._chain, self._memory = chain, memory
        self.orderer, self.term = orderer, 0
        self.signed: SignedHandOver | None = None
        data = memory.load(RECORD)
        if data is not None:
            self._set(decode_record(SignedHandOver, data))

    def adopt(self, signed: SignedHandOver) -> None:
        """Follow a new orderer from now on, old orderer or not; raises BadHandOver.

        Who is behind checks the signatures against the newest set it knows. Who holds blocks after the
        one at which the hand-over begins holds what was never final, and must start again from a peer's copy.
        """
        hand_over = signed.hand_over
        ledger = self._chain.ledger
        if hand_over.term <= self.term:
            raise BadHandOver(f"term {hand_over.term} is over; it is term {self.term}")
        height = min(hand_over.height, ledger.tip.height)
        check_hand_over(signed, ledger.network, self._chain.set_after(height))
        if hand_over.height < ledger.tip.height:
            raise BadHandOver(f"blocks above {hand_over.height} are here, which were never final")
        if hand_over.height == ledger.tip.height and (hand_over.size, hand_over.root) != (
            ledger.tip.size,
            ledger.tip.root,
        ):
            raise BadHandOver("the log here is not the one from which the new orderer starts")
        self._memory.save(RECORD, encode_record(signed))
        self._set(signed)

    def awaited(self) -> bool:
        """Whether the blocks before which the hand-over begins are not all here yet."""
        return self.signed is not None and self._chain.ledger.tip.height < self.signed.hand_over.height

    def _set(self, signed: SignedHandOver) -> None:
        self.signed = signed
        self.orderer, self.term = signed.hand_over.orderer, signed.hand_over.term
