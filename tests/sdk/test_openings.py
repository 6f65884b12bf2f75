"""What a member opens of its data set is checked from a file alone; nobody passes it off as its own."""

import json
import random

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from consortia.app import application
from consortia.base.codec import encode
from consortia.base.commitments import rows_value, subject_key
from consortia.base.setcommit import path, root
from consortia.cli.supply import supply
from consortia.cli.verify import FILE_BYTES_MAX, verify
from consortia.engines.commit.dataset import Commitment, append, commitment, create, prove, remove
from consortia.kernel.proof import Proof, SubjectOpening, parse_proof
from consortia.kernel.prove import prove_state
from consortia.modules.assets.messages import NewVersion, Register
from consortia.modules.assets.state import ASSETS, VERSIONS
from consortia.modules.assets.types import Rights
from consortia.sdk.assets import raw_of, rows_of
from consortia.sdk.openings import MAGIC, Opening, opening_of, proof_of_subject, verify_opening
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis.reading import recorded
from consortia.solutions.supply.sealing import TERMS, seal
from consortia.testing.machine import Bench
from consortia.testing.witnessed import Witnessed

MUTANTS = 40
APP = application()


def receipts():
    """Two receipts of goods, and what was paid for them."""
    found = [one for one in synthetic.chain(1, synthetic.Size()) if one["bizStep"] == "receiving"][:2]
    return [synthetic.bought(one, at) for at, one in enumerate(found)]


MADE = seal([recorded(one, {}, at, "") for at, one in enumerate(receipts())], [synthetic.PRICE])
EVENTS = [recorded(one, {}, at, "").name for at, one in enumerate(MADE.shared)]


def registered(bench, member, made, name=TERMS):
    """The id of a member's data set with this commitment."""
    rights = Rights((), ())
    message = Register(
        name, "dataset", "Terms", "set", made.root, made.count, made.subjects, None, (), rights
    )
    return bench.ok(member, "admin", message).events[0].body["asset"]


class Chain:
    """A ledger on which north sealed the terms, and east registered the same records anew."""

    def __init__(self):
        bench = Bench(4)
        rows = rows_of(raw_of(MADE.rows(), "terms"), "about")
        self.data = create(rows, [b"nobody"], known=True)
        self.id = registered(bench, "north", commitment(self.data))
        self.other = registered(bench, "east", commitment(create(rows)))
        self.network, self.kept = bench.network, Witnessed.of(bench)

    def entry(self, key):
        """A proof of what stands at a state key."""
        return prove_state(self.kept.ledger, key).encode()

    def presence(self, at=0, field=synthetic.PRICE):
        """What north holds of a field of an event."""
        return prove(self.data, f"{EVENTS[at]} {field}".encode())

    def opening(self, at=0, field=synthetic.PRICE):
        """The file that opens it."""
        return opening_of(self.entry, self.id, 1, self.presence(at, field))

    def refused(self, data, text, step):
        """That a file is refused at a step which says so."""
        checked, opened = verify_opening(APP, data, self.network)
        assert (checked.failed, opened) == (step, None)
        assert text in checked.steps[-1].text


@pytest.fixture(scope="module")
def chain():
    return Chain()


def typed(command, *words):
    return CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)


def test_an_opening_says_who_said_what_of_which_event(chain, tmp_path):
    file, shared = tmp_path / "price.opening", tmp_path / "shared.ndjson"
    shared.write_text("\n".join(json.dumps(one) for one in MADE.shared), encoding="utf-8")
    for at, one in enumerate(receipts()):
        file.write_bytes(chain.opening(at))
        words = ("verify", file, shared, "--network", chain.network.hex())
        told = json.loads(typed(supply, *words, "--json").stdout)
        assert (told["ok"], told["member"], told["event"]) == (True, "north", EVENTS[at])
        assert (told["field"], told["values"]) == (synthetic.PRICE, [one[synthetic.PRICE]])
        assert f'"{one[synthetic.PRICE]}"' in typed(supply, *words).stdout
    plain = typed(verify, file, "--network", chain.network.hex())
    assert (plain.return_value, "north/sealed-terms version 1" in plain.stdout) == (0, True)
    assert [receipts()[1][synthetic.PRICE] in plain.stdout, "owning_party" in plain.stdout] == [True, False]
    first = shared.read_text(encoding="utf-8").splitlines()[0]
    shared.write_text(first, encoding="utf-8")
    said = typed(supply, *words)
    assert (said.return_value, f"of another event, {EVENTS[1]}" in " ".join(said.stdout.split())) == (1, True)
    assert receipts()[1][synthetic.PRICE] not in said.stdout
    assert typed(supply, "verify", tmp_path / "none", shared, "--network", "0" * 64).exception.code == 3


