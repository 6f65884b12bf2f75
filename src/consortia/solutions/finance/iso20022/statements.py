"""Statements of accounts: camt.053, and notices of single debits and credits: camt.054."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from consortia.engines.train.files import DataError, shown
from consortia.solutions.finance.iso20022.header import Header, header_of
from consortia.solutions.finance.iso20022.moments import date_of
from consortia.solutions.finance.iso20022.money import amount_of, currency_of
from consortia.solutions.finance.iso20022.parties import Party, account_of, party_of
from consortia.solutions.finance.iso20022.tree import Branch, parse
from consortia.solutions.rejects import Rejected, Rejects

BODIES = {"BkToCstmrStmt": "Stmt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
_SIGNS = {"CRDT": 1, "DBIT": -1}
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)


@dataclass(frozen=True, slots=True)
class Detail:
    """One transaction behind an entry: reference, signed amount and currency, the other party, its text."""

    reference: str
    amount: int
    currency: str
    other: Party
    remittance: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an account: a signed amount (credits positive), dates, the bank's code for its kind.

    `status` is BOOK, PDNG or INFO; only what is booked moves the balance.
    """

    reference: str
    amount: int
    currency: str
    status: str
    booked: str
    valued: str
    code: str
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance of a kind (OPBD, CLBD, ...) on a day; a debt is negative."""

    kind: str
    amount: int
    currency: str
    on: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One account over some time."""

    identification: str
    account: str
    currency: str
    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """A file's statements, entries that cannot be used, and remarks on balances that do not add up."""

    header: Header
    statements: tuple[Statement, ...]
    rejected: tuple[Rejected, ...]
    remarks: tuple[str, ...]


def read_statements(data: bytes, file: str, now: int | None = None) -> Statements:
    """Read a file; raises DataError where the file as a whole cannot be used. `now` as in payments."""
    root = parse(data, file)
    body = root.seek(frozenset(BODIES))
    if body is None:
        raise root.fault("holds no statements: no camt.053 or camt.054")
    header = header_of(root, body, now)
    entries = _Entries()
    found = [(one, _statement(one, entries)) for one in body.all(BODIES[body.name])]
    if not found:
        raise body.fault("is missing, and must be there", BODIES[body.name])
    remarks = tuple(text for branch, one in found for text in _remarks(branch, one))
    return Statements(header, tuple(one for _, one in found), entries.rejects.done(), remarks)


class _Entries:
    """Reads entries, and keeps apart those that cannot be used; they are counted over the whole file."""

    def __init__(self) -> None:
        self.rejects, self._count = Rejects(), 0

    def usable(self, branches: Iterable[Branch]) -> Iterator[Entry]:
        """Those that can be used."""
        for branch in branches:
            self._count += 1
            try:
                yield _entry(branch)
            except DataError as error:
                self.rejects.add(self._count, error)


def _statement(branch: Branch, entries: _Entries) -> Statement:
    account = branch.get("Acct")
    code = account.find("Ccy")
    return Statement(
        identification=branch.get("Id").value,
        account=account_of(account),
        currency="" if code is None else currency_of(code, code.value),
        balances=tuple(_balance(one) for one in branch.all("Bal")),
        entries=tuple(entries.usable(branch.all("Ntry"))),
    )


def _balance(branch: Branch) -> Balance:
    amount, currency = amount_of(branch.get("Amt"))
    kind = branch.text("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry")
    return Balance(kind, _sign(branch) * amount, currency, date_of(branch.find("Dt")))


def _entry(branch: Branch) -> Entry:
    amount, currency = amount_of(branch.get("Amt"))
    sign = _sign(branch)
    details = [one for group in branch.all("NtryDtls") for one in group.all("TxDtls")]
    return Entry(
        reference=branch.text("NtryRef", "AcctSvcrRef"),
        amount=sign * amount,
        currency=currency,
        status=branch.text("Sts/Cd", "Sts"),
        booked=date_of(branch.find("BookgDt")),
        valued=date_of(branch.find("ValDt")),
        code=_code(branch),
        details=tuple(_detail(one, sign, (amount, currency)) for one in details),
    )


def _detail(branch: Branch, sign: int, entry: tuple[int, str]) -> Detail:
    """A transaction of an entry; one without an amount of its own has the entry's."""
    stated = branch.find("Amt") or branch.find("AmtDtls/TxAmt/Amt")
    own = branch.find("CdtDbtInd")
    amount, currency = entry if stated is None else amount_of(stated)
    parties = branch.find("RltdPties")
    other = "Dbtr" if sign > 0 else "Cdtr"
    return Detail(
        reference=branch.text("Refs/UETR", "Refs/TxId", "Refs/EndToEndId", "Refs/AcctSvcrRef"),
        amount=amount * (sign if own is None else _sign(branch)),
        currency=currency,
        other=Party() if parties is None else _party(parties, other),
        remittance=branch.text("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref"),
    )


def _party(parties: Branch, role: str) -> Party:
    """A party, which later versions put one level deeper."""
    found = party_of(parties, role)
    deeper = parties.find(f"{role}/Pty")
    if found.name or deeper is None:
        return found
    return Party(deeper.text("Nm"), found.account, found.agent, deeper.text("PstlAdr/Ctry"))


def _sign(branch: Branch) -> int:
    said = branch.get("CdtDbtInd")
    if said.value not in _SIGNS:
        raise said.fault(f"{shown(said.value)!r}: CRDT or DBIT")
    return _SIGNS[said.value]


def _code(branch: Branch) -> str:
    """The bank's code for a kind of transaction: PMNT/RCDT/ESCT, or one of its own."""
    domain = branch.find("BkTxCd/Domn")
    if domain is None:
        return branch.text("BkTxCd/Prtry/Cd")
    return "/".join(filter(None, (domain.text("Cd"), domain.text("Fmly/Cd"), domain.text("Fmly/SubFmlyCd"))))


def _remarks(branch: Branch, one: Statement) -> Iterator[str]:
    """Whether what is booked explains the step from the opening to the closing balance."""
    opening = next((b for b in one.balances if b.kind in _OPENING), None)
    closing = next((b for b in one.balances if b.kind in _CLOSING), None)
    if opening is None or closing is None or opening.currency != closing.currency:
        return
    booked = sum(e.amount for e in one.entries if e.status == "BOOK" and e.currency == opening.currency)
    if opening.amount + booked != closing.amount:
        yield str(branch.fault("the booked entries do not lead from the opening to the closing balance"))
