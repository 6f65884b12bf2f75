"""A joiner's node begins from a snapshot where one is offered, and never from half of one."""

import asyncio

import msgspec
import pytest

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.node.cometbft import starting
from consortia.node.cometbft.files import Files
from consortia.node.cometbft.starting import Light, Starting
from consortia.node.founding import found
from consortia.sdk.errors import Unreachable
from consortia.store.memory import MemoryStore

CHAIN = {"id": "0f" * 20, "start": 1, "time": 1_767_225_600_007}
SNAPSHOTS = [{"height": 500, "hash": "AB" * 32}, {"height": 1000, "hash": "CD" * 32}]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(starting, "ASK_SECONDS", 0)
    monkeypatch.setattr(starting, "PAUSE_SECONDS", 0)


def told(*answers):
    """Somebody who is asked and gives these answers, one after the other, the last for ever."""
    left = list(answers)

    async def ask(member, path, _body):
        assert (member, path) == ("guide", "/v1/status")
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is None:
            raise Unreachable("it is away")
        return msgspec.json.encode({"network": "00", "driver": {"name": "cometbft", **answer}})

    return ask


def begun(tmp_path, *answers):
    (home,) = found(tmp_path, "net", ["guide"], 1_767_225_600_000)
    files = Files(home.path)
    files.prepare()
    ledger = Ledger.create(MemoryStore(), application(), decode_record(Genesis, home.genesis()))
    return Starting(files, ledger, "guide", told(*answers), tmp_path / "light.sock")


def way(one, start=1, known=True):
    return asyncio.run(one.way(start, lambda: known))


def test_the_oldest_snapshots_block_is_trusted_by_the_guides_word(tmp_path):
    one = begun(tmp_path, {"chain": CHAIN, "snapshots": SNAPSHOTS})
    found_way = way(one)
    assert (found_way.trust.height, found_way.trust.hash) == (500, "AB" * 32)
    assert (found_way.chain.chain, found_way.chain.time) == (CHAIN["id"], CHAIN["time"])
    assert "guide vouches for" in one.text
    one.settled()
    assert list(one.files.folder.glob("*restoring*")) == []


@pytest.mark.parametrize("answer", [{}, {"chain": CHAIN}, {"snapshots": SNAPSHOTS}])
def test_without_a_snapshot_all_blocks_are_fetched_and_it_is_said(tmp_path, answer):
    one = begun(tmp_path, answer)
    assert way(one) is None
    assert one.text == "guide offers no snapshot: all blocks are fetched, one by one"


def test_a_guide_that_is_away_is_named(tmp_path):
    one = begun(tmp_path, None)
    assert way(one) is None
    assert one.text == "guide does not say what it offers (it is away): all blocks are fetched"


def test_who_has_blocks_or_knows_nobody_asks_nobody(tmp_path):
    one = begun(tmp_path, {"chain": CHAIN, "snapshots": SNAPSHOTS})
    assert way(one, known=False) is None
    (one.files.folder / "data" / "blockstore.db").mkdir()
    assert way(one) is None
    assert one.text == ""


def test_who_cannot_fetch_the_chains_beginning_waits_for_a_snapshot(tmp_path):
    moved = {**CHAIN, "start": 70}
    one = begun(tmp_path, {"chain": moved}, {"chain": moved}, {"chain": moved, "snapshots": SNAPSHOTS})
    assert way(one).size == 70


def test_a_restoration_that_broke_off_begins_anew_and_what_was_voted_is_kept(tmp_path):
    one = begun(tmp_path, {"chain": CHAIN, "snapshots": SNAPSHOTS})
    way(one)
    data = one.files.folder / "data"
    (data / "blockstore.db").mkdir()
    (data / "priv_validator_state.json").write_text("voted")
    assert way(one) is not None
    assert [path.name for path in data.iterdir()] == ["priv_validator_state.json"]


def test_what_was_given_up_is_not_tried_again(tmp_path):
    one = begun(tmp_path, {"chain": CHAIN, "snapshots": SNAPSHOTS})
    way(one)
    one.give_up()
    assert way(one) is None
    assert one.text == "no snapshot could be restored: all blocks are fetched, one by one"


def test_a_light_clients_questions_are_passed_on(tmp_path):
    path = tmp_path / "light.sock"

    async def answer(question):
        if question == b"away":
            raise Unreachable("it is away")
        return question[::-1]

    async def asked(*questions):
        light = Light(path, answer)
        await light.open()
        reader, writer = await asyncio.open_unix_connection(path)
        got = []
        for question in questions:
            writer.write(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(question) + question
            )
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except EOFError:
                got.append(None)
                break
            got.append(await reader.readexactly(int(head.rpartition(b": ")[2])))
        writer.close()
        light.close()
        return got

    assert asyncio.run(asked(b"abc", b"defg", b"away")) == [b"cba", b"gfed", None]
    assert not path.exists()
