"""Random work and named attacks, every answer predicted by an auditor that is no part of the machine."""

import os
import random

import pytest

from consortia.base.hashing import tagged
from consortia.base.refusals import Refused
from consortia.kernel import admission as admission_room
from consortia.kernel import refusals as kernel
from consortia.kernel.block import OK, Block
from consortia.kernel.genesis import Limits
from consortia.kernel.machine import Tip
from consortia.kernel.transaction import Call, parse_transaction, sign_transaction
from consortia.modules.assets import handlers
from consortia.modules.assets import refusals as assets
from consortia.modules.assets.messages import Grant, MarkErased, NewVersion, Register, Revoke, Withdraw
from consortia.modules.assets.state import ASSETS, NAMES
from consortia.modules.assets.types import Parent, Permission
from consortia.modules.identity.messages import RevokeKey
from consortia.testing.auditor import Asked, Auditor, Key
from consortia.testing.machine import HOUR, STEP, Bench, key_from

MOST = 40
LIMITS = Limits(block_cost=4_000_000, block_transactions=MOST, epoch_milliseconds=3_600_000)
PURPOSES = ("*", "DUO:0000007", "DUO:0000042")
SHAPES = (
    *[("dataset", "batch", 9, None), ("dataset", "set", 9, 3), ("model", "blob", 1, None)] * 4,
    *[("dataset", "set", 2, 3), ("dataset", "batch", 9, 3), ("model", "batch", 9, None)],
)
ATTACKS = (
    *("replay", "gap", "stale expiry", "other network", "foreign key", "revoked key", "wrong role"),
    *("oversized", "cut short", "unknown method", "bad arguments", "forged signature"),
)
WORK = ("register", "derive", "version", "grant", "revoke", "withdraw", "erase", "revoke key")


class Found(AssertionError):
    """The machine answered otherwise than the auditor."""