def test_a_file_longer_than_any_proof_is_not_read(tmp_path):
    for size, text in ((1 << 40, "longer than any proof"), (FILE_BYTES_MAX, "")):
        file = tmp_path / "huge.opening"
        with file.open("wb") as target:
            target.truncate(size)
        said = typed(verify, file, "--network", "0" * 64)
        failed = said.return_value if said.exception is None else said.exception.code
        assert (failed, text in str(said.exception)) == (1, True)


def test_an_opening_is_swapped_with_no_other(chain):
    """Event, field, price, member: each is bound to the commitment, and the commitment to its owner."""
    first, second = chain.presence(0), chain.presence(1)
    for wrong in (
        replace(first, rows=second.rows),
        replace(first, rows=second.rows, rows_salt=second.rows_salt),
        replace(first, subject=second.subject),
        replace(first, subject=second.subject, salt=second.salt),
        replace(first, subject=chain.presence(0, "sourceList").subject),
        replace(first, salt=bytes([1]) * 32),
        replace(first, rows=(*first.rows, *first.rows)),
        replace(first, rows=()),
    ):
        chain.refused(opening_of(chain.entry, chain.id, 1, wrong), "what is opened", 2)
    chain.refused(opening_of(chain.entry, chain.other, 1, first), "what is opened", 2)
    stolen = Opening(
        chain.entry(ASSETS.state_key(chain.other)), proof_of_subject(chain.entry, chain.id, 1, first), ()
    )
    chain.refused(stolen.encode(), "of another entry than the data set's", 3)


def test_a_file_that_opens_nothing_is_refused(chain):
    owner, shown = chain.entry(ASSETS.state_key(chain.id)), chain.entry(VERSIONS.state_key(chain.id, 1))
    opened = proof_of_subject(chain.entry, chain.id, 1, chain.presence())
    chain.refused(b"", "does not begin", 1)
    chain.refused(MAGIC + b"\x00", "", 1)
    chain.refused(Opening(owner, shown, ()).encode(), "opens no subject", 2)
    chain.refused(Opening(owner, owner, ()).encode(), "opens no subject", 2)
    nowhere = chain.entry(VERSIONS.state_key(chain.id, 2))
    chain.refused(Opening(owner, nowhere, ()).encode(), "shows no entry", 2)
    chain.refused(Opening(shown, opened, ()).encode(), "of another entry", 3)
    checked, _ = verify_opening(APP, Opening(owner, opened, ()).encode(), bytes(32))
    assert checked.failed == 2
    absent = proof_of_subject(chain.entry, chain.id, 1, prove(chain.data, b"nobody"))
    chain.refused(Opening(owner, absent, ()).encode(), "opens no subject", 2)


@pytest.mark.parametrize("rows", [encode(7), encode(["7"]), b"\xff"])
def test_a_member_that_committed_to_what_are_no_rows_cannot_open_them(rows):
    bench, salt = Bench(4), bytes(32)
    held = {subject_key(salt, b"x"): rows_value(salt, rows)}
    made = registered(bench, "north", Commitment(root(held), 1, 1))
    kept = Witnessed.of(bench)
    bare = parse_proof(prove_state(kept.ledger, VERSIONS.state_key(made, 1)).encode())
    subject = SubjectOpening(b"x", salt, rows, salt, path(held, subject_key(salt, b"x")))
    shown = Proof(replace(bare.extra, subject=subject), bare.index, bare.path, bare.note).encode()
    owner = prove_state(kept.ledger, ASSETS.state_key(made)).encode()
    checked, opened = verify_opening(APP, Opening(owner, shown, ()).encode(), bench.network)
    assert (checked.failed, opened) == (3, None)


