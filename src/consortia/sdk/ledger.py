"""A ledger as a program sees it: members, assets, training, bank, markets and more, as nouns with verbs.

    ledger = consortia.open("~/.local/share/consortia")
    ledger.assets.register_dataset(frame, name="clinic-a", process=["*"])
    study = ledger.training.propose("diagnosis", data="clinic-a", label="outcome")
    model = study.wait().result()

Everything is synchronous; a refusal is a `TransactionRefused` that carries the code. Records go to the
member's own vault and never leave it: the ledger gets a salted commitment.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

from consortia.base.codec import R, Record
from consortia.kernel.block import Receipt
from consortia.modules.identity.queries import ByName, MembersView, MemberView, Nothing
from consortia.sdk.access import Access
from consortia.sdk.agents import Agents
from consortia.sdk.assets import Assets
from consortia.sdk.ballots import Ballots
from consortia.sdk.bank import Bank
from consortia.sdk.consent import Consent
from consortia.sdk.errors import LedgerError
from consortia.sdk.governance import Governance
from consortia.sdk.market import Markets
from consortia.sdk.meters import Meters
from consortia.sdk.notebook import shown
from consortia.sdk.operations import Operations
from consortia.sdk.persons import Persons
from consortia.sdk.proofs import ProofFile
from consortia.sdk.training import Training
from consortia.sdk.views import Moment, Table
from consortia.workers.vault import Vault

PROOF_TRIES = 100
PAUSE_SECONDS = 0.1


class Members:
    """The organisations of the network."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def list(self) -> tuple[MemberView, ...]:
        """All members, past and present, by name."""
        return self._access.query("identity.members", Nothing(), MembersView).members

    def get(self, name: str) -> MemberView:
        """One member; raises TransactionRefused for a name that is none."""
        return self._access.query("identity.member", ByName(name), MemberView)

    def names(self) -> Iterable[str]:
        """The names of the members in force, sorted."""
        return [member.name for member in self.list() if member.left is None]


class Ledger:
    """One network's ledger, through one member's node. Close it, or use it in a `with` block."""

    def __init__(
        self, access: Access, member: str, vault: Vault | None, closing: Callable[[], None] | None = None
    ) -> None:
        """Speak for `member`, whose records are in `vault`; without one no rows can be registered."""
        self.access, self.member = access, member
        self.members = Members(access)
        self.assets = Assets(access, member, vault)
        self.consent = Consent(access, member, vault, self.assets)
        self.training = Training(access, member, vault)
        self.bank = Bank(access, member)
        self.agents = Agents(access, member)
        self.persons = Persons(access, member)
        self.governance = Governance(access, member)
        self.ballots = Ballots(access, member)
        self.market = Markets(access, member)
        self.meters = Meters(access, member)
        self.operations = Operations(access, member)
        self._closing = closing or access.close

    def submit(self, *records: Record) -> Receipt:
        """Sign any messages of the application as one transaction; raises TransactionRefused."""
        return self.access.submit(*records)

    def query(self, name: str, arguments: Record, kind: type[R]) -> R:
        """Ask any module: `module.query`."""
        return self.access.query(name, arguments, kind)

    def prove(self, receipt: Receipt) -> ProofFile:
        """The proof file of a receipt, checked, once it is final; raises LedgerError when it never is."""
        for _ in range(PROOF_TRIES - 1):
            with suppress(LedgerError):
                return ProofFile(self.access.proof(receipt.transaction), self.access.network)
            self.access.pause(PAUSE_SECONDS)
        return ProofFile(self.access.proof(receipt.transaction), self.access.network)

    def close(self) -> None:
        """Release what the ledger holds."""
        self._closing()

    def _repr_html_(self) -> str:
        rows = tuple(
            (one.name, one.title, Moment(one.joined), "member" if one.left is None else "left")
            for one in self.members.list()
        )
        title = f"Network {self.access.network.hex()[:16]}, seen by {self.member}"
        return shown(Table(title, ("member", "title", "since", "standing"), rows))

    def __enter__(self) -> Self:
        """Close at the end of the `with` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()