class Run:
    """One seed's run: a network, its auditor, and moves drawn with weights of its own."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.bench = Bench(self.rng.randint(3, 5), limits=LIMITS)
        self.names = sorted(self.bench.parties)
        keys = {
            key.key_id: Key(name, role)
            for name, party in self.bench.parties.items()
            for role, key in party.keys.items()
        }
        self.auditor = Auditor(keys, MOST)
        self.weights = [self.rng.choice((1, 2, 5, 10)) for _ in WORK]
        self.attacks = self.rng.choice((0.05, 0.2, 0.4))
        self.sent, self.moves, self.codes = [], 0, set()

    def block(self):
        bench, auditor = self.bench, self.auditor
        auditor.begin(bench.time)
        fold = bench.machine.admission(bench.state, bench.tip, bench.time)
        admitted, expected, raws = [], [], []
        for _ in range(self.rng.randint(5, MOST + 8)):
            raw, code, play = self.move()
            self.moves += 1
            try:
                admitted.append(fold.admit(raw))
                said = OK
            except Refused as refused:
                said = refused.code
            self.agree(said, code)
            if said == OK:
                raws.append(raw)
                self.sent.append(raw)
                expected.append(play(parse_transaction(raw, bench.network).id))
        block = Block(bench.tip.height + 1, bench.time, tuple(raws))
        result = bench.machine.run(
            bench.state, bench.tip, block, fold, tuple(admitted), root_of=lambda _: bytes(32)
        )
        for receipt, code in zip(result.receipts, expected, strict=True):
            self.agree(receipt.code, code)
        bench.state.update(result.changes)
        bench.tip = Tip(block.height, block.time, bench.tip.size + len(result.leaves), bytes(32), bytes(32))
        bench.time += self.rng.choice((0, STEP, 60_000))
        self.sent = self.sent[-100:]

    def agree(self, said, expected):
        self.codes.add(said)
        if said != expected:
            raise Found(f"move {self.moves}: the machine said {said}, the auditor {expected}")

    def move(self):
        """A transaction's bytes, whether it may stand in the block, and what plays it in the model."""
        by = self.rng.choice(self.names)
        message, play = getattr(self, "_" + self.rng.choices(WORK, self.weights)[0].replace(" ", "_"))(by)
        attack = self.rng.choice(ATTACKS) if self.rng.random() < self.attacks else ""
        bench, auditor = self.bench, self.auditor
        call = bench.call(message)
        roles = bench.app.methods[call.method].method.roles
        role = next(role for role in ("operator", "admin") if role in roles)
        key = bench.key(by, role)
        if attack == "replay" and self.sent:
            raw = self.rng.choice(self.sent)
            old = parse_transaction(raw, bench.network).transaction
            held = bench.app.methods[old.calls[0].method].method.roles
            return raw, auditor.admit(Asked(old.key, old.sequence, old.expires, held, old.lane)), play
        if attack == "oversized":
            return bytes(65_537), "kernel.oversize", play
        if attack in {"unknown method", "bad arguments"}:
            call = Call("assets.fly", {}) if attack == "unknown method" else Call(call.method, {"x": 1})
        if attack == "foreign key":
            key = key_from("stranger")
        if attack == "wrong role":
            key = bench.key(by, "worker")
        if attack == "revoked key":
            key = bench.key(by, "analyst")
        lane = self.rng.choice((0, 0, 3))
        sequence = auditor.next.get((key.key_id, lane), 0) + (attack == "gap") * self.rng.randint(1, 3)
        expires = bench.time + (-1 if attack == "stale expiry" else HOUR)
        home = attack != "other network"
        network = bench.network if home else bytes(32)
        raw = sign_transaction(key, network, (call,), sequence=sequence, expires=expires, lane=lane)
        if attack == "cut short":
            return raw[:-1], "kernel.malformed", play
        if attack in {"unknown method", "bad arguments"}:
            return raw, f"kernel.{attack.replace(' ', '_')}", play
        signed = attack != "forged signature"
        if not signed:
            raw = raw[:-1] + bytes([raw[-1] ^ 1])
        asked = Asked(key.key_id, sequence, expires, roles, lane, home, signed)
        return raw, auditor.admit(asked), play

    def asset(self, by):
        """Mostly an own asset, sometimes another's or none."""
        own = [asset for asset, thing in self.auditor.things.items() if thing.owner == by][-30:]
        every = list(self.auditor.things)[-30:] or [bytes(32)]
        draw = self.rng.random()
        if draw < 0.03:
            return bytes(32)
        return self.rng.choice(own if own and draw < 0.8 else every)

    def _register(self, by, parents=()):
        name = f"asset-{self.rng.randrange(2_000)}"
        shape = self.rng.choice(SHAPES)
        commitment = self.rng.randbytes(32)
        kind, form, count, subjects = shape
        linked = tuple(Parent(asset, version) for asset, version in parents)
        message = Register(name, kind, "Rows", form, commitment, count, subjects, None, linked, None)
        network = self.bench.network

        def play(transaction):
            asset = tagged("consortia/asset", network + transaction + bytes(8))
            return self.auditor.register(by, name, shape, parents, (asset, commitment))

        return message, play

    def _derive(self, by):
        return self._register(
            by, tuple((self.asset(by), self.rng.choice((1, 1, 1, 2))) for _ in range(self.rng.randint(1, 2)))
        )

    def _version(self, by):
        asset = self.asset(by)
        thing = self.auditor.things.get(asset)
        same = thing is not None and self.rng.random() < 0.2
        commitment = thing.versions[-1] if same else self.rng.randbytes(32)
        subjects = 2 if thing is not None and thing.form == "set" and self.rng.random() < 0.9 else None
        message = NewVersion(asset, commitment, 9, subjects, None)
        return message, lambda _: self.auditor.version(by, asset, commitment, 9, subjects)

    def _grant(self, by):
        asset, purpose = self.asset(by), self.rng.choice(PURPOSES)
        who = self.rng.choice([*self.names, *self.names, "nobody"])
        message = Grant(asset, "process", (Permission(who, (purpose,)),))
        return message, lambda _: self.auditor.grant(by, asset, who, purpose)

    def _revoke(self, by):
        asset, who = self.asset(by), self.rng.choice(self.names)
        return Revoke(asset, "process", (who,), None), lambda _: self.auditor.revoke(by, asset, who)

    def _withdraw(self, by):
        asset = self.asset(by)
        return Withdraw(asset), lambda _: self.auditor.withdraw(by, asset)

    def _erase(self, by):
        asset, version = self.asset(by), self.rng.randint(1, 3)
        return MarkErased(asset, version), lambda _: self.auditor.erase(by, asset, version)

    def _revoke_key(self, by):
        key = self.bench.key(by, "analyst").key_id
        if not self.auditor.keys[key].active or key in self.auditor._revoked:
            return self._register(by)
        # Two calls for it in one block would need the law of identity; one is enough to make the key old.
        self.auditor.revoke_key(key)
        self.auditor._revoked.remove(key)
        if getattr(self, "_asked", None) is None:
            self._asked = set()
        if key in self._asked:
            return self._register(by)

        def play(_):
            self._asked.add(key)
            return self.auditor.revoke_key(key)

        return RevokeKey(key), play

    def compare(self):
        """What stands in the end is what the auditor thinks."""
        ctx = self.bench.context()
        assert {key for key, _ in NAMES.scan(ctx)} == self.auditor.names
        for (asset,), found in ASSETS.scan(ctx):
            thing = self.auditor.things[asset]
            assert (found.owner, found.version) == (thing.owner, len(thing.versions))
            assert (found.withdrawn is not None) is thing.withdrawn
            assert {one.grantee for one in found.rights.process} == set(thing.allowed)
        assert self.bench.alarms == []