def test_of_two_prices_under_two_salts_no_opening_says_that_it_is_the_only_one():
    """Salts hide that a subject stands twice: partners who compare their files find the contradiction."""
    bench, told = Bench(4), {bytes([at]) * 32: encode([encode({"value": f'"{at}"'})]) for at in (1, 2)}
    held = {subject_key(salt, b"x"): rows_value(salt, rows) for salt, rows in told.items()}
    made = registered(bench, "north", Commitment(root(held), 2, 2))
    kept, found = Witnessed.of(bench), set()
    owner = prove_state(kept.ledger, ASSETS.state_key(made)).encode()
    bare = parse_proof(prove_state(kept.ledger, VERSIONS.state_key(made, 1)).encode())
    for salt, rows in told.items():
        subject = SubjectOpening(b"x", salt, rows, salt, path(held, subject_key(salt, b"x")))
        shown = Proof(replace(bare.extra, subject=subject), bare.index, bare.path, bare.note).encode()
        checked, opened = verify_opening(APP, Opening(owner, shown, ()).encode(), bench.network)
        assert (opened.first, "under another" in checked.steps[3].text) == (False, True)
        found.add((opened.asset.id, opened.version.number, opened.subject, opened.rows))
    assert len(found) == 2


class Liar:
    """A ledger on which north said one price, took it out, said another, and two more elsewhere."""

    def __init__(self):
        bench = Bench(4)
        self.about = f"{EVENTS[0]} {synthetic.PRICE}".encode()
        said = {price: {self.about: [encode({"value": f'"{price}"'})]} for price in ("412.50", "399.00")}
        self.rest = create({b"x": [b"1"]}, known=True)
        self.first = append(self.rest, said["412.50"], known=True)
        self.data = append(remove(self.first, [self.about]), said["399.00"], known=True)
        self.id = registered(bench, "north", commitment(self.data, 1))
        for number in range(2, 5):
            made = commitment(self.data, number)
            bench.ok("north", "admin", NewVersion(self.id, made.root, made.count, made.subjects, None))
        self.elsewhere = create(said["399.00"], known=True)
        self.other = registered(bench, "north", commitment(self.elsewhere), "other-terms")
        self.network, self.kept = bench.network, Witnessed.of(bench)

    def entry(self, key):
        """A proof of what stands at a state key."""
        return prove_state(self.kept.ledger, key).encode()

    def opening(self, number, before):
        """An opening of a version, with what earlier versions are said to be."""
        return opening_of(self.entry, self.id, number, prove(self.data, self.about, number), before)


def test_who_has_said_a_price_opens_no_other_one(tmp_path):
    """Not in the same version, not in a later one after taking the first out, not in another data set."""
    liar, file, shared = Liar(), tmp_path / "price.opening", tmp_path / "shared.ndjson"
    shared.write_text(json.dumps(MADE.shared[0]), encoding="utf-8")
    absent = prove(liar.data, liar.about, 1)
    words = ("verify", file, shared, "--network", liar.network.hex())

    def said(data):
        file.write_bytes(data)
        found = typed(supply, *words)
        return found.return_value, " ".join(found.stdout.split())

    code, text = said(liar.opening(2, [absent]))
    assert (code, "412.50" in text, "nothing else of this field" in text) == (0, True, True)
    gone = prove(liar.data, liar.about, 3)
    for before in ([], [absent], [absent, absent, gone], [absent, gone, gone]):
        code, text = said(liar.opening(4, before))
        assert (code, "399" in text) == (1, False)
    for early in (Liar.entry(liar, VERSIONS.state_key(liar.id, 1)), b"", chain_of(liar, b"x")):
        opened = Opening(
            liar.entry(ASSETS.state_key(liar.id)),
            proof_of_subject(liar.entry, liar.id, 2, prove(liar.data, liar.about, 2)),
            (early,),
        )
        assert said(opened.encode())[0] == 1
    code, text = said(opening_of(liar.entry, liar.other, 1, prove(liar.elsewhere, liar.about)))
    assert (code, "in other-terms, not in sealed-terms" in text) == (1, True)


def chain_of(liar, subject):
    """That another subject than the one that is opened is in the first version."""
    return proof_of_subject(liar.entry, liar.id, 1, prove(liar.data, subject, 1))


def test_a_changed_byte_anywhere_is_found(chain):
    data, draw = chain.opening(), random.Random(1)
    for _ in range(MUTANTS):
        at = draw.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :]
        assert verify_opening(APP, changed, chain.network)[1] is None
