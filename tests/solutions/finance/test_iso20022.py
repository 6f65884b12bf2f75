"""Payments and statements as ISO 20022 has them: read, written, and refused with the element and the rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.engines.train.files import DataError
from consortia.sdk.currencies import CURRENCIES, written
from consortia.solutions.finance.iso20022 import tree
from consortia.solutions.finance.iso20022.parties import Party
from consortia.solutions.finance.iso20022.payments import Payment, read_payments
from consortia.solutions.finance.iso20022.statements import Balance, Detail, Entry, Statement, read_statements
from consortia.solutions.finance.iso20022.writing import write_notice, write_payments, write_statement
from consortia.solutions.rejects import Rejected, usable, write_rejects

MADE = 1_764_547_200_000
SPACE = "urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"
EURO = '<IntrBkSttlmAmt Ccy="EUR">{}</IntrBkSttlmAmt>'


def transfer(reference="T1", amount='<IntrBkSttlmAmt Ccy="EUR">12.50</IntrBkSttlmAmt>', more=""):
    names = f"<PmtId><EndToEndId>E{reference}</EndToEndId><TxId>{reference}</TxId></PmtId>"
    return f"<CdtTrfTxInf>{names}{amount}{more}<Cdtr><Nm>Lake</Nm></Cdtr></CdtTrfTxInf>"


def message(*transfers, count=None, made="2025-12-01T00:00:00Z", space=SPACE, before="", around="{}"):
    transfers = transfers or (transfer(),)
    head = f"<MsgId>M</MsgId><CreDtTm>{made}</CreDtTm><NbOfTxs>{count or len(transfers)}</NbOfTxs>"
    body = f"<FIToFICstmrCdtTrf><GrpHdr>{head}</GrpHdr>{''.join(transfers)}</FIToFICstmrCdtTrf>"
    return (before + around.format(f'<Document xmlns="{space}">{body}</Document>')).encode()


def take(read, *, skip=False):
    return usable(read.payments, read.rejected, skip=skip)


def refused(data, now=None):
    with pytest.raises(DataError) as error:
        take(read_payments(data, "pay.xml", now))
    said = str(error.value)
    assert said.startswith("pay.xml")
    assert "\n" not in said
    return said


def test_a_payment_is_read_whatever_envelope_prefix_and_version_it_comes_in():
    plain = read_payments(message(), "pay.xml").payments
    for data in (
        message(around='<Envelope xmlns="urn:other">{}</Envelope>'),
        message(space=SPACE.replace("08", "13")),
        message().replace(b"<", b"<p:").replace(b"<p:/", b"</p:").replace(b"xmlns=", b"xmlns:p="),
        b"\xef\xbb\xbf" + message(before='<?xml version="1.0" encoding="UTF-8"?><!-- said --><?x y?>\n'),
    ):
        assert read_payments(data, "pay.xml").payments == plain
    assert plain[0] == Payment("T1", "ET1", MADE, "", 1250, "EUR", Party(), Party("Lake"))


@pytest.mark.parametrize(
    ("amount", "parts"),
    [("12.5", 1250), ("+3", 300), (".07", 7), ("10.", 1000), ("0", 0), ("007.10000", 710)],
)
def test_an_amount_becomes_its_smallest_parts(amount, parts):
    data = message(transfer(amount=f'<IntrBkSttlmAmt Ccy="EUR"> {amount} </IntrBkSttlmAmt>'))
    assert read_payments(data, "pay.xml").payments[0].amount == parts


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (message(transfer(amount=f"{EURO.format(1)}{EURO.format(1000)}")), "IntrBkSttlmAmt: stands 2 times"),
        (message(transfer(amount=EURO.format("1<x/>00"))), "IntrBkSttlmAmt: text beside elements"),
        (message(transfer(amount=EURO.format("<x/>100"))), "IntrBkSttlmAmt: text beside elements"),
        (
            message(transfer(amount=f'<Amt><InstdAmt Ccy="EUR">1</InstdAmt></Amt>{EURO.format(1000)}')),
            "IntrBkSttlmAmt: a customer's amount stands beside it",
        ),
        (message(transfer(more="<Cdtr><Nm>Other</Nm></Cdtr>")), "Cdtr: stands 2 times"),
        (message(transfer(more="<PmtId><EndToEndId>X</EndToEndId></PmtId>")), "PmtId: stands 2 times"),
        (message(around="<Envelope>{0}{0}</Envelope>"), "holds FIToFICstmrCdtTrf and more such"),
    ],
    ids=["amounts", "around", "behind", "kinds", "payees", "names", "messages"],
)
def test_what_another_reader_might_read_otherwise_is_refused(data, said):
    assert said in refused(data)


@pytest.mark.parametrize(("currency", "parts"), [("JPY", 12), ("KWD", 12_000), ("CLF", 120_000)])
def test_a_currency_has_its_own_decimals(currency, parts):
    data = message(transfer(amount=f'<IntrBkSttlmAmt Ccy="{currency}">12.00</IntrBkSttlmAmt>'))
    assert read_payments(data, "pay.xml").payments[0].amount == parts
    assert written(parts, currency) == {"JPY": "12", "KWD": "12.000", "CLF": "12.0000"}[currency]


ELEMENT = "Document/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmAmt: "


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("-5", "amount '-5': digits, and a point before its decimals"),
        ("1e9", "amount '1e9': digits, and a point before its decimals"),
        ("1,000.00", "amount '1,000.00': digits, and a point before its decimals"),
        ("NaN", "amount 'NaN': digits, and a point before its decimals"),
        ("", "amount '': digits, and a point before its decimals"),
        ("٣", "digits, and a point before its decimals"),
        ("1.005", "amount '1.005': at most 2 decimals"),
        ("1" * 19, "amount of more than 18 digits"),
    ],
)
def test_a_wrong_amount_names_the_element_and_the_rule(amount, rule):
    said = refused(message(transfer(amount=f'<IntrBkSttlmAmt Ccy="EUR">{amount}</IntrBkSttlmAmt>')))
    assert ELEMENT in said
    assert said.endswith(rule)


@pytest.mark.parametrize("currency", ["EURO", "eur", "XXQ", ""])
def test_a_currency_that_is_none_is_named(currency):
    said = refused(message(transfer(amount=f'<IntrBkSttlmAmt Ccy="{currency}">1</IntrBkSttlmAmt>')))
    assert f"currency {currency!r}, which ISO 4217 does not have" in said


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "line 1: no XML: Document is empty"),
        (message()[:-20], "no XML: "),
        (b"\x00\xff" * 50, "no UTF-8"),
        (message().decode().encode("utf-16"), "no UTF-8"),
        (message(before='<?xml version="1.0" encoding="latin-1"?>'), "these messages are UTF-8"),
        (message(around="<a>" * 60 + "{}" + "</a>" * 60), "more than 48 levels"),
        (b"<Document/>", "holds no payments"),
        (message(space="urn:other"), "names no ISO 20022 message"),
        (message(count=7), "GrpHdr/NbOfTxs: 7 announced, and there are 1"),
        (message(count="x"), "a number of at most 15 digits"),
        (message(made="2025-12-01"), "a date, where a time is asked"),
        (message(made="yesterday"), "as 2026-01-31T12:00:00Z"),
        (message(transfer(), transfer()), "T1 is transfer 1 of this file too"),
        (message(transfer(more="<ChrgBr>ALL</ChrgBr>")), "'ALL': one of CRED, DEBT, SHAR, SLEV"),
        (message(transfer(more="<IntrBkSttlmDt>2025-02-30</IntrBkSttlmDt>")), "date '2025-02-30'"),
        (message(transfer(amount="")), "IntrBkSttlmAmt: is missing, and must be there"),
        (message(transfer("T" * 60)), "1 to 35 characters, and it has 61"),
        (
            message(transfer(more="<CdtrAcct><Id><IBAN>DE02120300000000202052</IBAN></Id></CdtrAcct>")),
            "is no IBAN: its check digits are wrong",
        ),
        (
            message(transfer(more="<CdtrAgt><FinInstnId><BICFI>BANK</BICFI></FinInstnId></CdtrAgt>")),
            "'BANK' is no BIC (ISO 9362)",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why_in_one_line(data, rule):
    assert rule in refused(data)


BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("kind", [BOMB, OUTSIDE, '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">'])
@pytest.mark.parametrize("before", ["", '<?xml version="1.0"?>\n', "<!-- <a> -->\n <?p q?> "])
def test_a_document_type_is_refused_before_anything_is_made_of_it(kind, before):
    data = message(transfer(more="<RmtInf><Ustrd>&a;</Ustrd></RmtInf>"), before=before + kind)
    assert "a document type (DOCTYPE), which these messages may not have" in refused(data)


def test_an_entity_that_nobody_declared_is_no_xml():
    assert "no XML" in refused(message(transfer(more="<RmtInf><Ustrd>&a;</Ustrd></RmtInf>")))


def test_a_file_beyond_the_limit_is_not_parsed(monkeypatch):
    monkeypatch.setattr(tree, "FILE_BYTES_MAX", 100)
    assert "at most 100 are read: split the file" in refused(message())


def test_a_clock_far_ahead_is_noticed_by_whoever_has_one():
    assert "more than a day ahead of this clock" in refused(message(), now=MADE - 2 * 86_400_000)
    assert read_payments(message(), "pay.xml", MADE - 3_600_000).payments


def test_a_business_header_must_name_the_message_that_it_brings():
    head = "<AppHdr><BizMsgIdr>M</BizMsgIdr><MsgDefIdr>{}</MsgDefIdr></AppHdr>"
    good = "<Envelope>" + head.format("pacs.008.001.08") + "{}</Envelope>"
    assert read_payments(message(around=good), "pay.xml").header.identification == "M"
    wrong = "<Envelope>" + head.format("pacs.008.001.09") + "{}</Envelope>"
    said = refused(message(around=wrong))
    assert "Envelope/AppHdr/MsgDefIdr: 'pacs.008.001.09', and the message is a pacs.008.001.08" in said


def test_rows_that_cannot_be_used_are_left_out_only_if_told_so():
    bad = transfer("T2", '<IntrBkSttlmAmt Ccy="EUR">x</IntrBkSttlmAmt>')
    read = read_payments(message(transfer(), bad, transfer("T3"), bad.replace("T2", "T4")), "pay.xml")
    assert [one.number for one in read.rejected] == [2, 4]
    assert [one.reference for one in take(read, skip=True)] == ["T1", "T3"]
    with pytest.raises(DataError, match=r"amount 'x'.* \(1 more cannot be used\)"):
        take(read)


def test_rejected_rows_are_written_for_whoever_mends_the_file(tmp_path):
    write_rejects(tmp_path / "bad.csv", [Rejected(2, 'row 2, "amount": no number')])
    assert (tmp_path / "bad.csv").read_text().splitlines() == [
        "number,why",
        '2,"row 2, ""amount"": no number"',
    ]
    with pytest.raises(DataError, match=r"nowhere/bad\.csv: No such file or directory"):
        write_rejects(tmp_path / "nowhere" / "bad.csv", [])


def test_a_sum_that_does_not_add_up_is_a_remark():
    total = '<TtlIntrBkSttlmAmt Ccy="EUR">99</TtlIntrBkSttlmAmt></GrpHdr>'
    read = read_payments(message().replace(b"</GrpHdr>", total.encode()), "pay.xml")
    assert len(read.payments) == 1
    assert "add up to another sum" in read.remarks[0]


texts = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Z", "C"]), min_size=1
)
parties = st.builds(
    Party,
    name=st.one_of(st.just(""), texts),
    account=st.sampled_from(["", "DE02120300000000202051", "12-34 / 5", "GB12", "GB82WEST12345698765432"]),
    agent=st.sampled_from(["", "BANKDEFFXXX", "BANKDEFF", "021000021"]),
    country=st.sampled_from(["", "DE", "GB"]),
)
payments = st.builds(
    Payment,
    reference=st.sampled_from(["00000000-0000-4000-9a9f-b231a317421a", "T-1", "a-b-c-d-e"]),
    end_to_end=st.text("AB12-/", min_size=1, max_size=35),
    made=st.just(MADE),
    settles=st.sampled_from(["", "2025-12-02"]),
    amount=st.integers(0, 10**14),
    currency=st.sampled_from(sorted(CURRENCIES)),
    debtor=parties,
    creditor=parties,
    bearer=st.sampled_from(["", "SHAR", "DEBT"]),
    remittance=st.one_of(st.just(""), texts),
)


@given(payments)
def test_what_is_written_is_read_again(payment):
    payment = replace(payment, debtor=replace(payment.debtor, name=payment.debtor.name[:140]))
    payment = replace(payment, creditor=replace(payment.creditor, name=payment.creditor.name[:140]))
    read = read_payments(write_payments([payment], "M-1", MADE), "pay.xml")
    assert read.rejected == ()
    assert read.payments == (payment,)


def test_each_payment_of_a_file_has_the_time_at_which_its_bank_accepted_it():
    rows = [Payment(f"T{at}", f"E{at}", MADE - at, "", 1, "EUR", Party(), Party()) for at in range(3)]
    assert read_payments(write_payments(rows, "M", MADE), "pay.xml").payments == tuple(rows)
    late = message(transfer(more="<AccptncDtTm>2025-12-02T00:00:01Z</AccptncDtTm>"))
    assert "more than a day after the message was made" in refused(late)


def test_a_text_that_no_xml_may_have_is_not_written():
    with pytest.raises(DataError, match="a character that no XML may have"):
        write_payments([Payment("T", "E", MADE, "", 1, "EUR", Party("a\x00b"), Party())], "M", MADE)


SAID = Statement(
    "S-1",
    "DE02120300000000202051",
    "EUR",
    (Balance("OPBD", -500, "EUR", "2025-12-01"), Balance("CLBD", 750, "EUR", "2025-12-02")),
    (
        Entry(
            "N-1",
            1250,
            "EUR",
            "BOOK",
            "2025-12-01",
            "2025-12-02",
            "PMNT/RCDT/ESCT",
            (Detail("E-1", 1250, "EUR", Party("Hill", "GB82WEST12345698765432"), "invoice 7"),),
        ),
        Entry("N-2", -300, "EUR", "PDNG", "2025-12-02", "", "FEE", ()),
    ),
)


def test_a_statement_is_written_and_read_again():
    read = read_statements(write_statement(SAID, MADE), "s.xml")
    assert read.statements == (SAID,)
    assert read.remarks == ()
    assert read.header.definition == "camt.053.001.08"


def test_a_notice_has_no_balances():
    read = read_statements(write_notice(SAID, MADE), "s.xml")
    assert read.statements == (replace(SAID, balances=()),)
    assert read.header.definition == "camt.054.001.08"


def test_a_balance_that_the_entries_do_not_explain_is_a_remark():
    off = replace(SAID, balances=(SAID.balances[0], Balance("CLBD", 751, "EUR", "2025-12-02")))
    assert (
        "do not lead from the opening to the closing"
        in read_statements(write_statement(off, MADE), "s").remarks[0]
    )


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"<Acct>", b"<Akkt>", "no XML"),
        (b"BkToCstmrStmt", b"BkToCstmrSomething", "holds no statements"),
        (b"<Id>S-1</Id>", b"", "Stmt/Id: is missing"),
        (b'Ccy="EUR"', b'Ccy="ERU"', "currency 'ERU'"),
    ],
)
def test_a_statement_that_cannot_be_used_says_why(old, new, rule):
    with pytest.raises(DataError, match=r"s\.xml, line") as error:
        read_statements(write_statement(SAID, MADE).replace(old, new), "s.xml")
    assert rule in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"3.00</Amt>\n        <CdtDbtInd>DBIT", b"3.00</Amt><CdtDbtInd>NO", "CdtDbtInd: 'NO': CRDT or DBIT"),
        (b"N-2</NtryRef>", b"N-2</NtryRef><CdtDbtInd>CRDT</CdtDbtInd>", "CdtDbtInd: stands 2 times"),
        (b'"EUR">3.00', b'"ERU">3.00', "currency 'ERU'"),
        (b">3.00", b">3.005", "amount '3.005'"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_and_the_others_are_read(old, new, rule):
    data = write_statement(SAID, MADE)
    assert old in data
    read = read_statements(data.replace(old, new), "s.xml")
    assert [entry.reference for entry in read.statements[0].entries] == ["N-1"]
    assert [one.number for one in read.rejected] == [2]
    assert rule in read.rejected[0].why