def test_every_answer_of_random_work_is_the_one_the_auditor_gives(programme):
    asked = os.environ.get("CONSORTIA_OPERATIONS")
    wanted = int(asked) if asked else programme(quick=3_000, test=100_000, nightly=10_000_000)
    done, seed, codes = 0, 0, set()
    while done < wanted:
        run = Run(seed)
        while run.moves < 4_000 and done + run.moves < wanted:
            try:
                run.block()
            except Found as found:
                raise Found(f"seed {seed}: {found}") from None
        run.compare()
        done, seed, codes = done + run.moves, seed + 1, codes | run.codes
    if wanted >= 20_000:
        assert codes >= {code for code in GUARDS if code != "assets.unknown_member"}


def _guards():
    rooms = {admission_room: kernel.REFUSALS, handlers: assets.REFUSALS}
    found = {refusal.code: (room, refusal) for room, all_of_it in rooms.items() for refusal in all_of_it}
    raised_elsewhere = {
        *("kernel.malformed", "kernel.unknown_method", "kernel.bad_arguments", "kernel.unknown_key"),
        *("kernel.over_quota", "kernel.state_full", "kernel.internal", "assets.unknown_asset"),
        *("assets.unknown_version", "assets.not_granted", "assets.too_many_permissions"),
    }
    return {code: place for code, place in found.items() if code not in raised_elsewhere}


GUARDS = _guards()


def run_until_found(seeds=40, moves=1_500):
    for seed in range(seeds):
        run = Run(seed)
        while run.moves < moves:
            run.block()


@pytest.mark.alarm
@pytest.mark.parametrize("code", GUARDS)
def test_a_guard_that_is_taken_away_is_missed_by_the_auditor(monkeypatch, code):
    room, refusal = GUARDS[code]
    require = room.require

    def lenient(condition, asked, detail=""):
        if asked is not refusal:
            require(condition, asked, detail)

    monkeypatch.setattr(room, "require", lenient)
    with pytest.raises(Found, match=code):
        run_until_found()
