"""Transactions travel in bundles, and what anybody hands in takes no bundle of others apart."""

import asyncio
import base64
from dataclasses import replace

import pytest

from consortia.base.codec import encode
from consortia.base.keys import verify
from consortia.base.refusals import Refused
from consortia.drivers.cometbft.bundle import read
from consortia.kernel.application import Application
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, parse_transaction, sign_transaction
from consortia.node.cometbft.intake import Intake, check_signed
from consortia.node.cometbft.rpc import RpcError
from consortia.store.memory import MemoryStore
from consortia.testing.plain import MODULE, Directory, Member, Write, application, genesis
from tests.node.cometbft.test_rpc import asking, http

START = 1_700_000_000_000
AMBER, STRANGER = Member("amber"), Member("stranger")
LEDGER = Ledger.create(MemoryStore(), application(), genesis([AMBER], time=START))


def transaction(member=AMBER, sequence=0):
    calls = (call(Write("x", b"1"), "plain", "write"),)
    return sign_transaction(member.operator, LEDGER.network, calls, sequence=sequence, expires=START + 10**9)


def name(raw):
    return parse_transaction(raw, LEDGER.network).id


def altered(raw):
    return raw[:-1] + bytes([raw[-1] ^ 1])


def test_what_is_handed_in_twice_is_sent_once_and_both_are_told(tmp_path):
    raws = [transaction(sequence=number) for number in range(3)]
    taken = http({"result": {"code": 0, "data": encode(["ok"] * 3).hex()}})

    async def go(rpc):
        intake = Intake(rpc, LEDGER.network, 0, lambda: START)
        running = asyncio.create_task(intake.run())
        handed = [(raw, name(raw)) for raw in (*raws, raws[0], raws[2])] + [(altered(raws[1]), name(raws[1]))]
        told = await asyncio.gather(*[intake.hand_in(*each) for each in handed])
        running.cancel()
        return told

    told, heard = asking(tmp_path / "rpc", [taken], go)
    assert told == ["ok"] * 6
    assert read(base64.b64decode(heard[0]["params"]["tx"])) == tuple(raws)


def test_whoever_waits_is_told_where_an_answer_makes_no_sense_and_may_try_again(tmp_path):
    raws = [transaction(sequence=number) for number in range(2)]
    odd = taken = http({"result": {"code": 0, "data": encode(["ok"]).hex()}})

    async def go(rpc):
        intake = Intake(rpc, LEDGER.network, 0, lambda: START)
        running = asyncio.create_task(intake.run())
        handing = [intake.hand_in(raw, name(raw)) for raw in raws]
        first, second = await asyncio.gather(*handing, return_exceptions=True)
        assert (first, type(second)) == ("ok", RpcError)
        with pytest.raises(ValueError, match="shorter"):
            await running
        running = asyncio.create_task(intake.run())
        told = await intake.hand_in(raws[1], name(raws[1]))
        running.cancel()
        await asyncio.sleep(0.05)  # whoever served sees the end
        return told

    assert asking(tmp_path / "rpc", [odd, taken], go)[0] == "ok"


class Revoked(Directory):
    """The directory of a network that has revoked all its keys."""

    def key(self, ctx, key):
        found = super().key(ctx, key)
        return None if found is None else replace(found, active=False)


def test_nothing_of_a_revoked_key_joins_a_bundle_signed_or_not():
    app = Application(modules=(MODULE,), keys=Revoked())
    ledger = Ledger.create(MemoryStore(), app, genesis([AMBER], time=START))
    for raw in (transaction(), altered(transaction())):
        with pytest.raises(Refused, match=r"kernel\.revoked_key"):
            check_signed(ledger, raw, verify)


def test_what_nobody_signed_joins_no_bundle():
    check_signed(LEDGER, transaction(), verify)
    for raw, code in ((altered(transaction()), "bad_signature"), (transaction(STRANGER), "unknown_key")):
        with pytest.raises(Refused, match=rf"kernel\.{code}"):
            check_signed(LEDGER, raw, verify)
