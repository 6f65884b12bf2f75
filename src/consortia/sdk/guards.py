"""The door of a member's guard through a client of its own node (`workers.guard.GuardDoor`)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from consortia.app import application
from consortia.base.codec import Malformed, Record, encode_record
from consortia.base.keys import SigningKey
from consortia.kernel.block import OK, Whole
from consortia.modules.guard.messages import RaiseAlert
from consortia.modules.guard.queries import (
    PAGE_MAX,
    AlertPage,
    ByAlert,
    ByMember,
    Filed,
    ListAlerts,
    MaybeFiled,
    Standing,
)
from consortia.modules.guard.types import Finding
from consortia.modules.identity.mandate_queries import ByAgentKey, MandateView
from consortia.modules.identity.person_queries import ByPersonKey, PersonView
from consortia.modules.identity.queries import ByKey, KeyView
from consortia.modules.predictions.messages import Act
from consortia.sdk.builder import EXPIRY_MILLISECONDS, Builder
from consortia.sdk.client import Client
from consortia.sdk.errors import LedgerError, TransactionRefused
from consortia.workers.accounts import Accounts
from consortia.workers.delegate import Answer
from consortia.workers.door import DoorClosed
from consortia.workers.guard import RECENT, Signed
from consortia.workers.judging import Candidate, stated
from consortia.workers.seen import Signer

GUARD_LANE = 14
"""The lane of a guard's alerts, so that they meet no other program's sequence of the same key."""

KNOWN_MAX = 4_096


class ClientGuardDoor:
    """A guard's door: `asking` is the owner's way to the node, `key` signs the alerts.

    With `accounts` the key is an agent's, and every alert is an act that is accounted for.
    """

    def __init__(
        self, asking: Client, signing: Client, member: str, key: SigningKey, accounts: Accounts | None = None
    ) -> None:
        self._asking, self._signing, self._member, self._accounts = asking, signing, member, accounts
        self._builder = Builder(application(), asking.network, key, asking.next_sequence)
        self._known: dict[bytes, Signer] = {}
        self._height = -1

    @property
    def network(self) -> bytes:
        """The network id."""
        return self._asking.network

    def who(self, key: bytes) -> Signer | None:
        """Whose a key is; one that is nobody's now, as a joiner's is, may be somebody's later."""
        if key in self._known:
            return self._known[key]
        with _closing():
            found = self._signer(key)
        if found is not None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[key] = found
        return found

    def _signer(self, key: bytes) -> Signer | None:
        with suppress(TransactionRefused):  # no key of a member: an agent's, a person's, or unknown
            found = self._asking.query("identity.key", ByKey(key), KeyView)
            return Signer(found.member, found.key.since)
        with suppress(TransactionRefused):
            mandate = self._asking.query("identity.agent", ByAgentKey(key), MandateView).mandate
            caps = {cap.unit: cap.per_act for cap in mandate.caps}
            return Signer(mandate.owner, mandate.granted, mandate.agent, caps)
        with suppress(TransactionRefused):  # what a person does, its member answers for
            person = self._asking.query("identity.person", ByPersonKey(key), PersonView)
            return Signer(person.member, person.person.since)
        return None

    def first(self) -> int:
        """The height of the oldest block that the node has."""
        with _closing():
            base = self._asking.status().base
        return 0 if base is None else base["height"] + 1

    def final(self) -> int:
        """The height of the newest block that a final checkpoint covers; -1 before the first."""
        with _closing():
            self._height = self._asking.final_height()
        return self._height

    def wait(self, seconds: float) -> None:
        """Return when more is final than before, or after `seconds`."""
        with _closing():
            self._asking.final_height(covering=self._height + 1, seconds=seconds)

    def whole(self, height: int) -> Whole:
        """A block with all that came of it."""
        with _closing():
            return self._asking.record(f"/v1/blocks/{height}/whole", Whole)

    def standing(self) -> Standing:
        """How the member's guard stands."""
        with _closing():
            return self._asking.query("guard.standing", ByMember(self._member), Standing)

    def alert(self, alert: bytes) -> Filed | None:
        """An alert with its case, or None."""
        with _closing():
            return self._asking.query("guard.alert", ByAlert(alert), MaybeFiled).found

    def newest(self, most: int = RECENT) -> tuple[Filed, ...]:
        """The member's newest alerts, `most` of them; by default all of the last days."""
        total = self.standing().tally.alerts
        found: list[Filed] = []
        with _closing():
            for first in range(max(0, total - most), total, PAGE_MAX):
                asked = ListAlerts(self._member, first, PAGE_MAX)
                found += self._asking.query("guard.alerts", asked, AlertPage).alerts
        return tuple(found)

    def now(self) -> tuple[int, int]:
        """The block time of the tip, and the node's clock, in milliseconds."""
        with _closing():
            status = self._asking.status()
        return status.time, status.clock

    def sign(self, finding: Finding, candidate: Candidate) -> Signed:
        """A signed transaction that raises an alert; an agent's accounts for it first."""
        records: list[Record] = [RaiseAlert(finding)]
        with _closing():
            if self._accounts is not None:
                said = Answer(candidate.code, stated(candidate.rank), candidate.rank)
                given = encode_record(candidate.fact)
                records.insert(0, Act(self._accounts.of(given, said, opened=False)))
            expires = self._asking.status().clock + EXPIRY_MILLISECONDS
            self._builder.resync(GUARD_LANE)
            raw, transaction = self._builder.sign(*records, lane=GUARD_LANE, expires=expires)
        return Signed(raw, transaction, len(records) - 1, expires)

    def hand_in(self, signed: Signed) -> tuple[str, bool]:
        """Hand it in: the code that it met, and whether it stands in a block."""
        with _closing():
            try:
                self._signing.hand_in(signed.raw, signed.transaction)
            except TransactionRefused as refused:
                return refused.code, refused.height is not None
        return OK, True


@contextmanager
def _closing() -> Iterator[None]:
    """Say of every failure to get an answer from the node that the door is closed."""
    try:
        yield
    except (LedgerError, Malformed) as error:
        raise DoorClosed(str(error)) from error
