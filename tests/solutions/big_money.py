"""Payments, statements and sheets: good rows, and bad ones of each kind."""

from pathlib import Path

from consortia.solutions.finance.iso20022.payments import read_payments
from consortia.solutions.finance.iso20022.sheets import COLUMNS as SHEET
from consortia.solutions.finance.iso20022.sheets import read_sheet
from consortia.solutions.finance.iso20022.statements import read_statements
from tests.solutions.big_rows import HOSTILE, NOW, UNQUOTED, Reader, Taken, change, day, moment

MESSAGE = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf>'
STATEMENT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
    "<GrpHdr><MsgId>M</MsgId><CreDtTm>2025-12-01T00:00:00Z</CreDtTm></GrpHdr>"
    "<Stmt><Id>S</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>\n"
)


def transfer(number: int) -> str:
    """A credit transfer."""
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>E{number}</EndToEndId><TxId>T{number}</TxId></PmtId>"
        '<IntrBkSttlmAmt Ccy="EUR">12.50</IntrBkSttlmAmt><Cdtr><Nm>Lake</Nm></Cdtr></CdtTrfTxInf>'
    )


def take_payments(path: Path) -> Taken:
    """Payments of a message, whose count is announced behind the rows."""
    found = read_payments(path.read_bytes(), path.name, NOW)
    return len(found.payments), found.rejected


def payment(number: int) -> str:
    """A payment as a row of a sheet."""
    cells = {"reference": f"R{number}", "amount": "12.50", "currency": "EUR", "made": moment(number % 9_000)}
    cells |= {"end_to_end": f"E{number}", "debtor_name": "Hill", "creditor_name": "Lake", "settles": ""}
    return ",".join(cells.get(name, "") for name in SHEET)


def entry(number: int) -> str:
    """A line of an account."""
    return (
        f'<Ntry><NtryRef>N{number}</NtryRef><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day(number)}</Dt></BookgDt></Ntry>"
    )


def take_statement(path: Path) -> Taken:
    """Entries of a statement."""
    found = read_statements(path.read_bytes(), path.name, NOW)
    return sum(len(one.entries) for one in found.statements), found.rejected


def take_sheet(path: Path) -> Taken:
    """Payments of a sheet."""
    found, rejected = read_sheet(path, NOW)
    return len(found), rejected


MONEY = {
    "transfers.xml": Reader(
        "ISO 20022, pacs.008",
        transfer,
        {
            "a missing field": change(transfer, "IntrBkSttlmAmt", "Amt"),
            "a wrong unit": change(transfer, '"EUR"', '"EURO"'),
            "no number": change(transfer, "12.50", "12.505"),
            "a duplicate": lambda _: transfer(0),
            "a hostile name": change(transfer, "<TxId>", "<TxId>../&#x202e;" + "x" * 40),
        },
        take_payments,
        most=190_000,
    ),
    "statement.xml": Reader(
        "ISO 20022, camt.053",
        entry,
        {
            "a missing field": change(entry, "CdtDbtInd", "Ind"),
            "a wrong unit": change(entry, '"EUR"', '"EURO"'),
            "no number": change(entry, "12.50", "12.505"),
            "no date": change(entry, "-", "/"),
            "a hostile name": change(entry, "CRDT", "../&#x202e;"),
        },
        take_statement,
        before=STATEMENT,
        after="</Stmt></BkToCstmrStmt></Document>",
        most=200_000,
    ),
    "payments.csv": Reader(
        "payments as a sheet",
        payment,
        {
            "a wrong unit": change(payment, "EUR", "EURO"),
            "no number": change(payment, "12.50", "much"),
            "a duplicate": lambda _: payment(0),
            "a hostile name": change(payment, "Lake", HOSTILE),
            **UNQUOTED,
        },
        take_sheet,
        before=",".join(SHEET) + "\n",
    ),
}


def transfers_around(rows: int) -> tuple[str, str]:
    """What stands around so many transfers: the count is announced before them."""
    head = f"<MsgId>M</MsgId><CreDtTm>2025-12-01T00:00:00Z</CreDtTm><NbOfTxs>{rows}</NbOfTxs>"
    return f"{MESSAGE}<GrpHdr>{head}</GrpHdr>\n", "</FIToFICstmrCdtTrf></Document>"
