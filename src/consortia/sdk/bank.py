"""Value for programs: units, accounts, payments, escrow, exchange.

    ledger.bank.new_unit("credit", decimals=2, issue="1000")
    ledger.bank.pay("east", "12.50", "north/credit")

Amounts are text, whole numbers or Decimals of the unit, never floats (see `amounts`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consortia.base.codec import Record
from consortia.base.ids import digest_from_hex
from consortia.kernel.block import Receipt
from consortia.modules.bank import messages as asked
from consortia.modules.bank import queries as views
from consortia.modules.bank.rules import seed_commitment, set_commitment, table_hash
from consortia.modules.bank.types import Condition, Escrow, PayRule, Price, Rule, Scoring, Unit
from consortia.modules.guard.messages import LabelAlert
from consortia.sdk.access import Way
from consortia.sdk.amounts import Written, parts
from consortia.sdk.errors import BankError
from consortia.sdk.paging import PAGE, pages


@dataclass(frozen=True, slots=True)
class Secret:
    """What a scorer keeps to itself until the study has finished: 32 bytes each.

    `set` is the blob id of the scoring set, `salt` hides it, `seed` gives the orders of larger studies.
    """

    set: bytes
    salt: bytes
    seed: bytes

    def scoring(self, scorer: str, orders: int = 64) -> Scoring:
        """The commitments that a payout names."""
        return Scoring(scorer, set_commitment(self.salt, self.set), seed_commitment(self.seed), orders)


class Bank:
    """The value that a member has a part in. A refusal is a `TransactionRefused` that carries its code."""

    def __init__(self, way: Way, member: str) -> None:
        self._way, self._member = way, member

    def unit(self, which: str | bytes) -> Unit:
        """A unit: CODE (own), ISSUER/CODE, or its id, in hex or bytes; raises BankError for none."""
        identity = which if isinstance(which, bytes) else digest_from_hex(which)
        if identity is not None:
            found = self._way.query("bank.unit", views.ById(identity), views.MaybeUnit).unit
        else:
            issuer, slash, code = str(which).rpartition("/")
            named = views.ByCode(issuer if slash else self._member, code)
            found = self._way.query("bank.by_code", named, views.MaybeUnit).unit
        if found is None:
            raise BankError(f"there is no unit {which.hex() if isinstance(which, bytes) else which}")
        return found

    def units(self) -> list[Unit]:
        """All units of the network."""
        found = pages(self._way.query, "bank.units", lambda at: views.ListUnits(at, PAGE), views.UnitPage)
        return [unit for page in found for unit in page.units]

    def new_unit(
        self,
        code: str,
        *,
        title: str = "",
        decimals: int = 0,
        rule: Rule = "open",
        cap: Written | None = None,
        issue: Written | None = None,
    ) -> Unit:
        """Make a unit that the member issues; `issue` of it go to its account at once."""
        most = None if cap is None else parts(cap, decimals)
        first = 0 if issue is None else parts(issue, decimals)
        self._way.submit(asked.NewUnit(code, title or code, decimals, rule, most, first))
        return self.unit(code)

    def issue(self, unit: str | bytes, amount: Written, account: str | None = None) -> Receipt:
        """Make more of an own unit, for an account (the member's own by default)."""
        of = self.unit(unit)
        return self._way.submit(asked.Issue(of.id, account or self._member, parts(amount, of.decimals)))

    def redeem(self, unit: str | bytes, amount: Written) -> Receipt:
        """Take what came back of an own unit out of the world."""
        of = self.unit(unit)
        return self._way.submit(asked.Redeem(of.id, parts(amount, of.decimals)))

    def held(self, owner: str | None = None) -> list[views.Held]:
        """All that the accounts of an owner hold (of the member itself by default)."""
        whose = owner or self._member
        found = pages(
            self._way.query, "bank.accounts", lambda at: views.ListHeld(whose, at, PAGE), views.HeldPage
        )
        return [held for page in found for held in page.held]

    def balance(self, unit: str | bytes, account: str | None = None) -> int:
        """What an account holds of a unit, in its smallest parts."""
        wanted = views.AskBalance(account or self._member, self.unit(unit).id)
        return self._way.query("bank.balance", wanted, views.Held).amount

    def pay(self, payee: str, amount: Written, unit: str | bytes, *, payer: str | None = None) -> Receipt:
        """Pay an account. Above the limit of the member's hold rule the payment waits in escrow."""
        of = self.unit(unit)
        counted = parts(amount, of.decimals)
        return self._way.submit(asked.Transfer(payer or self._member, payee, of.id, counted))

    def escrow(
        self,
        payee: str,
        amount: Written,
        unit: str | bytes,
        *,
        condition: Condition,
        deadline: int,
        payer: str | None = None,
    ) -> bytes:
        """Put value aside until a condition is met or a block time has come; the escrow's id."""
        of = self.unit(unit)
        counted = parts(amount, of.decimals)
        message = asked.OpenEscrow(payer or self._member, payee, of.id, counted, condition, deadline)
        return opened(self._way.submit(message))

    def offer(
        self,
        amount: Written,
        unit: str | bytes,
        *,
        price: Written,
        price_unit: str | bytes,
        deadline: int,
        payee: str | None = None,
        payer: str | None = None,
    ) -> bytes:
        """Offer value for a price in another unit, to an account or to whoever takes it first; its id."""
        of, other = self.unit(unit), self.unit(price_unit)
        counted, wanted = parts(amount, of.decimals), Price(other.id, parts(price, other.decimals))
        message = asked.Offer(payer or self._member, payee, of.id, counted, wanted, deadline)
        return opened(self._way.submit(message))

    def payout(
        self,
        study: bytes,
        amount: Written,
        unit: str | bytes,
        *,
        rule: PayRule,
        deadline: int,
        scoring: Scoring | None = None,
        payer: str | None = None,
    ) -> bytes:
        """Put value aside for the members of a study, who share it by a rule once it has finished; its id."""
        of = self.unit(unit)
        counted = parts(amount, of.decimals)
        message = asked.OpenPayout(payer or self._member, study, of.id, counted, rule, scoring, deadline)
        return opened(self._way.submit(message))

    def score(self, payout: bytes, secret: Secret, counts: Sequence[int]) -> Receipt:
        """Tell, as the scorer, the counts of the coalitions (see `exact.shapley` for their order)."""
        return self._way.submit(asked.Score(payout, secret.salt, secret.set, secret.seed, tuple(counts)))

    def confirm_scores(self, payout: bytes, counts: Sequence[int]) -> Receipt:
        """Say, as a contributor, that one came to these counts; raises BankError where none are told."""
        scores = self.get_payout(payout).scores
        if scores is None:
            raise BankError(f"nothing is scored for {payout.hex()}")
        return self._way.submit(asked.ConfirmScores(payout, table_hash(scores.members, counts)))

    def settle(self, payout: bytes) -> Receipt:
        """Divide a payout among the members of its finished study."""
        return self._way.submit(asked.Settle(payout))

    def get_payout(self, payout: bytes) -> views.PayoutView:
        """What a payout is divided by, and what was scored for it."""
        return self._way.query("bank.payout", views.ByEscrow(payout), views.PayoutView)

    def take(self, offer: bytes, account: str | None = None) -> Receipt:
        """Pay an offer's price and receive what it holds, in one."""
        return self._way.submit(asked.Take(offer, account or self._member))

    def release(self, escrow: bytes, document: bytes | None = None, behind: Iterable[Record] = ()) -> Receipt:
        """Let an escrow go: with the attested document's hash, or behind the call that it waits for."""
        return self._way.submit(*behind, asked.Release(escrow, document))

    def refund(self, escrow: bytes) -> Receipt:
        """Give an escrow back whose deadline has come."""
        return self._way.submit(asked.Refund(escrow))

    def approve(self, escrow: bytes, alert: bytes | None = None) -> Receipt:
        """Say, as one of two officers of the payer, that what is held may go.

        With the `alert` for which it was held it is said in the same transaction that the alert was honest:
        so a case can show that this is the alert's payment.
        """
        labels = () if alert is None else (LabelAlert(alert, "honest"),)
        return self._way.submit(*labels, asked.Approve(escrow))

    def hold(self, unit: str | bytes, above: Written | None, milliseconds: int) -> Receipt:
        """Hold payments above a limit for so long, unless two officers release them; None ends the rule."""
        of = self.unit(unit)
        limit = None if above is None else parts(above, of.decimals)
        return self._way.submit(asked.SetHold(of.id, limit, milliseconds))

    def holds(self, member: str | None = None) -> list[views.HoldOf]:
        """The hold rules of a member."""
        whose = member or self._member
        found = pages(
            self._way.query, "bank.holds", lambda at: views.ListHolds(whose, at, PAGE), views.HoldPage
        )
        return [hold for page in found for hold in page.holds]

    def open_escrows(self, member: str | None = None) -> list[Escrow]:
        """The open escrows and offers that a member pays, is paid by or attests to."""
        whose = member or self._member
        found = pages(
            self._way.query, "bank.escrows", lambda at: views.ListEscrows(whose, at, PAGE), views.EscrowPage
        )
        return [escrow for page in found for escrow in page.escrows]

    def get_escrow(self, escrow: bytes) -> Escrow:
        """An escrow or offer, open or closed; raises BankError when there is none."""
        found = self._way.query("bank.escrow", views.ByEscrow(escrow), views.MaybeEscrow).escrow
        if found is None:
            raise BankError(f"there is no escrow {escrow.hex()}")
        return found


def opened(receipt: Receipt) -> bytes:
    """The id of the escrow that a transaction opened; raises BankError where it opened none."""
    for event in receipt.events:
        found = event.body.get("escrow")
        if event.name == "bank.escrow_opened" and isinstance(found, bytes):
            return found
    raise BankError("the transaction opened no escrow")
