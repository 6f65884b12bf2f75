"""Messages as they are sent: pacs.008, camt.053 and camt.054, of one version each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from consortia.engines.train.files import DataError
from consortia.sdk.currencies import written
from consortia.solutions.finance.iso20022.parties import Party, is_bic, is_iban
from consortia.solutions.finance.iso20022.payments import UETR, Payment
from consortia.solutions.finance.iso20022.statements import Balance, Detail, Entry, Statement
from consortia.solutions.finance.iso20022.tree import needs_library
from consortia.solutions.moments import iso

if TYPE_CHECKING:
    from lxml import etree

PAYMENTS = "pacs.008.001.08"
STATEMENT = "camt.053.001.08"
NOTICE = "camt.054.001.08"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_PARTS = 3
"""Of a code of a kind of transaction: domain, family, sub-family."""


class _Sheet:
    """A document that grows: elements by paths below one another, empty texts left out."""

    def __init__(self, definition: str) -> None:
        needs_library()
        from lxml import etree  # noqa: PLC0415 (an extra: only who writes such files needs it)

        self._make, self._print = etree.SubElement, etree.tostring
        self._space = f"{_NAMESPACE}{definition}"
        self.root = etree.Element(f"{{{self._space}}}Document", nsmap={None: self._space})

    def new(self, above: "etree._Element", path: str, text: str = "") -> "etree._Element":
        """New elements at a path, the last one with a text."""
        for name in path.split("/"):
            above = self._make(above, f"{{{self._space}}}{name}")
        try:
            above.text = text or None
        except ValueError:
            raise DataError(f"{path}: a character that no XML may have") from None
        return above

    def add(self, above: "etree._Element", path: str, text: str) -> None:
        """New elements at a path where there is a text."""
        if text:
            self.new(above, path, text)

    def amount(self, above: "etree._Element", path: str, amount: int, currency: str) -> None:
        """An amount without its sign, with its currency."""
        self.new(above, path, written(abs(amount), currency)).set("Ccy", currency)

    def sign(self, above: "etree._Element", amount: int) -> None:
        """Whether an amount is a credit or a debit."""
        self.new(above, "CdtDbtInd", "CRDT" if amount >= 0 else "DBIT")

    def account(self, above: "etree._Element", path: str, account: str) -> None:
        """An account by its IBAN where it is one, else by another number."""
        if account:
            self.new(above, f"{path}/Id/IBAN" if is_iban(account) else f"{path}/Id/Othr/Id", account)

    def bank(self, above: "etree._Element", path: str, code: str) -> None:
        """A bank by its BIC where it has the form of one, else by another number."""
        inner = self.new(above, f"{path}/FinInstnId")
        if code:
            self.new(inner, "BICFI" if is_bic(code) else "Othr/Id", code)

    def party(self, above: "etree._Element", path: str, party: Party) -> None:
        """Who a party is."""
        who = self.new(above, path)
        self.add(who, "Nm", party.name)
        self.add(who, "PstlAdr/Ctry", party.country)

    def bytes(self) -> bytes:
        """The document."""
        return self._print(self.root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def write_payments(payments: Iterable[Payment], identification: str, made: int) -> bytes:
    """A pacs.008; `made` in UTC milliseconds. Raises DataError for a text that no XML may have."""
    rows = list(payments)
    sheet = _Sheet(PAYMENTS)
    body = sheet.new(sheet.root, "FIToFICstmrCdtTrf")
    group = _group(sheet, body, identification, made)
    sheet.new(group, "NbOfTxs", str(len(rows)))
    sheet.new(group, "SttlmInf/SttlmMtd", "CLRG")
    for one in rows:
        _transfer(sheet, sheet.new(body, "CdtTrfTxInf"), one, made)
    return sheet.bytes()


def _transfer(sheet: _Sheet, at: "etree._Element", one: Payment, made: int) -> None:
    names = sheet.new(at, "PmtId")
    sheet.new(names, "EndToEndId", one.end_to_end)
    sheet.new(names, "UETR" if UETR.fullmatch(one.reference) else "TxId", one.reference)
    sheet.amount(at, "IntrBkSttlmAmt", one.amount, one.currency)
    sheet.add(at, "IntrBkSttlmDt", one.settles)
    if one.made != made:
        sheet.new(at, "AccptncDtTm", _moment(one.made))
    sheet.add(at, "ChrgBr", one.bearer)
    sheet.party(at, "Dbtr", one.debtor)
    sheet.account(at, "DbtrAcct", one.debtor.account)
    sheet.bank(at, "DbtrAgt", one.debtor.agent)
    sheet.bank(at, "CdtrAgt", one.creditor.agent)
    sheet.party(at, "Cdtr", one.creditor)
    sheet.account(at, "CdtrAcct", one.creditor.account)
    sheet.add(at, "RmtInf/Ustrd", one.remittance)


def write_statement(statement: Statement, made: int) -> bytes:
    """A camt.053 of one account, with its balances."""
    return _report(statement, made, STATEMENT, "BkToCstmrStmt", "Stmt")


def write_notice(statement: Statement, made: int) -> bytes:
    """A camt.054 of one account: its entries, without balances."""
    return _report(statement, made, NOTICE, "BkToCstmrDbtCdtNtfctn", "Ntfctn")


def _report(statement: Statement, made: int, definition: str, body: str, part: str) -> bytes:
    sheet = _Sheet(definition)
    inside = sheet.new(sheet.root, body)
    _group(sheet, inside, statement.identification, made)
    at = sheet.new(inside, part)
    sheet.new(at, "Id", statement.identification)
    account = sheet.new(at, "Acct")
    sheet.new(account, "Id/IBAN" if is_iban(statement.account) else "Id/Othr/Id", statement.account)
    sheet.add(account, "Ccy", statement.currency)
    if definition == STATEMENT:
        for balance in statement.balances:
            _balance(sheet, sheet.new(at, "Bal"), balance)
    for entry in statement.entries:
        _entry(sheet, sheet.new(at, "Ntry"), entry)
    return sheet.bytes()


def _group(sheet: _Sheet, body: "etree._Element", identification: str, made: int) -> "etree._Element":
    group = sheet.new(body, "GrpHdr")
    sheet.new(group, "MsgId", identification)
    sheet.new(group, "CreDtTm", _moment(made))
    return group


def _moment(milliseconds: int) -> str:
    """A time as a message has it."""
    return iso(milliseconds).replace("+00:00", "Z")


def _balance(sheet: _Sheet, at: "etree._Element", one: Balance) -> None:
    sheet.new(at, "Tp/CdOrPrtry/Cd", one.kind)
    sheet.amount(at, "Amt", one.amount, one.currency)
    sheet.sign(at, one.amount)
    sheet.add(at, "Dt/Dt", one.on)


def _entry(sheet: _Sheet, at: "etree._Element", one: Entry) -> None:
    sheet.add(at, "NtryRef", one.reference)
    sheet.amount(at, "Amt", one.amount, one.currency)
    sheet.sign(at, one.amount)
    sheet.new(at, "Sts/Cd", one.status)
    sheet.add(at, "BookgDt/Dt", one.booked)
    sheet.add(at, "ValDt/Dt", one.valued)
    code = sheet.new(at, "BkTxCd")
    parts = one.code.split("/")
    if len(parts) == _PARTS:
        domain = sheet.new(code, "Domn")
        sheet.new(domain, "Cd", parts[0])
        family = sheet.new(domain, "Fmly")
        sheet.new(family, "Cd", parts[1])
        sheet.new(family, "SubFmlyCd", parts[2])
    else:
        sheet.add(code, "Prtry/Cd", one.code)
    if one.details:
        group = sheet.new(at, "NtryDtls")
        for detail in one.details:
            _detail(sheet, sheet.new(group, "TxDtls"), detail)


def _detail(sheet: _Sheet, at: "etree._Element", one: Detail) -> None:
    sheet.add(at, "Refs/EndToEndId", one.reference)
    sheet.amount(at, "Amt", one.amount, one.currency)
    sheet.sign(at, one.amount)
    role = "Dbtr" if one.amount >= 0 else "Cdtr"
    parties = sheet.new(at, "RltdPties")
    sheet.party(parties, f"{role}/Pty", one.other)
    sheet.account(parties, f"{role}Acct", one.other.account)
    if one.other.agent:
        sheet.bank(at, f"RltdAgts/{role}Agt", one.other.agent)
    sheet.add(at, "RmtInf/Ustrd", one.remittance)
