"""Price and partner leave what others get, stand under salts on the ledger, and open one by one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.base.codec import encode
from consortia.base.commitments import rows_value, subject_key
from consortia.engines.commit.dataset import create, entries, prove
from consortia.engines.train.files import DataError
from consortia.sdk.assets import raw_of, rows_of
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis import querying
from consortia.solutions.supply.epcis.hashing import event_hash
from consortia.solutions.supply.epcis.reading import read, recorded
from consortia.solutions.supply.epcis.repository import Repository, keep, with_context
from consortia.solutions.supply.sealing import PARTNERS, event_of, seal, term_of

NAMES = {"acme": "https://acme.example/", "other": "https://other.example/"}
HEAD = {"@context": [NAMES]}
PRICE = "acme:price"
GOODS = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T08:30:00Z",
    "eventTimeZoneOffset": "+00:00",
    "action": "OBSERVE",
    "bizStep": "receiving",
    "epcList": ["urn:epc:id:sscc:9521141.0000000001"],
    "readPoint": {"id": "urn:epc:id:sgln:9521141.00004.0"},
    "acme:dock": "4",
}
TRADE = {
    PRICE: "412.50 EUR",
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000004:77"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521141.00002"}],
    "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:9521141.00009"}],
}


def events(*bodies):
    return [recorded(each, NAMES, at, f"event {at}") for at, each in enumerate(bodies, 1)]


def sealed(*bodies, fields=(PRICE,)):
    return seal(events(*bodies), fields)


def dataset(made):
    return create(rows_of(raw_of(made.rows(), "terms"), "about"))


def again(folder, made):
    """The shared events as somebody else reads them."""
    path = folder / "shared.json"
    path.write_text(json.dumps(querying.document_of(made.shared, "2026-03-02T00:00:00Z")), encoding="utf-8")
    return read(path).found


def test_what_others_get_says_nothing_of_price_and_partner_and_has_the_hash_that_is_committed_to(tmp_path):
    full, made = GOODS | TRADE, sealed(GOODS | TRADE)
    (event,) = again(tmp_path, made)
    assert event.name == event_hash(GOODS, NAMES) != event_hash(full, NAMES)
    assert [(term.event, term.field) for term in made.terms] == [
        (event.name, field) for field in (*PARTNERS, PRICE)
    ]
    said = json.dumps(made.shared)
    for secret in ("412", "00002", "00009", "bt:", event_hash(full, NAMES)):
        assert secret not in said
    data = dataset(made)
    for term in made.terms:
        shown = prove(data, term.about.encode())
        assert term_of(shown.subject, shown.rows) == term
        assert event_of(term, [event]) is event
        assert [json.loads(value) for value in term.values] in (full[term.field], [full[term.field]])


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT.map(lambda name: f"x:{name}"), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(price=JSON, orders=st.lists(TEXT, max_size=3, unique=True), dock=TEXT)
@settings(max_examples=60, deadline=None)
def test_whatever_is_sealed_the_event_is_named_as_if_it_had_never_been_there(price, orders, dock):
    bare = GOODS | {"acme:dock": dock}
    partners = {"bizTransactionList": [{"type": "po", "bizTransaction": each} for each in orders]}
    made = sealed(bare | partners | {PRICE: price})
    (body,) = made.shared
    assert {name: value for name, value in body.items() if name != "@context"} == bare
    assert {term.event for term in made.terms} == {event_hash(bare, NAMES)}
    opened = {term.field: [json.loads(value) for value in term.values] for term in made.terms}
    assert opened.pop(PRICE) == [price]
    found = {each["bizTransaction"] for each in opened.get("bizTransactionList", ())}
    assert found == set(orders)


def test_ids_that_are_hashes_of_the_whole_event_go_as_its_partner_could_be_guessed_from_them():
    full = GOODS | TRADE
    name, wrong = event_hash(full, NAMES), {"declarationTime": "2026-03-02T00:00:00Z"}
    late = {"eventTime": "2026-03-01T09:00:00Z"}
    corrected = (
        GOODS | late | {"errorDeclaration": wrong | {"correctiveEventIDs": [name, "ni:///x", "urn:uuid:1"]}}
    )
    first, second = sealed(full | {"eventID": name}, corrected).shared
    assert first["eventID"] == event_hash(GOODS, NAMES)
    assert second["errorDeclaration"]["correctiveEventIDs"] == [event_hash(GOODS, NAMES), "urn:uuid:1"]
    assert sealed(full | {"eventID": "urn:uuid:7"}).shared[0]["eventID"] == "urn:uuid:7"
    with pytest.raises(DataError, match="event 2: it names an event by a hash that covers what is sealed"):
        sealed(full, GOODS | late | {"acme:see": name})


def test_a_store_of_captured_events_is_sealed_with_the_names_that_it_gave(tmp_path):
    store = Repository(tmp_path / "goods.epcis")
    job = store.begin("rollback", 0)
    store.finish(job, [keep(each) for each in events(with_context(HEAD, GOODS | TRADE))], [], 0)
    kept = read(store.path).found
    assert kept[0].body["eventID"] == event_hash(GOODS | TRADE, NAMES)
    (event,) = again(tmp_path, seal(kept, [PRICE]))
    assert event.name == event.body["eventID"] == event_hash(GOODS, NAMES)
    assert event_hash(GOODS | TRADE, NAMES) not in json.dumps(event.body)


REFUSED = {
    "no event has a field 'acme:prize'": (GOODS | TRADE, ["acme:prize"]),
    "is no field of another vocabulary": (GOODS | TRADE, ["epcList"]),
    "x1b.2J' is no field": (GOODS | TRADE, ["acme:pr\x1b[2J"]),
    "'other:Price' would be shared": (GOODS | TRADE | {"other:Price": 1}, [PRICE]),
    "'acme:price' would be shared": (GOODS | TRADE | {"ilmd": {PRICE: 1}, "action": "ADD"}, [PRICE]),
    "'price' would be shared": (GOODS | TRADE | {"acme:deal": [{"price": 1}]}, [PRICE]),
    "'SourceList' would be shared": (GOODS | TRADE | {"SourceList": []}, [PRICE]),
    "'epcis:sourceList' would be shared": (GOODS | TRADE | {"epcis:sourceList": []}, [PRICE]),
    "acme:price has more than 1,000 characters": (GOODS | {PRICE: "9" * 1000}, [PRICE]),
}


@pytest.mark.parametrize("why", sorted(REFUSED))
def test_what_would_be_shared_after_all_is_refused_and_no_value_is_told(why):
    body, fields = REFUSED[why]
    with pytest.raises(DataError, match=why) as refused:
        sealed(body, fields=fields)
    assert not any(secret in str(refused.value) for secret in ("412", "00002", "999"))


def test_events_that_are_one_without_what_is_sealed_say_one_thing_there():
    assert len(sealed(GOODS | TRADE, GOODS | TRADE, GOODS).terms) == 4
    with pytest.raises(DataError, match="event 2: acme:price of this event differs") as refused:
        sealed(GOODS | TRADE, GOODS | TRADE | {PRICE: "413.00 EUR"})
    assert "41" not in str(refused.value)


def test_an_event_that_is_its_transaction_stays_and_what_is_said_twice_is_told():
    order = {**GOODS, **TRADE, "type": "TransactionEvent"}
    made = sealed(GOODS | TRADE, order)
    assert (len(made.shared), made.kept_back, made.elsewhere) == (1, ("event 2",), ())
    place = {"destinationList": [{"type": "location", "destination": GOODS["readPoint"]["id"]}]}
    assert sealed(GOODS | TRADE | place).elsewhere == ("event 1",)


def test_a_field_that_stands_twice_in_a_document_is_refused(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text(json.dumps(GOODS)[:-1] + ', "acme:price": 1, "acme:price": 2}', encoding="utf-8")
    with pytest.raises(DataError, match="'acme:price' stands twice in one object"):
        read(path)


def test_of_two_names_of_an_event_the_last_counts_and_the_hash_is_the_same(tmp_path):
    path, once = tmp_path / "twice.json", json.dumps(GOODS | {"eventID": "urn:uuid:2"})
    path.write_text('{"eventID": "urn:uuid:1", ' + once[1:], encoding="utf-8")
    [[event]] = [read(path).found]
    (tmp_path / "once.json").write_text(once, encoding="utf-8")
    [[same]] = [read(tmp_path / "once.json").found]
    assert (event.name, json.loads(event.said)) == (same.name, json.loads(same.said))


def test_a_price_is_not_guessed_from_the_ledger_and_from_what_else_was_opened():
    """All prices of a range are tried, by somebody who holds the event, the commitment and other openings."""
    made = sealed(GOODS | TRADE)
    data = dataset(made)
    partner = prove(data, f"{made.terms[0].event} sourceList".encode())
    about = next(term.about for term in made.terms if term.field == PRICE).encode()
    honest = prove(data, about)
    seen = {*entries(data), *entries(data).values()}
    prices = [f"{cents // 100}.{cents % 100:02} EUR" for cents in range(41_000, 41_500)]
    guesses = {price: encode([encode({"value": json.dumps(price)})]) for price in prices}

    def found(salt, key_salt):
        hit = subject_key(key_salt, about) in seen
        return [price for price, rows in guesses.items() if rows_value(salt, rows) in seen], hit

    for salt in (bytes(32), partner.salt, partner.rows_salt):
        assert found(salt, salt) == ([], False)
    assert found(honest.rows_salt, honest.salt) == (["412.50 EUR"], True)  # with the salts one try is enough


@pytest.mark.parametrize(
    ("subject", "rows", "why"),
    [
        (b"patient-7", [{"value": "1"}], "no field of an event"),
        (b"ni:///sha-256;%s?ver=CBV2.0 a:\x1b[2J" % (b"0" * 64), [{"value": "1"}], "no field of an event"),
        ("PRICE", [{"value": "1"}, {"value": "2"}], "said 2 times"),
        ("PRICE", [], "said 0 times"),
        ("PRICE", [{"price": "1"}], "no value of a field"),
        ("PRICE", [{"value": "NaN"}], "NaN is no number"),
        ("PRICE", [{"value": "{"}], "no JSON"),
        ("PRICE", [7], "no value of a field"),
        ("PRICE", [None], "no value of a field"),
    ],
)
def test_what_a_stranger_opens_is_held_to_its_form(subject, rows, why):
    about = f"ni:///sha-256;{'0' * 64}?ver=CBV2.0 {PRICE}".encode() if subject == "PRICE" else subject
    with pytest.raises(DataError, match=why):
        term_of(about, [b"\xff" if row is None else encode(row) for row in rows])


def test_an_opening_of_another_event_is_of_none_of_these():
    first = sealed(GOODS | TRADE).terms[0]
    with pytest.raises(DataError, match="of another event, ni:///sha-256;"):
        event_of(first, events(GOODS | {"eventTime": "2026-03-01T09:00:00Z"}))


def test_the_made_up_receipts_of_goods_are_shared_as_if_nothing_had_been_paid():
    body = next(each for each in synthetic.chain(1, synthetic.Size()) if each["bizStep"] == "receiving")
    made = seal([recorded(synthetic.bought(body, 3), {}, 1, "")], [synthetic.PRICE])
    assert made.shared == (body,)
    assert len(made.terms) == 3
